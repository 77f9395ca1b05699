"""Asking the shop: what is left of the operation goes to it, and its answer is taken in."""

from __future__ import annotations

from personalize.gateway.document.hidden import HIDDEN
from personalize.gateway.document.payload import payload
from personalize.gateway.document.plan import Mode
from personalize.gateway.document.raw import fields, is_object
from personalize.gateway.document.values import MISSING
from personalize.gateway.edge.cors import Cors
from personalize.gateway.edge.upstream import Upstream
from personalize.gateway.listing.ask import container_of
from personalize.gateway.listing.paging import with_paging
from personalize.gateway.work import GiveUp, Work


async def ask_shop(work: Work, upstream: Upstream, cors: Cors) -> None:
    """Fill `work.envelope`, `data` and `answer`. Raises UpstreamError, and GiveUp where the answer cannot be used."""
    plan = work.plan
    if any(ask.mode is Mode.DETACHED for ask in work.asks) and not cors.known(work.call):
        for ask in work.asks:  # the shop's word on this origin is missing: let it see the request once
            if ask.mode is Mode.DETACHED:
                ask.mode = Mode.OBSERVE
    composed = plan.upstream(work.modes)
    if composed.empty:
        return
    body = payload(plan, work.operation, composed, _paging(work))
    # A window may be too much for the shop: half the time is left for the page alone.
    within = upstream.deadline / 2 if Mode.WINDOW in work.modes else None
    answer = work.answer = await upstream.ask(work.call, body, again=plan.kind == "query", within=within)
    cors.learn(work.call, answer)
    if not answer.json:
        raise GiveUp("the shop's answer is not JSON")
    work.envelope = fields(answer.body or b"")
    raw = work.envelope.get("data")
    work.data = fields(raw) if raw is not None and is_object(raw) else None
    if work.data is None and plan.kind == "query":
        plan.objections += raw is None
        raise GiveUp(f"the shop objects to the operation{_windows(work)}")
    if plan.kind == "query" and "errors" in work.envelope and HIDDEN in memoryview(work.envelope["errors"]).tobytes():
        raise GiveUp("a hidden field failed")  # and may have taken its parents with it
    plan.proven = plan.proven or work.data is not None
    if "errors" in work.envelope and _window_lost(work):
        raise GiveUp(f"a window failed{_windows(work)}")


def _paging(work: Work) -> dict[str, object]:
    """Our paging variables for the listings whose window is asked for."""
    variables: dict[str, object] = {}
    for ask in work.asks:
        if ask.mode is Mode.WINDOW:
            paged = with_paging(ask.slot.map, ask.arguments, 0, ask.rows)
            for root, variable in work.plan.paging_variables(ask.slot).items():
                if (value := paged.get(root, MISSING)) is not MISSING:
                    variables[variable] = value
    return variables


def _windows(work: Work) -> str:
    """The first listing of which more was asked for than its page, and the limit of its map: it may be too high."""
    asked = [ask.slot.map for ask in work.asks if ask.mode is Mode.WINDOW]
    return f" with a window of {asked[0].coordinates} (`limit: {asked[0].limit}`)" if asked else ""


def _window_lost(work: Work) -> bool:
    """Whether a window came back null: a row the client did not ask for may have failed it."""
    data = work.data or {}
    return any(ask.mode is Mode.WINDOW and container_of(data, ask) is None for ask in work.asks)
