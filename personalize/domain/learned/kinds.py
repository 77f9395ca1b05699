"""Kinds: by which of its properties lists hold an item together with others of its kind, learned from lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

NEARLY_ALL = 0.9  # share of the rows that bear what a list is a kind of
ROWS_MIN = 3  # rows that make a list
MAX_PROPERTIES = 8_192  # properties that are counted; the ones least often a kind leave
FIRST, EACH = 1_000, 8  # lists that are all read, then every so many: what lists are made of changes slowly
CERTAIN = 3.0  # lists of one kind that it takes
LIKELY = 0.5  # how near a kind has to come to the surest one of an item
RARE = 0.02  # share of the lists with a property that have to be of its kind


class Kinds:
    """Of each property (its token): in how many lists some row bears it, and in how many nearly all rows do.

    An item's kind is the rarest of its properties that lists are made of: of department and category the category.
    A brand is none, even where a list of few rows happens to hold one brand: most lists that it is in hold others.
    """

    def __init__(self, lists: int = 0, seen: dict[int, tuple[int, int]] | None = None) -> None:
        self.lists = lists
        self.seen: dict[int, tuple[int, int]] = {} if seen is None else seen

    def due(self) -> bool:
        """Count a list; whether it is one of those that are read."""
        self.lists += 1
        return self.lists <= FIRST or self.lists % EACH == 0

    def note(self, rows: Collection[Sequence[int]]) -> None:
        """Read a list: the tokens of each of its rows."""
        n = len(rows)
        if n < ROWS_MIN:
            return
        counts = Counter(chain.from_iterable(rows))
        for token, count in counts.items():
            some, all_ = self.seen.get(token, (0, 0))
            self.seen[token] = some + 1, all_ + (count >= NEARLY_ALL * n)
        if len(self.seen) > MAX_PROPERTIES:
            kept = sorted(self.seen.items(), key=lambda pair: (-pair[1][1], -pair[1][0]))[: MAX_PROPERTIES // 2]
            self.seen = dict(kept)

    def of(self, tokens: Iterable[int]) -> int | None:
        """The kind of what has these properties; None where no lists are known that are made of one of them."""
        return _rarest(self._certain(tokens).values())

    def each(self, rows: Collection[Sequence[int]]) -> list[int | None]:
        """As `of`, for each row of a list: most properties of a list are of several rows, and few are certain."""
        certain = self._certain(set(chain.from_iterable(rows)))
        known = [tuple([token for token in tokens if token in certain]) for tokens in rows]
        kinds = {borne: _rarest([certain[token] for token in borne]) for borne in set(known)}
        return [kinds[borne] for borne in known]

    def _certain(self, tokens: Iterable[int]) -> dict[int, tuple[int, int, float]]:
        """Of those properties that enough lists are made of: lists with it, itself, and the share made of it."""
        known = [(token, self.seen[token]) for token in tokens if token in self.seen]
        return {token: (some, token, made / some) for token, (some, made) in known if made >= CERTAIN}


def _rarest(certain: Collection[tuple[int, int, float]]) -> int | None:
    """The property in the fewest lists, of those nearly as sure as the surest; None where none is sure enough."""
    sure = max([share for _, _, share in certain], default=0.0)
    if sure < RARE:
        return None
    return min([(some, token) for some, token, share in certain if share >= LIKELY * sure])[1]
