"""The operator API's schema: what may be asked, and what may be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from personalize.console.api.inputs import LookInput, ModeView, StrategyInput, SwitchInput, VariantInput, VersionInput
from personalize.console.api.standing import OfferView, StorePage, StoreView
from personalize.console.api.told import HouseTold
from personalize.console.api.views import (
    AuditPage,
    AuditView,
    DecisionView,
    EventView,
    ExperimentView,
    FindingView,
    HealthView,
    ParameterView,
    PreviewView,
    PublishedView,
    StrategyPage,
    StrategyView,
    SwitchView,
    VersionView,
)
from personalize.console.desk import PAGE, Desk
from personalize.console.offers import OfferDesk
from personalize.console.stock import StoreBoard
from personalize.domain.desk.actor import Actor
from personalize.domain.store import Store
from personalize.errors import DeskError, EventError
from personalize.events.log import parse
from personalize.gateway.preview import ROWS, Looked

MOST = 200
"""Rows of one page, and lines of the events' tail."""

Why = Annotated[str, strawberry.argument(description="The reason, for the audit.")]
Over = Annotated[
    int | None, strawberry.argument(description="The published version you saw (0: none); refused where it changed.")
]


@dataclass(slots=True)
class Context:
    """What resolvers see: the desk, who acts, what the process tells of itself, events, offers and stores."""

    desk: Desk
    actor: Actor
    told: Callable[[], HouseTold]
    store: Store
    offers: OfferDesk
    stock: StoreBoard


def _page(first: int) -> int:
    return min(max(first, 1), MOST)


def _desk(info: Info[Context, None]) -> Desk:
    return info.context.desk


async def _strategies(info: Info[Context, None], after: str = "", first: int = PAGE) -> StrategyPage:
    found, more = await _desk(info).strategies(after, _page(first))
    return StrategyPage(items=[StrategyView.of(one) for one in found], after=more)


async def _strategy(info: Info[Context, None], name: str) -> StrategyView:
    return StrategyView.of(await _desk(info).strategy(name))


async def _versions(
    info: Info[Context, None], name: str, before: int | None = None, first: int = PAGE
) -> list[VersionView]:
    return [VersionView.of(one) for one in await _desk(info).versions(name, before, _page(first))]


def _decisions(info: Info[Context, None]) -> list[DecisionView]:
    return [
        DecisionView(name=name, parameters=[ParameterView.of(knob) for knob in knobs])
        for name, knobs in _desk(info).knobs().items()
    ]


async def _audit(
    info: Info[Context, None], before: int | None = None, first: int = PAGE, name: str | None = None
) -> AuditPage:
    size = _page(first)
    rows = await _desk(info).audit(before, name, size + 1)
    more = rows[size - 1].number if len(rows) > size else None
    return AuditPage(items=[AuditView.of(row) for row in rows[:size]], before=more)


async def _validate(info: Info[Context, None], strategy: StrategyInput) -> list[FindingView]:
    return [FindingView.of(one) for one in await _desk(info).validate(strategy.document())]


async def _preview(
    info: Info[Context, None], look: LookInput, strategy: StrategyInput | None = None,
    version: VersionInput | None = None, switches: list[SwitchInput] | None = None,
    variants: list[VariantInput] | None = None, rows: int = ROWS,
) -> PreviewView:  # fmt: skip
    looked = Looked(
        look.listing, _object("arguments", look.arguments), look.document,
        _object("variables", look.variables), look.path, {one.name: one.value for one in look.headers},
        _object("context", look.context), look.language, look.known,
    )  # fmt: skip
    made = await _desk(info).preview(
        looked, document=strategy.document() if strategy else None,
        version=(version.name, version.number) if version else None,
        modes=dict(one.pair() for one in switches or ()),
        variants={one.experiment: one.variant for one in variants or ()}, rows=_page(rows),
    )  # fmt: skip
    return PreviewView.of(made, look.language)


async def _health(info: Info[Context, None]) -> HealthView:
    told, killed = info.context.told(), await _desk(info).killed()
    running = [
        SwitchView(name=one.name, mode=ModeView(one.mode.value), share=one.share) for one in told.effective.strategies
    ]
    return HealthView(
        ready=told.ready, outbox=told.outbox, revision=told.revision, killed=sorted(killed), running=running,
        stopped=not told.effective.strategies, reloads_taken=told.reloads_taken,
        reloads_refused=told.reloads_refused,
    )  # fmt: skip


def _experiments(info: Info[Context, None]) -> list[ExperimentView]:
    return [ExperimentView.of(one) for one in info.context.told().settings.experiments]


async def _events(info: Info[Context, None], last: int = 20) -> list[EventView]:
    found = []
    for row in await info.context.store.newest(_page(last)):
        try:
            found.append(EventView.of(parse(row.line)))
        except EventError:
            continue
    return found


async def _draft(
    info: Info[Context, None], strategy: StrategyInput, why: Why,
    seen: Annotated[
        int | None, strawberry.argument(description="The newest version you know; refused where there is a newer.")
    ] = None,
) -> VersionView:  # fmt: skip
    context = info.context
    return VersionView.of(await context.desk.draft(context.actor, strategy.document(), why, seen=seen))


async def _publish(info: Info[Context, None], name: str, number: int, why: Why, over: Over = None) -> PublishedView:
    made, found = await _desk(info).publish(info.context.actor, name, number, why, over=over)
    return PublishedView(version=VersionView.of(made), warnings=[FindingView.of(one) for one in found])


async def _revert(info: Info[Context, None], name: str, number: int, why: Why, over: Over = None) -> PublishedView:
    made, found = await _desk(info).revert(info.context.actor, name, number, why, over=over)
    return PublishedView(version=VersionView.of(made), warnings=[FindingView.of(one) for one in found])


async def _kill(info: Info[Context, None], why: Why, name: str | None = None) -> list[str]:
    await _desk(info).kill(info.context.actor, name, why)
    return sorted(await _desk(info).killed())


async def _revive(info: Info[Context, None], why: Why, name: str | None = None) -> list[str]:
    await _desk(info).revive(info.context.actor, name, why)
    return sorted(await _desk(info).killed())


async def _offers(info: Info[Context, None]) -> list[OfferView]:
    return [OfferView.of(one) for one in await info.context.offers.standings()]


async def _stores(info: Info[Context, None], after: str = "", first: int = PAGE) -> StorePage:
    found, more = await info.context.stock.standings(after, _page(first))
    return StorePage(items=[StoreView.of(one) for one in found], after=more)


async def _stop_offer(info: Info[Context, None], name: str, why: Why) -> list[OfferView]:
    await info.context.offers.stop(info.context.actor, name, why)
    return await _offers(info)


async def _release_offer(info: Info[Context, None], name: str, why: Why) -> list[OfferView]:
    await info.context.offers.release(info.context.actor, name, why)
    return await _offers(info)


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DeskError(f"{name} is no JSON object", code="FIELD_INVALID")
    return value


@strawberry.type
class Query:
    """What may be asked."""

    strategies: StrategyPage = strawberry.field(resolver=_strategies, description="Strategies by name.")
    strategy: StrategyView = strawberry.field(resolver=_strategy, description="One strategy.")
    versions: list[VersionView] = strawberry.field(
        resolver=_versions, description="The versions of a strategy, the newest first."
    )
    decisions: list[DecisionView] = strawberry.field(
        resolver=_decisions, description="The decisions there are, and what may be set on them."
    )
    audit: AuditPage = strawberry.field(resolver=_audit, description="Who changed what, the newest first.")
    validate: list[FindingView] = strawberry.field(
        resolver=_validate, description="What is wrong with a strategy, before it is saved."
    )
    preview: PreviewView = strawberry.field(
        resolver=_preview, description="A listing as the shop has it, and as it would be shown; nothing is kept of it."
    )
    health: HealthView = strawberry.field(resolver=_health, description="How this process is.")
    experiments: list[ExperimentView] = strawberry.field(
        resolver=_experiments, description="The experiments declared in the settings."
    )
    events: list[EventView] = strawberry.field(
        resolver=_events, description="The last lines of the event log, the newest first."
    )
    offers: list[OfferView] = strawberry.field(resolver=_offers, description="The offers of the settings.")
    stores: StorePage = strawberry.field(resolver=_stores, description="The shop's stores and what is known of stock.")


@strawberry.type
class Mutation:
    """What may be changed; every change is audited."""

    draft: VersionView = strawberry.mutation(resolver=_draft, description="Save a version as the strategy's draft.")
    publish: PublishedView = strawberry.mutation(resolver=_publish, description="Publish a draft.")
    revert: PublishedView = strawberry.mutation(resolver=_revert, description="Publish an older version again.")
    kill: list[str] = strawberry.mutation(
        resolver=_kill, description="Turn a strategy off at once; without a name everything. Returns what is killed."
    )
    revive: list[str] = strawberry.mutation(
        resolver=_revive, description="Take a kill switch back. Returns what is still killed."
    )
    stop_offer: list[OfferView] = strawberry.mutation(
        resolver=_stop_offer, description="List prices for everybody, at once. Returns all offers."
    )
    release_offer: list[OfferView] = strawberry.mutation(
        resolver=_release_offer, description="Let an offer run again, also one that stopped itself."
    )


@cache
def operator_schema() -> strawberry.Schema:
    """The schema, made once."""
    return strawberry.Schema(Query, Mutation, config=StrawberryConfig(auto_camel_case=True))
