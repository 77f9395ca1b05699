"""An arrival: who is here under which consent, what runs for them, and what the log may say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex

from cachetools import TTLCache

from personalize.domain.clock import Clock
from personalize.domain.experiment import Assignment
from personalize.domain.permission import Keep, Permissions, Trace
from personalize.domain.profile import Profile
from personalize.domain.signal import Signal
from personalize.domain.strategy import Mode
from personalize.domain.visit import Consent, Trust, Visit, VisitorId
from personalize.events.infer import Whose
from personalize.experiments.assign import assign, running
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.sessions import Sessions
from personalize.settings import Settings
from personalize.signals.gather import gather
from personalize.telemetry import Telemetry
from personalize.visitors import consent, context, crawlers, experiments, identity
from personalize.visitors.identity import Identity, profile_key
from personalize.visitors.profiles import ProfileBook

SIGNAL_SECONDS = 0.02
MAX_SESSIONS = 100_000
SESSION_SECONDS = 30 * 60.0
PREFETCH = ("sec-purpose", "purpose", "x-purpose", "x-moz")
VISITOR, CONSENT, GPC = identity.HEADER.lower(), consent.HEADER.lower(), consent.OBJECTION.lower()
CONTEXT, EXPERIMENT = context.HEADER.lower(), experiments.HEADER.lower()


@dataclass(slots=True)
class Arrival:
    """A visit with what the gateway needs around it.

    `session` is the hash of the shop's session (guest or not), `key` the profile key where one is allowed, `modes` what
    runs, `watched` whether events are inferred, `headers` what the answer tells the client; `recognised` is False for
    a visitor whose id is given out with this very answer; `claimed` is who the client says it is, whatever it agreed
    to: for erasing only.
    """

    visit: Visit
    permissions: Permissions
    session: str | None
    key: str | None
    modes: Mapping[str, Mode]
    assignments: tuple[Assignment, ...]
    watched: bool
    whose: Whose
    headers: list[tuple[str, str]] = field(default_factory=list)
    recognised: bool = True
    claimed: VisitorId | None = None


class Reception:
    """Turns calls into arrivals."""

    def __init__(
        self, settings: Settings, who: Identity, profiles: ProfileBook, sessions: Sessions, signals: Sequence[Signal],
        telemetry: Telemetry, clock: Clock,
    ) -> None:  # fmt: skip
        self.settings, self.who, self.profiles, self.sessions = settings, who, profiles, sessions
        self.signals, self.telemetry, self.clock = signals, telemetry, clock
        self.names: TTLCache[str, str] = TTLCache(MAX_SESSIONS, SESSION_SECONDS, timer=clock)

    async def receive(self, call: Call) -> Arrival:
        """The arrival of a call. Never raises: what is malformed, late or failed is missing, and counted."""
        count = self.telemetry.count
        agreement = consent.read_consent(call.header(CONSENT), call.header(GPC), self.settings.consent_default, count)
        permissions = consent.allowed(agreement)
        session = self.who.session(self.sessions.token(call))
        claimed = self.who.resolve(call.header(VISITOR), self.sessions.distinct(call))
        # An id is used only where something it is for is allowed.
        wanted = agreement.mode is not Consent.NONE or permissions.experiment
        visitor = claimed if wanted else None
        headers: list[tuple[str, str]] = []
        recognised = visitor is not None
        if visitor is None and permissions.id:
            visitor = self.who.issue()
            headers.append((identity.HEADER, self.who.sign(visitor)))
            profile: Profile | None = Profile()
        elif visitor is None or permissions.profile is Keep.NOWHERE:
            profile = None
        else:
            visitor, profile = await self.profiles.find(visitor, permissions.profile)
        unit = visitor.value if visitor is not None else None
        requested = experiments.read_requested(call.header(EXPERIMENT), self.settings.experiments, count)
        assignments = assign(self.settings.experiments, unit, requested, hashed=permissions.experiment)
        if (told := experiments.write_assignments(assignments)) is not None:
            headers.append((experiments.HEADER, told))
        visit = Visit(
            at=self.clock(), visitor=visitor, session=self._session(visitor), consent=agreement.mode,
            experiments_allowed=permissions.experiment, profile=profile, language=_language(call),
        )  # fmt: skip
        facts = context.read_context(call.header(CONTEXT), count)
        facts |= await gather(self.signals, visit, deadline=SIGNAL_SECONDS, count=count)
        visit = replace(visit, context=facts)
        key = profile_key(visitor) if visitor is not None and agreement.mode is not Consent.NONE else None
        return Arrival(
            visit=visit, permissions=permissions, session=session, key=key,
            modes=running(
                self.settings.strategies, self.settings.experiments, assignments, unit, hashed=permissions.experiment
            ),
            assignments=assignments,
            watched=not crawlers.is_crawler(call.header("user-agent")) and not _prefetched(call),
            whose=self._whose(permissions, key, visit), headers=headers, recognised=recognised,
            claimed=claimed,
        )  # fmt: skip

    def _session(self, visitor: VisitorId | None) -> str | None:
        """The name of a visitor's present session: it ends after half an hour of silence, not with the shop's token."""
        if visitor is None:
            return None
        key = profile_key(visitor)
        name = self.names.get(key) or token_hex(8)
        self.names[key] = name
        return name

    @staticmethod
    def _whose(permissions: Permissions, key: str | None, visit: Visit) -> Whose:
        if permissions.log is Trace.VISITOR:
            return Whose(key, visit.session, visit.context)
        return Whose(None, visit.session if permissions.log is Trace.SESSION else None, visit.context)

    def moved(self, arrival: Arrival, after: Sequence[str]) -> None:
        """Somebody signed in and the shop's session goes on under other hashes: the visitor is the one of before."""
        visitor = arrival.visit.visitor
        if visitor is not None and visitor.trust is Trust.SHOP:
            for name in after:
                self.profiles.follow(visitor, VisitorId(name, Trust.SHOP), arrival.permissions.profile)


def _prefetched(call: Call) -> bool:
    return any("prefetch" in (call.header(name) or "").lower() for name in PREFETCH)


def _language(call: Call) -> str:
    return "de" if (call.header("accept-language") or "").lower().startswith("de") else "en"
