"""Server processes of a benchmark: started on free ports, stopped at the end; their CPU time read from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.cores import Cores

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
QUIET_SECONDS = 20.0  # how long what a server does behind its answers is waited for
LOOK_SECONDS = 0.1
LOOKS = 6  # an outbox that flushes twice a second has had its turn
IDLE = 0.08  # of one core: timers and polls of a server that nobody asks
TAIL = 2_000


@dataclass(frozen=True, slots=True)
class Server:
    """A running process, where it listens, and where it said that it is ready."""

    url: str
    process: psutil.Process
    probe: str

    def cpu(self) -> float:
        """User and system seconds of the process and its children so far."""
        return sum(map(_cpu, [self.process, *self.process.children(recursive=True)]))

    def memory(self) -> int:
        """Resident bytes of the process and its children."""
        return sum(one.memory_info().rss for one in [self.process, *self.process.children(recursive=True)])


def _cpu(process: psutil.Process) -> float:
    if sys.platform == "linux":  # nanoseconds; what psutil reads counts in hundredths of a second
        with contextlib.suppress(OSError):
            return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return float(times.user + times.system)


def settle(servers: list[Server]) -> float:
    """Wait until the servers do (almost) nothing, for what they put off until after their answers is work, too.

    How long that took, in seconds.
    """
    began = last = time.monotonic()
    quiet = 0
    while quiet < LOOKS and last - began < QUIET_SECONDS:
        before = sum(server.cpu() for server in servers)
        time.sleep(LOOK_SECONDS)
        if sum(server.cpu() for server in servers) - before < IDLE * LOOK_SECONDS:
            quiet += 1
        else:
            quiet, last = 0, time.monotonic()
    return last - began


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str], url: str, probe: str, environ: Mapping[str, str] | None = None, *,
    cores: Cores | None = None, cwd: Path | None = None,
) -> Iterator[Server]:  # fmt: skip
    """A server process, up once `probe` answers; RuntimeError with what it said where it does not within a minute."""
    with tempfile.TemporaryFile() as said:
        with (cores or Cores()).starting_servers():
            process = subprocess.Popen(
                command, env={**os.environ, **(environ or {})}, cwd=cwd, stdout=said, stderr=said
            )
        try:
            try:
                _wait(process, probe)
            except RuntimeError as error:
                said.seek(0)
                tail = said.read()[-TAIL:].decode(errors="replace")
                raise RuntimeError(f"{error}: {' '.join(command)[:200]}\n{tail}") from None
            yield Server(url, psutil.Process(process.pid), probe)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()
            process.wait(STOP_SECONDS)


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def _wait(process: subprocess.Popen[bytes], probe: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(probe, params={"query": "{__typename}"}, timeout=5.0)
            if answer.status_code < 500 and b'"schema":false' not in answer.content:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {probe}")
