"""Events inferred from what passes through: lists shown, products looked at, carts that changed, orders placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from secrets import token_hex

from cachetools import TTLCache

from personalize.domain.event import NOTHING, Event, EventItem

MAX_REMEMBERED = 50_000
REMEMBERED_SECONDS = 24 * 3600.0
MAX_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Whose:
    """What the log may say of a visit, under its consent: the visitor's key, the session, the situation."""

    visitor: str | None = None
    session: str | None = None
    context: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart: the shop's line id, the product, how many, and the unit price in major units."""

    line: str
    item_id: str
    variant: str
    quantity: int
    price: float | None


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart or order as the shop answered it; `state` is the shop's own word."""

    code: str
    state: str | None
    currency: str | None
    lines: tuple[Line, ...]


@dataclass(slots=True)
class _Memory:
    cart: Cart | None = None
    shown: dict[str, tuple[str, EventItem]] = field(default_factory=dict)


class Inference:
    """Turns what was seen into events, in the order it was seen.

    Remembers, for each `unit` (an opaque key of a visitor or session, None where nobody may be told apart), the last
    cart and the lists shown: bounded in number and time, in memory only.
    """

    def __init__(self) -> None:
        self.memory: TTLCache[str, _Memory] = TTLCache(MAX_REMEMBERED, REMEMBERED_SECONDS)

    def shown(
        self, unit: str | None, whose: Whose, at: float, items: Sequence[EventItem], *,
        list_id: str, term: str | None, extra: Mapping[str, object] = NOTHING,
    ) -> Event:  # fmt: skip
        """An impression of a list as shown."""
        event = Event(
            event="view_item_list", event_id=token_hex(12), at=at, visitor=whose.visitor, session=whose.session,
            context=whose.context, items=tuple(items), list_id=list_id, search_term=term, extra=extra,
        )  # fmt: skip
        memory = self._of(unit)
        if memory is not None:
            for item in items:
                memory.shown.pop(item.item_id, None)
                memory.shown[item.item_id] = (event.event_id, item)
            for name in list(memory.shown)[: max(len(memory.shown) - MAX_SHOWN, 0)]:
                del memory.shown[name]
        return event

    def looked_at(self, unit: str | None, whose: Whose, at: float, item: EventItem) -> list[Event]:
        """A product detail was asked for: a view, and a click where the item stood in a list shown before."""
        events = []
        memory = self._of(unit)
        if memory is not None and item.item_id in memory.shown:
            list_event_id, shown = memory.shown.pop(item.item_id)
            events.append(
                Event("select_item", token_hex(12), at, whose.visitor, whose.session, whose.context, (shown,),
                      list_event_id=list_event_id)
            )  # fmt: skip
        events.append(Event("view_item", token_hex(12), at, whose.visitor, whose.session, whose.context, (item,)))
        return events

    def cart(
        self, unit: str | None, whose: Whose, at: float, cart: Cart, *,
        variant: str | None, added: int, checkout: frozenset[str], placed: frozenset[str],
    ) -> list[Event]:  # fmt: skip
        """What a cart mutation that succeeded did.

        Lines are compared with the cart this unit had before. Where none is known, the mutation's own arguments tell
        what was added: `variant` (None where it adds nothing) and the quantity `added`.
        """
        memory = self._of(unit)
        before = memory.cart if memory is not None and memory.cart and memory.cart.code == cart.code else None
        if memory is not None:
            memory.cart = None if cart.state in placed else cart
        if cart.state in placed:
            return [self._order("purchase", f"purchase:{cart.code}", whose, at, cart)]
        if cart.state in checkout and (before is None or before.state != cart.state):
            return [self._order("begin_checkout", f"checkout:{cart.code}:{at}", whose, at, cart)]
        if before is None:
            lines = [line for line in cart.lines if line.variant == variant and added > 0]
            return [self._line("add_to_cart", whose, at, cart, line, min(added, line.quantity)) for line in lines[-1:]]
        return self._compared(whose, at, before, cart)

    def forget(self, unit: str) -> None:
        """Forget a unit."""
        self.memory.pop(unit, None)

    def _of(self, unit: str | None) -> _Memory | None:
        if unit is None:
            return None
        memory = self.memory.get(unit)
        if memory is None:
            memory = self.memory[unit] = _Memory()
        return memory

    def _compared(self, whose: Whose, at: float, before: Cart, after: Cart) -> list[Event]:
        events = []
        old = {line.line: line for line in before.lines}
        new = {line.line: line for line in after.lines}
        for name, line in new.items():
            change = line.quantity - (old[name].quantity if name in old else 0)
            if change:
                event = "add_to_cart" if change > 0 else "remove_from_cart"
                events.append(self._line(event, whose, at, after, line, abs(change)))
        events += [
            self._line("remove_from_cart", whose, at, before, line, line.quantity)
            for name, line in old.items()
            if name not in new and line.quantity
        ]
        return events

    @staticmethod
    def _line(event: str, whose: Whose, at: float, cart: Cart, line: Line, quantity: int) -> Event:
        item = EventItem(line.item_id, price=line.price, currency=cart.currency, quantity=quantity)
        return Event(event, token_hex(12), at, whose.visitor, whose.session, whose.context, (item,))

    @staticmethod
    def _order(event: str, key: str, whose: Whose, at: float, cart: Cart) -> Event:
        items = tuple(
            EventItem(line.item_id, price=line.price, currency=cart.currency, quantity=line.quantity)
            for line in cart.lines
            if line.quantity
        )
        # The same order seen twice (a page reloaded, a webhook) is one purchase: its id comes from the order's code.
        event_id = blake2b(key.encode(), digest_size=12).hexdigest()
        return Event(
            event, event_id, at, whose.visitor, whose.session, whose.context, items,
            transaction_id=cart.code if event == "purchase" else None,
        )  # fmt: skip
