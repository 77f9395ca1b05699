"""An impression: the event of a list as it was shown, with what recomputes its features later."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from zlib import crc32

import msgspec

from personalize.domain.event import Event, EventItem
from personalize.domain.experiment import AssignedBy
from personalize.domain.moves import Swap
from personalize.domain.patch import Evidence, Reorder
from personalize.events.infer import Inference
from personalize.features.window import describe
from personalize.gateway.document.hidden import Item, row_key
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.meeting import Meeting
from personalize.guardrails.apply import last_explore, last_reorder, propensities

SAMPLED = 256  # of so many lists one bears the vectors that its order was made from: 5 KB a line, 20 bytes a list


def impression(arrival: Arrival, ask: Ask, inference: Inference) -> Event:
    """The `view_item_list` of a listing that was served: the first row shown of each product."""
    window, visit = ask.window, arrival.visit
    assert window is not None
    listing, owner, told, first, offset = window.listing, window.owner, window.told(), ask.first, window.offset
    titles = listing.titles if listing.search_term else ()
    items, seen, teams = [], set(), ""
    for place, row in enumerate(ask.shown):
        candidate = owner[row]
        if candidate in seen:  # further variants of one product
            continue
        seen.add(candidate)
        item_id, price, currency, attributes = told[candidate]
        if ask.teams:
            teams += ask.teams[first - offset + place : first - offset + place + 1]
        title = titles[candidate] or None if titles else None
        items.append(EventItem(item_id, first + place, candidate + offset, price, currency, None, attributes, title))
    change = last_reorder(ask.decided.patch, ask.target) if ask.orderable else None
    extra: dict[str, object] = {
        "window": {
            "size": len(window),
            "offset": offset,
            "total": window.total,
            "version": window.version,
            **describe(listing, visit.profile, visit.session, visit.at),
        },
        "latency_ms": round((perf_counter() - arrival.started) * 1000.0, 2),
        "strategy": f"{change.author.strategy}@{change.author.version}" if change else "shop_order",
        **_chance(ask, first - offset),
        **offers_of(arrival, (window.read[row] for row in ask.shown)),
    }
    shadow = last_reorder(ask.decided.shadow, ask.target) if ask.orderable else None
    if shadow is not None:  # what a strategy in shadow would have shown in these places
        start = max(first - offset, 0)
        would = [listing.ids[candidate] for candidate in shadow.order[start : start + len(items)]]
        extra["shadow"] = {"strategy": f"{shadow.author.strategy}@{shadow.author.version}", "items": would}
    if sampled(arrival.key, visit.at) and (made := _evidence(ask)) is not None:
        rows = dict.fromkeys(owner[row] for row in ask.shown)
        extra["vectors"] = made(list(rows))
    mix = arrival.course.mix
    if mix is not None and teams and len(teams) == len(items):
        extra["interleaved"] = {"experiment": mix.experiment, "orders": list(mix.names), "teams": teams}
    if assigned := {a.experiment: a.variant for a in arrival.assignments if a.by is not AssignedBy.HALTED}:
        extra["assignments"] = assigned
        if forced := [a.experiment for a in arrival.assignments if a.by is AssignedBy.TOKEN]:
            extra["overridden"] = forced
        if arrival.account is not None and arrival.whose.visitor is not None:
            extra["account"] = arrival.account
        if arrival.compares:
            extra["exposed"] = []  # until it is known (`exposed`)
    return inference.shown(
        arrival.key, arrival.whose, arrival.visit.at, items,
        list_id=ask.list_id, term=listing.search_term, path=ask.target, extra=extra,
    )  # fmt: skip


def sampled(key: str | None, at: float) -> bool:
    """Whether the vectors of what this visitor is shown at this moment are kept: every `SAMPLED`th list."""
    return crc32(f"{key} {at}".encode()) % SAMPLED == 0


def exposed(met: Meeting, first: int, rows: int, event: Event) -> Event:
    """The line of a page with the experiments whose difference stood on it; it takes as long as some decisions."""
    return msgspec.structs.replace(event, extra={**event.extra, "exposed": met.at(first, first + rows)})


def _evidence(ask: Ask) -> Evidence | None:
    """What the order of this very moment was made from; None of an order that goes on, or that no model made."""
    if not ask.orderable:
        return None
    changes = (change for change in ask.decided.patch.changes if isinstance(change, Reorder))
    return next((change.evidence for change in changes if change.evidence and change.target == ask.target), None)


def offers_of(arrival: Arrival, items: Iterable[Item]) -> dict[str, object]:
    """`offers`: how each offer on what the answer shows fell for the visitor, and the items that bore its price."""
    if not arrival.lots:
        return {}
    shown: dict[str, list[str]] = {name: [] for name in arrival.lots}
    for item in items if arrival.prices else ():
        change = arrival.prices.get(row_key(item))
        if change is not None and item.id not in shown.setdefault(change.price.offer, []):
            shown[change.price.offer].append(item.id)
    told = {
        name: {"arm": lot.arm.value, "propensity": lot.propensity, "explored": lot.explored, "shown": shown[name]}
        for name, lot in arrival.lots.items()
    }
    return {"offers": told}


def _chance(ask: Ask, start: int) -> dict[str, object]:
    """`propensity` of the page as it stands, and under `exploration` that of each item at its place and what was drawn.

    Neither where nobody knows: an ordering run went on with what had been shown, or a product takes several rows.
    """
    window = ask.window
    assert window is not None
    patch = ask.decided.patch
    explored = last_explore(patch, ask.target) if ask.orderable else None
    if explored is None:
        return {"propensity": 1.0}  # without a draw orders are deterministic
    size = len(window.listing)
    span = min(ask.run.span, size) if ask.run is not None and ask.run.span and not window.alone else size
    shown = [window.owner[row] for row in ask.shown]
    told = propensities(patch, ask.target, size, start, shown, span) if size == len(window) else None
    if told is None:
        return {}
    move = explored.draw.move
    drawn: dict[str, object] = (
        {"swap": [move.first - start, move.second - start], "done": move.done}
        if isinstance(move, Swap)
        else {"lift": window.listing.ids[move.row], "place": move.place - start}
    )
    author = f"{explored.author.strategy}@{explored.author.version}"
    return {"propensity": told[0], "exploration": {"strategy": author, "items": list(told[1]), **drawn}}
