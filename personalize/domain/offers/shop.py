"""What a shop has to do so that offers are honoured: codes minted, found, ended by its Admin API, in the background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Benefit, Selection
from personalize.domain.offers.promise import Coupon, Grant, Priced, Standing


class CouponDesk(Protocol):
    """The shop's side of offers. Nothing here is ever awaited by a request; every method raises `CouponError`, soon.

    A code is as unguessable as `secrets` makes it, is single-use where the shop can (`single_use`), and is never
    written to a log.
    """

    name: str
    single_use: bool

    def honours(self, benefit: Benefit) -> bool:
        """Whether the shop can grant such a benefit exactly."""
        ...

    def charged(self, benefit: Benefit, listed: Money, tax_rate: float | None = None) -> Money | None:
        """What the shop charges for one piece listed (as shown) at `listed`, to the cent; None: cannot be told exactly.

        Pure: this is the shop's own arithmetic (where it rounds, whether before or after tax), and it holds for any
        quantity: n pieces cost n times as much, or the answer is None.
        """
        ...

    async def check(self) -> None:
        """Whether we may do what we have to (reachable, allowed to write promotions)."""
        ...

    async def priced(self, selection: Selection, currency: str) -> list[Priced]:
        """The variants of a selection with their list prices now, bounded (see the shop's module)."""
        ...

    async def mint(self, grants: Sequence[Grant]) -> list[Coupon]:
        """One code a grant, in their order. What was made before a failure is found by `ours` and ended later."""
        ...

    async def standing(self, coupon: Coupon) -> Standing:
        """What the shop says of a code now."""
        ...

    async def withdraw(self, coupon: Coupon) -> None:
        """End a code: it is not honoured from now on. Ending one that is gone is allowed."""
        ...

    async def ours(self, after: str | None = None) -> tuple[list[Coupon], str | None]:
        """A page of the codes that this gateway made and that are not ended yet, and where the next begins."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
