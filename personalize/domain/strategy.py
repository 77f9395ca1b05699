"""A strategy: a decision that an operator switches, and the protocol a decision fulfils."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Patch, Reorder
from personalize.domain.visit import Visit


class Mode(StrEnum):
    """How a strategy runs: not at all, computed and logged only, for a share of units, for all."""

    OFF = "off"
    SHADOW = "shadow"
    SHARE = "share"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Strategy:
    """A switch: the decision's name, its mode and, for `share`, the share of units in 0..1."""

    name: str
    mode: Mode
    share: float = 1.0


class Decision(Protocol):
    """A pure function from a listing (in the shop's order) and a visit to a Patch.

    It never touches a clock, a store or the network and never changes its arguments; raising is allowed and counts as
    the empty Patch.
    """

    name: str
    version: str
    only_orders: bool
    """Whether it proposes Reorders alone: it need not be asked where a later strategy's order holds anyway."""

    @property
    def reads(self) -> frozenset[str]:
        """The keys of a visit's context that it goes by. One that does not say so is taken to go by all of them.

        Visitors without an id share an order as long as no running strategy reads what they differ in.
        """
        ...

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The Changes this decision proposes for `listing`, each naming `target`."""
        ...


class Bending(Protocol):
    """A Decision that builds on the order of the others, wherever it stands among the strategies."""

    def bend(
        self, target: str, listing: Listing, visit: Visit, popularity: Popularity, before: Reorder | None
    ) -> Patch:
        """At most one Reorder, made of the order `before` (None: the shop's) and with its reasons; as `decide`."""
        ...

    def weight(self, visit: Visit) -> float:
        """The share it has in the order of a visit, 0 (none) to 1; told as `code` (default: the situation's)."""
        ...


class Final(Bending, Protocol):
    """A Bending whose word is the last: it comes after all others that bend, and chance has no move where it binds."""

    final: bool
    code: str

    def binds(self, listing: Listing) -> bool:
        """Whether it has anything to say of this listing; cheap, asked for every order."""
        ...
