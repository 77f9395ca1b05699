"""The Patch: what a decision wants changed, by whom and why. The empty Patch is the identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from personalize.domain.moves import Draw
from personalize.domain.offers.promise import PersonalPrice


@dataclass(frozen=True, slots=True)
class Author:
    """Who proposed a Change: the strategy and the version of what decided."""

    strategy: str
    version: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code of `domain.reason` and its parameters; words are made only when somebody reads them."""

    code: str
    parameters: Mapping[str, str] = field(default_factory=dict)


Evidence = Callable[[Sequence[int]], Mapping[str, object]]


class Later(Mapping[int, Reason]):
    """Reasons that are made when somebody reads them: most pages are served without anybody asking why."""

    def __init__(self, make: Callable[[], Mapping[int, Reason]]) -> None:
        self._make: Callable[[], Mapping[int, Reason]] | None = make
        self._made: Mapping[int, Reason] = {}

    def __getitem__(self, row: int) -> Reason:
        return self._all()[row]

    def __iter__(self) -> Iterator[int]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> Mapping[int, Reason]:
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made


@dataclass(frozen=True, slots=True)
class Reorder:
    """Show the rows of `target` in `order`: row `order[k]` of the window at position k.

    `order` is a permutation of range(n). `reasons` maps a row to its own reason; `reason` holds for the rest.
    `evidence` tells, of rows of the window, what the order was made from, as JSON values for the log.
    """

    target: str
    order: tuple[int, ...]
    author: Author
    reason: Reason
    reasons: Mapping[int, Reason] = field(default_factory=dict)
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Annotate:
    """Tell the storefront something about a row of `target` without changing it."""

    target: str
    row: int
    author: Author
    reason: Reason


@dataclass(frozen=True, slots=True)
class Explore:
    """Change the order of `target`, whoever made it, by one small move that chance drew (`domain/moves.py`)."""

    target: str
    draw: Draw
    author: Author
    reason: Reason


@dataclass(frozen=True, slots=True)
class Reprice:
    """Show the item of row `row` of `target` at a personal price, which the shop honours at checkout by its code."""

    target: str
    row: int
    price: PersonalPrice
    author: Author
    reason: Reason


@dataclass(frozen=True, slots=True)
class Rechannel:
    """Name the channels of an item (`target`, its id) in `order`: channel `order[k]` at position k.

    `order` is a permutation of range(n); `reason` is why the first one comes first. What a channel is and promises
    stays as it was.
    """

    target: str
    order: tuple[int, ...]
    author: Author
    reason: Reason


Change = Reorder | Annotate | Explore | Reprice | Rechannel


@dataclass(frozen=True, slots=True)
class Patch:
    """An ordered tuple of Changes; `Patch()` changes nothing."""

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __add__(self, other: Patch) -> Patch:
        if not (self.changes and other.changes):
            return self if self.changes else other
        return Patch(self.changes + other.changes)


EMPTY = Patch()
