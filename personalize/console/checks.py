"""Checks: what keeps a draft from being published, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from personalize.domain.desk.finding import Finding, Level
from personalize.domain.desk.knob import Kind, knobs_of
from personalize.domain.desk.reading import nearest
from personalize.domain.desk.rules import AnyRule, places, read_rules
from personalize.domain.desk.strategy import StrategyDraft, StrategyVersion
from personalize.domain.strategy import Decision, Mode
from personalize.errors import DeskError

MAX_PUBLISHED = 200


class Shelf(Protocol):
    """What can be known of the shop: its listings, and which items are there."""

    def listings(self) -> Sequence[str]:
        """The listings that may be ordered (`Query.search`); none while the shop's schema is not known."""
        ...

    async def look(self, draft: StrategyDraft, rules: Sequence[AnyRule]) -> list[Finding]:
        """What of the items and attributes that rules name is not there, or could not be looked for."""
        ...


def error(code: str, message: str, hint: str = "", where: str = "") -> Finding:
    """A finding that keeps a draft from being published."""
    return Finding(Level.ERROR, code, message, hint, where)


def warning(code: str, message: str, hint: str = "", where: str = "") -> Finding:
    """A finding that the operator is told of."""
    return Finding(Level.WARNING, code, message, hint, where)


async def check(
    draft: StrategyDraft, decisions: Mapping[str, Decision], others: Sequence[StrategyVersion], shelf: Shelf,
    now: float,
) -> list[Finding]:  # fmt: skip
    """Everything found on a draft, beside the `others` that are published, at `now` (seconds since the epoch).

    The shop is asked last.
    """
    found = [*_decision(draft, decisions), *_when(draft, now), *_where(draft, shelf)]
    rules, bad = rules_of(draft, decisions)
    found += bad or _idle(draft, rules, decisions)
    found += _own_pins(rules)
    if len(others) >= MAX_PUBLISHED:
        found.append(error("TOO_MANY", f"{MAX_PUBLISHED} strategies are published, no more can be"))
    if draft.mode is not Mode.OFF and not any(one.level is Level.ERROR for one in found):
        found += _beside(draft, rules, others, decisions)
    if rules and not any(one.level is Level.ERROR for one in found):
        found += await shelf.look(draft, rules)
    return found


def rules_of(draft: StrategyDraft, decisions: Mapping[str, Decision]) -> tuple[tuple[AnyRule, ...], list[Finding]]:
    """The rules of merchandising in a draft, and what is wrong with its parameters."""
    decision = decisions.get(draft.decision)
    if decision is None:
        return (), []
    knobs = {knob.name: knob for knob in knobs_of(decision)}
    rules: tuple[AnyRule, ...] = ()
    found = []
    for name, value in draft.parameters.items():
        where = f"parameters.{name}"
        knob = knobs.get(name)
        if knob is None:
            message = f"the decision {draft.decision!r} has no parameter {name!r}"
            found.append(error("PARAMETER_UNKNOWN", message, nearest(name, knobs), where))
        elif not knob.takes(value):
            message = f"{name} is {str(value)[:80]!r}, expected {knob.expects()}"
            found.append(error("PARAMETER_INVALID", message, knob.about, where))
        elif knob.kind is Kind.RULES:
            try:
                rules = read_rules(value)
            except DeskError as bad:
                found.append(error(bad.code, bad.message, bad.hint, where))
    return rules, found


def _decision(draft: StrategyDraft, decisions: Mapping[str, Decision]) -> Iterator[Finding]:
    if draft.decision not in decisions:
        message = f"there is no decision {draft.decision!r}"
        yield error("DECISION_UNKNOWN", message, nearest(draft.decision, sorted(decisions)), "decision")
    elif draft.name in decisions and draft.name != draft.decision:
        message = f"{draft.name!r} is the name of a decision, and this strategy's is {draft.decision!r}"
        yield error("NAME_TAKEN", message, "give the strategy another name", "name")


def _idle(draft: StrategyDraft, rules: Sequence[AnyRule], decisions: Mapping[str, Decision]) -> Iterator[Finding]:
    """What runs and changes nothing: most likely something was forgotten."""
    if draft.mode is Mode.OFF or draft.decision not in decisions:
        return
    if not rules and any(knob.kind is Kind.RULES for knob in knobs_of(decisions[draft.decision])):
        yield warning("RULES_MISSING", "there is no rule: it will change nothing", "add one", "parameters.rules")
    if draft.mode is Mode.SHARE and draft.share == 0.0:
        yield warning("SHARE_NOBODY", "a share of 0 % reaches nobody", "1 % is 0.01", "share")


def _when(draft: StrategyDraft, now: float) -> Iterator[Finding]:
    if not 0.0 <= draft.share <= 1.0:
        yield error("SHARE_INVALID", f"the share is {draft.share:g}, expected 0 to 1", "20 % is 0.2", "share")
    try:
        low, high = draft.schedule.span()
    except (ValueError, KeyError, OSError) as bad:
        said = str(bad.args[0]) if bad.args else str(bad)
        hint = "times are like 2026-12-01T08:00, zones like Europe/Berlin"
        yield error("SCHEDULE_INVALID", f"the schedule cannot be read: {said[:200]}", hint, "schedule")
        return
    if high <= low:
        message = f"the schedule ends ({draft.schedule.ends}) before it begins ({draft.schedule.starts})"
        yield error("SCHEDULE_INVALID", message, "`until` has to be later than `from`", "schedule.until")
    elif high <= now:
        message = f"the schedule is over since {draft.schedule.ends} ({draft.schedule.zone})"
        yield warning("SCHEDULE_OVER", message, "take `until` out, or set a later one", "schedule.until")


def _where(draft: StrategyDraft, shelf: Shelf) -> Iterator[Finding]:
    listing = draft.scope.listing
    if listing is None or "." not in listing or not listing[:1].isupper():
        return  # a response path is the storefront's: nobody knows all of them
    known = shelf.listings()
    if not known:
        yield warning("SHOP_UNKNOWN", "the shop's schema is not known yet: the listing was not looked for",
                      where="scope.listing")  # fmt: skip
    elif listing not in known:
        yield error("SCOPE_UNKNOWN", f"there is no listing {listing!r}", nearest(listing, known), "scope.listing")


def _own_pins(rules: Sequence[AnyRule]) -> Iterator[Finding]:
    by_place: dict[int, str] = {}
    by_item: dict[str, int] = {}
    for place, item in places(rules):
        if (other := by_place.setdefault(place, item)) != item:
            yield _conflict(f"{other!r} and {item!r} are both to stand at place {place + 1}")
        elif (at := by_item.setdefault(item, place)) != place:
            yield _conflict(f"{item!r} is to stand at place {at + 1} and at place {place + 1}")


def _beside(
    draft: StrategyDraft, rules: Sequence[AnyRule], others: Sequence[StrategyVersion],
    decisions: Mapping[str, Decision],
) -> Iterator[Finding]:  # fmt: skip
    mine = list(places(rules))
    for one in others:
        other = one.draft
        if other.name == draft.name or other.mode is Mode.OFF or not draft.schedule.overlaps(other.schedule):
            continue
        if other.decision == draft.decision and other.scope.same(draft.scope):
            message = f"{other.name!r} runs {draft.decision!r} in the same scope at the same time"
            yield error(
                "SCHEDULE_OVERLAP", message, "change that one, or make the schedules or scopes differ", "schedule"
            )
            continue
        if not mine or other.priority != draft.priority or not draft.scope.meets(other.scope):
            continue
        theirs = list(places(rules_of(other, decisions)[0]))
        at, of = dict(theirs), {item: place for place, item in theirs}
        for place, item in mine:
            if at.get(place, item) != item:
                yield _conflict(f"{other.name!r} has {at[place]!r} at place {place + 1}, and this {item!r}")
            elif of.get(item, place) != place:
                yield _conflict(f"{other.name!r} has {item!r} at place {of[item] + 1}, and this at place {place + 1}")


def _conflict(message: str) -> Finding:
    hint = "take one of the pins out; of two strategies, another priority or a scope that does not meet would do"
    return error("PINS_CONFLICT", message, hint, "parameters.rules")
