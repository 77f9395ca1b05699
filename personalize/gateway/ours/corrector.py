"""The corrector: does what shoppers say of themselves, where something may be kept, and says why not elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex

from personalize.domain.correction import REFUSED, RESET, TEXT_MAX, UNDONE
from personalize.domain.entry import session_owner
from personalize.domain.event import NOTHING, Event, EventItem
from personalize.domain.permission import Keep
from personalize.domain.visit import Consent
from personalize.domain.wording import refusal
from personalize.errors import StoreError
from personalize.events.outbox import Outbox
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.listing.run import RunBook
from personalize.gateway.ours.corrected import Correction, Export
from personalize.gateway.ours.exporting import export
from personalize.gateway.ours.inputs import RefusalCode
from personalize.gateway.ours.tracker import Tracker
from personalize.visitors.identity import has_rights
from personalize.visitors.profiles import ProfileBook

ITEM_MAX = 256  # characters of an item's id
SAY_SECONDS = 0.5
EXPORT_SECONDS = 5.0


class Corrector:
    """Corrections of all visitors; each holds from the visitor's next request on. One export runs at a time."""

    def __init__(self, outbox: Outbox, profiles: ProfileBook, tracker: Tracker, runs: RunBook) -> None:
        self.outbox, self.profiles, self.tracker, self.runs = outbox, profiles, tracker, runs
        self.exporting = asyncio.Lock()
        self.forgetting: list[Callable[[str], None]] = []
        """What else holds something of a visitor in memory, and drops it by their key."""

    async def say(self, arrival: Arrival, name: str, value: str | None) -> Correction:
        """Keep what the shopper says of one key of the context; None takes it back."""
        if (why := _refused(arrival)) is not None:
            return _not(arrival, why)
        if value is not None and not (0 < len(value) <= TEXT_MAX and value.isprintable()):
            return _not(arrival, RefusalCode.INVALID)
        visit = arrival.visit
        assert visit.visitor is not None
        assert arrival.key is not None
        try:
            async with asyncio.timeout(SAY_SECONDS):
                kept = await self.profiles.say(
                    visit.visitor, arrival.permissions.profile, name, value, visit.at, visit.session
                )
        except TimeoutError:
            kept = False
        if not kept:
            return _not(arrival, RefusalCode.BUSY)
        self.outbox.learned()
        await self.outbox.settle(arrival.key)
        return Correction(done=True)

    async def turn_down(self, arrival: Arrival, item_id: str, *, undone: bool = False) -> Correction:
        """ "Not this", or its undo."""
        if not 0 < len(item_id) <= ITEM_MAX:
            return _not(arrival, RefusalCode.INVALID)
        return await self._tell(arrival, (EventItem(item_id),), UNDONE if undone else None)

    async def reset(self, arrival: Arrival) -> Correction:
        """Forget what orders are made from, but for purchases; the visitor stays known. Not by a bare id."""
        if _refused(arrival) is None and not has_rights(arrival.visit.visitor):
            return _not(arrival, RefusalCode.NOT_VOUCHED)
        return await self._tell(arrival, (), RESET)

    async def export(self, arrival: Arrival, since: str | None) -> Export:
        """What is kept of the visitor, also of one who agrees to nothing any more."""
        visitor = arrival.visit.visitor or arrival.claimed
        start = _moment(since)
        if visitor is None:
            return _nothing(arrival, RefusalCode.NO_VISITOR)
        if not has_rights(visitor):
            return _nothing(arrival, RefusalCode.NOT_VOUCHED)
        if since is not None and start is None:
            return _nothing(arrival, RefusalCode.INVALID)
        if self.exporting.locked():
            return _nothing(arrival, RefusalCode.BUSY)
        try:
            async with asyncio.timeout(EXPORT_SECONDS), self.exporting:
                key = await self.profiles.vouched(visitor)
                await self.outbox.settle(key, stored=True)
                session = self.tracker.session_of(key)
                found = await export(self.profiles, visitor, session, arrival.visit.at, start)
        except (StoreError, TimeoutError):
            return _nothing(arrival, RefusalCode.BUSY)
        return Export(data=found.data.decode(), next=found.next)

    async def forget(self, arrival: Arrival) -> bool:
        """Erase everything known of the visitor, also of one who agrees to nothing any more; False where it is nobody.

        Raises RightsError for a bare id, StoreError.
        """
        visitor = arrival.visit.visitor or arrival.claimed
        if visitor is None:
            return False
        key = await self.profiles.vouched(visitor)  # a bare id takes nothing out of the way
        session = session_owner(self.tracker.session_of(key))
        self.tracker.forget(key)
        self.runs.forget(key)
        for forget in self.forgetting:
            forget(key)
        await self.outbox.discard(key, session)
        await self.profiles.forget(visitor, session)
        return True

    async def _tell(self, arrival: Arrival, items: tuple[EventItem, ...], what: str | None) -> Correction:
        if (why := _refused(arrival)) is not None:
            return _not(arrival, why)
        assert arrival.key is not None
        whose = arrival.whose
        event = Event(
            REFUSED, token_hex(12), arrival.visit.at, whose.visitor, whose.session, whose.context, items,
            extra={what: True} if what else NOTHING,
        )  # fmt: skip
        if not self.outbox.offer(event, arrival.key, arrival.permissions.profile):
            return _not(arrival, RefusalCode.BUSY)
        await self.outbox.settle(arrival.key)
        return Correction(done=True)


def _refused(arrival: Arrival) -> RefusalCode | None:
    """Why nothing may be remembered of this visit; None where something may."""
    if arrival.visit.consent is Consent.NONE:
        return RefusalCode.CONSENT
    if arrival.key is None or arrival.permissions.profile is Keep.NOWHERE:
        return RefusalCode.NO_VISITOR
    return None


def _not(arrival: Arrival, why: RefusalCode) -> Correction:
    return Correction(done=False, code=why, message=refusal(why.name, arrival.visit.language))


def _nothing(arrival: Arrival, why: RefusalCode) -> Export:
    return Export(code=why, message=refusal(why.name, arrival.visit.language))


def _moment(text: str | None) -> float | None:
    """Epoch seconds of an RFC 3339 time, None where it is none."""
    try:
        found = datetime.fromisoformat(text) if text is not None and len(text) <= TEXT_MAX else None
    except ValueError:
        return None
    return found.timestamp() if found is not None and found.tzinfo is not None else None
