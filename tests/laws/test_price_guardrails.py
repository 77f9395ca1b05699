"""Whatever a decision proposes, only a promised price within all bounds gets out; and no code may lower below them."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.offers.ledger import Promise, PromiseState
from personalize.domain.offers.money import MAX_MINOR, Money
from personalize.domain.offers.offer import AmountOff, Bounds, Budget, Offer, Percent, Selection
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.promise import PersonalPrice, Priced
from personalize.domain.offers.tariff import Tariff
from personalize.domain.patch import Annotate, Author, Patch, Reason, Reorder, Reprice
from personalize.gateway.offers.granting import apart, charged, tariff_of
from personalize.guardrails.price import Rule, Shelf, Sight, clip, holder, out_of_bounds, repriced, sound

AT = 1_000.0
AUTHOR, REASON = Author("offer", "1"), Reason("often_chosen")
VARIANTS = ["v0", "v1", "v2", "v3"]
CODES = ["A", "B", "C"]
CURRENCIES = ["EUR", "USD", "JPY"]


def forged(minor, currency):
    """Money that went around its own checks."""
    made = object.__new__(Money)
    object.__setattr__(made, "minor", minor)
    object.__setattr__(made, "currency", currency)
    return made


TEXT = st.text("a9€.", max_size=3)
MINORS = st.integers(1, 60)
AMOUNTS = st.builds(lambda minor: Money(minor * 100, "EUR"), MINORS)
ODD = st.one_of(
    st.none(), st.floats(), TEXT, st.booleans(), st.integers(), st.decimals(),
    st.builds(Money, st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(CURRENCIES)),
    st.builds(
        forged,
        st.one_of(st.floats(), st.none(), st.integers(), st.booleans(), TEXT, st.decimals()),
        st.one_of(st.sampled_from(CURRENCIES), st.none(), TEXT),
    ),
)  # fmt: skip
TIMES = st.sampled_from([AT - 500, AT - 1, AT, AT + 1, AT + 500, float("inf"), float("nan"), -1.0])


@st.composite
def sights(draw):
    """A shop's window, offers and promises, such that right prices are not rare."""
    percent = st.integers(1, 100).map(Decimal)
    prices = Prices(
        floors=draw(st.sampled_from([{}, {"EUR": Money(300, "EUR")}, {"USD": Money(1, "USD")}])),
        max_saving=draw(percent), spread=draw(percent), never=draw(st.frozensets(st.sampled_from(["p0", "p1"]))),
    )  # fmt: skip
    offers, promises = {}, []
    listed = {variant: draw(AMOUNTS) for variant in VARIANTS}
    for name in ("one", "two"):
        bounds = Bounds(
            draw(st.none() | AMOUNTS), draw(st.none() | st.sampled_from([Decimal("0.1"), Decimal("0.5")])),
            draw(st.none() | AMOUNTS),
        )  # fmt: skip
        offers[name] = Offer(
            name, "EUR", Percent(Decimal(10)), Selection(never=draw(st.frozensets(st.sampled_from(["p2"])))),
            bounds=bounds, starts=draw(st.sampled_from([0.0, AT, AT + 1])),
            ends=draw(st.sampled_from([None, AT, AT + 1])),
        )  # fmt: skip
    for code in CODES[: draw(st.integers(0, 3))]:
        tariff = Tariff({
            variant: (listed[variant] if draw(st.booleans()) else draw(AMOUNTS), draw(AMOUNTS))
            for variant in draw(st.lists(st.sampled_from(VARIANTS), unique=True))
        })  # fmt: skip
        promises.append(Promise(
            code, draw(st.sampled_from(["one", "two"])), "s:a", code, tariff, Money(0, "EUR"),
            draw(st.sampled_from([AT - 2, AT - 1, AT + 1])), draw(st.sampled_from([AT, AT + 10, AT + 500])),
            draw(st.sampled_from([PromiseState.OPEN] * 4 + list(PromiseState))),
        ))  # fmt: skip
    shelves = {row: Shelf(f"p{row}", {variant: listed[variant]}) for row, variant in enumerate(VARIANTS)}
    priced = {
        variant: Priced(variant, f"p{row}", listed[variant], 19.0, draw(st.none() | AMOUNTS))
        for row, variant in enumerate(VARIANTS)
    }
    dearest = draw(st.dictionaries(st.sampled_from(VARIANTS), AMOUNTS))
    lowest = draw(st.just({}) | st.just({"one": dict.fromkeys(VARIANTS[1:], Money(2000, "EUR"))}))
    return Sight(AT, prices, offers, promises, priced, dearest, lowest), shelves


@st.composite
def decided(draw):
    """Reprices of any kind: right ones, nearly right ones, and such as are none at all."""
    sight, shelves = draw(sights())
    changes = [Reorder("t", (3, 2, 1, 0), AUTHOR, REASON), Annotate("t", 0, AUTHOR, REASON)]
    for _ in range(draw(st.integers(0, 6))):
        row = draw(st.integers(0, 3))
        variant = VARIANTS[row]
        held = holder(sight.promises, variant, AT)
        listed = shelves[row].listed[variant]
        right = {
            "variant": variant, "product": f"p{row}", "listed": listed,
            "price": held.prices[variant][1] if held else Money(1, "EUR"), "offer": held.offer if held else "one",
            "code": held.code if held else "A", "valid_until": held.valid_until if held else AT + 1,
        }  # fmt: skip
        wrong = {
            "variant": st.sampled_from([*VARIANTS, "", None]), "product": st.sampled_from(["p0", "p9", None]),
            "listed": ODD, "price": ODD, "offer": st.sampled_from(["one", "two", "three", None, []]),
            "code": st.sampled_from([*CODES, "", None]), "valid_until": TIMES,
        }  # fmt: skip
        for name in draw(st.lists(st.sampled_from(sorted(wrong)), max_size=2, unique=True)):
            right[name] = draw(wrong[name])
        change = Reprice("t", row, PersonalPrice(**right), AUTHOR, REASON)
        if draw(st.integers(0, 9)) == 0:
            field, value = draw(st.sampled_from([("row", 9), ("row", None), ("row", True), ("row", 1.0),
                                                 ("target", "other"), ("price", None), ("price", {})]))  # fmt: skip
            change = dataclasses.replace(change, **{field: value})
        changes.append(change)
    return Patch(tuple(changes)), shelves, sight


@given(decided())
def test_no_wrong_price_gets_out(case):
    patch, shelves, sight = case
    clipped = clip(patch, "t", shelves, sight)
    shown = {}
    for row, changes in repriced(clipped, "t").items():
        for change in changes:
            one = change.price
            offer, listed = sight.offers[one.offer], shelves[row].listed[one.variant]
            assert sound(one.price)
            assert one.price.currency == listed.currency == offer.currency
            assert one.listed == listed
            assert 0 <= one.price.minor < listed.minor
            bounds, prices, saving = offer.bounds, sight.prices, listed.minor - one.price.minor
            assert bounds.floor is None or one.price >= bounds.floor
            assert one.price.minor >= prices.floors.get("EUR", Money(0, "EUR")).minor
            assert bounds.most is None or saving <= bounds.most.minor
            assert saving * 100 <= prices.max_saving * listed.minor
            top = max(listed, sight.dearest.get(one.variant, listed))
            assert (top.minor - one.price.minor) * 100 <= prices.spread * top.minor
            if bounds.margin is not None:
                net = Fraction(one.price.minor * 100, 119)
                assert net - sight.priced[one.variant].cost.minor >= Fraction(bounds.margin) * net
            assert one.product == shelves[row].product not in prices.never | offer.selection.never
            assert offer.starts <= AT < (offer.ends or AT + 1)
            assert one.offer not in sight.lowest or one.price < sight.lowest[one.offer][one.variant]
            (promise,) = [p for p in sight.promises if p.code == one.code]
            assert promise.state is PromiseState.OPEN
            assert promise.offer == one.offer
            assert promise.prices[one.variant] == (listed, one.price)
            assert AT < one.valid_until <= promise.valid_until
            assert shown.setdefault(one.variant, change) is change, "one price a variant"


@given(decided())
def test_what_is_cut_is_told_and_nothing_else_is_lost(case):
    patch, shelves, sight = case
    clipped = clip(patch, "t", shelves, sight)
    cut = [id(one.change) for one in clipped.cuts]
    assert len(cut) + len(clipped.patch.changes) == len(patch.changes)
    assert [c for c in patch.changes if id(c) not in cut] == list(clipped.patch.changes)
    assert not [c for c in patch.changes if id(c) in cut and not isinstance(c, Reprice)]
    assert all(isinstance(one.rule, Rule) and one.detail for one in clipped.cuts)
    assert clip(clipped.patch, "t", shelves, sight) == (clipped.patch, ()), "what stands, stands again"


@given(decided(), st.randoms(use_true_random=False))
def test_which_of_two_promises_holds_does_not_hang_on_the_order_they_come_in(case, chance):
    patch, shelves, sight = case
    mixed = list(sight.promises)
    chance.shuffle(mixed)
    assert clip(patch, "t", shelves, dataclasses.replace(sight, promises=mixed)) == clip(patch, "t", shelves, sight)
    assert not repriced(clip(patch, "t", shelves, dataclasses.replace(sight, promises=())), "t"), "nothing promised"


def test_a_right_price_stands_and_each_rule_has_its_case():
    eur = lambda minor: Money(minor, "EUR")  # noqa: E731
    offer = Offer("one", "EUR", Percent(Decimal(10)))
    promise = Promise("1", "one", "s:a", "A", Tariff({"v0": (eur(1000), eur(900))}), eur(100), AT - 1, AT + 10)
    sight = Sight(AT, Prices(), {"one": offer}, [promise])
    shelves = {0: Shelf("p0", {"v0": eur(1000)})}
    right = PersonalPrice("v0", "p0", eur(1000), eur(900), "one", "A", AT + 10)
    change = Reprice("t", 0, right, AUTHOR, REASON)

    def rule(change=change, **differs):
        clipped = clip(Patch((change,)), "t", shelves, dataclasses.replace(sight, **differs))
        assert len(repriced(clipped, "t")) + len(clipped.cuts) == 1
        return clipped.cuts[0].rule if clipped.cuts else None

    def of(**fields):
        return dataclasses.replace(change, price=dataclasses.replace(right, **fields))

    def bound(**bounds):
        return {"offers": {"one": dataclasses.replace(offer, bounds=Bounds(**bounds))}}

    cheap = Priced("v0", "p0", eur(1000), 19.0, eur(100))
    second = Promise("2", "one", "s:a", "B", promise.prices, eur(100), AT - 0.5, AT + 10)
    assert rule() is None
    assert rule(**bound(floor=eur(900), most=eur(100), margin=Decimal("0.8")), priced={"v0": cheap}) is None
    assert rule(of(price=None)) is rule(of(price=eur(-900))) is rule(dataclasses.replace(change, price=None))
    assert rule(of(price=None)) is Rule.MALFORMED
    assert rule(of(price=eur(899))) is rule(promises=()) is rule(of(valid_until=AT + 11)) is Rule.NOT_PROMISED
    assert rule(of(valid_until=float("nan"))) is rule(at=AT + 10) is Rule.NOT_PROMISED
    assert rule(of(variant="v9")) is rule(of(product="p9")) is Rule.UNKNOWN_ITEM
    assert rule(of(offer="nine")) is rule(offers={}) is Rule.NO_OFFER
    assert rule(of(code="B"), promises=(promise, second)) is Rule.SECOND_PRICE
    assert rule(of(listed=eur(1100))) is Rule.LIST_CHANGED
    assert rule(of(price=Money(900, "USD"))) is Rule.CURRENCY
    assert rule(prices=Prices(never=frozenset({"p0"}))) is Rule.NEVER
    assert rule(**bound(floor=eur(901))) is Rule.BELOW_FLOOR
    assert rule(prices=Prices(floors={"EUR": eur(901)})) is Rule.BELOW_BRAND_FLOOR
    assert rule(**bound(margin=Decimal("0.1"))) is Rule.COST_UNKNOWN
    assert rule(**bound(margin=Decimal("0.9")), priced={"v0": cheap}) is Rule.BELOW_MARGIN
    assert rule(**bound(most=eur(99))) is rule(prices=Prices(max_saving=Decimal(9))) is Rule.SAVING_TOO_LARGE
    assert rule(prices=Prices(spread=Decimal(9))) is rule(dearest={"v0": eur(2000)}) is Rule.SPREAD_TOO_LARGE
    assert rule(lowest={"one": {}}) is rule(lowest={"one": {"v0": Money(2000, "USD")}}) is Rule.LOWEST_PRICE_UNKNOWN
    assert rule(lowest={"one": {"v0": eur(900)}}) is Rule.NO_REDUCTION
    assert rule(lowest={"one": {"v0": eur(901)}, "two": {}}) is None
    free = dataclasses.replace(promise, prices=Tariff({"v0": (eur(1000), eur(1000))}))
    assert rule(of(price=eur(1000)), promises=(free,)) is Rule.NO_SAVING
    twice = clip(Patch((change, change)), "t", shelves, sight)
    assert (len(twice.patch.changes), [one.rule for one in twice.cuts]) == (1, [Rule.SECOND_PRICE])


class Desk:
    """Charges as most shops do: a share of the price, rounded half up; more than the price: nothing."""

    def charged(self, benefit, listed, tax_rate=None, pieces=1):
        if isinstance(benefit, AmountOff):
            return Money(max(listed.minor - benefit.amount.minor, 0), listed.currency)
        off = int(Fraction(listed.minor) * Fraction(benefit.percent) / 100 + Fraction(1, 2))
        return Money(listed.minor - off, listed.currency)


@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from(CURRENCIES), st.none() | AMOUNTS), max_size=6),
    st.builds(Percent, st.integers(1, 100).map(Decimal)) | st.builds(AmountOff, AMOUNTS),
    st.none() | AMOUNTS, st.none() | st.sampled_from([Decimal("0.1"), Decimal("0.6")]),
    st.integers(1, 100).map(Decimal), st.none() | AMOUNTS,
)  # fmt: skip
def test_no_code_lowers_anything_below_its_bounds(items, benefit, floor, margin, percent, per_visitor):
    offer = Offer(
        "o", "EUR", benefit, bounds=Bounds(floor, margin), budget=Budget(per_visitor=per_visitor), pieces=2
    )  # fmt: skip
    prices = Prices(max_saving=percent, never=frozenset({"p0"}))
    priced = [
        Priced(f"v{n}", f"p{n}", Money(amount.minor, currency), 7.0, cost)
        for n, (amount, currency, cost) in enumerate(items)
    ]
    tariff, left = tariff_of(offer, priced, Desk(), prices, {})
    assert len(tariff) + sum(left.values()) == len(priced)
    for item in priced:
        if item.variant in tariff:
            listed, price = tariff[item.variant]
            assert listed == item.listed
            assert price == charged(offer, item, Desk())
            assert out_of_bounds(price, item, offer, prices) is None
            assert per_visitor is None or (listed - price) * 2 <= per_visitor


@given(st.dictionaries(st.sampled_from("abc"), st.frozensets(st.sampled_from(VARIANTS))))
def test_offers_are_apart_where_they_share_a_variant(chosen):
    tariffs = {
        name: Tariff({variant: (Money(2, "EUR"), Money(1, "EUR")) for variant in variants})
        for name, variants in chosen.items()
    }
    assert apart(tariffs) == {
        name: frozenset(other for other, others in chosen.items() if other != name and variants & others)
        for name, variants in chosen.items()
    }


@given(st.dictionaries(TEXT, st.tuples(AMOUNTS, AMOUNTS)))
def test_a_tariff_is_known_by_its_key_and_comes_back_from_a_store(prices):
    tariff = Tariff(prices)
    again = Tariff.from_bytes(tariff.to_bytes())
    assert again == tariff == Tariff(dict(reversed(prices.items())))
    assert again.key == tariff.key
    assert Tariff.of(tariff) is tariff
    for variant, (listed, price) in prices.items():
        assert Tariff({**prices, variant: (listed, price + Money(1, "EUR"))}).key != tariff.key
