"""An interleaved experiment on the way of a request: one list of two orders, complete, the same on Back, and logged."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize.domain.declared import parse_experiments
from personalize.domain.experiment import INTERLEAVED
from personalize.errors import EvidenceError, SettingsError
from personalize.events.log import parse, write
from personalize.experiments.preference import prefer
from personalize.settings import load_settings
from personalize.visitors.overrides import Overrides
from tests.cases.test_exposure import AGREED, QUERY, logged, pages, running, variants

TASTE = {
    "variants": ["shop", "turned"], "analysis": "interleaved",
    "strategies": {"shop": ["reversing=off"], "turned": ["reversing=on"]},
}  # fmt: skip
LONG = "query Q($skip: Int) { search(input: { take: 24, skip: $skip, groupByProduct: true }) {" \
    " totalItems items { productId } } }"  # fmt: skip


async def test_one_list_holds_both_orders_and_every_item_once() -> None:
    async with running({"taste": TASTE}) as one:
        own = await one.direct(LONG.replace("take: 24", "take: 100"), {"skip": 0})
        shop = [item["productId"] for item in own.json()["data"]["search"]["items"]]
        for number in range(3):
            known = {**AGREED, "X-Personalize-Visitor": f"a-visitor-{number}"}
            shown: list[str] = []
            total = 1
            while len(shown) < total:
                answer = await one.send(LONG, {"skip": len(shown)}, headers=known)
                assert answer.headers["x-personalize-experiment"] == f"taste={INTERLEAVED}"
                assert answer.headers["cache-control"] == "private, no-store"
                found = answer.json()["data"]["search"]
                total = found["totalItems"]
                shown += [item["productId"] for item in found["items"]]
            assert len(shown) == len(set(shown)) == total
            again = (await one.send(LONG, {"skip": 0}, headers=known)).json()["data"]["search"]["items"]
            assert [item["productId"] for item in again] == shown[:24]
        lines = await logged(one)
    firsts = {event.items[0].item_id for event in lines if event.items[0].index == 0}
    assert shop[0] in firsts or len(firsts) == 1
    within = [event for event in lines if event.extra["window"]["size"] > 24]
    assert len(within) > 12
    for event in within:  # what stands behind the window is the shop's own
        told = event.extra["interleaved"]
        assert (told["experiment"], told["orders"]) == ("taste", ["shop", "turned"])
        assert len(told["teams"]) == len(event.items)
        if event.items[0].index == 0:  # of the first places each order picked every other one
            assert abs(told["teams"].count("a") - told["teams"].count("b")) <= 2
            mine = [item.shop_index for item, team in zip(event.items, told["teams"], strict=True) if team == "a"]
            assert mine == sorted(mine)
            assert event.extra["strategy"] == f"{INTERLEAVED}@taste"
        assert event.extra["assignments"] == {"taste": INTERLEAVED}
        assert event.extra["propensity"] == 1.0


async def test_the_coins_are_each_visitors_own() -> None:
    async with running({"taste": TASTE}) as one:
        seen = [await pages(one, f"a-visitor-{number}", 0) for number in range(40)]
    assert len({str(page) for page in seen}) > 3


async def test_a_token_shows_one_order_by_itself() -> None:
    async with running({"taste": TASTE}) as one:
        own = (await one.direct(QUERY, {"skip": 0})).json()["data"]["search"]
        token = Overrides(one.gateway.settings.secret, lambda *_: None, one.gateway.clock).issue("taste", "shop", 1)
        shown = await pages(one, "a-visitor-1", 0, **{"X-Personalize-Experiment": f'taste=shop;token="{token}"'})
        (line,) = await logged(one)
    assert shown == [own]
    assert line.extra["overridden"] == ["taste"]
    assert "interleaved" not in line.extra


async def test_other_experiments_are_compared_beside_it() -> None:
    """What stands in the mixed list is what another variant of the second experiment would have shown otherwise."""
    second = variants(control=["top=off"], new=["top=on"])
    async with running({"taste": TASTE, "second": second}) as one:
        for number in range(12):
            await pages(one, f"a-visitor-{number}", 0)
        lines = await logged(one)
    # `top` is on for both orders, behind `reversing` where that is on: the shop's own half of the list differs.
    assert {(event.extra["assignments"]["second"], *event.extra["exposed"]) for event in lines} == {
        ("control", "second"),
        ("new", "second"),
    }


async def test_the_report_reads_what_the_gateway_wrote(tmp_path: Path) -> None:
    """Everybody clicks the turned order's first pick."""
    async with running({"taste": TASTE}) as one:
        for number in range(110):
            visitor = f"a-visitor-{number}"
            await pages(one, visitor, 0)
            (line,) = [event for event in await logged(one) if event.visitor == f"b:{visitor}"]
            liked = line.items[line.extra["interleaved"]["teams"].index("b")].item_id
            detail = "query($id: ID!) { product(id: $id) { id } }"
            await one.send(detail, {"id": liked}, headers={**AGREED, "X-Personalize-Visitor": visitor})
        await one.gateway.outbox.flush()
        events = [parse(row.line) async for row in one.gateway.store.events()]
    write(tmp_path / "events.jsonl", events)
    found = prefer(events, "taste")
    assert found.orders == ("shop", "turned")
    assert found.wins == (0, 110, 0)
    with pytest.raises(EvidenceError, match="NO_EXPOSURES"):
        prefer(events, "another")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"analysis": "mixed"}, "expected 'variants' or 'interleaved'"),
        ({"variants": ["one", "two", "three"]}, "between two variants"),
        ({"weights": [0.4, 0.6]}, "of equal weight"),
        ({"variants": ["interleaved", "other"]}, "none of them called"),
        ({"assigned_by": "header"}, "every unit sees both"),
        ({"guardrails": ["srm"]}, "everybody sees both orders"),
    ],
)
def test_what_cannot_be_interleaved_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse_experiments({"taste": {"variants": ["one", "two"], "analysis": "interleaved", **changes}})


def test_a_price_is_never_interleaved(tmp_path: Path) -> None:
    path = tmp_path / "personalize.toml"
    path.write_text(
        '[experiments.taste]\nvariants = ["one", "two"]\nanalysis = "interleaved"\n'
        '[experiments.taste.strategies]\none = ["offer=on"]\n',
        "utf-8",
    )
    with pytest.raises(SettingsError, match="'offer', which changes prices"):
        load_settings({}, path)
