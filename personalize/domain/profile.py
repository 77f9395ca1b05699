"""A profile: the bounded state of one visitor that events are folded into, the same in serving and in training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

import msgspec

from personalize.domain.correction import REFUSED, Said, Taken, is_reset, is_undone
from personalize.domain.event import NOTHING_EARLIER, Event, EventItem
from personalize.domain.session import Session, sorted_by_price
from personalize.domain.tokens import Known, traits
from personalize.errors import StoreError

K = TypeVar("K")
V = TypeVar("V")

FORMAT = 3
MAX_SEEN = 128  # event ids remembered, so that a repeated delivery changes nothing
MAX_KNOWN = 128  # items whose properties are remembered from the lists they were shown in
MAX_HISTORY = 256  # items touched in any session
MAX_BOUGHT = 960
MAX_PIECES = 10_000  # of one item in one order
MAX_REJECTED = 64
MAX_TOKENS = 512  # properties with an affinity
MAX_CURRENCIES = 4  # in which a visitor has spent something
MAX_NUMBERS = 16  # numeric attributes with a taste
MAX_ITEMS = 256  # items read of one event
HALF_LIFE = 90 * 86_400.0  # seconds until an affinity halves
NOTHING_LEFT = 1e-9  # of a weight
SESSION_GAP = 30 * 60.0  # seconds of silence that end a session where events name none

WEIGHTS = {
    "select_item": 1.0, "view_item": 1.0, "scan": 1.0, "add_to_wishlist": 2.0, "add_to_cart": 3.0,
    "begin_checkout": 0.0, "purchase": 5.0, "remove_from_cart": -1.0, "remove_from_wishlist": -1.0,
    "refund": -2.0, "not_interested": -3.0,
}  # fmt: skip
AFRESH_KEEPS = frozenset(
    {
        "version",
        "first_at",
        "last_at",
        "sessions",
        "seen",
        "behaviour",
        "corrections",
        "bought",
        "orders",
        "ordered_at",
        "spent",
    }
)
TOUCHES = frozenset({"select_item", "view_item", "scan", "add_to_wishlist", "add_to_cart", "purchase"})


class Past(msgspec.Struct, array_like=True, gc=False):
    """How often an item was touched over all sessions, and when last (epoch seconds)."""

    count: int
    at: float


class Bought(msgspec.Struct, array_like=True, gc=False):
    """How often an item was bought, in times and pieces, first and last (epoch seconds, and the visitor's order)."""

    times: int
    first: float
    last: float
    first_order: int = 1
    last_order: int = 1
    recent: float = 1.0  # purchases that fade by `HALF_LIFE`, as of `last`
    pieces: int = 1

    def rhythm(self) -> float | None:
        """Mean seconds between purchases, None where it was bought once only."""
        return (self.last - self.first) / (self.times - 1) if self.times > 1 else None


class Leaning(msgspec.Struct, array_like=True, gc=False):
    """A sum of weights that forgets: `total` as of `at` (epoch seconds)."""

    total: float = 0.0
    at: float = 0.0

    def add(self, weight: float, at: float) -> None:
        """Fold one weight in; an older one counts less, as if it had come in time."""
        self.total = self.total * fade(at - self.at) + weight * (fade(self.at - at) if self.at else 1.0)
        self.at = max(self.at, at)


class Decayed(msgspec.Struct, array_like=True, gc=False):
    """A weighted mean that forgets: `total` of weights and of weighted values as of `at` (epoch seconds)."""

    weight: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    at: float = 0.0

    def add(self, value: float, weight: float, at: float) -> None:
        """Fold one value in; an older one counts less, as if it had come in time."""
        keep, late = fade(at - self.at), fade(self.at - at) if self.at else 1.0
        self.weight = self.weight * keep + weight * late
        self.total = self.total * keep + weight * late * value
        self.squares = self.squares * keep + weight * late * value * value
        self.at = max(self.at, at)

    def mean(self) -> float:
        """The mean, NaN before the first value."""
        return self.total / self.weight if self.weight > 0 else math.nan

    def deviation(self) -> float:
        """The standard deviation, NaN before the first value."""
        if not self.weight > 0:
            return math.nan
        return math.sqrt(max(self.squares / self.weight - self.mean() ** 2, 0.0))


class Profile(msgspec.Struct, array_like=True):
    """State of one visitor; every part is bounded (see the constants), about 2 KB typically, under 64 KB at worst.

    `apply` folds one event, `version` grows with each. Order matters for the session part, so feed events in time
    order where possible; a repeated event id changes nothing.
    """

    version: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    sessions: int = 0
    session: Session = msgspec.field(default_factory=Session)
    seen: dict[int, None] = {}
    known: dict[str, Known] = {}
    history: dict[str, Past] = {}
    bought: dict[str, Bought] = {}
    rejected: dict[str, float] = {}
    tokens: dict[int, Leaning] = {}
    everything: Decayed = msgspec.field(default_factory=Decayed)
    log_price: Decayed = msgspec.field(default_factory=Decayed)
    currency: str | None = None
    tastes: dict[str, Decayed] = {}
    behaviour: int = 0  # events other than lists being shown: while it stands still, an order may be resumed
    orders: int = 0
    ordered_at: float = 0.0  # epoch seconds of the last order
    said: dict[str, Said] = {}
    taken: dict[str, Taken] = {}  # by item of `rejected`: what to give back
    corrections: int = 0  # how often the shopper said "not this", took it back, or started afresh
    views: int = 0
    carts: int = 0  # times that something was put into the cart
    spent: dict[
        str, float
    ] = {}  # by currency, in major units at the prices of the lines; what was returned is taken off

    def apply(self, event: Event) -> None:
        """Fold one event. Raises nothing on odd events: what cannot be used is left out."""
        mark = int.from_bytes(blake2b(event.event_id.encode(), digest_size=6).digest(), "big")
        if mark in self.seen:
            return
        self.seen[mark] = None
        _trim(self.seen, MAX_SEEN)
        self.version += 1
        self.behaviour += event.event != "view_item_list"
        self.corrections += event.event == REFUSED
        self.first_at = min(self.first_at, event.at) if self.first_at else event.at
        session = self._enter(event)
        self.last_at = max(self.last_at, event.at)
        if session is not None:
            session.events += 1
            session.last_at = max(session.last_at, event.at)
            if event.search_term or event.event == "search":
                session.search(event.search_term)
        if event.event == "view_item_list":
            self._show(event, session)
        elif is_reset(event):
            self._start_afresh(event)
        elif is_undone(event):
            for item in event.items[:MAX_ITEMS]:
                self._give_back(item.item_id, event.at)
        elif event.event in WEIGHTS:
            self.views += event.event == "view_item"
            self.carts += event.event == "add_to_cart"
            if event.event == "purchase":
                self.orders += 1
                self.ordered_at = max(self.ordered_at, event.at)
            if event.event in ("purchase", "refund"):
                self._spend(event)
            for item in event.items[:MAX_ITEMS]:
                self._touch(event, item, session)

    def say(self, name: str, value: str | None, at: float, session: str | None) -> None:
        """Keep what the shopper says of one key of the context, or (None) take back what they said."""
        self.version += 1
        self.said.pop(name, None)
        if value is not None:
            self.said[name] = Said(value, at, session)

    def before(self, event: Event) -> Mapping[str, int]:
        """What was bought (of a purchase) or touched in this session (of another touch) before it, the newest last.

        With each item the number of the visitor's order, or of the session's event, that held it last.
        """
        if event.event == "purchase":
            return {item: bought.last_order for item, bought in self.bought.items()}
        if event.event in TOUCHES:
            touched = self.session_for(event.session, event.at).touched
            return {item: mark.last for item, mark in touched.items()}
        return NOTHING_EARLIER

    def session_for(self, name: str | None, at: float) -> Session:
        """The session state a request of session `name` at time `at` may use: the current one, or an empty one."""
        return self.session if self._continues(name, at) else Session(name=name, started=at, last_at=at)

    def affinities(self, place: Mapping[int, int], places: int, at: float) -> list[float]:
        """Per property at its `place` of `places`, the decayed share (about -1..1) of what the visitor turned to that
        has it; [] where nothing is known of the visitor.
        """
        everything = self.everything
        if not everything.total > 0:
            return []
        # One pass without calls, over what lies together in memory: this runs in every request that ranks.
        scale = 1.0 / (everything.total * fade(at - everything.at) + 1.0)
        rate = -1.0 / HALF_LIFE
        found = [0.0] * places
        for key, mark in self.tokens.items():
            if key in place:
                found[place[key]] = mark.total * scale * (2.0 ** ((at - mark.at) * rate) if at > mark.at else 1.0)
        return found

    def copy(self) -> Profile:
        """An independent copy."""
        return Profile.from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The profile as bytes (MessagePack after one byte of format)."""
        return bytes([FORMAT]) + _ENCODER.encode(self)

    @staticmethod
    def from_bytes(data: bytes) -> Profile:
        """The profile of `to_bytes`; StoreError where the bytes are none of ours."""
        if data[:1] != bytes([FORMAT]):
            raise StoreError(
                f"A profile starts with format byte {data[:1].hex() or '(empty)'}, expected {FORMAT:02x}",
                code="PROFILE_INVALID",
                hint="The profile was written by another version; delete it, it will be learned anew.",
            )
        try:
            return _DECODER.decode(memoryview(data)[1:])
        except msgspec.DecodeError as error:
            raise StoreError(f"A profile cannot be read: {error}", code="PROFILE_INVALID") from None

    def _continues(self, name: str | None, at: float) -> bool:
        if name is None or self.session.name is None:
            return name == self.session.name and self.version > 0 and at - self.session.last_at <= SESSION_GAP
        return name == self.session.name

    def _enter(self, event: Event) -> Session | None:
        """The session this event belongs to; None where it is a late event of an earlier one."""
        if not self._continues(event.session, event.at):
            if self.session.events and event.at < self.session.started:
                return None
            self.session = Session(name=event.session, started=event.at, last_at=event.at)
            self.sessions += 1
        return self.session

    def _show(self, event: Event, session: Session | None) -> None:
        rows: list[tuple[str, int]] = []
        for row, item in enumerate(event.items[:MAX_ITEMS]):
            rows.append((item.item_id, row if item.index is None else item.index))
            self._learn(item)
        if session is not None:
            session.see(rows, event.event_id)
            session.sorts += sorted_by_price(item.price for item in event.items[:MAX_ITEMS])

    def _learn(self, item: EventItem) -> Known | None:
        """Remember an item's price and properties; an event that bears none keeps what is known."""
        known = self.known.pop(item.item_id, None)
        if item.price is not None or item.attributes:
            known = traits(item.item_id, item.attributes, item.price, item.currency).known
        if known is not None:
            self.known[item.item_id] = known
            _trim(self.known, MAX_KNOWN)
        return known

    def _touch(self, event: Event, item: EventItem, session: Session | None) -> None:
        weight, at, name = WEIGHTS[event.event], event.at, item.item_id
        # A click carries the price of its list, at most; the list itself said more, so it is not overwritten.
        known = self.known.get(name) if event.event == "select_item" and name in self.known else self._learn(item)
        if event.event == REFUSED:
            again = name in self.rejected
            self.rejected[name] = at
            _trim(self.rejected, MAX_REJECTED)
            if known is not None and not again:
                self.taken[name] = Taken(at, known.packed)
                _trim(self.taken, MAX_REJECTED)
                self._like(known, weight, at)
            return  # said twice is not disliked twice: what was taken once is given back once
        if event.event == "purchase":
            before = self.bought.pop(name, None) or Bought(0, at, at, self.orders, 0, 0.0, 0)
            recent = before.recent * fade(at - before.last) + fade(before.last - at)
            self.bought[name] = Bought(
                before.times + 1, min(before.first, at), max(before.last, at), before.first_order, self.orders, recent,
                before.pieces + _pieces(item),
            )  # fmt: skip
            _trim(self.bought, MAX_BOUGHT)
        if known is not None:
            self._like(known, weight, at)
        if event.event not in TOUCHES:
            return
        past = self.history.pop(name, None) or Past(0, at)
        self.history[name] = Past(past.count + 1, max(past.at, at))
        _trim(self.history, MAX_HISTORY)
        if session is None:
            return
        index = -1
        if event.event == "select_item":
            index = session.click(name, item.index, event.list_event_id)
        session.touch(
            name, at, click=event.event == "select_item", cart=event.event in ("add_to_cart", "purchase"), index=index
        )
        if known is not None:
            session.lean(known.tokens, math.log(known.price) if known.price else None, known.currency)

    def _spend(self, event: Event) -> None:
        for item in event.items[:MAX_ITEMS]:
            currency, price = item.currency, item.price
            if currency is None or price is None or not 0 <= price < math.inf:
                continue
            if currency in self.spent or len(self.spent) < MAX_CURRENCIES:
                amount = price * _pieces(item) * (1 if event.event == "purchase" else -1)
                self.spent[currency] = max(self.spent.get(currency, 0.0) + amount, 0.0)

    def _give_back(self, name: str, at: float) -> None:
        """A "not this" is taken back: its weight returns to the tastes, as far as it has not faded."""
        self.rejected.pop(name, None)
        taken = self.taken.pop(name, None)
        for key in taken.tokens if taken is not None else ():
            if (leaning := self.tokens.get(key)) is not None and taken is not None:
                leaning.add(-WEIGHTS[REFUSED] * fade(at - taken.at), at)
                if abs(leaning.total) < NOTHING_LEFT:
                    del self.tokens[key]

    def _start_afresh(self, event: Event) -> None:
        """Forget what orders are made from, but purchases and the visitor: they are facts, and no assumption."""
        fresh = Profile()
        for name in self.__struct_fields__:
            if name not in AFRESH_KEEPS:
                setattr(self, name, getattr(fresh, name))
        self.session = Session(name=event.session, started=event.at, last_at=event.at)

    def _like(self, known: Known, weight: float, at: float) -> None:
        """Shift the lasting tastes towards (or away from) an item's properties."""
        if weight == 0.0:
            return
        for key in known.tokens:
            self.tokens.setdefault(key, Leaning()).add(weight, at)
        if len(self.tokens) > MAX_TOKENS:
            # A quarter leaves at once: to look for the least at every touch would cost more than all else here.
            at_least = sorted(self.tokens, key=lambda key: abs(self.tokens[key].total) * fade(at - self.tokens[key].at))
            for key in at_least[: len(self.tokens) - MAX_TOKENS * 3 // 4]:
                del self.tokens[key]
        if weight <= 0.0:
            return
        self.everything.add(weight, 1.0, at)
        if known.price:
            if known.currency != self.currency:  # amounts of two currencies do not compare
                self.currency, self.log_price = known.currency, Decayed()
            self.log_price.add(math.log(known.price), weight, at)
        for name, value in known.numbers.items():
            if name in self.tastes or len(self.tastes) < MAX_NUMBERS:
                self.tastes.setdefault(name, Decayed()).add(value, weight, at)


def _pieces(item: EventItem) -> int:
    """How many were bought; one where that is not told or makes no sense."""
    return item.quantity if item.quantity is not None and 0 < item.quantity <= MAX_PIECES else 1


def fade(seconds: float) -> float:
    """What is left of a weight after `seconds`; 1.0 for none or a negative time."""
    return float(0.5 ** (seconds / HALF_LIFE)) if seconds > 0 else 1.0


def _trim(mapping: dict[K, V], limit: int) -> None:
    if (excess := len(mapping) - limit) == 1:  # as mostly
        del mapping[next(iter(mapping))]
    elif excess > 0:
        for key in list(islice(mapping, excess)):
            del mapping[key]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Profile)
