"""Uplift's laws: where nobody differs the constant stays, and a known gain is found."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality.uplift import KNOWN, NULL, judged

WORLDS = {world.name: world for world in KNOWN}


@pytest.mark.parametrize("world", NULL, ids=lambda world: world.name)
def test_nothing_is_learned_where_there_is_nothing(world: object) -> None:
    """Two small campaigns a world; `python -m bench.quality.uplift --null` tells the rate over many."""
    assert not any(judged(world, 2_000, seed)[0] for seed in range(2))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["one group gains", "an arm a group", "85 % treated"])
def test_a_known_gain_is_found(name: str) -> None:
    found = [judged(WORLDS[name], 6_000, seed) for seed in range(2)]
    assert any(learned for learned, _, _ in found)
    assert np.mean([gained for _, gained, _ in found]) > 0.5
