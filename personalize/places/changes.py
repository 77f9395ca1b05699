"""New stock onto old: the latest observation of each row wins, and what changed is told as events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from secrets import token_hex

from personalize.domain.event import Event, EventItem
from personalize.domain.places.stock import MAX_ROWS, StockRow
from personalize.errors import PlaceError

FORGET_SECONDS = 90 * 86_400.0
"""What nobody observed for so long is forgotten."""
MAX_CHANGES = 20_000
"""Changes of one refresh that are told; those from none to some and back come first."""
PER_EVENT = 200


@dataclass(frozen=True, slots=True)
class Merged:
    """All rows from now on, those that changed as (before, after), and how many of the new ones were older."""

    rows: list[StockRow]
    changed: list[tuple[StockRow, StockRow]]
    outdated: int


def merge(old: Iterable[StockRow], new: Sequence[StockRow], now: float) -> Merged:
    """New rows put over old ones. Raises PlaceError where there would be more than `MAX_ROWS`."""
    rows = {(row.store, row.variant): row for row in old if row.observed_at >= now - FORGET_SECONDS}
    changed, outdated = [], 0
    for row in new:
        before = rows.get((row.store, row.variant))
        if before is not None and before.observed_at > row.observed_at:
            outdated += 1
            continue
        if before is not None and before.quantity != row.quantity:
            changed.append((before, row))
        rows[row.store, row.variant] = row
    if len(rows) > MAX_ROWS:
        raise PlaceError(f"{len(rows)} rows of stock in all, {MAX_ROWS} are kept at most", code="STOCK_OVERSIZED")
    return Merged(list(rows.values()), changed, outdated)


def events_of(changed: Sequence[tuple[StockRow, StockRow]], now: float) -> Iterator[Event]:
    """`stock_change` events, each of one store with up to `PER_EVENT` items.

    An item has the product's id, its `variant`, how many there were (`before`) and are (`quantity`). Where more than
    `MAX_CHANGES` changed, `left_out` says how many are not told.
    """
    first = sorted(changed, key=lambda pair: bool(pair[0].quantity) == bool(pair[1].quantity))[:MAX_CHANGES]
    by_store: dict[str, list[EventItem]] = {}
    for before, row in first:
        item = EventItem(
            row.product, quantity=row.quantity, attributes={"variant": row.variant, "before": before.quantity}
        )
        by_store.setdefault(row.store, []).append(item)
    left_out = {"left_out": len(changed) - len(first)} if len(changed) > len(first) else {}
    for store, items in by_store.items():
        for start in range(0, len(items), PER_EVENT):
            some = tuple(items[start : start + PER_EVENT])
            yield Event("stock_change", token_hex(12), now, items=some, extra={"store": store, **left_out})
            left_out = {}
