"""Arranging: the order in which a listing is shown, decided once and gone on with page after page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from msgspec.structs import replace

from personalize.domain.interleaving import NEITHER
from personalize.domain.permission import Keep
from personalize.domain.situation import OF_PROFILE, decisive
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.listing import mixing
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.comparing import Comparison
from personalize.gateway.listing.decide import Decided, Decider
from personalize.gateway.listing.meeting import Meeting
from personalize.gateway.listing.paging import read_paging
from personalize.gateway.listing.part import Unreadable
from personalize.gateway.listing.positions import Known
from personalize.gateway.listing.run import JUST_NOW, Page, Run, RunBook, Stamp, arrange
from personalize.gateway.listing.window import Window
from personalize.guardrails.apply import order as order_of
from personalize.shops.map import Cursors

COLD_SECONDS = 60.0
"""How long guests without a visitor id keep the order of a page that was ranked before its window was there."""


class Arranger:
    """Holds the runs, and asks the decider where one begins or may be ranked anew."""

    def __init__(self, runs: RunBook, decider: Decider) -> None:
        self.runs, self.decider = runs, decider

    def going_on(self, ask: Ask, arrival: Arrival) -> Run | None:
        """The run that this request goes on with: behind page one any, at page one where nothing has changed."""
        run = self.runs.get(ask.run_key)
        if run is None or ask.paging.skip > 0:
            return run
        if not has_run(arrival) and run.pinned and self.runs.clock() - run.opened > COLD_SECONDS:
            return None
        now = self.stamp(arrival, run)
        # A deeper page may have gone on with it after a correction: what it had shown before was not corrected.
        same = run.epoch == self.decider.epoch and run.stamp == now and run.begun == now[1:]
        return run if same else None

    def joined(self, ask: Ask, shared: Hashable) -> Run | None:
        """The order that a visitor of whom no run is left was served from before they were known: the shared one.

        Runs are bounded, so one may be gone between two pages; what stood before this page was shown already.
        """
        found = self.runs.get(shared)
        if found is None or not found.order:
            return None
        run = found.copy()
        run.pin(0, found.order[: ask.paging.skip])
        self.runs.keep(ask.run_key, run)
        return run

    def arrange(self, ask: Ask, arrival: Arrival) -> None:
        """Decide and pin the order of the page: `ask.order` over the window, `ask.shown` the rows served."""
        window, paging = ask.window, ask.paging
        assert window is not None
        if isinstance(ask.slot.map.paged, Cursors) and not has_run(arrival):
            _confirm(ask, window)
        ask.order = tuple(range(len(window)))
        if ask.orderable:
            ask.run = self.going_on(ask, arrival)  # as it is now: other requests went on meanwhile
            arrange_by = self._arrange_page if window.alone else self._arrange_window
            arrange_by(ask, window, arrival)
        start = paging.skip - window.offset
        ask.shown = ask.order[start : start + paging.take]
        if window.cursors:
            self._note(ask, window, arrival)
        if ask.teams and ask.run is not None:
            ask.run.claim((window.rows[row] for row in ask.shown), ask.teams[start:])
        if ask.orderable and ask.run is not None and arrival.key is not None and arrival.permissions.run:
            self._remember(ask, ask.run, window, arrival)

    def stamp(self, arrival: Arrival, run: Run | None = None) -> Stamp:
        """What an order is decided from beside the window: while it stays, the order stays.

        A profile that could not be read in time is no change of behaviour: `run` goes on. Of the context counts what a
        running strategy goes by, in values that are few (`situation.stepped`), and never the names of a place
        (`situation.decisive`): this is also the key under which visitors without an id share an order.
        """
        profile = arrival.visit.profile
        behaviour, corrections = (profile.behaviour, profile.corrections) if profile is not None else (0, 0)
        if profile is None and run is not None and run.stamp and arrival.permissions.profile is not Keep.NOWHERE:
            behaviour, corrections = run.stamp[:2]
        reads = self.decider.reads(arrival.modes)
        context = decisive(arrival.visit.context).items()
        # How somebody moves through the shop is read from pages shown, too: going back to page one is no news.
        told = sorted([(k, str(v)) for k, v in context if (reads is None or k in reads) and k not in OF_PROFILE])
        mix = arrival.course.mix
        mixed = [] if mix is None else [(f"{mix.experiment}: {mix.names}", Mode.ON)]
        return Stamp(behaviour, corrections, tuple(told), (*arrival.modes.items(), *mixed))

    def newcomer(self, arrival: Arrival) -> Stamp:
        """The stamp of somebody in the same situation of whom nothing is known."""
        return self.stamp(arrival)._replace(behaviour=0, corrections=0)

    def _arrange_page(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """A page by itself: ranked within itself, pinned where it stands."""
        run, at = ask.run, window.offset
        if run is not None and run.version:  # an order over a window goes on here, and that window could not be had
            there = run.order[at : at + len(window)]
            if len(there) == len(window) and all(row in window.places for row in there):
                ask.order = tuple(window.places[row] for row in there)
                ask.teams = run.teams[at : at + len(window)]
                self._resume(ask, run, window, arrival)
                return
            if at:
                return  # the shop's page as it is
            run = None
        if run is None:
            run = self._open(ask, arrival)
        ranked, teams = self._rank(ask, run, window, arrival)
        pinned = {row: place - at for row, place in run.pinned.items()}
        begun = run.pages[at].product if at in run.pages else None
        continued = window.listing.ids.index(begun) if begun in window.listing.ids else None
        span = max(run.span - at, 0)
        ask.order = arrange(window, ranked, pinned, span, continued)
        ask.teams = _by_place(teams, ask.order, window, run)
        ask.met = self._meeting(ask, window, arrival, arrival.visit, pinned, span, continued)
        if ask.order:
            run.pin(at, (window.rows[row] for row in ask.order))
            run.pages[at + len(ask.order)] = Page(at, window.listing.ids[window.owner[ask.order[-1]]])

    def _arrange_window(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """A page of a window: the run's order goes on; what was not shown yet may be ranked anew."""
        run, stamp = ask.run, self.stamp(arrival, ask.run)
        if run is None or (ask.paging.skip == 0 and run.version not in ("", window.head(run.span))):
            run = self._open(ask, arrival, stamp if run is None else None)
        version = window.head(run.span)
        same = run.stamp == stamp
        if ask.paging.skip > 0 and run.stamp is not None:  # the weather may turn: what is being paged through goes on
            same = run.stamp._replace(context=stamp.context) == stamp
        if run.order and same and run.version == version:
            self._resume(ask, run, window, arrival)
            size = len(run.order)
            ask.order = (*[window.places[row] for row in run.order], *range(size, len(window)))
            ask.teams = run.teams and run.teams + NEITHER * (len(window) - size)
            return
        ranked, teams = self._rank(ask, run, window, arrival)
        ask.order = arrange(window, ranked, run.pinned, run.span)
        ask.teams = _by_place(teams, ask.order, window, run)
        ask.met = run.met = self._meeting(ask, window, arrival, arrival.visit, run.pinned, run.span)
        run.order = tuple([window.rows[row] for row in ask.order[: run.span]])
        run.teams = ask.teams[: run.span]
        run.version, run.stamp = version, stamp

    def _rank(self, ask: Ask, run: Run, window: Window, arrival: Arrival) -> tuple[tuple[int, ...], str]:
        """The window's candidates as decided, and whose each of them is where two orders are mixed."""
        span = max(run.span - window.offset, 0)
        ask.decided, teams = mixing.decide(self.decider, arrival.course, ask.target, window, arrival.visit, span)
        run.decided, run.context = ask.decided.slim(), arrival.visit.context
        return order_of(ask.decided.patch, ask.target, len(window.listing)), teams

    def _meeting(
        self, ask: Ask, window: Window, arrival: Arrival, visit: Visit, pinned: Mapping[str, int], span: int,
        continued: int | None = None,
    ) -> Meeting | None:  # fmt: skip
        """What will tell which experiments' difference this order holds; None where no line is to name them."""
        if not arrival.compares or arrival.ground is None:
            return None
        # Who shares an order with others did not see what was shown to these.
        held = dict(pinned) if has_run(arrival) else {}
        comparison = Comparison(
            self.decider, arrival.ground, arrival.assignments, arrival.course, ask.target, window.outline(), visit,
            held, span, continued,
        )  # fmt: skip
        return Meeting(arrival.assignments, comparison)

    def _resume(self, ask: Ask, run: Run, window: Window, arrival: Arrival) -> None:
        """What the order that goes on was decided by; its reasons are made again where somebody asks."""
        ask.decided = (run.decided or Decided()).onto(ask.target)
        visit = replace(arrival.visit, context=run.context)  # in which it was decided
        ask.met = run.met
        if ask.met is None or ask.met.assignments != arrival.assignments:  # newcomers share an order, not experiments
            ask.met = run.met = self._meeting(ask, window, arrival, visit, run.pinned, run.span)
        if ask.explained and ask.decided.patch:
            span = max(run.span - window.offset, 0)
            again = mixing.decide(self.decider, arrival.course, ask.target, window, visit, span).decided
            if again.patch:  # the order that goes on may be that of a model before
                same = run.epoch == self.decider.epoch
                ask.decided = again.again() if same else ask.decided.with_reasons_of(again)

    def _open(self, ask: Ask, arrival: Arrival, stamp: Stamp | None = None) -> Run:
        cursors = ask.run.cursors if ask.run is not None else {}
        if ask.run is None and isinstance(ask.slot.map.paged, Cursors) and (old := self.runs.get(ask.run_key)):
            cursors = old.cursors
        # A page by itself never ends an order that others, who have no id either, are paging through.
        ordered = ask.run is not None and bool(ask.run.version) and ask.window is not None and ask.window.alone
        run = ask.run = Run() if ordered and not has_run(arrival) else self.runs.open(ask.run_key)
        self._begin(run, ask, arrival, stamp)
        run.cursors.update(cursors)
        return run

    def _begin(self, run: Run, ask: Ask, arrival: Arrival, stamp: Stamp | None = None) -> None:
        run.stamp, run.span, run.epoch = stamp or self.stamp(arrival), ask.paging.span, self.decider.epoch
        run.begun = run.stamp[1:]

    def _note(self, ask: Ask, window: Window, arrival: Arrival) -> None:
        """Remember at which positions the cursors of this page stand: the next page is asked for by one of them."""
        start = ask.paging.skip - window.offset
        served = window.cursors[start : start + len(ask.shown)]
        book = self.runs.get(ask.run_key)
        if book is None and ask.run is None:  # a list that is only watched
            ask.run = book = self.runs.open(ask.run_key)
            self._begin(book, ask, arrival)
        for run in (ask.run, book if book is not ask.run else None):
            if run is not None:
                run.note(ask.paging.skip, served)

    def _remember(self, ask: Ask, run: Run, window: Window, arrival: Arrival) -> None:
        """Pin what this visitor was shown; for one with a new id in a run apart, should they come back with it."""
        if not arrival.recognised:
            run = run.copy()
        run.pin(ask.paging.skip, [window.rows[row] for row in ask.shown])
        if not arrival.recognised:
            self.runs.expect((arrival.key, ask.key), run)
        elif self.runs.clock() - run.opened > JUST_NOW:  # else it is in the book already
            self.runs.keep(ask.run_key, run)


def _by_place(teams: str, order: Sequence[int], window: Window, run: Run) -> str:
    """Whose the row at each place of an order is; of one that was shown, whose it was then."""
    rows, owner, whose = window.rows, window.owner, run.whose
    return teams and "".join([whose.get(rows[row]) or teams[owner[row]] for row in order])


def _confirm(ask: Ask, window: Window) -> None:
    """Hold the position of a cursor, told by a run that many share, against the window. Raises Unreadable."""
    if window.alone:  # the shop itself knew the cursor
        return
    paging = read_paging(ask.slot.map, ask.arguments, ask.paging.span or len(window), Known(None, window))
    run = ask.run
    if paging is None and run is not None and run.version and run.version == window.head(run.span):
        return  # it stands behind the window's last row, and all rows before it are where they were
    if paging is None or (paging.skip, paging.take) != (ask.paging.skip, ask.paging.take):
        raise Unreadable("a cursor is not where it was")


def has_run(arrival: Arrival) -> bool:
    """Whether a run may be kept for this visitor alone."""
    return arrival.permissions.run and arrival.key is not None and arrival.recognised
