"""Pieces of the console's pages: words, forms, paths, plots, differences."""

from __future__ import annotations

import re
import string
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from personalize.console.pages import paper, words
from personalize.console.pages.asked import _origins
from personalize.console.pages.difference import differences
from personalize.console.pages.drafting import RULE_FIELDS, blank, read_document, read_rules
from personalize.console.pages.forms import Form, read_form, within
from personalize.console.pages.plot import Series, legend, plot, steps
from personalize.decisions.merchandising import Merchandising
from personalize.domain.desk.reading import as_document, read_draft
from personalize.domain.desk.rules import _STRUCTS, MAX_ITEMS, MAX_RULES
from personalize.domain.desk.rules import read_rules as rules_of
from personalize.domain.offers.money import Money

PAGES = Path(words.FOLDER).parent


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things_with_the_same_holes() -> None:
    english, german = words.texts("en"), words.texts("de")
    assert english.keys() == german.keys()
    assert {key: holes(text) for key, text in english.items()} == {key: holes(text) for key, text in german.items()}


def test_every_text_that_a_page_names_is_there() -> None:
    known = words.texts("en")
    named = set()
    for path in [*PAGES.glob("templates/*.html"), *PAGES.glob("*.py")]:
        named |= set(re.findall(r"""\bsay\(\s*['"]([a-z_]+\.[a-zA-Z_]+)['"]\s*[,)]""", path.read_text("utf-8")))
    assert len(named) > 100
    assert not named - known.keys()


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example", "https://evil.example/console", "/\\evil.example", "/console/..//evil",
        "javascript:alert(1)", "/consoleevil", "/graphql", "", "/console\r\nSet-Cookie: x", "console",
        "/console//evil.example", "/console/%2e%2e/metrics", "/console/.%2E/metrics",
        "/console/\u2028", "http:/console", "/console?" + "x" * 3_000,
    ],
)  # fmt: skip
def test_no_path_leads_elsewhere(path: str) -> None:
    assert within(path) == "/console"


@given(st.text(max_size=60))
def test_whatever_is_asked_for_stays_within_the_console(path: str) -> None:
    assert re.match(r"/console($|[/?])", within(path))
    assert within("/console" + path).startswith("/console")


def test_a_path_with_its_query_is_kept() -> None:
    assert within("/console/preview?term=boots&place=1") == "/console/preview?term=boots&place=1"


def test_only_origins_of_pictures_go_into_the_policy() -> None:
    given = [
        "https://cdn.example/a.png",
        "http://127.0.0.1:3100/b",
        "javascript:x",
        "https://a;script-src *",
        "//x",
        "x",
    ]
    assert _origins([*given, "https://cdn.example/c"]) == ["https://cdn.example", "http://127.0.0.1:3100"]
    assert len(_origins(f"https://h{number}.example/" for number in range(50))) == 8


def test_numbers_and_moments_are_written_as_people_do() -> None:
    assert (paper.number(1234.5, "en", 1), paper.number(1234.5, "de", 1)) == ("1,234.5", "1.234,5")
    assert (paper.percent(0.125, "en", 1, True), paper.percent(-0.5, "de")) == ("+12.5%", "−50\u202f%")
    assert (paper.number(None, "en"), paper.percent(float("nan"), "de"), paper.moment(None, "de")) == ("–", "–", "–")
    assert paper.money(Money.of("1234.5", "EUR"), "de") == "1.234,50\u00a0EUR"
    assert (paper.money(None, "en"), paper.amount(Money(1234, "JPY"), "en")) == ("–", "1,234")
    assert paper.moment(0.0, "de", "Europe/Berlin") == "01.01.1970 01:00"
    assert paper.tick(0.0, "en", "UTC", hours=False) == "1 Jan"


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_ticks_span_what_is_shown(low: float, span: float) -> None:
    found = steps(low, low + span)
    near = 1e-6 * max(1.0, abs(low) + span)  # as far as anybody sees on a plot of that span
    assert found[0] <= low + near
    assert found[-1] >= low + span - near
    assert 2 <= len(found) <= 8


def test_a_plot_is_svg_without_style_or_script_and_escapes_what_it_is_told() -> None:
    odd = Series('<script>"x"</script>', [(0.0, 0.1), (60.0, 0.2)], [(0.0, -1.0, 9.0), (60.0, 0.1, 0.3)], 1)
    made = plot('A "title" <b>', "told & said", [odd], x=str, y=lambda v: f"{v:.0%}", zero=True)
    root = ElementTree.fromstring(made)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'A "title" <b>. told & said'
    assert not {"style", "onload"} & {key for one in root.iter() for key in one.attrib}
    assert "<script>" not in made + legend([odd])
    for one in root.iter("circle"):
        assert 0 <= float(one.attrib["cx"]) <= 560
        assert 0 <= float(one.attrib["cy"]) <= 260
    assert plot("t", "s", [Series("none", [])], x=str, y=str) == ""
    assert ElementTree.fromstring(plot("t", "s", [Series("one", [(5.0, 1.0)])], x=str, y=str, floor=0.0))


def test_the_form_knows_every_field_of_every_rule() -> None:
    known = {one.__struct_config__.tag: set(one.__struct_fields__) for one in _STRUCTS}
    assert {kind: set(fields) for kind, fields in RULE_FIELDS.items()} == known


RULES = [
    {"kind": "pin", "item": "17", "place": 1},
    {"kind": "sequence", "items": ["3", "4"], "place": 2},
    {"kind": "boost", "attribute": "facet", "value": "3", "strength": 2.5},
    {"kind": "share", "attribute": "brand", "value": "b", "first": 10, "at_most": 3},
    {"kind": "apart", "attribute": "facet", "value": "1", "other_value": "2"},
]


def fields_of(document: dict) -> list[tuple[str, str]]:
    """The fields that the page sends for a document."""
    fields = [("mode", document["mode"]), ("share", f"{document['share'] * 100:g}"), ("priority", "3")]
    for part in ("scope", "schedule", "guardrails"):
        fields += [(f"{part}.{key}", str(value)) for key, value in document[part].items() if value]
    fields.append(("p.max_displacement", str(document["parameters"]["max_displacement"])))
    for number, rule in enumerate(document["parameters"]["rules"]):
        told = {key: " ".join(value) if isinstance(value, list) else str(value) for key, value in rule.items()}
        fields += [(f"p.rules.{number}.{key}", value) for key, value in told.items()]
    return fields


def test_a_document_comes_back_from_its_form_as_it_was() -> None:
    draft = read_draft(
        blank("rainy_week", "merchandising") | {
            "mode": "share", "share": 0.25, "priority": 3, "scope": {"search": "boots", "audience": "known"},
            "schedule": {"from": "2026-11-01T08:00", "zone": "Europe/Berlin"}, "guardrails": {"max_up": 5},
            "parameters": {"rules": RULES, "max_displacement": 20},
        }
    )  # fmt: skip
    knobs = Merchandising.knobs
    again = read_draft(read_document(Form(fields_of(as_document(draft))), "rainy_week", "merchandising", knobs))
    assert again == draft
    assert len(rules_of(again.parameters["rules"])) == len(RULES)


async def test_the_most_rules_and_the_longest_come_back_whole() -> None:
    rules = [{"kind": "share", "attribute": "a", "value": "b", "first": 9, "at_most": 3, "at_least": 2}] * MAX_RULES
    ids = [f"0b1f9a52-5f4e-4f6e-9d1c-{number:012}" for number in range(MAX_ITEMS)]
    for wanted in (rules, [{"kind": "sequence", "items": ids, "place": 1}]):
        parameters = {"rules": wanted, "max_displacement": 2}
        document = as_document(read_draft(blank("rainy_week", "merchandising") | {"parameters": parameters}))
        body = urlencode(fields_of(document)).encode()

        async def receive(body: bytes = body) -> Message:
            return {"type": "http.request", "body": body}

        kind = (b"content-type", b"application/x-www-form-urlencoded")
        form = await read_form(Request({"type": "http", "method": "POST", "headers": [kind]}, receive))
        again = read_document(form, "rainy_week", "merchandising", Merchandising.knobs)
        assert again["parameters"]["rules"] == wanted


def test_rules_are_taken_out_and_added_by_the_form() -> None:
    form = Form([("p.rules.0.kind", "pin"), ("p.rules.0.item", "a"), ("p.rules.0.gone", "1"),
                 ("p.rules.1.kind", "bury"),
                 ("p.rules.1.items", "a, b;c"), ("p.rules.2.kind", "odd"), ("add_rule", "pin")])  # fmt: skip
    assert read_rules(form, "p.rules") == [{"kind": "bury", "items": ["a", "b", "c"]}, {"kind": "pin"}]


def test_what_is_no_number_stays_for_the_desk_to_tell() -> None:
    form = Form([("share", "half"), ("p.max_displacement", "1,5"), ("priority", "x")])
    made = read_document(form, "a", "merchandising", Merchandising.knobs)
    assert (made["share"], made["parameters"]["max_displacement"], made["priority"]) == ("half", 1.5, "x")


def test_differences_name_what_changes() -> None:
    def told(key: str, otherwise: str) -> str:
        return otherwise

    one = read_draft(blank("a", "merchandising") | {"parameters": {"rules": RULES[:2]}})
    other = read_draft(
        blank("a", "merchandising") | {"mode": "share", "share": 0.5, "parameters": {"rules": RULES[1:2]}}
    )
    found = {item.field: (item.before, item.after) for item in differences(one, other, told)}
    assert found == {
        "mode": ("off", "share 50%"),
        "rule 1": ("pin: item 17, place 1", "sequence: items 3 4, place 2"),
        "rule 2": ("sequence: items 3 4, place 2", ""),
    }
    assert differences(other, other, told) == []
    assert "rule 1" in {item.field for item in differences(None, other, told)}
