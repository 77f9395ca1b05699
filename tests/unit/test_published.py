"""What is published laid over the settings: who goes before whom, and what a broken store or version does."""

from __future__ import annotations

from typing import Any

import pytest

from personalize.decisions.merchandising import Merchandising
from personalize.decisions.shop_order import ShopOrder
from personalize.decisions.situation import Situation
from personalize.domain.desk.programme import EVERYTHING, Programme
from personalize.domain.desk.rows import body_of, row_of, version_of
from personalize.domain.desk.store import STRATEGY, AuditRow, DeskRow
from personalize.domain.desk.strategy import Guardrails, Scope, State, StrategyDraft, StrategyVersion
from personalize.domain.strategy import Mode, Strategy
from personalize.errors import StoreError
from personalize.gateway.published import Programmes, overlaid, read_programme
from personalize.guardrails.displacement import Cap
from personalize.settings import Settings, load_settings
from personalize.stores.memory_desk import MemoryDesk
from personalize.telemetry import Telemetry

BASE: dict[str, Any] = {one.name: one() for one in (ShopOrder, Situation, Merchandising)}


def version(name: str, decision: str = "merchandising", **more: Any) -> StrategyVersion:
    """A published one."""
    draft = StrategyDraft(name, decision, mode=more.pop("mode", Mode.ON), **more)
    return StrategyVersion(draft, 1, State.PUBLISHED, 0.0, "anna")


def holding(*published: StrategyVersion, killed: frozenset[str] = frozenset()) -> Programmes:
    """With this programme in force."""
    made = Programmes(MemoryDesk(), lambda: None, Telemetry(), lambda: 0.0)
    made._take(Programme(1, published, killed))
    return made


def settings(text: str = "situation=on, shop_order=on") -> Settings:
    """With these strategies."""
    return load_settings({"PERSONALIZE_STRATEGIES": text})


def test_names_of_the_settings_are_replaced_and_others_come_after_them() -> None:
    programmes = holding(version("late"), version("situation", "situation", mode=Mode.SHARE, share=0.2))
    effective, published = overlaid(settings(), programmes, BASE)
    assert effective.strategies == (
        Strategy("situation", Mode.SHARE, 0.2), Strategy("shop_order", Mode.ON), Strategy("late", Mode.ON),
    )  # fmt: skip
    assert published.decisions["late"].name == "late"
    assert published.scopes == {}


def test_scopes_caps_and_parameters_go_with_the_decision() -> None:
    one = version(
        "wet", "situation", scope=Scope(search="*"), guardrails=Guardrails(3, 0), parameters={"strength": 0.5}
    )
    _, published = overlaid(settings(), programmes := holding(one), BASE)
    made = published.decisions["wet"]
    assert isinstance(made, Situation)
    assert (made.strength, made.version, made.name) == (0.5, "1.1", "wet")
    assert (published.scopes, published.caps) == ({"wet": Scope(search="*")}, {"wet": Cap(3, 0)})
    assert overlaid(settings(), programmes, BASE)[1].decisions["wet"] is made  # made once


def test_kill_switches_go_before_all_but_the_settings_off() -> None:
    experiments = load_settings({
        "PERSONALIZE_EXPERIMENTS": '{"e": {"variants": ["a", "b"], "strategies": {"b": ["situation=on"]}}}'
    }).experiments  # fmt: skip
    given = Settings(strategies=settings().strategies, experiments=experiments, holdout=0.1)
    effective, _ = overlaid(given, holding(version("late"), killed=frozenset(("late", "situation"))), BASE)
    assert effective.strategies == (Strategy("situation", Mode.OFF), Strategy("shop_order", Mode.ON))
    variant = effective.experiments[0].variant("b")
    assert variant is not None
    assert variant.strategies == (Strategy("situation", Mode.OFF),)
    effective, published = overlaid(given, holding(version("late"), killed=frozenset((EVERYTHING,))), BASE)
    assert (effective.strategies, effective.experiments, effective.holdout) == ((), (), 0.0)
    assert not published.decisions
    effective, published = overlaid(settings("off"), holding(version("late")), BASE)
    assert (effective.strategies, dict(published.decisions)) == ((), {})


def test_a_version_that_cannot_run_is_left_out_and_counted() -> None:
    broken = version("bad", parameters={"rules": [{"kind": "gone"}]})
    programmes = holding(version("gone", "no_such"), broken, version("good"))
    effective, published = overlaid(settings(), programmes, BASE)
    assert list(published.decisions) == ["good"]
    assert [one.name for one in effective.strategies] == ["situation", "shop_order", "good"]
    assert programmes.telemetry.counted("desk", "bad_1") == 1
    assert programmes.telemetry.counted("desk", "gone_without_decision") == 1


async def test_a_reading_leaves_out_what_it_cannot_read_and_orders_the_rest() -> None:
    desk = MemoryDesk()
    rows = [
        row_of(one) for one in (version("b"), version("a"), version("first", priority=-1), version("last", priority=1))
    ]
    odd = StrategyDraft("zone", "merchandising")
    bad = body_of(odd).replace(b'"UTC"', b'"Nowhere/Else"')
    rows += [DeskRow(STRATEGY, "zone", 1, "published", bad, 0.0, "x")]
    rows += [DeskRow(STRATEGY, "torn", 1, "published", b"{", 0.0, "x"), rows[0]._replace(name="off", state="draft")]
    await desk.write(rows, AuditRow(0, 0.0, "x", "publish", STRATEGY, "a", 1, "why"), seen=0)
    programme = await read_programme(desk)
    assert [one.name for one in programme.published] == ["first", "a", "b", "last"]
    assert programme.revision == 1
    with pytest.raises(StoreError):
        version_of(DeskRow(STRATEGY, "torn", 1, "published", b"{", 0.0, "x"))


async def test_a_store_that_fails_leaves_what_is_there() -> None:
    taken: list[int] = []
    programmes = holding(version("good"))
    programmes.put_in_place = lambda: taken.append(1)

    class Broken(MemoryDesk):
        async def revision(self) -> int:
            raise StoreError("gone", code="STORE_LATE")

    programmes.store = Broken()
    assert not await programmes.poll()
    assert [one.name for one in programmes.active] == ["good"]
    assert (taken, programmes.telemetry.counted("desk", "STORE_LATE")) == ([], 1)
