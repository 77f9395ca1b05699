"""Observing an answer on its way out: carts, details and sign-ins are read, impressions are noted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from personalize.domain.event import Event, EventItem
from personalize.events.infer import Inference
from personalize.events.orders import Orders
from personalize.events.outbox import Outbox
from personalize.gateway.document.hidden import TYPENAME, Item
from personalize.gateway.document.reading import at, read_cart
from personalize.gateway.document.slots import ActionSlot
from personalize.gateway.document.values import at_path, evaluate
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.health import Health
from personalize.gateway.impression import exposed, impression, offers_of
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.window import Window

MAX_UNFINISHED = 1_000
"""Events that may wait before no more lists are compared with what other variants would have shown."""


class Observer:
    """Turns what was answered into events and offers them to the outbox. Nothing here may fail a request."""

    def __init__(self, inference: Inference, outbox: Outbox, orders: Orders, health: Health) -> None:
        self.inference, self.outbox, self.orders, self.health = inference, outbox, orders, health

    def listings(self, arrival: Arrival, asks: list[Ask]) -> None:
        """Impressions of the lists of one answer; of an empty one where something was searched for."""
        for ask in asks:
            if arrival.watched and ask.window is not None and (ask.shown or _found_nothing(ask.window)):
                self._offer(arrival, impression(arrival, ask, self.inference), self._finish(ask))
                self.health.served(ask)

    def _finish(self, ask: Ask) -> Callable[[Event], Event] | None:
        """What completes the line of a list behind the answer; nothing where too many wait for it already."""
        if ask.met is not None and len(self.outbox) >= MAX_UNFINISHED:
            ask.met.skip()
            self.health.unmet()
        return partial(exposed, ask.met, ask.first, len(ask.shown)) if ask.met is not None else None

    def detail(self, arrival: Arrival, item: Item) -> None:
        """A product that was looked at."""
        if arrival.watched:
            seen, extra = event_item(item), offers_of(arrival, (item,))
            for event in self.inference.looked_at(arrival.key, arrival.whose, arrival.visit.at, seen, extra):
                self._offer(arrival, event)

    def action(self, arrival: Arrival, action: ActionSlot, data: Mapping[str, Any], variables: dict[str, Any]) -> None:
        """A mutation whose answer is `data`: an event if it succeeded."""
        answered = at(data, action.cart_path)
        if action.cart is None or not arrival.watched or not isinstance(answered, dict):
            return
        cart = read_cart(action.cart, answered)
        if cart is None:
            return
        arguments = {a.name.value: evaluate(a.value, variables) for a in action.occurrences[0].node.arguments or ()}
        variant, added = (at_path(arguments, path or ("",)) for path in (action.map.variant, action.map.added))
        events = self.inference.cart(
            arrival.key, arrival.whose, arrival.visit.at, cart,
            variant=str(variant) if isinstance(variant, str | int) else None,
            added=added if isinstance(added, int) else 0,
            checkout=action.cart.checkout, placed=action.cart.placed,
        )  # fmt: skip
        for event in events:
            self._offer(arrival, event)
            if event.transaction_id is not None and arrival.key is not None:
                self.orders.note(event.transaction_id, arrival.key, arrival.permissions.profile, event.items)

    def _offer(self, arrival: Arrival, event: Event, finish: Callable[[Event], Event] | None = None) -> None:
        self.outbox.offer(event, arrival.key, arrival.permissions.profile, finish)


def _found_nothing(window: Window) -> bool:
    return not len(window) and window.offset == 0 and bool(window.listing.search_term)


def event_item(item: Item) -> EventItem:
    """An item as an event tells it."""
    price = None if math.isnan(item.price) else round(item.price, 4)
    return EventItem(item.id, price=price, currency=item.currency or None, attributes=item.attributes)


def succeeded(action: ActionSlot, data: Mapping[str, Any]) -> bool:
    """Whether the mutation field answered its success type."""
    answered = at(data, action.path)
    if not isinstance(answered, dict):
        return False
    return action.map.on is None or answered.get(TYPENAME) == action.map.on
