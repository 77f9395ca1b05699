"""Uplift's laws: where nobody differs the constant stays, and a known gain is found."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality.uplift import KNOWN, NULL, World, judged

PLAIN_TO_SEE = World(
    "plain to see", lambda x: np.stack([np.zeros(len(x)), 0.2 * np.sign(x[:, 0])], axis=1), base=0.3
)  # fmt: skip


@pytest.mark.parametrize("world", NULL, ids=lambda world: world.name)
def test_nothing_is_learned_where_there_is_nothing(world: World) -> None:
    """One small campaign a world; `python -m bench.quality.uplift --null` tells the rate over many."""
    assert not judged(world, 2_000, 1)[0]


@pytest.mark.parametrize(
    "world", [PLAIN_TO_SEE, next(one for one in KNOWN if one.name == "an arm a group")], ids=lambda world: world.name
)
def test_a_known_gain_is_found(world: World) -> None:
    learned, gained, _ = judged(world, 5_000, 1)
    assert learned
    assert gained > 0.5
