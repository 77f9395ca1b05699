"""A small invented log of an experiment: visitors met, some clicked, some bought; what tests of the report feed on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from personalize.domain.event import Event, EventItem

START = 1_760_000_000.0
DAY = 86_400.0
ITEM = EventItem("i1", 0, 0, 20.0, "EUR", None, {"brand": "Aster"})


def seen(visitor: str, at: float, name: str, session: str = "s1", **extra: object) -> Event:
    """A list as shown; `extra` is what its line says beside."""
    return Event("view_item_list", name, at, visitor, session, {}, (ITEM,), list_id="all", extra=extra)


def did(event: str, visitor: str, at: float, name: str, session: str = "s1", **more: object) -> Event:
    """Any other act on the one item."""
    return Event(event, name, at, visitor, session, items=(ITEM,), **more)


def bought(visitor: str, at: float, name: str, price: float = 20.0, cost: float | None = None) -> Event:
    """An order of two pieces."""
    attributes = {} if cost is None else {"cost": cost}
    item = EventItem("i1", price=price, currency="EUR", quantity=2, attributes=attributes)
    return Event("purchase", name, at, visitor, "s1", items=(item,), transaction_id=f"T{name}")


@cache
def trial(
    visitors: int = 2_000, *, lift: float = 0.0, harm: float = 0.0, loss: float = 0.0, exposed: bool = True
) -> list[Event]:
    """Half of the visitors meet `new`, which lifts buying by `lift` and "not this" by `harm`; `loss` of them is gone.

    Everybody was there a day before; every fifth visitor never met the difference.
    """
    return list(_visits(visitors, lift, harm, loss, exposed))


def _visits(visitors: int, lift: float, harm: float, loss: float, exposed: bool) -> Iterator[Event]:
    rng = random.Random(1)
    for number in range(visitors):
        visitor, variant = f"v{number}", rng.choice(["control", "new"])
        at = START + rng.random() * 7 * DAY
        if variant == "new" and rng.random() < loss:
            continue
        new = variant == "new"
        said: dict[str, object] = {"assignments": {"order": variant}, "latency_ms": 10 + rng.random()}
        if exposed:
            said["exposed"] = ["order"] if number % 5 else []
        yield seen(visitor, at - DAY, f"{visitor}-before", "s0")
        yield seen(visitor, at, f"{visitor}-list", **said)
        if rng.random() < 0.6:
            yield did("select_item", visitor, at + 5, f"{visitor}-click", list_event_id=f"{visitor}-list")
            yield did("add_to_cart", visitor, at + 9, f"{visitor}-cart")
        if rng.random() < 0.2 * (1 + lift * new):
            yield bought(visitor, at + 60, f"{visitor}-order", cost=12.0)
            if rng.random() < 0.1:
                yield Event("refund", f"{visitor}-back", at + DAY, visitor, "s1", transaction_id=f"T{visitor}-order")
        if rng.random() < 0.1 * (1 + harm * new):
            yield did("not_interested", visitor, at + 20, f"{visitor}-no")
        if rng.random() < 0.3:
            yield seen(visitor, at + 2 * DAY, f"{visitor}-again", "s2")
