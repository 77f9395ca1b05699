"""Reading stock from a file: CSV with store, variant, quantity and observed_at, every row checked."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, cast

from personalize.domain.places.stock import MAX_QUANTITY, MAX_ROWS, StockRow
from personalize.errors import PlaceError
from personalize.places.faults import Faults, unknown

COLUMNS = ("store", "variant", "quantity", "observed_at", "product")
NEEDED = COLUMNS[:4]
MAX_ID = 128
AHEAD = 300.0
"""Seconds that another's clock may go before ours."""


def read_stock(path: Path, stores: Collection[str], now: float) -> list[StockRow]:
    """The rows of a CSV file, plain or `.gz`, of stores that are known. Raises PlaceError that names each line.

    `observed_at` is RFC 3339 with an offset; `product` may be left out.
    """
    faults, rows, there = Faults(path), list[StockRow](), set[tuple[str, str]]()
    try:
        with _open(path) as file:
            for where, values in _lines(file, faults):
                try:
                    row = _row(values, stores, now)
                except ValueError as error:
                    faults.add(where, str(error))
                    continue
                if (row.store, row.variant) in there:
                    faults.add(where, f"variant {row.variant!r} of store {row.store!r} is there twice")
                there.add((row.store, row.variant))
                rows.append(row)
                if len(rows) > MAX_ROWS:
                    faults.add(where, f"more than {MAX_ROWS} rows")
                    break
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise PlaceError(f"{path} cannot be read: {error}", code="IMPORT_UNREADABLE") from error
    if not rows:
        faults.add("the file", "it holds no stock")
    faults.check()
    return rows


@contextmanager
def _open(path: Path) -> Iterator[IO[str]]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as packed:
            yield cast(IO[str], packed)
    else:
        with path.open(encoding="utf-8-sig", newline="") as plain:
            yield plain


def _lines(file: IO[str], faults: Faults) -> Iterator[tuple[str, list[str | None]]]:
    """(line, values in the order of COLUMNS)."""
    lines = csv.reader(file, strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        for name in header:
            if name not in COLUMNS:
                faults.add("line 1", unknown("column", name, COLUMNS))
        if missing := [name for name in NEEDED if name not in header]:
            faults.add("line 1", f"missing columns: {', '.join(missing)}")
        if len(header) != len(set(header)):
            faults.add("line 1", "a column is there twice")
        faults.check()
        places = [header.index(name) if name in header else None for name in COLUMNS]
        for values in lines:
            if not any(values):
                continue
            if len(values) != len(header):
                faults.add(f"line {lines.line_num}", f"{len(values)} values for {len(header)} columns")
                continue
            yield f"line {lines.line_num}", [None if at is None else values[at].strip() or None for at in places]
    except csv.Error as error:
        faults.add(f"line {lines.line_num}", f"no CSV: {error}")


def _row(values: list[str | None], stores: Collection[str], now: float) -> StockRow:
    """A row. Raises ValueError."""
    store, variant, quantity, observed, product = values
    if store not in stores:
        raise ValueError(f"store {store!r} is not known: name it in the settings, or import stores first")
    if variant is None or max(len(variant), len(product or "")) > MAX_ID:
        raise ValueError(f"`variant` and `product` have 1 to {MAX_ID} characters")
    if quantity is None or not (quantity.isascii() and quantity.isdigit()) or int(quantity[:12]) > MAX_QUANTITY:
        raise ValueError(f"`quantity` is {str(quantity)[:40]!r}, expected a whole number from 0 to {MAX_QUANTITY}")
    at = _moment(observed or "")
    if at is None:
        raise ValueError(f"`observed_at` is {str(observed)[:40]!r}, expected a time like 2026-03-01T09:00:00Z")
    if at > now + AHEAD:
        raise ValueError(f"`observed_at` is {observed}: that is still to come")
    assert store is not None
    return StockRow(store, variant, product or variant, int(quantity), min(at, now))


@lru_cache(maxsize=4_096)
def _moment(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text[:64])
        return found.timestamp() if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
