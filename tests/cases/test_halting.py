"""Experiments that stop by themselves: told, kept over a restart, all get the control, until somebody resumes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from personalize.app import Gateway
from personalize.cli import main
from personalize.domain.declared import parse_experiments
from personalize.domain.event import Event
from personalize.domain.store import EventRow
from personalize.errors import StoreError
from personalize.events.log import dump, parse
from tests.gateway_world import Counting, Reversing, World, demo_shop, settings_of
from tests.unit.experiment_log import DAY, START, trial

QUERY = "{ search(input: { take: 6, groupByProduct: true }) { items { productId } } }"
AGREED = {"X-Personalize-Consent": "personalization, experiments", "User-Agent": "storefront"}
ORDER = {
    "variants": ["control", "new"], "guardrails": ["srm", "not_this", "conversion"],
    "strategies": {"control": "off", "new": ["reversing=on"]},
}  # fmt: skip


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def gateway(clock: Clock, store: str = "memory://", shop: Any = None, **changes: Any) -> Gateway:
    """A gateway that is not started."""
    settings = settings_of((), experiments=parse_experiments({"order": {**ORDER, **changes}}), store_url=store)
    one = Gateway(settings, clock=clock, transport=Counting(shop or demo_shop()), decisions={"reversing": Reversing()})
    one.audit.share = 0.0
    return one


async def filled(one: Gateway, events: Sequence[Event]) -> None:
    """The lines in the store, as if the gateway had written them."""
    rows = [EventRow(event.event_id, event.at, event.visitor, dump(event)) for event in events]
    for start in range(0, len(rows), 2_000):
        await one.store.append_events(rows[start : start + 2_000])


async def watched(clock: Clock, events: Sequence[Event], **changes: Any) -> Gateway:
    """A gateway whose watchman looked at a week of lines day after day."""
    one = gateway(clock, **changes)
    await one.store.open()
    await one.watchman.round()  # from here on it is watched
    await filled(one, events)
    for day in range(1, 12):
        clock.now = START + day * DAY
        await one.watchman.round()
    return one


@pytest.mark.parametrize(
    ("truth", "reason"),
    [({}, None), ({"harm": 2.0}, "GUARDRAIL: not_this"), ({"loss": 0.3}, "SAMPLE_RATIO_MISMATCH")],
)
async def test_what_harms_or_was_dealt_wrongly_is_stopped_and_what_does_nothing_is_not(
    truth: dict[str, float], reason: str | None
) -> None:
    one = await watched(Clock(START - 2 * DAY), trial(4_000, **truth))
    assert list(one.halted) == ([] if reason is None else ["order"])
    assert one.telemetry.counted("experiment_halted", "order") == (reason is not None)
    if reason is not None:
        assert one.halted["order"].startswith(reason)
        assert b'personalize_experiment_halted{experiment="order"} 1.0' in one.telemetry.render()
    assert (one.telemetry.counted("guard", "EventError"), one.telemetry.counted("guard", "behind")) == (0, 0)


async def test_after_it_all_traffic_gets_the_control_and_is_no_data() -> None:
    shop = demo_shop()
    clock = Clock(START)
    one = gateway(clock, shop=shop)
    async with one.running():
        assert await one.knowledge.wait(60)
        world = World(one, shop, None, one.storefront())
        own = (await world.direct(QUERY)).json()

        async def shown() -> list[tuple[str, bool]]:
            found = []
            for number in range(12):
                headers = {**AGREED, "X-Personalize-Visitor": f"a-visitor-{number}"}
                answer = await world.send(QUERY, headers=headers)
                found.append((answer.headers["x-personalize-experiment"], answer.json() == own))
            return found

        assert set(await shown()) == {("order=control", True), ("order=new", False)}
        await one.store.put_trial("order", b'{"form": "", "since": 0, "halted": "by another process"}')
        await one.watchman.recall()
        assert one.halted == {"order": "by another process"}
        clock.now += 5
        assert set(await shown()) == {("order=control", True)}
        await one.outbox.flush()
        lines = [parse(row.line) async for row in one.store.events(since=clock.now)]
        assert len(lines) == 12
        assert not any("assignments" in line.extra or "exposed" in line.extra for line in lines)
        await one.store.drop_trial("order")
        await one.watchman.recall()
        assert one.halted == {}
        assert ("order=new", False) in await shown()


async def test_strategies_off_in_the_settings_turns_experiments_off_from_the_start() -> None:
    shop = demo_shop()
    declared = settings_of((), experiments=parse_experiments({"order": ORDER}), holdout=0.5)
    for strategies in (declared.strategies, ()):
        settings = msgspec.structs.replace(declared, strategies=strategies)
        one = Gateway(settings, transport=Counting(shop), decisions={"reversing": Reversing()})
        async with one.running():
            assert await one.knowledge.wait(60)
            world = World(one, shop, None, one.storefront())
            told = [
                (await world.send(QUERY, headers={**AGREED, "X-Personalize-Visitor": f"a-visitor-{number}"})).headers
                for number in range(6)
            ]
            assert all(("x-personalize-experiment" in one) == bool(strategies) for one in told)


async def test_a_restart_keeps_it_and_an_operator_lets_it_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    one = await watched(Clock(START - 2 * DAY), trial(4_000, harm=2.0), store=url)
    assert "order" in one.halted
    await one.store.close()
    again = gateway(Clock(START + 12 * DAY), url)
    await again.store.open()
    await again.watchman.recall()
    assert again.halted == one.halted
    monkeypatch.setenv("PERSONALIZE_STORE_URL", url)
    arguments = ["experiment", "--name", "order", "--resume"]
    told = [await asyncio.to_thread(CliRunner().invoke, main, arguments) for _ in range(2)]
    assert [one.output for one in told] == ["order goes on, and is watched from now on\n", "order was not stopped\n"]
    await again.watchman.recall()
    await again.watchman.round()
    assert again.halted == {}  # what was before it went on counts no more
    await again.store.close()


async def test_a_new_declaration_is_watched_from_its_first_round_on() -> None:
    """Lines that were dealt under other weights would tell of a wrong ratio."""
    clock = Clock(START - 2 * DAY)
    one = await watched(clock, trial(4_000))
    one.use(settings_of((), experiments=parse_experiments({"order": {**ORDER, "weights": [0.9, 0.1]}})))
    for _ in range(2):
        clock.now += DAY
        await one.watchman.round()
    assert one.halted == {}


async def test_a_store_that_does_not_take_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START - 2 * DAY)
    one = gateway(clock)
    await one.watchman.round()
    await filled(one, trial(4_000, harm=2.0))

    async def locked(*_: object) -> None:
        raise StoreError("locked", code="STORE_LOCKED")

    with monkeypatch.context() as faulty:
        faulty.setattr(one.store, "put_trial", locked)
        clock.now = START + 12 * DAY
        await one.watchman.round()
        await one.watchman.recall()
        assert "order" in one.halted
    await one.watchman.recall()
    assert "order" in one.halted
    assert b"GUARDRAIL" in (await one.store.trials())["order"]
    assert one.telemetry.counted("guard", "STORE_LOCKED") == 2


async def test_what_is_damaged_or_switched_off_stops_nothing(tmp_path: Path) -> None:
    one = gateway(Clock(START))
    await one.store.put_trial("order", b"\x00")
    await one.watchman.recall()
    assert one.halted == {}
    unwatched = gateway(Clock(START), guardrails=[])
    await unwatched.watchman.round()
    assert not unwatched.watchman.guards
    store = tmp_path / "old.sqlite"
    with sqlite3.connect(store) as database:  # a file of the first version gets the new table
        database.executescript("CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (1)")
    old = gateway(Clock(START), f"sqlite:///{store}")
    await old.store.open()
    assert await old.store.trials() == {}
    await old.store.close()
