"""Asking for and serving one listing of a request: shared window, private window or the page itself, then the order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
import orjson

from personalize.domain.clock import Clock
from personalize.domain.permission import Keep
from personalize.errors import PersonalizeError
from personalize.gateway.arrival import Arrival
from personalize.gateway.call import Call, Operation
from personalize.gateway.decide import Decided, Decider
from personalize.gateway.paging import Paging, neutral, read_paging, search_term, with_paging, without_paging
from personalize.gateway.part import Part, Unreadable, read_part
from personalize.gateway.payload import payload
from personalize.gateway.plan import Mode, Plan
from personalize.gateway.positions import Known
from personalize.gateway.raw import Raws, fields, is_object
from personalize.gateway.rewrite import Move
from personalize.gateway.run import Page, Run, RunBook, Stamp, arrange
from personalize.gateway.sessions import Sessions, Standing
from personalize.gateway.shared import SharedWindows
from personalize.gateway.slots import ListingSlot, View
from personalize.gateway.upstream import GRAPHQL_PARAMETERS, Answer, Headers, Upstream
from personalize.gateway.values import with_defaults
from personalize.gateway.window import Window, build
from personalize.guardrails.apply import order as order_of
from personalize.settings import Settings
from personalize.shops.map import Cursors, ShopMap

MAX_GATHERED = 1_000
COLD_SECONDS = 60.0
"""How long guests without a visitor id keep the order of a page that was ranked before its window was there."""


@dataclass(slots=True)
class Ask:
    """One listing of one request: how it is asked for, and what was served of it.

    `orderable` is False where the list is only watched (an explicit sort, a page behind the window); `given` says that
    the window was at hand before the shop was asked, `shared` that all guests are served from it.
    """

    slot: ListingSlot
    arguments: dict[str, Any]
    paging: Paging
    key: Hashable
    list_id: str
    orderable: bool
    mode: Mode = Mode.OBSERVE
    rows: int = 0
    given: bool = False
    shared: bool = False
    window: Window | None = None
    run: Run | None = None
    run_key: Hashable = None
    order: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    behind: Callable[[], object] | None = None
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
            self._prepare(slot, plan, call, variables, arrival) for slot in plan.found.listings if slot.there(variables)
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
        shareable = self._shareable(slot, arrival)
        asked = without_paging(listing, arguments)
        parents = plan.parent_arguments(slot, variables)
        vary = [call.header(name) for name in self.shop.vary_headers]
        key = (listing.coordinates, _canonical([asked, parents]), tuple(vary), _query(call.query_string))
        # Without a visitor a run is shared by all who are in the same situation; it then holds nothing of anybody.
        run_key = (arrival.key, key) if _has_run(arrival) else (_stamp(arrival), shareable, key)
        known = Known()
        if isinstance(listing.paged, Cursors):
            at_hand = self.windows.peek(self._window_key(plan, slot, key, variables)) if shareable else None
            known = Known(self.runs.get(run_key), at_hand, _has_run(arrival))
        paging = read_paging(listing, arguments, listing.window if shareable else listing.private, known)
        if paging is None:
            return None
        orderable = neutral(listing, arguments) and bool(arrival.modes)
        digest = blake2b(repr(key).encode(), digest_size=6).hexdigest()
        ask = Ask(slot, arguments, paging, key, f"{listing.field}:{digest}", orderable, run_key=run_key)
        ask.run = self._going_on(ask, arrival)
        if ask.run is not None and ask.run.span:
            ask.paging = Paging(paging.skip, paging.take, ask.run.span)
        if ask.paging.beyond:
            ask.orderable = False
        return ask

    def _going_on(self, ask: Ask, arrival: Arrival) -> Run | None:
        """The run that this request goes on with: behind page one any, at page one where nothing has changed."""
        run = self.runs.get(ask.run_key)
        if run is None or ask.paging.skip > 0:
            return run
        if not _has_run(arrival) and run.pinned and self.runs.clock() - run.opened > COLD_SECONDS:
            return None
        return run if run.stamp == _stamp(arrival, run) else None

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
        shareable = self._shareable(ask.slot, arrival)
        # This page belongs to an order that goes beyond it: the page alone would repeat items.
        began = ask.run is not None and (bool(ask.run.version) or ask.run.cuts(ask.paging.skip, need))
        if shareable and ask.slot.alone and need <= listing.window:
            window_key = self._window_key(plan, ask.slot, ask.key, variables)
            fill = self._fill(plan, ask, call, self._used(plan, ask.slot, variables))
            if plan.proven:
                ask.window = await self.windows.wait(window_key, fill) if began else self.windows.get(window_key, fill)
            else:  # the shop has not seen this document yet: its answer first, the window behind
                ask.behind = partial(self.windows.get, window_key, fill)
            if ask.window is not None:
                ask.mode, ask.given, ask.shared = Mode.DETACHED, True, True
                return
        if not began and (shareable or ask.paging.take > listing.window):
            return  # cold, or the window is but the head of the page: the shop's page at once, ranked within itself
        rows = max(ask.paging.span, need)
        if rows <= listing.limit:
            ask.mode, ask.rows = Mode.WINDOW, rows
        elif began and ask.slot.alone and rows <= MAX_GATHERED:
            ask.window = await self._gather(plan, ask, call, operation, rows)
            if ask.window is not None:
                ask.mode, ask.given = Mode.DETACHED, True

    @staticmethod
    def _used(plan: Plan, slot: ListingSlot, variables: dict[str, Any]) -> dict[str, Any]:
        return {name: variables[name] for name in plan.window(slot).variables if name in variables}

    def _window_key(self, plan: Plan, slot: ListingSlot, key: Hashable, variables: dict[str, Any]) -> Hashable:
        return (key, plan.window_text(slot), _canonical(self._used(plan, slot, variables)))

    def unshare(self, coordinates: str) -> None:
        """Share this listing between guests no more."""
        self.unshared.add(coordinates)
        self.windows.clear()

    async def refetch(self, plan: Plan, ask: Ask, call: Call, operation: Operation) -> Window:
        """The shared window of a listing as it is now. Raises UpstreamError, Unreadable."""
        variables = with_defaults(plan.operation, operation.variables)
        return await self._fill(plan, ask, call, self._used(plan, ask.slot, variables))()

    def _fill(self, plan: Plan, ask: Ask, call: Call, used: dict[str, Any]) -> Callable[[], Awaitable[Window]]:
        """A fetch of the shared window: no credentials, only the headers the map says answers vary by."""
        headers: Headers = [(name, value) for name in self.shop.vary_headers if (value := call.header(name))]
        headers += [("content-type", "application/json"), ("accept", "application/json")]
        headers += [("host", self.upstream.host)]
        url, text = self.upstream.url_for(_query(call.query_string)), plan.window(ask.slot).text

        async def post(paged: dict[str, Any]) -> Answer:
            return await self.upstream.post(url, headers, {"query": text, "variables": {**used, **paged}})

        async def fill() -> Window:
            window, answer = await self._pages(plan, ask, ask.slot.map.window, post)
            window.headers = tuple(pair for pair in answer.headers if _shareable_header(pair[0]))
            return window

        return fill

    async def _gather(self, plan: Plan, ask: Ask, call: Call, operation: Operation, rows: int) -> Window | None:
        """A window for this visitor alone, in as many pages as the shop's limit asks for; None where it fails."""
        composed = plan.window(ask.slot)

        async def post(paged: dict[str, Any]) -> Answer:
            return await self.upstream.ask(call, payload(plan, operation, composed, paged))

        try:
            window, answer = await self._pages(plan, ask, rows, post)
        except (PersonalizeError, Unreadable, msgspec.DecodeError):
            return None
        window.headers = tuple(pair for pair in answer.headers if pair[0] not in _OF_BODY)
        return window

    async def _pages(
        self, plan: Plan, ask: Ask, rows: int, post: Callable[[dict[str, Any]], Awaitable[Answer]]
    ) -> tuple[Window, Answer]:
        """The first `rows` rows of a listing in pages that the shop serves, and its first answer."""
        listing, names = ask.slot.map, plan.paging_variables(ask.slot)
        parts: list[Part] = []
        first: Answer | None = None
        asked = 0
        after: str | None = None
        while asked < rows:
            take = min(listing.limit, rows - asked)
            paged = with_paging(listing, ask.arguments, asked, take, after)
            answer = await post({variable: paged[root] for root, variable in names.items() if root in paged})
            first = first or answer
            part = _container(answer.body or b"", ask.slot)
            parts.append(part)
            asked += take
            if len(part.items) < take or (part.total is not None and asked >= part.total) or part.more is False:
                break
            after = part.cursors[-1] if part.cursors else None
        assert first is not None
        term = search_term(listing, ask.arguments)
        return build(parts, list_id=ask.list_id, term=term, asked=asked), first

    # -- serving -------------------------------------------------------------------------------------------------

    def read(self, ask: Ask, container: msgspec.Raw) -> None:
        """Take in the shop's answer for a listing that was asked for in this request. Raises Unreadable."""
        term = search_term(ask.slot.map, ask.arguments)
        offset = 0 if ask.mode is Mode.WINDOW else ask.paging.skip
        asked = ask.rows if ask.mode is Mode.WINDOW else ask.paging.take
        part = read_part(container, ask.slot)
        ask.window = build([part], list_id=ask.list_id, term=term, offset=offset, asked=asked)
        ask.window.alone = ask.mode is not Mode.WINDOW

    def arrange(self, ask: Ask, arrival: Arrival) -> None:
        """Decide and pin the order of the page: `ask.order` over the window, `ask.shown` the rows served."""
        window, paging = ask.window, ask.paging
        assert window is not None
        if isinstance(ask.slot.map.paged, Cursors) and not _has_run(arrival):
            _confirm(ask, window)
        ask.order = tuple(range(len(window)))
        if ask.orderable:
            ask.run = self._going_on(ask, arrival)  # as it is now: other requests went on meanwhile
            arrange_by = self._arrange_page if window.alone else self._arrange_window
            arrange_by(ask, window, arrival)
        start = paging.skip - window.offset
        ask.shown = ask.order[start : start + paging.take]
        if window.cursors:
            self._note(ask, window, arrival)
        if ask.orderable and ask.run is not None and arrival.key is not None and arrival.permissions.run:
            self._remember(ask, ask.run, window, arrival)

    def _arrange_page(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """A page by itself: ranked within itself, pinned where it stands."""
        run, at = ask.run, window.offset
        if run is not None and run.version:  # an order over a window goes on here, and that window could not be had
            there = run.order[at : at + len(window)]
            if len(there) == len(window) and all(row in window.places for row in there):
                ask.order = tuple(window.places[row] for row in there)
                ask.decided = (run.decided or Decided()).onto(ask.target)
                return
            if at:
                return  # the shop's page as it is
            run = None
        if run is None:
            run = self._open(ask, arrival)
        ranked = self._rank(ask, run, window, arrival)
        pinned = {row: place - at for row, place in run.pinned.items()}
        begun = run.pages[at].product if at in run.pages else None
        continued = window.listing.ids.index(begun) if begun in window.listing.ids else None
        ask.order = arrange(window, ranked, pinned, max(run.span - at, 0), continued)
        if ask.order:
            run.pin(at, (window.rows[row] for row in ask.order))
            run.pages[at + len(ask.order)] = Page(at, window.listing.ids[window.owner[ask.order[-1]]])

    def _arrange_window(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """A page of a window: the run's order goes on; what was not shown yet may be ranked anew."""
        run, stamp = ask.run, _stamp(arrival, ask.run)
        if run is None or (ask.paging.skip == 0 and run.version not in ("", window.head(run.span))):
            run = self._open(ask, arrival)
        version = window.head(run.span)
        if run.order and run.stamp == stamp and run.version == version:
            ask.decided = (run.decided or Decided()).onto(ask.target)
            size = len(run.order)
            ask.order = (*(window.places[row] for row in run.order), *range(size, len(window)))
            return
        ranked = self._rank(ask, run, window, arrival)
        ask.order = arrange(window, ranked, run.pinned, run.span)
        run.order = tuple(window.rows[row] for row in ask.order[: run.span])
        run.version, run.stamp = version, stamp

    def _rank(self, ask: Ask, run: Run, window: Window, arrival: Arrival) -> tuple[int, ...]:
        ask.decided = run.decided = self.decider.decide(arrival.modes, ask.target, window.listing, arrival.visit)
        return order_of(ask.decided.patch, ask.target, len(window.listing))

    def _open(self, ask: Ask, arrival: Arrival) -> Run:
        old = ask.run or self.runs.get(ask.run_key)
        # A page by itself never ends an order that others, who have no id either, are paging through.
        ordered = ask.run is not None and bool(ask.run.version) and ask.window is not None and ask.window.alone
        run = ask.run = Run() if ordered and not _has_run(arrival) else self.runs.open(ask.run_key)
        run.stamp, run.span = _stamp(arrival), ask.paging.span
        run.cursors.update(old.cursors if old is not None else ())
        return run

    def _note(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """Remember at which positions the cursors of this page stand: the next page is asked for by one of them."""
        start = ask.paging.skip - window.offset
        served = window.cursors[start : start + len(ask.shown)]
        book = self.runs.get(ask.run_key)
        if book is None and ask.run is None:  # a list that is only watched
            ask.run = book = self.runs.open(ask.run_key)
            book.stamp, book.span = _stamp(arrival), ask.paging.span
        for run in (ask.run, book if book is not ask.run else None):
            if run is not None:
                run.note(ask.paging.skip, served)

    def _remember(self, ask: Ask, run: Run, window: Window, arrival: Arrival) -> None:
        """Pin what this visitor was shown; for one with a new id in a run apart, should they come back with it."""
        if not arrival.recognised:
            run = run.copy()
        run.pin(ask.paging.skip, (window.rows[row] for row in ask.shown))
        if arrival.recognised:
            self.runs.keep(ask.run_key, run)
        else:
            self.runs.expect((arrival.key, ask.key), run)


def _has_run(arrival: Arrival) -> bool:
    return arrival.permissions.run and arrival.key is not None and arrival.recognised


def _stamp(arrival: Arrival, run: Run | None = None) -> Stamp:
    """What an order is decided from beside the window: while it stays, the order stays.

    A profile that could not be read in time is no change of behaviour: `run` goes on.
    """
    profile = arrival.visit.profile
    behaviour = profile.behaviour if profile is not None else 0
    if profile is None and run is not None and run.stamp and arrival.permissions.profile is not Keep.NOWHERE:
        behaviour = run.stamp[0]
    context = tuple(sorted((key, str(value)) for key, value in arrival.visit.context.items()))
    return (behaviour, context, tuple(arrival.modes.items()))


def _confirm(ask: Ask, window: Window) -> None:
    """Hold the position of a cursor, told by a run that many share, against the window. Raises Unreadable."""
    if window.alone:  # the shop itself knew the cursor
        return
    paging = read_paging(ask.slot.map, ask.arguments, ask.paging.span or len(window), Known(None, window))
    if paging is None or (paging.skip, paging.take) != (ask.paging.skip, ask.paging.take):
        raise Unreadable("a cursor is not where it was")


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
    views: dict[str | int, View] = {view.key: view for view in ask.slot.views}

    def move(steps: list[str | int]) -> list[str | int] | None:
        view = views.get(steps[size]) if steps[:size] == path and len(steps) >= size + 2 else None
        if view is None:
            return steps
        row = steps[size + 1]
        if ask.given:  # an error in a page that is not served
            return None
        if not isinstance(row, int) or ask.window is None:
            return steps
        if steps[size + 2 : size + 3] and steps[size + 2] in view.cursors:  # of a position, which does not move
            at = row - ask.paging.skip + ask.window.offset
            return [*steps[: size + 1], at, *steps[size + 2 :]] if 0 <= at < len(ask.shown) else None
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


_OF_BODY = frozenset({"etag", "content-length", "last-modified"})
_OF_ONE_ANSWER = _OF_BODY | {"set-cookie", "date", "age", "cache-control", "expires", "vary"}


def _shareable_header(name: str) -> bool:
    """Whether a header of a guest's answer holds for all guests."""
    return name not in _OF_ONE_ANSWER and not name.startswith("access-control-") and "token" not in name


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _query(query_string: str) -> str:
    """The query string without GraphQL's own parameters."""
    pairs = [part for part in query_string.split("&") if part.partition("=")[0] not in GRAPHQL_PARAMETERS]
    return "&".join(sorted(pairs))
