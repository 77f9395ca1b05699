"""Columns of the session: what was touched, shown, skipped, how recently, and where the rows lie to it."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from personalize.domain.learned.pairs import PRIOR
from personalize.domain.session import FADE, Session
from personalize.features.lasting import spread_over
from personalize.features.prepared import Prepared, comparable
from personalize.features.schema import SESSION, SESSION_ITEM

TOUCHED = 5  # items of the session, the newest, whose covisits count
_COLUMN = {name: number for number, name in enumerate(SESSION_ITEM + SESSION)}


def fill_session(out: NDArray[np.float32], prepared: Prepared, session: Session, at: float) -> None:
    """Fill the columns `SESSION_ITEM` and `SESSION` of all rows: `out` (columns, n), which comes as `blank` has it."""
    touched = _fill_touched(out, prepared, session, at)
    _fill_shown(out, prepared, session)
    _fill_distances(out, prepared, session, touched)
    _fill_prices(out, prepared, session)
    _fill_covisits(out, prepared, session)
    leanings = session.leanings(prepared.wanted, prepared.places)
    if leanings:
        out[_COLUMN["lean_sum"]] = spread_over(prepared, np.array(leanings))
    out[len(SESSION_ITEM) :].T[:] = [
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
        max(touched) - min(touched) if touched else math.nan,
        touched[0] - touched[1] if len(touched) > 1 else math.nan,
        session.click_index if session.click_index >= 0 else math.nan,
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
        out[first : first + 8, row] = (
            mark.count, mark.clicks, mark.carts, order, session.events - mark.last, _since(at, mark.at),
            mark.count / session.touches, mark.index if mark.index >= 0 else math.nan,
        )  # fmt: skip
    return places


def _fill_shown(out: NDArray[np.float32], prepared: Prepared, session: Session) -> None:
    if not session.shown:
        return
    first = _COLUMN["shown_times"]
    # Cell by cell through views of the columns: the fewest steps for the few rows that this visitor was shown.
    times, lists_ago, skipped, index = (out[column].data for column in range(first, first + 4))
    row_of, list_count = prepared.row_of, session.list_count
    for item, sight in session.shown.items():
        row = row_of.get(item)
        if row is not None:
            times[row] = sight.times
            lists_ago[row] = list_count - sight.list_number
            index[row] = sight.index
            if sight.skipped:
                skipped[row] = sight.skipped
    out[_COLUMN["shown_moved"]] = prepared.position - out[first + 3]


def _fill_distances(out: NDArray[np.float32], prepared: Prepared, session: Session, touched: list[float]) -> None:
    """Where the rows lie to the touched items of the window, and to where the last click was."""
    position = prepared.position
    if session.click_index >= 0:
        out[_COLUMN["from_clicked"]] = position - session.click_index
    if not touched:
        return
    places = np.sort(touched)
    above, beyond = np.searchsorted(places, position), np.searchsorted(places, position, "right")
    # One place more at either end, so that rows without a touched one on that side read NaN.
    framed = np.concatenate([[np.nan], places, [np.nan]])
    to_above, to_below = position - framed[above], framed[beyond + 1] - position
    out[_COLUMN["from_touched"]] = position - touched[0]
    if len(touched) > 1:
        out[_COLUMN["from_second"]] = position - touched[1]
    out[_COLUMN["from_mean"]] = position - places.mean()
    out[_COLUMN["from_deepest"]] = position - places[-1]
    out[_COLUMN["touched_above"]] = above
    out[_COLUMN["to_touched_above"]] = to_above
    out[_COLUMN["to_touched_below"]] = to_below
    out[_COLUMN["touched_beside"]] = (to_above == 1.0).astype(np.float32) + (to_below == 1.0)


def _fill_covisits(out: NDArray[np.float32], prepared: Prepared, session: Session) -> None:
    """What sessions that turned to the items of this one turned to as well: a share, and beside how many do at all."""
    known = prepared.covisits.number
    newest = enumerate(islice(reversed(session.touched), TOUCHED))
    weights = [(item, FADE**order) for order, item in newest if item in known]
    if not weights:
        return
    found = prepared.covisits.gather(weights, len(prepared.ids))
    out[_COLUMN["covisits"]] = found
    out[_COLUMN["covisits_lift"]] = found / (prepared.visits + PRIOR)


def _fill_prices(out: NDArray[np.float32], prepared: Prepared, session: Session) -> None:
    if not session.price_count or not comparable(session.price_currency, prepared.currency):
        return
    first = _COLUMN["price_to_last"]
    out[first] = prepared.log_price - session.price_last
    out[first + 1] = prepared.log_price - session.price_sum / session.price_count
    out[first + 2] = prepared.log_price - session.price_low
    out[first + 3] = prepared.log_price - session.price_high
