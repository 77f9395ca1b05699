"""Checking what a client tells: one event of the input becomes a Telling, or a sentence that says what is wrong."""

from __future__ import annotations

import math
import re
from datetime import datetime

from personalize.domain.event import EventItem
from personalize.errors import EventError
from personalize.events.orders import ORDER_SECONDS
from personalize.events.told import Telling
from personalize.gateway.ours.inputs import EventInput, ItemInput

MAX_EVENTS = 50  # of one call
MAX_ITEMS = 200  # of one event
MAX_TEXT = 256  # characters
MAX_ID = 128  # characters of an item's id
MAX_PRICE = 1e9
MAX_QUANTITY = 1_000_000
MAX_INDEX = 100_000
RECENT_SECONDS = 86_400.0
ORDERS = frozenset({"purchase", "refund"})
"""Told of later than other events, by a server as often as not; they need more than a bare id."""

_WITHOUT_ITEMS = frozenset({"search", "begin_checkout", "purchase", "refund"})
_CURRENCY = re.compile(r"[A-Z]{3}")


def read(raw: EventInput, now: float) -> Telling:
    """The event told. Raises EventError (code `INVALID`) whose message names the field and what was expected."""
    event = raw.name.value
    if not raw.items and event not in _WITHOUT_ITEMS:
        raise _wrong(f"`items` is empty, {event} happens to one at least")
    if len(raw.items) > MAX_ITEMS:
        raise _wrong(f"`items` has {len(raw.items)} entries, expected {MAX_ITEMS} at most")
    if event == "search" and not (raw.search_term or "").strip():
        raise _wrong("`searchTerm` is missing, a search has one")
    if event in ORDERS and not raw.transaction_id:
        raise _wrong(f"`transactionId` is missing, a {event} has the shop's code of its order")
    return Telling(
        event,
        _at(raw.at, now, ORDER_SECONDS if event in ORDERS else RECENT_SECONDS),
        tuple(_item(item, f"items[{place}]") for place, item in enumerate(raw.items)),
        _text(raw.list_id, "listId"),
        _text(raw.list_path, "listPath"),
        _text(raw.search_term, "searchTerm"),
        _text(raw.transaction_id, "transactionId"),
        _text(raw.event_id, "eventId"),
    )


def _item(raw: ItemInput, where: str) -> EventItem:
    item_id = _text(raw.item_id, f"{where}.itemId", MAX_ID)
    assert item_id is not None
    price = raw.price
    if price is not None:
        if not (math.isfinite(price) and 0 <= price <= MAX_PRICE):
            raise _wrong(f"`{where}.price` is {price:g}, expected 0 to {MAX_PRICE:.0f}")
        if raw.currency is None:
            raise _wrong(f"`{where}.currency` is missing, a price has one")
        price = round(price, 4)
    if raw.currency is not None and not _CURRENCY.fullmatch(raw.currency):
        raise _wrong(f"`{where}.currency` is {raw.currency[:20]!r}, expected three letters like EUR")
    index = _whole(raw.index, f"{where}.index", 0, MAX_INDEX)
    return EventItem(
        item_id, index, None, price, raw.currency, _whole(raw.quantity, f"{where}.quantity", 1, MAX_QUANTITY)
    )


def _whole(value: int | None, where: str, least: int, most: int) -> int | None:
    if value is not None and not least <= value <= most:
        raise _wrong(f"`{where}` is {value}, expected {least} to {most}")
    return value


def _text(value: str | None, where: str, most: int = MAX_TEXT) -> str | None:
    if value is None:
        return None
    if not value.strip() or len(value) > most:
        raise _wrong(f"`{where}` has {len(value)} characters, expected 1 to {most} that are not all blank")
    return value


def _at(value: str | None, now: float, back: float) -> float:
    """The time told; one ahead of ours is now, since clocks differ."""
    if value is None:
        return now
    try:
        found = datetime.fromisoformat(value[:64])
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _wrong(f"`at` is {value[:40]!r}, expected a time with an offset like 2026-03-01T09:00:00Z")
    at = found.timestamp()
    if at < now - back:
        raise _wrong(f"`at` is {value[:40]!r}, expected the last {back / 3600:.0f} hours")
    return min(at, now)


def _wrong(message: str) -> EventError:
    return EventError(message, code="INVALID", hint="mend the event and send it again; the others were taken")
