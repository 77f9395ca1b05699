"""Which window a listing is asked for with: the shared one, one of the visitor's own, or the page by itself."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any

import msgspec
from cachetools import TTLCache

from personalize.gateway.document.plan import Mode, Plan
from personalize.gateway.document.slots import ListingSlot
from personalize.gateway.document.values import with_defaults
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.edge.call import Call, Operation
from personalize.gateway.edge.sessions import Sessions, Standing
from personalize.gateway.edge.upstream import Upstream
from personalize.gateway.listing.arranging import Arranger, has_run
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.asked import Wordings, canonical, words_of
from personalize.gateway.listing.decide import Decider
from personalize.gateway.listing.fetching import Fetcher
from personalize.gateway.listing.paging import Paging, read_paging, search_term
from personalize.gateway.listing.part import Unreadable, check_served, read_part
from personalize.gateway.listing.positions import Known
from personalize.gateway.listing.run import RunBook
from personalize.gateway.listing.shared import SharedWindows
from personalize.gateway.listing.window import Window, build
from personalize.settings import Settings
from personalize.shops.map import Cursors, ShopMap

MAX_GATHERED = 2_000
MAX_PAUSED, PAUSE_SECONDS = 256, 60.0
MAX_FAILURES = 3
"""Windows of a listing that may fail within a while of each other, before the pages alone are asked for."""


class Listings:
    """The listings of a gateway: `ask` says how each of a request is asked for, `read` and `arrange` make its page."""

    def __init__(
        self, settings: Settings, shop: ShopMap, upstream: Upstream, sessions: Sessions, windows: SharedWindows,
        runs: RunBook, decider: Decider,
    ) -> None:  # fmt: skip
        self.settings, self.shop, self.sessions, self.windows = settings, shop, sessions, windows
        self.fetcher, self.arranger = Fetcher(shop, upstream), Arranger(runs, decider)
        self.wordings = Wordings(tuple(shop.vary_headers))
        self.unshared: set[str] = set()
        self.failures: TTLCache[str, int] = TTLCache(MAX_PAUSED, PAUSE_SECONDS)

    async def ask(self, plan: Plan, call: Call, operation: Operation, variables: dict[str, Any], arrival: Arrival
                  ) -> list[Ask]:  # fmt: skip
        """How each listing that this request includes is asked for. Raises ValueError on broken conditions."""
        there = [slot for slot in plan.found.listings if slot.there(variables)]
        said = words_of(plan, variables) if there else None
        asks = [self._prepare(slot, plan, call, variables, said, arrival) for slot in there]
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
        self, slot: ListingSlot, plan: Plan, call: Call, variables: dict[str, Any], said: bytes | None, arrival: Arrival
    ) -> Ask | None:
        listing, shareable = slot.map, self._shareable(slot, arrival)
        decider, target = self.arranger.decider, ".".join(slot.path)
        asked = self.wordings.read(plan, slot, call, variables, said, target in decider.paths)
        key = asked.key
        # Without a visitor a run is shared by all who are in the same situation; it then holds nothing of anybody.
        run_key = (arrival.key, key) if has_run(arrival) else (self.arranger.stamp(arrival), shareable, key)
        known = Known()
        if isinstance(listing.paged, Cursors):
            at_hand = self.windows.peek(_window_key(plan, slot, key, variables)) if shareable else None
            known = Known(self.arranger.runs.get(run_key), at_hand, has_run(arrival))
        paging = read_paging(listing, asked.arguments, listing.window if shareable else listing.private, known)
        if paging is None:
            return None
        held = decider.within(arrival.modes, asked.about, target, arrival.visit)
        orderable = asked.neutral and bool(held or (arrival.ordered and not arrival.modes))
        ask = Ask(slot, asked.arguments, paging, key, asked.list_id, orderable, bool(plan.found.own))
        ask.run_key, ask.about = run_key, asked.about
        ask.run = self.arranger.going_on(ask, arrival)
        if ask.run is None and ask.paging.skip > 0 and has_run(arrival):
            ask.run = self.arranger.joined(ask, (self.arranger.newcomer(arrival), shareable, key))
        if ask.run is not None and ask.run.span:
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
        shareable = self._shareable(ask.slot, arrival)
        # This page belongs to an order that goes beyond it: the page alone would repeat items.
        began = ask.run is not None and (bool(ask.run.version) or ask.run.cuts(ask.paging.skip, need))
        if shareable and ask.slot.alone and need <= listing.window:
            window_key = _window_key(plan, ask.slot, ask.key, variables)
            fill = self.fetcher.shared(plan, ask, call, _used(plan, ask.slot, variables))
            rare = ask.paging.skip == 0 and search_term(listing, ask.arguments) is not None
            take = partial(self.windows.get, window_key, fill, rare=rare)
            if plan.proven:
                ask.window = await self.windows.wait(window_key, fill) if began else take()
            else:  # the shop has not seen this document yet: its answer first, the window behind
                ask.behind = take
            if ask.window is not None:
                if _behind(ask, ask.window):
                    ask.window, ask.orderable = None, False
                else:
                    ask.mode, ask.given, ask.shared = Mode.DETACHED, True, True
                return
        if not began and (shareable or ask.paging.take > listing.window):
            return  # cold, or the window is but the head of the page: the shop's page at once, ranked within itself
        rows = max(ask.paging.span, need)
        if self.failures.get(listing.coordinates, 0) >= MAX_FAILURES and not began:
            return  # for a while its pages are ranked within themselves
        if rows <= listing.limit:
            ask.mode, ask.rows = Mode.WINDOW, rows
        elif began and ask.slot.alone and rows <= MAX_GATHERED:
            ask.window = await self.fetcher.gathered(plan, ask, call, operation, rows)
            if ask.window is not None and _behind(ask, ask.window):
                ask.window, ask.orderable = None, False
            if ask.window is not None:
                ask.mode, ask.given = Mode.DETACHED, True

    def failed(self, asks: list[Ask]) -> None:
        """Note that windows asked for in place of pages could not be used: the shop is then asked twice each time."""
        for ask in asks:
            if ask.mode is Mode.WINDOW:
                coordinates = ask.slot.map.coordinates
                self.failures[coordinates] = self.failures.get(coordinates, 0) + 1

    def unshare(self, coordinates: str) -> None:
        """Share this listing between guests no more."""
        self.unshared.add(coordinates)
        self.windows.clear()

    async def refetch(self, plan: Plan, ask: Ask, call: Call, operation: Operation) -> Window:
        """The shared window of a listing as it is now. Raises UpstreamError, Unreadable."""
        variables = with_defaults(plan.operation, operation.variables)
        return await self.fetcher.shared(plan, ask, call, _used(plan, ask.slot, variables))()

    def read(self, ask: Ask, container: msgspec.Raw) -> None:
        """Take in the shop's answer for a listing that was asked for in this request. Raises Unreadable."""
        term = search_term(ask.slot.map, ask.arguments)
        offset = 0 if ask.mode is Mode.WINDOW else ask.paging.skip
        asked = ask.rows if ask.mode is Mode.WINDOW else ask.paging.take
        part = read_part(container, ask.slot)
        if ask.mode is Mode.WINDOW:
            check_served(part, 0, ask.rows, ask.slot.map)
        ask.window = build([part], list_id=ask.list_id, term=term, offset=offset, asked=asked, about=ask.about)
        ask.window.alone = ask.mode is not Mode.WINDOW
        if not ask.window.alone and _behind(ask, ask.window):
            raise Unreadable("a page behind the last one")

    def arrange(self, ask: Ask, arrival: Arrival) -> None:
        """Decide the order of what was read or was at hand, and which of its rows are shown."""
        self.arranger.arrange(ask, arrival)


def _behind(ask: Ask, window: Window) -> bool:
    """Whether the page lies behind the end of a list of which the shop itself has to say so."""
    return ask.slot.map.strict and 0 < ask.paging.skip >= len(window)


def _used(plan: Plan, slot: ListingSlot, variables: dict[str, Any]) -> dict[str, Any]:
    """The client's variables that the window's document uses."""
    return {name: variables[name] for name in plan.window(slot).variables if name in variables}


def _window_key(plan: Plan, slot: ListingSlot, key: Hashable, variables: dict[str, Any]) -> Hashable:
    """What tells shared windows apart."""
    return (key, plan.window_text(slot), canonical(_used(plan, slot, variables)))
