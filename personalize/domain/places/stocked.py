"""What a decision may ask of the stock: which items a store has. Bound to the stock that is known at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Stocked(Protocol):
    """Held in memory; what it says changes only when other stock is taken into use."""

    def has(self, store: str, products: Sequence[str], since: float) -> NDArray[np.bool_]:
        """Whether a store has each product, (n,), as seen at `since` (epoch seconds) or later."""
        ...

    def called(self, store: str) -> str | None:
        """A store's name, None where nobody knows the store."""
        ...
