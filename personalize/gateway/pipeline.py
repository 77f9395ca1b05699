"""The way of a request, in one function: plan, ask the shop, read, decide, rewrite, respond."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import orjson

from personalize.errors import LimitError, UpstreamError
from personalize.gateway.asking import ask_shop
from personalize.gateway.document.payload import payload
from personalize.gateway.document.plan import Mode, Plan
from personalize.gateway.document.values import with_defaults
from personalize.gateway.edge.arrival import Arrival, Reception
from personalize.gateway.edge.caching import varied
from personalize.gateway.edge.call import Call, Operation, Reader
from personalize.gateway.edge.cors import Cors
from personalize.gateway.edge.sessions import Sessions
from personalize.gateway.edge.upstream import Answer, Upstream
from personalize.gateway.finish import finish, observe, salvage, signed
from personalize.gateway.listing.audit import Audit
from personalize.gateway.listing.choosing import Listings
from personalize.gateway.listing.part import Unreadable
from personalize.gateway.observe import Observer
from personalize.gateway.ours.corrector import Corrector
from personalize.gateway.ours.desk import RequestDesk
from personalize.gateway.ours.items import Tellers
from personalize.gateway.ours.knowledge import Knowledge
from personalize.gateway.ours.labels import Labels
from personalize.gateway.ours.tracker import Tracker
from personalize.gateway.placing import arrange_listings, items_with, lead_errors_back, place_listings, place_ours
from personalize.gateway.pricing.carts import Carts
from personalize.gateway.pricing.showing import Showing
from personalize.gateway.pricing.telling import OFFER
from personalize.gateway.work import GiveUp, Work
from personalize.telemetry import Telemetry


@dataclass(slots=True)
class Pipeline:
    """The parts a request passes; `respond` is the way through them."""

    knowledge: Knowledge
    reader: Reader
    upstream: Upstream
    reception: Reception
    sessions: Sessions
    listings: Listings
    observer: Observer
    tracker: Tracker
    corrector: Corrector
    cors: Cors
    audit: Audit
    labels: Labels
    tellers: Tellers
    telemetry: Telemetry
    showing: Showing | None = None
    carts: Carts | None = None

    async def respond(self, call: Call) -> Answer:
        """The answer to a call. Raises UpstreamError where the shop cannot be had, LimitError where we refuse.

        Whatever goes wrong on our side, a query goes to the shop as it came; a mutation is never sent twice.
        """
        await self.knowledge.tried()
        operation = None if self.knowledge.asleep(call) else self.reader.read(call)
        plan = self.knowledge.plan(operation) if operation else None
        if operation is None or plan is None or plan.idle or (call.method == "GET" and plan.kind != "query"):
            return await self._pass(call, plan)
        if plan.refused:
            told = orjson.dumps({"errors": [error.formatted for error in plan.refused]})
            return Answer(400, self.cors.finish(call, self.cors.headers(call)), told)
        work: Work | None = None
        try:
            plan.check(operation.variables)
            arrival = await self.reception.receive(call)
            variables = with_defaults(plan.operation, operation.variables)
            asks = await self.listings.ask(plan, call, operation, variables, arrival)
            work = Work(call, operation, plan, variables, arrival, asks, self.tellers)
            return await self._carry(work)
        except (UpstreamError, LimitError) as error:
            windows = [ask for ask in work.asks if ask.mode is Mode.WINDOW] if work is not None else []
            if isinstance(error, LimitError) or plan.kind != "query" or not (windows or error.code == "UNDECODABLE"):
                raise
            # What was too much for the shop or for us may have been our window: the page alone is asked for.
            which = f" for a window of {windows[0].slot.map.coordinates}" if windows else ""
            self.telemetry.fault("gave_up", f"{error.code}{which}", error)
        except (GiveUp, Unreadable) as reason:
            self.telemetry.count("gave_up", str(reason))
        except (msgspec.DecodeError, ValueError):
            self.telemetry.count("gave_up", "values we cannot read")
        except Exception as error:  # law 4: whatever fails here, the shop's answer is still to be had
            self.telemetry.fault("pipeline", type(error).__name__, error)
        if work is not None:
            self.listings.failed(work.asks)
        return await self._fall_back(call, operation, plan, work)

    async def _carry(self, work: Work) -> Answer:
        """From the question to the shop to the answer to the client. Raises whatever goes wrong."""
        if self.carts is not None and work.plan.kind == "mutation":
            await self.carts.settled(work.arrival)
        await ask_shop(work, self.upstream, self.cors)
        arrange_listings(work, self.listings, self.audit)
        if self.showing is not None and work.plan.ours and self.showing.open_to(work.arrival):
            await self.showing.decide(items_with(work, OFFER), work.arrival)
        place_listings(work)
        lead_errors_back(work)
        await place_ours(work, self.knowledge.own, self._desk(work.arrival, work))
        self._learn(work, observe(work, self.observer))
        return finish(work, self.cors)

    def _desk(self, arrival: Arrival, work: Work) -> RequestDesk:
        decider = self.listings.arranger.decider
        return RequestDesk(arrival, work.asks, self.tracker, self.corrector, self.labels, decider, self.showing)

    def _learn(self, work: Work, data: dict[str, object]) -> None:
        """What the operation did to the shop's session."""
        if work.answer is None:
            return
        if self.carts is not None and work.plan.found.actions:
            self.carts.changed(
                self.knowledge.fitted, work.call, work.arrival, work.answer, work.plan.found.actions, data
            )
        found = work.plan.found
        entered = signed(work, data, "signed_in")
        after = self.sessions.learn(
            work.arrival.session, work.answer, signed_in=entered, signed_out=signed(work, data, "signed_out"),
            understood=work.plan.kind == "query" or len(found.actions) == found.mutations,
        )  # fmt: skip
        if entered:  # in any other case another person may sit there now
            self.reception.moved(work.arrival, after)

    async def _pass(self, call: Call, plan: Plan | None) -> Answer:
        """The shop's answer to the call as it came, byte for byte.

        Where another time or another visitor may get another one, caches are told so.
        """
        answer = await self.upstream.forward(call)
        self.cors.learn(call, answer)
        session = self.reception.who.session(self.sessions.token(call))
        understood = plan is not None and plan.kind == "query"
        self.sessions.learn(session, answer, understood=understood, signed_in=False, signed_out=False)
        answer.headers = self.cors.passed(call, answer.headers)
        if not self.knowledge.ready or (plan is not None and plan.varies and not plan.idle):
            answer.headers = varied(answer.headers, self.reception.depends)
        return answer

    async def _fall_back(self, call: Call, operation: Operation, plan: Plan, work: Work | None) -> Answer:
        """The shop's own answer after a fault of ours; of a mutation that was sent, the answer at hand."""
        if not plan.ours and (plan.kind == "query" or work is None or work.answer is None):
            return await self._pass(call, plan)
        if plan.kind == "query" and work is not None and work.asks:
            work = Work(call, operation, plan, work.variables, work.arrival, [], self.tellers)
            try:  # once more with our fields, and the lists left alone
                return await self._carry(work)
            except (UpstreamError, LimitError):
                raise
            except Exception as error:
                self.telemetry.count("gave_up", type(error).__name__)
        answer = work.answer if work is not None else None
        if answer is None:
            composed = plan.upstream(tuple(Mode.AS_IS for _ in plan.found.listings))
            answer = await self.upstream.ask(call, payload(plan, operation, composed))
        answer = salvage(plan, answer)
        answer.headers = self.cors.finish(call, answer.headers)
        return answer
