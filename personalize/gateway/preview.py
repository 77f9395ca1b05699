"""Preview: a listing as the shop has it and as it would be shown, side by side, with nobody's profile and no event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from personalize.domain.desk.strategy import StrategyDraft, StrategyVersion
from personalize.domain.experiment import AssignedBy, Assignment
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Patch, Reason
from personalize.domain.profile import Profile
from personalize.domain.situation import stepped
from personalize.domain.strategy import Decision, Mode, Strategy
from personalize.domain.visit import Visit
from personalize.errors import DeskError
from personalize.experiments.assign import running
from personalize.gateway.guest import Found, Guest, picture_of
from personalize.gateway.listing.decide import Decider, Published
from personalize.gateway.listing.standing import is_decided, standing
from personalize.guardrails.apply import last_explore, last_reorder, planned
from personalize.guardrails.apply import order as order_of
from personalize.guardrails.displacement import Cap
from personalize.settings import Settings
from personalize.telemetry import Telemetry

ROWS = 24
MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class Looked:
    """What to look at: a listing by its field and arguments, or by a storefront's document, and in which situation.

    `context` holds facts as signals tell them (`weather`, `mood`, `store`), and no others are gathered. `headers` are
    those that the shop's answers vary by (the channel, the language). `known`: as somebody who was here before.
    """

    listing: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    document: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    path: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)
    language: str = "en"
    known: bool = False


@dataclass(frozen=True, slots=True)
class Overlay:
    """What runs beside what is in force: `modes` by strategy, a `draft` as if it were on, `variants` by experiment."""

    modes: Mapping[str, Mode] = field(default_factory=dict)
    draft: StrategyVersion | None = None
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """An item at its place (from 1); `moved` says how many places it went up from where the shop has it."""

    item_id: str
    title: str
    price: float | None
    currency: str
    picture: str | None
    place: int
    shop_place: int
    reason: Reason | None = None

    @property
    def moved(self) -> int:
        """Places up; negative: down."""
        return self.shop_place - self.place


@dataclass(frozen=True, slots=True)
class Cut:
    """A Change that guardrails cut: where a strategy wanted an item, and where it may stand (None: cut as a whole)."""

    strategy: str
    item_id: str | None
    wanted: int | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Previewed:
    """The shop's order and ours; `strategies` are those that hold for this listing, `troubles` those that failed."""

    listing: str
    total: int | None
    window: int
    shop: tuple[Shown, ...]
    ours: tuple[Shown, ...]
    strategies: tuple[str, ...]
    cuts: tuple[Cut, ...]
    troubles: tuple[str, ...]


class Preview:
    """Makes previews by the decisions that serve, on a window of its own.

    `settings` are those in force, what is published over them included.
    """

    def __init__(
        self, guest: Guest, decider: Decider, settings: Callable[[], Settings], clock: Callable[[], float]
    ) -> None:
        self.guest, self.decider, self.settings, self.clock = guest, decider, settings, clock

    async def show(self, looked: Looked, overlay: Overlay, rows: int = ROWS) -> Previewed:
        """The preview of `rows` places. Raises DeskError where the listing or the overlay cannot be used."""
        if looked.document is not None:
            found = await self.guest.document(looked.document, looked.variables, looked.headers, looked.path)
        else:
            listed = looked.listing or next(iter(self.guest.listings()), "")
            found = await self.guest.field(listed, looked.arguments, looked.headers)
        visit = Visit(
            at=self.clock(), context=stepped(looked.context), language=looked.language,
            profile=Profile(version=1, behaviour=1) if looked.known else None,
        )  # fmt: skip
        witness = _Witness(self.decider, overlay)
        listing, target = found.window.listing, ".".join(found.slot.path)
        modes = witness.within(self.modes(overlay), listing.about, target, visit) if found.neutral else {}
        decided = witness.decide(modes, target, listing, visit)
        order = order_of(decided.patch, target, len(listing))
        change = last_reorder(decided.patch, target)
        rows = min(max(rows, 1), MAX_ROWS)
        shown = [_shown(found, row, row, None) for row in range(min(rows, len(listing)))]
        explored = last_explore(decided.patch, target)
        plan = planned(decided.patch, target, len(listing)) if explored is not None else ()
        tried = explored.draw.move.moved(plan) if explored is not None else frozenset()
        told = is_decided(modes, change, explored)
        ours = [
            _shown(found, row, place, standing(change, explored, tried, row, row - place) if told else None)
            for place, row in enumerate(order[:rows])
        ]
        return Previewed(
            found.slot.map.coordinates, found.window.total, len(listing), tuple(shown), tuple(ours),
            tuple(name for name, mode in modes.items() if mode is Mode.ON), tuple(witness.cuts),
            tuple(witness.troubles),
        )  # fmt: skip

    def modes(self, overlay: Overlay) -> Mapping[str, Mode]:
        """What runs: a share counts as on. Raises DeskError for a variant or strategy that is not there."""
        settings = self.settings()
        for name, variant in overlay.variants.items():
            experiment = next((one for one in settings.experiments if one.name == name), None)
            if experiment is None or experiment.variant(variant) is None:
                raise DeskError(f"there is no variant {variant!r} of an experiment {name!r}", code="VARIANT_UNKNOWN")
        assignments = [Assignment(name, variant, AssignedBy.TOKEN) for name, variant in overlay.variants.items()]
        modes = dict(running(_whole(settings.strategies), settings.experiments, assignments, None, hashed=False))
        for name, mode in overlay.modes.items():
            if name not in self.decider.decisions:
                raise DeskError(f"there is no strategy {name!r}", code="STRATEGY_UNKNOWN")
            modes.pop(name, None)
            if mode is not Mode.OFF:
                modes[name] = Mode.SHADOW if mode is Mode.SHADOW else Mode.ON
        if overlay.draft is not None:
            modes[overlay.draft.name] = Mode.ON
        return modes


class _Witness(Decider):
    """A decider for one preview, that notes what guardrails cut and what failed; faults are not the gateway's."""

    def __init__(self, decider: Decider, overlay: Overlay) -> None:
        super().__init__(decider.base, decider.popularity, Telemetry(), decider.cap)
        self.cuts: list[Cut] = []
        self.troubles: list[str] = []
        published = decider.published
        if (version := overlay.draft) is not None:
            published = _with_draft(published, version, decider.base)
        self.use(published)

    def _propose(self, name: str, decide: Callable[[], Patch], target: str, listing: Listing) -> Patch:
        try:
            wanted = decide()
        except Exception as error:
            self.troubles.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
            return EMPTY
        left = super()._propose(name, lambda: wanted, target, listing)
        before, after = last_reorder(wanted, target), last_reorder(left, target)
        if before is not None and after is None:
            self.cuts.append(Cut(name, None, None, None))
        elif before is not None and after is not None and before.order != after.order:
            at = {row: place for place, row in enumerate(after.order)}
            self.cuts += [
                Cut(name, listing.ids[row], place + 1, at[row] + 1)
                for place, row in enumerate(before.order[:MAX_ROWS])
                if at[row] != place
            ]
        return left


def _with_draft(published: Published, version: StrategyVersion, base: Mapping[str, Decision]) -> Published:
    draft: StrategyDraft = version.draft
    decision = base.get(draft.decision)
    if decision is None:
        raise DeskError(f"there is no decision {draft.decision!r}", code="DECISION_UNKNOWN")
    if (configured := getattr(decision, "configured", None)) is not None:
        decision = configured(version.name, str(version.number), draft.parameters)
    scopes = {**published.scopes, version.name: draft.scope}
    caps = {**published.caps, version.name: Cap(draft.guardrails.max_up, draft.guardrails.max_down)}
    return Published({**published.decisions, version.name: decision}, scopes, caps)


def _whole(strategies: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
    return tuple(replace(one, mode=Mode.ON) if one.mode is Mode.SHARE else one for one in strategies)


def _shown(found: Found, row: int, place: int, reason: Reason | None) -> Shown:
    listing, window = found.window.listing, found.window
    price = float(listing.prices[row])
    return Shown(
        listing.ids[row], listing.titles[row] if listing.titles else "", None if price != price else round(price, 4),
        listing.currency, picture_of(found, window.candidates[row][0]), place + 1, row + 1, reason,
    )  # fmt: skip
