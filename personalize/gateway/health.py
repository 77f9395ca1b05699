"""Health of what is served: how far orders bend the shop's, how many different items are on top, which model it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from personalize.gateway.listing.ask import Ask
from personalize.guardrails.displacement import mean_displacement
from personalize.telemetry import Telemetry

TOP = 10
PAGES = 1_000
"""First pages that are looked at together: at most `TOP * PAGES` items are held."""
PLACES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


class Health:
    """Figures in `/metrics` about lists, of visits that are watched (no crawlers, no prefetches)."""

    def __init__(self, telemetry: Telemetry) -> None:
        made: dict[str, Any] = {"registry": telemetry.registry}
        self.displacement = Histogram(
            "personalize_displacement_places", "Mean distance of a page's items from their place in the shop's order.",
            buckets=PLACES, **made,
        )  # fmt: skip
        self.distinct = Gauge(
            "personalize_distinct_top_items",
            f"Different items in the top {TOP} of the last {PAGES} first pages.",
            registry=None,  # till it is known: 0 would say that nobody was shown anything
        )
        self._registry = telemetry.registry
        self.reloads = Counter("personalize_model_reloads", "Newer models by what became of them.", ["outcome"], **made)
        self.drift = Gauge("personalize_feature_drift", "Largest PSI of a feature, by group.", ["group"], **made)
        self._count = telemetry.count
        self._ids: set[int] = set()
        self._pages = 0
        self._told = False

    def served(self, ask: Ask) -> None:
        """Note a listing as it was shown."""
        window = ask.window
        if window is None or not ask.orderable:
            return
        start, offset = ask.first, window.offset
        self.displacement.observe(mean_displacement(range(start - offset, start - offset + len(ask.shown)), ask.shown))
        if start == 0:
            ids, owner = window.listing.ids, window.owner
            self._ids.update([hash(ids[owner[row]]) for row in ask.shown[:TOP]])
            self._pages += 1
            if self._pages >= PAGES:
                self.distinct.set(len(self._ids))
                if not self._told:
                    self._registry.register(self.distinct)
                self._ids, self._pages, self._told = set(), 0, True

    def unmet(self) -> None:
        """Note a list of which nobody had the time to find out what other variants would have shown."""
        self._count("exposure", "behind")

    def drifted(self, decisions: Iterable[object]) -> None:
        """Read from the decisions how far their features have drifted; what is no more, is told no more."""
        self.drift.clear()
        for decision in decisions:
            found: Mapping[str, float] = getattr(decision, "drift", dict)()
            for group, value in found.items():
                self.drift.labels(group).set(value)
