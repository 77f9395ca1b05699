"""What stands at the end of an order on purpose, and stays there whatever bends that order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from personalize.domain.listing import Listing
from personalize.domain.visit import Visit


def sunk(order: NDArray[np.intp], listing: Listing, visit: Visit) -> int:
    """How many rows at the end of an order are there on purpose: refused, or bought and not due."""
    profile = visit.profile
    if profile is None or not (profile.rejected or profile.bought):
        return 0
    count = 0
    for row in order[::-1].tolist():
        if listing.ids[row] not in profile.rejected and listing.ids[row] not in profile.bought:
            break
        count += 1
    return count
