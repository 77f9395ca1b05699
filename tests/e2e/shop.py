"""The demo shop in its own process, as the docs start it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.e2e.ports import free_port

UP_SECONDS = 60.0


@contextmanager
def demo_shop_served() -> Iterator[str]:
    """`python -m personalize.demo.shop`, up; the address of its GraphQL endpoint."""
    port = free_port()
    command = [sys.executable, "-m", "personalize.demo.shop", "--port", str(port)]
    process = subprocess.Popen(command, env=dict(os.environ))
    url = f"http://127.0.0.1:{port}/shop-api"
    try:
        deadline = time.monotonic() + UP_SECONDS
        while True:
            assert process.poll() is None, f"the demo shop ended with {process.returncode}"
            assert time.monotonic() < deadline, "the demo shop did not come up"
            try:
                httpx.post(url, json={"query": "{ __typename }"}, timeout=10)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait(10)
