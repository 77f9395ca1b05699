"""What one version says differently from another, field by field, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from personalize.console.pages.drafting import RULE_FIELDS
from personalize.domain.desk.reading import as_document
from personalize.domain.desk.strategy import StrategyDraft

Telling = Callable[[str, str], str]
"""A text of a key of the words, or what is given where there is none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in words, and what it was and is; empty where it was or is not there."""

    field: str
    before: str
    after: str


def differences(before: StrategyDraft | None, after: StrategyDraft, told: Telling) -> list[Difference]:
    """All fields that differ, in the order of the form; of a first version, all that it says."""
    old, new = flat(before, told) if before is not None else {}, flat(after, told)
    return [
        Difference(key, old.get(key, ""), new.get(key, ""))
        for key in dict.fromkeys([*new, *old])
        if old.get(key, "") != new.get(key, "")
    ]


def flat(draft: StrategyDraft, told: Telling) -> dict[str, str]:
    """What a draft says, by field, in words; what is not said is left out. Rules are compared as they stand."""
    document = as_document(draft)
    found = {told("field.decision", "decision"): draft.decision, told("field.mode", "mode"): _mode(draft, told)}
    for part in ("scope", "schedule", "guardrails"):
        for key, value in document[part].items():
            if value in (None, "", 0) or (key, value) in (("audience", "all"), ("zone", "UTC")):
                continue
            shown = told(f"audience.{value}", str(value)) if key == "audience" else str(value)
            found[told(f"field.{part}_{key}", f"{part} {key}")] = shown
    if draft.priority:
        found[told("field.priority", "priority")] = str(draft.priority)
    for key, value in draft.parameters.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            name = told("field.rule", "rule")
            found |= {f"{name} {number}": rule(one, told) for number, one in enumerate(value, 1)}
        else:
            found[told(f"knob.{draft.decision}_{key}", key)] = str(value)
    return found


def _mode(draft: StrategyDraft, told: Telling) -> str:
    mode = told(f"mode.{draft.mode}", draft.mode.value)
    return f"{mode} {draft.share * 100:g}%" if draft.mode.value == "share" else mode


def rule(raw: object, told: Telling) -> str:
    """A rule in a line: `pin: item p1, place 2`."""
    if not isinstance(raw, Mapping):
        return str(raw)[:200]
    kind = str(raw.get("kind", "?"))
    parts = []
    for key in RULE_FIELDS.get(kind, [key for key in raw if key != "kind"]):
        value = raw.get(key)
        if value in (None, "", [], ()):
            continue
        shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        parts.append(f"{told(f'rule_field.{key}', key)} {shown}")
    return f"{told(f'rule.{kind}', kind)}: {', '.join(parts)}"[:500]
