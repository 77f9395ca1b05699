"""Popularity: what all visitors did with each item, decayed and bounded, and the click rate of each position."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import NOTHING_EARLIER, Event, EventItem
from personalize.domain.learned.companions import Companions
from personalize.domain.learned.companions import Saved as SavedCompanions
from personalize.domain.learned.lift import Lift
from personalize.domain.learned.lift import Saved as SavedLift
from personalize.domain.learned.listed import Listed, item_keys
from personalize.domain.learned.listed import Saved as SavedListed
from personalize.domain.learned.pairs import Pairs
from personalize.domain.learned.pairs import Saved as SavedPairs
from personalize.domain.learned.rates import Keys
from personalize.domain.tokens import traits
from personalize.errors import StoreError

FORMAT = 4
MAX_ITEMS = 200_000
MAX_POSITIONS = 64  # positions with a click rate of their own; deeper ones share the last
DAY = 86_400.0
HALF_LIFE = 14 * DAY  # seconds until a count halves
PRIOR_CLICKS = 3.0  # expected clicks that weigh as much as the prior of an item (Bayesian smoothing)
PRIOR_POSITIONS = 50.0  # impressions that weigh as much as the prior of a position
MAX_BASKET = 256  # items of an order that are looked at together
MAX_VISIT = 16  # items of a session, the newest, that another one is paired with
NEW = 28 * DAY  # seconds after which nobody calls an item new
BASE_RATE = 0.04  # click rate of a position before anything is known

COUNTS = 10
IMPRESSIONS, EXPECTED, CLICKS, VIEWS, CARTS, PURCHASES, CLICKS_NOW, PURCHASES_NOW, *_ = range(COUNTS)
PURCHASES_EVER, PURCHASES_AGAIN = 8, 9
# What these fade by whatever the half life of the others: beside those, they tell a trend.
_OTHERWISE = {CLICKS_NOW: DAY, PURCHASES_NOW: 3 * DAY, PURCHASES_EVER: 180 * DAY, PURCHASES_AGAIN: 180 * DAY}
_COLUMNS = {
    "select_item": [CLICKS, CLICKS_NOW],
    "view_item": [VIEWS],
    "add_to_cart": [CARTS],
    "purchase": [PURCHASES, PURCHASES_NOW, PURCHASES_EVER],
}


class Popularity:
    """Decayed counters per item: impressions, expected clicks (by position), clicks, views, carts, purchases.

    Clicks and purchases are counted again with other half lives: those of now, and purchases of a long time; of these
    once more those by visitors who had bought the item before. `companions` are told of lists and orders, too,
    `covisits` of what one session turned to, `listed` of clicks by list.

    At most `limit` items; when full, the tenth with the least left leaves. Not idempotent: the caller sees to it that
    an event comes once. About 150 bytes an item. Not thread-safe.
    """

    def __init__(self, limit: int = MAX_ITEMS, half_life: float = HALF_LIFE) -> None:
        self.limit = max(limit, 16)
        self.half_life = half_life
        self._half_lives = np.array([_OTHERWISE.get(column, half_life) for column in range(COUNTS)])
        self.version = 0
        self.after = ""  # the event folded last
        self._rows: dict[str, int] = {}
        self._counts: NDArray[np.float64] = np.zeros((256, COUNTS))
        self._at: NDArray[np.float64] = np.zeros(256)
        self._since: NDArray[np.float64] = np.zeros(256)
        self._keys: Keys = np.zeros(256, np.uint64)  # of each item in `listed`
        self._began = math.inf
        # Per position: impressions and clicks, of answered lists and all others alike.
        self._shown: NDArray[np.float64] = np.zeros(MAX_POSITIONS)
        self._clicked: NDArray[np.float64] = np.zeros(MAX_POSITIONS)
        # Their sums: of whole numbers, so that they are exact in any order.
        self._shown_in_all = self._clicked_in_all = 0.0

        self._lift = Lift()
        self.listed = Listed()
        self.companions = Companions()
        self.covisits = Pairs()

    def __len__(self) -> int:
        return len(self._rows)

    def apply(self, event: Event, before: Mapping[str, int] = NOTHING_EARLIER) -> None:
        """Fold one event; `before` is what its visitor had bought or turned to before it (`Profile.before`).

        What a client told counts only where the gateway stands for it (`events/told.py`).
        """
        if event.extra.get("source") == "track" and event.extra.get("vouched") is not True:
            return
        self.version += 1
        self.after = event.event_id
        if event.event == "view_item_list":
            self._show(event)
            return
        columns = _COLUMNS.get(event.event)
        if columns is None or not event.items:
            return
        touched = list(dict.fromkeys(item.item_id for item in event.items[: self.limit]))
        self._add(touched, event.at, dict.fromkeys(columns, 1.0))
        if columns[0] == PURCHASES:
            self._buy(event, before)
        else:
            visited = dict.fromkeys(item.item_id for item in event.items[:MAX_VISIT])
            fresh = [item for item in visited if item not in before]
            self.covisits.together(fresh, list(before), MAX_VISIT)
        if columns[0] == CLICKS:
            for item in event.items:
                if item.index is not None:
                    self._clicked[_place(item.index)] += 1.0
                    self._clicked_in_all += 1.0
                self.listed.click(event.list_event_id, item.item_id, event.at)
                self._lift.click(event.list_event_id, item.item_id, event.context, event.at)

    def position_rates(self, places: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float64]:
        """Click rate of each position (of `places` alone), smoothed towards the rate over all positions."""
        base = (self._clicked_in_all + BASE_RATE * PRIOR_POSITIONS) / (self._shown_in_all + PRIOR_POSITIONS)
        rates: NDArray[np.float64] = self._clicked[places] + base * PRIOR_POSITIONS
        rates /= self._shown[places] + PRIOR_POSITIONS
        return rates

    def counts(self, ids: tuple[str, ...] | list[str], at: float) -> NDArray[np.float64]:
        """Decayed counts as of `at`, shape (n, 10) in the order of the module's constants; 0 for unknown items."""
        rows = np.fromiter((self._rows.get(item, -1) for item in ids), np.int64, len(ids))
        since = self._at[rows]
        counts = self._counts[rows] * self._fade(since, np.maximum(since, at))
        counts[rows < 0] = 0.0
        return counts

    def age(self, ids: Sequence[str], at: float) -> NDArray[np.float64]:
        """Days since each item was met first, (n,); NaN where that is longer ago than `NEW`, or unknown.

        Of what is met in the first day of counting nobody knows how old it is.
        """
        rows = np.fromiter((self._rows.get(item, -1) for item in ids), np.int64, len(ids))
        since = np.where(rows >= 0, self._since[rows], at)
        return np.where((since >= self._began + DAY) & (at - since < NEW), np.maximum(at - since, 0.0) / DAY, np.nan)

    def rate(self, ids: tuple[str, ...] | list[str], at: float) -> NDArray[np.float64]:
        """Clicks per expected click, shape (n,), smoothed: 1.0 is an item that nothing is known of, 2.0 draws twice."""
        counts = self.counts(ids, at)
        rate: NDArray[np.float64] = (counts[:, CLICKS] + PRIOR_CLICKS) / (counts[:, EXPECTED] + PRIOR_CLICKS)
        return rate

    def of_list(self, ids: tuple[str, ...], common: Iterable[int], at: float) -> tuple[NDArray[np.float64], float]:
        """The counts of `ids`, and the purchases (by item and order) of the kind that a list's common properties tell.

        NaN where they tell none.
        """
        kind = self.companions.kinds.of(common)
        if kind is None:
            return self.counts(ids, at), math.nan
        counts = self.counts((*ids, _name(kind)), at)
        return counts[:-1], float(counts[-1, PURCHASES])

    def lift(self, tokens: Sequence[int], context: Mapping[str, object], at: float) -> NDArray[np.float64]:
        """Per property, (t,): how much more it draws clicks in this situation than at all, as a log; 0.0 = not known.

        `tokens` are those of `domain/tokens.py`, `context` is a visit's: words and truths of it are read.
        """
        return self._lift.of(tokens, context, at)

    def to_bytes(self) -> bytes:
        """Everything as bytes (MessagePack after one byte of format)."""
        size = len(self._rows)
        saved = _Saved(
            list(self._rows), self._counts[:size].tobytes(), self._at[:size].tobytes(), self._since[:size].tobytes(),
            self._began, self._shown.tobytes(), self._clicked.tobytes(), self.half_life, self.limit, self.version,
            self._lift.to_saved(), self.listed.to_saved(), self.companions.to_saved(), self.covisits.to_saved(),
        )  # fmt: skip
        return bytes([FORMAT]) + msgspec.msgpack.encode(saved)

    @staticmethod
    def from_bytes(data: bytes) -> Popularity:
        """What `to_bytes` gave; StoreError where the bytes are none of ours."""
        try:
            if data[:1] != bytes([FORMAT]):
                raise ValueError(f"format byte {data[:1].hex() or '(empty)'}, expected {FORMAT:02x}")
            saved = msgspec.msgpack.decode(memoryview(data)[1:], type=_Saved)
            found = Popularity(saved.limit, saved.half_life)
            size = len(saved.ids)
            found._rows = {item: row for row, item in enumerate(saved.ids)}
            room = max(size, 256)
            found._counts, found._at, found._since = np.zeros((room, COUNTS)), np.zeros(room), np.zeros(room)
            found._keys = np.zeros(room, np.uint64)
            found._keys[:size] = item_keys(saved.ids)
            found._began = saved.began
            found._counts[:size] = np.frombuffer(saved.counts).reshape(size, COUNTS)
            found._at[:size] = np.frombuffer(saved.at).reshape(size)
            found._since[:size] = np.frombuffer(saved.since).reshape(size)
            found._shown = np.frombuffer(saved.shown).reshape(MAX_POSITIONS).copy()
            found._clicked = np.frombuffer(saved.clicked).reshape(MAX_POSITIONS).copy()
            found._shown_in_all, found._clicked_in_all = float(found._shown.sum()), float(found._clicked.sum())
            found.version = saved.version
            found._lift = Lift.from_saved(saved.lift)
            found.listed = Listed.from_saved(saved.listed)
            found.companions = Companions.from_saved(saved.companions)
            found.covisits = Pairs.from_saved(saved.covisits)
        except (ValueError, msgspec.DecodeError) as error:
            raise StoreError(
                f"The popularity counters cannot be read: {error}",
                code="POPULARITY_INVALID",
                hint="Delete them; they are learned anew, or rebuild them with `personalize import`.",
            ) from None
        return found

    def _show(self, event: Event) -> None:
        """Note a list; of an item that it holds twice, the first row."""
        shown: dict[str, EventItem] = {}
        positions: list[int] = []
        for row, item in enumerate(event.items[: self.limit]):
            if item.item_id not in shown:
                shown[item.item_id] = item
                index = row if item.index is None else item.index
                positions.append(index if 0 <= index < MAX_POSITIONS else _place(index))
        places = np.array(positions, np.int64)
        rates = self.position_rates(places)
        rows = self._add(shown, event.at, {IMPRESSIONS: 1.0, EXPECTED: rates})
        np.add.at(self._shown, places, 1.0)
        self._shown_in_all += len(shown)
        if event.list_id:
            self.listed.show(event.event_id, event.list_id, self._keys.take(rows), rates, event.at)
        due = self.companions.kinds.due()
        if event.context or due:
            borne = {name: traits(name, one.attributes, one.price, one.currency).packed for name, one in shown.items()}
            if event.context:
                self._lift.show(event.event_id, borne, rates, event.context, event.at)
            if due:
                self.companions.show(borne)

    def _buy(self, event: Event, before: Mapping[str, int]) -> None:
        """Note whether items are bought again, and which ones the same visitor bought."""
        bought = dict.fromkeys(item.item_id for item in event.items)
        again = [self._rows[item] for item in bought if item in before and item in self._rows]
        self._counts[again, PURCHASES_AGAIN] += 1.0
        kinds: dict[str, int | None] = {}
        for item in event.items[:MAX_BASKET]:
            read = traits(item.item_id, item.attributes, item.price, item.currency) if item.attributes else None
            kinds[item.item_id] = self.companions.kind(item.item_id, read.tokens if read is not None else ())
        self.companions.buy(kinds, before)
        of_kind = Counter(_name(kind) for kind in kinds.values() if kind is not None)
        if len(of_kind) < self.limit:
            self._add(of_kind, event.at, {PURCHASES: np.array(list(of_kind.values()), np.float64)})

    def _fade(self, since: NDArray[np.float64], until: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is left `until` then (n,) of counts as of `since` (n,), shape (n, COUNTS)."""
        faded: NDArray[np.float64] = (since - until)[:, None] / self._half_lives
        return np.exp2(faded, out=faded)

    def _add(
        self, ids: Collection[str], at: float, amounts: Mapping[int, float | NDArray[np.float64]]
    ) -> NDArray[np.int64]:
        """Bring the counts of `ids` (distinct, at most `limit`) to `at` and add what is told by column; their rows."""
        try:
            rows = self._find(ids)
        except KeyError:
            self._admit(ids, at)
            rows = self._find(ids)
        self._began = min(self._began, at)
        since = self._at.take(rows)
        until = np.maximum(since, at)
        counts = self._counts.take(rows, axis=0)  # a copy, so that the table is read and written once
        counts *= self._fade(since, until)
        for column, amount in amounts.items():
            of_column = counts[:, column]
            of_column += amount
        self._counts[rows] = counts
        self._at[rows] = until
        return rows

    def _find(self, ids: Collection[str]) -> NDArray[np.int64]:
        """The rows of `ids`; KeyError where one has none."""
        return np.fromiter(map(self._rows.__getitem__, ids), np.int64, len(ids))

    def _admit(self, ids: Iterable[str], at: float) -> None:
        """Make rows for those of `ids` (distinct, at most `limit`) that have none."""
        fresh = [item for item in ids if item not in self._rows]
        while len(self._rows) + len(fresh) > self.limit:
            self._evict(at, len(fresh))  # which may drop some of `ids`, too
            fresh = [item for item in ids if item not in self._rows]
        keys = item_keys(fresh)
        for item in fresh:
            self._rows[item] = len(self._rows)
        while len(self._rows) > len(self._at):
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
            self._at = np.concatenate([self._at, np.zeros_like(self._at)])
            self._since = np.concatenate([self._since, np.zeros_like(self._since)])
            self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)])
        rows = self._find(fresh)
        self._since[rows] = at
        self._keys[rows] = keys

    def _evict(self, at: float, needed: int) -> None:
        """Drop the items with the least left: at least a tenth of the limit, or as many as are needed."""
        size = len(self._rows)
        drop = min(size, max(self.limit // 10, needed, 1))
        since = self._at[:size]
        left = (self._counts[:size] * self._fade(since, np.maximum(since, at))).sum(axis=1)
        kept = np.sort(np.argsort(left, kind="stable")[drop:])
        ids = list(self._rows)
        self._rows = {ids[row]: place for place, row in enumerate(kept)}
        for column in (self._counts, self._at, self._since, self._keys):
            column[: len(kept)] = column[kept]
            column[len(kept) :] = 0


def _place(index: int) -> int:
    """The position that is counted for a row at `index`."""
    return min(max(index, 0), MAX_POSITIONS - 1)


def _name(kind: int) -> str:
    """Under which name a kind is counted beside the items."""
    return f"\x1f{kind}"


class _Saved(msgspec.Struct, array_like=True):
    ids: list[str]
    counts: bytes
    at: bytes
    since: bytes
    began: float
    shown: bytes
    clicked: bytes
    half_life: float
    limit: int
    version: int
    lift: SavedLift
    listed: SavedListed
    companions: SavedCompanions
    covisits: SavedPairs
