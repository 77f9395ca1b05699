"""What every test may ask for: fixtures kept beside what they start; laws are held on slow machines, too."""

import gc

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.vendure.fixture"]

# How long a law takes is never what is tested: a busy machine breaks none.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """What was imported stays: walking through it again and again was a quarter of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 50)
