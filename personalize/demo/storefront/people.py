"""The simulated shoppers whom the storefront can be looked at as: who they are, and what they did so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from personalize.app import Gateway
from personalize.demo.catalogue import Catalogue, Text
from personalize.demo.tastes import Shopper, make_shoppers
from personalize.domain.entry import Entry
from personalize.domain.event import Event
from personalize.domain.permission import Keep
from personalize.domain.visit import Trust, VisitorId
from personalize.visitors.identity import profile_key

NAMES = ("Robin", "Kim", "Sascha")
ACTIVE = 40
"""They are chosen among so many of the most active: whoever was hardly there has no history to show."""
TOLD = (("category", 2), ("occasion", 1))
"""What is told of their taste: how many of the best liked values of which facets."""


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated shopper: the id in the log, a name, and what they like (known, since simulated)."""

    id: str
    name: str
    likes: Text

    @property
    def visitor(self) -> VisitorId:
        """As the gateway knows them."""
        return VisitorId(self.id, Trust.SIGNED)


def choose(catalogue: Catalogue, shoppers: int, seed: int) -> tuple[Person, ...]:
    """Three active shoppers of the simulation who agree least; the same arguments give the same people."""
    active = sorted(make_shoppers(catalogue, shoppers, seed), key=lambda one: -one.activity)[:ACTIVE]
    agreement = np.atleast_2d(np.corrcoef(np.stack([shopper.base for shopper in active])))
    picked = [int(row) for row in np.unravel_index(int(np.argmin(agreement)), agreement.shape)]
    while len(picked) < len(NAMES):
        picked.append(int(np.argmin(agreement[picked].max(axis=0))))
    return tuple(
        Person(shopper.id, name, _likes(catalogue, shopper))
        for name, shopper in zip(NAMES, (active[row] for row in picked), strict=True)
    )


def _likes(catalogue: Catalogue, shopper: Shopper) -> Text:
    facets = {facet.code: facet for facet in catalogue.facets}
    words = []
    for code, many in TOLD:
        column = shopper.goods.column
        best = sorted(facets[code].values, key=lambda value: -float(shopper.likes[column[code, value.code]]))
        words += [value.name for value in best[:many]]
    return Text(", ".join(word.en for word in words), ", ".join(word.de for word in words))


async def remember(gateway: Gateway, people: Sequence[Person], events: Iterable[Event]) -> None:
    """Give each of them the profile that their part of the simulated log makes, and nothing of an earlier demo."""
    by_id = {person.id: person for person in people}
    for person in people:
        await gateway.profiles.forget(person.visitor)
    theirs = (event for event in events if event.visitor in by_id)
    entries = [Entry(event, profile_key(by_id[str(event.visitor)].visitor), Keep.STORE) for event in theirs]
    await gateway.profiles.fold(entries)
    await gateway.profiles.write()
