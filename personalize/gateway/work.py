"""One operation on its way through the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from personalize.gateway.document.plan import Mode, Plan
from personalize.gateway.document.raw import Raws
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.edge.call import Call, Operation
from personalize.gateway.edge.upstream import Answer
from personalize.gateway.listing.ask import Ask
from personalize.gateway.ours.items import Tellers


class GiveUp(Exception):
    """We cannot do better than the shop here: the client's own request goes to it."""


@dataclass(slots=True)
class Work:
    """What was asked, by whom, and the answer as far as it is made.

    `envelope` holds the raw fields of the shop's answer, `data` those of its `data` (None: null or absent), `answer`
    the shop's HTTP answer (None: it was not asked), `tellers` tell of items.
    """

    call: Call
    operation: Operation
    plan: Plan
    variables: dict[str, Any]
    arrival: Arrival
    asks: list[Ask]
    tellers: Tellers
    envelope: Raws = field(default_factory=dict)
    data: Raws | None = field(default_factory=dict)
    answer: Answer | None = None

    @property
    def modes(self) -> tuple[Mode, ...]:
        """How each listing slot of the plan is asked for."""
        by_slot = {ask.slot.index: ask.mode for ask in self.asks}
        return tuple(by_slot.get(slot.index, Mode.AS_IS) for slot in self.plan.found.listings)
