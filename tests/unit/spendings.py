"""Small models of an offer whose say is known: newcomers gain by it, who has ordered does not."""

from __future__ import annotations

from functools import cache

import lightgbm as lgb
import numpy as np

from personalize.decisions.spending import Spending, columns
from personalize.features.visitor import NAMES, VisitorSchema


@cache
def spending(offer: str, worth: float = 2.0, currency: str = "EUR", threshold: float = 0.0) -> Spending:
    """Extra margin `worth` of those without an order, as much lost of all others; everybody costs 1."""
    schema = VisitorSchema(currency)
    rng = np.random.default_rng(7)
    matrix = rng.random((400, len(NAMES))).astype(np.float32)
    matrix[:, NAMES.index("orders")] = rng.integers(0, 2, 400)
    gain = np.where(matrix[:, NAMES.index("orders")] == 0, worth, -worth)
    told = {"objective": "regression", "verbose": -1, "num_leaves": 2, "learning_rate": 0.5, "num_threads": 1}
    models = [
        lgb.train(told, lgb.Dataset(matrix, target, feature_name=columns(schema), params={"verbose": -1}), 20)
        for target in (gain, np.ones(400))
    ]
    return Spending(offer, schema, models[0], models[1], threshold, 0.05, f"{offer}-{worth}")
