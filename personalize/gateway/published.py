"""What the operator's desk has published, as this process runs it: looked up behind, laid over the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace as changed

import msgspec

from personalize.domain.clock import Clock
from personalize.domain.desk.knob import knobs_of
from personalize.domain.desk.programme import NOTHING, OFFER, OfferSwitch, Programme
from personalize.domain.desk.rows import version_of
from personalize.domain.desk.store import MAX_ROWS, STRATEGY, SWITCH, DeskStore
from personalize.domain.desk.strategy import Scope, State, StrategyVersion
from personalize.domain.experiment import Experiment
from personalize.domain.strategy import Decision, Mode, Strategy
from personalize.errors import PersonalizeError
from personalize.gateway.listing.decide import Published
from personalize.guardrails.displacement import Cap
from personalize.settings import Settings
from personalize.telemetry import Telemetry

POLL_SECONDS = 0.5
DEADLINE = 3.0
MAX_TRIES = 5
"""Readings while others write; after that the last one has to do, and the next poll reads again."""
MAX_PUBLISHED = 200
"""Strategies that are published at once."""
KILLED = "killed"

ANYWHERE = Scope()


class Programmes:
    """Holds the programme in force, and looks for a newer one behind: no request ever waits for it.

    `put_in_place` is called whenever what is active has changed: by a change at the desk, or because a schedule begins
    or ends. A store that fails leaves what is there, and is counted.
    """

    def __init__(self, store: DeskStore, put_in_place: Callable[[], None], telemetry: Telemetry, clock: Clock) -> None:
        self.store, self.telemetry, self.clock = store, telemetry, clock
        self.put_in_place = put_in_place
        self.programme: Programme = NOTHING
        self.active: tuple[StrategyVersion, ...] = ()
        self.configured: dict[tuple[str, int], Decision] = {}
        self.here: frozenset[str] = frozenset()
        """Names killed in this process alone, because the store could not take it."""
        self._lock = asyncio.Lock()

    async def keep(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.poll()

    async def poll(self) -> bool:
        """Look once, within `DEADLINE` seconds; whether the store could be read. Raises nothing."""
        try:
            async with asyncio.timeout(DEADLINE), self._lock:
                if await self.store.revision() != self.programme.revision:
                    found = await read_programme(self.store)
                    self.here -= found.killed
                    self._take(changed(found, killed=found.killed | self.here))
                elif self.programme.active(self.clock()) != self.active:
                    self._take(self.programme)
        except (PersonalizeError, TimeoutError) as error:
            self.telemetry.fault("desk", getattr(error, "code", "TIMEOUT"), error)
            return False
        return True

    def hold(self, name: str) -> None:
        """Kill in this process alone, at once; until the store has the name as killed, too, or `let` takes it back."""
        self.here |= {name}
        self._take(changed(self.programme, killed=self.programme.killed | self.here))

    def let(self, name: str) -> None:
        """Take back what was killed in this process alone."""
        if name in self.here:
            self.here -= {name}
            self._take(changed(self.programme, killed=self.programme.killed - {name}))

    def _take(self, programme: Programme) -> None:
        before = self.active, self.programme.killed, self.programme.offers
        self.programme, self.active = programme, programme.active(self.clock())
        if (self.active, programme.killed, programme.offers) != before:
            self.put_in_place()

    def decision(self, version: StrategyVersion, base: Mapping[str, Decision]) -> Decision | None:
        """The decision of a version with its parameters, made once; None where there is no such decision any more."""
        found = base.get(version.draft.decision)
        if found is None or not knobs_of(found):
            return found
        key = (version.name, version.number)
        if key not in self.configured:
            made: Decision = found.configured(  # type: ignore[attr-defined]
                version.name, str(version.number), version.draft.parameters
            )
            self.configured = {
                kept: one
                for kept, one in self.configured.items()
                if any(kept == (active.name, active.number) for active in self.active)
            }
            self.configured[key] = made
        return self.configured[key]


async def read_programme(store: DeskStore) -> Programme:
    """What is published, as of one revision. Raises StoreError; a version that cannot be read is left out."""
    for _ in range(MAX_TRIES):
        revision = await store.revision()
        rows = await store.rows(STRATEGY, states=(State.PUBLISHED.value,), limit=MAX_PUBLISHED)
        switches = await store.rows(SWITCH, states=(KILLED,), limit=MAX_ROWS)
        offers = await store.rows(SWITCH, after=OFFER, limit=MAX_ROWS)
        if await store.revision() == revision:
            break
    versions: list[StrategyVersion] = []
    for row in rows:
        try:
            version = version_of(row)
            version.draft.schedule.span()
        except (PersonalizeError, ValueError, KeyError, OSError):
            continue
        versions.append(version)
    versions.sort(key=lambda one: (one.draft.priority, one.name))
    switched = frozenset(
        OfferSwitch(row.name.removeprefix(OFFER), row.state == KILLED, row.at)
        for row in offers if row.name.startswith(OFFER)
    )  # fmt: skip
    return Programme(revision, tuple(versions), frozenset(row.name for row in switches), switched)


def overlaid(settings: Settings, programmes: Programmes, base: Mapping[str, Decision]) -> tuple[Settings, Published]:
    """The settings with what is published over them, and its decisions.

    `strategies = off` in the settings wins over all, experiments included. Then the kill switches win; then what is
    published and within its schedule replaces the switch of the same name, or comes after those of the settings.
    """
    programme = programmes.programme
    if programme.stopped or not settings.strategies:
        return msgspec.structs.replace(settings, strategies=(), experiments=(), holdout=0.0), Published()
    experiments = tuple(_without(one, programme.killed) for one in settings.experiments)
    decisions: dict[str, Decision] = {}
    scopes: dict[str, Scope] = {}
    caps: dict[str, Cap] = {}
    switches = {switch.name: switch for switch in settings.strategies}
    for version in programmes.active:
        draft = version.draft
        try:
            decision = programmes.decision(version, base)
        except Exception as error:  # parameters that an older release took
            programmes.telemetry.fault("desk", f"{version.name}_{version.number}", error)
            continue
        if decision is None:
            programmes.telemetry.fault("desk", f"{version.name}_without_decision")
            continue
        decisions[version.name], switches[version.name] = decision, draft.switch
        if draft.scope != ANYWHERE:
            scopes[version.name] = draft.scope
        if cap := Cap(draft.guardrails.max_up, draft.guardrails.max_down):
            caps[version.name] = cap
    for name in programme.killed & switches.keys():
        switches[name] = Strategy(name, Mode.OFF)
    effective = msgspec.structs.replace(settings, strategies=tuple(switches.values()), experiments=experiments)
    return effective, Published(decisions, scopes, caps)


def _without(experiment: Experiment, killed: frozenset[str]) -> Experiment:
    """An experiment none of whose variants switches on what was killed."""
    if not any(switch.name in killed for variant in experiment.variants for switch in variant.strategies):
        return experiment
    variants = tuple(
        changed(
            variant,
            strategies=tuple(
                Strategy(switch.name, Mode.OFF) if switch.name in killed else switch for switch in variant.strategies
            ),
        )
        for variant in experiment.variants
    )
    return changed(experiment, variants=variants)
