"""Laws of places: distances, opening hours, channels, and stock that is merged."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.decisions.channel import ChannelOrder
from personalize.decisions.store_first import StoreFirst
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Author, Reason, Rechannel, Reorder
from personalize.domain.places.channel import SERVICES, Channel, Kind
from personalize.domain.places.distance import RADIUS_KM, haversine
from personalize.domain.places.hours import DAY, Hours, read_hours
from personalize.domain.places.shop_store import Service, ShopStore, pack, unpack
from personalize.domain.places.stock import Availability, StockRow
from personalize.domain.places.terms import Terms
from personalize.domain.situation import Place
from personalize.domain.visit import Visit
from personalize.guardrails.channels import rechannelled
from personalize.places.book import Book
from personalize.places.changes import events_of, merge
from personalize.places.reach import channels, reach, ready_in

NOW = 1_774_000_000.0
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC")
points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
spans = st.lists(st.integers(0, DAY), min_size=2, max_size=4, unique=True).map(
    lambda ends: tuple(zip(*[iter(sorted(ends)[: len(ends) // 2 * 2])] * 2, strict=True))
)
weeks = st.lists(st.one_of(st.just(()), spans), min_size=7, max_size=7).map(lambda days: Hours(tuple(days)))


@given(points, points, points)
def test_distances(one, two, three):
    """A metric: never negative, the same both ways, nothing to oneself, no way round is shorter; half round at most."""
    there = haversine(one, two)
    assert 0.0 <= there <= math.pi * RADIUS_KM + 1e-6
    assert math.isclose(there, haversine(two, one), abs_tol=1e-6)
    assert haversine(one, one) == 0.0
    assert there <= haversine(one, three) + haversine(three, two) + 1e-3


def test_known_distances():
    """Hamburg to Berlin, and a degree of the equator (WGS 84 by hand: 255 km, 111.2 km)."""
    assert round(haversine((53.5511, 9.9937), (52.52, 13.405))) == 255
    assert round(haversine((0, 0), (0, 1)), 1) == 111.2


@given(points, st.lists(points, min_size=1, max_size=5))
def test_a_book_measures_alike(origin, places):
    """All at once, as one by one."""
    stores = {f"s{n}": ShopStore(f"s{n}", "S", *at) for n, at in enumerate(places)}
    book = Book(stores)
    alone = [haversine(origin, store.at) for store in book.stores]
    assert np.allclose(book.distances(origin), alone, atol=1e-6)


@given(weeks, st.floats(0, 6e9), st.integers(0, 600), st.sampled_from(ZONES))
@settings(max_examples=200)
def test_ready_while_open_after_so_many_open_minutes(hours, at, minutes, zone):
    """Whatever clocks do: it is open when it is ready, and was open for just so long since the order."""
    zone = ZoneInfo(zone)
    found = hours.ready(at, minutes, zone)
    opened = list(hours.spans(at, zone))
    assert all(one[1] <= two[0] for one, two in pairwise(opened))
    if found is None:
        assert sum(end - max(begin, at) for begin, end in opened) <= minutes * 60 + 1
        return
    assert found >= at
    assert any(begin <= found < end for begin, end in opened)
    worked = sum(max(min(end, found) - max(begin, at), 0.0) for begin, end in opened)
    assert math.isclose(worked, minutes * 60.0, abs_tol=1e-3)


@given(st.integers(0, 366), st.sampled_from(ZONES))
def test_hours_are_the_wall_clocks(day, zone):
    """A store that opens at nine opens when its clock says nine, in summer and in winter."""
    hours, zone = read_hours("Mo-Su 09:00-18:00"), ZoneInfo(zone)
    midnight = datetime(2026, 1, 1, tzinfo=zone) + timedelta(day)
    begin, end = next(hours.spans(midnight.astimezone(UTC).timestamp(), zone))
    assert datetime.fromtimestamp(begin, zone).strftime("%H:%M") == "09:00"
    assert datetime.fromtimestamp(end, zone).strftime("%H:%M") == "18:00"


def test_the_night_the_clocks_change():
    """An hour less from 22 to 6 in March, an hour more in October."""
    hours, zone = read_hours("Sa 22:00-06:00"), ZoneInfo("Europe/Berlin")
    for day, length in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-07-04", 8)):
        at = datetime.fromisoformat(f"{day}T12:00:00+02:00").timestamp()
        begin, end = next(hours.spans(at, zone))
        assert end - begin == length * 3600


availabilities = st.sampled_from(list(Availability))
made = st.builds(
    Channel, st.sampled_from(list(Kind)), availabilities,
    st.none() | st.just(ShopStore("s", "S", 1.0, 2.0)), st.none() | st.floats(0, 50),
)  # fmt: skip
contexts = st.fixed_dictionaries(
    {},
    optional={
        "in_store": st.booleans(), "mode": st.sampled_from(["mission", "browse", "gift"]),
        "weather": st.sampled_from(["rain", "snow", "clear"]), "mood": st.sampled_from(["calm", "stressed"]),
        "store": st.sampled_from(["s", "nowhere"]),
    },
)  # fmt: skip
margins = st.dictionaries(st.sampled_from([str(kind) for kind in Kind]), st.floats(-1, 1))


@given(st.lists(made, max_size=5), contexts, margins)
def test_channels_are_permuted(found, context, margins):
    """What comes out is what went in; nothing that may be promised stands behind something that may not."""
    visit = Visit(NOW, context=context)
    change = ChannelOrder(margins).rechannel("1", found, visit)
    ordered, stands = rechannelled(change, "1", found)
    assert sorted(map(id, ordered)) == sorted(map(id, found))
    assert stands == (change is not None)
    if change is not None:
        promised = [one.promised for one in ordered]
        assert promised == sorted(promised, reverse=True)
        calm = {key: value for key, value in context.items() if key != "mood"}
        assert ChannelOrder(margins).rechannel("1", found, Visit(NOW, context=calm)) == change


@given(st.lists(made, max_size=4), st.lists(st.integers(-1, 5), max_size=5))
def test_a_broken_order_is_cut(found, order):
    """Whatever a decision says, every channel stays, once."""
    change = Rechannel("1", tuple(order), Author("broken", "1"), Reason("x"))
    ordered, stands = rechannelled(change, "1", found)
    assert sorted(map(id, ordered)) == sorted(map(id, found))
    assert stands == (sorted(order) == list(range(len(found))))
    assert rechannelled(change, "2", found) == (found, False)


NAMES = ("a", "b", "c", "d")
stores = st.fixed_dictionaries({
    name: st.builds(
        ShopStore, st.just(name), st.just(name.upper()), st.floats(53, 54), st.floats(9, 10),
        timezone=st.sampled_from([None, "Europe/Lisbon"]), hours=st.none() | weeks,
        services=st.frozensets(st.sampled_from(list(Service))),
    )
    for name in NAMES
})  # fmt: skip
rows = st.lists(
    st.builds(
        StockRow, st.sampled_from([*NAMES, "gone"]), st.sampled_from(["v1", "v2", "v3"]), st.just("p"),
        st.integers(0, 20), st.floats(NOW - 20_000, NOW),
    ),
    unique_by=lambda row: (row.store, row.variant), max_size=12,
)  # fmt: skip


@given(stores, rows, st.sampled_from([("p", "p"), ("p", "v1"), ("p", "v9"), ("q", "q")]), st.none() | st.just("b"))
def test_what_is_stale_is_never_promised(stores, rows, item, chosen):
    """A promise of a channel stands on an observation of this very item there that is young enough, and on its number;
    a time to pick up lies where the store is open."""
    terms = Terms(stock_max_age=10_000.0)
    book = Book(stores, rows)
    within = reach(book, chosen, Place(53.5, 9.5), terms.max_distance_km)
    found = channels(
        book, book.variants_of(*item), within, Availability.UNKNOWN, NOW, terms, ready_in(book, NOW, "Europe/Berlin")
    )
    assert found[0].kind is Kind.SHIP
    assert len({one.kind for one in found}) == len(found)
    for one in found[1:]:
        assert SERVICES[one.kind] in one.store.services
        mine = [row for row in rows if row.store == one.store.id and (item[1] == row.variant or item == ("p", "p"))]
        fresh = max((row.quantity for row in mine if row.observed_at >= NOW - 10_000.0), default=None)
        assert one.promised == (fresh is not None and fresh > 0)
        assert one.at_least is None or (one.promised and one.at_least <= fresh)
        if one.pick_up_at is not None:
            assert one.promised
            assert one.store.hours.is_open(one.pick_up_at, one.store.zone("Europe/Berlin"))
        assert not (one.stale and one.promised)
        around = [book.stores[number] for number in within.stores]
        elsewhere = [other for other in around if SERVICES[one.kind] in other.services]
        if not one.promised:  # then none of them has it
            for other in elsewhere:
                young = [row for row in rows if row.store == other.id and row.observed_at >= NOW - 10_000.0
                         and (item[1] == row.variant or item == ("p", "p"))]  # fmt: skip
                assert not any(row.quantity for row in young)


@given(stores)
def test_stores_are_kept_whole(stores):
    """Packed and unpacked, a store is the same."""
    for store in stores.values():
        assert unpack(pack(store)) == store


@given(rows, rows)
def test_the_latest_observation_counts(old, new):
    """Merged rows are each the younger of the two; what changed is told once, from what was to what is."""
    merged = merge(old, new, NOW)
    before, after = ({(row.store, row.variant): row for row in some} for some in (old, new))
    found = {(row.store, row.variant): row for row in merged.rows}
    assert found.keys() == before.keys() | after.keys()
    for key, row in found.items():
        told = [some[key] for some in (before, after) if key in some]
        assert row.observed_at == max(one.observed_at for one in told)
    assert all(was == before[now.store, now.variant] and now == found[now.store, now.variant]
               and was.quantity != now.quantity for was, now in merged.changed)  # fmt: skip
    events = list(events_of(merged.changed, NOW))
    assert sum(len(event.items) for event in events) == len(merged.changed)
    assert len(events) == len({now.store for _, now in merged.changed})


@given(
    st.integers(2, 40).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.lists(st.booleans(), min_size=n))),
    st.booleans(), st.floats(0, 3),
)  # fmt: skip
def test_what_the_store_has_goes_up_within_bounds(drawn, built, strength):
    """A permutation; those that the store has keep their order, as do those that it has not; none leaves its bound."""
    before, has = drawn
    n = len(before)
    stocked = [StockRow("s", f"p{row}", f"p{row}", 1, NOW) for row in range(n) if has[row]]
    decision = StoreFirst(60.0, strength)
    decision.stocks(Book({"s": ShopStore("s", "Altona", 53.5, 10.0)}, stocked))
    listing = Listing("l", tuple(f"p{row}" for row in range(n)), np.full(n, 1.0))
    given_order = Reorder("t", tuple(before), Author("x", "1"), Reason("x")) if built else None
    start = list(before) if built else list(range(n))
    visit = Visit(NOW, context={"store": "s"})
    patch = decision.bend("t", listing, visit, Popularity(), given_order)
    assert not decision.bend("t", listing, Visit(NOW, context={"store": "other"}), Popularity(), given_order)
    assert not decision.bend("t", listing, Visit(NOW + 61, context={"store": "s"}), Popularity(), given_order)
    if not patch:
        return
    (change,) = patch.changes
    assert sorted(change.order) == list(range(n))
    for kept in (True, False):
        assert [row for row in change.order if has[row] == kept] == [row for row in start if has[row] == kept]
    for place, row in enumerate(change.order):
        assert start.index(row) + 1 <= (place + 1) * 2**strength + 1 + 1e-9
        if row in change.reasons and has[row]:
            assert change.reasons[row].parameters["store"] == "Altona"
