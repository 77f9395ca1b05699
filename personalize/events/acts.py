"""Acts: what one visitor did lately, so that what is inferred and what a client tells of the same act is one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b

SAME_SECONDS = 120.0
"""So far apart the two reports of one act may lie, by their own times."""

MAX_THINGS = 256  # (kind, thing) pairs remembered of one visitor, the longest unused leaves first
MAX_ACTS = 8  # acts remembered of one pair, the oldest leaves first
MAX_TOLD = 256  # event ids and order codes of clients remembered of one visitor


class Source(Enum):
    """Where a report comes from: the gateway saw it pass, or a client told it."""

    INFERRED = 0
    TOLD = 1


@dataclass(slots=True)
class _Act:
    event_id: str
    at: dict[Source, float]


@dataclass(slots=True)
class Acts:
    """The acts of one visitor (or session), `unit` its opaque key.

    A report (of a kind of event, about a thing: an item, say) pairs with a report of the *other* source that lies
    within SAME_SECONDS and has no partner yet; both get one event id. So n things seen and m told are max(n, m)
    lines, in whatever order they come. An id is made of unit, kind, thing, the time (in steps of SAME_SECONDS) and
    the number of such reports of the same source in that step: two processes that see one half each come to the same
    id, and the store keeps one line. They do not where the two reports fall into different steps, or where the
    reports of one source are themselves spread over processes.
    """

    unit: str
    acts: dict[tuple[str, str], list[_Act]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    def report(self, kind: str, thing: str, at: float, source: Source) -> tuple[str, bool]:
        """The event id of a report at `at` (epoch seconds), and whether it is a new line."""
        key = (kind, thing)
        acts = self.acts.pop(key, [])
        self.acts[key] = acts
        while len(self.acts) > MAX_THINGS:
            del self.acts[next(iter(self.acts))]
        partner = _partner(acts, at, source)
        if partner is not None:
            partner.at[source] = at
            return partner.event_id, False
        step = int(at // SAME_SECONDS)
        number = sum(act.at[source] // SAME_SECONDS == step for act in acts if source in act.at)
        known = {act.event_id for act in acts}
        while (event_id := name("act", self.unit, kind, thing, str(step), str(number))) in known:
            number += 1
        acts.append(_Act(event_id, {source: at}))
        del acts[:-MAX_ACTS]
        return event_id, True

    def repeated(self, kind: str, thing: str, at: float) -> bool:
        """Whether a client told this within SAME_SECONDS of `at` already."""
        told = (act.at.get(Source.TOLD) for act in self.acts.get((kind, thing), ()))
        return any(other is not None and abs(other - at) <= SAME_SECONDS for other in told)

    def awaited(self, kind: str, thing: str, at: float, source: Source) -> bool:
        """Whether a report of this source would pair with one of the other."""
        return _partner(self.acts.get((kind, thing), []), at, source) is not None

    def tell(self, key: str, event_id: str) -> bool:
        """Remember under which event id a client told something of its own naming; False where it is known."""
        if key in self.told:
            return False
        self.told[key] = event_id
        while len(self.told) > MAX_TOLD:
            del self.told[next(iter(self.told))]
        return True


def name(*parts: str) -> str:
    """An event id made of its parts: equal parts, equal ids, in every process."""
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _partner(acts: list[_Act], at: float, source: Source) -> _Act | None:
    """The oldest act that only the other source reported, near enough in time."""
    other = Source.TOLD if source is Source.INFERRED else Source.INFERRED
    for act in acts:
        if source not in act.at and abs(act.at[other] - at) <= SAME_SECONDS:
            return act
    return None
