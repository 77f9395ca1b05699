"""Plans: what is found in an operation, what we send for it, and what passes through unread."""

from __future__ import annotations

import pytest
from graphql import OverlappingFieldsCanBeMergedRule, build_schema, parse, specified_rules, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.demo.shop.answer import make_schema
from personalize.errors import LimitError
from personalize.gateway.document.limits import MAX_CHARACTERS
from personalize.gateway.document.plan import MAX_OBJECTIONS, Mode, Plan, Planner
from personalize.gateway.ours.schema import merge
from personalize.shops import reader
from personalize.shops.fit import fit
from tests.laws.operations import Known, Made, operations

SCHEMA = build_schema(make_schema().as_str())
MAP, _ = fit(reader.load("vendure"), SCHEMA)
MERGED = merge(SCHEMA, MAP, "personalization")
LIST = "search(input: {take: 3}) { items { sku } }"


def planner() -> Planner:
    """A planner of the demo shop."""
    return Planner(SCHEMA, MERGED, MAP, "personalization")


def plan(source: str, name: str | None = None) -> Plan:
    """A plan, which there has to be."""
    made = planner().plan(source, name)
    assert made is not None
    assert not made.refused
    return made


def sent(made: Plan, *modes: Mode) -> str:
    """The document in these modes, white space folded."""
    return " ".join(made.upstream(modes).text.split())


def test_hidden_fields() -> None:
    """Observed: beside the client's own selection, under names of ours."""
    text = sent(plan("{ " + LIST + " }"), Mode.OBSERVE)
    assert "items { _pz_0_id: productId" in text
    assert text.endswith("sku } } }")
    assert validate(SCHEMA, parse(text)) == []


def test_a_window() -> None:
    """Paged by a variable of its own; the client's variable goes where nothing uses it any more."""
    made = plan("query S($i: SearchInput!, $s: Boolean!) { search(input: $i) @include(if: $s) { items { sku } } }")
    composed = made.upstream((Mode.WINDOW,))
    assert "search(input: $_pz_v0_input )" in composed.text
    assert "$i" not in composed.text
    assert composed.variables == {"s"}
    assert validate(SCHEMA, parse(composed.text)) == []


def test_detached() -> None:
    """A listing that is at hand is not asked for; where nothing is left, nothing is."""
    made = plan("query S($i: SearchInput!) { search(input: $i) { items { sku } } me { id } }")
    composed = made.upstream((Mode.DETACHED,))
    assert " ".join(composed.text.split()) == "query S { me { id } }"
    assert not composed.empty
    assert plan("{ " + LIST + " }").upstream((Mode.DETACHED,)).empty


def test_a_parent_that_is_emptied() -> None:
    """Is still asked for: whether it is there is the shop's to say."""
    made = plan('{ collection(slug: "x") { productVariants { items { id } } } }')
    assert sent(made, Mode.DETACHED) == '{ collection(slug: "x") { _pz_t: __typename } }'


def test_ours_leaves() -> None:
    """Our fields, their variables and the fragments that only they used."""
    made = plan("""
        query Q($p: String) { ...R products { items { id personalization { ...I } } } }
        fragment R on Query { personalization { listings(path: $p) { path } } }
        fragment I on ItemPersonalization { itemId }
        """)
    text = sent(made, Mode.AS_IS)
    assert "$p" not in text
    assert "fragment I" not in text
    assert "personalization" not in text
    assert validate(SCHEMA, parse(text)) == []


def test_shared_nodes_are_edited_alike() -> None:
    """One fragment at two places: one group, one paging; two fields with one fragment inside: two."""
    one = plan("""
        { a: collection(slug: "a") { ...C } b: collection(slug: "b") { ...C } }
        fragment C on Collection { productVariants { items { id } } }
        """)
    assert [slot.group for slot in one.found.listings] == [0, 0]
    assert not any(slot.alone for slot in one.found.listings)
    two = plan("{ a: products { ...L } b: products { ...L } } fragment L on ProductList { items { id } }")
    assert [slot.group for slot in two.found.listings] == [0, 1]
    assert all(slot.alone for slot in two.found.listings)
    assert sent(two, Mode.WINDOW, Mode.WINDOW).count("$_pz_v1_options") == 2


def test_inside_a_list() -> None:
    """A list of lists is not ours: its rows have no place of their own."""
    made = planner().plan("{ collections { items { productVariants { items { id } } } } }", None)
    assert made is not None
    assert made.idle


@pytest.mark.parametrize(
    "source",
    [
        "not GraphQL",
        "{ search(input: {}) { items { _pz_x: sku } } }",
        "{ search(input: {}) { items { ... @defer { sku } } } }",
        "subscription { search(input: {}) { items { sku } } }",
        "{ search(input: {}) { items { nope } } }",
        "{ " + LIST + " } fragment X on Product { id }",
        "{ search(input: $i) { items { sku } } }",
        "query Q($i: Int) { " + LIST + " }",
        "{ search(input: {take: 1}) { items { sku } } search(input: {take: 2}) { items { sku } } }",
        "{ ...F0 }" + "".join(f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(16))
        + " fragment F16 on Query { " + LIST + " }",
        "{ c: collection { ...A } } fragment A on Collection { children { ...B } } "
        "fragment B on Collection { children { ...A } }",
        "{ " + LIST + " } #" + "x" * MAX_CHARACTERS,
        "query A { " + LIST + " } query B { nope }",
        "query A { " + LIST + " } query B { a: activeChannel { code } a: me { id } }",
    ],
)  # fmt: skip
def test_passes_through(source: str) -> None:
    """What we do not understand, and what the shop will refuse."""
    made = planner().plan(source, "A" if source.startswith("query A") else None)
    assert made is None or made.idle or not made.found.listings


def test_refused() -> None:
    """An invalid document that asks for ours: only we can say what is wrong."""
    made = planner().plan("{ personalization { nope } }", None)
    assert made is not None
    assert "nope" in made.refused[0].message


def test_over_a_limit() -> None:
    """Raised before parsing, each time."""
    many = planner()
    for _ in range(2):
        with pytest.raises(LimitError):
            many.plan("{" * 100, None)


def test_plans_are_kept() -> None:
    """By document and operation name."""
    many = planner()
    source = "query A { " + LIST + " } query B { me { id } }"
    assert many.plan(source, "A") is many.plan(source, "A")
    assert many.plan(source, "A") is not many.plan(source, "B")


def test_a_document_the_shop_never_takes() -> None:
    """After a few objections it passes through; one that was taken once is tried on."""
    made = plan("{ " + LIST + " }")
    made.objections = MAX_OBJECTIONS
    assert made.idle
    made.proven = True
    assert not made.idle


@pytest.mark.parametrize(
    ("variables", "fit"),
    [({"i": {"take": 3}}, True), ({"i": {"take": "3"}}, False), ({"i": {"page": 3}}, False), ({}, False),
     ({"i": None}, False), ({"i": {}, "extra": 1}, True)],
)  # fmt: skip
def test_variables(variables: dict[str, object], fit: bool) -> None:
    """Checked by us where the shop will not see them."""
    made = plan("query S($i: SearchInput!) { search(input: $i) { items { sku } } }")
    if fit:
        made.check(variables)
    else:
        with pytest.raises(ValueError, match="variables"):
            made.check(variables)


def test_comments_around_variables() -> None:
    """Parentheses in comments are none."""
    made = plan("query S # (\n( # (\n $i: SearchInput! # )\n ) # )\n { search(input: $i) { items { sku } } me { id } }")
    assert "search" not in sent(made, Mode.DETACHED)
    parse(made.upstream((Mode.DETACHED,)).text)


_known = Known({"slug": ("kitchen",)})


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(operations(SCHEMA, _known), st.randoms(use_true_random=False))
def test_what_we_send_is_valid(made: Made, random: object) -> None:
    """Of any valid operation in any modes; and AS_IS asks for what the client asked for."""
    document = parse(made.query)
    rules = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
    found = planner().plan(made.query, made.name)
    if found is None or validate(SCHEMA, document, rules):
        return
    slots = found.found.listings
    for mode in Mode:
        modes = tuple(mode if random.random() < 0.7 else Mode.OBSERVE for _ in slots)  # type: ignore[attr-defined]
        modes = tuple(Mode.OBSERVE if not slot.alone else mode for slot, mode in zip(slots, modes, strict=True))
        assert validate(SCHEMA, parse(found.upstream(modes).text), rules) == []
    for slot in slots:
        assert validate(SCHEMA, parse(found.window(slot).text), rules) == []
        assert len(parse(found.window_text(slot)).definitions) >= 1
