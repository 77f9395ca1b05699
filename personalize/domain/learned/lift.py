"""Lift: which properties of items draw more clicks in a situation than they do at all, in a table of fixed size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from personalize.domain.learned.rates import Keys, Rates, Slots
from personalize.domain.learned.rates import Saved as SavedRates
from personalize.domain.tokens import MAX_WORD

BITS = 16  # of the number of counters; two pairs that share one are the noise that the bound costs
MAX_KEYS = 8  # facts of a situation that are read, by name
MAX_ITEMS = 20_000  # items whose properties are remembered from the lists that showed them
MAX_LISTS = 2_048  # lists whose situation is remembered for their clicks
PRIOR = 10.0  # expected clicks that weigh as much as "no lift"


class Lift:
    """Expected and met clicks of each property, in each situation and in all that is told of one.

    Words only: numbers of a situation have no table of their own. Nothing is held before the first list that bears a
    situation, then about 0.5 MiB, and what `MAX_ITEMS` items bear.
    """

    def __init__(self) -> None:
        self._rates = Rates(BITS)
        self._items: dict[str, bytes] = {}
        self._lists: dict[str, tuple[int, ...]] = {}

    def show(
        self, name: str, items: Mapping[str, bytes], rates: NDArray[np.float64], context: Mapping[str, object],
        at: float,
    ) -> None:  # fmt: skip
        """Note a list: per item its packed tokens, and with `rates` (n,) the clicks that its place makes expect."""
        facts = situation(context)
        if not facts:
            return
        self._items.update(items)
        if (excess := len(self._items) - MAX_ITEMS) > 0:
            for item in list(islice(self._items, excess)):
                del self._items[item]
        self._lists[name] = facts
        if len(self._lists) > MAX_LISTS:
            del self._lists[next(iter(self._lists))]
        sizes = np.fromiter(map(len, items.values()), np.int64, len(items)) // 4
        tokens = np.frombuffer(b"".join(items.values()), "<u4")
        self._rates.expect(self._slots(tokens.astype(np.uint64), facts), np.repeat(rates, sizes), at)

    def click(self, name: str | None, item: str, context: Mapping[str, object], at: float) -> None:
        """Note a click on an item of the list `name`; in the situation of that list, where it is remembered."""
        packed = self._items.get(item)
        facts = self._lists.get(name) if name is not None else None
        facts = facts if facts is not None else situation(context)
        if self._rates and packed and facts:
            self._rates.meet(self._slots(np.frombuffer(packed, "<u4").astype(np.uint64), facts), 1.0, at)

    def of(self, tokens: Sequence[int], context: Mapping[str, object], at: float) -> NDArray[np.float64]:
        """Per property, (t,): the log of its click rate in this situation over its rate in all, summed over the facts.

        0.0 where nothing is known; smoothed by `PRIOR`.
        """
        facts = situation(context)
        if not self._rates or not facts or not len(tokens):
            return np.zeros(len(tokens))
        expected, clicked = self._rates.read(self._slots(np.asarray(tokens, np.uint64), facts), at)
        rate = (clicked[0] + PRIOR) / (expected[0] + PRIOR)
        here = (clicked[1:] + PRIOR * rate) / (expected[1:] + PRIOR)
        found: NDArray[np.float64] = np.log(here / rate).sum(axis=0)
        return found

    def to_saved(self) -> Saved:
        """As plain values: nothing is lost by a restart."""
        return Saved(self._rates.to_saved(), list(self._items), list(self._items.values()), self._lists)

    @staticmethod
    def from_saved(saved: Saved) -> Lift:
        """Back from `to_saved`; ValueError where sizes do not fit."""
        found = Lift()
        found._rates = Rates.from_saved(saved.rates, BITS)
        found._items = dict(zip(saved.items, saved.tokens, strict=True))
        found._lists = dict(saved.lists)
        return found

    def _slots(self, tokens: Keys, facts: tuple[int, ...]) -> Slots:
        """The counters of each property, (1 + facts, t): in all situations first, then in each."""
        return self._rates.slots(tokens, _column(facts))


class Saved(msgspec.Struct, array_like=True):
    """A `Lift` as plain values."""

    rates: SavedRates
    items: list[str] = []
    tokens: list[bytes] = []
    lists: dict[str, tuple[int, ...]] = {}


@lru_cache(maxsize=512)  # visitors share few situations; one is a tuple of `MAX_KEYS` numbers at most
def _column(facts: tuple[int, ...]) -> Keys:
    """The keys of what is counted in a situation, (1 + facts, 1): 0 for all situations first, then each fact."""
    found = np.array((0, *facts), np.uint64)[:, None]
    found.flags.writeable = False
    return found


def situation(context: Mapping[str, object]) -> tuple[int, ...]:
    """A number for each fact of a situation that is a word or a truth; of `MAX_KEYS` names, in their order."""
    if not context:
        return ()
    told = [(key, value) for key, value in context.items() if isinstance(value, (str, bool))]
    return tuple(
        crc32(f"{key}\x1f{value}".encode()) | 1 << 32
        for key, value in sorted(told)[:MAX_KEYS]
        if not isinstance(value, str) or len(value) <= MAX_WORD
    )
