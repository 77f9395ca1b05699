"""Paper: templates rendered with autoescape, numbers and times as people of each language write them, and assets."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from personalize.domain.offers.money import Money, exponent

HERE = Path(__file__).resolve().parent
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file that pages load: its bytes, media type and a mark that changes with them."""

    body: bytes
    kind: str
    mark: str


def _assets() -> dict[str, Asset]:
    found = {}
    for path in sorted((HERE / "static").iterdir()):
        if path.suffix in TYPES:
            body = path.read_bytes()
            found[path.name] = Asset(body, TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
    return found


ASSETS = _assets()


def asset(name: str) -> str:
    """The address of an asset; another one when its bytes change, so that browsers may keep it."""
    return f"/console/static/{name}?v={ASSETS[name].mark}"


def number(value: float | None, language: str, digits: int = 0) -> str:
    """1234.5 as `1,234.5` or `1.234,5`; a dash for what is not known."""
    if value is None or value != value:
        return "–"
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def percent(value: float | None, language: str, digits: int = 0, signed: bool = False) -> str:
    """A share (0..1) in per cent; `signed` for changes."""
    if value is None or value != value:
        return "–"
    shown = number(abs(value) * 100, language, digits)
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}{shown}\u202f%" if language == "de" else f"{sign}{shown}%"


def amount(one: Money, language: str) -> str:
    """Money without its currency: `1,234.50` or `1.234,50`."""
    return number(float(one.amount), language, exponent(one.currency))


def money(one: Money | None, language: str) -> str:
    """Money with its currency: `1,234.50 EUR` or `1.234,50 EUR`; a dash for none."""
    return "–" if one is None else f"{amount(one, language)}\u00a0{one.currency}"


def moment(at: float | None, language: str, zone: str = "UTC", seconds: bool = False) -> str:
    """Seconds since the epoch as a date and time of the shop's zone."""
    if at is None:
        return "–"
    when = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return when.strftime(f"%d.%m.%Y {clock}" if language == "de" else f"%Y-%m-%d {clock}")


def tick(at: float, language: str, zone: str, hours: bool) -> str:
    """A moment as short as an axis wants it: the day, or the time of day."""
    when = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    if hours:
        return when.strftime("%H:%M")
    return when.strftime("%d.%m.") if language == "de" else f"{when.day} {when:%b}"


ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
)  # fmt: skip
ENVIRONMENT.globals["asset"] = asset
