"""Purchases: what visitors had bought before an event, told from the events of a log alone, bounded."""

from __future__ import annotations

from collections.abc import Collection

from personalize.domain.event import Event

MAX_VISITORS = 10_000  # the one who bought longest ago leaves first
MAX_EACH = 256  # items of one visitor


class Purchases:
    """Walks events in time order where there are no profiles to ask: after a restart, when the log is read again."""

    def __init__(self) -> None:
        self._bought: dict[str, dict[str, None]] = {}

    def before(self, event: Event) -> Collection[str]:
        """What the event's visitor had bought before it; the event's own purchases count from the next one on."""
        who = event.visitor or event.session
        if event.event != "purchase" or who is None:
            return ()
        held = self._bought.pop(who, {})
        now = dict(held)
        for item in event.items:
            now.pop(item.item_id, None)
            now[item.item_id] = None
        for oldest in list(now)[: max(len(now) - MAX_EACH, 0)]:
            del now[oldest]
        self._bought[who] = now
        if len(self._bought) > MAX_VISITORS:
            del self._bought[next(iter(self._bought))]
        return held.keys()
