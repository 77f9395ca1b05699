"""The desk of one request: what the resolvers of our own schema may see and do."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError

from personalize.domain.parameter import told
from personalize.domain.wording import refusal
from personalize.errors import StoreError
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.decide import Decider
from personalize.gateway.listing.standing import is_decided, standing
from personalize.gateway.ours.corrected import Correction, Export
from personalize.gateway.ours.corrector import Corrector
from personalize.gateway.ours.facts import facts_of
from personalize.gateway.ours.inputs import EventInput, RefusalCode, Tracked
from personalize.gateway.ours.labels import Labels
from personalize.gateway.ours.offered import PromiseView, promise_view
from personalize.gateway.ours.reasoned import ReasonView
from personalize.gateway.ours.schema import (
    AssignmentView,
    ConsentMode,
    ListingView,
    Placement,
    RankingParameter,
    VisitView,
)
from personalize.gateway.ours.tracker import Tracker
from personalize.gateway.pricing.showing import Showing
from personalize.guardrails.apply import last_explore, last_reorder, planned
from personalize.visitors.profiles import RightsError

MAX_REPORTED = 400


class RequestDesk:
    """Fulfils `schema.Desk` for one arrival and the listings served with it."""

    def __init__(
        self, arrival: Arrival, asks: list[Ask], tracker: Tracker, corrector: Corrector, labels: Labels,
        decider: Decider, showing: Showing | None = None,
    ) -> None:  # fmt: skip
        self.decider, self.showing = decider, showing
        self.arrival, self.asks = arrival, asks
        self.tracker, self.corrector, self.labels = tracker, corrector, labels
        self.complaints: list[GraphQLError] = []
        self._reports: list[ListingView] | None = None

    def visit(self) -> VisitView:
        """What is assumed of this visit."""
        visit = self.arrival.visit
        return VisitView(
            consent=ConsentMode(visit.consent.value),
            identified=visit.visitor is not None,
            strategies=[name for name, mode in self.arrival.modes.items() if mode == "on"],
            assignments=[AssignmentView(experiment=a.experiment, variant=a.variant) for a in self.arrival.assignments],
            context=facts_of(visit, self.arrival.told),
        )

    def listings(self) -> list[ListingView]:
        """Reports on the listings served in this operation, in the order of the document; made once.

        At most MAX_REPORTED items are told of, so that a small question cannot cost much.
        """
        if self._reports is None:
            self._reports, left = [], MAX_REPORTED
            for ask in self.asks:
                if ask.window is not None:
                    rows = ask.shown[:left]
                    left -= len(rows)
                    self._reports.append(self._report(ask, rows))
        return self._reports

    def ranking_parameters(self) -> list[RankingParameter]:
        """What this visit's orders are made from, by the strategy whose order holds."""
        about, target = (self.asks[0].about, self.asks[0].target) if self.asks else (None, "")
        modes = self.decider.within(self.arrival.modes, about, target, self.arrival.visit)
        strategy, found = self.decider.parameters(modes, self.arrival.visit)
        language = self.arrival.visit.language
        return [RankingParameter(code=p.code, text=told(p.code, language), weight=p.weight, strategy=strategy)
                for p in found]  # fmt: skip

    async def promises(self) -> list[PromiseView]:
        """What the visitor is promised; nothing where no personal price may be shown to them."""
        showing, arrival = self.showing, self.arrival
        if showing is None or not showing.open_to(arrival):
            return []
        book, language = showing.book, arrival.visit.language
        return [
            promise_view(offer, promise, book.told(offer.name, "", language).disclosure, automatic=book.automatic)
            for offer, promise in await showing.held(arrival)
        ]

    async def turn_down(self, item_id: str, *, undone: bool = False) -> Correction:
        """Note that the visitor does not want this item, or does again."""
        return await self.corrector.turn_down(self.arrival, item_id, undone=undone)

    async def say(self, name: str, value: str | None) -> Correction:
        """Keep what the shopper says of one key of the context; None takes it back."""
        return await self.corrector.say(self.arrival, name, value)

    async def reset(self) -> Correction:
        """Start afresh."""
        return await self.corrector.reset(self.arrival)

    async def export(self, since: str | None) -> Export:
        """Everything kept of the visitor, also of one who agrees to nothing any more."""
        return await self.corrector.export(self.arrival, since)

    async def forget(self) -> bool:
        """Erase everything known of the visitor, also of one who agrees to nothing any more.

        Raises GraphQLError in the page's language: for a bare id, and where the store could not do it.
        """
        try:
            return await self.corrector.forget(self.arrival)
        except RightsError as error:
            raise self._complaint(RefusalCode.NOT_VOUCHED) from error
        except StoreError as error:
            raise self._complaint(RefusalCode.BUSY) from error

    async def track(self, events: list[EventInput]) -> Tracked:
        """Take what the client tells; says how much was recorded, known already, and refused."""
        return await self.tracker.track(self.arrival, events)

    def _complaint(self, why: RefusalCode) -> GraphQLError:
        return GraphQLError(refusal(why.name, self.arrival.visit.language), extensions={"code": why.name})

    def _report(self, ask: Ask, rows: tuple[int, ...]) -> ListingView:
        window = ask.window
        assert window is not None
        change = last_reorder(ask.decided.patch, ask.target) if ask.orderable else None
        explored = last_explore(ask.decided.patch, ask.target) if ask.orderable else None
        plan = planned(ask.decided.patch, ask.target, len(window.listing)) if explored is not None else ()
        tried = explored.draw.move.moved(plan) if explored is not None else frozenset()
        decided = ask.orderable and is_decided(self.arrival.modes, change, explored)
        owner, items = window.owner, []
        for place, row in enumerate(rows):
            candidate = owner[row]
            position, shop = ask.first + place, row + window.offset
            reason = None
            if decided:
                why = standing(change, explored, tried, candidate, shop - position)
                reason = ReasonView(code=why.code, text=self.labels.words(why, self.arrival.visit.language))
            item_id = strawberry.ID(window.listing.ids[candidate])
            items.append(Placement(item_id=item_id, position=position, shop_position=shop, reason=reason))
        moved = any(item.position != item.shop_position for item in items)
        author = change or explored
        strategy = author.author.strategy if author is not None and moved else None
        return ListingView(path=ask.target, personalized=moved, strategy=strategy, items=items)
