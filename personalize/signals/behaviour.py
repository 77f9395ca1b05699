"""How the visitor moves through the shop in this session, by the pages they saw: the four ways of Moe (2003)."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.event import NOTHING
from personalize.domain.session import Session
from personalize.domain.signal import Privacy, Terms
from personalize.domain.visit import Visit

KEYS: Mapping[str, type] = {"behaviour": str}

PAGES_MIN = 4
FOCUS = 1 / 3
ITEMS_MIN = 3
SEARCHES_MIN = 2
SLOW = 60.0


def behaviour(session: Session) -> str | None:
    """`directed`, `searching`, `learning` or `browsing`; None while fewer than `PAGES_MIN` pages were seen.

    W. W. Moe, "Buying, searching, or browsing: differentiating between online shoppers using in-store navigational
    clickstream", Journal of Consumer Psychology 13 (1-2), 2003, tells them apart by the share of search, category and
    product pages, by how many categories and products were looked at, how often one again, and by the time a page.
    Here, in this order, where a page is a list shown or an item looked at, and a turn a look at an item unlike the one
    before:

    - `directed` (knows what to buy): something was put into the cart, or an item was looked at again while at most
      `FOCUS` of the moves from item to item were turns;
    - `searching` (will buy, compares): `SEARCHES_MIN` searches that were half of the lists or more, a list sorted by
      price, or `ITEMS_MIN` items of which at most `FOCUS` were turns;
    - `learning` (gathers knowledge): `SLOW` seconds a page or more;
    - `browsing` (looks around): everything else: many kinds of things, quickly.
    """
    looks = len(session.touched) + session.returns
    pages = session.list_count + looks
    if pages < PAGES_MIN:
        return None
    focused = looks > 1 and session.turns <= FOCUS * (looks - 1)
    if session.carts or (session.returns and focused):
        return "directed"
    searched = session.searches >= SEARCHES_MIN and 2 * session.searches >= session.list_count
    if searched or session.sorts or (focused and looks >= ITEMS_MIN):
        return "searching"
    slow = session.last_at - session.started >= SLOW * (pages - 1)
    return "learning" if slow else "browsing"


class Behaviour:
    """Context key `behaviour`, from the session of the visit's profile; missing without the consent to keep one."""

    name = "behaviour"
    keys = KEYS
    terms = Terms(privacy=Privacy.BEHAVIOUR)

    @classmethod
    def from_settings(cls, settings: object) -> Behaviour:
        """As every plug is made; there is nothing to set."""
        return cls()

    def read(self, visit: Visit) -> Mapping[str, object]:
        profile = visit.profile
        found = behaviour(profile.session_for(visit.session, visit.at)) if profile is not None else None
        return {"behaviour": found} if found is not None else NOTHING
