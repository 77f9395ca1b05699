"""Exposure: the log tells which experiments' difference stood on a page, the control's too, and what it cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from personalize.app import Gateway
from personalize.domain.declared import parse_experiments
from personalize.domain.event import Event
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Annotate, Author, Patch, Reason, Reorder
from personalize.domain.strategy import Decision
from personalize.domain.visit import Visit
from personalize.events.log import parse
from personalize.experiments.analyse import Plan, deal
from personalize.experiments.course import MAX_COMPARED
from personalize.experiments.ledger import read
from personalize.gateway import observe
from personalize.visitors.overrides import Overrides
from tests.gateway_world import Nothing, Reversing, World, demo_shop, settings_of

QUERY = "query Q($skip: Int) { search(input: { take: 6, skip: $skip, groupByProduct: true }) { items { productId } } }"
AGREED = {"X-Personalize-Consent": "personalization, experiments", "User-Agent": "storefront"}


class Swapping:
    """Turns the rows at `first` and behind it; `note` writes to one row beside."""

    only_orders = True
    reads: frozenset[str] = frozenset()

    def __init__(self, name: str, first: int = 0, note: int | None = None) -> None:
        self.name, self.version, self.first, self.note = name, "1", first, note

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The window with two rows swapped, or as it is with a note."""
        author, why = Author(self.name, self.version), Reason("popular")
        if self.note is not None:
            return Patch((Annotate(target, self.note, author, why),))
        order = list(range(len(listing)))
        order[self.first : self.first + 2] = reversed(order[self.first : self.first + 2])
        return Patch((Reorder(target, tuple(order), author, why),))


MADE: dict[str, Decision] = {
    "reversing": Reversing(), "nothing": Nothing(), "top": Swapping("top"), "deep": Swapping("deep", 7),
    "noting": Swapping("noting", note=8),
}  # fmt: skip


@asynccontextmanager
async def running(experiments: Any, *strategies: str, **changes: Any) -> AsyncIterator[World]:
    """A gateway with these experiments, its window warm."""
    from tests.gateway_world import Counting

    shop = demo_shop()
    settings = settings_of(strategies, experiments=parse_experiments(experiments), **changes)
    upstream = Counting(shop)
    gateway = Gateway(settings, transport=upstream, decisions=MADE)
    gateway.audit.share = 0.0
    async with gateway.running():
        assert await gateway.knowledge.wait(60)
        one = World(gateway, shop, upstream, gateway.storefront())
        for _ in range(2):
            await one.send(QUERY, headers={"User-Agent": "storefront", "X-Personalize-Consent": "none"})
            await one.settle()
        yield one


async def logged(one: World) -> list[Event]:
    """The lists of visitors so far."""
    await one.gateway.outbox.flush()
    found = [parse(row.line) async for row in one.gateway.store.events()]
    return [event for event in found if event.event == "view_item_list" and event.visitor]


def variants(**overlays: Any) -> dict[str, Any]:
    """An experiment of the gateway's own between these overlays."""
    return {"variants": list(overlays), "strategies": overlays}


async def pages(one: World, visitor: str, *skips: int, **headers: str) -> list[Any]:
    """Pages of the list, one after the other."""
    known = {**AGREED, "X-Personalize-Visitor": visitor, **headers}
    return [(await one.send(QUERY, {"skip": skip}, headers=known)).json()["data"]["search"] for skip in skips]


async def exposures(experiments: Any, *skips: int, visitors: int = 12, base: tuple[str, ...] = ()) -> set[Any]:
    """(variant of the first experiment, position, what was met) over the lines of many visitors."""
    async with running(experiments, *base) as one:
        for number in range(visitors):
            await pages(one, f"a-visitor-{number}", *skips)
        name = next(iter(experiments))
        return {
            (event.extra["assignments"][name], event.items[0].index, tuple(event.extra["exposed"]))
            for event in await logged(one)
        }


async def test_both_variants_meet_the_difference_where_there_is_one() -> None:
    told = await exposures({"order": variants(control="off", new=["reversing=on"])}, 0, 6)
    assert told == {(name, at, ("order",)) for name in ("control", "new") for at in (0, 6)}


async def test_where_the_variants_show_the_same_nobody_met_it() -> None:
    """Overlays that differ in what cannot be seen, or in what comes to the same."""
    shadow = variants(control=["top=off"], new=["top=shadow"])
    told = await exposures({"quiet": variants(control="off", new=["nothing=on"]), "shadow": shadow}, 0)
    assert told == {("control", 0, ()), ("new", 0, ())}


async def test_it_is_met_on_the_page_where_it_stands() -> None:
    told = await exposures({"deep": variants(control=["deep=off"], new=["deep=on"])}, 0, 6, 12)
    assert told == {(name, at, met) for name in ("control", "new") for at, met in ((0, ()), (6, ("deep",)), (12, ()))}


async def test_what_is_written_to_a_row_is_met_where_the_row_stands() -> None:
    told = await exposures({"note": variants(control=["noting=off"], new=["noting=on"])}, 0, 6)
    assert told == {(name, at, met) for name in ("control", "new") for at, met in ((0, ()), (6, ("note",)))}


async def test_experiments_are_compared_each_with_the_others_as_they_are() -> None:
    """`later` holds whatever stands before it: the difference of `order` is met only where it does not run."""
    experiments = {
        "order": variants(control=["top=off", "reversing=off"], new=["top=on", "reversing=off"]),
        "later": variants(control=["reversing=off"], new=["reversing=on"]),
    }
    async with running(experiments) as one:
        for number in range(24):
            await pages(one, f"a-visitor-{number}", 0)
        told = {(event.extra["assignments"]["later"], tuple(event.extra["exposed"])) for event in await logged(one)}
    assert told == {("control", ("order", "later")), ("new", ("later",))}


async def test_too_many_to_work_out_count_as_met() -> None:
    many = {f"v{number}": ["nothing=on"] if number % 2 else ["nothing=off"] for number in range(MAX_COMPARED + 2)}
    assert {met for _, _, met in await exposures({"many": variants(**many)}, 0)} == {("many",)}
    few = {f"v{number}": ["nothing=on"] if number % 2 else ["nothing=off"] for number in range(MAX_COMPARED + 1)}
    assert {met for _, _, met in await exposures({"few": variants(**few)}, 0)} == {()}


async def test_newcomers_share_an_order_and_not_their_experiments() -> None:
    """Two whose variants come to the same switches are in one run, and each line tells its own."""
    experiments = {
        "one": {"variants": ["control", "new"], "assigned_by": "header", "strategies": {"new": ["top=on"]}},
        "other": {"variants": ["control", "new"], "assigned_by": "header", "strategies": {"new": ["top=on"]}},
    }
    async with running(experiments) as one:
        for name in ("one", "other", "one"):
            await one.send(QUERY, headers={**AGREED, "X-Personalize-Experiment": f"{name}=new"})
        told = [event.extra["exposed"] for event in await logged(one)]
    assert told == [["one"], ["other"], ["one"]]


async def test_a_token_and_a_line_of_nobody_tell_no_exposure() -> None:
    async with running({"order": variants(control="off", new=["top=on"])}) as one:
        token = Overrides(one.gateway.settings.secret, lambda *_: None, one.gateway.clock).issue("order", "new", 1)
        await pages(one, "a-visitor-1", 0, **{"X-Personalize-Experiment": f'order=new;token="{token}"'})
        (line,) = await logged(one)
        assert line.extra["overridden"] == ["order"]
        assert "exposed" not in line.extra


async def test_explicit_sorts_are_never_met() -> None:
    query = "{ search(input: { take: 6, groupByProduct: true, sort: { price: ASC } }) { items { productId } } }"
    async with running({"order": variants(control="off", new=["top=on"])}) as one:
        for number in range(6):
            await one.send(query, headers={**AGREED, "X-Personalize-Visitor": f"a-visitor-{number}"})
        assert [event.extra["exposed"] for event in await logged(one)] == [[]] * 6


async def test_a_control_that_is_off_serves_the_shops_own_pages() -> None:
    async with running({"order": variants(control="off", new=["reversing=on"])}) as one:
        own = [(await one.direct(QUERY, {"skip": skip})).json()["data"]["search"] for skip in (0, 6)]
        seen = [await pages(one, f"a-visitor-{number}", 0, 6) for number in range(12)]
    assert own in seen
    assert any(page != own for page in seen)


async def test_who_waits_long_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "MAX_UNFINISHED", 0)
    async with running({"order": variants(control="off", new=["top=on"])}) as one:
        await pages(one, "a-visitor-1", 0)
        (line,) = await logged(one)
        assert line.extra["exposed"] == []
        assert one.gateway.telemetry.counted("exposure", "behind") == 1


async def test_the_report_reads_what_was_written() -> None:
    """Those who never met it are left out, and each line says how long the answer took."""
    async with running({"deep": variants(control=["deep=off"], new=["deep=on"])}) as one:
        for number in range(40):
            await pages(one, f"a-visitor-{number}", 0, *([6] if number % 2 else []))
            await asyncio.sleep(0)
        events = await logged(one)
    dealt = deal(read(events, "deep"), "deep")
    assert dealt.exposed
    assert len(dealt.rows("control")) + len(dealt.rows("new")) == 20
    assert dealt.left_out["NOT_EXPOSED"] == 20
    assert all(0 < event.extra["latency_ms"] < 60_000 for event in events)
    assert Plan("deep")  # its weights are the settings'
