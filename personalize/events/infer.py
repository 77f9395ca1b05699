"""Events inferred from what passes through: lists shown, products looked at, carts that changed, orders placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from os import urandom
from secrets import token_hex

from cachetools import LRUCache, TTLCache

from personalize.domain.event import NOTHING, Event, EventItem
from personalize.events.acts import SAME_SECONDS, Acts, Source

MAX_REMEMBERED = 50_000
REMEMBERED_SECONDS = 24 * 3600.0
MAX_SHOWN = 500
MAX_LISTS = 20
MAX_COUNTED = 2_000
MAX_TOLD_SIZE = 64 * 1024 * 1024
"""Of all that clients told and that is remembered, about, in bytes: what is told is the client's to choose."""

MAX_TELLER_SIZE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Whose:
    """What the log may say of a visit, under its consent: the visitor's key, the session, the situation."""

    visitor: str | None = None
    session: str | None = None
    context: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart: the shop's line id, the product, how many, and the unit price in major units.

    `charged` is what all its pieces cost in the end, after every discount, where the map says how to read it.
    """

    line: str
    item_id: str
    variant: str
    quantity: int
    price: float | None
    charged: float | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart or order as the shop answered it; `state` is the shop's own word, `codes` are the coupons in it."""

    code: str
    state: str | None
    currency: str | None
    lines: tuple[Line, ...]
    codes: tuple[str, ...] = ()


@dataclass(slots=True)
class Sheet:
    """A list as it was shown: its items in order, the index of the first, and the response path it came under.

    `source` says who reported it, `paired` that the other one did, too.
    """

    event_id: str
    list_id: str | None
    path: str | None
    at: float
    ids: tuple[str, ...]
    first: int
    source: Source
    paired: bool = False


@dataclass(slots=True)
class Memory:
    """What is remembered of one visitor or session: the last cart, the lists shown, and what was done.

    `shown` has each item as it last stood in a list, with the event id of that list; `clicked` those clicked there;
    `counted` what clients told of them that counts for all (kind, item, event id of the list), MAX_COUNTED at most;
    `telling` is whether a client told of a list.
    """

    acts: Acts
    cart: Cart | None = None
    shown: dict[str, tuple[str, EventItem]] = field(default_factory=dict)
    clicked: set[str] = field(default_factory=set)
    counted: dict[tuple[str, str, str], None] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)
    telling: bool = False

    def count(self, kind: str, item_id: str, list_event_id: str) -> bool:
        """Whether this is told for the first time of an item in that list."""
        key = (kind, item_id, list_event_id)
        if key in self.counted:
            return False
        self.counted[key] = None
        while len(self.counted) > MAX_COUNTED:
            del self.counted[next(iter(self.counted))]
        return True

    def show(self, sheet: Sheet, items: Sequence[EventItem]) -> None:
        """Remember a list; clicks on its items answer it from now on."""
        self.sheets.append(sheet)
        self.telling = self.telling or sheet.source is Source.TOLD
        del self.sheets[:-MAX_LISTS]
        shown = self.shown
        for item in items:
            shown.pop(item.item_id, None)
            shown[item.item_id] = (sheet.event_id, item)
        self.clicked.difference_update(sheet.ids)
        for name in list(shown)[: len(shown) - MAX_SHOWN] if len(shown) > MAX_SHOWN else ():
            del shown[name]
            self.clicked.discard(name)


class Inference:
    """Turns what was seen into events, in the order it was seen.

    Remembers, for each `unit` (an opaque key of a visitor or session, None where nobody may be told apart), the last
    cart, the lists shown and what was done: bounded in number and time, in memory only. What a client told of the same
    act before (`events/told.py`) gives an event its id again, so that the outbox keeps one.
    """

    def __init__(self) -> None:
        self.memory: TTLCache[str, Memory] = TTLCache(MAX_REMEMBERED, REMEMBERED_SECONDS)
        self.told = _Sizes(self.memory)

    def shown(
        self, unit: str | None, whose: Whose, at: float, items: Sequence[EventItem], *,
        list_id: str, term: str | None, path: str | None = None, extra: Mapping[str, object] = NOTHING,
    ) -> Event:  # fmt: skip
        """An impression of a list as shown under a response path."""
        memory = self.of(unit)
        event_id = urandom(12).hex()  # as `token_hex`, in fewer steps
        if memory is not None:
            ids = tuple([item.item_id for item in items])
            awaiting = memory.sheets if memory.telling else ()
            told = next((sheet for sheet in awaiting if _awaits(sheet, ids, at)), None)
            if told is not None:
                told.paired, event_id = True, told.event_id
            first = items[0].index or 0 if items else 0
            memory.show(Sheet(event_id, list_id, path, at, ids, first, Source.INFERRED, told is not None), items)
            if term:
                memory.acts.report("search", term.strip().casefold(), at, Source.INFERRED)
        return Event(
            event="view_item_list", event_id=event_id, at=at, visitor=whose.visitor, session=whose.session,
            context=whose.context, items=tuple(items), list_id=list_id, search_term=term, extra=extra,
        )  # fmt: skip

    def looked_at(
        self, unit: str | None, whose: Whose, at: float, item: EventItem, extra: Mapping[str, object] = NOTHING
    ) -> list[Event]:  # fmt: skip
        """A product detail was asked for: a view, and a click where the item stood in a list shown before.

        `extra` is what else the line of the view says.
        """
        events = []
        memory = self.of(unit)
        shown = memory.shown.get(item.item_id) if memory is not None else None
        if memory is not None and shown is not None:
            list_event_id, stood = shown
            told = memory.acts.awaited("select_item", item.item_id, at, Source.INFERRED)
            if told or item.item_id not in memory.clicked:
                memory.clicked.add(item.item_id)
                event_id = _id(memory, "select_item", item.item_id, at)
                events.append(
                    Event("select_item", event_id, at, whose.visitor, whose.session, whose.context, (stood,),
                          list_event_id=list_event_id)
                )  # fmt: skip
        event_id = _id(memory, "view_item", item.item_id, at)
        events.append(
            Event("view_item", event_id, at, whose.visitor, whose.session, whose.context, (item,), extra=extra)
        )  # fmt: skip
        return events

    def cart(
        self, unit: str | None, whose: Whose, at: float, cart: Cart, *,
        variant: str | None, added: int, checkout: frozenset[str], placed: frozenset[str],
    ) -> list[Event]:  # fmt: skip
        """What a cart mutation that succeeded did.

        Lines are compared with the cart this unit had before. Where none is known, the mutation's own arguments tell
        what was added: `variant` (None where it adds nothing) and the quantity `added`.
        """
        memory = self.of(unit)
        before = memory.cart if memory is not None and memory.cart and memory.cart.code == cart.code else None
        if memory is not None:
            memory.cart = None if cart.state in placed else cart
        if cart.state in placed:
            event_id = purchase_id(cart.code)
            if memory is not None and not memory.acts.tell(order_key(cart.code), event_id):
                event_id = memory.acts.told[order_key(cart.code)]
            return [_order("purchase", event_id, whose, at, cart)]
        if cart.state in checkout and (before is None or before.state != cart.state):
            return [_order("begin_checkout", _id(memory, "begin_checkout", "", at), whose, at, cart)]
        if before is not None:
            return self._compared(memory, whose, at, before, cart)
        lines = [line for line in cart.lines if line.variant == variant and added > 0]
        return [_line(memory, "add_to_cart", whose, at, cart, line, min(added, line.quantity)) for line in lines[-1:]]

    def forget(self, unit: str) -> None:
        """Forget a unit."""
        self.memory.pop(unit, None)
        self.told.pop(unit, None)

    def of(self, unit: str | None) -> Memory | None:
        """The memory of a unit, made where there is none; None for nobody."""
        if unit is None:
            return None
        memory = self.memory.get(unit)
        if memory is None:
            memory = self.memory[unit] = Memory(Acts(unit))
        return memory

    def listen(self, unit: str, size: int) -> Memory:
        """The memory of a unit that tells something of about `size` bytes; those who told longest ago make room."""
        whole = self.told.pop(unit, 0) + size
        if whole > MAX_TELLER_SIZE:
            self.memory.pop(unit, None)
            whole = size
        self.told[unit] = min(whole, MAX_TELLER_SIZE)
        memory = self.of(unit)
        assert memory is not None
        return memory

    @staticmethod
    def _compared(memory: Memory | None, whose: Whose, at: float, before: Cart, after: Cart) -> list[Event]:
        events = []
        old = {line.line: line for line in before.lines}
        new = {line.line: line for line in after.lines}
        for name, line in new.items():
            change = line.quantity - (old[name].quantity if name in old else 0)
            if change:
                event = "add_to_cart" if change > 0 else "remove_from_cart"
                events.append(_line(memory, event, whose, at, after, line, abs(change)))
        events += [
            _line(memory, "remove_from_cart", whose, at, before, line, line.quantity)
            for name, line in old.items()
            if name not in new and line.quantity
        ]
        return events


class _Sizes(LRUCache[str, int]):
    """How much each unit told, in bytes; where all is too much, the memory of the least recent ones goes."""

    def __init__(self, memory: TTLCache[str, Memory]) -> None:
        super().__init__(MAX_TOLD_SIZE, getsizeof=int)
        self.memory = memory

    def popitem(self) -> tuple[str, int]:
        """Drop a unit; it is forgotten whole."""
        unit, size = super().popitem()
        self.memory.pop(unit, None)
        return unit, size


def purchase_id(code: str) -> str:
    """The event id of an order that the gateway saw.

    The same order seen twice (a page reloaded, a webhook) is one purchase, whoever saw it.
    """
    return blake2b(f"purchase:{code}".encode(), digest_size=12).hexdigest()


def order_key(code: str) -> str:
    """Under which name it is remembered that an order was seen or told."""
    return f"order {code}"


def _id(memory: Memory | None, kind: str, thing: str, at: float) -> str:
    return token_hex(12) if memory is None else memory.acts.report(kind, thing, at, Source.INFERRED)[0]


def _awaits(sheet: Sheet, ids: tuple[str, ...], at: float) -> bool:
    """Whether a client told of exactly this page before the gateway served it."""
    if sheet.source is not Source.TOLD or sheet.paired:
        return False
    return abs(sheet.at - at) <= SAME_SECONDS and sheet.ids == ids


def _line(memory: Memory | None, event: str, whose: Whose, at: float, cart: Cart, line: Line, quantity: int) -> Event:
    item = EventItem(line.item_id, price=line.price, currency=cart.currency, quantity=quantity)
    event_id = _id(memory, event, line.item_id, at)
    return Event(event, event_id, at, whose.visitor, whose.session, whose.context, (item,))


def _order(event: str, event_id: str, whose: Whose, at: float, cart: Cart) -> Event:
    items = tuple(
        EventItem(line.item_id, price=line.price, currency=cart.currency, quantity=line.quantity)
        for line in cart.lines
        if line.quantity
    )
    return Event(
        event, event_id, at, whose.visitor, whose.session, whose.context, items, transaction_id=cart.code,
        extra=_discount(cart),
    )  # fmt: skip


def _discount(cart: Cart) -> Mapping[str, object]:
    """`discount`: what all coupons and promotions took off the lines, where the shop tells what it charges."""
    off = 0.0
    for line in cart.lines:
        if line.charged is None or line.price is None:
            return NOTHING
        off += line.price * line.quantity - line.charged
    return {"discount": round(off, 4)} if off > 0.00005 else NOTHING
