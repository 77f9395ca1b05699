"""Guesses which object types are products and how each is read: id, variant, title, price, currency, properties."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from personalize.shops.draft_attributes import Attribute, attributes, held_as_ids
from personalize.shops.draft_guess import Directive, Entry, Guess, Sure
from personalize.shops.draft_prices import Price, currency_beside, prices
from personalize.shops.draft_shapes import (
    Composite,
    composite,
    holds,
    is_leaf,
    is_many,
    object_types,
    pick,
    possible,
    through,
    usable,
)
from personalize.shops.draft_words import (
    IDS,
    NOT_ITEM,
    NOT_ITEM_LAST,
    PICTURES,
    PRODUCT,
    PRODUCT_IDS,
    PRODUCT_REFERENCES,
    SLUGS,
    TITLES,
    VARIANT,
    VARIANT_IDS,
    VARIANTS,
    WEAK_IDS,
    has,
    joined,
    words,
)


@dataclass(frozen=True, slots=True)
class Item:
    """How a type would be read as an item. `called_product`: its name says so too, not only its shape."""

    kind: GraphQLObjectType
    id: str
    title: str
    called_product: bool
    why: str
    variant: str | None = None
    price: Price | None = None
    other_prices: tuple[str, ...] = ()
    by_variants: str | None = None
    currency: str | None = None
    ids: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = field(default=())

    @property
    def is_variant(self) -> bool:
        """Whether several rows of this type may be variants of one product."""
        return self.variant is not None

    def entry(self) -> Entry:
        """The item in the map."""
        given = {"id": self._id()}
        if self.variant:
            given["variant"] = Guess(self.variant, f"{self.kind.name} names a product, so a row is one of its variants")
        given["title"] = Guess(self.title, "a name or title, by its name", Sure.SURE)
        if self.price is not None:
            why = "what a shopper pays, by its name" if self.by_variants is None else (
                f"{self.kind.name} has no price of its own: the least of its {self.by_variants} (costs the shop a join)"
            )  # fmt: skip
            given["price"] = Guess(self.price.selection, why, Sure.LIKELY, self.other_prices)
            if self.currency:
                given["currency"] = Guess(self.currency, "the currency nearest to the price")
            given["minorUnits"] = Guess(self.price.minor, self.price.units, self.price.sure)
        if any(one.live for one in self.attributes):
            why = "what tastes are learned from: drop what is noise, add what shoppers filter by"
            given["attributes"] = Guess(tuple(one.guess() for one in self.attributes), why)
        sure = Sure.LIKELY if self.called_product else Sure.UNSURE
        why = self.why if self.price is not None else f"{self.why}; no price was found, name it where there is one"
        return Entry(self.kind.name, (Directive("item", given),), Guess(None, why, sure))

    def _id(self) -> Guess:
        why = "the product's id: every type of this shop has to name a product by the same id"
        return Guess(self.id, why, Sure.LIKELY if self.variant else Sure.SURE, self.ids)


def find_items(schema: GraphQLSchema) -> dict[str, Item]:
    """Every type that looks like an item, by name; which of them are used is seen later."""
    looking = {kind.name: item for kind in object_types(schema) if (item := _looks(schema, kind)) is not None}
    found = {}
    for name, item in looking.items():
        if item.price is None:
            item = _priced_by_variants(schema, item, looking)
        shown = "product" in words(name) and any(joined(n) in SLUGS or joined(n) in PICTURES for n in item.kind.fields)
        if item.price is not None or shown:
            found[name] = _told_apart(schema, item, looking)
    by_id = held_as_ids(item.kind for item in found.values())
    return {
        name: replace(item, attributes=tuple(attributes(schema, item.kind, by_id, found)))
        for name, item in found.items()
    }


def _looks(schema: GraphQLSchema, kind: GraphQLObjectType) -> Item | None:
    said = words(kind.name)
    if not said or set(said) & NOT_ITEM or said[-1] in NOT_ITEM_LAST:
        return None
    named = pick(kind, IDS, _scalar)
    ids = list(dict.fromkeys([*(name for name in named if joined(name) not in WEAK_IDS), *_own_ids(kind), *named]))
    titles = pick(kind, TITLES, _scalar)
    if not ids or not titles:
        return None
    found = prices(schema, kind)
    price = found[0] if found else None
    called = bool(set(said) & PRODUCT) or joined(ids[0]) in PRODUCT_IDS
    shape = ", ".join(["an id", titles[0], *([price.selection] if price else [])])
    return Item(
        kind, ids[0], titles[0], called, f"{kind.name} has {shape}",
        price=price, other_prices=tuple(one.selection for one in found[1:4]),
        currency=(price.currency or currency_beside(kind)) if price else None, ids=tuple(ids[1:4]),
    )  # fmt: skip


def _priced_by_variants(schema: GraphQLSchema, item: Item, looking: dict[str, Item]) -> Item:
    """The item with the price of its variants, or of what else it is sold as, where it leads to any that have one."""
    leading = sorted(usable(item.kind), key=lambda pair: (joined(pair[0]) not in VARIANTS, not has(pair[0], VARIANT)))
    for name, one in leading:
        way = through(name, one)
        if way is None or not (joined(name) in VARIANTS or has(name, VARIANT) or _sold_as(one, way[1], looking)):
            continue
        wrap, inner = way
        found = prices(schema, inner)
        if not found or not holds(schema, item.kind.name, wrap(found[0].selection)):
            continue
        best = found[0]
        currency = best.currency or currency_beside(inner)
        kept = wrap(currency) if currency else currency_beside(item.kind)
        return replace(
            item, price=replace(best, selection=wrap(best.selection)), currency=kept, by_variants=name,
            other_prices=tuple(wrap(other.selection) for other in found[1:4]),
        )  # fmt: skip
    return item


def _sold_as(one: GraphQLField, inner: Composite, looking: dict[str, Item]) -> bool:
    """Whether a list looks like what an item is sold as (the bottles of a wine), not like further items."""
    return inner.name not in looking and not has(inner.name, NOT_ITEM) and (is_many(one) or composite(one) is not inner)


def _told_apart(schema: GraphQLSchema, item: Item, looking: dict[str, Item]) -> Item:
    """The item with its product's id where it is a variant, or a search result that names both."""
    kind, own = item.kind, pick(item.kind, ("id", "uid", "sku", "code"), _scalar)
    # An ArticleVariant is one of an Article, though no list of words says so.
    others = looking.keys() - {kind.name} if has(kind.name, VARIANT) else set[str]()
    wholes = sorted(joined(other) for other in others if kind.name.startswith(other))
    references = {*PRODUCT_REFERENCES, *wholes}
    product_ids = pick(kind, (*PRODUCT_IDS, *(f"{whole}id" for whole in wholes)), _scalar)
    variants = pick(kind, VARIANT_IDS, _scalar)
    if words(kind.name)[-1] != "product" and product_ids and (variants or own):
        return replace(item, id=product_ids[0], variant=(variants or own)[0], ids=())
    for name in sorted(kind.fields, key=lambda n: joined(n) not in PRODUCT_REFERENCES[:1]):
        one = kind.fields[name]
        if joined(name) not in references or is_many(one) or not own:
            continue
        for target in possible(schema, composite(one)):
            there = looking.get(target.name)
            inner = there and (there.id if composite(one) is target else f"... on {target.name} {{ {there.id} }}")
            if there and target is not kind and holds(schema, kind.name, f"{name} {{ {inner} }}"):
                return replace(item, id=f"{name} {{ {inner} }}", variant=own[0], ids=())
    if words(kind.name)[-1] == "product" and own:
        return replace(item, id=own[0], ids=tuple(dict.fromkeys(one for one in (*own, *item.ids) if one != own[0])))
    return item


def _own_ids(kind: GraphQLObjectType) -> list[str]:
    """`shoeId` of a Shoe."""
    return [name for name, one in usable(kind) if joined(name) == f"{kind.name.lower()}id" and _scalar(one)]


def _scalar(one: GraphQLField) -> bool:
    return is_leaf(one) and not is_many(one) and get_named_type(one.type).name != "Boolean"
