"""Judgments: which rows of a list were answered and how well, from clicks and from what followed them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from personalize.domain.correction import is_undone
from personalize.domain.event import Event

Scalar = TypeVar("Scalar", bound=np.generic)

CLICK, CART, PURCHASE = 1, 2, 3  # grades; 0 is a row that was shown and not answered
GAINS = (0, 1, 2, 4)  # what a grade is worth in training
DAY = 86_400.0
CLICK_WINDOW = DAY  # seconds after its list within which a click answers it
FOLLOW_WINDOW = 7 * DAY  # seconds after its list within which a cart or an order raises a click's grade
REFUND_WINDOW = 60 * DAY  # seconds after its list within which a return takes the grade away
ROBOT_CLICKS, ROBOT_SECONDS = 60, 60.0  # so many clicks in so little time are nobody's choice
FULL_LISTS = 50  # answered lists of one visitor that count in full; of n lists each counts as this over n
KINDS: Mapping[str, int] = MappingProxyType(
    {"add_to_cart": 0, "begin_checkout": 0, "purchase": 1, "refund": 2, "not_interested": 3}
)
_CART, _BOUGHT, _RETURNED, _REFUSED, _AGAIN = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """How the n rows of a list were answered.

    `clicked` bool (n,): by a `select_item`. `grade` int8 (n,): `CLICK`, `CART` or `PURCHASE` for clicked rows, 0 for
    others and where all was returned. `refused` bool (n,): returned, or told to be of no interest. `weight` in (0, 1]
    is what the list counts; `unknown` clicks were on items that the list does not hold.
    """

    clicked: NDArray[np.bool_]
    grade: NDArray[np.int8]
    refused: NDArray[np.bool_]
    weight: float
    unknown: int


def unanswered(rows: int) -> Answer:
    """The answer to a list of so many rows that nobody clicked in."""
    return Answer(np.zeros(rows, bool), np.zeros(rows, np.int8), np.zeros(rows, bool), 0.0, 0)


class Marks:
    """What judgments need of events, in flat arrays: ids as 64-bit digests, times in epoch seconds."""

    def __init__(self) -> None:
        self.lists, self.items, self.visitors, self.at = array("Q"), array("Q"), array("Q"), array("d")
        self.keys, self.key_at, self.kinds = array("Q"), array("d"), array("b")

    def note(self, event: Event) -> None:
        """Note a click that answers a list, or what a visitor did with an item."""
        who = event.visitor or event.session or ""
        if event.event == "select_item":
            if event.list_event_id is not None:
                for item in event.items:
                    self.lists.append(digest(event.list_event_id))
                    self.items.append(digest(item.item_id))
                    self.visitors.append(digest(who))
                    self.at.append(event.at)
        elif who and (kind := KINDS.get(event.event)) is not None:
            kind = _AGAIN if is_undone(event) else kind
            for item in event.items:
                self.keys.append(digest(who, item.item_id))
                self.key_at.append(event.at)
                self.kinds.append(kind)


class Judgments:
    """Looks up the answer of a list. `noted` counts clicks that answer nothing, by reason."""

    def __init__(self, marks: Marks, lists: NDArray[np.uint64], shown_at: NDArray[np.float64]) -> None:
        """`lists` are the digests of all lists of the log and `shown_at` their times, both (m,)."""
        self.noted: Counter[str] = Counter()
        clicked, at = _array(marks.lists, np.uint64), _array(marks.at, np.float64)
        visitors, items = _array(marks.visitors, np.uint64), _array(marks.items, np.uint64)
        human = ~np.isin(visitors, _robots(visitors, at))
        by_id = np.argsort(lists)
        place = np.minimum(np.searchsorted(lists, clicked, sorter=by_id), max(len(lists) - 1, 0))
        row = by_id[place] if len(lists) else np.zeros(len(clicked), np.int64)
        known = lists[row] == clicked if len(lists) else np.zeros(len(clicked), bool)
        late = known.copy()
        late[known] = np.abs(at[known] - shown_at[row[known]]) > CLICK_WINDOW
        for reason, mask in (("ORPHAN_CLICK", ~known), ("LATE_CLICK", late), ("ROBOT", known & ~late & ~human)):
            if mask.any():
                self.noted[reason] = int(mask.sum())
        kept = np.flatnonzero(known & ~late & human)
        kept = kept[np.argsort(clicked[kept], kind="stable")]
        self._lists, self._items, self._visitors = clicked[kept], items[kept], visitors[kept]
        pairs = np.unique(np.stack([self._visitors, self._lists]), axis=1)
        self._answering, self._answered = np.unique(pairs[0], return_counts=True)
        keys = _array(marks.keys, np.uint64)
        order = np.argsort(keys, kind="stable")
        self._keys, self._kinds = keys[order], _array(marks.kinds, np.int8)[order]
        self._key_at = _array(marks.key_at, np.float64)[order]
        self._refusals = bool((self._kinds == _REFUSED).any())

    def answered(self, lists: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of the lists (m,), by the digests of their ids, a click answers."""
        return np.isin(lists, self._lists)

    def of(self, event: Event, ids: tuple[str, ...]) -> Answer | None:
        """How the rows `ids` of a list were answered; None where no click answers it."""
        name = np.uint64(digest(event.event_id))
        first, end = np.searchsorted(self._lists, name), np.searchsorted(self._lists, name, "right")
        if first == end:
            return None
        wanted = set(self._items[first:end].tolist())
        clicked = np.array([digest(item) in wanted for item in ids], bool)
        grade = clicked.astype(np.int8)
        refused = np.zeros(len(ids), bool)
        who = event.visitor or event.session or ""
        for row in np.flatnonzero(clicked | self._refusals).tolist() if who and len(self._keys) else ():
            grade[row], refused[row] = self._followed(who, ids[row], event.at, int(grade[row]))
        number = np.searchsorted(self._answering, self._visitors[first])
        weight = min(1.0, FULL_LISTS / int(self._answered[number])) if who else 1.0
        return Answer(clicked, grade, refused, weight, len(wanted) - int(clicked.sum()))

    def _followed(self, who: str, item: str, at: float, grade: int) -> tuple[int, bool]:
        """The grade that what followed makes of a row's `grade`, and whether the visitor turned the item down."""
        key = np.uint64(digest(who, item))
        rows = slice(np.searchsorted(self._keys, key), np.searchsorted(self._keys, key, "right"))
        since, kinds = self._key_at[rows] - at, self._kinds[rows]
        soon, refused = (since >= 0) & (since <= FOLLOW_WINDOW), False
        if grade and (kinds[soon] == _BOUGHT).any():
            grade = PURCHASE
            refused = bool((kinds[(since >= 0) & (since <= REFUND_WINDOW)] == _RETURNED).any())
        elif grade and (kinds[soon] == _CART).any():
            grade = CART
        refused = refused or _turned_down(since, kinds, soon)
        return (0, True) if refused else (grade, False)


def _turned_down(since: NDArray[np.float64], kinds: NDArray[np.int8], soon: NDArray[np.bool_]) -> bool:
    """Whether a "not this" that came `soon` still stands: none taken back later, whenever that was."""
    told = since[soon & (kinds == _REFUSED)]
    return bool(len(told)) and not bool((since[kinds == _AGAIN] >= told.max()).any())


def digest(*parts: str) -> int:
    """64 bits that stand for an id: of 50 million ids, two share one with a chance of about 1 in 15,000."""
    return int.from_bytes(blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "little")


def _robots(visitors: NDArray[np.uint64], at: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Visitors who clicked `ROBOT_CLICKS` times within `ROBOT_SECONDS`."""
    order = np.lexsort((at, visitors))
    who, when = visitors[order], at[order]
    step = ROBOT_CLICKS - 1
    if len(who) <= step:
        return np.zeros(0, np.uint64)
    fast = (who[step:] == who[:-step]) & (when[step:] - when[:-step] < ROBOT_SECONDS)
    return np.unique(who[step:][fast])


def _array(values: array[int] | array[float], kind: type[Scalar]) -> NDArray[Scalar]:
    return np.frombuffer(values, kind) if len(values) else np.zeros(0, kind)
