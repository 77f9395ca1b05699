"""Columns of the session: what was touched, shown, skipped, how recently, and where the rows lie to it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from personalize.domain.profile import Profile
from personalize.domain.session import Session
from personalize.features.lasting import gather
from personalize.features.prepared import Prepared
from personalize.features.schema import SESSION, SESSION_ITEM

_COLUMN = {name: number for number, name in enumerate(SESSION_ITEM + SESSION)}


def fill_session(out: NDArray[np.float32], prepared: Prepared, profile: Profile, session: Session, at: float) -> None:
    """Fill the columns `SESSION_ITEM` and `SESSION` of all rows; `out` comes filled with NaN."""
    touched = _fill_touched(out, prepared, session, at)
    _fill_shown(out, prepared, session)
    _fill_distances(out, prepared, touched)
    _fill_prices(out, prepared, session)
    weights = session.leanings(prepared.token_number)
    out[:, _COLUMN["lean_sum"]], out[:, _COLUMN["lean_max"]] = gather(prepared, weights)
    last = profile.known.get(next(reversed(session.touched))) if session.touched else None
    if last is not None and (tokens := last.tokens):
        share = 1.0 / len(tokens)
        shared, _ = gather(prepared, {key: share for key in tokens if key in prepared.token_number})
        out[:, _COLUMN["lean_last"]] = shared
    start = len(SESSION_ITEM)
    out[:, start:] = [
        session.events,
        session.touches,
        session.clicks,
        session.searches,
        session.list_count,
        len(session.touched),
        _since(at, session.last_at) if session.events else math.nan,
        session.events - session.last_search if session.last_search else math.nan,
        session.events - session.click_event if session.clicks else math.nan,
        len(touched),
        _last_in_list(prepared, session),
    ]


def _last_in_list(prepared: Prepared, session: Session) -> float:
    if not session.touched:
        return math.nan
    return float(prepared.place(next(reversed(session.touched))) is not None)


def _since(at: float, then: float) -> float:
    """Seconds since, on a log scale."""
    return math.log1p(max(at - then, 0.0))


def _fill_touched(out: NDArray[np.float32], prepared: Prepared, session: Session, at: float) -> list[float]:
    """Returns the positions of the touched items of the window, the last touched first."""
    for name in ("touched_count", "touched_clicks", "touched_carts", "touched_share"):
        out[:, _COLUMN[name]] = 0.0
    places: list[float] = []
    first = _COLUMN["touched_count"]
    for order, item in enumerate(reversed(session.touched)):
        place = prepared.place(item)
        if place is None:
            continue
        places.append(place)
        row = prepared.row_of.get(item)
        if row is None:
            continue
        mark = session.touched[item]
        out[row, first : first + 7] = (
            mark.count, mark.clicks, mark.carts, order, session.events - mark.last, _since(at, mark.at),
            mark.count / session.touches,
        )  # fmt: skip
    return places


def _fill_shown(out: NDArray[np.float32], prepared: Prepared, session: Session) -> None:
    out[:, _COLUMN["shown_times"]] = 0.0
    out[:, _COLUMN["skipped"]] = 0.0
    rows: list[int] = []
    values: list[tuple[int, int, int]] = []
    for item, sight in session.shown.items():
        row = prepared.row_of.get(item)
        if row is not None:
            rows.append(row)
            values.append((sight.times, session.list_count - sight.list_number, sight.skipped))
    if rows:
        first = _COLUMN["shown_times"]
        out[rows, first : first + 3] = values


def _fill_distances(out: NDArray[np.float32], prepared: Prepared, touched: list[float]) -> None:
    out[:, _COLUMN["touched_above"]] = 0.0
    if touched:
        out[:, _COLUMN["from_touched"]] = prepared.position - touched[0]
        out[:, _COLUMN["from_deepest"]] = prepared.position - max(touched)
        out[:, _COLUMN["touched_above"]] = np.searchsorted(np.sort(touched), prepared.position)


def _fill_prices(out: NDArray[np.float32], prepared: Prepared, session: Session) -> None:
    if not session.price_count:
        return
    first = _COLUMN["price_to_last"]
    out[:, first] = prepared.log_price - session.price_last
    out[:, first + 1] = prepared.log_price - session.price_sum / session.price_count
    out[:, first + 2] = prepared.log_price - session.price_low
    out[:, first + 3] = prepared.log_price - session.price_high
