"""The end of the way: what the answer tells of the visit, and the answer itself."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from personalize.gateway.document.hidden import HIDDEN, ItemFields, item_fields
from personalize.gateway.document.plan import Plan
from personalize.gateway.document.raw import Raws, fields, is_object, joined
from personalize.gateway.document.rewrite import edit, strip
from personalize.gateway.edge.caching import kept_by_nobody, varied
from personalize.gateway.edge.cors import Cors
from personalize.gateway.edge.upstream import Answer, Headers
from personalize.gateway.observe import Observer, succeeded
from personalize.gateway.work import Work

UNTOUCHED = {"etag", "last-modified", "content-length"}


def observe(work: Work, observer: Observer) -> dict[str, Any]:
    """Offer the events of an answer to the outbox; for a mutation, its data as plain values."""
    if work.data is None:
        return {}
    observer.listings(work.arrival, work.asks)
    details = [d for d in work.plan.found.details if any(o.there(work.variables) for o in d.occurrences)]
    for detail in details:
        readers = [item_fields(item, number) for number, item in enumerate(detail.items)]

        def take(node: Raws, readers: list[ItemFields] = readers) -> None:
            for item in [reader.read(node) for reader in readers]:
                if item is not None and len(details) == 1:  # several details in one operation are no click
                    observer.detail(work.arrival, item)

        work.data = fields(edit(joined(work.data), detail.path, take))
    if not work.plan.found.actions:
        return {}
    data: dict[str, Any] = orjson.loads(joined(work.data))
    for action in work.plan.found.actions:
        observer.action(work.arrival, action, data, work.variables)
    return data


def signed(work: Work, data: dict[str, Any], name: str) -> bool:
    """Whether the operation did what the map calls `signed_in` or `signed_out`."""
    return any(a.map.name == name and succeeded(a, data) for a in work.plan.found.actions)


def finish(work: Work, cors: Cors) -> Answer:
    """The answer to the client."""
    envelope = dict(work.envelope)
    if work.data is not None:
        order = work.plan.found.root_keys
        keys = [key for key in order if key in work.data] + [key for key in work.data if key not in order]
        envelope["data"] = msgspec.Raw(joined({key: work.data[key] for key in keys}))
    body = joined(envelope)
    if HIDDEN in body:
        body = strip(body)
    status, headers = (
        (work.answer.status, work.answer.headers) if work.answer is not None else (200, _alone(work, cors))
    )
    headers = [pair for pair in headers if pair[0] not in UNTOUCHED]
    return Answer(status, cors.finish(work.call, [*_cached(work, headers), *work.arrival.headers]), body)


def _cached(work: Work, headers: Headers) -> Headers:
    """Who may keep the answer.

    Nobody, where it holds a list that we may order (a page that happens to stand as in the shop belongs to a run, too),
    a field of ours, or a header for this visitor. Else the shop's own word holds; of a list that others are shown in
    another order, it holds for those who ask alike.
    """
    arrival = work.arrival
    if arrival.headers or work.plan.ours or any(ask.orderable for ask in work.asks):
        headers = kept_by_nobody(headers)
    return varied(headers, arrival.depends) if work.plan.varies else headers


def salvage(plan: Plan, answer: Answer) -> Answer:
    """What the shop answered to our document, where the rest of the way failed: our fields are null or absent."""
    if not answer.json:
        return answer
    body = strip(answer.body or b"")
    try:
        envelope = fields(body)
        if plan.found.own and is_object(envelope.get("data")):
            missing = {key: msgspec.Raw(b"null") for key, _ in plan.found.own}
            envelope["data"] = msgspec.Raw(joined(missing | fields(envelope["data"])))
            body = joined(envelope)
    except msgspec.DecodeError:  # broken JSON is passed on
        pass
    return Answer(answer.status, kept_by_nobody([pair for pair in answer.headers if pair[0] not in UNTOUCHED]), body)


def _alone(work: Work, cors: Cors) -> Headers:
    """The headers of an answer that the shop had no part in: those it sent with the window."""
    window = next((ask.window for ask in work.asks if ask.window is not None), None)
    told = cors.headers(work.call)
    names = {name for name, _ in told}
    said = window.headers if window is not None else ()
    return [*[pair for pair in said if pair[0] not in names], *told]
