"""The audit of sharing: a small sample of shared pages is compared with what the visitor would have got alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from personalize.errors import PersonalizeError
from personalize.gateway.document.payload import payload
from personalize.gateway.document.plan import Mode, Plan
from personalize.gateway.document.raw import fields
from personalize.gateway.edge.call import Call, Operation
from personalize.gateway.edge.upstream import Upstream
from personalize.gateway.listing.ask import Ask, container_of
from personalize.gateway.listing.choosing import Listings
from personalize.gateway.listing.part import Part, read_part
from personalize.gateway.listing.window import Window
from personalize.telemetry import Telemetry

SHARE = 0.005
MAX_RUNNING = 2


class Audit:
    """Compares in the background; a listing that turns out to differ between guests is shared no more."""

    def __init__(
        self, listings: Listings, upstream: Upstream, telemetry: Telemetry, share: float = SHARE,
        chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self.listings, self.upstream, self.telemetry = listings, upstream, telemetry
        self.share, self.chance = share, chance
        self.running: set[asyncio.Task[None]] = set()

    def due(self) -> bool:
        """Whether this page is one of the sample."""
        return len(self.running) < MAX_RUNNING and self.chance() < self.share

    def start(self, plan: Plan, ask: Ask, call: Call, operation: Operation) -> None:
        """Compare one shared page behind the response."""
        task = asyncio.get_running_loop().create_task(self._compare(plan, ask, call, operation))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def close(self) -> None:
        """Wait for nothing: drop what runs."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    async def _compare(self, plan: Plan, ask: Ask, call: Call, operation: Operation) -> None:
        try:
            alone = await self._alone(plan, ask, call, operation)
            if alone is None or self._same(ask, ask.window, alone):
                return
            # The list may have changed since the window was filled: only a fresh one can convict.
            fresh = await self.listings.refetch(plan, ask, call, operation)
            again = await self._alone(plan, ask, call, operation)
        except (PersonalizeError, ValueError):
            return
        except Exception as error:  # an audit never hurts: it says so and ends
            self.telemetry.fault("audit", type(error).__name__, error)
            return
        if again is not None and fresh is not None and not self._same(ask, fresh, again):
            self.listings.unshare(ask.slot.map.coordinates)
            self.telemetry.fault("sharing_off", ask.slot.map.coordinates)

    async def _alone(self, plan: Plan, ask: Ask, call: Call, operation: Operation) -> Part | None:
        modes = tuple(Mode.OBSERVE if slot.index == ask.slot.index else Mode.AS_IS for slot in plan.found.listings)
        answer = await self.upstream.ask(call, payload(plan, operation, plan.upstream(modes)))
        data = fields(answer.body or b"").get("data")
        container = container_of(fields(data), ask) if data is not None else None
        return read_part(container, ask.slot) if container is not None else None

    @staticmethod
    def _same(ask: Ask, window: Window | None, alone: Part) -> bool:
        """Whether the page is the same rows with the same values, prices included."""
        if window is None:
            return True
        start = ask.paging.skip
        if alone.cursors:  # the shop went by the cursor, which may have moved since it was served
            at = window.position(alone.cursors[0])
            if at is None:
                return True
            start = at
        rows = range(start, min(start + ask.paging.take, len(window)))
        return all(
            len(alone.nodes[view]) == len(rows)
            and all(
                {k: bytes(v) for k, v in window.nodes[view][row].items()}
                == {k: bytes(v) for k, v in alone.nodes[view][at].items()}
                for at, row in enumerate(rows)
            )
            for view in window.nodes
        )
