"""The feature schema: which features there are, in which order, and the fingerprint that models are bound to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b

from personalize.domain.denied import denied
from personalize.domain.event import Event
from personalize.domain.tokens import MAX_WORD, numbers

VERSION = 5  # raise it whenever the meaning of a feature changes, so that older models are refused

LIST = (
    "position", "list_size", "price_log", "price_rank", "price_ratio", "price_order",
    "price_spread", "term_match",
)  # fmt: skip
POPULARITY = (
    "rate", "impressions", "clicks", "views", "carts", "purchases", "clicks_now", "purchases_now",
    "purchases_ever", "purchases_again", "buyers", "share_of_kind",
    "item_age", "list_lift", "position_rate",
)  # fmt: skip
SESSION_ITEM = (
    "touched_count", "touched_clicks", "touched_carts", "touched_order", "touched_events_ago", "touched_seconds",
    "touched_share", "clicked_index", "shown_times", "shown_lists_ago", "skipped", "shown_index", "shown_moved",
    "from_touched", "from_second", "from_mean", "from_deepest", "from_clicked", "touched_above", "to_touched_above",
    "to_touched_below", "touched_beside",
    "price_to_last", "price_to_mean", "price_to_low", "price_to_high", "lean_sum",
    "covisits", "covisits_lift",
)  # fmt: skip
SESSION = (
    "session_events", "session_touches", "session_clicks", "session_searches", "session_lists", "session_items",
    "seconds_since_event", "events_since_search", "events_since_click", "touched_in_list", "last_in_list",
    "touched_span", "touched_turn", "click_index",
)  # fmt: skip
LASTING = (
    "past_count", "past_days", "bought_times", "bought_days", "bought_due", "bought_share", "bought_orders_ago",
    "bought_recent", "bought_pieces", "bought_of_kind", "rejected_days", "taste_price", "affinity_sum",
    "affinity_of_kind", "affinity_to_kind", "company", "company_lift", "following", "goes_with",
    "goes_with_lift",
)  # fmt: skip
VISITOR = ("visitor_sessions", "days_since_order")
CLOCK = ("hour", "weekday")
LIFT = ("context_lift", "context_lift_max")
# What is 0.0 where nothing was met; every other column of the visitor is NaN then.
ZERO = frozenset(
    (
        "touched_count", "touched_clicks", "touched_carts", "touched_share", "shown_times", "skipped",
        "touched_above", "touched_beside", "lean_sum", "covisits", "covisits_lift",
        "past_count", "bought_times", "bought_share", "bought_recent", "bought_of_kind", "affinity_sum",
        "affinity_of_kind", "company", "company_lift", "following", "goes_with", "goes_with_lift",
    )
)  # fmt: skip
assert {*SESSION_ITEM, *LASTING} >= ZERO
RATES = ("rate",)  # of POPULARITY: they tell the same however much was counted
PAIRS = ("covisits", "covisits_lift")  # of SESSION_ITEM: counted over all visitors

MAX_NUMBERS = 8  # numeric attributes of items that become features
MAX_CONTEXT = 8  # context names of each kind that become features
MAX_VALUES = 16  # values of a context name that are told apart, the most frequent ones
TOO_MANY = 4 * MAX_VALUES  # values of a context name beyond which it tells visits apart, not situations
MAX_NAMES = 1_000  # names of a log that are counted
NESTED = "nested"  # why an object within `context` or an item is left out
MIN_SHARE = 0.05  # of lists (context) or items (attributes) that must bear a name


@dataclass(frozen=True, slots=True)
class Schema:
    """What depends on the log: the numeric attributes, and the context names with their known words.

    `names` is the order of the columns everywhere.
    """

    attributes: tuple[str, ...] = ()
    context_numbers: tuple[str, ...] = ()
    context_words: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All feature names in column order; the columns that depend on the list only come first."""
        return (
            *self.static_names, *(f"number.{name}.to_taste" for name in self.attributes),
            *SESSION_ITEM, *SESSION, *LASTING, *LIFT, *VISITOR, *CLOCK,
            *(f"context.{name}" for name in self.context_numbers),
            *(f"context.{name}" for name, _ in self.context_words),
        )  # fmt: skip

    @property
    def shared(self) -> frozenset[str]:
        """The columns that tell of visitor and moment and are equal for all rows of a list, the session's aside."""
        return frozenset((*VISITOR, *CLOCK, *self.situation))

    @property
    def counted(self) -> frozenset[str]:
        """The columns of what was counted so far, of items or of the visitor: they grow as long as memory fills."""
        tastes = (name for name in self.names if name.endswith(".to_taste"))
        return frozenset((*POPULARITY, *PAIRS, *LASTING, *LIFT, *VISITOR, *tastes)) - {*RATES}

    @property
    def situation(self) -> frozenset[str]:
        """The columns of the context."""
        return frozenset(f"context.{name}" for name in self.context)

    @property
    def context(self) -> frozenset[str]:
        """The keys of the context that have features."""
        return frozenset((*self.context_numbers, *(name for name, _ in self.context_words)))

    def without(self, keys: Collection[str]) -> Schema:
        """The schema less the features of some keys of the context."""
        return replace(
            self,
            context_numbers=tuple(name for name in self.context_numbers if name not in keys),
            context_words=tuple(pair for pair in self.context_words if pair[0] not in keys),
        )

    @property
    def static_names(self) -> tuple[str, ...]:
        """The columns that `prepare` fills."""
        return (
            *LIST, *POPULARITY,
            *(f"number.{name}.{kind}" for name in self.attributes for kind in ("value", "rank")),
        )  # fmt: skip

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any name, their order, a known word or the code's `VERSION`."""
        told = json.dumps([VERSION, self.names, self.context_words], ensure_ascii=True)
        return blake2b(told.encode(), digest_size=8).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """As plain values, for a model's card."""
        return {
            "attributes": list(self.attributes),
            "context_numbers": list(self.context_numbers),
            "context_words": {name: list(values) for name, values in self.context_words},
        }

    @staticmethod
    def from_dict(raw: Mapping[str, object]) -> Schema:
        """Back from `to_dict`; ValueError where something is missing or of another kind."""
        attributes, context_numbers = raw.get("attributes"), raw.get("context_numbers")
        words = raw.get("context_words")
        if not (isinstance(attributes, list) and isinstance(context_numbers, list) and isinstance(words, Mapping)):
            raise ValueError("attributes, context_numbers and context_words are expected")
        return Schema(
            tuple(map(str, attributes)),
            tuple(map(str, context_numbers)),
            tuple((str(name), tuple(map(str, values))) for name, values in words.items()),
        )


@lru_cache(maxsize=64)
def columns(schema: Schema) -> dict[str, int]:
    """The column of each feature name."""
    return {name: column for column, name in enumerate(schema.names)}


def detect(events: Iterable[Event], left_out: dict[str, str] | None = None) -> Schema:
    """The schema that fits a log: attribute and context names by detected type, from its `view_item_list` events.

    Names that nobody may be sorted by are no part of it, and noted in `left_out` with their category; so are those
    whose values are objects (`NESTED`).
    """
    refused: dict[str, str] = {} if left_out is None else left_out
    lists = items = 0
    attributes: Counter[str] = Counter()
    numeric: Counter[str] = Counter()
    words: dict[str, Counter[str]] = {}
    for event in events:
        if event.event != "view_item_list":
            continue
        lists += 1
        for name, value in event.context.items():
            if (category := denied(name)) is not None:
                refused[name] = category
            elif isinstance(value, Mapping) and len(refused) < MAX_NAMES:
                refused[name] = NESTED
            elif isinstance(value, (int, float)):
                if name in numeric or len(numeric) < MAX_NAMES:
                    numeric[name] += 1
            elif isinstance(value, str) and len(value) <= MAX_WORD and (name in words or len(words) < MAX_NAMES):
                counts = words.setdefault(name, Counter())
                if value in counts or len(counts) <= TOO_MANY:  # one more than may be: so it is told apart
                    counts[value] += 1
        for item in event.items:
            items += 1
            if item.attributes:
                for name, value in item.attributes.items():
                    why = denied(name) or (NESTED if isinstance(value, Mapping) else None)
                    if why is not None and (name in refused or len(refused) < MAX_NAMES):
                        refused[name] = why
                attributes.update(
                    name for name in numbers(item.attributes) if name in attributes or len(attributes) < MAX_NAMES
                )
    worded = {
        name: counts
        for name, counts in words.items()
        # A name with nearly as many words as lists (a place, a search) tells lists apart, not situations.
        if counts.total() >= MIN_SHARE * lists and len(counts) <= TOO_MANY
    }
    return Schema(
        _frequent(attributes, MIN_SHARE * items, MAX_NUMBERS),
        _frequent(numeric, MIN_SHARE * lists, MAX_CONTEXT),
        tuple(
            (name, tuple(value for value, _ in sorted(counts.items(), key=_by_count)[:MAX_VALUES]))
            for name, counts in sorted(worded.items())[:MAX_CONTEXT]
        ),
    )


def _by_count(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _frequent(counts: Counter[str], least: float, limit: int) -> tuple[str, ...]:
    kept = [name for name, count in sorted(counts.items(), key=_by_count)[:limit] if count >= least]
    return tuple(sorted(kept))
