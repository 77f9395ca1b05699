"""The rules of merchandising: what an operator orders by hand, as typed values read from JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from personalize.domain.desk.reading import nearest
from personalize.errors import DeskError

MAX_RULES = 100
MAX_ITEMS = 200

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Place = Annotated[int, msgspec.Meta(ge=1, le=500)]
"""Counted from 1, as people do: the first place of a list is 1."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One rule; its `kind` says which."""


class Pin(Rule, frozen=True, tag="pin"):
    """This item stands at this place."""

    item: Word
    place: Place


class InSequence(Rule, frozen=True, tag="sequence"):
    """These stand one after the other in this order, the first of them at this place; missing ones leave no gap."""

    items: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    place: Place = 1


class Choice(Rule, frozen=True):
    """Which items: those named, or those whose attribute (a name of the shop map, as `facet`) has this value."""

    items: Annotated[tuple[Word, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    attribute: Annotated[str, msgspec.Meta(max_length=200)] = ""
    value: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __post_init__(self) -> None:
        if bool(self.items) == bool(self.attribute) or bool(self.attribute) != bool(self.value):
            raise ValueError("expected either `items`, or `attribute` and `value`")


class Boost(Choice, frozen=True, tag="boost"):
    """They count as standing at 2 ** -strength of their place: with strength 2 the item at place 40 competes at 10."""

    strength: Annotated[float, msgspec.Meta(gt=0, le=10)] = 2.0


class Bury(Choice, frozen=True, tag="bury"):
    """They go to the window's end; nothing is ever hidden."""


class Share(Rule, frozen=True, tag="share"):
    """Of the first `first` places at most, or at least, so many go to items whose attribute has this value."""

    attribute: Word
    value: Word
    first: Annotated[int, msgspec.Meta(ge=1, le=100)]
    at_most: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    at_least: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None

    def __post_init__(self) -> None:
        if self.at_most is None and self.at_least is None:
            raise ValueError("expected `at_most`, `at_least` or both")
        if (self.at_least or 0) > min(self.first, self.first if self.at_most is None else self.at_most):
            raise ValueError("expected `at_least` to be no more than `first` and `at_most`")


class Apart(Rule, frozen=True, tag="apart"):
    """An item whose attribute has this value never stands next to one that has the other; both may be the same."""

    attribute: Word
    value: Word
    other_value: Word
    other_attribute: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Empty: the same attribute."""


AnyRule = Pin | InSequence | Boost | Bury | Share | Apart
KINDS = ("pin", "sequence", "boost", "bury", "share", "apart")


def read_rules(raw: object) -> tuple[AnyRule, ...]:
    """The rules in a JSON list. Raises DeskError that names the rule (counted from 1) and what was expected."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) > MAX_RULES:
        raise DeskError(f"rules: expected a list of at most {MAX_RULES} rules", code="RULE_INVALID")
    return tuple(_read(number, one) for number, one in enumerate(raw, 1))


def _read(number: int, raw: object) -> AnyRule:
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if kind not in KINDS:
        raise DeskError(
            f"rule {number} is of kind {kind!r}, expected one of: {', '.join(KINDS)}",
            code="RULE_INVALID", hint=nearest(str(kind), KINDS),
        )  # fmt: skip
    try:
        return msgspec.convert(raw, AnyRule)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        told = str(error).replace("`", "'").replace(" - at '$'", "").replace("Object contains", "there is")
        known = next(one for one in _STRUCTS if one.__struct_config__.tag == kind).__struct_fields__
        odd = [key for key in raw if key != "kind" and key not in known] if isinstance(raw, Mapping) else []
        hint = nearest(str(odd[0]), known) if odd else ""
        raise DeskError(f"rule {number} ({kind}): {told}", code="RULE_INVALID", hint=hint) from None


_STRUCTS: tuple[Any, ...] = (Pin, InSequence, Boost, Bury, Share, Apart)


def places(rules: Sequence[AnyRule]) -> Iterator[tuple[int, str]]:
    """The places (counted from 0) that pins and sequences give, as if every item were there."""
    for rule in rules:
        if isinstance(rule, Pin):
            yield rule.place - 1, rule.item
        elif isinstance(rule, InSequence):
            yield from enumerate(rule.items, rule.place - 1)


def items_of(rules: Sequence[AnyRule]) -> list[str]:
    """Every item that a rule names, each once, in order."""
    found: dict[str, None] = {}
    for rule in rules:
        if isinstance(rule, Pin):
            found[rule.item] = None
        elif isinstance(rule, InSequence | Choice):
            found |= dict.fromkeys(rule.items)
    return list(found)


def attributes_of(rules: Sequence[AnyRule]) -> list[tuple[str, str]]:
    """Every attribute and value that a rule goes by, each once, in order."""
    found: dict[tuple[str, str], None] = {}
    for rule in rules:
        if isinstance(rule, Choice | Share | Apart) and rule.attribute:
            found[rule.attribute, rule.value] = None
        if isinstance(rule, Apart):
            found[rule.other_attribute or rule.attribute, rule.other_value] = None
    return list(found)
