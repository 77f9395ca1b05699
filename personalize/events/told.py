"""Told: what a client tells of itself becomes events, unless the gateway saw the same act or knows the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from personalize.domain.event import Event, EventItem
from personalize.domain.session import Session, Sight
from personalize.events.acts import SAME_SECONDS, Source, name
from personalize.events.infer import Memory, Sheet, Whose, order_key

LIST_SECONDS = 30 * 60.0
"""So long a list that the gateway served is taken for the one a client tells of."""

SINGLE = frozenset({"select_item", "view_item", "add_to_cart", "remove_from_cart"})
"""Kinds that the gateway infers item by item: each item is a line of its own."""

MARK: Mapping[str, object] = {"source": "track"}
"""What such a line says of itself: its prices and orders are the client's word."""

VOUCHED: Mapping[str, object] = {"source": "track", "vouched": True}
"""The same where the gateway itself showed this item to this visitor, or saw the order: such a line is popularity."""

TOLD_LIST = "told-"
"""How event ids of lists begin that a client told of, so that a profile, too, tells them from lists served."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What a client told, checked and bounded; `at` in epoch seconds, `event_id` the client's own."""

    event: str
    at: float
    items: tuple[EventItem, ...] = ()
    list_id: str | None = None
    list_path: str | None = None
    search_term: str | None = None
    transaction_id: str | None = None
    event_id: str | None = None


def size_of(telling: Telling) -> int:
    """About how many bytes it takes to remember a telling."""
    texts = (telling.list_id, telling.list_path, telling.search_term, telling.transaction_id, telling.event_id)
    return 500 + sum(len(text) for text in texts if text) + sum(400 + len(item.item_id) for item in telling.items)


def lines(
    memory: Memory, telling: Telling, whose: Whose, *, session: Session | None = None, order_id: str | None = None,
    vouched: bool = False,
) -> list[Event]:  # fmt: skip
    """The lines of a telling that are new; none where all of it is known.

    - A repeated event id of the same visitor is known (the last `MAX_TOLD` of them). Without one, the same kind of the
      same thing told within `SAME_SECONDS` is known; under two event ids it happened twice.
    - A click, a view, a change of the cart, a begun checkout pair with what the gateway saw within `SAME_SECONDS` of
      it (`events/acts.py`), in either order; a search, with a list served for that term.
    - A list is known where the gateway served it to this visitor in the last `LIST_SECONDS`: the items stand in it one
      after the other, from the page's start or at the index told (`Memory.sheets`, 20 lists). Told first, it pairs
      with exactly this page, served within `SAME_SECONDS`.
    - An order that the gateway saw in this visitor's checkout has its id from its code (`order_id`, of the caller);
      one that it did not see, from code and visitor, so that nobody can take another one's.

    A line counts for popularity (`VOUCHED`) only where the gateway can stand for it: a click, a view or a cart of an
    item in a list that it served to this visitor, once for each kind and list, and an order that it saw, of what was
    in it (`vouched`, of the caller). All else is the visitor's own.

    `session` is the profile's: it knows the lists of a visitor whom another process served. Where a click cannot be
    led back to a list, it answers none.
    """
    acts = memory.acts
    if telling.event_id is not None and not acts.tell(f"event {telling.event_id}", ""):
        return []
    if telling.event in SINGLE:
        return [one for item in telling.items for one in _single(memory, telling, whose, item, session)]
    if telling.event == "view_item_list":
        return _list(memory, telling, whose, session)
    if telling.event == "begin_checkout":
        event_id, new = _report(memory, telling, "")
        return [_event(telling, whose, event_id)] if new else []
    if telling.event == "search":
        term = (telling.search_term or "").strip().casefold()
        event_id, new = _report(memory, telling, term)
        return [_event(telling, whose, event_id)] if new else []
    if telling.event == "purchase":
        code = telling.transaction_id or ""
        event_id = order_id or name("purchase", acts.unit, code)
        new = acts.tell(order_key(code), event_id)
        return [_event(telling, whose, event_id, mark=VOUCHED if vouched else MARK)] if new else []
    if telling.event == "refund":  # an order goes back once, whole or the same items of it
        items = (f"{item.item_id} {item.quantity}" for item in telling.items)
        event_id = name("refund", acts.unit, telling.transaction_id or "", *sorted(items))
        new = acts.tell(f"refund {event_id}", event_id)
        return [_event(telling, whose, event_id)] if new else []
    own_id = _own_id(memory, telling)
    return [_event(telling, whose, own_id)] if own_id is not None else []


def _single(
    memory: Memory, telling: Telling, whose: Whose, item: EventItem, session: Session | None
) -> Iterable[Event]:  # fmt: skip
    event_id, new = _report(memory, telling, item.item_id)
    mark = VOUCHED if new and _stands_for(memory, telling, item.item_id, session) else MARK
    if telling.event != "select_item":
        return [_event(telling, whose, event_id, (item,), mark=mark)] if new else []
    sheet = next((one for one in reversed(memory.sheets) if _named(one, telling) and item.item_id in one.ids), None)
    shown = memory.shown.get(item.item_id)
    answered, index = None, None
    if shown is not None and (sheet is None or sheet.event_id == shown[0]):
        answered, index = shown[0], shown[1].index
        memory.clicked.add(item.item_id)
    elif sheet is not None:
        answered, index = sheet.event_id, sheet.first + sheet.ids.index(item.item_id)
    elif session is not None and (sight := session.shown.get(item.item_id)) is not None:
        answered = next((one for one, number in session.lists.items() if number == sight.list_number), None)
        index = sight.index
    if not new:
        return []
    if item.index is None:
        item = EventItem(item.item_id, index, None, item.price, item.currency, item.quantity)
    return [_event(telling, whose, event_id, (item,), answered, mark)]


def _stands_for(memory: Memory, telling: Telling, item_id: str, session: Session | None) -> bool:
    """Whether the gateway served this visitor a list with the item, of which nothing like this was told before."""
    if telling.event == "select_item" and item_id in memory.clicked:
        return False
    served = None
    for sheet in reversed(memory.sheets):
        if sheet.source is Source.INFERRED and item_id in sheet.ids and sheet.at <= telling.at + SAME_SECONDS:
            served = sheet.event_id
            break
    if served is None and session is not None and (sight := session.shown.get(item_id)) is not None:
        served = _served(session, sight)
    return served is not None and memory.count(telling.event, item_id, served)


def _list(memory: Memory, telling: Telling, whose: Whose, session: Session | None) -> list[Event]:
    ids = tuple(item.item_id for item in telling.items)
    served = [sheet for sheet in memory.sheets if sheet.source is Source.INFERRED]
    for sheet in reversed(served):
        if -SAME_SECONDS <= telling.at - sheet.at <= LIST_SECONDS and _part(telling.items, sheet):
            sheet.paired = True
            return []
    if not served and session is not None and _seen(telling.items, session):
        return []
    event_id = _own_id(memory, telling)
    if event_id is None:
        return []
    event_id = TOLD_LIST + event_id
    items = tuple(
        EventItem(one.item_id, place if one.index is None else one.index, None, one.price, one.currency, one.quantity)
        for place, one in enumerate(telling.items)
    )
    first = items[0].index or 0
    memory.show(Sheet(event_id, telling.list_id, telling.list_path, telling.at, ids, first, Source.TOLD), items)
    return [_event(telling, whose, event_id, items)]


def _part(items: Sequence[EventItem], sheet: Sheet) -> bool:
    """Whether items told as a list are a part of a list served: one after the other, where they stood."""
    places = {item: place for place, item in enumerate(sheet.ids)}
    found = [places.get(item.item_id, -1) for item in items]
    if found[0] < 0 or any(after != before + 1 for before, after in pairwise(found)):
        return False
    told = items[0].index
    if told is not None:  # of one item, or of a few, the place has to fit: counted from the page or from the list
        return told - found[0] in (0, sheet.first)
    return len(found) > 1 or len(sheet.ids) == 1


def _served(session: Session, sight: Sight) -> str | None:
    """The event id of the list in which a profile saw an item last; None where a client told of it, or it is gone."""
    found = next((one for one, number in session.lists.items() if number == sight.list_number), None)
    return None if found is None or found.startswith(TOLD_LIST) else found


def _seen(items: Sequence[EventItem], session: Session) -> bool:
    """Whether a session of a profile holds the items told as one list that was served, in the places told."""
    sights = [session.shown.get(item.item_id) for item in items]
    first = sights[0]
    if first is None or _served(session, first) is None:
        return False
    start = items[0].index
    return (start is None or start == first.index) and all(
        sight is not None and sight.list_number == first.list_number and sight.index == first.index + place
        for place, sight in enumerate(sights)
    )


def _named(sheet: Sheet, telling: Telling) -> bool:
    """Whether a telling names this list, by the path of its answer or by the id in the log."""
    by_path = telling.list_path is not None and sheet.path == telling.list_path
    return by_path or (telling.list_id is not None and sheet.list_id == telling.list_id)


def _report(memory: Memory, telling: Telling, thing: str) -> tuple[str, bool]:
    """The event id of what a client tells, and whether it is a new line."""
    if telling.event_id is None and memory.acts.repeated(telling.event, thing, telling.at):
        return "", False
    return memory.acts.report(telling.event, thing, telling.at, Source.TOLD)


def _own_id(memory: Memory, telling: Telling) -> str | None:
    """The event id of what the gateway never sees itself; None where it was told already."""
    if telling.event_id is not None:
        return name("told", memory.acts.unit, telling.event, telling.event_id)
    items = (f"{item.item_id} {item.index} {item.quantity}" for item in telling.items)
    where = (telling.list_id or "", telling.list_path or "", telling.transaction_id or "")
    event_id, new = _report(memory, telling, name(*where, *items))
    return event_id if new else None


def _event(
    telling: Telling, whose: Whose, event_id: str, items: tuple[EventItem, ...] | None = None,
    list_event_id: str | None = None, mark: Mapping[str, object] = MARK,
) -> Event:  # fmt: skip
    return Event(
        telling.event, event_id, telling.at, whose.visitor, whose.session, whose.context,
        telling.items if items is None else items, list_event_id=list_event_id,
        list_id=telling.list_id or telling.list_path, search_term=telling.search_term,
        transaction_id=telling.transaction_id, extra=mark,
    )  # fmt: skip
