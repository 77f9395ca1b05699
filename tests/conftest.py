"""What every test may ask for: fixtures kept beside what they start; laws are held on slow machines, too."""

import gc
from functools import cache
from itertools import count

import httpx
from httpx._transports import default
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.vendure.fixture"]
ENDED = count(1)

# How long a law takes is never what is tested: a busy machine breaks none.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# A new client reads all certificates of the machine, for 20 ms; nothing here needs more than one such context.
httpx.create_ssl_context = default.create_ssl_context = cache(httpx.create_ssl_context)


def pytest_collection_finish() -> None:
    """What was imported stays: walking through it again and again was a quarter of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 500)


def pytest_runtest_logfinish() -> None:
    """What tests leave behind is swept between them: in the midst of one it would stand still for half a second."""
    if next(ENDED) % 25 == 0:
        gc.collect()
