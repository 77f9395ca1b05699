"""Drift: what features and click rate were in training, against what a log says is served."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from personalize.artefact import Artefact
from personalize.domain.event import Event
from personalize.features.extract import extract
from personalize.features.shape import SHIFTED, moving_by_themselves, shapes
from personalize.learning.replay import replay

MAX_WAITING = 4_000_000


def click_rate(events: Iterable[Event], since: float | None = None) -> dict[str, float | int | None]:
    """Of the lists from `since` on: how many there are, and the share that a click answers. Events come in time order.

    A click before its list, or of a list that is not in the log, is none.
    """
    lists = clicked = 0
    waiting: set[int] = set()  # of lists that no click has answered yet
    for event in events:
        if event.event == "view_item_list" and event.items and (since is None or event.at >= since):
            lists += 1
            if len(waiting) < MAX_WAITING:
                waiting.add(hash(event.event_id))
        elif event.event == "select_item" and (answered := hash(event.list_event_id)) in waiting:
            waiting.remove(answered)
            clicked += 1
    return {"lists": lists, "rate": clicked / lists if lists else None}


def drift(model: Artefact, events: Iterable[Event], since: float | None = None) -> dict[str, Any]:
    """What has shifted since training, from the judged lists of sorted `events` from `since` on, as JSON values.

    `features` by PSI, the most shifted first; `shifted` those at `SHIFTED` or above; {} for both where the card of an
    older model tells no distributions. `expected` are the PSI of columns that move while behaviour stays the same, what
    is counted and the clock: they raise no alarm.
    """
    known = shapes(model.card, model.schema.names)
    counts = {column: np.zeros(len(shape.shares)) for column, shape in known.items()}
    lists = 0
    for judged in replay(events, since):
        event = judged.event
        matrix = extract(judged.prepare(model.schema), judged.profile, event.session, event.context, event.at)
        for column, shape in known.items():
            counts[column] += shape.count(matrix[:, column])
        lists += 1
    psi = {model.schema.names[column]: shape.psi(counts[column]) for column, shape in known.items()}
    ordered = sorted(psi.items(), key=lambda pair: (-pair[1], pair[0])) if lists else []
    moving = moving_by_themselves(model.schema)
    told = {name: round(value, 4) for name, value in ordered}
    data = model.card.get("data")
    return {
        "lists": lists,
        "features": {name: value for name, value in told.items() if name not in moving},
        "expected": {name: value for name, value in told.items() if name in moving},
        "shifted": [name for name, value in ordered if value >= SHIFTED and name not in moving],
        "click_rate": {
            "training": data.get("click_rate") if isinstance(data, Mapping) else None,
            "served": click_rate(events, since)["rate"],
        },
    }
