"""Who runs on which core: servers on one, the load generator on another, where the machine and the system let us."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of servers and of the load; empty where nothing is pinned."""

    servers: frozenset[int] = frozenset()
    load: frozenset[int] = frozenset()

    def told(self) -> str:
        """For the result: where things ran."""
        if not self.servers:
            return "not pinned"
        return f"servers on core {_names(self.servers)}, load on core {_names(self.load)}"

    @contextlib.contextmanager
    def starting_servers(self) -> Iterator[None]:
        """Processes started in the block run on the servers' core, with all their threads: they inherit it."""
        with _pinned(self.servers):
            yield

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """This thread runs on the load's core while the block runs."""
        with _pinned(self.load):
            yield


def one_each() -> Cores:
    """The last core for servers, the one before for the load; nothing pinned with one core or on macOS and Windows."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores()
    ours = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(ours[-1:]), frozenset(ours[-2:-1])) if len(ours) > 1 else Cores()


@contextlib.contextmanager
def _pinned(cores: frozenset[int]) -> Iterator[None]:
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _names(cores: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
