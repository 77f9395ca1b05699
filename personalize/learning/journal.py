"""A journal: a log's events spooled to disk, each once and in time order, to be read often in little memory."""

from __future__ import annotations

import os
import tempfile
import time
import weakref
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event
from personalize.errors import EventError
from personalize.events.log import Report, read
from personalize.learning.judgments import Judgments, Marks, digest

FUTURE = 86_400.0  # seconds that a line may lie ahead of the clock of this machine
MAX_EVENTS = 50_000_000  # lines of one journal; 30 bytes of memory and 300 to 3,000 of disk each
MAX_CURRENCIES = 100  # that are told apart; lists in further ones are in none that most have
NAMING = frozenset({"select_item", "view_item", "add_to_cart", "purchase"})  # they tell little without items
SPOOL = 1 << 20  # bytes written at once
EVERY = 20_000  # lines between two tellings of progress
OF_NOBODY = frozenset({"stock_change"})  # events that have no visitor
_BOUGHT, _NO_ITEMS, _NO_LIST, _NO_VISITOR = 1, 2, 4, 8  # what one byte says of a line
_FLAGS = ((_NO_ITEMS, "NO_ITEMS"), (_NO_VISITOR, "NO_VISITOR"), (_NO_LIST, "CLICK_NAMES_NO_LIST"))

Progress = Callable[[str, int], None]


class Journal:
    """Events in time order, iterable any number of times; how each list was answered is in `judgments`.

    The events lie in an unnamed file in the system's temporary folder (`TMPDIR`), which takes about as much room as
    the plain log. Memory holds 30 bytes an event and about 44 a click. `report` counts the lines that were dropped by
    reason, `noted` what was met and is no line dropped: lines out of order, clicks that answer nothing, and what lines
    say that cannot be used (`report.noted`). Both, and the order of lines, are told of all lines; the rest of `noted`,
    robots and judgments of the lines that are kept, each event id once.
    """

    def __init__(self, events: Iterable[Event], report: Report | None = None, now: float | None = None) -> None:
        """EventError where there are more than `MAX_EVENTS`."""
        self.report = Report() if report is None else report
        self.noted: Counter[str] = Counter()
        handle, name = tempfile.mkstemp(prefix="personalize-")
        os.unlink(name)
        weakref.finalize(self, os.close, handle)
        self._file = handle
        self.explored = False  # whether any list tells a draw of the strategy `exploring`
        ids, at, starts, rows = array("Q"), array("d"), array("q", [0]), array("i")
        flags, currencies = array("B"), array("B")
        codes: dict[str, int] = {}
        marks = Marks()
        latest, horizon = float("-inf"), (time.time() if now is None else now) + FUTURE
        buffer = bytearray()
        for event in events:
            if event.at > horizon:
                self.report.dropped["FUTURE"] += 1
                continue
            try:
                packed = _ENCODER.encode(event)
            except (TypeError, ValueError, OverflowError):  # a whole number beyond 64 bits, say
                self.report.dropped["UNREADABLE"] += 1
                continue
            if len(ids) >= MAX_EVENTS:
                raise EventError(
                    f"The log holds more than {MAX_EVENTS:,} events", code="LOG_TOO_LONG", hint="Give its newer part."
                )
            if event.at < latest:
                self.noted["UNSORTED"] += 1
            latest = max(latest, event.at)
            marks.note(event, len(ids))  # before it is known which lines are repeated: `_arrange` finds that for all
            self.explored = self.explored or "exploration" in event.extra
            ids.append(digest(event.event_id))
            at.append(event.at)
            rows.append(len(event.items) if event.event == "view_item_list" else -1)
            flags.append(_flags(event))
            currencies.append(_currency(event, codes))
            starts.append(starts[-1] + len(packed))
            buffer += packed
            if len(buffer) >= SPOOL:
                _write(handle, buffer)
                buffer.clear()
        _write(handle, buffer)
        self._starts = np.frombuffer(starts, np.int64)
        names, times = np.frombuffer(ids, np.uint64) if ids else _NO_IDS, np.frombuffer(at) if at else np.zeros(0)
        self._order = self._arrange(names, times)
        self._times = times
        kept = np.ones(len(names), bool)
        if len(self._order) < len(names):
            kept[:] = False
            kept[self._order] = True
        marked = np.frombuffer(flags, np.uint8) if flags else np.zeros(0, np.uint8)
        self._bought = (marked & _BOUGHT) > 0
        sizes = np.frombuffer(rows, np.int32) if rows else np.zeros(0, np.int32)
        shown = (sizes >= 0) & kept
        self.judgments = Judgments(marks, names[shown], times[shown], kept)
        self.noted += self.judgments.noted + self.report.noted
        self._note(marked[kept], np.frombuffer(currencies, np.uint8)[shown] if currencies else marked)
        answered = self.judgments.answered(names[shown])
        latest_first = np.argsort(-times[shown][answered], kind="stable")
        self._answered_at = times[shown][answered][latest_first]
        self._answered_rows = np.cumsum(sizes[shown][answered][latest_first], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Event]:
        return self._read(self._order)

    def purchases(self) -> Iterator[Event]:
        """The purchases alone, in time order: of a long log few lines, read at once."""
        return self._read(self._order[self._bought[self._order]])

    def told(self) -> dict[str, dict[str, int]]:
        """What was lost, by reason: lines in `dropped`, all else that was met in `noted`."""
        return {"dropped": dict(sorted(self.report.dropped.items())), "noted": dict(sorted(self.noted.items()))}

    def said(self) -> str:
        """`told` in a sentence's end, for errors."""
        told = self.told()
        return f"lines dropped: {told['dropped'] or 'none'}; met: {told['noted'] or 'nothing odd'}"

    def _note(self, flags: NDArray[np.uint8], currencies: NDArray[np.uint8]) -> None:
        """Count what the flags of the kept lines say, and the lists in another currency than most of them have."""
        counts = Counter({reason: int(((flags & flag) > 0).sum()) for flag, reason in _FLAGS})
        lists = np.bincount(currencies[currencies > 0])
        counts["CURRENCIES"] = int(lists.sum() - lists[: MAX_CURRENCIES + 1].max(initial=0))
        self.noted += counts

    def _read(self, rows: NDArray[np.int64]) -> Iterator[Event]:
        starts = self._starts
        for row in rows:
            start = int(starts[row])
            yield _DECODER.decode(os.pread(self._file, int(starts[row + 1]) - start, start))

    @property
    def span(self) -> tuple[float, float]:
        """The times of the first and the last event, epoch seconds; NaN where there is none."""
        if not len(self):
            return float("nan"), float("nan")
        return float(self._times[self._order[0]]), float(self._times[self._order[-1]])

    def newest(self, rows: int) -> tuple[float | None, int]:
        """From when on (epoch seconds; None: ever) answered lists hold at most `rows` rows, and how many are older."""
        kept = int(np.searchsorted(self._answered_rows, rows, "right"))
        older = len(self._answered_rows) - kept
        return (float(self._answered_at[max(kept - 1, 0)]) if older else None), older

    def _arrange(self, ids: NDArray[np.uint64], at: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rows in time order, each event id once (its first line)."""
        _, first = np.unique(ids, return_index=True)
        if len(first) < len(ids):
            self.report.dropped["REPEATED"] += len(ids) - len(first)
        first.sort()
        return first[np.argsort(at[first], kind="stable")].astype(np.int64)


def load(
    path: Path, until: float | None = None, report: Report | None = None, progress: Progress | None = None
) -> Journal:
    """The events of a log before `until` (epoch seconds), in time order, each event id once (its first line)."""
    report = Report() if report is None else report

    def told() -> Iterator[Event]:
        for number, event in enumerate(read(path, report)):
            if progress is not None and number % EVERY == 0:
                progress("events read", number)
            if until is None or event.at < until:
                yield event

    return Journal(told(), report)


def _flags(event: Event) -> int:
    found = _BOUGHT if event.event == "purchase" else 0
    if not event.items:
        found |= _NO_ITEMS if event.event in NAMING else 0  # kept: sessions count it, as they did when it happened
    elif event.event == "select_item" and event.list_event_id is None:
        found |= _NO_LIST
    return found if event.visitor or event.session or event.event in OF_NOBODY else found | _NO_VISITOR


def _currency(event: Event, codes: dict[str, int]) -> int:
    """A number from 1 on for the currency of a list, 0 where it is no list or says none."""
    if event.event != "view_item_list":
        return 0
    name = next((item.currency for item in event.items if item.currency), None)
    if name is None:
        return 0
    if name not in codes and len(codes) >= MAX_CURRENCIES:
        return MAX_CURRENCIES + 1
    return codes.setdefault(name, len(codes) + 1)


def _write(handle: int, data: bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
    left.release()


def _plain(value: Any) -> Any:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no value of an event")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
_NO_IDS = np.zeros(0, np.uint64)
_DECODER = msgspec.msgpack.Decoder(Event)
