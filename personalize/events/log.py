"""The event log: JSON Lines (plain or .gz) to Events and back, and what was lost on the way, by reason."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import msgspec
import orjson

from personalize.domain.event import NOTHING, Event, EventItem
from personalize.errors import EventError

MAX_LINE = 4 * 1024 * 1024  # bytes; a longer line is dropped
LATEST = 253_402_300_800.0  # epoch seconds of the year 10000, which no line can say
MAX_ITEMS = 1000  # items of one event; more are cut off
_EVENT_KEYS = frozenset(
    {"event", "event_id", "at", "visitor", "session", "context", "items", "list_event_id", "list_id", "search_term",
     "transaction_id"}
)  # fmt: skip
_ALL_BUT_ITEMS = _EVENT_KEYS - {"items"}
_ITEM_KEYS = frozenset({"item_id", "index", "shop_index", "price", "currency", "quantity", "item_name"})


@dataclass
class Report:
    """How many lines were read and kept, how many were dropped why, and what was `noted` in lines that were kept.

    `noted` counts what a line says that cannot be used, and that the event therefore lacks; see `parse`.
    """

    lines: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)


def parse(line: bytes, noted: Counter[str] | None = None) -> Event:
    """One line as an Event; EventError says what is wrong with it. Unknown keys are kept in `extra`.

    What the line says and the event cannot hold is left out and counted in `noted`: entries of `items` without a usable
    `item_id` (NO_ITEM_ID), items beyond `MAX_ITEMS` (ITEMS_CUT), prices that are no number from 0 on (BAD_PRICE),
    positions and quantities that are none (BAD_NUMBER), ids, names and terms that are neither text nor a whole number
    (BAD_TEXT), a `context` that is no object (BAD_CONTEXT), `items` that are no list (BAD_ITEMS).
    """
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise EventError("the line is not JSON", code="NOT_JSON") from None
    if not isinstance(raw, dict):
        raise EventError("the line is not a JSON object", code="NOT_AN_OBJECT")
    name, event_id = raw.get("event"), raw.get("event_id")
    if not (isinstance(name, str) and name):
        raise EventError("`event` is missing", code="NO_EVENT")
    if not (isinstance(event_id, str) and event_id):
        raise EventError("`event_id` is missing", code="NO_EVENT_ID")
    at, context, items = _at(raw.get("at")), raw.get("context"), raw.get("items")
    kept = _EVENT_KEYS
    if context is not None and not isinstance(context, dict):
        context = None
        _note(noted, "BAD_CONTEXT")
    if items is not None and not isinstance(items, list):
        items = None
        _note(noted, "BAD_ITEMS")
    read = _items(items, noted) if items else ()
    if raw.get("items") and not read:
        kept = _ALL_BUT_ITEMS  # what shows nothing because it cannot be read is not a list without a result
    return Event(
        event=name,
        event_id=event_id,
        at=at,
        visitor=_text(raw.get("visitor"), noted),
        session=_text(raw.get("session"), noted),
        context=NOTHING if context is None else context,
        items=read,
        list_event_id=_text(raw.get("list_event_id"), noted),
        list_id=_text(raw.get("list_id"), noted),
        search_term=_text(raw.get("search_term"), noted),
        transaction_id=_text(raw.get("transaction_id"), noted),
        extra={key: value for key, value in raw.items() if key not in kept} or NOTHING,
    )


class _List(msgspec.Struct):
    """What is told of a list beside what it showed."""

    event: str
    event_id: Annotated[str, msgspec.Meta(min_length=1)]
    at: str
    visitor: str | int | None = None
    session: str | int | None = None
    search_term: str | int | None = None
    items: msgspec.Raw = msgspec.Raw()
    assignments: dict[str, object] | None = None
    exposed: list[object] | None = None
    overridden: list[object] | None = None
    latency_ms: object = None
    account: object = None


_LISTS = msgspec.json.Decoder(_List)
_KEPT = ("assignments", "exposed", "overridden", "latency_ms", "account")


def skim(line: bytes) -> Event:
    """As `parse`, several times faster: of a list that showed something, items and most of `extra` are left out.

    What experiments are read from is there.
    """
    try:
        raw = _LISTS.decode(line)
    except msgspec.DecodeError:
        return parse(line)
    if raw.event != "view_item_list" or not bytes(raw.items).startswith(b"[{"):
        return parse(line)
    extra = {key: value for key in _KEPT if (value := getattr(raw, key)) is not None}
    return Event(
        raw.event, raw.event_id, _at(raw.at), _text(raw.visitor), _text(raw.session),
        search_term=_text(raw.search_term), extra=extra or NOTHING,
    )  # fmt: skip


def dump(event: Event) -> bytes:
    """The Event as one line with its newline; `at` in milliseconds, UTC. Missing values are left out.

    EventError where a value cannot be written (nested too deep, say).
    """
    raw: dict[str, object] = {
        "event": event.event,
        "event_id": event.event_id,
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    for key in ("visitor", "session", "list_event_id", "list_id", "search_term", "transaction_id"):
        if (value := getattr(event, key)) is not None:
            raw[key] = value
    if event.context:
        raw["context"] = dict(event.context)
    if event.items:
        raw["items"] = [_dump_item(item) for item in event.items]
    try:
        return orjson.dumps({**raw, **event.extra}) + b"\n"
    except TypeError as error:  # nested too deep, or a number beyond 64 bits
        raise EventError(f"The event {event.event_id!r} cannot be written: {error}", code="UNREADABLE") from None


def read(path: Path, report: Report | None = None) -> Iterator[Event]:
    """Stream the events of a log in the order of the file; what is lost is counted in `report` by code.

    EventError where the file cannot be read or is no valid gzip.
    """
    report = Report() if report is None else report
    try:
        with _open(path, "rb") as file:
            while line := file.readline(MAX_LINE + 1):
                if not line.strip():
                    continue
                report.lines += 1
                if len(line) > MAX_LINE:
                    report.dropped["LINE_TOO_LONG"] += 1
                    while not line.endswith(b"\n") and (line := file.readline(MAX_LINE + 1)):
                        pass
                    continue
                try:
                    event = parse(line, report.noted)
                except EventError as error:
                    report.dropped[error.code] += 1
                    continue
                report.kept += 1
                yield event
    except (OSError, EOFError) as error:  # gzip.BadGzipFile is an OSError, a cut file an EOFError
        raise EventError(
            f"The event log {path} cannot be read: {error}",
            code="LOG_UNREADABLE",
            hint="Give the path of a JSON Lines file, plain or .gz.",
        ) from error


def write(path: Path, events: Iterable[Event]) -> int:
    """Write events as a log, gzipped if the name ends in .gz; returns how many."""
    count = 0
    with _open(path, "wb") as file:
        for event in events:
            file.write(dump(event))
            count += 1
    return count


@contextmanager
def _open(path: Path, mode: str) -> Iterator[BinaryIO]:
    with path.open(mode) as plain:
        if path.suffix == ".gz":
            # A fixed time stamp makes equal logs equal files.
            with gzip.GzipFile(fileobj=cast(BinaryIO, plain), mode=mode, compresslevel=6, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield cast(BinaryIO, plain)


def _at(value: object) -> float:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None and 0.0 <= found.timestamp() < LATEST:
            return found.timestamp()
    raise EventError(f"`at` is no RFC 3339 time with an offset, from 1970 on: {str(value)[:40]!r}", code="NO_TIME")


def _note(noted: Counter[str] | None, reason: str, count: int = 1) -> None:
    if noted is not None:
        noted[reason] += count


def _text(value: object, noted: Counter[str] | None = None) -> str | None:
    """Ids of logs are often numbers; they mean the same as their digits."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None:
        _note(noted, "BAD_TEXT")
    return None


def _number(value: object) -> float | None:
    if isinstance(value, str):  # decimals are often written as strings
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _whole(value: object, noted: Counter[str] | None) -> int | None:
    if value is None or value == "":
        return None
    found = _number(value)
    if found is not None and 0 <= found < 1e9:
        return int(found)
    _note(noted, "BAD_NUMBER")
    return None


def _price(value: object, noted: Counter[str] | None) -> float | None:
    if value is None or value == "":
        return None
    found = _number(value)
    if found is not None and found >= 0:
        return found
    _note(noted, "BAD_PRICE")
    return None


def _items(raw: list[object], noted: Counter[str] | None) -> tuple[EventItem, ...]:
    items = []
    if len(raw) > MAX_ITEMS:
        _note(noted, "ITEMS_CUT", len(raw) - MAX_ITEMS)
    for entry in raw[:MAX_ITEMS]:
        if not isinstance(entry, Mapping) or (item_id := _text(entry.get("item_id"))) is None:
            _note(noted, "NO_ITEM_ID")
            continue
        rest = {key: value for key, value in entry.items() if key not in _ITEM_KEYS} or NOTHING
        items.append(
            EventItem(
                item_id, _whole(entry.get("index"), noted), _whole(entry.get("shop_index"), noted),
                _price(entry.get("price"), noted), _text(entry.get("currency"), noted),
                _whole(entry.get("quantity"), noted), rest, _text(entry.get("item_name"), noted),
            )
        )  # fmt: skip
    return tuple(items)


def _dump_item(item: EventItem) -> dict[str, object]:
    raw: dict[str, object] = {"item_id": item.item_id}
    if item.index is not None:  # each by name: a loop over names takes half as long again, of every row of every list
        raw["index"] = item.index
    if item.shop_index is not None:
        raw["shop_index"] = item.shop_index
    if item.price is not None:
        raw["price"] = item.price
    if item.currency is not None:
        raw["currency"] = item.currency
    if item.quantity is not None:
        raw["quantity"] = item.quantity
    if item.title is not None:
        raw["item_name"] = item.title
    raw.update(item.attributes)
    return raw
