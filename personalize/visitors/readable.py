"""A profile in readable form: what is kept of a visitor, in words and times, for the visitor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from personalize.domain.event import Event
from personalize.domain.offers.ledger import Promise, Shown
from personalize.domain.profile import Profile, fade
from personalize.domain.session import Session
from personalize.domain.tokens import Known, properties, token


def learn_names(names: dict[int, str], event: Event) -> None:
    """Note what the hashed properties of an event's items stand for."""
    for item in event.items:
        for name, value in properties(item.attributes, item.price, item.currency):
            names[token(name, value)] = f"{name}: {value}"


def promised(promise: Promise) -> dict[str, Any]:
    """A promise of an offer as plain values; its prices are in what was shown (`priced`)."""
    return {
        "offer": promise.offer,
        "code": promise.code,
        "state": promise.state,
        "made_at": moment(promise.made_at),
        "valid_until": moment(promise.valid_until),
        "reserved": str(promise.reserved),
        "saved": None if promise.spent is None else str(promise.spent),
    }


def priced(shown: Shown) -> dict[str, Any]:
    """A personal price that was shown, and why, as plain values."""
    body: dict[str, Any] = orjson.loads(shown.body)
    told = {**body, "valid_until": moment(body["valid_until"])} if "valid_until" in body else body
    return {"variant": shown.variant, "at": moment(shown.at), **told}


def readable(profile: Profile, names: Mapping[int, str], at: float) -> dict[str, Any]:
    """Every part of a profile as plain values; weights as of `at` (epoch seconds), times in RFC 3339.

    A property that `names` does not know is told by its number.
    """
    leanings = {key: one.total * fade(at - one.at) for key, one in profile.tokens.items()}
    return {
        "first_seen": moment(profile.first_at),
        "last_seen": moment(profile.last_at),
        "sessions": profile.sessions,
        "changes": profile.version,
        "acts": profile.behaviour,
        "corrections": profile.corrections,
        "said": [
            {"name": name, "value": said.value, "at": moment(said.at), "session": said.session}
            for name, said in profile.said.items()
        ],
        "bought": [
            {"item_id": item, "times": one.times, "first": moment(one.first), "last": moment(one.last)}
            for item, one in profile.bought.items()
        ],
        "orders": profile.orders,
        "last_order": moment(profile.ordered_at),
        "views": profile.views,
        "carts": profile.carts,
        "spent": dict(profile.spent),
        "turned_to": [
            {"item_id": item, "times": one.count, "last": moment(one.at)} for item, one in profile.history.items()
        ],
        "not_interested": [
            {"item_id": item, "at": moment(when), "taken_from": _words(_taken(profile, item), names)}
            for item, when in profile.rejected.items()
        ],
        "tastes": _weighted(leanings, names),
        "numbers": {name: one.mean() for name, one in profile.tastes.items() if one.weight > 0},
        "typical_price": _price(profile),
        "weight_of_all": profile.everything.total * fade(at - profile.everything.at),
        "items_known": [_known(item, one, names) for item, one in profile.known.items()],
        "events_remembered": len(profile.seen),
        "session": _session(profile.session, names),
    }


def moment(at: float) -> str | None:
    """A time in RFC 3339, UTC; None for 0, which means never."""
    if not at:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _taken(profile: Profile, item: str) -> tuple[int, ...]:
    taken = profile.taken.get(item)
    return taken.tokens if taken is not None else ()


def _price(profile: Profile) -> dict[str, Any] | None:
    if not profile.log_price.weight > 0:
        return None
    return {
        "currency": profile.currency,
        "mean": math.exp(profile.log_price.mean()),
        "spread_factor": math.exp(profile.log_price.deviation()),
    }


def _known(item: str, known: Known, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "item_id": item,
        "price": known.price,
        "currency": known.currency,
        "properties": _words(known.tokens, names),
        "numbers": dict(known.numbers),
    }


def _session(session: Session, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "name": session.name,
        "started": moment(session.started),
        "last": moment(session.last_at),
        "events": session.events,
        "clicks": session.clicks,
        "searches": session.searches,
        "last_search": session.last_term,
        "lists": session.list_count,
        "lists_remembered": list(session.lists),
        "turned_to": [
            {"item_id": item, "times": one.count, "clicks": one.clicks, "carts": one.carts, "last": moment(one.at)}
            for item, one in session.touched.items()
        ],
        "shown": [
            {"item_id": item, "times": one.times, "position": one.index, "passed_over": one.skipped}
            for item, one in session.shown.items()
        ],
        "leans_to": _weighted({key: session.read_token(key) for key in session.tokens}, names),
        "prices": [math.exp(low) for low in (session.price_low, session.price_high)] if session.price_count else [],
    }


def _weighted(weights: Mapping[int, float], names: Mapping[int, str]) -> list[dict[str, Any]]:
    ordered = sorted(weights.items(), key=lambda pair: -abs(pair[1]))
    return [{"property": names.get(key, f"#{key}"), "weight": round(weight, 6)} for key, weight in ordered]


def _words(tokens: Iterable[int], names: Mapping[int, str]) -> list[str]:
    return [names.get(key, f"#{key}") for key in tokens]
