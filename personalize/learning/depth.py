"""How many rows of a list the model scores: as few as a later slice of the log allows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.ordering import descending
from personalize.decisions.scoring import BLEND, DEPTH, cheap_scores, chosen
from personalize.features.schema import Schema
from personalize.learning.examples import Examples
from personalize.learning.metrics import ndcg

DEPTHS = (DEPTH, 48)  # a latency budget: with the second a page costs half as much more to score
LOST = 0.0003  # NDCG@10 from which more rows are scored


def depth_of(examples: Examples, score: Callable[[NDArray[np.float32]], NDArray[np.float64]], schema: Schema) -> int:
    """The first of `DEPTHS` that loses no more than `LOST` on these lists beside the best of them.

    `score` is what a model that has not seen the lists says of rows (n, f), (n,). Of lists that were logged page by
    page nobody knows what a deeper look would have found: `DEPTH` it is.
    """
    if not len(examples) or examples.sizes.max() <= DEPTH:
        return DEPTH
    cheap = cheap_scores(schema, examples.matrix)
    blended = score(examples.matrix) - BLEND * np.log2(1.0 + examples.matrix[:, schema.names.index("position")])
    ends = np.cumsum(examples.sizes)
    found = np.zeros(len(DEPTHS))
    for start, end in zip(ends - examples.sizes, ends, strict=True):
        clicked, by = examples.grade[start:end] > 0, descending(cheap[start:end])
        if clicked.any():
            for at, depth in enumerate(DEPTHS):
                head, rest = chosen(by, depth)
                order = np.concatenate([head[descending(blended[start:end][head])], rest])
                found[at] += ndcg(order, clicked)
    return DEPTHS[int(np.argmax(found.max() - found <= LOST * len(examples)))]
