"""The tracker: takes what a client tells, decides whose it is, and counts what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from cachetools import TTLCache

from personalize.domain.clock import Clock
from personalize.domain.entry import session_owner
from personalize.domain.event import EventItem
from personalize.domain.permission import Keep, Trace
from personalize.domain.session import Session
from personalize.domain.visit import Consent
from personalize.errors import EventError, StoreError
from personalize.events.infer import Inference, Whose, order_key, purchase_id
from personalize.events.orders import Order, Orders
from personalize.events.outbox import Outbox
from personalize.events.told import Telling, lines, size_of
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.ours.inputs import EventInput, Refusal, RefusalCode, Tracked
from personalize.gateway.ours.telling import MAX_EVENTS, ORDERS, read
from personalize.visitors.identity import has_rights, visitor_of

MAX_RATE = 1_000
RATE_SECONDS = 30 * 60.0
MAX_TELLERS = 50_000
MAX_BY_CODE = 1_000
"""Orders told by their code alone that are taken in RATE_SECONDS, of all clients together: codes can be guessed."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose an event is. `order_id` is the event id of an order that the gateway saw in this visitor's checkout."""

    key: str
    keep: Keep
    whose: Whose
    session: Session | None = None
    order_id: str | None = None
    seen: tuple[EventItem, ...] = ()

    @property
    def lines(self) -> str:
        """Whose the stored lines are."""
        session = self.whose.session
        return self.key if self.keep is Keep.STORE or session is None else session_owner(session)


class Refused(Exception):
    """An event cannot be taken."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Tracker:
    """Takes at most MAX_EVENTS of a call and MAX_RATE of a visitor in RATE_SECONDS.

    Whose an event is: the visitor's whom the request names and who agreed. A purchase or a refund needs more than a
    bare id: a signed one or a session of the shop; or the gateway itself saw this order's checkout, then it is that
    visitor's, under the consent of then, also where the request names nobody (a server, told by a payment provider):
    of such an order, what was in its cart counts, not what is told.
    """

    def __init__(
        self, inference: Inference, outbox: Outbox, orders: Orders, session_of: Callable[[str], str], clock: Clock
    ) -> None:  # fmt: skip
        self.inference, self.outbox, self.orders = inference, outbox, orders
        self.session_of, self.clock = session_of, clock
        self.codes = (0, 0)  # the present RATE_SECONDS, and how many orders were told by code in it
        self.rates: TTLCache[tuple[str, int], int] = TTLCache(MAX_TELLERS, RATE_SECONDS, timer=clock)

    async def track(self, arrival: Arrival, events: Sequence[EventInput]) -> Tracked:
        """What became of the events, in the order given; never raises for a single one."""
        told = Tracked(recorded=0, duplicates=0, unconfirmed=0, refused=0, refusals=[])
        deaf = False  # a store that fails is asked once a call: it may take its time each time
        for index, raw in enumerate(events[:MAX_EVENTS]):
            try:
                if deaf and raw.name.value in ORDERS:
                    raise _busy()
                telling = read(raw, self.clock())
                if telling.event in ORDERS and not (arrival.recognised or arrival.claimed is not None):
                    await self._by_code(arrival, telling)
                    told.unconfirmed += 1
                    continue
                new = await self._take(arrival, telling)
                told.recorded += new
                told.duplicates += not new
            except EventError as error:
                told.refusals.append(Refusal(index=index, code=RefusalCode.INVALID, message=error.message))
            except StoreError:
                deaf = True
                told.refusals.append(Refusal(index=index, code=RefusalCode.BUSY, message=_busy().message))
            except Refused as refused:
                told.refusals.append(Refusal(index=index, code=refused.code, message=refused.message))
        told.refused = len(told.refusals) + max(len(events) - MAX_EVENTS, 0)
        if len(events) > MAX_EVENTS:  # one entry for all that follow
            message = f"a call takes {MAX_EVENTS} events, this one has {len(events)}"
            told.refusals.append(Refusal(index=MAX_EVENTS, code=RefusalCode.TOO_MANY, message=message))
        return told

    def forget(self, key: str) -> None:
        """Forget what is remembered of a visitor."""
        self.inference.forget(key)
        self.orders.forget(key)

    async def _by_code(self, arrival: Arrival, telling: Telling) -> None:
        """Take an order of whose visitor nothing is said. What is answered never tells whether the code is known."""
        if arrival.refused:
            raise Refused(RefusalCode.CONSENT, "the request itself refuses consent")
        if telling.event != "purchase":
            raise Refused(RefusalCode.NOT_VOUCHED, "a refund needs a signed visitor id or a session of the shop")
        step = int(self.clock() // RATE_SECONDS)
        number = self.codes[1] + 1 if self.codes[0] == step else 1
        if number > MAX_BY_CODE:
            raise Refused(RefusalCode.TOO_MANY, f"by their code alone {MAX_BY_CODE} orders are taken in half an hour")
        self.codes = (step, number)
        order = await self.orders.find(telling.transaction_id or "")
        if order is not None and order.items:
            with suppress(Refused):
                self._write(self._of(order, telling.transaction_id or ""), telling)

    async def _take(self, arrival: Arrival, telling: Telling) -> bool:
        owner = await self._ordered(arrival, telling) if telling.event in ORDERS else _named(arrival)
        return self._write(owner, telling)

    def _write(self, owner: _Owner, telling: Telling) -> bool:
        if owner.seen:
            told = {item.item_id for item in telling.items} if telling.event == "refund" else set()
            telling = replace(telling, items=tuple(one for one in owner.seen if not told or one.item_id in told))
        elif telling.event == "purchase" and not telling.items:
            raise EventError("`items` is empty, and the gateway did not see this order's cart", code="INVALID")
        teller = (owner.key, int(self.clock() // RATE_SECONDS))
        rate = self.rates.get(teller, 0)
        if rate >= MAX_RATE:
            raise Refused(RefusalCode.TOO_MANY, f"of a visitor {MAX_RATE} events are taken in half an hour")
        self.rates[teller] = rate + 1
        memory = self.inference.listen(owner.key, size_of(telling))
        new = lines(
            memory, telling, owner.whose, session=owner.session, order_id=owner.order_id, vouched=bool(owner.seen)
        )
        if not all([self.outbox.offer(event, owner.key, owner.keep) for event in new]):  # noqa: C419 - all have to go
            raise Refused(RefusalCode.BUSY, "too many events wait to be written, this one was dropped")
        return bool(new)

    async def _ordered(self, arrival: Arrival, telling: Telling) -> _Owner:
        """Whose an order of a named visitor is: theirs or nobody's. Raises Refused, StoreError."""
        code = telling.transaction_id or ""
        owner = _named(arrival, watched=False)
        order = await self.orders.find(code)
        mine = order is not None and order.key == owner.key
        if not has_rights(visitor_of(owner.key)) and (telling.event == "refund" or not mine):
            raise Refused(
                RefusalCode.NOT_VOUCHED,
                "an order is told of with a signed visitor id or a session of the shop, not with a bare id",
            )
        if telling.event == "refund":
            memory = self.inference.of(owner.key)
            told = memory is not None and order_key(code) in memory.acts.told
            if not told and not await self.orders.bought(code, owner.lines):
                raise Refused(RefusalCode.NOT_VOUCHED, "no purchase of this order by this visitor is known")
        if order is not None and mine:
            return replace(owner, order_id=purchase_id(code), seen=() if telling.items else order.items)
        return owner

    def _of(self, order: Order, code: str) -> _Owner:
        log = Trace.VISITOR if order.keep is Keep.STORE else Trace.SESSION
        whose = Whose(order.key if log is Trace.VISITOR else None, self.session_of(order.key))
        return _Owner(order.key, order.keep, whose, None, purchase_id(code), order.items)


def _busy() -> Refused:
    return Refused(RefusalCode.BUSY, "the store cannot say now whose order this is")


def _named(arrival: Arrival, *, watched: bool = True) -> _Owner:
    """The visitor whom a request names and who agreed. Raises Refused."""
    if watched and not arrival.watched:
        raise Refused(
            RefusalCode.NOT_WATCHED,
            "a crawler, a prefetch, a static page, or an HTTP library that names nobody leaves no events",
        )
    if arrival.visit.consent is Consent.NONE:
        raise Refused(RefusalCode.CONSENT, "the visitor did not agree to a profile, so nothing was recorded")
    if arrival.key is None or arrival.permissions.profile is Keep.NOWHERE:
        raise Refused(RefusalCode.NO_VISITOR, "no visitor is named: send X-Personalize-Visitor or the shop's session")
    profile = arrival.visit.profile
    return _Owner(
        arrival.key, arrival.permissions.profile, arrival.whose, profile.session if profile is not None else None
    )
