"""The way of a request, in one function: plan, ask the shop, read, decide, rewrite, respond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from personalize.domain.permission import Keep
from personalize.events.infer import Inference
from personalize.events.outbox import Outbox
from personalize.gateway.arrival import Arrival, Reception
from personalize.gateway.audit import Audit
from personalize.gateway.call import Call, Operation, Reader
from personalize.gateway.cors import Cors
from personalize.gateway.desk import RequestDesk
from personalize.gateway.hidden import HIDDEN, KEY, ItemFields
from personalize.gateway.knowledge import Knowledge
from personalize.gateway.listings import Ask, Listings, container_of, move_of
from personalize.gateway.observe import Observer, succeeded
from personalize.gateway.own import project
from personalize.gateway.paging import with_paging
from personalize.gateway.plan import Mode, Plan
from personalize.gateway.raw import Raws, fields, is_object, joined
from personalize.gateway.rewrite import edit, errors, strip
from personalize.gateway.sessions import Sessions
from personalize.gateway.slots import ItemField
from personalize.gateway.upstream import Answer, Upstream
from personalize.gateway.values import MISSING, with_defaults
from personalize.gateway.window import Unreadable
from personalize.telemetry import Telemetry
from personalize.visitors.profiles import ProfileBook


class GiveUp(Exception):
    """We cannot do better than the shop here: the client's own request goes to it."""


@dataclass(slots=True)
class Work:
    """One operation on its way through: what was asked, and the answer's `data` as raw fields (None: null)."""

    call: Call
    operation: Operation
    plan: Plan
    variables: dict[str, Any]
    arrival: Arrival
    asks: list[Ask]
    envelope: Raws
    data: Raws | None
    answer: Answer | None = None


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
    inference: Inference
    outbox: Outbox
    profiles: ProfileBook
    cors: Cors
    audit: Audit
    telemetry: Telemetry

    async def respond(self, call: Call) -> Answer:
        """The answer to a call. Raises UpstreamError where the shop cannot be had, LimitError where we refuse.

        Whatever goes wrong on our side, a query goes to the shop as it came; a mutation is never sent twice.
        """
        operation = None if self.knowledge.asleep(call) else self.reader.read(call)
        plan = self.knowledge.plan(operation) if operation else None
        if operation is None or plan is None or plan.idle:
            return await self._pass(call, plan)
        if plan.refused:
            return _refusal(plan)
        work = None
        try:
            arrival = await self.reception.receive(call)
            variables = with_defaults(plan.operation, operation.variables)
            asks = await self.listings.ask(plan, call, operation, variables, arrival)
            work = Work(call, operation, plan, variables, arrival, asks, {}, {})
            await self._ask_shop(work)
            self._order(work)
            self._lead_back(work)
            await self._add_ours(work)
            self._observe(work)
            return self._finish(work)
        except (GiveUp, Unreadable, ValueError) as reason:
            self.telemetry.count("gave_up", str(reason)[:64] if isinstance(reason, GiveUp | Unreadable) else "value")
        except msgspec.DecodeError:
            self.telemetry.count("gave_up", "the shop's answer is no JSON we know")
        except Exception as error:
            if _not_ours(error):
                raise
            self.telemetry.fault("pipeline", type(error).__name__, error)
        return await self._fall_back(call, plan, work)

    # -- asking --------------------------------------------------------------------------------------------------

    async def _ask_shop(self, work: Work) -> None:
        """Send what is left of the operation to the shop, and take in its answer."""
        plan = work.plan
        if any(ask.mode is Mode.DETACHED for ask in work.asks) and not self.cors.known(work.call):
            for ask in work.asks:  # the shop's word on this origin is missing: let it see the request once
                ask.mode, ask.window = Mode.OBSERVE, None
        composed = plan.upstream(self._modes(work))
        if composed.empty:
            return
        variables = {
            name: work.operation.variables[name] for name in composed.variables & set(work.operation.variables)
        }
        for ask in work.asks:
            if ask.mode is Mode.WINDOW:
                paged = with_paging(ask.slot.map, ask.arguments, 0, ask.rows)
                for root, variable in plan.paging_variables(ask.slot).items():
                    if (value := paged.get(root, MISSING)) is not MISSING:
                        variables[variable] = value
        payload: dict[str, object] = {"query": composed.text, "variables": variables}
        if plan.operation.name:
            payload["operationName"] = plan.operation.name.value
        if extensions := {k: v for k, v in work.operation.extensions.items() if k != "persistedQuery"}:
            payload["extensions"] = extensions
        answer = work.answer = await self.upstream.ask(work.call, payload)
        self.cors.learn(work.call, answer.headers)
        if not answer.json:
            raise GiveUp("the shop's answer is not JSON")
        work.envelope = fields(answer.body or b"")
        raw = work.envelope.get("data")
        work.data = fields(raw) if raw is not None and is_object(raw) else None
        if work.data is None and plan.kind == "query":
            raise GiveUp("the shop objects to the operation")
        plan.proven = plan.proven or work.data is not None
        if "errors" in work.envelope:
            lost = any(ask.mode is Mode.WINDOW and container_of(work.data or {}, ask) is None for ask in work.asks)
            if lost:
                raise GiveUp("a window failed")

    # -- ordering ------------------------------------------------------------------------------------------------

    def _order(self, work: Work) -> None:
        """Read each listing, decide its order, put the page in its place, lead error paths back."""
        if work.data is None:
            return
        for ask in work.asks:
            if ask.mode is not Mode.DETACHED:
                container = container_of(work.data, ask)
                if container is None:
                    continue
                self.listings.read(ask, container)
            elif self.audit.due():
                self.audit.start(work.plan, ask, work.call, work.operation)
            self.listings.arrange(ask, work.arrival)
            self._place(work, ask)

    def _lead_back(self, work: Work) -> None:
        """Errors as if the shop had been asked the client's own document."""
        if "errors" not in work.envelope:
            return
        moves = [move_of(ask) for ask in work.asks if ask.mode is not Mode.DETACHED and ask.window is not None]
        moved = errors(work.envelope["errors"], work.plan.upstream(self._modes(work)).spliced, moves)
        if moved is None:
            del work.envelope["errors"]
        else:
            work.envelope["errors"] = msgspec.Raw(moved)

    def _modes(self, work: Work) -> tuple[Mode, ...]:
        by_slot = {ask.slot.index: ask for ask in work.asks}
        return tuple(
            by_slot[slot.index].mode if slot.index in by_slot else Mode.AS_IS for slot in work.plan.found.listings
        )

    def _place(self, work: Work, ask: Ask) -> None:
        """Put the page of a listing into the answer."""
        window = ask.window
        assert window is not None
        assert work.data is not None
        extras: dict[int, dict[str, bytes]] = {}
        nested = [one for one in ask.slot.item_fields if one.path]
        for one in ask.slot.item_fields:
            if not one.path:
                for row in ask.shown:
                    values = self._item_values(window.listing.ids[window.owner[row]], work.arrival)
                    raw = project(one, values, work.plan.document, work.variables)
                    if raw is not None:
                        extras.setdefault(row, {})[one.key] = raw
        container: dict[str, Any] = dict(window.rest)
        for view in ask.slot.views:
            page = window.page(view, ask.shown, extras)
            for one in nested:
                page = edit(page, one.path, lambda node, one=one: self._fill_item(work, one, node))  # type: ignore[misc]
            container[view] = page
        raw = joined(container)
        *parents, key = ask.slot.path
        if not parents:
            work.data[key] = msgspec.Raw(raw)
            return

        def put(node: Raws) -> None:
            node[key] = msgspec.Raw(raw)

        work.data = fields(edit(joined(work.data), tuple(parents), put))

    # -- ours ----------------------------------------------------------------------------------------------------

    async def _add_ours(self, work: Work) -> None:
        """Our own root fields, introspection, and item fields outside listings."""
        plan = work.plan
        if work.data is None:
            return
        for one in plan.found.item_fields:
            work.data = fields(edit(joined(work.data), one.path, lambda node, o=one: self._fill_item(work, o, node)))  # type: ignore[misc]
        own = self.knowledge.own
        desk = RequestDesk(work.arrival, work.asks, self.outbox, self.profiles, self.inference)
        mine, faults = await own.fields(plan, work.operation.variables, desk)
        mine |= own.introspect(plan, work.operation.variables)
        for key, raw in mine.items():
            work.data[key] = msgspec.Raw(raw)
        if faults:
            told = orjson.loads(work.envelope["errors"]) if "errors" in work.envelope else []
            work.envelope["errors"] = msgspec.Raw(orjson.dumps(told + faults))

    def _fill_item(self, work: Work, one: ItemField, node: Raws) -> None:
        raw_id = node.pop(KEY, None)
        if raw_id is None:
            return
        values = self._item_values(str(msgspec.json.decode(raw_id)), work.arrival)
        raw = project(one, values, work.plan.document, work.variables)
        if raw is not None:
            node[one.key] = msgspec.Raw(raw)

    @staticmethod
    def _item_values(item_id: str, arrival: Arrival) -> dict[str, Any]:
        profile = arrival.visit.profile
        known = profile is not None and arrival.permissions.profile is not Keep.NOWHERE
        return {"itemId": item_id, "bought": item_id in profile.bought if known and profile is not None else None}

    # -- observing and answering ---------------------------------------------------------------------------------

    def _observe(self, work: Work) -> None:
        """Events, and what the operation did to the shop's session."""
        if work.data is None:
            self._learn(work, {})
            return
        self.observer.listings(work.arrival, work.asks)
        details = [d for d in work.plan.found.details if any(o.there(work.variables) for o in d.occurrences)]
        for detail in details:
            reader = ItemFields(detail.item)

            def take(node: Raws, reader: ItemFields = reader) -> None:
                item = reader.read(node)
                if item is not None and len(details) == 1:  # several details in one operation are no click
                    self.observer.detail(work.arrival, item)

            work.data = fields(edit(joined(work.data), detail.path, take))
        data: dict[str, Any] = {}
        if work.plan.found.actions:
            data = orjson.loads(joined(work.data))
            for action in work.plan.found.actions:
                self.observer.action(work.arrival, action, data, work.variables)
        self._learn(work, data)

    def _learn(self, work: Work, data: dict[str, Any]) -> None:
        if work.answer is None:
            return
        actions = work.plan.found.actions
        known = work.plan.kind == "query" or len(actions) == len(work.plan.found.root_keys)
        after = self.sessions.learn(
            work.arrival.session, work.answer, understood=known,
            signed_in=any(a.map.name == "signed_in" and succeeded(a, data) for a in actions),
            signed_out=any(a.map.name == "signed_out" and succeeded(a, data) for a in actions),
        )  # fmt: skip
        if after != work.arrival.session and not any(a.map.name == "signed_out" for a in actions):
            self.reception.moved(work.arrival, after)

    def _finish(self, work: Work) -> Answer:
        envelope = dict(work.envelope)
        if work.data is not None:
            order = work.plan.found.root_keys
            keys = [key for key in order if key in work.data] + [key for key in work.data if key not in order]
            envelope["data"] = msgspec.Raw(joined({key: work.data[key] for key in keys}))
        body = joined(envelope)
        if HIDDEN in body:
            body = strip(body)
        if work.answer is not None:
            status, headers = work.answer.status, work.answer.headers
        else:
            window = next((ask.window for ask in work.asks if ask.window is not None), None)
            said = window.headers if window is not None else (("content-type", "application/json; charset=utf-8"),)
            status, headers = 200, [*said, *self.cors.headers(work.call)]
        changed = bool(work.asks) or work.plan.ours
        dropped = {"etag", "last-modified", "content-length"} | ({"cache-control"} if changed else set())
        headers = [pair for pair in headers if pair[0] not in dropped]
        if changed:
            headers.append(("cache-control", "private, no-store"))
        return Answer(status, self.cors.finish(work.call, [*headers, *work.arrival.headers]), body)

    async def _pass(self, call: Call, plan: Plan | None) -> Answer:
        answer = await self.upstream.forward(call)
        self.cors.learn(call, answer.headers)
        session = self.reception.who.session(self.sessions.token(call))
        understood = plan is not None and plan.kind == "query"
        self.sessions.learn(session, answer, understood=understood, signed_in=False, signed_out=False)
        return answer

    async def _fall_back(self, call: Call, plan: Plan, work: Work | None) -> Answer:
        """The shop's own answer after a fault of ours."""
        if plan.kind == "query" and not plan.ours:
            return await self._pass(call, plan)
        if work is None or work.answer is None:
            return await self._pass(call, plan)
        answer = work.answer
        return Answer(answer.status, answer.headers, strip(answer.body or b"") if answer.json else answer.body)


def _refusal(plan: Plan) -> Answer:
    body = orjson.dumps({"errors": [error.formatted for error in plan.refused]})
    return Answer(400, [("content-type", "application/json; charset=utf-8")], body)


def _not_ours(error: Exception) -> bool:
    from personalize.errors import LimitError, UpstreamError

    return isinstance(error, LimitError | UpstreamError)
