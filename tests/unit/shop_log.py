"""A small invented event log whose visitors have tastes: what tests of profiles, features and learning feed on."""

from __future__ import annotations

import random
from collections.abc import Iterator

from personalize.domain.event import Event, EventItem

START = 1_760_000_000.0
BRANDS = ("Aster", "Birke", "Clio", "Dorn", "Elm")


def item(number: int, index: int | None = None, *, bare: bool = False) -> EventItem:
    """Item `number` of the invented shop: its brand, facets, rating and price follow from the number."""
    if bare:
        return EventItem(f"i{number}", index)
    return EventItem(
        f"i{number}",
        index,
        price=10.0 + number * 7 % 90,
        currency="EUR",
        attributes={
            "brand": BRANDS[number % len(BRANDS)],
            "facets": [f"f{number % 3}", f"g{number % 4}"],
            "rating": 1.0 + number % 5,
            "title": f"A title of more than sixty-four characters, as prose is: number {number:04d}",
        },
    )


def shown(name: str, at: float, rows: list[int], visitor: str = "v", session: str = "s") -> Event:
    """A list of items as shown."""
    items = tuple(item(number, place) for place, number in enumerate(rows))
    context = {"device": "mobile" if len(visitor) % 2 else "desktop", "temperature": 7.5}
    return Event("view_item_list", name, at, visitor, session, context, items, list_id="all")


def clicked(name: str, at: float, row: int, place: int, answers: str, visitor: str = "v", session: str = "s") -> Event:
    """A click that answers a list."""
    return Event("select_item", name, at, visitor, session, items=(item(row, place),), list_event_id=answers)


def did(event: str, name: str, at: float, row: int, visitor: str = "v", session: str = "s") -> Event:
    """Any other event on one item, which tells nothing of it but its id."""
    return Event(event, name, at, visitor, session, items=(item(row, bare=True),))


def shop_log(visitors: int = 60, seed: int = 1) -> Iterator[Event]:
    """Every visitor likes one brand, comes twice, and clicks it where it stands; sometimes looks back or buys."""
    rng = random.Random(seed)
    for visitor in range(visitors):
        name, liked = f"v{visitor}", visitor % len(BRANDS)
        for session in range(2):
            at = START + visitor * 40 + session * 50_000
            key = f"{name}-{session}"
            for turn in range(4):
                rows = rng.sample(range(100), 12)
                liking = [place for place, row in enumerate(rows) if row % len(BRANDS) == liked]
                place = rng.choice(liking) if liking and rng.random() < 0.85 else rng.randrange(12)
                yield shown(f"{key}-l{turn}", at, rows, name, key)
                yield clicked(f"{key}-c{turn}", at + 3, rows[place], place, f"{key}-l{turn}", name, key)
                yield did("view_item", f"{key}-v{turn}", at + 4, rows[place], name, key)
                if rng.random() < 0.2:
                    yield did("purchase", f"{key}-p{turn}", at + 5, rows[place], name, key)
                at += 30
