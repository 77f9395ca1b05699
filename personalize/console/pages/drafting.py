"""The form of a draft: its fields out of a document and back, rules one by one, without a script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from personalize.console.pages.forms import Form
from personalize.domain.desk.knob import Kind, Knob
from personalize.domain.desk.reading import as_document
from personalize.domain.desk.rules import KINDS, MAX_RULES
from personalize.domain.desk.strategy import StrategyDraft

RULE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "pin": ("item", "place"),
    "sequence": ("items", "place"),
    "boost": ("items", "attribute", "value", "strength"),
    "bury": ("items", "attribute", "value"),
    "share": ("attribute", "value", "first", "at_most", "at_least"),
    "apart": ("attribute", "value", "other_attribute", "other_value"),
}
"""What the form asks for, by the kind of a rule, as `domain/desk/rules.py` reads it."""

WHOLE = frozenset({"place", "first", "at_most", "at_least"})
_ITEMS = re.compile(r"[\s,;]+")


def blank(name: str, decision: str) -> dict[str, Any]:
    """The document of a strategy that is yet to be written."""
    return as_document(StrategyDraft(name, decision))


def read_document(form: Form, name: str, decision: str, knobs: Sequence[Knob]) -> dict[str, Any]:
    """The document that a form says. What is no number stays a text, so that the desk tells what it expected."""
    scope = {key: form.one(f"scope.{key}", 200) or None for key in ("listing", "collection", "search", "channel")}
    return {
        "name": name,
        "decision": decision,
        "scope": scope | {"audience": form.one("scope.audience", 16) or "all"},
        "parameters": {knob.name: value for knob in knobs if (value := _parameter(form, knob)) is not None},
        "mode": form.one("mode", 16) or "off",
        "share": _share(form.one("share", 16)),
        "priority": _number(form.one("priority", 16) or "0", whole=True),
        "schedule": {
            "from": form.one("schedule.from", 40) or None,
            "until": form.one("schedule.until", 40) or None,
            "zone": form.one("schedule.zone", 64) or None,
        },
        "guardrails": {
            key: _number(form.one(f"guardrails.{key}", 16) or "0", whole=True) for key in ("max_up", "max_down")
        },
    }


def _parameter(form: Form, knob: Knob) -> Any:
    field = f"p.{knob.name}"
    if knob.kind is Kind.RULES:
        return read_rules(form, field)
    told = form.one(field, 40)
    if not told:
        return None
    if knob.kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(told, told)
    return _number(told, whole=knob.kind is Kind.INTEGER)


def read_rules(form: Form, field: str) -> list[dict[str, Any]]:
    """The rules of a form in their order, without those marked to go; a button may ask for one more."""
    found = []
    for number in range(MAX_RULES + 1):
        base = f"{field}.{number}"
        kind = form.one(f"{base}.kind", 16)
        if not kind or f"{base}.gone" in form or kind not in RULE_FIELDS:
            continue
        rule: dict[str, Any] = {"kind": kind}
        for key in RULE_FIELDS[kind]:
            told = form.raw(f"{base}.{key}").strip()  # whole: what is cut off would go unseen
            if not told:
                continue
            if key == "items":
                rule[key] = [item for item in _ITEMS.split(told) if item]
            elif key in WHOLE or key == "strength":
                rule[key] = _number(told, whole=key in WHOLE)
            else:
                rule[key] = told
        found.append(rule)
    if (kind := form.one("add_rule", 16)) in KINDS:
        found.append({"kind": kind})
    return found


def _share(told: str) -> Any:
    """A share in per cent as 0..1; what is no number stays."""
    value = _number(told.rstrip("% ") or "100")
    return value / 100.0 if isinstance(value, int | float) else value


def _number(told: str, whole: bool = False) -> Any:
    """The number of a field, with a comma or a point; the text itself where it is none."""
    text = told.replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,12}(\.\d{1,12})?", text):
        return told
    value = float(text)
    return int(value) if whole and value == int(value) else value
