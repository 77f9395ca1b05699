"""Orders as a promise remembers them: short hashes, so that one that is told twice counts once."""

from __future__ import annotations

from hashlib import blake2b

ASSUMED = "?"
"""An order that nobody told of; the shop says that its code was used."""
ORDERS_MAX = 16
"""Orders of one code that are remembered; a code buys once where the shop can say so."""


def order_name(order: str) -> str:
    """64 bits in hex for an order's code; `ASSUMED` for an empty one."""
    return blake2b(order.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest() if order else ASSUMED
