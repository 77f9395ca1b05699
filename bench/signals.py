"""What the situation costs a request: the CPU of gathering all signals while everything outside is at hand."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bench.cores import Cores
from bench.noise import Others
from bench.report import Result, machine, say, table, tell_of_others
from personalize.app import Gateway
from personalize.demo.weather import create_weather
from personalize.domain.signal import Signal
from personalize.domain.situation import Place
from personalize.domain.visit import Visit
from personalize.serving import beside, bound
from personalize.settings import Settings
from personalize.signals.gather import gather
from personalize.signals.lives import start_all, stop_all

TARGET = 0.1  # ms in all
WARM_SECONDS = 10.0
PLACE = Place(53.6, 10.0, "DE", "HH", "Hamburg")


def run(count: int, rounds: int) -> Result:
    """CPU in ms of `count` gathers a round: of all signals, and of each alone; medians over the rounds."""
    others = Others()
    found = asyncio.run(_measure(count, rounds))
    share = others.share()
    rows = [(name, f"{1_000 * cost:.1f}", f"{keys}") for name, (cost, keys) in found.items()]
    table("Gathering signals, warm", ("signal", "CPU (us)", "facts"), rows)
    tell_of_others(share)
    whole = found["all"][0]
    say(f"all signals: {whole:.4f} ms a request, the target is {TARGET} ms")
    signals = {name: {"cpu": round(cost, 5), "facts": keys} for name, (cost, keys) in found.items()}
    return {"machine": machine(Cores()), "others": share, "target": TARGET, "signals": signals}


async def _measure(count: int, rounds: int) -> dict[str, tuple[float, int]]:
    with bound("127.0.0.1", 0) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings(
            shop_url="http://127.0.0.1:1/shop-api", store_url="memory://", weather_provider="open-meteo",
            weather_url=url, shop_place="53.6,10.0", secret=("only for the benchmark",),
        )  # fmt: skip
        gateway = Gateway(settings)
        async with beside(create_weather(), taken), _living(gateway):
            signals, tell = gateway.signals, gateway.telemetry.count
            until = time.monotonic() + WARM_SECONDS
            while "weather" not in (await gather(signals, _visit(), deadline=1.0, count=tell)).facts:
                if time.monotonic() > until:
                    raise RuntimeError("the demo's weather was not fetched in time")
                await asyncio.sleep(0.05)
            chosen: dict[str, Sequence[Signal]] = {"all": signals, **{one.name: [one] for one in signals}}
            costs: dict[str, list[float]] = {name: [] for name in chosen}
            facts = {}
            for _ in range(rounds):
                for name, some in chosen.items():
                    costs[name].append(await _cost(some, count, tell))
                    facts[name] = len((await gather(some, _visit(), deadline=1.0, count=tell)).facts)
    return {name: (statistics.median(each), facts[name]) for name, each in costs.items()}


@asynccontextmanager
async def _living(gateway: Gateway) -> AsyncIterator[None]:
    """The gateway's signals alone, alive while the block runs."""
    await start_all(gateway.signals, gateway.around)
    try:
        yield
    finally:
        await stop_all(gateway.signals, gateway.around)
        await gateway.upstream.close()


async def _cost(signals: Sequence[Signal], count: int, tell: Callable[[str, str], None]) -> float:
    """CPU of this thread in ms for one gather."""
    visit = _visit()
    began = time.thread_time()
    for _ in range(count):
        await gather(signals, visit, deadline=1.0, count=tell)
    return 1_000 * (time.thread_time() - began) / count


def _visit() -> Visit:
    return Visit(at=time.time(), place=PLACE)
