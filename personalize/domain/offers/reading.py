"""Reads the values of declared offers: money, shares, times, lists; a refusal names the key and what was expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from personalize.domain.offers.money import Money, MoneyError
from personalize.errors import SettingsError

LIST_MAX = 2_000
TEXT_MAX = 256


def table(where: str, raw: object, known: Collection[str]) -> Mapping[str, Any]:
    """A table with no other keys than the known ones."""
    if not isinstance(raw, Mapping):
        raise SettingsError(f"{where} is {raw!r}, expected a table")
    for key in raw:
        if key not in known:
            match = get_close_matches(str(key), list(known), n=1, cutoff=0.5)
            hint = f"did you mean {match[0]!r}?" if match else f"expected {', '.join(sorted(known))}"
            raise SettingsError(f"{where} has unknown key {key!r}", hint=hint)
    return raw


def money(where: str, raw: object, currency: str, *, positive: bool = True) -> Money:
    """An amount of `currency` in major units: `"12.90"` (or a number), above 0."""
    try:
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise MoneyError(f"{raw!r} is no amount", hint='like "12.90"')
        found = Money.of(raw, currency)
    except MoneyError as error:
        raise SettingsError(f"{where}: {error.message}", hint=error.hint) from error
    if found.minor < 0 or (positive and found.minor == 0):
        raise SettingsError(f"{where} is {raw!r}, expected more than 0")
    return found


def optional_money(where: str, raw: object, currency: str) -> Money | None:
    """The same, None for None."""
    return None if raw is None else money(where, raw, currency)


def percent(where: str, raw: object) -> Decimal:
    """Above 0 and at most 100."""
    found = _decimal(raw)
    if found is None or not 0 < found <= 100:
        raise SettingsError(f"{where} is {raw!r}, expected a percentage above 0 and at most 100")
    return found


def share(where: str, raw: object, *, least: float = 0.0) -> float:
    """From `least` (not included) to 1."""
    found = _decimal(raw)
    if found is None or not least < found <= 1:
        raise SettingsError(f"{where} is {raw!r}, expected a share above {least:g} and at most 1")
    return float(found)


def margin(where: str, raw: object) -> Decimal:
    """0 to below 1."""
    found = _decimal(raw)
    if found is None or not 0 <= found < 1:
        raise SettingsError(f"{where} is {raw!r}, expected a share of the price from 0 to below 1")
    return found


def whole(where: str, raw: object, least: int, most: int) -> int:
    """A whole number within bounds."""
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
        raise SettingsError(f"{where} is {raw!r}, expected a whole number from {least} to {most}")
    return raw


def boolean(where: str, raw: object) -> bool:
    """true or false."""
    if not isinstance(raw, bool):
        raise SettingsError(f"{where} is {raw!r}, expected true or false")
    return raw


def texts(where: str, raw: object) -> frozenset[str]:
    """A list of texts; numbers stand for their digits, since ids of shops often are."""
    if isinstance(raw, list) and len(raw) <= LIST_MAX:
        plain = [str(one) if type(one) is int else one for one in raw]
        if all(isinstance(one, str) and 0 < len(one) <= TEXT_MAX for one in plain):
            return frozenset(plain)
    raise SettingsError(f"{where} is {raw!r}, expected a list of at most {LIST_MAX} ids or values")


def moment(where: str, raw: object) -> float:
    """RFC 3339 with an offset, as text or as a time of TOML, in seconds since the epoch."""
    found = raw
    if isinstance(raw, str):
        try:
            found = datetime.fromisoformat(raw)
        except ValueError:
            found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        told = raw.isoformat() if isinstance(raw, datetime) else repr(raw)
        raise SettingsError(f"{where} is {told}, expected a time with an offset like 2026-11-27T00:00:00+01:00")
    return found.astimezone(UTC).timestamp()


def day(where: str, raw: object) -> date:
    """A date, as text or as a date of TOML."""
    if isinstance(raw, str):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    raise SettingsError(f"{where} is {raw!r}, expected a date like 2026-10-01")


def _decimal(raw: object) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    try:
        found = Decimal(str(raw))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
