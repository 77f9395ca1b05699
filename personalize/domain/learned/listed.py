"""Listed: which items draw clicks in one list (a search, a category) beside what they draw in all, bounded."""

from __future__ import annotations

from collections.abc import Collection
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from personalize.domain.learned.rates import Keys, Rates, Slots
from personalize.domain.learned.rates import Saved as SavedRates

BITS = 18  # of the number of counters: two pairs of list and item that share one are noise; 2 MiB in all
MAX_LISTS = 4_096  # lists shown whose name is remembered for their clicks
PRIOR = 3.0  # expected clicks that weigh as much as the item's rate in all


class Listed:
    """Expected and met clicks of each item in each list by `list_id`."""

    def __init__(self) -> None:
        self._rates = Rates(BITS)
        self._shown: dict[str, int] = {}

    def show(self, event_id: str, list_id: str, items: Keys, rates: NDArray[np.float64], at: float) -> None:
        """Note a list: by `item_keys`, with `rates` (n,) the clicks that the places of its items make expect."""
        key = crc32(list_id.encode())
        self._shown[event_id] = key
        if len(self._shown) > MAX_LISTS:
            del self._shown[next(iter(self._shown))]
        self._rates.expect(self._slots(key, items), rates, at)

    def click(self, event_id: str | None, item: str, at: float) -> None:
        """Note a click on an item of the list that was shown under `event_id`."""
        key = self._shown.get(event_id) if event_id is not None else None
        if key is not None:
            self._rates.meet(self._slots(key, item_keys([item])), 1.0, at)

    def lift(self, list_id: str, ids: Collection[str], rate: NDArray[np.float64], at: float) -> NDArray[np.float64]:
        """The log of each item's clicks per expected one in this list over `rate` (n,), those in all; 0.0 unknown."""
        if not list_id or not self._rates:
            return np.zeros(len(ids))
        expected, met = self._rates.read(self._slots(crc32(list_id.encode()), item_keys(ids)), at)
        found: NDArray[np.float64] = np.log((met + PRIOR * rate) / (expected + PRIOR) / rate)
        return found

    def to_saved(self) -> Saved:
        """As plain values: nothing is lost by a restart."""
        return Saved(self._rates.to_saved(), self._shown)

    @staticmethod
    def from_saved(saved: Saved) -> Listed:
        """Back from `to_saved`; ValueError where sizes do not fit."""
        found = Listed()
        found._rates, found._shown = Rates.from_saved(saved.rates, BITS), dict(saved.shown)
        return found

    def _slots(self, key: int, items: Keys) -> Slots:
        return self._rates.slots(items, np.array([key], np.uint64))


def item_keys(ids: Collection[str]) -> Keys:
    """What items are counted by, (n,)."""
    return np.fromiter(map(crc32, map(str.encode, ids)), np.uint64, len(ids))


class Saved(msgspec.Struct, array_like=True):
    """`Listed` as plain values."""

    rates: SavedRates
    shown: dict[str, int] = {}
