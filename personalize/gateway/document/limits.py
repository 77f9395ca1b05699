"""Limits on a GraphQL document, counted by a linear scan before any parser sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode

from personalize.errors import LimitError
from personalize.gateway.document.slots import Occurrence

MAX_TOKENS = 5_000
MAX_DEPTH = 20
MAX_ALIASES = 100
MAX_OWN_FIELDS = 60
"""Fields below our own root fields: each one is resolved, however small the document that asks for it."""
MAX_CHARACTERS = 64 * 1024
"""Longer documents pass through unread: the parser takes its time over long strings and comments, too."""

# One alternative per lexical token that matters (GraphQL spec, section 2.1). Repetitions are possessive and runs are
# taken whole, so that no text is looked at twice; a string that does not end is `broken`, and ends the scan.
_TOKEN = re.compile(
    r"(?P<ignored>(?:[\s,\ufeff]++|#[^\n\r]*+)++)"
    r'|"""(?:[^"\\]++|\\"""|\\|"(?!""))*+(?:"""|(?P<broken_block>))'
    r'|"(?:[^"\\\n\r]++|\\[^\n\r])*+(?:"|(?P<broken>))'
    r"|(?P<name>[_A-Za-z][_0-9A-Za-z]*+)"
    r"|(?P<open>[{(\[])|(?P<close>[})\]])|(?P<colon>:)"
    r"|\.\.\.|-?[0-9]++(?:\.[0-9]++)?+(?:[eE][+\-]?[0-9]++)?+|.",
    re.DOTALL,
)


def check(document: str) -> int:
    """Count tokens; LimitError when `document` has more tokens, deeper selections or more aliases than we parse.

    Depth counts nested selection sets; lists and input objects may nest as deep again. Inside parentheses `name:`
    is an argument, not an alias. What follows a broken string is not counted: the parser stops there, too.
    """
    tokens = aliases = depth = inside = 0
    after_name = False
    for match in _TOKEN.finditer(document):
        kind = match.lastgroup
        if kind == "ignored":
            continue
        if kind in ("broken", "broken_block"):
            break
        tokens += 1
        if kind == "open":
            if inside or match.group() != "{":
                inside += 1
            else:
                depth += 1
        elif kind == "close":
            if inside:
                inside -= 1
            else:
                depth -= 1
        elif kind == "colon":
            aliases += after_name and not inside
        after_name = kind == "name"
        if tokens > MAX_TOKENS:
            raise _over("tokens", MAX_TOKENS)
        if depth > MAX_DEPTH or inside > MAX_DEPTH:
            raise _over("levels", MAX_DEPTH)
        if aliases > MAX_ALIASES:
            raise _over("aliases", MAX_ALIASES)
    return tokens


def _over(what: str, limit: int) -> LimitError:
    return LimitError(
        f"the GraphQL document has more than {limit} {what}", hint="split the operation into smaller ones"
    )


def check_own(own: Iterable[tuple[str, Occurrence]], fragments: Mapping[str, FragmentDefinitionNode]) -> None:
    """Raise LimitError when an operation asks for more of our own fields than MAX_OWN_FIELDS."""
    left = MAX_OWN_FIELDS
    waiting: list[Any] = [occurrence.node for _, occurrence in own]
    while waiting:
        node = waiting.pop()
        if isinstance(node, FragmentSpreadNode):
            node = fragments.get(node.name.value)
        elif isinstance(node, FieldNode):
            left -= 1
            if left < 0:
                raise _over("fields of ours", MAX_OWN_FIELDS)
        inner = getattr(node, "selection_set", None)
        waiting += inner.selections if inner is not None else ()
