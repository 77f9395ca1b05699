"""Asking for and serving one listing of a request: shared window, private window or the page itself, then the order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec
import orjson

from personalize.domain.clock import Clock
from personalize.gateway.arrival import Arrival
from personalize.gateway.call import Call, Operation
from personalize.gateway.decide import Decided, Decider
from personalize.gateway.paging import Paging, neutral, read_paging, search_term, with_paging, without_paging
from personalize.gateway.plan import Mode, Plan
from personalize.gateway.raw import Raws, fields, is_object
from personalize.gateway.rewrite import Move
from personalize.gateway.run import Run, RunBook, arrange
from personalize.gateway.sessions import Sessions, Standing
from personalize.gateway.shared import SharedWindows
from personalize.gateway.slots import ListingSlot
from personalize.gateway.upstream import GRAPHQL_PARAMETERS, Headers, Upstream
from personalize.gateway.values import with_defaults
from personalize.gateway.window import Part, Unreadable, Window, build, read_part
from personalize.guardrails.apply import order as order_of
from personalize.settings import Settings
from personalize.shops.map import ShopMap


@dataclass(slots=True)
class Ask:
    """One listing of one request: how it is asked for, and what was served of it.

    `orderable` is False where the list is only watched (an explicit sort, a page behind the window).
    """

    slot: ListingSlot
    arguments: dict[str, Any]
    paging: Paging
    key: Hashable
    list_id: str
    orderable: bool
    mode: Mode = Mode.OBSERVE
    rows: int = 0
    window: Window | None = None
    run: Run | None = None
    run_key: Hashable = None
    order: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    decided: Decided = field(default_factory=Decided)

    @property
    def target(self) -> str:
        """How Changes name this listing: its response path."""
        return ".".join(self.slot.path)

    @property
    def first(self) -> int:
        """The position of the first row served."""
        return self.paging.skip


class Listings:
    """What all listings of a gateway share: windows, runs, decisions."""

    def __init__(
        self, settings: Settings, shop: ShopMap, upstream: Upstream, sessions: Sessions, windows: SharedWindows,
        runs: RunBook, decider: Decider, clock: Clock,
    ) -> None:  # fmt: skip
        self.settings, self.shop, self.upstream, self.sessions = settings, shop, upstream, sessions
        self.windows, self.runs, self.decider, self.clock = windows, runs, decider, clock
        self.unshared: set[str] = set()

    # -- asking --------------------------------------------------------------------------------------------------

    async def ask(self, plan: Plan, call: Call, operation: Operation, variables: dict[str, Any], arrival: Arrival
                  ) -> list[Ask]:  # fmt: skip
        """How each listing that this request includes is asked for. Raises ValueError on broken conditions."""
        asks = [
            self._prepare(slot, plan, call, variables, arrival)
            for slot in plan.found.listings
            if any(o.there(variables) for o in slot.occurrences)
        ]
        found = [ask for ask in asks if ask is not None]
        for ask in found:
            if ask.orderable:
                await self._choose(ask, plan, call, operation, variables, arrival)
        for ask in found:  # slots that share nodes are edited alike
            if not ask.slot.alone and ask.mode is not Mode.OBSERVE:
                group = [other for other in found if other.slot.group == ask.slot.group]
                if any(other.mode is not Mode.WINDOW or other.rows != ask.rows for other in group):
                    for other in group:
                        other.mode = Mode.OBSERVE
        return found

    def _prepare(
        self, slot: ListingSlot, plan: Plan, call: Call, variables: dict[str, Any], arrival: Arrival
    ) -> Ask | None:
        listing, arguments = slot.map, plan.arguments(slot, variables)
        size = listing.window if self._shareable(slot, arrival) else listing.private
        paging = read_paging(listing, arguments, size)
        if paging is None:
            return None
        asked = without_paging(listing, arguments)
        parents = plan.parent_arguments(slot, variables)
        vary = [call.header(name) for name in self.shop.vary_headers]
        key = (listing.coordinates, _canonical([asked, parents]), tuple(vary), _query(call.query_string))
        orderable = neutral(listing, arguments) and bool(arrival.modes)
        digest = blake2b(repr(key).encode(), digest_size=6).hexdigest()
        ask = Ask(slot, arguments, paging, key, f"{listing.field}:{digest}", orderable)
        # Without a visitor a run is shared by all who are in the same situation; it then holds nothing of anybody.
        ask.run_key = (arrival.key, key) if self._has_run(arrival) else (self._stamp(arrival), key)
        ask.run = self.runs.get(ask.run_key)
        if ask.run is not None and ask.run.span and paging.skip > 0:
            ask.paging = Paging(paging.skip, paging.take, ask.run.span)
        if ask.paging.beyond:
            ask.orderable = False
        return ask

    def _shareable(self, slot: ListingSlot, arrival: Arrival) -> bool:
        return (
            slot.map.shareable
            and self.settings.share_ttl > 0
            and slot.map.coordinates not in self.unshared
            and self.sessions.standing(arrival.session) is Standing.GUEST
        )

    async def _choose(
        self, ask: Ask, plan: Plan, call: Call, operation: Operation, variables: dict[str, Any], arrival: Arrival
    ) -> None:
        listing, need = ask.slot.map, ask.paging.skip + ask.paging.take
        head = ask.paging.take > listing.window
        if self._shareable(ask.slot, arrival) and ask.slot.alone and plan.proven and need <= listing.window:
            used = self._used(plan, ask, variables)
            window_key = (ask.key, plan.window_text(ask.slot), _canonical(used))
            fill = self._fill(plan, ask, call, used)
            ask.window = self.windows.get(window_key, fill)
            if ask.window is None and ask.run is not None and ask.run.version and ask.paging.skip > 0:
                # This page belongs to an order that was decided over a window: the page alone would repeat items.
                ask.window = await self.windows.wait(window_key, fill)
            if ask.window is not None:
                ask.mode = Mode.DETACHED
                return
        began = ask.run is not None and bool(ask.run.version)
        if head or (self._shareable(ask.slot, arrival) and not (began and ask.paging.skip > 0)):
            return  # cold: the shop's page at once, ranked within itself
        rows = max(ask.paging.span, need)
        if rows <= listing.limit:
            ask.mode, ask.rows = Mode.WINDOW, rows

    @staticmethod
    def _used(plan: Plan, ask: Ask, variables: dict[str, Any]) -> dict[str, Any]:
        return {name: variables[name] for name in plan.window(ask.slot).variables if name in variables}

    def unshare(self, coordinates: str) -> None:
        """Share this listing between guests no more."""
        self.unshared.add(coordinates)
        self.windows.clear()

    async def refetch(self, plan: Plan, ask: Ask, call: Call, operation: Operation) -> Window:
        """The shared window of a listing as it is now. Raises UpstreamError, Unreadable."""
        variables = with_defaults(plan.operation, operation.variables)
        return await self._fill(plan, ask, call, self._used(plan, ask, variables))()

    def _fill(self, plan: Plan, ask: Ask, call: Call, used: dict[str, Any]) -> Callable[[], Awaitable[Window]]:
        """A fetch of the shared window: no credentials, only the headers the map says answers vary by."""
        headers: Headers = [(name, value) for name in self.shop.vary_headers if (value := call.header(name))]
        headers += [("content-type", "application/json"), ("accept", "application/json")]
        headers += [("host", self.upstream.host)]
        url = self.upstream.url_for(_query(call.query_string))
        slot, listing = ask.slot, ask.slot.map
        text, arguments = plan.window(slot).text, ask.arguments
        names = plan.paging_variables(slot)

        async def fill() -> Window:
            parts: list[Part] = []
            said: tuple[tuple[str, str], ...] = ()
            asked = 0
            while asked < listing.window:
                take = min(listing.limit, listing.window - asked)
                paged = with_paging(listing, arguments, asked, take)
                variables = {**used, **{variable: paged.get(root) for root, variable in names.items()}}
                answer = await self.upstream.post(url, headers, {"query": text, "variables": variables})
                part = _container(answer.body or b"", slot)
                parts.append(part)
                said = said or tuple(pair for pair in answer.headers if _shareable_header(pair[0]))
                asked += take
                if len(part.items) < take or (part.total is not None and asked >= part.total):
                    break
            window = build(parts, list_id=ask.list_id, term=search_term(listing, arguments), asked=asked)
            window.headers = said
            return window

        return fill

    # -- serving -------------------------------------------------------------------------------------------------

    def read(self, ask: Ask, container: msgspec.Raw) -> None:
        """Take in the shop's answer for a listing that was asked for in this request. Raises Unreadable."""
        term = search_term(ask.slot.map, ask.arguments)
        offset = 0 if ask.mode is Mode.WINDOW else ask.paging.skip
        asked = ask.rows if ask.mode is Mode.WINDOW else ask.paging.take
        part = read_part(container, ask.slot)
        ask.window = build([part], list_id=ask.list_id, term=term, offset=offset, asked=asked)

    def arrange(self, ask: Ask, arrival: Arrival) -> None:
        """Decide and pin the order of the page: `ask.order` over the window, `ask.shown` the rows served."""
        window, paging = ask.window, ask.paging
        assert window is not None
        if not ask.orderable:
            ask.order = tuple(range(len(window)))
        elif window.offset or ask.mode is Mode.OBSERVE:
            self._arrange_page(ask, window, arrival)
        else:
            self._arrange_window(ask, window, arrival)
        start = paging.skip - window.offset
        ask.shown = ask.order[start : start + paging.take]

    def _arrange_page(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """A page by itself: ranked within itself, pinned where it stands."""
        run, begins = ask.run, ask.paging.skip == 0
        if run is not None and run.version and not begins:
            # An order over a window goes on here, and that window could not be had: the shop's page as it is.
            ask.order = tuple(range(len(window)))
            return
        if run is None or (begins and (run.version or run.stamp != self._stamp(arrival))):
            run = self._open(ask, arrival)
        ranked = self._rank(ask, run, window, arrival)
        pinned = {at - window.offset: row for at, row in run.pinned.items() if at >= window.offset}
        ask.order = arrange(window, ranked, pinned, max(run.span - window.offset, 0))
        run.pin(window.offset, (window.rows[row] for row in ask.order))

    def _arrange_window(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """A page of a window: the run's order goes on; what was not shown yet may be ranked anew."""
        run, stamp = ask.run, self._stamp(arrival)
        same = run is not None and run.stamp == stamp and run.version in ("", window.version)
        if run is None or (ask.paging.skip == 0 and not same):
            run = self._open(ask, arrival)
        if run.order and run.stamp == stamp and run.version == window.version:
            ask.decided = run.decided or Decided()
            ask.order = tuple(window.places[row] for row in run.order)
        else:
            ranked = self._rank(ask, run, window, arrival)
            ask.order = arrange(window, ranked, run.pinned, run.span)
            run.order = tuple(window.rows[row] for row in ask.order)
            run.version, run.stamp = window.version, stamp
        if self._has_run(arrival):
            served = ask.order[ask.paging.skip : ask.paging.skip + ask.paging.take]
            run.pin(ask.paging.skip, (window.rows[row] for row in served))

    def _rank(self, ask: Ask, run: Run, window: Window, arrival: Arrival) -> tuple[int, ...]:
        ask.decided = run.decided = self.decider.decide(arrival.modes, ask.target, window.listing, arrival.visit)
        return order_of(ask.decided.patch, ask.target, len(window.listing))

    def _open(self, ask: Ask, arrival: Arrival) -> Run:
        run = ask.run = self.runs.open(ask.run_key)
        run.stamp, run.span = self._stamp(arrival), ask.paging.span
        return run

    @staticmethod
    def _has_run(arrival: Arrival) -> bool:
        return arrival.permissions.run and arrival.key is not None

    @staticmethod
    def _stamp(arrival: Arrival) -> Hashable:
        profile = arrival.visit.profile
        behaviour = profile.behaviour if profile is not None else 0
        context = tuple(sorted((key, str(value)) for key, value in arrival.visit.context.items()))
        return (behaviour, context, tuple(arrival.modes.items()))


def container_of(data: Raws, ask: Ask) -> msgspec.Raw | None:
    """The raw container of a listing in an answer; None where it or a parent is null or absent."""
    here: Raws = data
    for step in ask.slot.path[:-1]:
        raw = here.get(step)
        if raw is None or not is_object(raw):
            return None
        here = fields(raw)
    raw = here.get(ask.slot.path[-1])
    return raw if is_object(raw) else None


def move_of(ask: Ask) -> Move:
    """How error paths into this listing move with its rows."""
    path = list(ask.slot.path)
    size = len(path)
    place = {row: at for at, row in enumerate(ask.shown)}

    def move(steps: list[str | int]) -> list[str | int] | None:
        if steps[:size] != path or len(steps) < size + 2 or steps[size] not in ask.slot.views:
            return steps
        row = steps[size + 1]
        if not isinstance(row, int) or ask.window is None:
            return steps
        return None if row not in place else [*steps[: size + 1], place[row], *steps[size + 2 :]]

    return move


def _container(body: bytes, slot: ListingSlot) -> Part:
    data = fields(body)
    if "errors" in data:
        raise Unreadable("the shop answered with errors")
    here = data.get("data")
    for step in slot.path:
        if here is None or not is_object(here):
            raise Unreadable("the listing is null")
        here = fields(here).get(step)
    if here is None or not is_object(here):
        raise Unreadable("the listing is null")
    return read_part(here, slot)


_NOT_SHARED = frozenset(
    {"set-cookie", "etag", "date", "age", "cache-control", "expires", "last-modified", "content-length", "vary"}
)


def _shareable_header(name: str) -> bool:
    """Whether a header of a guest's answer holds for all guests."""
    private = (
        "set-cookie",
        "etag",
        "date",
        "age",
        "cache-control",
        "expires",
        "last-modified",
        "content-length",
        "vary",
    )
    return name not in private and not name.startswith("access-control-") and "token" not in name


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _query(query_string: str) -> str:
    """The query string without GraphQL's own parameters."""
    pairs = [part for part in query_string.split("&") if part.partition("=")[0] not in GRAPHQL_PARAMETERS]
    return "&".join(sorted(pairs))
