"""Policies judged on an event log: what other orders would have earned, told from lists whose propensity was logged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize import artefact
from personalize.artefact import Artefact
from personalize.decisions.scoring import Tuning, rank
from personalize.domain.event import Event
from personalize.domain.learned.popularity import MAX_POSITIONS
from personalize.errors import EvidenceError
from personalize.learning.journal import load
from personalize.learning.off_policy import METHODS, Logged, Target, difference, estimate
from personalize.learning.policies_table import LOGGED, told
from personalize.learning.replay import Judged, replay
from personalize.learning.rules import RULES, orders

Floats = NDArray[np.float64]

MODEL = "model"
NAMES = (LOGGED, MODEL, *RULES)
MAX_ROWS = 8_000_000


def judge_log(
    events: Path, since: datetime | None, policy: str, against: str, *, model_dir: Path | None = None, seed: int = 0
) -> dict[str, Any]:  # fmt: skip
    """Clicks per list had `policy` ordered the lists from `since` on, and had `against`; a JSON of numbers.

    The unit is a row at its place: its click counts with 1 / (the chance that it stood there) where the policy puts it
    at the same place (item-position weights; Li and others, KDD 2018). That a click depends on the row and its own
    place, not on its neighbours, is the one assumption. Rows of one visitor count as one. Lists without a `propensity`
    are left out and counted. EvidenceError where the log cannot answer.
    """
    for name in (policy, against):
        if name not in NAMES:
            raise EvidenceError(
                f"policy {name!r} is none of: {', '.join(NAMES)}", code="POLICY_UNKNOWN",
                hint="On a table, policies are arms: give `--table`.",
            )  # fmt: skip
    if MODEL in (policy, against) and model_dir is None:
        raise EvidenceError("the policy `model` needs a model", code="POLICY_UNKNOWN", hint="Add `--model DIR`.")
    model = artefact.load(model_dir) if model_dir is not None else None
    start = since.timestamp() if since is not None else None
    rng = np.random.default_rng(seed)
    rows = _Rows()
    journal = load(events)
    for judged in replay(journal, start, every=True):
        places = judged.shown()
        chances = propensities(judged.event)
        if chances is None:
            rows.unknown += 1
            continue
        whole, each = chances
        by_id = dict(zip((item.item_id for item in judged.event.items), each, strict=True))
        chance = np.array([by_id[item] for item in judged.listing.ids])
        rate = judged.popularity.rate(judged.listing.ids, judged.event.at)
        by_place = judged.popularity.position_rates()
        foreseen = rate * by_place[np.clip(places, 0, MAX_POSITIONS - 1).astype(int)]
        found = []
        for name in (policy, against):
            told_places = np.stack([places]) if name == LOGGED else _placed(name, judged, places, model, rng)
            match = (told_places == places).astype(np.float64)
            if whole is not None:  # only the chance of the whole page is known
                match = np.repeat(match.all(axis=1, keepdims=True), len(places), axis=1).astype(np.float64)
            expected = rate * by_place[np.clip(told_places, 0, MAX_POSITIONS - 1).astype(int)].mean(axis=0)
            probability = chance if name == LOGGED else match.mean(axis=0)
            found.append((probability, foreseen if name == LOGGED else expected))
        rows.add(judged, chance, foreseen, found)
    return rows.result(policy, against) | journal.told()


def propensities(event: Event) -> tuple[float | None, list[float]] | None:
    """What a list says of its chance: that of each item at its place, as a list beside the items; None where nothing.

    The first value is set where only the chance of the whole page is known: it then holds for every item, together.
    """
    whole, more = event.extra.get("propensity"), event.extra.get("exploration")
    each = more.get("items") if isinstance(more, Mapping) else None
    if isinstance(each, list) and len(each) == len(event.items) and all(_chance(one) for one in each):
        return None, [float(one) for one in each]
    if not _chance(whole):
        return None
    assert isinstance(whole, int | float)
    return (None if whole == 1.0 else float(whole)), [float(whole)] * len(event.items)


def _chance(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def _placed(
    name: str, judged: Judged, places: Floats, model: Artefact | None, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Where a policy puts each row among the places of the page, (tries, n): several where chance is part of it."""
    if name == MODEL:
        assert model is not None
        event = judged.event
        ranked = rank(
            model, judged.prepare(model.schema), judged.profile, event.session, event.context, event.at,
            Tuning.of(model.card),
        )  # fmt: skip
        tried = [ranked.order]
    else:
        tried = dict(orders(judged, judged.popularity, rng))[name]
    slots = np.sort(places)
    found = np.empty((len(tried), len(places)))
    for number, order in enumerate(tried):
        found[number, order] = slots
    return found


class _Rows:
    """Rows gathered list by list, bounded by `MAX_ROWS`."""

    def __init__(self) -> None:
        self.lists = self.unknown = self.size = 0
        self.parts: list[tuple[Floats, ...]] = []
        self.who: list[str] = []
        self.sizes: list[int] = []

    def add(self, judged: Judged, chance: Floats, foreseen: Floats, found: list[tuple[Floats, Floats]]) -> None:
        """One list: per policy the probability of each row's place and the click foreseen there."""
        self.size += len(chance)
        if self.size > MAX_ROWS:
            raise EvidenceError(f"more than {MAX_ROWS} rows", code="LOG_TOO_LARGE", hint="Give a later `--since`.")
        self.lists += 1
        (one, expected), (other, expected_other) = found
        self.parts.append((judged.clicked.astype(np.float64), chance, foreseen, one, expected, other, expected_other))
        event = judged.event
        self.who.append(event.visitor or event.session or event.event_id)
        self.sizes.append(len(chance))

    def result(self, policy: str, against: str) -> dict[str, Any]:
        """The estimates by method, per list."""
        if not self.lists:
            raise EvidenceError(
                f"no list bears a `propensity` ({self.unknown} bear none)", code="NO_PROPENSITIES",
                hint="The gateway writes it on every list it served; other logs need it added.",
            )  # fmt: skip
        clicked, chance, foreseen, one, expected, other, expected_other = (
            np.concatenate(column) for column in zip(*self.parts, strict=True)
        )
        visitors = np.unique(np.array(self.who), return_inverse=True)[1]
        logged = Logged.of(clicked, chance, np.repeat(visitors, self.sizes))
        ours, theirs = Target(one, foreseen, expected), Target(other, foreseen, expected_other)
        scale = self.size / self.lists
        estimates = {
            method: {
                "policy": told(estimate(logged, ours, method), scale),
                "against": told(estimate(logged, theirs, method), scale),
                "difference": told(difference(logged, ours, theirs, method), scale),
            }
            for method in METHODS
        }
        return {
            "lists": self.lists, "without_propensity": self.unknown, "policy": policy, "against": against,
            "reward": "clicks per list", "estimates": estimates,
        }  # fmt: skip
