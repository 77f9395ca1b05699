"""Rates: clicks that were expected and clicks that were met, under many keys, in a table of fixed size that fades."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

HALF_LIFE = 14 * 86_400.0  # seconds until a count halves
REBASE = 20.0  # half lives after which weights start from one again

Keys = NDArray[np.uint64]
Slots = NDArray[np.int64]
Floats = NDArray[np.float64]


class Rates:
    """Two counters under each key; keys that share a slot of `2 ** bits` are the noise that the bound costs.

    Nothing is held before the first count, then 8 bytes a slot.
    """

    def __init__(self, bits: int) -> None:
        self.bits, self._shift = bits, np.uint64(64 - bits)
        self._tables: NDArray[np.float32] = np.zeros((2, 0), np.float32)
        self._start = 0.0

    def __bool__(self) -> bool:
        return self._tables.size > 0

    def slots(self, keys: Keys, other: Keys) -> Slots:
        """Where pairs of keys are counted; shapes broadcast."""
        mixed = (keys * _ODD) ^ (other * _OTHER)
        mixed *= _ODD
        mixed >>= self._shift
        return mixed.view(np.int64)  # `bits` of 64 are left, none of them the sign

    def expect(self, slots: Slots, counts: Floats | float, at: float) -> None:
        """Clicks are expected."""
        self._add(0, slots, counts, at)

    def meet(self, slots: Slots, counts: Floats | float, at: float) -> None:
        """Clicks are met."""
        self._add(1, slots, counts, at)

    def read(self, slots: Slots, at: float) -> tuple[Floats, Floats]:
        """Expected and met clicks as of `at`."""
        if not self:
            return np.zeros(slots.shape), np.zeros(slots.shape)
        expected, met = self._tables[:, slots] / self._weight(at)
        return expected, met

    def to_saved(self) -> Saved:
        """As plain values: nothing is lost by a restart."""
        return Saved(self._tables.tobytes(), self._start)

    @staticmethod
    def from_saved(saved: Saved, bits: int) -> Rates:
        """Back from `to_saved`; ValueError where sizes do not fit."""
        found = Rates(bits)
        tables = np.frombuffer(saved.tables, np.float32).reshape(2, -1).copy()
        if tables.shape[1] not in (0, 1 << bits):
            raise ValueError(f"{tables.shape[1]} counters of rates, expected {1 << bits}")
        found._tables, found._start = tables, saved.start
        return found

    def _weight(self, at: float) -> float:
        """What one count at `at` weighs: it grows, so that older counts need not be touched to fade."""
        return float(2.0 ** min((at - self._start) / HALF_LIFE, REBASE + 100.0))

    def _add(self, table: int, slots: Slots, counts: Floats | float, at: float) -> None:
        if not self:
            self._tables = np.zeros((2, 1 << self.bits), np.float32)
            self._start = at
        if (at - self._start) / HALF_LIFE > REBASE:
            self._tables *= np.float32(1.0 / self._weight(at))
            self._start = at
        weights = np.empty(slots.shape, np.float32)
        weights[...] = counts * self._weight(at)
        np.add.at(self._tables[table], slots.ravel(), weights.ravel())


class Saved(msgspec.Struct, array_like=True):
    """`Rates` as plain values."""

    tables: bytes = b""
    start: float = 0.0


_ODD, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
