"""Why a row moved: of the plain facts that hold for it, the one whose features lift it most in the model."""

from __future__ import annotations

import numpy as np

from personalize.artefact import Artefact
from personalize.decisions.curves import lifts
from personalize.decisions.facts import holding
from personalize.decisions.scoring import Ranked
from personalize.domain.patch import Reason
from personalize.domain.profile import Profile
from personalize.domain.reason import (
    AFFINITY,
    BOUGHT_RECENTLY,
    GOES_WITH,
    GOES_WITH_CART,
    NOT_INTERESTED,
    VARIETY,
    WEIGHED,
)
from personalize.domain.visit import Visit
from personalize.features.prepared import Prepared
from personalize.features.schema import columns

STRONG = 0.15  # share of a visitor's touches from which a property counts as a taste
BESIDE = 48  # rows, from the top, that what holds for a row is compared with
TIE = 1e-6
SUNK, REFUSED, VARIED, ALL, IN_CART = map(Reason, (BOUGHT_RECENTLY, NOT_INTERESTED, VARIETY, WEIGHED, GOES_WITH_CART))


def explain(
    artefact: Artefact, prepared: Prepared, ranked: Ranked, moves: dict[int, int], visit: Visit
) -> dict[int, Reason]:
    """Reasons per row: for all that rose and for all that sank on purpose.

    Of the facts that hold for a row the one is told whose group of features lifts it most above the rows beside, by
    the model's own curves (`curves.py`): an estimate, without asking the model again. What would rather have put it
    down is never told. `moves` are those of the order that is shown; what rose in it, but not in the model's own, rose
    for variety.
    """
    reasons = dict.fromkeys((row for row in ranked.bought if row in moves), SUNK)
    reasons |= dict.fromkeys((row for row in ranked.rejected if row in moves), REFUSED)
    up = [(place, row) for place, row in enumerate(ranked.order.tolist()) if moves.get(row, 0) > 0]
    up = [(place, row) for place, row in up if row not in reasons]
    reasons |= dict.fromkeys((row for place, row in up if row <= place), VARIED)
    rose = [row for place, row in up if row > place]
    if not rose:
        return reasons
    beside = ranked.order[:BESIDE]
    facts, holds, rare = holding(ranked.matrix, columns(prepared.schema), rose, beside)
    tastes = _tastes(prepared, visit.profile, visit.at, rose)
    taste = next(at for at, fact in enumerate(facts) if fact.code == AFFINITY)
    holds[:, taste] &= [row in tastes for row in rose]
    lifted, nothing = lifts(artefact, ranked.matrix, rose, beside), np.zeros(len(rose))
    lift = np.column_stack([lifted.get(fact.group, nothing) for fact in facts])
    holds &= lift > 0
    # Facts of one group are weighed alike: the more unusual one is told.
    best = np.where(holds, lift + TIE * rare, -np.inf).argmax(axis=1).tolist()
    told = [Reason(fact.code) for fact in facts]
    cart = _all_in_cart(visit)
    for place, (row, at) in enumerate(zip(rose, best, strict=True)):
        if not holds[place, at]:
            reasons[row] = ALL
        elif at == taste:
            name, value = tastes[row]
            reasons[row] = Reason(AFFINITY, {"name": name, "value": value})
        else:
            reasons[row] = IN_CART if cart and facts[at].code == GOES_WITH else told[at]
    return reasons


def _all_in_cart(visit: Visit) -> bool:
    """Whether all that the visitor turned to in this session was put into the cart, too."""
    if visit.profile is None:
        return False
    touched = visit.profile.session_for(visit.session, visit.at).touched
    return bool(touched) and all(mark.carts for mark in touched.values())


def _tastes(prepared: Prepared, profile: Profile | None, at: float, rows: list[int]) -> dict[int, tuple[str, str]]:
    """The property the visitor leans to most per row of `rows`, if strong and telling rows apart; no price band."""
    if profile is None or not len(prepared.token_row):
        return {}
    affinities = profile.affinities(prepared.token_number, len(prepared.token_names), at)
    if not affinities:
        return {}
    table = np.array(affinities)
    table[[name == "price_band" for name, _ in prepared.token_names]] = 0.0
    # What every row bears (the category one is in) explains nothing.
    table[np.bincount(prepared.token_kind, minlength=len(table)) >= 0.9 * len(prepared.ids)] = 0.0
    best: dict[int, tuple[str, str]] = {}
    asked = np.zeros(len(prepared.ids), bool)
    asked[rows] = True
    strong = np.flatnonzero(asked[prepared.token_row] & (table >= STRONG)[prepared.token_kind])
    kinds = prepared.token_kind[strong]
    weakest_first = np.argsort(table[kinds], kind="stable")
    for row, kind in zip(
        prepared.token_row[strong][weakest_first].tolist(), kinds[weakest_first].tolist(), strict=True
    ):
        best[row] = prepared.token_names[kind]
    return best
