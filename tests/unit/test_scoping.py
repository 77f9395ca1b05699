"""Scopes: which strategies hold for a listing, and whether two scopes can meet."""

from __future__ import annotations

import pytest

from personalize.decisions.merchandising import Merchandising
from personalize.decisions.shop_order import ShopOrder
from personalize.domain.desk.strategy import Audience, Schedule, Scope
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import About
from personalize.domain.profile import Profile
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.gateway.listing.decide import Decider, Published
from personalize.gateway.listing.scoping import about_of, fits
from personalize.shops import reader
from personalize.telemetry import Telemetry

SEARCH = reader.load("vendure").listings["Query", "search"]
VARIANTS = reader.load("vendure").listings["Collection", "productVariants"]


GIVEN = {"input": {"term": "  Wool  HAT", "collectionSlug": "hats", "facetValueIds": [7, "8"], "inStock": True,
                   "sort": {"price": "ASC"}}}  # fmt: skip
ABOUT = about_of(SEARCH, GIVEN, (), ["outlet", None])


def holds_for(scope: Scope, about: About | None = ABOUT, profile: Profile | None = None) -> bool:
    """Whether a scope holds for a search of the demo shop, in the store of Hamburg."""
    return fits(scope, about, "home.items", Visit(at=0.0, context={"store": "hamburg"}, profile=profile))


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        (Scope(), True),
        (Scope(listing="Query.search"), True),
        (Scope(listing="home.items"), True),
        (Scope(listing="items"), False),
        (Scope(collection="hats"), True),
        (Scope(collection="collectionSlug=hats"), True),
        (Scope(collection="collectionId=hats"), False),
        (Scope(collection="8"), True),
        (Scope(collection="ASC"), False),  # a sort is no collection
        (Scope(collection="True"), False),
        (Scope(search="wool hat"), True),
        (Scope(search="*"), True),
        (Scope(search="wool"), False),
        (Scope(channel="outlet"), True),
        (Scope(channel="hamburg"), True),
        (Scope(channel="berlin"), False),
        (Scope(audience=Audience.NEW), True),
        (Scope(audience=Audience.KNOWN), False),
        (Scope("Query.search", "hats", "wool hat", "outlet", Audience.NEW), True),
        (Scope("Query.search", "hats", "wool hat", "berlin", Audience.NEW), False),
    ],
)
def test_what_a_scope_holds_for(scope: Scope, holds: bool) -> None:
    assert holds_for(scope) is holds


def test_somebody_is_known_who_did_something() -> None:
    for profile, known in ((None, False), (Profile(version=4), False), (Profile(version=4, behaviour=1), True)):
        assert holds_for(Scope(audience=Audience.KNOWN), profile=profile) is known
        assert holds_for(Scope(audience=Audience.NEW), profile=profile) is not known


def test_a_collection_is_found_in_the_fields_above() -> None:
    found = about_of(VARIANTS, {}, [{"slug": "hats"}], ())
    assert holds_for(Scope(collection="hats"), found)
    assert holds_for(Scope(collection="slug=hats"), found)
    assert not holds_for(Scope(search="*"), found)
    assert not holds_for(Scope(), None)


def test_arguments_are_looked_at_up_to_a_bound() -> None:
    many = {"input": {"ids": [str(n) for n in range(1_000)]}}
    assert len(about_of(SEARCH, many, (), ()).values) == 400  # each alone and with its name


def test_what_has_no_scope_holds_everywhere_and_a_channel_is_read_from_the_visit() -> None:
    modes = {"shop_order": Mode.ON, "autumn": Mode.ON, "winter": Mode.SHADOW}
    decider = Decider({"shop_order": ShopOrder()}, Popularity(), Telemetry())
    decisions = {"autumn": Merchandising(), "winter": Merchandising()}
    visit = Visit(at=0.0)
    decider.use(Published(decisions, {"autumn": Scope(search="boots"), "winter": Scope(collection="hats")}))
    assert list(decider.within(modes, ABOUT, "home.items", visit)) == ["shop_order", "winter"]
    assert list(decider.within(modes, None, "", visit)) == ["shop_order"]
    assert decider.reads(modes) == frozenset()
    decider.use(Published(decisions, {"autumn": Scope(channel="berlin")}))
    assert decider.reads(modes) == {"store"}


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Scope(), Scope(search="a"), True),
        (Scope(search="*"), Scope(search="a"), True),
        (Scope(search="a"), Scope(search=" A "), True),
        (Scope(search="a"), Scope(search="b"), False),
        (Scope(listing="Query.search"), Scope(listing="Query.products"), False),
        (Scope(channel="x"), Scope(collection="y"), True),
        (Scope(audience=Audience.NEW), Scope(audience=Audience.KNOWN), False),
        (Scope(audience=Audience.NEW), Scope(), True),
    ],
)
def test_whether_there_may_be_a_request_in_both(one: Scope, other: Scope, meet: bool) -> None:
    assert one.meets(other) is meet
    assert other.meets(one) is meet


def test_a_schedule_goes_by_the_clock_on_the_wall() -> None:
    zone = "Europe/Berlin"
    assert Schedule("2026-07-01T00:00", "2026-12-01T00:00", zone).span() == (1782856800.0, 1796079600.0)
    summer, winter = Schedule("2026-10-25T02:30", None, zone), Schedule("2026-10-25T01:30", None, "UTC")
    assert winter.span()[0] - summer.span()[0] == 3600.0  # the first of two half past twos
    one, other = Schedule(None, "2026-12-01T00:00", zone), Schedule("2026-12-01T00:00", None, zone)
    assert not one.overlaps(other)
    assert one.overlaps(Schedule())
    assert one.holds(1796079599.9)
    assert not one.holds(1796079600.0)
