"""Reads declared experiments (`[experiments.NAME]` of the settings) into `Experiment` values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from personalize.domain.experiment import (
    HOLDOUT,
    INTERLEAVED,
    PLANNED,
    SRM,
    AssignedBy,
    Experiment,
    Guardrail,
    Namespace,
    Unit,
    Variant,
)
from personalize.domain.switches import parse_strategies
from personalize.errors import SettingsError

EXPERIMENTS_MAX = 64
VARIANTS_MAX = 16
PLANNED_MIN, PLANNED_MAX = 100, 1_000_000_000
KEYS = frozenset(
    {"variants", "weights", "assigned_by", "coverage", "seed", "strategies", "unit", "namespace", "planned",
     "analysis", "guardrails"}
)  # fmt: skip
GUARDRAILS = (
    SRM,
    "conversion",
    "revenue",
    "margin",
    "returns",
    "clicks_to_cart",
    "not_this",
    "repeat_visits",
    "latency",
)
P95 = "latency_p95_ms"
_SAME = {"not_interested": "not_this"}
"""The name of the event, for the measure made of it."""

# A name travels in a response header as a key and a token (RFC 9651).
_NAME = re.compile(r"[a-z][a-z0-9_\-.]{0,63}")
_VARIANT = re.compile(r"[A-Za-z][A-Za-z0-9_\-.]{0,63}")


def parse_experiments(raw: object) -> tuple[Experiment, ...]:
    """Experiments from a table of tables; raises `SettingsError` that names the key and what was expected."""
    if not isinstance(raw, Mapping) or len(raw) > EXPERIMENTS_MAX:
        raise SettingsError(f"experiments has to be a table of at most {EXPERIMENTS_MAX} [experiments.NAME] tables")
    return tuple(_experiment(str(name), body) for name, body in raw.items())


def _experiment(name: str, body: object) -> Experiment:
    where = f"experiments.{name}"
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{where}: a name is lower-case letters, digits, '_', '-', '.' and begins with a letter")
    if name == HOLDOUT:
        raise SettingsError(f"{where}: that name is taken", hint="its share is the setting `holdout`")
    if not isinstance(body, Mapping):
        raise SettingsError(f"{where} is {body!r}, expected a table with variants")
    unknown = sorted(set(body) - KEYS)
    if unknown:
        raise SettingsError(f"{where} has unknown key {unknown[0]!r}", hint=f"expected {', '.join(sorted(KEYS))}")
    names = _names(where, body.get("variants"))
    weights = _weights(where, body.get("weights"), len(names))
    overlays = body.get("strategies", {})
    if not isinstance(overlays, Mapping) or not set(overlays) <= set(names):
        raise SettingsError(f"{where}.strategies has to name the switches of variants {', '.join(names)} only")
    variants = tuple(
        _variant(f"{where}.strategies.{name}", name, weight, overlays.get(name))
        for name, weight in zip(names, weights, strict=True)
    )
    assigned_by = _assigned_by(where, body.get("assigned_by", "hash"))
    interleaved = _interleaved(where, body.get("analysis", "variants"), names, weights, assigned_by)
    return Experiment(
        name=name,
        variants=variants,
        assigned_by=assigned_by,
        coverage=_share(f"{where}.coverage", body.get("coverage", 1.0)),
        seed=_text(f"{where}.seed", body.get("seed", name)),
        unit=_unit(where, body.get("unit", "visitor")),
        namespace=_namespace(f"{where}.namespace", body.get("namespace")),
        planned=_planned(f"{where}.planned", body.get("planned", PLANNED)),
        interleaved=interleaved,
        guardrails=_guardrails(f"{where}.guardrails", body.get("guardrails"), assigned_by, interleaved),
    )


def _interleaved(
    where: str, raw: Any, names: tuple[str, ...], weights: tuple[float, ...], assigned_by: AssignedBy
) -> bool:
    """Whether both orders are shown in one list, which is fair only to two of equal weight."""
    if raw not in ("variants", INTERLEAVED):
        raise SettingsError(f"{where}.analysis is {raw!r}, expected 'variants' or 'interleaved'")
    if raw == "variants":
        return False
    if len(names) != 2 or weights[0] != weights[1] or INTERLEAVED in names:
        raise SettingsError(
            f"{where} is interleaved, which is between two variants of equal weight, none of them called 'interleaved'"
        )
    if assigned_by is not AssignedBy.HASH:
        raise SettingsError(
            f"{where} is interleaved and assigned_by = {assigned_by.value!r}: every unit sees both orders",
            hint="leave assigned_by out",
        )
    return True


def _guardrails(where: str, raw: Any, assigned_by: AssignedBy, interleaved: bool) -> tuple[Guardrail, ...]:
    """Guardrails by name. The sample ratio is one by itself where the gateway deals."""
    if raw is None:
        return (Guardrail(SRM),) if assigned_by is AssignedBy.HASH and not interleaved else ()
    if interleaved:
        raise SettingsError(f"{where}: everybody sees both orders, so that no variant can be held against the other")
    if not isinstance(raw, list):
        raise SettingsError(f'{where} is {raw!r}, expected a list like ["srm", "conversion", "{P95}=300"]')
    found: dict[str, Guardrail] = {}
    for entry in raw:
        name, equals, limit = (part.strip() for part in str(entry).partition("="))
        name = _SAME.get(name, name)
        if name == P95:
            found[name] = Guardrail(name, _limit(where, entry, limit))
        elif equals or name not in GUARDRAILS:
            raise SettingsError(f"{where} holds {entry!r}, expected one of: {', '.join(GUARDRAILS)}, {P95}=300")
        else:
            found[name] = Guardrail(name)
    return tuple(found.values())


def _limit(where: str, entry: object, text: str) -> float:
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not 0 < limit <= 60_000:
        raise SettingsError(f"{where} holds {entry!r}, expected milliseconds: {P95}=300")
    return limit


def _names(where: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not 2 <= len(raw) <= VARIANTS_MAX:
        raise SettingsError(f'{where}.variants is {raw!r}, expected 2 to {VARIANTS_MAX} names like ["control", "new"]')
    for name in raw:
        if not isinstance(name, str) or not _VARIANT.fullmatch(name):
            raise SettingsError(f"{where}.variants holds {name!r}, expected letters, digits, '_', '-' or '.'")
    if len(set(raw)) != len(raw):
        raise SettingsError(f"{where}.variants names one variant twice")
    return tuple(raw)


def _weights(where: str, raw: Any, count: int) -> tuple[float, ...]:
    if raw is None:
        return (1.0 / count,) * count
    if not isinstance(raw, list) or len(raw) != count:
        raise SettingsError(f"{where}.weights is {raw!r}, expected {count} numbers, one a variant")
    weights = tuple(_share(f"{where}.weights", weight) for weight in raw)
    if not math.isclose(sum(weights), 1.0, abs_tol=0.001):
        raise SettingsError(
            f"{where}.weights sum to {sum(weights):g}, expected 1", hint="for equal weights leave it out"
        )
    return weights


def _variant(where: str, name: str, weight: float, overlay: Any) -> Variant:
    if overlay is None:
        return Variant(name, weight)
    if overlay in ("off", ["off"]):
        return Variant(name, weight, all_off=True)
    return Variant(name, weight, parse_strategies(overlay, where))


def _assigned_by(where: str, raw: Any) -> AssignedBy:
    if raw not in (AssignedBy.HASH, AssignedBy.HEADER):
        raise SettingsError(f"{where}.assigned_by is {raw!r}, expected 'hash' or 'header'")
    return AssignedBy(raw)


def _unit(where: str, raw: Any) -> Unit:
    try:
        return Unit(raw)
    except ValueError:
        raise SettingsError(f"{where}.unit is {raw!r}, expected one of: {', '.join(Unit)}") from None


def _namespace(where: str, raw: Any) -> Namespace | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or set(raw) != {"name", "from", "to"}:
        raise SettingsError(f'{where} is {raw!r}, expected {{ name = "...", from = 0.0, to = 0.5 }}')
    low, high = _share(f"{where}.from", raw["from"]), _share(f"{where}.to", raw["to"])
    if not low < high:
        raise SettingsError(f"{where} goes from {low:g} to {high:g}, expected a part that holds somebody")
    return Namespace(_text(f"{where}.name", raw["name"]), low, high)


def _planned(where: str, raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not PLANNED_MIN <= raw <= PLANNED_MAX:
        raise SettingsError(f"{where} is {raw!r}, expected units, {PLANNED_MIN} to {PLANNED_MAX:,}")
    return raw


def _share(where: str, raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0.0 <= raw <= 1.0:
        raise SettingsError(f"{where} holds {raw!r}, expected a number from 0 to 1")
    return float(raw)


def _text(where: str, raw: Any) -> str:
    if not isinstance(raw, str) or not 0 < len(raw) <= 128:
        raise SettingsError(f"{where} is {raw!r}, expected a text of 1 to 128 characters")
    return raw
