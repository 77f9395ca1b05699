"""What all signals cost a warm request: headers read, every signal of the registry asked, facts told apart."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import replace

from bench.report import Result
from personalize import registry
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.domain.situation import decisive, stepped
from personalize.domain.visit import Consent, Visit
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.whereabouts import Whereabouts
from personalize.settings import Settings
from personalize.signals.gather import gather
from personalize.visitors.context import HEADER, read_context

NOW = 1_780_000_000.0
BUDGET = 100.0
"""Microseconds of CPU that all signals together may cost."""

AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
BROWSER = [
    ("host", "shop.example"), ("content-type", "application/json"), ("accept", "*/*"), ("user-agent", AGENT),
    ("sec-ch-ua-mobile", "?1"), ("referer", "https://shop.example/women"),
]  # fmt: skip
EVERYTHING = [
    *BROWSER, ("cf-ipcountry", "DE"), ("cf-region-code", "HH"), ("cf-ipcity", "Hamburg"),
    ("cf-iplatitude", "53.55073"), ("cf-iplongitude", "9.99302"), ("x-forwarded-for", "203.0.113.9, 10.0.0.1"),
    (HEADER.lower(), "mood=calm, mode=gift, occasion=birthday"),
]  # fmt: skip


def run(count: int, rounds: int) -> Result:
    """CPU a request in microseconds, the median of the rounds: of a guest, and of a visitor of whom all is known."""
    return asyncio.run(_run(count, rounds))


async def _run(count: int, rounds: int) -> Result:
    settings = Settings(trusted_proxies=("10.0.0.0/8",), holidays="visitor")
    signals = [registry.load("signals", name).from_settings(settings) for name in registry.names("signals")]
    whereabouts = Whereabouts(settings, _ignore)
    cases = {"guest": (BROWSER, None), "everything known": (EVERYTHING, _profile())}

    async def request(headers: list[tuple[str, str]], profile: Profile | None, at: float) -> Visit:
        call = Call("POST", "", headers, "10.1.2.3", "http", b"")
        said = read_context(call.header(HEADER.lower()), _ignore)
        place, browser = whereabouts.of(call, said, static=False)
        consent = Consent.NONE if profile is None else Consent.SESSION
        visit = Visit(at, session="s", consent=consent, profile=profile, context=said, place=place, browser=browser)
        told = await gather(signals, visit, deadline=0.02, count=_ignore)
        visit = replace(visit, context=stepped({**told.facts, **said}), origins=told.origins)
        decisive(visit.context)
        return visit

    found: Result = {"budget_us": BUDGET, "signals": list(registry.names("signals")), "cpu_us": {}, "facts": {}}
    for name, (headers, profile) in cases.items():
        for _ in range(3):  # what is worked out behind is there then
            visit = await request(headers, profile, NOW)
            await asyncio.sleep(0.2)
        found["facts"][name] = {key: str(value) for key, value in visit.context.items()}
        measured = []
        for _ in range(rounds):
            began = time.process_time()
            for number in range(count):
                await request(headers, profile, NOW + number * 0.01)
            measured.append((time.process_time() - began) / count * 1e6)
        found["cpu_us"][name] = round(statistics.median(measured), 1)
    return found


def _profile() -> Profile:
    """Somebody who has looked at a dozen things."""
    profile = Profile()
    for number in range(40):
        item = EventItem(f"i{number % 12}", attributes={"facet": ["1", str(number % 7)]})
        profile.apply(Event("view_item", str(number), NOW - 60 + number, session="s", items=(item,)))
    return profile


def _ignore(kind: str, reason: str) -> None:
    """Count nothing."""
