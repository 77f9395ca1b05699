"""Examples: the judged lists of a log as one matrix, made by the feature path that serves, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event
from personalize.features.extract import extract
from personalize.features.schema import Schema
from personalize.learning.journal import Journal, Progress
from personalize.learning.judgments import digest
from personalize.learning.replay import Judged, replay

MATRIX_BYTES = 512 * 1024 * 1024  # of the matrix; when it is full, the oldest quarter leaves
REFUSED_WEIGHT = 3.0  # what a row that was turned down or sent back counts, beside one that was merely not chosen
CHUNK = 4_096  # rows moved at once
MAX_BUYERS = 200_000  # visitors whose purchases are compared
MAX_BOUGHT = 256  # items of each


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """m lists of r rows in all, in time order.

    `matrix` float32 (r, f), `grade` int8 (r,) as `judgments.GAINS` values them, `weight` float32 (r,), `sizes` (m,),
    `at` (m,) epoch seconds, `unit` int64 (m,) whose list it was. `place` float32 (r,) is where each row was shown,
    0-based: what a position explains of a
    click is no merit of the item.
    """

    matrix: NDArray[np.float32]
    grade: NDArray[np.int8]
    weight: NDArray[np.float32]
    sizes: NDArray[np.int64]
    at: NDArray[np.float64]
    place: NDArray[np.float32]
    unit: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sizes)

    def part(self, start: int, stop: int) -> Examples:
        """The lists from `start` to before `stop`; shares memory with the whole."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        rows = slice(int(ends[start]), int(ends[stop]))
        return Examples(
            self.matrix[rows], self.grade[rows], self.weight[rows], self.sizes[start:stop], self.at[start:stop],
            self.place[rows], self.unit[start:stop],
        )  # fmt: skip

    def lists(self, numbers: NDArray[np.int64], columns: Sequence[int]) -> Examples:
        """Some lists, in the order given, with some columns of the matrix alone; a copy."""
        sizes = self.sizes[numbers]
        first = np.cumsum(self.sizes)[numbers] - sizes
        rows = np.arange(int(sizes.sum())) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
        return Examples(
            self.matrix[rows[:, None], columns], self.grade[rows], self.weight[rows], sizes, self.at[numbers],
            self.place[rows], self.unit[numbers],
        )  # fmt: skip

    def narrowed(self, columns: Sequence[int]) -> Examples:
        """The same lists with some columns of the matrix alone; a copy."""
        return replace(self, matrix=np.ascontiguousarray(self.matrix[:, columns]))

    def narrow(self, columns: Sequence[int]) -> Examples:
        """The same as `narrowed` (columns ascend), in the memory of this one, which must not be used again."""
        wide, many = len(columns), self.matrix.shape[1]
        flat = self.matrix.reshape(-1)
        for start in range(0, len(self.matrix), CHUNK):  # what is written never reaches what is still to be read
            part = flat[start * many : (start + CHUNK) * many].reshape(-1, many)[:, columns]
            flat[start * wide : start * wide + part.size] = part.reshape(-1)
        return replace(self, matrix=flat[: len(self.matrix) * wide].reshape(-1, wide))


def collect(
    events: Iterable[Event], schema: Schema, progress: Progress | None = None, size: int = MATRIX_BYTES
) -> Examples:
    """All judged lists of a log, the newest ones where `size` bytes do not hold all.

    Lists of one row, and lists whose rows are all of one grade, teach nothing and are left out (`ONE_CLASS` in the
    journal's `noted`, where `events` is one).
    """
    journal = events if isinstance(events, Journal) else Journal(events)
    room = _Room(len(schema.names), size)
    # What there will be no room for is not even prepared: in a long log that is most of it, and most of the work.
    since, older = journal.newest(room.limit)
    alike = 0
    for judged in replay(journal, since, progress=progress):
        grade = judged.answer.grade
        if not len(grade) or grade.min() == grade.max():
            alike += 1
            continue
        event = judged.event
        rows = extract(judged.prepare(schema), judged.profile, event.session, event.context, event.at)
        unit = digest(event.visitor or event.session or event.event_id) >> 1
        room.add(rows, grade, _weights(judged), judged.shown(), event.at, unit)
    journal.noted += Counter({"ONE_CLASS": alike, "OLDEST_LISTS": room.dropped + older})
    return room.examples()


def _weights(judged: Judged) -> NDArray[np.float32]:
    weights = np.where(judged.answer.refused, REFUSED_WEIGHT, 1.0) * judged.answer.weight
    return weights.astype(np.float32)


class _Room:
    """Arrays made once for all rows they may ever hold; memory is taken as they fill."""

    def __init__(self, columns: int, size: int) -> None:
        self.limit = max(size // (4 * columns), 1_024)
        self._matrix = np.empty((self.limit, columns), np.float32)
        self._grade = np.empty(self.limit, np.int8)
        self._weight, self._place = np.empty(self.limit, np.float32), np.empty(self.limit, np.float32)
        self._sizes: list[int] = []
        self._at: list[float] = []
        self._unit: list[int] = []
        self._rows = 0
        self.dropped = 0

    def add(
        self, matrix: NDArray[np.float32], grade: NDArray[np.int8], weight: NDArray[np.float32],
        place: NDArray[np.float64], at: float, unit: int,
    ) -> None:  # fmt: skip
        count = len(matrix)
        if self._rows + count > self.limit:
            self._make_room(count)
        end = self._rows + count
        self._matrix[self._rows : end], self._grade[self._rows : end] = matrix, grade
        self._weight[self._rows : end], self._place[self._rows : end] = weight, place
        self._sizes.append(count)
        self._at.append(at)
        self._unit.append(unit)
        self._rows = end

    def _make_room(self, count: int) -> None:
        lists = gone = 0
        while gone < max(self.limit // 4, count):
            gone += self._sizes[lists]
            lists += 1
        left = self._rows - gone
        step = max(gone, 1)
        for start in range(0, left, step):  # piece by piece: numpy copies overlapping parts as a whole
            end = min(start + step, left)
            for column in (self._matrix, self._grade, self._weight, self._place):
                column[start:end] = column[start + gone : end + gone]
        del self._sizes[:lists], self._at[:lists], self._unit[:lists]
        self._rows, self.dropped = left, self.dropped + lists

    def examples(self) -> Examples:
        rows = slice(0, self._rows)
        return Examples(
            self._matrix[rows], self._grade[rows], self._weight[rows],
            np.array(self._sizes, np.int64), np.array(self._at, np.float64), self._place[rows],
            np.array(self._unit, np.int64),
        )  # fmt: skip


def repeat_share(events: Iterable[Event]) -> float | None:
    """Share of bought items that the visitor had bought before, of visitors' later purchases; None below 50 of them."""
    owned: dict[str, set[int]] = {}
    repeated = total = 0
    for event in events:
        if event.event != "purchase" or event.visitor is None:
            continue
        before = owned.get(event.visitor)
        if before is None:
            if len(owned) >= MAX_BUYERS:
                continue
            before = owned[event.visitor] = set()
        bought = [digest(item.item_id) for item in event.items]
        if before:
            total += len(bought)
            repeated += sum(item in before for item in bought)
        before.update(bought[: MAX_BOUGHT - len(before)])
    return repeated / total if total >= 50 else None
