"""Server processes of a benchmark: started on free ports, stopped at the end; their CPU time read from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import psutil

READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running process and where it listens."""

    url: str
    process: psutil.Process

    def cpu(self) -> float:
        """User and system seconds of the process and its children so far."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (one.cpu_times() for one in family))

    def memory(self) -> int:
        """Resident bytes."""
        return int(self.process.memory_info().rss)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], url: str, probe: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server process, up once `probe` answers; RuntimeError where it does not within a minute."""
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **(environ or {})})
    try:
        _wait(process, probe)
        yield Server(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


def _wait(process: subprocess.Popen[bytes], probe: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(probe, params={"query": "{__typename}"})
            if answer.status_code < 500 and b'"schema":false' not in answer.content:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {probe}")
