"""Reading a strategy as somebody wrote it (JSON): names and kinds of its fields, with the nearest name as a hint."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import msgspec

from personalize.domain.desk.strategy import Audience, Guardrails, Schedule, Scope, StrategyDraft
from personalize.domain.strategy import Mode
from personalize.errors import DeskError

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
MAX_BODY = 64 * 1024
"""Bytes of a draft as JSON."""
MAX_TEXT = 200
MAX_NAMED = 24
FIELDS = ("name", "decision", "scope", "parameters", "mode", "share", "schedule", "guardrails", "priority")
SCOPE = ("listing", "collection", "search", "channel", "audience")
SCHEDULE = ("from", "until", "zone")
GUARDRAILS = ("max_up", "max_down")


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest known word, else all of them; "" where they are too many to be read."""
    names = [*known]
    found = get_close_matches(word, names, n=1, cutoff=0.5)
    if found:
        return f"did you mean {found[0]!r}?"
    return f"expected one of: {', '.join(names) or 'none'}" if len(names) <= MAX_NAMED else ""


def read_draft(raw: object) -> StrategyDraft:
    """The draft in a JSON object. Raises DeskError for fields that are unknown or hold what cannot be such a thing.

    What it says may still be wrong (a share of 2, a decision that is not there): that is refused when it is published.
    """
    whole = _table(raw, "a strategy", FIELDS)
    scope = _table(whole.get("scope"), "scope", SCOPE, code="SCOPE_UNKNOWN")
    schedule = _table(whole.get("schedule"), "schedule", SCHEDULE)
    guardrails = _table(whole.get("guardrails"), "guardrails", GUARDRAILS)
    parameters = whole.get("parameters") or {}
    if not isinstance(parameters, Mapping) or not all(isinstance(key, str) for key in parameters):
        _odd("parameters", parameters, "an object")
    name = _text("name", whole.get("name")) or ""
    if not NAME.fullmatch(name):
        raise DeskError(
            f"the name {name!r} is no name of a strategy", code="NAME_INVALID",
            hint="lower-case letters, digits and _, 64 at most, a letter first",
        )  # fmt: skip
    found = StrategyDraft(
        name=name,
        decision=_text("decision", whole.get("decision")) or "",
        scope=Scope(
            *(_text(f"scope.{key}", scope.get(key)) for key in SCOPE[:-1]),  # type: ignore[arg-type, misc]
            audience=Audience(_word("scope.audience", scope.get("audience"), Audience, Audience.ALL)),
        ),
        parameters=dict(parameters),
        mode=Mode(_word("mode", whole.get("mode"), Mode, Mode.OFF)),
        share=_number("share", whole.get("share"), 1.0),
        schedule=Schedule(
            _text("schedule.from", schedule.get("from")), _text("schedule.until", schedule.get("until")),
            _text("schedule.zone", schedule.get("zone")) or "UTC",
        ),
        guardrails=Guardrails(*(_whole(f"guardrails.{key}", guardrails.get(key), 0, 100_000) for key in GUARDRAILS)),
        priority=_whole("priority", whole.get("priority"), -1_000, 1_000),
    )  # fmt: skip
    try:
        size = len(msgspec.json.encode(found))
    except (TypeError, ValueError, RecursionError):
        _odd("parameters", "something", "JSON")
    if size > MAX_BODY:
        raise DeskError(f"the strategy has {size} bytes, {MAX_BODY} at most", code="TOO_LARGE", hint="name fewer items")
    return found


def as_document(draft: StrategyDraft) -> dict[str, Any]:
    """The draft as `read_draft` takes it."""
    return {
        "name": draft.name, "decision": draft.decision, "parameters": dict(draft.parameters),
        "scope": {key: getattr(draft.scope, key) for key in SCOPE[:-1]} | {"audience": draft.scope.audience.value},
        "mode": draft.mode.value, "share": draft.share, "priority": draft.priority,
        "schedule": {"from": draft.schedule.starts, "until": draft.schedule.ends, "zone": draft.schedule.zone},
        "guardrails": {"max_up": draft.guardrails.max_up, "max_down": draft.guardrails.max_down},
    }  # fmt: skip


def _table(raw: object, where: str, known: Sequence[str], code: str = "FIELD_UNKNOWN") -> Mapping[str, Any]:
    if raw is None and where != "a strategy":
        return {}
    if not isinstance(raw, Mapping):
        _odd(where, raw, "an object")
    for key in raw:
        if key not in known:
            raise DeskError(f"{where} has no field {key!r}", code=code, hint=nearest(str(key), known))
    return raw


def _text(where: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        _odd(where, value, f"a text of up to {MAX_TEXT} characters")
    return value


def _word(where: str, value: object, known: type[Audience] | type[Mode], otherwise: str) -> str:
    if value is None:
        return otherwise
    words = [one.value for one in known]
    if value not in words:
        raise DeskError(
            f"{where} is {_short(value)}, expected one of: {', '.join(words)}", code="FIELD_INVALID",
            hint=nearest(str(value)[:MAX_TEXT], words),
        )  # fmt: skip
    return str(value)


def _number(where: str, value: object, otherwise: float) -> float:
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        _odd(where, value, "a number")
    return float(value)


def _whole(where: str, value: object, low: int, high: int) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        _odd(where, value, f"a whole number from {low} to {high}")
    return value


def _odd(where: str, value: object, expected: str) -> NoReturn:
    raise DeskError(f"{where} is {_short(value)}, expected {expected}", code="FIELD_INVALID")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
