"""The pytest fixture `vendure`: one real shop for the whole test session."""

from collections.abc import Iterator

import pytest

from tests.vendure.server import Vendure, running


@pytest.fixture(scope="session")
def vendure() -> Iterator[Vendure]:
    """A running Vendure with its sample data (54 products); tests share it, so they expect no fixed stock or orders."""
    with running() as shop:
        yield shop
