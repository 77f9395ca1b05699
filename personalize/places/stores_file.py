"""Reading stores from a file: GeoJSON (RFC 7946) or CSV, every value checked, all faults told at once."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from personalize.domain.places.hours import Hours, read_hours
from personalize.domain.places.shop_store import ID, MAX_STORES, Service, ShopStore
from personalize.errors import PlaceError
from personalize.places.faults import Faults, unknown

MAX_BYTES = 64 * 1024 * 1024
MAX_TEXT = 200
KEYS = ("id", "name", "city", "address", "timezone", "opening_hours", "services")
COLUMNS = ("id", "name", "latitude", "longitude", *KEYS[2:])
_TOP = ("type", "features", "bbox", "name")


def read_stores(path: Path) -> dict[str, ShopStore]:
    """The stores of a file (`.csv`, else GeoJSON) by id. Raises PlaceError that names each line or feature."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PlaceError(f"{path} has more than {MAX_BYTES} bytes", code="IMPORT_OVERSIZED")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaceError(f"{path} cannot be read: {error}", code="IMPORT_UNREADABLE") from error
    faults, found = Faults(path), dict[str, ShopStore]()
    rows = _csv(path, text, faults) if path.suffix.lower() == ".csv" else _features(path, text, faults)
    for where, raw in rows:
        try:
            store = _store(raw)
        except ValueError as error:
            faults.add(where, str(error))
            continue
        if store.id in found:
            faults.add(where, f"id {store.id!r} is there twice")
        found[store.id] = store
        if len(found) > MAX_STORES:
            faults.add(where, f"more than {MAX_STORES} stores")
            break
    if not found:
        faults.add("the file", "it holds no store")
    faults.check()
    return found


def _csv(path: Path, text: str, faults: Faults) -> Iterator[tuple[str, Mapping[str, object]]]:
    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        for name in header:
            if name not in COLUMNS:
                faults.add("line 1", unknown("column", name, COLUMNS))
        if missing := [name for name in COLUMNS[:4] if name not in header] or (len(header) != len(set(header))):
            faults.add("line 1", f"columns are missing or there twice: {missing or header}")
        faults.check()
        for values in lines:
            if not any(values):
                continue
            where = f"line {lines.line_num}"
            if len(values) != len(header):
                faults.add(where, f"{len(values)} values for {len(header)} columns")
                continue
            yield where, {name: value.strip() or None for name, value in zip(header, values, strict=True)}
    except csv.Error as error:
        faults.add(f"line {lines.line_num}", f"no CSV: {error}")


def _features(path: Path, text: str, faults: Faults) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise PlaceError(f"{path} is no JSON: {error}", code="IMPORT_INVALID") from error
    if not isinstance(raw, dict) or raw.get("type") != "FeatureCollection" or not isinstance(raw.get("features"), list):
        raise PlaceError(f"{path} is no GeoJSON FeatureCollection (RFC 7946)", code="IMPORT_INVALID")
    for key in raw:
        if key not in _TOP:
            faults.add("the file", unknown("key", key, _TOP))
    for number, feature in enumerate(raw["features"], 1):
        where = f"feature {number}"
        try:
            yield where, _flat(feature)
        except ValueError as error:
            faults.add(where, str(error))


def _flat(feature: Any) -> dict[str, object]:
    """A feature as one flat mapping. Raises ValueError."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise ValueError("it is no Feature")
    properties, geometry = feature.get("properties") or {}, feature.get("geometry")
    if not isinstance(properties, dict):
        raise ValueError("`properties` is no object")
    for key in properties:
        if key not in KEYS:
            raise ValueError(unknown("property", str(key), KEYS))
    point = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if not isinstance(point, list) or len(point) not in (2, 3):
        raise ValueError("`geometry` is no Point with longitude and latitude")
    own = {} if feature.get("id") is None else {"id": str(feature["id"])}
    return {**properties, **own, "longitude": point[0], "latitude": point[1]}


def _store(raw: Mapping[str, object]) -> ShopStore:
    """A store. Raises ValueError that names the key and what was expected."""
    identity = raw.get("id")
    if not isinstance(identity, str) or not ID.fullmatch(identity):
        raise ValueError(f"`id` is {identity!r}, expected up to 64 of a-z 0-9 _ . -, first a letter or digit")
    name = _text(raw, "name")
    if name is None:
        raise ValueError("`name` is missing")
    hours, zone = _text(raw, "opening_hours", 20_000), _text(raw, "timezone")
    if zone is not None:
        _zone(zone)
    return ShopStore(
        identity, name, _degrees(raw, "latitude", 90.0), _degrees(raw, "longitude", 180.0),
        city=_text(raw, "city"), address=_text(raw, "address"), timezone=zone,
        hours=None if hours is None else _hours(hours), services=_services(raw.get("services")),
    )  # fmt: skip


def _degrees(raw: Mapping[str, object], key: str, most: float) -> float:
    value = raw.get(key)
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not abs(number) <= most:  # NaN is not either
        hint = "; are latitude and longitude swapped?" if key == "latitude" and 90 < abs(number) <= 180 else ""
        raise ValueError(f"`{key}` is {value!r}, expected degrees from -{most:g} to {most:g}{hint}")
    return number


def _text(raw: Mapping[str, object], key: str, most: int = MAX_TEXT) -> str | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > most or not value.isprintable():
        raise ValueError(f"`{key}` is {str(value)[:40]!r}, expected up to {most} printable characters")
    return value.strip()


def _services(raw: object) -> frozenset[Service]:
    if raw is None:
        return frozenset({Service.COLLECT})
    words = raw.replace(",", " ").split() if isinstance(raw, str) else raw
    known = [str(one) for one in Service]
    if not isinstance(words, list) or any(word not in known for word in words):
        raise ValueError(f"`services` is {str(raw)[:60]!r}, expected some of: {', '.join(known)}")
    return frozenset(Service(word) for word in words)


@lru_cache(maxsize=1_024)
def _hours(text: str) -> Hours:
    try:
        return read_hours(text)
    except ValueError as error:
        raise ValueError(f"`opening_hours`: {error}") from None


@lru_cache(maxsize=1_024)
def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"`timezone` is {name!r}, expected a name like Europe/Berlin") from None
