"""Contributions: what each feature added to the score of each row of one logged list (SHAP, exact, never inline)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from personalize.artefact import Artefact
from personalize.decisions.parameters import grouped
from personalize.decisions.scoring import Tuning, rank
from personalize.domain.event import Event
from personalize.domain.parameter import told
from personalize.errors import EventError
from personalize.learning.replay import Judged, replay

TOP = 8  # features told per row; the groups tell all


def contributions(model: Artefact, events: Iterable[Event], event_id: str, language: str = "en") -> dict[str, Any]:
    """Each row of the list in the model's order, with the score and what made it, as JSON values.

    `features` has the `TOP` largest contributions, `groups` all of them by group; with `base` they sum to `score`
    (before the shop's position is blended in). Rows beyond the depth, which serving orders without the model, are
    scored here, too. The state is that before the list, as in training. Groups are told in `language` (en, de).
    EventError where the log has no such list.
    """
    judged = _find(events, event_id)
    event, tuning = judged.event, Tuning.of(model.card)
    prepared = judged.prepare(model.schema)
    ranked = rank(model, prepared, judged.profile, event.session, event.context, event.at, tuning)
    raw = model.booster.predict(ranked.matrix, pred_contrib=True, num_threads=1, validate_features=False)
    parts = np.asarray(raw, np.float64).reshape(len(ranked.matrix), -1)
    rows = []
    for place, row in enumerate(ranked.order.tolist()):
        values = parts[row, :-1]
        largest = [column for column in np.argsort(-np.abs(values), kind="stable")[:TOP] if values[column] != 0]
        by_group = sorted(grouped(values, model.schema.names).items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        rows.append(
            {
                "place": place,
                "item_id": prepared.ids[row],
                "shop_position": int(prepared.position[row]),
                "score": float(parts[row].sum()),
                "base": float(parts[row, -1]),
                "sunk": row in ranked.bought or row in ranked.rejected,
                "features": [
                    {
                        "name": model.schema.names[column],
                        "value": _known(float(ranked.matrix[row, column])),
                        "contribution": float(values[column]),
                    }
                    for column in largest
                ],
                "groups": [
                    {"group": group, "text": told(group, language), "value": value}
                    for group, value in by_group
                    if value
                ],
            }
        )
    return {"event_id": event_id, "list_id": event.list_id, "model": f"{model.name}@{model.version}", "rows": rows}


def _find(events: Iterable[Event], event_id: str) -> Judged:
    """The list with the state before it: one walk over the log, which ends there."""
    for judged in replay(events, only=event_id):
        return judged
    raise EventError(
        f"The log holds no list {event_id!r} with items", code="LIST_UNKNOWN",
        hint="Give the `event_id` of a `view_item_list` line.",
    )  # fmt: skip


def _known(value: float) -> float | None:
    return value if value == value else None
