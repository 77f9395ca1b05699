"""Limits on documents: what is refused, what is not, and texts made to keep a scanner busy."""

from __future__ import annotations

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.errors import LimitError
from personalize.gateway.document import limits
from personalize.gateway.document.limits import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS, check

MEGABYTE = 1 << 20


def aliases(count: int, between: str = ": ") -> str:
    """A document with that many aliases."""
    return "{" + " ".join(f"a{n}{between}b" for n in range(count)) + "}"


def levels(count: int) -> str:
    """A document of that depth."""
    return "{" + "a {" * (count - 1) + "b" + "}" * count


def lists(count: int) -> str:
    """A list value inside parentheses, `count` levels with them."""
    return "{a(b: " + "[" * (count - 1) + "]" * (count - 1) + ")}"


@pytest.mark.parametrize(
    "document",
    [aliases(MAX_ALIASES), levels(MAX_DEPTH), lists(MAX_DEPTH), "{" + " a" * (MAX_TOKENS - 2) + "}"],
    ids=["aliases", "levels", "lists", "tokens"],
)
def test_just_within(document: str) -> None:
    """A document at a limit is read, and the parser reads it, too."""
    assert check(document) <= MAX_TOKENS
    parse(document, max_tokens=MAX_TOKENS)


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (aliases(MAX_ALIASES + 1), "aliases"),
        (aliases(MAX_ALIASES + 1, " # hidden: so\n , :"), "aliases"),
        (levels(MAX_DEPTH + 1), "levels"),
        (lists(MAX_DEPTH + 1), "levels"),
        ("{" + " a" * MAX_TOKENS + "}", "tokens"),
        ("{" * MEGABYTE, "levels"),
        ("{a(b: " + "[" * MEGABYTE, "levels"),
        ("{a(b: " + "{c: " * MEGABYTE, "levels"),
        ("." * MEGABYTE, "tokens"),
        ('"" ' * MEGABYTE, "tokens"),
        ('""""""' * MEGABYTE, "tokens"),
    ],
    ids=lambda value: value[:12],
)
def test_over(document: str, what: str) -> None:
    """Refused with a code and a hint."""
    with pytest.raises(LimitError, match=what) as caught:
        check(document)
    assert caught.value.code == "LIMIT_EXCEEDED"
    assert caught.value.hint


BUSY = {
    "an open string": '{a(b: "' + "x" * MEGABYTE,
    "escaped quotes": '"' + '\\"' * (MEGABYTE // 2),
    "backslashes": "{a(b: " + '"\\' * (MEGABYTE // 2),
    "an open block string": '{a(b: """' + "x" * MEGABYTE,
    "escapes in an open block string": '"""' + "\\" * MEGABYTE,
    "quotes in an open block string": '"""' + '" ' * (MEGABYTE // 2),
    "a comment": "#" + "x" * MEGABYTE,
    "comments": "#\n" * (MEGABYTE // 2),
    "blanks": " ," * (MEGABYTE // 2),
    "names far from a colon": ("a" + " " * 1000) * (MEGABYTE // 1001),
    "names and comments": ("a" + "#\n" * 500) * (MEGABYTE // 1001),
    "a number": "1" * MEGABYTE,
    "a name": "a" * MEGABYTE,
}


@pytest.mark.parametrize("kind", BUSY)
def test_busy(kind: str) -> None:
    """A megabyte that holds few tokens: one look at each character, else this test would run for hours."""
    assert check(BUSY[kind]) <= MAX_TOKENS


def test_what_looks_like_something_else() -> None:
    """Strings, comments and arguments are no selections."""
    braces = "{" * 30
    assert check('{ a(b: "' + braces + '", c: """' + braces + '""") # ' + braces + "\n}") == 11
    assert check("{ " + " ".join(f"a(x{n}: 1, y: {{z: 2}})" for n in range(150)) + " }") > 150
    assert check("query Q(" + " ".join(f"$a{n}: Int = 1" for n in range(120)) + ") { a }") > 120


def test_a_long_document_passes_unread() -> None:
    """The parser is not asked either (see the planner)."""
    assert len("{ a } #" + "x" * limits.MAX_CHARACTERS) > limits.MAX_CHARACTERS


_pieces = st.sampled_from(
    ["{", "}", "(", ")", "[", "]", "a", "b1", ":", " ", "\n", ",", "...", "$", "@", "!", "=", "|", "&", "-1.5e3", "0",
     '"x"', '"\\""', '"""b\n"q"" \\""""""', '""', '"', '"""', "#c\n", "\ufeff", "é"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(_pieces, max_size=40).map("".join))
def test_counts_as_the_lexer_does(document: str) -> None:
    """As many tokens as graphql-core's lexer has read before it ends or objects."""
    lexer, count = Lexer(Source(document)), 0
    broken = False
    try:
        while lexer.advance().kind is not TokenKind.EOF:
            count += 1
    except GraphQLSyntaxError:
        broken = True
    try:
        found = check(document)
    except LimitError:
        return
    assert found >= count if broken else found == count
