"""An arrival: who is here under which consent, what runs for them, and what the log may say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from secrets import token_hex

from cachetools import TTLCache
from msgspec.structs import replace

from personalize.domain.clock import Clock
from personalize.domain.experiment import Assignment, Unit
from personalize.domain.offers.deciding import Lot
from personalize.domain.offers.prices import PRICE_STRATEGIES
from personalize.domain.patch import Reprice
from personalize.domain.permission import Agreement, Keep, Permissions, Trace
from personalize.domain.profile import Profile
from personalize.domain.signal import Signal
from personalize.domain.situation import decisive, stepped
from personalize.domain.strategy import Mode
from personalize.domain.visit import Consent, Trust, Visit, VisitorId
from personalize.events.infer import Whose
from personalize.experiments.assign import assign
from personalize.experiments.course import Course, Ground, compares
from personalize.gateway.edge.caching import ASKED, asked_of
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.sessions import Sessions
from personalize.gateway.edge.whereabouts import Whereabouts
from personalize.settings import Settings
from personalize.signals.gather import gather
from personalize.telemetry import Telemetry
from personalize.visitors import account as account_header
from personalize.visitors import consent, context, experiments, identity, saying, watching
from personalize.visitors.account import Accounts
from personalize.visitors.identity import Identity, profile_key
from personalize.visitors.overrides import Overrides
from personalize.visitors.profiles import ProfileBook

SIGNAL_SECONDS = 0.02
LANGUAGES_MAX = 256
"""Characters of `Accept-Language` that are looked at."""

MAX_SESSIONS = 100_000
SESSION_SECONDS = 30 * 60.0
VISITOR, CONSENT, GPC = identity.HEADER.lower(), consent.HEADER.lower(), consent.OBJECTION.lower()
CONTEXT, EXPERIMENT = context.HEADER.lower(), experiments.HEADER.lower()
ACCOUNT = account_header.HEADER.lower()


@dataclass(slots=True)
class Arrival:
    """A visit with what the gateway needs around it.

    `session` is the hash of the shop's session (guest or not), `key` the profile key where one is allowed, `modes` what
    runs, `watched` whether events are inferred, `headers` what the answer tells the client; `recognised` is False for
    a visitor whose id is given out with this very answer; `claimed` is who the client says it is, whatever it agreed
    to: for erasing only; `refused` that the request itself refuses any profile;
    `depends` names the request headers that decide what this visit is served; `told` is the context as it was told,
    before its numbers were brought to steps; `prices` are the personal prices that this answer shows, by
    row (`row_key`); `course` is what runs with the orders that are mixed, `ground` what it was
    worked out from, `compared` whether the log has to know what other variants would have shown; `started` is when the
    call came in (`perf_counter`), `account` what the log calls the account; `lots` are the
    offers on what it shows, given or not, by name.
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
    refused: bool = False
    depends: tuple[str, ...] = ASKED
    told: Mapping[str, object] = field(default_factory=dict)
    prices: dict[tuple[str, str, float], Reprice] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    course: Course = field(default_factory=Course)
    ground: Ground | None = None
    compared: bool = False
    started: float = 0.0
    account: str | None = None

    @property
    def compares(self) -> bool:
        """Whether a line of this visit is to say which experiments' difference it met: somebody's line, that is."""
        return self.compared and self.watched and (self.whose.visitor is not None or self.whose.session is not None)

    @property
    def ordered(self) -> bool:
        """Whether a list may be ordered in this visit, or would be under another variant: then both go the same way."""
        if self.modes or not self.compared or self.ground is None:
            return bool(self.modes)
        others, unseen = self.ground.others(self.assignments, self.course)
        return bool(unseen) or any(one.modes for courses in others.values() for one in courses)


class Reception:
    """Turns calls into arrivals."""

    def __init__(
        self, settings: Settings, who: Identity, profiles: ProfileBook, sessions: Sessions, signals: Sequence[Signal],
        telemetry: Telemetry, clock: Clock,
    ) -> None:  # fmt: skip
        self.settings, self.who, self.profiles, self.sessions = settings, who, profiles, sessions
        self.signals, self.telemetry, self.clock = signals, telemetry, clock
        self.overrides = Overrides(settings.secret, telemetry.count, clock)
        self.accounts = Accounts(settings.secret, telemetry.count)
        self.halted: Mapping[str, str] = {}
        self.depends = asked_of(sessions.shop)
        self.whereabouts = Whereabouts(settings, telemetry.count)
        self.names: TTLCache[str, str] = TTLCache(MAX_SESSIONS, SESSION_SECONDS, timer=clock)

    async def receive(self, call: Call) -> Arrival:
        """The arrival of a call. Never raises: what is malformed, late or failed is missing, and counted."""
        count = self.telemetry.count
        agreed, sent = call.header(CONSENT), call.header(CONTEXT)
        agreement = consent.read_consent(agreed, call.header(GPC), self.settings.consent_default, count)
        render = context.read_render(sent)
        if render == context.STATIC:  # a page for everybody: nobody's
            agreement = Agreement()
        permissions = consent.allowed(agreement)
        session = self.who.session(self.sessions.token(call))
        named = call.header(VISITOR)
        claimed = self.who.resolve(named, self.sessions.distinct(call)) if render != context.STATIC else None
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
        named_session = None if visitor is None else self.session_of(profile_key(visitor))
        requested = experiments.read_requested(
            call.header(EXPERIMENT), self.settings.experiments, count, self.overrides
        )  # fmt: skip
        account = self.accounts.read(call.header(ACCOUNT)) if permissions.experiment else None
        assignments = assign(
            self.settings.experiments, _units(unit, named_session, account), requested.declared,
            forced=requested.forced, hashed=permissions.experiment, holdout=self.settings.holdout, halted=self.halted,
        )  # fmt: skip
        if (assigned := experiments.write_assignments(assignments)) is not None:
            headers.append((experiments.HEADER, assigned))
        at = round(self.clock(), 3)  # as the log says it: what is computed again from there is the same
        said, origins = saying.told(context.read_context(sent, count), profile, named_session, at)
        place, browser = self.whereabouts.of(call, said, static=render == context.STATIC)
        visit = Visit(
            at=at, visitor=visitor, consent=agreement.mode, session=named_session,
            experiments_allowed=permissions.experiment, profile=profile, language=_language(call),
            context=said, place=place, browser=browser, origins=origins,
        )  # fmt: skip
        gathered = await gather(self.signals, visit, deadline=SIGNAL_SECONDS, count=count)
        # A word of the shopper or the storefront goes before what we infer.
        facts = {**gathered.facts, **said}
        visit = replace(visit, context=stepped(facts), origins={**gathered.origins, **origins})
        key = profile_key(visitor) if visitor is not None and agreement.mode is not Consent.NONE else None
        ground = Ground(
            self.settings.strategies, self.settings.experiments, unit, permissions.experiment, pricing=PRICE_STRATEGIES
        )
        course = ground.course(assignments)
        return Arrival(
            visit=visit, permissions=permissions, session=session, key=key,
            modes=course.modes, course=course, ground=ground, assignments=assignments, started=call.started,
            account=None if account is None else self.accounts.named(account),
            compared=any(map(compares, assignments)),
            watched=watching.is_watched(
                call.first, render, named=named is not None or agreed is not None or session is not None
            ),
            whose=self._whose(permissions, key, visit), headers=headers, recognised=recognised,
            claimed=claimed, refused=agreement.mode is Consent.NONE and (agreed is not None or _objects(call)),
            depends=ASKED if agreement.mode is Consent.NONE else self.depends, told=facts,
        )  # fmt: skip

    def session_of(self, key: str) -> str:
        """The name of a visitor's present session: it ends after half an hour of silence, not with the shop's token."""
        name = self.names.get(key) or token_hex(8)
        self.names[key] = name
        return name

    @staticmethod
    def _whose(permissions: Permissions, key: str | None, visit: Visit) -> Whose:
        if permissions.log is Trace.VISITOR:
            return Whose(key, visit.session, decisive(visit.context))
        return Whose(None, visit.session if permissions.log is Trace.SESSION else None, decisive(visit.context))

    def moved(self, arrival: Arrival, after: Sequence[str]) -> None:
        """Somebody signed in and the shop's session goes on under other hashes: the visitor is the one of before."""
        visitor = arrival.visit.visitor
        if visitor is not None and visitor.trust is Trust.SHOP:
            for name in after:
                self.profiles.follow(visitor, VisitorId(name, Trust.SHOP), arrival.permissions.profile)


def _units(visitor: str | None, session: str | None, account: str | None) -> dict[Unit, str]:
    """The ids at hand that experiments may randomise by."""
    told = {Unit.VISITOR: visitor, Unit.SESSION: session, Unit.ACCOUNT: account}
    return {unit: value for unit, value in told.items() if value is not None}


def _objects(call: Call) -> bool:
    return (call.header(GPC) or "").strip() == "1"


def _language(call: Call) -> str:
    return preferred((call.header("accept-language") or "")[:LANGUAGES_MAX])


@lru_cache(1_024)
def preferred(accepted: str) -> str:
    """German or English, whichever is wanted more (RFC 9110, 12.5.4; the first of equals); English where neither is."""
    best, found = 0.0, "en"
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        tag = name.strip().split("-")[0]
        if tag in ("de", "en") and (wanted := _weight(weight)) > best:
            best, found = wanted, tag
    return found


def _weight(text: str) -> float:
    name, _, value = text.partition("=")
    try:
        return min(float(value), 1.0) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
