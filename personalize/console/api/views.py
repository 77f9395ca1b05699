"""What the operator API tells: strategies, findings, the audit, previews, health, experiments, events."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import Enum

import orjson
import strawberry
from strawberry.scalars import JSON

from personalize.console.api.inputs import AudienceView, ModeView
from personalize.console.desk import Standing
from personalize.domain.desk.finding import Finding
from personalize.domain.desk.knob import Knob
from personalize.domain.desk.store import AuditRow
from personalize.domain.desk.strategy import StrategyVersion
from personalize.domain.event import Event
from personalize.domain.experiment import Experiment
from personalize.domain.reason import words
from personalize.gateway.preview import Previewed, Shown


def moment(at: float) -> datetime:
    """Epoch seconds as a time."""
    return datetime.fromtimestamp(at, UTC)


@strawberry.enum(name="StrategyState", description="Where a version is in its life.")
class StateView(Enum):
    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


@strawberry.enum(name="FindingLevel", description="Whether a finding keeps a draft from being published.")
class LevelView(Enum):
    ERROR = "error"
    WARNING = "warning"


@strawberry.type(name="Finding", description="What was found on a draft.")
class FindingView:
    level: LevelView
    code: str = strawberry.field(description="A stable name.")
    message: str
    hint: str = strawberry.field(description="How to mend it; may be empty.")
    where: str = strawberry.field(description="The field of the draft.")

    @classmethod
    def of(cls, one: Finding) -> FindingView:
        """From the desk's."""
        return cls(level=LevelView(one.level.value), code=one.code, message=one.message, hint=one.hint, where=one.where)


@strawberry.type(name="Scope", description="Where a strategy holds.")
class ScopeView:
    listing: str | None
    collection: str | None
    search: str | None
    channel: str | None
    audience: AudienceView


@strawberry.type(name="Schedule", description="When a strategy holds, in wall-clock time of a zone.")
class ScheduleView:
    from_: str | None = strawberry.field(name="from")
    until: str | None
    zone: str


@strawberry.type(name="Guardrails", description="Places up and down that a strategy may move an item; 0: any.")
class GuardrailsView:
    max_up: int
    max_down: int


@strawberry.type(name="StrategyVersion", description="One saved version of a strategy.")
class VersionView:
    name: str
    number: int
    state: StateView
    at: datetime = strawberry.field(description="When it was saved.")
    author: str
    decision: str
    parameters: JSON
    scope: ScopeView
    mode: ModeView
    share: float
    schedule: ScheduleView
    guardrails: GuardrailsView
    priority: int

    @classmethod
    def of(cls, one: StrategyVersion) -> VersionView:
        """From the desk's."""
        draft = one.draft
        scope, schedule, guardrails = draft.scope, draft.schedule, draft.guardrails
        return cls(
            name=one.name, number=one.number, state=StateView(one.state.value), at=moment(one.at), author=one.author,
            decision=draft.decision, parameters=JSON(dict(draft.parameters)), mode=ModeView(draft.mode.value),
            share=draft.share, priority=draft.priority,
            scope=ScopeView(
                listing=scope.listing, collection=scope.collection, search=scope.search, channel=scope.channel,
                audience=AudienceView(scope.audience.value),
            ),
            schedule=ScheduleView(from_=schedule.starts, until=schedule.ends, zone=schedule.zone),
            guardrails=GuardrailsView(max_up=guardrails.max_up, max_down=guardrails.max_down),
        )  # fmt: skip


@strawberry.type(name="Strategy", description="A strategy as it stands.")
class StrategyView:
    name: str
    published: VersionView | None = strawberry.field(description="What is in force within its schedule.")
    draft: VersionView | None
    killed: bool = strawberry.field(description="Whether its kill switch is thrown.")

    @classmethod
    def of(cls, one: Standing) -> StrategyView:
        """From the desk's."""
        return cls(
            name=one.name, killed=one.killed, draft=VersionView.of(one.draft) if one.draft else None,
            published=VersionView.of(one.published) if one.published else None,
        )  # fmt: skip


@strawberry.type(name="StrategyPage", description="Strategies by name.")
class StrategyPage:
    items: list[StrategyView]
    after: str | None = strawberry.field(description="What to go on after; null at the end.")


@strawberry.type(name="Published", description="What was published, and what it was warned of.")
class PublishedView:
    version: VersionView
    warnings: list[FindingView]


@strawberry.type(name="AuditLine", description="Who changed what, when and why.")
class AuditView:
    number: int = strawberry.field(description="The revision that the change made.")
    at: datetime
    actor: str
    action: str = strawberry.field(description="draft, publish, revert, kill or revive.")
    name: str = strawberry.field(description="The strategy; * for everything, offer:NAME for an offer.")
    version: int = strawberry.field(description="0 where the change is of no version.")
    why: str
    before: JSON | None = strawberry.field(description="What was in force before.")
    after: JSON | None = strawberry.field(description="What was written.")

    @classmethod
    def of(cls, row: AuditRow) -> AuditView:
        """From the store's."""
        return cls(
            number=row.number, at=moment(row.at), actor=row.actor, action=row.action, name=row.name,
            version=row.version, why=row.why, before=_read(row.before), after=_read(row.after),
        )  # fmt: skip


def _read(body: bytes) -> JSON | None:
    if not body:
        return None
    try:
        return JSON(orjson.loads(body))
    except orjson.JSONDecodeError:
        return JSON(body.decode("utf-8", "replace"))


@strawberry.type(name="AuditPage", description="Lines of the audit, the newest first.")
class AuditPage:
    items: list[AuditView]
    before: int | None = strawberry.field(description="What to go on before; null at the end.")


@strawberry.type(name="Parameter", description="What may be set on a decision.")
class ParameterView:
    name: str
    kind: str = strawberry.field(description="number, integer, boolean or rules.")
    about: str
    default: JSON | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, knob: Knob) -> ParameterView:
        """From the decision's knob."""
        low, high = (value if abs(value) < float("inf") else None for value in (knob.low, knob.high))
        return cls(
            name=knob.name, kind=knob.kind.value, about=knob.about, low=low, high=high,
            default=None if knob.default is None else JSON(knob.default),
        )  # fmt: skip


@strawberry.type(name="Decision", description="A decision that strategies may take.")
class DecisionView:
    name: str
    parameters: list[ParameterView]


@strawberry.type(name="PreviewItem", description="An item at its place.")
class ItemView:
    item_id: strawberry.ID
    title: str
    price: float | None
    currency: str
    picture: str | None
    place: int = strawberry.field(description="From 1.")
    shop_place: int = strawberry.field(description="Where the shop has it, from 1.")
    moved: int = strawberry.field(description="Places up; negative: down.")
    reason: str | None = strawberry.field(description="Why it stands here, as shoppers read it.")
    reason_code: str | None

    @classmethod
    def of(cls, one: Shown, language: str) -> ItemView:
        """From the preview's."""
        return cls(
            item_id=strawberry.ID(one.item_id), title=one.title, price=one.price, currency=one.currency,
            picture=one.picture, place=one.place, shop_place=one.shop_place, moved=one.moved,
            reason=words(one.reason, language) if one.reason else None,
            reason_code=one.reason.code if one.reason else None,
        )  # fmt: skip


@strawberry.type(name="PreviewCut", description="Where guardrails did not let a strategy have its way.")
class CutView:
    strategy: str
    item_id: strawberry.ID | None
    wanted: int | None = strawberry.field(description="The place it wanted, from 1.")
    place: int | None = strawberry.field(description="The place it got.")


@strawberry.type(name="Preview", description="A listing as the shop has it, and as it would be shown.")
class PreviewView:
    listing: str
    total: int | None = strawberry.field(description="Items in all, as far as the shop tells.")
    window: int = strawberry.field(description="Items from the top whose order may change.")
    shop: list[ItemView]
    ours: list[ItemView]
    strategies: list[str] = strawberry.field(description="What holds for this listing.")
    cuts: list[CutView]
    troubles: list[str] = strawberry.field(description="Strategies that failed, and how.")

    @classmethod
    def of(cls, one: Previewed, language: str) -> PreviewView:
        """From the preview."""
        cuts = [
            CutView(strategy=cut.strategy, item_id=strawberry.ID(cut.item_id) if cut.item_id else None,
                    wanted=cut.wanted, place=cut.place)
            for cut in one.cuts
        ]  # fmt: skip
        return cls(
            listing=one.listing, total=one.total, window=one.window, cuts=cuts, strategies=list(one.strategies),
            shop=[ItemView.of(item, language) for item in one.shop], troubles=list(one.troubles),
            ours=[ItemView.of(item, language) for item in one.ours],
        )  # fmt: skip


@strawberry.type(name="Switch", description="What is in force of one strategy.")
class SwitchView:
    name: str
    mode: ModeView
    share: float


@strawberry.type(name="Health", description="How this process is.")
class HealthView:
    ready: bool = strawberry.field(description="Whether the shop's schema is known.")
    outbox: int = strawberry.field(description="Events that wait to be written.")
    revision: int = strawberry.field(description="The desk's revision that this process serves by.")
    stopped: bool = strawberry.field(description="Whether everything is off: killed, or off in the settings.")
    killed: list[str] = strawberry.field(
        description="Kill switches that are thrown; * for everything, offer:NAME for an offer."
    )
    running: list[SwitchView] = strawberry.field(description="The switches in force, those of the settings included.")
    reloads_taken: int = strawberry.field(description="Newer models put in place.")
    reloads_refused: int


@strawberry.type(name="Variant", description="An arm of an experiment.")
class VariantView:
    name: str
    weight: float


@strawberry.type(name="Experiment", description="A declared experiment.")
class ExperimentView:
    name: str
    variants: list[VariantView]
    assigned_by: str
    unit: str
    coverage: float

    @classmethod
    def of(cls, one: Experiment) -> ExperimentView:
        """From the settings'."""
        return cls(
            name=one.name, assigned_by=one.assigned_by.value, unit=one.unit.value, coverage=one.coverage,
            variants=[VariantView(name=variant.name, weight=variant.weight) for variant in one.variants],
        )  # fmt: skip


@strawberry.type(name="EventLine", description="A line of the event log, without the visitor's id.")
class EventView:
    event: str
    at: datetime
    who: str = strawberry.field(description="A mark of the visitor or session, good for this list only; may be empty.")
    items: list[strawberry.ID] = strawberry.field(description="The first ten.")
    list_id: str | None
    search_term: str | None
    strategy: str | None

    @classmethod
    def of(cls, one: Event) -> EventView:
        """From the log's."""
        whose = one.visitor or one.session
        strategy = one.extra.get("strategy")
        return cls(
            event=one.event, at=moment(one.at), list_id=one.list_id, search_term=one.search_term,
            who=hashlib.sha256(whose.encode()).hexdigest()[:8] if whose else "",
            items=[strawberry.ID(item.item_id) for item in one.items[:10]],
            strategy=strategy if isinstance(strategy, str) else None,
        )  # fmt: skip
