"""A gateway as a user runs it: `personalize serve` in its own process, with a store file, ended by SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.ports import free_port

READY_SECONDS = 60.0
SECRET = "a-secret-for-the-tests-only"


@dataclass
class Served:
    """Where it listens, its folder, and its process."""

    url: str
    operator: str
    folder: Path
    environ: dict[str, str]
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """SIGTERM, and wait until it has drained."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def run(self, *arguments: str) -> str:
        """What another `personalize` command prints with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "personalize", *arguments], env=self.environ, cwd=self.folder,
            check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip


@contextmanager
def served(shop_url: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`personalize serve` in front of a shop, ready; the store is `events.sqlite` in `folder`."""
    front, back = free_port(), free_port()
    environ = {
        **os.environ,
        "PERSONALIZE_SHOP_URL": shop_url,
        "PERSONALIZE_PORT": str(front),
        "PERSONALIZE_OPERATOR_PORT": str(back),
        "PERSONALIZE_STORE_URL": f"sqlite:///{folder / 'events.sqlite'}",
        "PERSONALIZE_SECRET": SECRET,
        "PERSONALIZE_HOLDOUT": "0",
        **(settings or {}),
    }
    process = subprocess.Popen([sys.executable, "-m", "personalize", "serve"], env=environ, cwd=folder)
    one = Served(f"http://127.0.0.1:{front}/graphql", f"http://127.0.0.1:{back}", folder, environ, process)
    try:
        _wait(one)
        yield one
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _wait(one: Served) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert one.process.poll() is None, f"personalize serve ended with {one.process.returncode}"
        try:
            if httpx.get(f"{one.operator}/readyz").json()["schema"]:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("personalize serve did not become ready")
