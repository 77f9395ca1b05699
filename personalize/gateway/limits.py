"""Limits on a GraphQL document, counted by a linear scan before any parser sees it."""

from __future__ import annotations

import re

from personalize.errors import LimitError

MAX_TOKENS = 5_000
MAX_DEPTH = 20
MAX_ALIASES = 100

# One alternative per lexical token that matters (GraphQL spec, section 2.1); strings and comments are skipped whole.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r'|"(?:[^"\\\n\r]|\\.)*"'
    r"|#[^\n\r]*"
    r"|(?P<open>[{(\[])|(?P<close>[})\]])"
    r"|(?P<alias>[_A-Za-z][_0-9A-Za-z]*[\s,]*:)"
    r"|[_A-Za-z][_0-9A-Za-z]*|\.\.\.|[^\s,]",
    re.DOTALL,
)


def check(document: str) -> None:
    """Raise LimitError when `document` has more tokens, deeper selections or more aliases than we parse.

    Depth counts nested selection sets; lists and input objects may nest as deep again. Inside parentheses `name:`
    is an argument, not an alias.
    """
    tokens = aliases = depth = values = deepest = 0
    inside = 0
    for match in _TOKEN.finditer(document):
        kind = match.lastgroup
        if match.group().startswith("#"):
            continue
        tokens += 1
        if kind == "open":
            if match.group() == "{" and not inside:
                depth += 1
                deepest = max(deepest, depth)
            else:
                inside += 1
                values = max(values, inside)
        elif kind == "close":
            if inside:
                inside -= 1
            else:
                depth -= 1
        elif kind == "alias":
            tokens += 1
            aliases += not inside
        if tokens > MAX_TOKENS:
            raise _over("tokens", MAX_TOKENS)
        if deepest > MAX_DEPTH or values > MAX_DEPTH:
            raise _over("levels", MAX_DEPTH)
        if aliases > MAX_ALIASES:
            raise _over("aliases", MAX_ALIASES)


def _over(what: str, limit: int) -> LimitError:
    return LimitError(
        f"the GraphQL document has more than {limit} {what}", hint="split the operation into smaller ones"
    )
