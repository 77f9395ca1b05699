"""What one version says differently from another, field by field, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from personalize.domain.desk.reading import as_document
from personalize.domain.desk.strategy import StrategyDraft

RULES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A field and what it was and is; empty where it was or is not there."""

    field: str
    before: str
    after: str


def differences(before: StrategyDraft | None, after: StrategyDraft) -> list[Difference]:
    """All fields that differ, in the order of the form; of a first version, all that it says."""
    old, new = flat(before) if before is not None else {}, flat(after)
    return [
        Difference(key, old.get(key, ""), new.get(key, ""))
        for key in dict.fromkeys([*new, *old])
        if old.get(key, "") != new.get(key, "")
    ]


def flat(draft: StrategyDraft) -> dict[str, str]:
    """What a draft says, by field; what is not said is left out. Rules are compared as they stand."""
    document = as_document(draft)
    found = {"decision": draft.decision, "mode": document["mode"]}
    if document["mode"] == "share":
        found["share"] = f"{draft.share * 100:g}%"
    for part in ("scope", "schedule", "guardrails"):
        found |= {f"{part}.{key}": str(value) for key, value in document[part].items() if value not in (None, "", 0)}
    found["priority"] = str(draft.priority)
    for key, value in draft.parameters.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            found |= {f"{key} {number}": rule(one) for number, one in enumerate(value[:RULES_SHOWN], 1)}
        else:
            found[f"parameters.{key}"] = str(value)
    return found


def rule(raw: object, told: Callable[[str], str] = str) -> str:
    """A rule in a line: `pin: item p1, place 2`."""
    if not isinstance(raw, Mapping):
        return str(raw)[:200]
    parts = []
    for key, value in raw.items():
        if key == "kind" or value in (None, "", [], ()):
            continue
        shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        parts.append(f"{told(key)} {shown}")
    return f"{told(str(raw.get('kind', '?')))}: {', '.join(parts)}"[:500]
