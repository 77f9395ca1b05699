"""Evaluate: a model and the simple rules on a log's later part, each list with only what came before it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from personalize import artefact
from personalize.decisions.scoring import Tuning, rank
from personalize.domain.learned.popularity import Popularity
from personalize.errors import EventError
from personalize.guardrails.displacement import footrule
from personalize.learning.journal import Progress, load
from personalize.learning.metrics import Groups, Health, mrr, ndcg, paired_interval
from personalize.learning.replay import replay
from personalize.learning.rules import RULES, is_cold, is_new, orders


def evaluate(
    events: Path,
    since: datetime | None,
    model_dir: Path,
    *,
    seed: int = 0,
    tuning: Tuning | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Replay the log and judge every list from `since` on (all, if None) that a `select_item` answers.

    Returns the JSON of the design's section 8, and `health` (see `metrics.Health`). The model's order is the one the
    ranker serves, before the operator's guardrails and the spread of near-duplicates; `order_bent` is how far it bends
    the shop's, 0 to 1. `dropped` and `noted` tell what of the log was lost, by reason, `warnings` (`{code, message}`)
    whether the model has learned from what it is judged on. EventError without a judged list, ArtefactError where the
    model is unusable.
    """
    model = artefact.load(model_dir)
    tuning = tuning or Tuning.of(model.card)
    rng = np.random.default_rng(seed)
    frozen = [Popularity()]
    gains: dict[str, list[float]] = {name: [] for name in ("model", *RULES)}
    ranks: dict[str, list[float]] = {name: [] for name in ("model", *RULES)}
    cold: list[bool] = []
    bent: list[float] = []
    new: list[bool] = []
    health = Health()
    sessions: list[str] = []
    at: list[float] = []

    def freeze(popularity: Popularity) -> None:
        frozen[0] = Popularity.from_bytes(popularity.to_bytes())

    start = since.timestamp() if since is not None else None
    journal = load(events, progress=progress)
    for number, judged in enumerate(replay(journal, start, freeze, progress)):
        event = judged.event
        prepared = judged.prepare(model.schema)
        served = rank(model, prepared, judged.profile, event.session, event.context, event.at, tuning).order
        for name, tried in [("model", [served]), *orders(judged, frozen[0], rng)]:
            gains[name].append(fmean(ndcg(order, judged.clicked) for order in tried))
            ranks[name].append(fmean(mrr(order, judged.clicked) for order in tried))
        cold.append(is_cold(judged))
        bent.append(footrule(served.tolist()))
        new.append(is_new(judged))
        health.see(prepared.ids, served)
        sessions.append(event.session or event.event_id)
        at.append(event.at)
        if progress is not None:
            progress("lists", number + 1)
    if not cold:
        raise EventError(
            f"No list of {events} since {since.isoformat() if since else 'its start'} is answered by a click; "
            f"{journal.said()}",
            code="NOTHING_JUDGED",
            hint="`select_item` lines name the list they answer in `list_event_id`.",
        )
    last = {session: number for number, session in enumerate(sessions)}
    groups = Groups(np.array(cold), np.isin(np.arange(len(cold)), list(last.values())), np.array(new))
    policies = {name: groups.table(np.array(gains[name]), np.array(ranks[name])) for name in gains}
    best = max(RULES, key=lambda rule: policies[rule]["all"]["ndcg@10"] or 0.0)
    low, high = paired_interval(np.array(gains["model"]) - np.array(gains[best]), seed)
    assert not math.isnan(low)
    return {
        "lists": len(cold),
        "policies": policies,
        "health": health.told(),
        "difference_to_best_rule": {"rule": best, "ndcg@10": [low, high]},
        "order_bent": fmean(bent),
        **journal.told(),
        "warnings": _warnings(at, model.seen_until),
    }


def _warnings(at: list[float], seen: float | None) -> list[dict[str, str]]:
    """What makes the figures doubtful: lists (their times, epoch seconds) that the model may have learned from."""
    if seen is None:
        message = "the model's card does not say up to when its training data goes, so it may have seen these lists"
        return [{"code": "TRAINING_UNKNOWN", "message": message}]
    if not (known := sum(one < seen for one in at)):
        return []
    until = datetime.fromtimestamp(seen, UTC).isoformat(timespec="milliseconds")
    message = (
        f"{known} of {len(at)} judged lists lie before {until}, where the model's training data ends: "
        "a model knows the answers it has learned from; give a later --since"
    )
    return [{"code": "SEEN_IN_TRAINING", "message": message}]
