"""The load: a bounded number of requests over a few connections, with the time each one took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import numpy as np

from bench.servers import Server


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: a body and headers."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds per request of each watched process; latencies in milliseconds; requests a second."""

    cpu: dict[str, float]
    p50: float
    p99: float
    rate: float


def measure(url: str, requests: Sequence[Request], connections: int, watched: dict[str, Server]) -> Measured:
    """Send all requests once, `connections` at a time, and read the CPU time of the watched processes around it."""
    before = {name: server.cpu() for name, server in watched.items()}
    started = time.perf_counter()
    latencies = asyncio.run(_send(url, requests, connections))
    seconds = time.perf_counter() - started
    used = {name: (server.cpu() - before[name]) / len(requests) * 1000 for name, server in watched.items()}
    p50, p99 = np.percentile(np.array(latencies) * 1000, [50, 99])
    return Measured(used, float(p50), float(p99), len(requests) / seconds)


async def _send(url: str, requests: Sequence[Request], connections: int) -> list[float]:
    latencies: list[float] = []
    waiting = iter(requests)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), timeout=aiohttp.ClientTimeout(total=60)
    ) as session:

        async def connection() -> None:
            for request in waiting:
                started = time.perf_counter()
                async with session.post(url, data=request.body, headers=request.headers) as answer:
                    body = await answer.read()
                latencies.append(time.perf_counter() - started)
                if answer.status != 200 or b'"data"' not in body:
                    raise RuntimeError(f"{answer.status}: {body[:300]!r}")

        await asyncio.gather(*(connection() for _ in range(connections)))
    return latencies
