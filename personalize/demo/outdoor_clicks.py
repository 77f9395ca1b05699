"""The simulated outdoor shop's visitors: lists as shown and clicks that follow the weather by a known rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event, EventItem

Floats = NDArray[np.float64]

OPENED = datetime(2026, 3, 1, 8, tzinfo=UTC).timestamp()
DAY = 86_400.0
ITEMS, ROWS = 150, 16
MARK: Mapping[str, object] = {"simulated": True}
"""On every line, so that nobody takes the log for people."""


class OutdoorShop:
    """Items with a `warmth` (-1 for the beach, 1 for the snow) and `rainproof` (0 or 1); what draws people to them.

    `effect` scales how much the weather matters, 0 for not at all.
    """

    def __init__(self, seed: int, effect: float = 1.0) -> None:
        rng = np.random.default_rng([seed, 31])
        self.effect = effect
        self.appeal = rng.normal(0, 0.6, ITEMS)
        self.warmth = np.round(rng.uniform(-1, 1, ITEMS), 2)
        self.rainproof = (rng.random(ITEMS) < 0.3).astype(np.float64)
        self.price = np.round(np.exp(rng.normal(3.8, 0.6, ITEMS)), 2)
        self._seed = seed

    def utility(self, rows: NDArray[np.int64], context: Mapping[str, object] | None = None) -> Floats:
        """How much items draw in a context, (n,); without one, whatever the weather."""
        found = self.appeal[rows]
        if context is None:
            return found
        cold = np.tanh((14.0 - float(context["temperature"])) / 6.0)  # type: ignore[arg-type]
        wet = 1.0 if context["weather"] == "rain" else -0.4
        return np.asarray(found + self.effect * (1.6 * cold * self.warmth[rows] + 1.4 * wet * self.rainproof[rows]))

    def browse(self, lists: int, days: int = 60) -> Iterator[Event]:
        """That many lists and the click that answers each; `temperature` and `weather` change from day to day.

        `device` and `moon` are in the context, too, and mean nothing.
        """
        rng = np.random.default_rng([self._seed, 32])
        temperature = np.round(14 + rng.normal(0, 7, days), 1)
        rain = rng.random(days) < 0.4
        at = np.sort(rng.uniform(0, days * DAY, lists))
        for number in range(lists):
            day = int(at[number] // DAY)
            context = {
                "temperature": float(temperature[day]),
                "weather": "rain" if rain[day] else str(rng.choice(["clear", "cloudy"])),
                "device": str(rng.choice(["phone", "desktop"])),
                "moon": float(np.round(rng.normal(), 2)),
            }
            rows = rng.choice(ITEMS, ROWS, replace=False)
            wanted = self.utility(rows, context) - 0.3 * np.log1p(np.arange(ROWS)) + rng.gumbel(0, 1, ROWS)
            place = int(np.argmax(wanted))
            who = {"visitor": f"o{rng.integers(lists // 3 + 1)}", "session": f"s{number}", "context": context}
            when = OPENED + round(float(at[number]), 3)
            items = tuple(self._item(int(row), index) for index, row in enumerate(rows.tolist()))
            yield Event("view_item_list", f"l{number}", when, items=items, list_id="all", extra=MARK, **who)  # type: ignore[arg-type]
            yield Event(
                "select_item", f"c{number}", when + 5, items=(items[place],), list_event_id=f"l{number}", extra=MARK,
                **who,  # type: ignore[arg-type]
            )  # fmt: skip

    def _item(self, row: int, index: int) -> EventItem:
        attributes = {"warmth": float(self.warmth[row]), "rainproof": float(self.rainproof[row])}
        return EventItem(f"i{row}", index, price=float(self.price[row]), currency="EUR", attributes=attributes)
