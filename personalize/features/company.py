"""Columns of what others bought who bought what this visitor did: of the same kind, next, and in one order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from personalize.domain.learned.pairs import PRIOR, Near
from personalize.domain.profile import WEIGHTS, Profile, fade
from personalize.domain.session import FADE, Session
from personalize.features.prepared import Prepared

COMPANY = ("company", "company_lift", "following", "goes_with", "goes_with_lift")
IN_CART = 5  # items of the cart, the newest, or else of the last order, that others go with
PURCHASE = WEIGHTS["purchase"]


def fill_company(
    out: NDArray[np.float32], prepared: Prepared, profile: Profile, session: Session, kind: float, at: float
) -> None:
    """Fill the columns `COMPANY` of all rows; `kind` is the weight that the list's kind has with the visitor.

    `out` (len(COMPANY), n) comes filled with 0.0. `company` is a share, and `company_lift` the same beside how many buy
    the row at all; `following` a mean share over the visitor's own, by how recently each was bought; `goes_with` a
    share of the orders with what is in the cart.
    """
    rows = len(prepared.ids)
    if own := _recent(prepared.company, profile, at):
        company = prepared.company.gather(own, rows) * PURCHASE / (kind + PURCHASE)
        out[0] = company
        out[1] = company / (prepared.buyers + PRIOR)
    if own := _recent(prepared.following, profile, at):
        out[2] = prepared.following.gather(own, rows) / max(sum(weight for _, weight in own), 1e-9)
    known = prepared.beside.number
    if not known:
        return
    newest = enumerate(islice(_at_hand(profile, session), IN_CART))
    beside = [(item, FADE**order) for order, item in newest if item in known]
    if beside:
        goes = prepared.beside.gather(beside, rows)
        out[3] = goes
        out[4] = goes / (prepared.ordered + PRIOR)


def _recent(near: Near, profile: Profile, at: float) -> list[tuple[str, float]]:
    """The visitor's purchases that `near` knows, with how often each was bought, faded."""
    own = sorted(near.number.keys() & profile.bought.keys())  # sums of floats depend on the order
    return [(item, (bought := profile.bought[item]).recent * fade(at - bought.last)) for item in own]


def _at_hand(profile: Profile, session: Session) -> Iterator[str]:
    """What was put into the cart in this session, the newest first; else what the visitor's last order held."""
    carted = [item for item, mark in session.touched.items() if mark.carts]
    if carted:
        yield from reversed(carted)
        return
    for item in reversed(profile.bought):
        if profile.bought[item].last_order < profile.orders:
            return
        yield item
