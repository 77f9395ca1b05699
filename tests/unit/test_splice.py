"""Edits on source text, and the way back for error locations."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.gateway.document.splice import Edit, Spliced

SOURCE = "query A {\n  one two\r\n  three\r  four }"


def place(text: str, word: str) -> tuple[int, int]:
    """1-based line and column of a word; lines end as GraphQL says (spec 2.1.2)."""
    before = text[: text.index(word)].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def test_no_edits() -> None:
    """The source itself."""
    spliced = Spliced(SOURCE, [])
    assert spliced.text == SOURCE
    for word in ("query", "one", "two", "three", "four"):
        assert spliced.location(*place(SOURCE, word)) == place(SOURCE, word)


def test_places_lead_back() -> None:
    """Words that stay lead to where they were, whatever was dropped, put in or broken into lines before them."""
    two, three = SOURCE.index("two"), SOURCE.index("three")
    edits = [Edit(two, two + 3, ""), Edit(three, three, "\n hidden {\n x\n} "), Edit(9, 9, " _t ")]
    spliced = Spliced(SOURCE, edits)
    assert "two" not in spliced.text
    for word in ("query", "one", "three", "four"):
        assert spliced.location(*place(spliced.text, word)) == place(SOURCE, word)


def test_inside_what_we_put_in() -> None:
    """Leads to where it was put."""
    three = SOURCE.index("three")
    spliced = Spliced(SOURCE, [Edit(three, three, "hidden ")])
    assert spliced.location(*place(spliced.text, "dden")) == place(SOURCE, "three")


def test_edits_inside_a_drop_are_gone_with_it() -> None:
    """And equal edits are made once."""
    spliced = Spliced("{ a { b } c }", [Edit(2, 9, ""), Edit(5, 5, "x"), Edit(10, 11, "d"), Edit(10, 11, "d")])
    assert spliced.text == "{  d }"


def test_outside_the_text() -> None:
    """A location that no text has leads to some place, never to an error."""
    spliced = Spliced(SOURCE, [Edit(0, 5, "q")])
    for line, column in ((99, 1), (1, 999), (0, 0), (-3, -3)):
        found = spliced.location(line, column)
        assert found[0] >= 1
        assert found[1] >= 1


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_every_kept_character_leads_back(data: st.DataObject) -> None:
    """For any text and any edits beside each other."""
    source = data.draw(st.text("ab {}\n", min_size=1, max_size=40))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=6).map(lambda c: c[: len(c) // 2 * 2])))
    spans = zip(cuts[::2], cuts[1::2], strict=True)
    edits = [Edit(start, end, data.draw(st.text("xy\n", max_size=5))) for start, end in spans]
    edits = [edit for at, edit in enumerate(edits) if at == 0 or edit.start > edits[at - 1].end]
    spliced = Spliced(source, edits)
    shift, kept = 0, list(range(len(source)))
    for edit in edits:
        kept = [at for at in kept if not edit.start <= at < edit.end]
    for at in kept:
        shift = sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.end <= at)
        assert spliced.location(*_where(spliced.text, at + shift)) == _where(source, at)


def _where(text: str, at: int) -> tuple[int, int]:
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
