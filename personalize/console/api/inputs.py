"""What the operator API takes: a strategy, and what a preview looks at."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from personalize.domain.strategy import Mode


@strawberry.enum(name="StrategyMode", description="How a strategy runs.")
class ModeView(Enum):
    OFF = "off"
    SHADOW = "shadow"
    SHARE = "share"
    ON = "on"


@strawberry.enum(name="StrategyAudience", description="For whom: everybody, who was here before, who is new.")
class AudienceView(Enum):
    ALL = "all"
    KNOWN = "known"
    NEW = "new"


@strawberry.input(description="Where a strategy holds: all that is named has to fit.")
class ScopeInput:
    listing: str | None = strawberry.field(
        default=None, description="A listing of the shop, Query.search, or a response path."
    )
    collection: str | None = strawberry.field(
        default=None, description="How the storefront asks for a collection: its slug or id, or argument=value."
    )
    search: str | None = strawberry.field(default=None, description="A search term; * for every search.")
    channel: str | None = strawberry.field(
        default=None, description="A store of the visit, or a header's value that the shop's answers vary by."
    )
    audience: AudienceView = strawberry.field(default=AudienceView.ALL, description="For whom.")


@strawberry.input(description="When a strategy holds, in wall-clock time of a zone.")
class ScheduleInput:
    from_: str | None = strawberry.field(default=None, name="from", description="2026-12-01T08:00; null: since ever.")
    until: str | None = strawberry.field(default=None, description="The first moment after it; null: for good.")
    zone: str = strawberry.field(default="UTC", description="A name like Europe/Berlin.")


@strawberry.input(description="How far a strategy may go.")
class GuardrailsInput:
    max_up: int = strawberry.field(default=0, description="Places up from where the shop has it; 0: any.")
    max_down: int = strawberry.field(default=0, description="Places down from where the shop has it; 0: any.")


@strawberry.input(description="A strategy as an operator writes it.")
class StrategyInput:
    name: str = strawberry.field(description="Lower-case letters, digits and _.")
    decision: str = strawberry.field(description="One of `decisions`.")
    parameters: JSON | None = strawberry.field(default=None, description="An object, as the decision takes it.")
    scope: ScopeInput | None = None
    mode: ModeView = strawberry.field(default=ModeView.OFF, description="How it runs once published.")
    share: float = strawberry.field(default=1.0, description="For the mode SHARE: the share of visitors, 0 to 1.")
    schedule: ScheduleInput | None = None
    guardrails: GuardrailsInput | None = None
    priority: int = strawberry.field(default=0, description="Of several, the higher one's order holds.")

    def document(self) -> dict[str, Any]:
        """As `domain.desk.reading.read_draft` takes it."""
        scope, schedule, guardrails = self.scope, self.schedule, self.guardrails
        return {
            "name": self.name, "decision": self.decision, "parameters": self.parameters, "mode": self.mode.value,
            "share": self.share, "priority": self.priority,
            "scope": None if scope is None else {
                "listing": scope.listing, "collection": scope.collection, "search": scope.search,
                "channel": scope.channel, "audience": scope.audience.value,
            },
            "schedule": None if schedule is None else {
                "from": schedule.from_, "until": schedule.until, "zone": schedule.zone,
            },
            "guardrails": None if guardrails is None else {
                "max_up": guardrails.max_up, "max_down": guardrails.max_down,
            },
        }  # fmt: skip


@strawberry.input(description="A version of a strategy.")
class VersionInput:
    name: str
    number: int


@strawberry.input(description="What runs in a preview, by strategy.")
class SwitchInput:
    name: str
    mode: ModeView

    def pair(self) -> tuple[str, Mode]:
        """Name and mode."""
        return self.name, Mode(self.mode.value)


@strawberry.input(description="The variant of an experiment in a preview.")
class VariantInput:
    experiment: str
    variant: str


@strawberry.input(description="A name and its value.")
class PairInput:
    name: str
    value: str


@strawberry.input(description="What a preview looks at: a listing by its field, or by a storefront's document.")
class LookInput:
    listing: str | None = strawberry.field(default=None, description="Query.search; null: the first there is.")
    arguments: JSON | None = strawberry.field(default=None, description="The field's arguments, without paging.")
    document: str | None = strawberry.field(default=None, description="A storefront's query, in place of the field.")
    variables: JSON | None = strawberry.field(default=None, description="The document's variables.")
    path: str | None = strawberry.field(default=None, description="The response path of the listing in the document.")
    headers: list[PairInput] = strawberry.field(
        default_factory=list, description="Headers that the shop's answers vary by: channel, language."
    )
    context: JSON | None = strawberry.field(
        default=None, description='Facts of the situation: {"weather": "rain", "mood": "calm", "store": "hamburg"}.'
    )
    language: str = strawberry.field(default="en", description="Of the reasons: en or de.")
    known: bool = strawberry.field(default=False, description="As somebody who was here before.")
