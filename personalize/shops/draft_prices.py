"""Guesses where a price stands below a type: money objects, ranges, unions, taxed or not, cents or decimals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from graphql import GraphQLEnumType, GraphQLField, GraphQLSchema, GraphQLUnionType, get_named_type, is_non_null_type

from personalize.shops.draft_guess import Sure
from personalize.shops.draft_shapes import Composite, composite, holds, is_leaf, is_many, possible, usable
from personalize.shops.draft_words import (
    AMOUNT,
    BETTER_PRICE,
    LESS_PRICE,
    LOW,
    MAJOR_SCALARS,
    MINOR,
    MINOR_SAID,
    MONEY_SCALARS,
    NOT_PRICE,
    OFFERS,
    PRICE,
    RAW_FORMATS,
    SALE_PRICE,
    SUMS,
    TAXED,
    UNTAXED,
    has,
    joined,
    words,
)

DEPTH = 5
CODES = ("iso", "isocode", "iso4217", "code")
MONEY_FIELDS = 5
"""Fields of an object in which a code is that of a currency."""
BRANCHES = 6
"""Members of a union looked at."""


@dataclass(frozen=True, slots=True)
class Price:
    """A way to a price. `currency` leads to its currency, None where none stands beside it."""

    selection: str
    score: float
    currency: str | None
    minor: bool
    sure: Sure
    units: str
    """Why the price is thought to be in minor units, or in decimals."""
    sale: bool = False
    """There only while there is a sale."""

    def within(self, wrap: str, score: float) -> Price:
        """The same price seen from the field `wrap` above."""
        return replace(
            self, selection=f"{wrap} {{ {self.selection} }}", score=score + self.score / 2,
            currency=self.currency and f"{wrap} {{ {self.currency} }}",
        )  # fmt: skip


def prices(schema: GraphQLSchema, kind: Composite, *, line: bool = False) -> list[Price]:
    """Ways to a price of this type, best first; `line`: the type is a line of a cart, and a price is for one piece."""
    found = sorted(_search(schema, kind, 0, line), key=lambda price: (-price.score, price.selection))
    return [price for price in found if holds(schema, kind.name, price.selection)]


def currency_beside(kind: Composite) -> str | None:
    """The selection of a currency among the fields of a type."""
    for name, field in usable(kind):
        if "currency" in words(name) and not is_many(field):
            inner = composite(field)
            if inner is None:
                return name
            codes = [n for n, f in usable(inner) if {"code", "iso"} & set(words(n)) and is_leaf(f) and not is_many(f)]
            if codes:
                return f"{name} {{ {codes[0]} }}"
    return None


def _iso(kind: Composite) -> str | None:
    """The currency in an object that is hardly more than an amount, where it is called otherwise: `{ value iso }`."""
    fields = usable(kind)
    codes = [name for name, field in fields if joined(name) in CODES and get_named_type(field.type).name == "String"]
    return codes[0] if codes and len(fields) <= MONEY_FIELDS else None


def _search(schema: GraphQLSchema, kind: Composite, depth: int, line: bool) -> Iterator[Price]:
    if isinstance(kind, GraphQLUnionType) or not any(True for _ in _scored(kind, depth, line)):
        if depth:
            yield from _branches(schema, kind, depth, line)
        return
    beside = currency_beside(kind) or (_iso(kind) if depth else None)
    for name, field, score in _scored(kind, depth, line):
        inner = composite(field)
        sale = _on_sale(name, field)
        if inner is None:
            if (units := _units(name, field, beside=beside is not None and depth > 0)) is not None:
                yield Price(name + _format(field), score, beside, *units, sale=sale)
        elif depth < DEPTH:
            best = _best(_search(schema, inner, depth + 1, line))
            if best is not None:
                yield replace(best.within(name, score), sale=sale)


def _best(found: Iterable[Price]) -> Price | None:
    """The best of prices side by side, with the one of a sale beside it: the least of both is what is paid."""
    ranked = sorted(found, key=lambda price: -price.score)
    if not ranked:
        return None
    best, sale = ranked[0], next((price for price in ranked if price.sale), None)
    if sale is not None and not best.sale and sale.minor == best.minor:
        best = replace(best, selection=f"{best.selection} {sale.selection}")
    return best


def _on_sale(name: str, field: GraphQLField) -> bool:
    return bool(set(words(name)) & SALE_PRICE) and not is_non_null_type(field.type)


def _format(field: GraphQLField) -> str:
    """`(format: RAW)`, where a field formats its price unless it is asked not to."""
    for name, argument in field.args.items():
        kind = get_named_type(argument.type)
        members = {joined(one): one for one in kind.values} if isinstance(kind, GraphQLEnumType) else {}
        plain = next((members[short] for short in RAW_FORMATS if short in members), None)
        if plain is not None and get_named_type(field.type).name == "String":
            return f"({name}: {plain})"
    return ""


def _branches(schema: GraphQLSchema, kind: Composite, depth: int, line: bool) -> Iterator[Price]:
    """One way through all members of a union or interface: a fragment each."""
    parts: list[tuple[str, Price]] = []
    for member in possible(schema, kind)[:BRANCHES]:
        if member is not kind:
            best = _best(_search(schema, member, depth, line))
            if best is not None:
                parts.append((member.name, best))
    if not parts:
        return
    first = parts[0][1]
    whole = " ".join(f"... on {name} {{ {part.selection} }}" for name, part in parts)
    if not holds(schema, kind.name, whole):  # members disagree on the type of one field
        parts = parts[:1]
        whole = f"... on {parts[0][0]} {{ {first.selection} }}"
    currencies = " ".join(f"... on {name} {{ {part.currency} }}" for name, part in parts if part.currency)
    if currencies and not holds(schema, kind.name, currencies):
        currencies = ""
    yield replace(first, selection=whole, currency=currencies or None)


def _scored(kind: Composite, depth: int, line: bool) -> Iterator[tuple[str, GraphQLField, float]]:
    for name, field in usable(kind):
        holder = bool(set(words(name)) & OFFERS) and composite(field) is not None
        score = -1.0 if holder and not depth else _score(words(name), depth, line)
        if score is None and not depth and has(get_named_type(field.type).name, PRICE | {"money"}):
            score = _score((*words(name), "price"), depth, line)  # `each: Price`
            score = None if score is None else score - 2
        if score is not None:
            score += 0.5 * is_non_null_type(field.type) - 0.5 * is_many(field)
            score -= 20 * (field.deprecation_reason is not None) + 6 * _on_sale(name, field)
            yield name, field, score


def _score(said: tuple[str, ...], depth: int, line: bool) -> float | None:
    """How much a field's words sound like what a shopper pays, None where they do not."""
    these = set(said)
    if these & NOT_PRICE or (depth and said in (("quantity",), ("qty",))):
        return None
    wanted = PRICE | AMOUNT | LOW if depth else PRICE
    if line and not depth:
        wanted = PRICE | {"cost", "amount"}
    if not these & wanted:
        return None
    score = -0.1 * len(said)
    if "tax" in these or "vat" in these:
        if these & TAXED:
            score += 3
        elif not these & UNTAXED:
            return None  # the tax itself
    if "gross" in these:
        score += 3
    score += 2 * bool(these & BETTER_PRICE) + 2 * bool(these & LOW) * bool(depth or these & PRICE)
    score -= 3 * bool(these & LESS_PRICE) + 3 * bool(these & UNTAXED) + 5 * bool(these & SUMS)
    score += (2 if line else -1) * ("unit" in these) - line * ("discounted" in these)
    return score


def _units(name: str, field: GraphQLField, *, beside: bool) -> tuple[bool, Sure, str] | None:
    """Whether a number is in minor units, how sure that is, and why; None where it is no number at all."""
    kind = get_named_type(field.type)
    scalar = set(words(kind.name))
    told = f"{field.description or ''} {kind.description or ''}"
    if isinstance(kind, GraphQLEnumType) or kind.name in ("Boolean", "ID"):
        return None
    if (set(words(name)) | scalar) & MINOR:
        return True, Sure.SURE, f"{name}: {kind.name} is called minor units"
    if MINOR_SAID.search(told):
        return True, Sure.LIKELY, f"the description of {name}: {kind.name} speaks of minor units"
    if kind.name == "Int":
        return True, Sure.LIKELY, f"{name} is a whole number, as cents are"
    if kind.name == "Float" or scalar & MAJOR_SCALARS:
        return False, Sure.LIKELY, f"{name}: {kind.name} holds decimals"
    if kind.name == "String" and _format(field):
        return False, Sure.LIKELY, f"{name} is asked for as a plain number"
    if kind.name == "String":
        return False, Sure.UNSURE, f"{name} is a String: a number in it is read as decimals, '$ 12' is no price"
    if not scalar & MONEY_SCALARS:
        return None
    if beside:
        return False, Sure.UNSURE, f"{kind.name} stands beside a currency, where decimals are usual; it may be cents"
    return True, Sure.UNSURE, f"the schema does not say what {kind.name} counts; say false where 12.90 is 12.9"
