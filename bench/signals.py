"""What the situation costs a warm request: headers read, every signal asked, facts told apart."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from msgspec.structs import replace

from bench.cores import Cores
from bench.noise import Others
from bench.report import Result, machine, say, table, tell_of_others
from personalize.app import Gateway
from personalize.demo.weather import create_weather
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.domain.situation import decisive, stepped
from personalize.domain.visit import Consent, Visit
from personalize.gateway.edge.call import Call
from personalize.serving import beside, bound
from personalize.settings import Settings
from personalize.signals.gather import gather
from personalize.signals.lives import start_all, stop_all
from personalize.visitors.context import HEADER, read_context

TARGET = 0.1  # ms in all
WARM_SECONDS = 10.0
AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
GUEST = [
    ("host", "shop.example"), ("content-type", "application/json"), ("accept", "*/*"), ("user-agent", AGENT),
    ("sec-ch-ua-mobile", "?1"), ("referer", "https://shop.example/women"),
]  # fmt: skip
EVERYTHING = [
    *GUEST, ("cf-ipcountry", "DE"), ("cf-region-code", "HH"), ("cf-ipcity", "Hamburg"),
    ("cf-iplatitude", "53.55073"), ("cf-iplongitude", "9.99302"), ("x-forwarded-for", "203.0.113.9, 10.0.0.1"),
    (HEADER.lower(), "mood=calm, mode=gift, occasion=birthday"),
]  # fmt: skip
Headers = list[tuple[str, str]]


def run(count: int, rounds: int) -> Result:
    """CPU in ms a request: of a guest, of a visitor of whom all is known, and of each signal alone; medians."""
    others = Others()
    found = asyncio.run(_measure(count, rounds))
    share = others.share()
    rows = [(name, f"{1_000 * cost:.1f}", f"{facts}") for name, (cost, facts) in found.items()]
    table("The situation, warm", ("what", "CPU (us)", "facts"), rows)
    tell_of_others(share)
    say(f"everything known: {found['everything known'][0]:.4f} ms a request, the target is {TARGET} ms")
    costs = {name: {"cpu": round(cost, 5), "facts": facts} for name, (cost, facts) in found.items()}
    return {"machine": machine(Cores()), "others": share, "target": TARGET, "signals": costs}


async def _measure(count: int, rounds: int) -> dict[str, tuple[float, int]]:
    with bound("127.0.0.1", 0) as taken:
        settings = Settings(
            shop_url="http://127.0.0.1:1/shop-api", store_url="memory://", weather_provider="open-meteo",
            weather_url=f"http://127.0.0.1:{taken.getsockname()[1]}", shop_place="53.6,10.0",
            trusted_proxies=("10.0.0.0/8",), holidays="visitor", secret=("only for the benchmark",),
        )  # fmt: skip
        gateway = Gateway(settings)
        async with beside(create_weather(), taken), _living(gateway):
            asked = _asked(gateway)
            until = time.monotonic() + WARM_SECONDS
            while not {"weather", "season"} <= (await asked["everything known"]()).keys():
                if time.monotonic() > until:
                    raise RuntimeError("the demo's weather was not fetched in time")
                await asyncio.sleep(0.05)
            costs: dict[str, list[float]] = {name: [] for name in asked}
            for _ in range(rounds):
                for name, ask in asked.items():
                    costs[name].append(await _cost(ask, count))
            return {name: (statistics.median(costs[name]), len(await ask())) for name, ask in asked.items()}


def _asked(gateway: Gateway) -> dict[str, Callable[[], Awaitable[dict[str, object]]]]:
    """What is measured, by name: each answers the facts it found."""
    signals, tell, whereabouts = gateway.signals, gateway.telemetry.count, gateway.reception.whereabouts

    def asking(headers: Headers, profile: Profile | None) -> Callable[[], Awaitable[dict[str, object]]]:
        async def ask() -> dict[str, object]:
            visit = _visit(gateway, headers, profile)
            told = await gather(signals, visit, deadline=1.0, count=tell)
            visit = replace(visit, context=stepped({**told.facts, **visit.context}), origins=told.origins)
            return decisive(visit.context)

        return ask

    assert whereabouts is not None
    known = _visit(gateway, EVERYTHING, _profile())

    def alone(number: int) -> Callable[[], Awaitable[dict[str, object]]]:
        async def ask() -> dict[str, object]:
            return dict((await gather(signals[number : number + 1], known, deadline=1.0, count=tell)).facts)

        return ask

    whole = {"guest": asking(GUEST, None), "everything known": asking(EVERYTHING, _profile())}
    return whole | {f"{one.name} alone": alone(number) for number, one in enumerate(signals)}


def _visit(gateway: Gateway, headers: Headers, profile: Profile | None) -> Visit:
    call = Call("POST", "", headers, "10.1.2.3", "http", b"")
    said = read_context(call.header(HEADER.lower()), gateway.telemetry.count)
    place, browser = gateway.reception.whereabouts.of(call, said, static=False)
    consent = Consent.NONE if profile is None else Consent.SESSION
    return Visit(time.time(), session="s", consent=consent, profile=profile, context=said, place=place, browser=browser)


def _profile() -> Profile:
    """Somebody who has looked at a dozen things."""
    profile, now = Profile(), time.time()
    for number in range(40):
        item = EventItem(f"i{number % 12}", attributes={"facet": ["1", str(number % 7)]})
        profile.apply(Event("view_item", str(number), now - 60 + number, session="s", items=(item,)))
    return profile


@asynccontextmanager
async def _living(gateway: Gateway) -> AsyncIterator[None]:
    """The gateway's signals alone, alive while the block runs."""
    await start_all(gateway.signals, gateway.around)
    try:
        yield
    finally:
        await stop_all(gateway.signals, gateway.around)
        await gateway.upstream.close()


async def _cost(ask: Callable[[], Awaitable[object]], count: int) -> float:
    """CPU of this thread in ms for one request."""
    began = time.thread_time()
    for _ in range(count):
        await ask()
    return 1_000 * (time.thread_time() - began) / count
