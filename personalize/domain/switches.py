"""The grammar of switches: `ranker=on`, `popularity=share 10%`, `offer=shadow`, and `off` for everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from personalize.domain.strategy import Mode, Strategy
from personalize.errors import SettingsError

EXPECTED = "expected name=off, name=shadow, name=on or name=share 10% (also share:0.1)"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SHARE = re.compile(r"share(?:\s*[:=]\s*|\s+)(\d{1,3}(?:\.\d+)?|\.\d+)\s*(%?)")


def parse_strategies(raw: object, where: str = "strategies") -> tuple[Strategy, ...]:
    """Switches from a string (comma-separated), a list of strings or a table; `off` alone is the empty tuple.

    Raises `SettingsError` that names the entry and what was expected.
    """
    if isinstance(raw, str):
        entries: list[str] = [part.strip() for part in raw.split(",")]
    elif isinstance(raw, Mapping):
        entries = [f"{name}={mode}" for name, mode in raw.items()]
    elif isinstance(raw, Iterable):
        entries = [str(part).strip() for part in raw]
    else:
        raise SettingsError(f"{where} is {raw!r}, {EXPECTED}")
    if entries in (["off"], [""], []):
        return ()
    switches = tuple(parse_strategy(entry, where) for entry in entries)
    seen: set[str] = set()
    for switch in switches:
        if switch.name in seen:
            raise SettingsError(f"{where} names {switch.name!r} twice", hint="keep one entry for each strategy")
        seen.add(switch.name)
    return switches


def parse_strategy(entry: str, where: str = "strategies") -> Strategy:
    """One switch. Shares are 0..1, or per cent with `%`."""
    name, equals, mode = (part.strip() for part in entry.partition("="))
    if not equals or not _NAME.fullmatch(name):
        raise SettingsError(f"{where} holds {entry!r}, {EXPECTED}")
    if mode in (Mode.OFF, Mode.SHADOW, Mode.ON):
        return Strategy(name, Mode(mode))
    match = _SHARE.fullmatch(mode)
    if match is None:
        raise SettingsError(f"{where} holds {entry!r}, {EXPECTED}")
    share = float(match[1]) / (100.0 if match[2] else 1.0)
    if not 0.0 <= share <= 1.0:
        raise SettingsError(f"{where} holds {entry!r}: a share lies between 0 and 1, or 0% and 100%")
    return Strategy(name, Mode.SHARE, share)


def print_strategy(switch: Strategy) -> str:
    """The switch in the grammar that `parse_strategy` reads."""
    mode = f"share {switch.share * 100:.10g}%" if switch.mode is Mode.SHARE else switch.mode.value
    return f"{switch.name}={mode}"
