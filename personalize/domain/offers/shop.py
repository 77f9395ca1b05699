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

    def charged(self, benefit: Benefit, listed: Money, tax_rate: float | None = None, pieces: int = 1) -> Money | None:
        """What the shop charges for one piece listed (as shown) at `listed`, to the cent; None: cannot be told exactly.

        This is the shop's own arithmetic (where it rounds, whether before or after tax), and it holds for 1 to `pieces`
        pieces, which cost so many times as much; else the answer is None. Never less than the benefit asks for: where
        that is not exact, the next dearer price that is. None also before `check` or `priced` has learnt how the shop's
        channel keeps its prices.
        """
        ...

    async def check(self) -> tuple[str, ...]:
        """Whether we may do what we have to (reachable, allowed to write promotions), and what was found, in words."""
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
        """A page of the codes that this gateway made and did not withdraw yet (their time may be over), and where the
        next begins. They come without prices, and `offer` is "": a shop is not told which offer a code is of.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
