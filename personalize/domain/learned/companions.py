"""Companions: which items the same visitors bought: of one kind, of one kind next, and of any kind in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from struct import unpack

import msgspec

from personalize.domain.learned.kinds import Kinds
from personalize.domain.learned.pairs import MAX_ITEMS, Pairs
from personalize.domain.learned.pairs import Saved as SavedPairs

MAX_KNOWN = 50_000  # items whose kind is remembered from the lists that showed them and the orders that held them
ALIKE = 64  # of a visitor's items of one kind, the newest, that a new one is paired with
BESIDE = 16  # items of an order that each item of it is paired with


class Companions:
    """Of each item bought: its kind, what most of its buyers bought of this kind, too, or next, and what in one order.

    `company` counts a visitor's first purchase of an item, later ones not; `following` counts every order that held
    something of the kind, and what the visitor's next such order held: the same item, often. `orders` counts what one
    order held, whatever its kind: what goes together.
    """

    def __init__(self, limit: int = MAX_ITEMS, kinds: Kinds | None = None) -> None:
        self.kinds = kinds or Kinds()
        self.company, self.following, self.orders = Pairs(limit), Pairs(limit), Pairs(limit)
        self._kind_of: dict[str, int] = {}

    def show(self, items: Mapping[str, bytes]) -> None:
        """Note a list: the packed tokens of each of its items."""
        rows = [unpack(f"<{len(packed) // 4}I", packed) for packed in items.values()]
        self.kinds.note(rows)
        self._know(dict(zip(items, self.kinds.each(rows), strict=True)))

    def kind(self, item: str, tokens: Sequence[int] = ()) -> int | None:
        """The kind of an item, by the properties told, else by those it was shown with; None where unknown."""
        found = self.kinds.of(tokens) if tokens else None
        return found if found is not None else self._kind_of.get(item)

    def buy(self, kinds: Mapping[str, int | None], before: Mapping[str, int]) -> None:
        """Note an order: its items with their kinds, and what the visitor had bought before it.

        `before` holds the items in the order they were bought, the newest last, with the number of the visitor's order
        that held each the last time.
        """
        self._know(kinds)
        self.orders.together(list(kinds), [], BESIDE)
        now: dict[int, list[str]] = {}
        for item, kind in kinds.items():
            if kind is not None:
                now.setdefault(kind, []).append(item)
        own: dict[int, list[str]] = {kind: [] for kind in now}
        for item in before:
            if (known := self._kind_of.get(item)) in own:
                own[known].append(item)
        for kind, items in now.items():
            earlier = own[kind]
            self.company.together([item for item in items if item not in before], earlier, ALIKE)
            if earlier:
                last = max(before[item] for item in earlier)
                self.following.after(items, [item for item in earlier if before[item] == last])

    def to_saved(self) -> Saved:
        """As plain values: nothing is lost by a restart."""
        return Saved(
            self.company.to_saved(), self.following.to_saved(), self.orders.to_saved(), self._kind_of,
            self.kinds.lists, self.kinds.seen,
        )  # fmt: skip

    @staticmethod
    def from_saved(saved: Saved) -> Companions:
        """Back from `to_saved`; ValueError where sizes do not fit."""
        found = Companions(saved.company.limit, Kinds(saved.lists, dict(saved.seen)))
        found.company, found.following = Pairs.from_saved(saved.company), Pairs.from_saved(saved.following)
        found.orders, found._kind_of = Pairs.from_saved(saved.orders), dict(saved.kind_of)
        return found

    def _know(self, kinds: Mapping[str, int | None]) -> None:
        for item, kind in kinds.items():
            if kind is not None:
                self._kind_of.pop(item, None)
                self._kind_of[item] = kind
        for item in list(islice(self._kind_of, max(len(self._kind_of) - MAX_KNOWN, 0))):
            del self._kind_of[item]


class Saved(msgspec.Struct, array_like=True):
    """`Companions` as plain values."""

    company: SavedPairs
    following: SavedPairs
    orders: SavedPairs
    kind_of: dict[str, int] = {}
    lists: int = 0
    seen: dict[int, tuple[int, int]] = {}
