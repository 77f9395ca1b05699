"""Spending: what an offer is expected to earn and to cost with one visitor, as learned, and what earns its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from personalize.artefact import CARD, feature_names, read, save, scores, stamp
from personalize.domain.offers.declared import OFFERS_MAX
from personalize.domain.profile import Profile
from personalize.errors import ArtefactError
from personalize.features.visitor import VisitorSchema

COST = "cost"
"""The folder, in that of an offer's model, of the model that tells what it costs."""
COMMAND = "personalize uplift"
Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Spending:
    """Two models of one offer: the extra margin of giving it (`gain`) and the saving to expect (`cost`), in `currency`.

    `threshold` is the knapsack's: extra margin for each unit of money given away, from which on it is given. No cost
    is taken for less than `least`.
    """

    offer: str
    schema: VisitorSchema
    gain: lgb.Booster
    cost: lgb.Booster
    threshold: float
    least: float
    version: str

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return self.schema.currency

    def surplus(self, profile: Profile, at: float) -> float:
        """What the extra margin is above its price in the knapsack; above 0: the offer is given.

        ArtefactError where the models give no finite number.
        """
        gain, cost = self.foreseen(np.array([self.schema.values(profile, at)], np.float32))
        return float(surplus(gain, cost, self.threshold)[0])

    def foreseen(self, matrix: Matrix) -> tuple[Floats, Floats]:
        """Extra margin and cost (n,) of rows (n, f) of `VisitorSchema.values`."""
        return scores(self.gain, matrix, self.offer), np.maximum(scores(self.cost, matrix, self.offer), self.least)


def surplus(gain: Floats, cost: Floats, threshold: float) -> Floats:
    """What is gained above `threshold` times the cost, and never above the gain itself: nobody is paid to lose."""
    return np.asarray(gain - max(threshold, 0.0) * cost)


def save_spending(folder: Path, spending: Spending, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write the models of an offer to `folder`/NAME; returns the card. ArtefactError where it cannot be written."""
    directory, schema = folder / spending.offer, spending.schema
    cost = save(directory / COST, spending.cost.model_to_string(num_iteration=-1), schema, {"offer": spending.offer})
    told = {
        **card, "offer": spending.offer, "threshold": spending.threshold, "least_cost": spending.least,
        "cost_checksum": cost["checksum"],
    }  # fmt: skip
    return save(directory, spending.gain.model_to_string(num_iteration=-1), schema, told)


def load_spending(directory: Path) -> Spending:
    """The models of one offer. ArtefactError where they are missing, cut, altered, or of another version's features."""
    schema, card, gain = read(directory, VisitorSchema.from_dict, COMMAND)
    other, cost_card, cost = read(directory / COST, VisitorSchema.from_dict, COMMAND)
    try:
        offer, threshold, least = str(card["offer"]), float(card["threshold"]), float(card["least_cost"])
        together = other == schema and cost_card["checksum"] == card["cost_checksum"]
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{directory / CARD} lacks or misstates {error}", code="ARTEFACT_CARD") from None
    if not (together and 0 <= threshold < np.inf and 0 < least < np.inf):
        raise ArtefactError(
            f"the two models in {directory} do not belong together, or their threshold is none",
            code="ARTEFACT_CARD",
            hint=f"write the folder again: `{COMMAND} --events LOG --offer {offer} --out DIR`",
        )
    return Spending(offer, schema, gain, cost, threshold, least, str(card["checksum"])[:12])


def load_all(folder: Path) -> tuple[dict[str, Spending], dict[str, ArtefactError]]:
    """The models of a folder by offer, and what could not be used, by the name of its folder.

    ArtefactError where the folder cannot be read, or holds more than there may be offers.
    """
    found: dict[str, Spending] = {}
    faults: dict[str, ArtefactError] = {}
    for directory in _folders(folder):
        try:
            one = load_spending(directory)
        except ArtefactError as error:
            faults[directory.name] = error
        else:
            found[one.offer] = one
    return found, faults


def stamps(folder: Path) -> tuple[object, ...] | None:
    """What changes when other models are to be used; None where there is no folder to read."""
    try:
        return tuple((one.name, stamp(one), stamp(one / COST)) for one in _folders(folder))
    except ArtefactError:
        return None


def columns(schema: VisitorSchema) -> list[str]:
    """The names of the columns in LightGBM's files."""
    return feature_names(schema)


def _folders(folder: Path) -> list[Path]:
    try:
        found = sorted(one for one in folder.iterdir() if (one / CARD).is_file())
    except OSError as error:
        raise ArtefactError(
            f"{folder} cannot be read: {error.strerror or error}",
            code="ARTEFACT_MISSING",
            hint=f"Name the folder that `{COMMAND} --events LOG --offer NAME --out DIR` wrote.",
        ) from None
    if len(found) > OFFERS_MAX:
        raise ArtefactError(f"{folder} holds {len(found)} models, at most {OFFERS_MAX} offers are read")
    return found
