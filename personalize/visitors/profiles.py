"""The book of profiles: read in time or not at all, folded by one writer, put down in batches, forgotten on request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NamedTuple

from cachetools import TTLCache

from personalize.domain.breaker import Breaker
from personalize.domain.entry import Entry
from personalize.domain.event import NOTHING_EARLIER, Event
from personalize.domain.offers.ledger import Promise, Shown
from personalize.domain.permission import Keep
from personalize.domain.profile import Profile
from personalize.domain.store import EventRow, ProfileRow, Store
from personalize.domain.visit import Trust, VisitorId
from personalize.errors import PersonalizeError, StoreError
from personalize.settings import Settings
from personalize.telemetry import Telemetry
from personalize.visitors.identity import has_rights, profile_key
from personalize.visitors.links import Links

DAY = 86_400.0
SESSION = 1800.0
LOADS_MAX = 256
STEP = 8
"""Profiles made ready for the store before requests get their turn again; one costs about 0.06 ms."""


Learn = Callable[[Event, Mapping[str, int]], None]
"""Takes an event, and the items that its visitor had bought before it."""


class RightsError(PersonalizeError):
    """Something was asked that needs an id the gateway signed or a session the shop vouches for."""

    code = "VISITOR_NOT_VOUCHED"


class Found(NamedTuple):
    """Who a visitor is after logins were followed, and the profile: None where there may be or could be none."""

    visitor: VisitorId
    profile: Profile | None


class Kept(NamedTuple):
    """What is kept of a visitor: under which key, the profile in the store, and the one of this session in memory."""

    key: str
    lasting: Profile | None
    session: Profile | None


class ProfileBook:
    """Profiles of visitors, most recently used ones in memory.

    Consented profiles live in the store for `ttl` seconds after their last event; session profiles live in memory only,
    for `session_ttl` seconds after their last use. A read that takes longer than `read_deadline` seconds gives no
    profile this time. A profile handed out is the live object: read it, never change it, and decide without awaiting.
    `shared` is for several processes on one store: what is cached is then read again after `fresh_for` seconds and
    before each fold. `clock` is seconds since the epoch. `learn` sees every event once, before its profile does.
    """

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        *,
        clock: Callable[[], float] = time.time,
        ttl: float = 90 * DAY,
        session_ttl: float = SESSION,
        capacity: int = 4096,
        read_deadline: float = 0.05,
        shared: bool = False,
        fresh_for: float = 2.0,
        learn: Learn | None = None,
    ) -> None:
        self._store, self._telemetry, self._clock = store, telemetry, clock
        self._ttl, self._capacity, self._deadline, self._shared = ttl, capacity, read_deadline, shared
        self._cache: TTLCache[str, Profile] = TTLCache(capacity, fresh_for if shared else SESSION, timer=clock)
        self._memory: TTLCache[str, Profile] = TTLCache(capacity, session_ttl, timer=clock)
        self._links = Links(store, clock, memory=session_ttl, ttl=ttl)
        self._dirty: dict[str, Profile] = {}
        self._loading: dict[str, asyncio.Task[Profile]] = {}
        self._breaker = Breaker(clock)
        self._lock = asyncio.Lock()
        self._learn = learn

    @classmethod
    def from_settings(cls, store: Store, settings: Settings, telemetry: Telemetry) -> ProfileBook:
        """Uses `profile_days` and `workers`."""
        return cls(store, telemetry, ttl=settings.profile_days * DAY, shared=settings.workers > 1)

    async def find(self, visitor: VisitorId, keep: Keep) -> Found:
        """The visitor's profile as far as `keep` allows; an empty one for somebody new; never raises, never late."""
        if keep is Keep.NOWHERE:
            return Found(visitor, None)
        if keep is Keep.MEMORY:
            visitor = self._links.known(visitor)
            return Found(visitor, self._remembered(profile_key(visitor)))
        if self._breaker.open:
            self._telemetry.count("profile", "store_paused")
            return Found(visitor, None)
        if visitor.trust is not Trust.SHOP and (held := self._held(profile_key(visitor))) is not None:
            self._breaker.worked()
            return Found(visitor, held)  # nothing to wait for
        try:
            async with asyncio.timeout(self._deadline):
                visitor = await self._links.canonical(visitor)
                profile = await self._load(profile_key(visitor))
        except (StoreError, TimeoutError) as error:
            self._breaker.failed()
            self._telemetry.fault("profile", "late" if isinstance(error, TimeoutError) else "unreadable", error)
            return Found(visitor, None)
        self._breaker.worked()
        return Found(visitor, profile)

    def follow(self, old: VisitorId | None, new: VisitorId, keep: Keep) -> None:
        """The shop changed a session's token at login: `new` is from now on the visitor that `old` was.

        Call it for logins only: after a logout another person may sit there.
        """
        if old is None or keep is Keep.NOWHERE:
            return
        key = profile_key(new)
        if any(key in table and table[key].version for table in (self._dirty, self._cache, self._memory)):
            return  # that session has a history of its own
        self._links.add(old, new, keep)

    async def fold(self, entries: Sequence[Entry]) -> None:
        """Apply events to the profiles they belong to, in the order given."""
        async with self._lock:
            fresh: set[str] = set()
            for entry in entries:
                profile = None
                if entry.key is not None and entry.keep is not Keep.NOWHERE:
                    profile = await self._to_change(self._links.known_key(entry.key), entry.keep, fresh)
                try:
                    if self._learn is not None:
                        before = profile.before(entry.event) if profile is not None else NOTHING_EARLIER
                        self._learn(entry.event, before)
                    if profile is not None:
                        profile.apply(entry.event)
                except Exception as error:  # one odd event must not cost the others
                    self._telemetry.fault("profile", "event_unusable", error)
            excess = len(self._dirty) - self._capacity
            for key in list(self._dirty)[: max(excess, 0)]:
                del self._dirty[key]
                self._telemetry.count("profile", "unwritten")

    async def say(
        self, visitor: VisitorId, keep: Keep, name: str, value: str | None, at: float, session: str | None
    ) -> bool:  # fmt: skip
        """Keep what the shopper says of their situation, as far as `keep` allows; whether it was kept.

        The next `find` knows it; `write` puts it down.
        """
        if keep is Keep.NOWHERE:
            return False
        async with self._lock:
            profile = await self._to_change(self._links.known_key(profile_key(visitor)), keep, set())
            if profile is not None:
                profile.say(name, value, at, session)
            return profile is not None

    async def write(self) -> None:
        """Put down what was folded; what the store refuses is tried again next time."""
        async with self._lock:
            await self._links.write()
            if not self._dirty:
                return
            end = self._clock() + self._ttl
            rows = []
            for number, (key, profile) in enumerate(list(self._dirty.items())):
                rows.append(ProfileRow(key, profile.to_bytes(), end))
                if number % STEP == STEP - 1:
                    await asyncio.sleep(0)  # requests go first
            await self._store.put_profiles(rows)
            self._cache.update(self._dirty)
            self._dirty.clear()

    async def vouched(self, visitor: VisitorId) -> str:
        """The key of a visitor who has rights, logins followed. Raises `RightsError` for a bare id, `StoreError`."""
        if not has_rights(visitor):
            raise RightsError(
                "export and forget need a visitor id that the gateway signed, or a session of the shop",
                hint="send the X-Personalize-Visitor value that the gateway returned, unchanged",
            )
        return profile_key(await self._links.canonical(visitor))

    async def forget(self, visitor: VisitorId, *others: str) -> int:
        """Erase profile, events and links of a visitor, and of `others` (the owner of a session's lines).

        How many rows went. Discard the outbox's share first. Raises `RightsError` for a bare id and `StoreError` where
        the store could not do it.
        """
        key = await self.vouched(visitor)
        async with self._lock:
            known = self._drop(key)
            gone = sum([await self._store.erase(one) for one in (key, *others)])
            loading = self._loading.get(key)
            if loading is not None:  # it may have read what was just erased
                await asyncio.wait([loading])
            self._drop(key)
            return gone or known

    async def kept(self, visitor: VisitorId) -> Kept:
        """The profiles of a visitor as they are, to be read only. Raises `RightsError`, `StoreError`."""
        key = await self.vouched(visitor)
        lasting, session = await self._load(key), self._memory.get(key)
        return Kept(key, lasting if lasting.version else None, session if session and session.version else None)

    async def links(self, key: str) -> list[str]:
        """The session hashes that lead to a key. Raises `StoreError`."""
        return await self._store.links(key, self._clock())

    async def offers(self, key: str) -> tuple[list[Promise], list[Shown]]:
        """The promises made to a key, and the personal prices it was shown; the latest of each. Raises `StoreError`."""
        offers = self._store.offers
        return ([], []) if offers is None else (await offers.history(key), await offers.recorded(key))

    def lines(self, owner: str, since: float | None) -> AsyncIterator[EventRow]:
        """The lines of the log under an owner's name from `since` on, oldest first. Raises `StoreError`."""
        return self._store.events(since=since, visitor=owner)

    def _remembered(self, key: str) -> Profile:
        profile = self._memory.get(key)
        if profile is None:
            return Profile()
        self._memory[key] = profile  # its time begins anew
        return profile

    def _held(self, key: str) -> Profile | None:
        return self._dirty.get(key) or self._cache.get(key)

    async def _load(self, key: str) -> Profile:
        """From memory, else from the store, once for all who ask at the same time."""
        profile = self._held(key)
        if profile is not None:
            return profile
        task = self._loading.get(key)
        if task is None:
            if len(self._loading) >= LOADS_MAX:
                raise StoreError(f"{LOADS_MAX} profiles are being read already", code="STORE_BUSY")
            task = asyncio.get_running_loop().create_task(self._read(key))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._loaded(key, done))
        # Shielded: who gives up leaves the others, and the next request finds what came late.
        return await asyncio.shield(task)

    async def _read(self, key: str) -> Profile:
        body = await self._store.get_profile(key, self._clock())
        if body is None:  # not cached: visitors who never come back must not push out those who do
            return Profile()
        try:
            profile = Profile.from_bytes(body)
        except StoreError as error:
            self._telemetry.fault("profile", "damaged", error)
            profile = Profile()
        self._cache[key] = profile
        return profile

    def _loaded(self, key: str, done: asyncio.Task[Profile]) -> None:
        self._loading.pop(key, None)
        if not done.cancelled():
            done.exception()  # looked at, so that asyncio does not complain where nobody waited any more

    async def _to_change(self, key: str, keep: Keep, fresh: set[str]) -> Profile | None:
        """The profile that something is folded into; of several processes' the stored one, unless in `fresh`."""
        if keep is Keep.MEMORY:
            profile = self._memory[key] = self._memory.get(key) or Profile()
            return profile
        if self._shared and key not in fresh and key not in self._dirty:
            self._cache.pop(key, None)
        fresh.add(key)
        stored = await self._for_fold(key)
        if stored is not None:
            self._dirty[key] = stored
        return stored

    async def _for_fold(self, key: str) -> Profile | None:
        profile = self._dirty.get(key)
        if profile is not None:
            return profile
        if not self._breaker.open:
            try:
                profile = await self._load(key)
                self._breaker.worked()
            except StoreError as error:
                self._breaker.failed()
                self._telemetry.fault("profile", "unreadable", error)
        if profile is None:
            # Folding into an empty profile would overwrite the one that cannot be read now.
            self._telemetry.count("profile", "event_lost")
        return profile

    def _drop(self, key: str) -> int:
        tables = (self._dirty, self._cache, self._memory)
        gone = any([table.pop(key, None) is not None for table in tables])  # noqa: C419 - all have to go
        self._links.drop(key)
        return int(gone)
