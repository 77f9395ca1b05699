"""Team-draft interleaving: two orders become one that shows both, and clicks tell which of them people prefer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from personalize.domain.strategy import Mode

ONE, OTHER, NEITHER = "a", "b", "-"
"""Whose row it is; neither's where both orders agree from the top down, so that a click there tells nothing."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Two orders that one unit sees in one list: the variants' names, and what runs under each of them."""

    experiment: str
    unit: str
    names: tuple[str, str]
    modes: tuple[Mapping[str, Mode], Mapping[str, Mode]]


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A merged order of n rows and, beside it, whose each row is: `teams` is n letters of `a`, `b` and `-`."""

    order: tuple[int, ...]
    teams: str


def draft(one: Sequence[int], other: Sequence[int], coin: Callable[[int], bool]) -> Interleaved:
    """Merge two permutations of the same rows (Radlinski, Kurup, Joachims: CIKM 2008).

    In each round both teams pick their best row that is still there; `coin(round)` says whether `one` picks first. So
    each place is either team's with the same chance, and the result is again a permutation.
    """
    taken: set[int] = set()
    order: list[int] = []
    teams: list[str] = []
    same = next((place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]), len(one))
    order.extend(one[:same])
    teams.append(NEITHER * same)
    taken.update(order)
    at = {ONE: same, OTHER: same}
    lists = {ONE: one, OTHER: other}
    number = 0
    while len(order) < len(one):
        for team in (ONE, OTHER) if coin(number) else (OTHER, ONE):
            picks, place = lists[team], at[team]
            while place < len(picks) and picks[place] in taken:
                place += 1
            at[team] = place
            if place < len(picks):
                taken.add(picks[place])
                order.append(picks[place])
                teams.append(team)
        number += 1
    return Interleaved(tuple(order), "".join(teams))


def credit(teams: str, clicked: Iterable[int]) -> tuple[int, int]:
    """How many clicks (places, 0-based) each of the two orders is owed."""
    found = [teams[place] for place in clicked if 0 <= place < len(teams)]
    return found.count(ONE), found.count(OTHER)
