"""Earlier: what visitors had bought, and sessions touched, before an event, told from a log alone, bounded."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.event import NOTHING_EARLIER, Event
from personalize.domain.profile import TOUCHES

MAX_HELD = 10_000  # visitors, and sessions; the one whose last act is longest ago leaves first
MAX_EACH = 256  # items of one of them


class Earlier:
    """Walks events in time order where there are no profiles to ask: after a restart, when the log is read again."""

    def __init__(self) -> None:
        self._held: dict[tuple[bool, str], dict[str, int]] = {}

    def before(self, event: Event) -> Mapping[str, int]:
        """As `Profile.before`; the event's own items count from the next one on."""
        bought = event.event == "purchase"
        who = event.visitor or event.session if bought else event.session or event.visitor
        if event.event not in TOUCHES or who is None:
            return NOTHING_EARLIER
        held = self._held.pop((bought, who), {})
        now = dict(held)
        number = max(now.values(), default=0) + 1
        for item in event.items:
            now.pop(item.item_id, None)
            now[item.item_id] = number
        for oldest in list(now)[: max(len(now) - MAX_EACH, 0)]:
            del now[oldest]
        self._held[bought, who] = now
        if len(self._held) > MAX_HELD:
            del self._held[next(iter(self._held))]
        return held
