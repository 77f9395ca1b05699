"""The desk: drafts, publishing, reverting, the kill switches and the audit, for the API and the pages alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from personalize.console.checks import Shelf, check, rules_of
from personalize.domain.clock import Clock
from personalize.domain.desk.actor import Actor, Role
from personalize.domain.desk.finding import Finding, refuse
from personalize.domain.desk.knob import Knob, knobs_of
from personalize.domain.desk.programme import EVERYTHING, OFFER
from personalize.domain.desk.reading import NAME, nearest, read_draft
from personalize.domain.desk.rows import body_of, row_of, version_of
from personalize.domain.desk.store import CHANGED, MAX_ROWS, STRATEGY, SWITCH, AuditRow, DeskRow, DeskStore
from personalize.domain.desk.strategy import State, StrategyDraft, StrategyVersion
from personalize.domain.strategy import Decision, Mode
from personalize.errors import DeskError, StoreError
from personalize.gateway.preview import ROWS, Looked, Overlay, Preview, Previewed
from personalize.gateway.published import Programmes

T = TypeVar("T")

PAGE = 50
MAX_WHY = 500
TRIES = 4
"""How often a change is decided anew because somebody else changed the desk meanwhile."""
KILLED, LIVE = "killed", "live"
STOPPED_HERE = "STOPPED_HERE"
MAX_PREVIEWS = 2
"""Previews that are made at once; others wait."""
NONE: Mapping[str, Mode] = {}
NO_WORDS: Mapping[str, str] = {}


class Paged(NamedTuple):
    """Some things and the cursor of what follows, None at the end."""

    items: tuple[StrategyVersion, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A strategy as it stands: what is published, what is drafted, and whether its kill switch is thrown."""

    name: str
    published: StrategyVersion | None
    draft: StrategyVersion | None
    killed: bool


class Desk:
    """Every change is checked, audited in the same transaction, and taken into use by this process at once.

    Other processes follow within a second. Every method raises DeskError with a code and a hint, or StoreError.
    """

    def __init__(
        self, store: DeskStore, decisions: Mapping[str, Decision], shelf: Shelf, preview: Preview, clock: Clock,
        programmes: Programmes,
    ) -> None:  # fmt: skip
        self.store, self.decisions, self.shelf, self.clock = store, decisions, shelf, clock
        self._programmes = programmes
        self._preview, self._previews = preview, asyncio.Semaphore(MAX_PREVIEWS)

    def knobs(self) -> dict[str, tuple[Knob, ...]]:
        """The decisions there are and what may be set on each."""
        return {name: knobs_of(decision) for name, decision in sorted(self.decisions.items())}

    async def strategies(self, after: str = "", limit: int = PAGE) -> tuple[list[Standing], str | None]:
        """Strategies by name, and the name to go on after, None at the end."""
        limit = min(max(limit, 1), MAX_ROWS // 2 - 1)
        states = (State.DRAFT.value, State.PUBLISHED.value)
        rows = await self.store.rows(STRATEGY, states=states, after=after, limit=2 * limit + 1)
        killed = await self.killed()
        names = list(dict.fromkeys(row.name for row in rows))
        if len(rows) > 2 * limit:  # the last name may have another version behind
            names.pop()
        more = len(names) > limit or len(rows) > 2 * limit
        names = names[:limit]
        found = [_standing(name, [row for row in rows if row.name == name], killed) for name in names]
        return found, names[-1] if more and names else None

    async def strategy(self, name: str) -> Standing:
        """One strategy. Raises DeskError `STRATEGY_UNKNOWN`."""
        rows = await self.store.rows(STRATEGY, name=name, states=(State.DRAFT.value, State.PUBLISHED.value))
        if not rows:
            known = [one.name for one in (await self.strategies(limit=MAX_ROWS))[0]]
            raise DeskError(f"there is no strategy {name!r}", code="STRATEGY_UNKNOWN", hint=nearest(name, known))
        return _standing(name, rows, await self.killed())

    async def versions(self, name: str, before: int | None = None, limit: int = PAGE) -> list[StrategyVersion]:
        """The versions of a strategy, the newest first, with a number below `before`."""
        rows = await self.store.rows(STRATEGY, name=name, before=before, limit=limit)
        return [version_of(row) for row in rows]

    async def version(self, name: str, number: int) -> StrategyVersion:
        """One version. Raises DeskError `VERSION_UNKNOWN`."""
        rows = await self.store.rows(STRATEGY, name=name, before=number + 1, limit=1)
        if not rows or rows[0].number != number:
            raise DeskError(f"strategy {name!r} has no version {number}", code="VERSION_UNKNOWN")
        return version_of(rows[0])

    async def published(self) -> list[StrategyVersion]:
        """Everything that is published, by name."""
        rows = await self.store.rows(STRATEGY, states=(State.PUBLISHED.value,))
        return [version_of(row) for row in rows]

    async def killed(self) -> frozenset[str]:
        """The names whose kill switch is thrown; `*` stands for everything."""
        return frozenset(row.name for row in await self.store.rows(SWITCH, states=(KILLED,)))

    async def audit(self, before: int | None = None, name: str | None = None, limit: int = PAGE) -> list[AuditRow]:
        """Who changed what, the newest first, with a number below `before`."""
        return await self.store.audit(before=before, name=name, limit=limit)

    async def validate(self, document: object) -> list[Finding]:
        """What is wrong with a strategy before it is saved. Raises DeskError where it cannot be read at all."""
        return await self._check(read_draft(document))

    async def preview(
        self, looked: Looked, *, document: object = None, version: tuple[str, int] | None = None,
        modes: Mapping[str, Mode] = NONE, variants: Mapping[str, str] = NO_WORDS, rows: int = ROWS,
    ) -> Previewed:  # fmt: skip
        """A listing as the shop has it and as it would be shown with the strategies in force.

        Over them: a strategy that nobody saved yet (`document`) or a `version` (name, number) as if it were on,
        `modes` by name, and the `variants` of experiments. No profile is read, no event is written.
        """
        draft: StrategyVersion | None = None
        if document is not None:
            draft = StrategyVersion(read_draft(document), 0, State.DRAFT, self.clock(), "")
        elif version is not None:
            draft = await self.version(*version)
        if draft is not None:
            refuse(rules_of(draft.draft, self.decisions)[1])
        async with self._previews:
            return await self._preview.show(looked, Overlay(modes, draft, variants), rows)

    async def draft(self, actor: Actor, document: object, why: str, *, seen: int | None = None) -> StrategyVersion:
        """Save a new version as the strategy's draft, in place of the one there is.

        `seen` is the newest version that the writer knows of (0: none): DeskError `DRAFT_STALE` where there is a newer.
        """
        actor.needs(Role.OPERATOR)
        draft, why = read_draft(document), reason(why)

        async def change(revision: int) -> StrategyVersion:
            rows = await self.store.rows(STRATEGY, name=draft.name, limit=1)
            old = await self.store.rows(STRATEGY, name=draft.name, states=(State.DRAFT.value,), limit=1)
            newest = rows[0].number if rows else 0
            if seen is not None and seen != newest:
                raise _stale(draft.name, newest)
            made = StrategyVersion(draft, newest + 1, State.DRAFT, self.clock(), actor.name)
            before = await self._published(draft.name)
            await self.store.write(
                [row_of(made), *_set(old, State.SUPERSEDED)],
                self._line(actor, "draft", draft.name, made.number, why, before, body_of(draft)), seen=revision,
            )  # fmt: skip
            return made

        return await self._change(change)

    async def publish(
        self, actor: Actor, name: str, number: int, why: str, *, over: int | None = None
    ) -> tuple[StrategyVersion, list[Finding]]:
        """Publish the draft of that number; what it replaces is superseded. Also returns what it was warned of.

        `over` is the published version that the operator saw (0: none). Raises `Refused` with all findings, and
        DeskError `DRAFT_STALE` where there is a newer draft, or another version was published meanwhile.
        """
        return await self._publish(actor, "publish", name, number, why, over)

    async def revert(
        self, actor: Actor, name: str, number: int, why: str, *, over: int | None = None
    ) -> tuple[StrategyVersion, list[Finding]]:
        """Publish an older version again; as `publish`."""
        return await self._publish(actor, "revert", name, number, why, over)

    async def kill(self, actor: Actor, name: str | None, why: str) -> None:
        """Throw the kill switch of a strategy, also of one in the settings, or (None) of everything.

        Where the store cannot take it, it holds in this process alone, and StoreError `STOPPED_HERE` says so.
        """
        try:
            await self._switch(actor, _switched(name), why, KILLED)
        except StoreError as error:
            self._programmes.hold(EVERYTHING if name is None else name)
            raise StoreError(
                f"{name or 'everything'} is stopped in this process only, and not in the audit: {error.message}",
                code=STOPPED_HERE, hint="repeat it when the store is back; strategies = off in the settings stops all",
            ) from error  # fmt: skip

    async def revive(self, actor: Actor, name: str | None, why: str) -> None:
        """Take a kill switch back."""
        await self._switch(actor, _switched(name), why, LIVE)
        self._programmes.let(EVERYTHING if name is None else name)

    async def stop_offer(self, actor: Actor, name: str, why: str) -> None:
        """Throw the switch of an offer: list prices at once. That there is such an offer, the caller knows."""
        await self._switch(actor, OFFER + name, why, KILLED)

    async def release_offer(self, actor: Actor, name: str, why: str) -> None:
        """Let an offer run again, also one that stopped itself."""
        await self._switch(actor, OFFER + name, why, LIVE)

    async def note(self, actor: Actor, action: str, kind: str, name: str, why: str) -> None:
        """Write into the audit what was done to something that is no strategy. Raises StoreError."""
        line = self._line(actor, action, name, 0, why, b"", b"", kind=kind)

        async def change(revision: int) -> int:
            return await self.store.write([], line, seen=revision)

        await self._change(change)

    async def _publish(
        self, actor: Actor, action: str, name: str, number: int, why: str, over: int | None
    ) -> tuple[StrategyVersion, list[Finding]]:
        actor.needs(Role.OPERATOR)
        why = reason(why)
        found = await self.version(name, number)
        findings = await self._check(found.draft)
        refuse(findings)

        async def change(revision: int) -> StrategyVersion:
            version = await self.version(name, number)
            current = await self.store.rows(STRATEGY, name=name, states=(State.PUBLISHED.value,), limit=1)
            there = current[0].number if current else 0
            wanted = State.DRAFT if action == "publish" else State.SUPERSEDED
            if version.state is not wanted or (over is not None and over != there):
                raise _not_to_be(action, version, there)
            # Others may have published what contradicts it since the shop was asked.
            refuse(
                await check(version.draft, self.decisions, await self._others(name), _Seen(self.shelf), self.clock())
            )
            made = replace(version, state=State.PUBLISHED)
            before = current[0].body if current else b""
            await self.store.write(
                [row_of(made), *_set(current, State.SUPERSEDED)],
                self._line(actor, action, name, number, why, before, body_of(made.draft)), seen=revision,
            )  # fmt: skip
            return made

        return await self._change(change), findings

    async def _switch(self, actor: Actor, target: str, why: str, state: str) -> None:
        actor.needs(Role.OPERATOR)
        why = reason(why)

        async def change(revision: int) -> None:
            rows = await self.store.rows(SWITCH, name=target, limit=1)
            before = rows[0].state if rows else LIVE
            row = DeskRow(SWITCH, target, 1, state, b"", self.clock(), actor.name)
            action = "kill" if state == KILLED else "revive"
            line = self._line(actor, action, target, 0, why, before.encode(), state.encode(), kind=SWITCH)
            await self.store.write([row], line, seen=revision)

        await self._change(change)

    async def _change(self, change: Callable[[int], Awaitable[T]]) -> T:
        """Decide and write; once more where the desk was changed in between. Then take it into use here."""
        for left in reversed(range(TRIES)):
            revision = await self.store.revision()
            try:
                made = await change(revision)
            except StoreError as error:
                if error.code != CHANGED or not left:
                    raise
                continue
            await self._programmes.poll()
            return made
        raise AssertionError("unreachable")

    async def _check(self, draft: StrategyDraft) -> list[Finding]:
        return await check(draft, self.decisions, await self._others(draft.name), self.shelf, self.clock())

    async def _others(self, name: str) -> list[StrategyVersion]:
        return [one for one in await self.published() if one.name != name]

    async def _published(self, name: str) -> bytes:
        rows = await self.store.rows(STRATEGY, name=name, states=(State.PUBLISHED.value,), limit=1)
        return rows[0].body if rows else b""

    def _line(
        self, actor: Actor, action: str, name: str, number: int, why: str, before: bytes, after: bytes,
        kind: str = STRATEGY,
    ) -> AuditRow:  # fmt: skip
        return AuditRow(0, self.clock(), actor.name, action, kind, name, number, why, before, after)


class _Seen:
    """A shelf that was looked at already: what the shop said a moment ago holds, and it is not asked again."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def listings(self) -> Sequence[str]:
        return self._shelf.listings()

    async def look(self, draft: StrategyDraft, rules: object) -> list[Finding]:
        return []


def _standing(name: str, rows: Sequence[DeskRow], killed: frozenset[str]) -> Standing:
    by_state = {row.state: version_of(row) for row in rows}
    return Standing(name, by_state.get(State.PUBLISHED), by_state.get(State.DRAFT), name in killed)


def _set(rows: Sequence[DeskRow], state: State) -> list[DeskRow]:
    return [row._replace(state=state.value) for row in rows]


def reason(why: str) -> str:
    """The reason for a change: everybody who reads the audit later wants one. Raises DeskError where it will not do."""
    told = " ".join(why.split())
    if not told or len(told) > MAX_WHY:
        raise DeskError(
            "a change needs a reason" if not told else f"a reason has {MAX_WHY} characters at most",
            code="WHY_MISSING" if not told else "TOO_LARGE", hint="say in `why` what it is for",
        )  # fmt: skip
    return told


def _switched(name: str | None) -> str:
    """The name of a strategy's switch; None: that of everything."""
    if name is not None and not NAME.fullmatch(name):
        raise DeskError(f"{name[:80]!r} is no name of a strategy", code="NAME_INVALID")
    return EVERYTHING if name is None else name


def _stale(name: str, newest: int) -> DeskError:
    return DeskError(
        f"strategy {name!r} is at version {newest} by now", code="DRAFT_STALE",
        hint="look at that version, then write yours anew",
    )  # fmt: skip


def _not_to_be(action: str, version: StrategyVersion, there: int) -> DeskError:
    about = f"version {version.number} of {version.name!r}"
    if version.state is State.PUBLISHED:
        return DeskError(f"{about} is published already", code="ALREADY_PUBLISHED")
    if action == "revert" and version.state is State.DRAFT:
        return DeskError(f"{about} is a draft", code="VERSION_IS_DRAFT", hint="publish it")
    return DeskError(
        f"{about} is stale: {f'version {there} is published' if there else 'nothing is published'}, and it is"
        f" {version.state.value}",
        code="DRAFT_STALE", hint="look at what is there now, then draft anew, or revert to it",
    )  # fmt: skip
