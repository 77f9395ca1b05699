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
    GROUPS,
    IDS,
    LEADING,
    NOT_ITEM,
    NOT_ITEM_LAST,
    PICTURES,
    PRODUCT,
    PRODUCT_IDS,
    PRODUCT_REFERENCES,
    QUANTITY,
    SLUGS,
    TITLES,
    VARIANT,
    VARIANT_IDS,
    VARIANTS,
    WEAK_IDS,
    WITHIN,
    has,
    joined,
    words,
)


@dataclass(frozen=True, slots=True)
class Item:
    """How a type would be read as an item. `called_product`: its name says so too, not only its shape.

    `inside` are the fields that lead to what there is to say of it, where its objects have but an id themselves
    (`attributes`, `masterData { current }`); `body` is the type there.
    """

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
    inside: tuple[str, ...] = ()
    within: Composite | None = None

    @property
    def body(self) -> Composite:
        """The type that holds its title."""
        return self.within or self.kind

    def wrap(self, selection: str) -> str:
        """A selection on the body as one on the item."""
        for name in reversed(self.inside):
            selection = f"{name} {{ {selection} }}"
        return selection

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
            if "prices {" in self.price.selection:
                why += "; where prices are of several currencies, the least of all is none"
            given["price"] = Guess(self.price.selection, why, Sure.LIKELY, self.other_prices)
            if self.currency:
                given["currency"] = Guess(self.currency, "the currency nearest to the price")
            else:
                given["currency"] = Guess("...", "no currency stands near the price; events lack it", live=False)
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
    referenced = _referenced(schema)
    looking = {
        kind.name: item for kind in object_types(schema) if (item := _looks(schema, kind, referenced)) is not None
    }
    for body in {item.within.name for item in looking.values() if item.within is not None}:
        looking.pop(body, None)  # what another type says of itself
    found = {}
    for name, item in looking.items():
        if item.price is None:
            item = _priced_by_variants(schema, item, looking)
        shown = "product" in words(name) and any(joined(n) in SLUGS or joined(n) in PICTURES for n in item.kind.fields)
        if item.price is not None or shown:
            found[name] = _told_apart(schema, item, looking)
    by_id = held_as_ids(item.body for item in found.values())
    return {
        name: replace(
            item,
            attributes=tuple(
                replace(one, selection=item.wrap(one.selection)) for one in attributes(schema, item.body, by_id, found)
            ),
        )
        for name, item in found.items()
    }


def _looks(schema: GraphQLSchema, kind: GraphQLObjectType, referenced: frozenset[str]) -> Item | None:
    said = words(kind.name)
    if not said or set(said) & NOT_ITEM or said[-1] in NOT_ITEM_LAST:
        return None
    if set(said) & GROUPS and not set(said) & PRODUCT:
        return None
    named = pick(kind, IDS, _scalar)
    ids = list(dict.fromkeys([*(name for name in named if joined(name) not in WEAK_IDS), *_own_ids(kind), *named]))
    if "productid" not in referenced:  # carts name products in a way of their own
        ids.sort(key=lambda name: f"product{joined(name)}" not in referenced)
    inside, body = _body(schema, kind) if ids else ((), kind)
    titles = pick(body, TITLES, _scalar)
    if not ids or not titles:
        return None
    found = prices(schema, body)
    price = found[0] if found else None
    called = bool(set(said) & PRODUCT) or joined(ids[0]) in PRODUCT_IDS
    shape = ", ".join(["an id", titles[0], *([price.selection] if price else [])])
    currency = (price.currency or currency_beside(body)) if price else None
    if inside and (of_product := pick(body, PRODUCT_IDS, _scalar)):
        ids = [f"{' { '.join([*inside, of_product[0]])}{' }' * len(inside)}", *ids]
    item = Item(kind, ids[0], "", called, f"{kind.name} has {shape}", ids=tuple(ids[1:4]), inside=inside,
                within=body if inside else None)  # fmt: skip
    return replace(
        item, title=item.wrap(titles[0]), price=price and replace(price, selection=item.wrap(price.selection)),
        other_prices=tuple(item.wrap(one.selection) for one in found[1:4]), currency=currency and item.wrap(currency),
    )  # fmt: skip


def _body(schema: GraphQLSchema, kind: Composite, depth: int = 2) -> tuple[tuple[str, ...], Composite]:
    """The fields that lead to a title, and the type that has it: the type itself, or one of an object in it."""
    if pick(kind, TITLES, _scalar) or not depth or has(kind.name, VARIANT):
        return (), kind
    for name in pick(kind, WITHIN, lambda one: composite(one) is not None and not is_many(one)):
        inner = composite(dict(usable(kind))[name])
        if inner is None or any(composite(one) is kind for _, one in usable(inner)):
            continue  # it leads back: this is one of its variants, or of its offers
        further, body = _body(schema, inner, depth - 1)
        if pick(body, TITLES, _scalar):
            return (name, *further), body
    return (), kind


def _referenced(schema: GraphQLSchema) -> frozenset[str]:
    """What lines of carts call the id of a product, where it is all that they know of it."""
    found: set[str] = set()
    for kind in object_types(schema):
        if pick(kind, QUANTITY, _scalar):
            found |= {joined(name) for name, one in usable(kind) if _scalar(one)}
    return frozenset(found)


def _priced_by_variants(schema: GraphQLSchema, item: Item, looking: dict[str, Item]) -> Item:
    """The item with the price of its variants, or of what else it is sold as, where it leads to any that have one."""
    leading = sorted(
        usable(item.body),
        key=lambda pair: (
            not (has(pair[0], LEADING) and has(pair[0], VARIANT)), joined(pair[0]) not in VARIANTS,
            not has(pair[0], VARIANT),
        ),
    )  # fmt: skip
    for name, one in leading:
        way = through(name, one)
        if way is None or not (
            joined(name) in VARIANTS or has(name, VARIANT) or _sold_as(schema, one, way[1], looking)
        ):
            continue
        wrap, inner = way
        found = prices(schema, inner)
        if not found or not holds(schema, item.body.name, wrap(found[0].selection)):
            continue
        best = found[0]
        currency = best.currency or currency_beside(inner)
        kept = wrap(currency) if currency else currency_beside(item.body)
        return replace(
            item, price=replace(best, selection=item.wrap(wrap(best.selection))), by_variants=name,
            currency=kept and item.wrap(kept),
            other_prices=tuple(item.wrap(wrap(other.selection)) for other in found[1:4]),
        )  # fmt: skip
    return item


def _sold_as(schema: GraphQLSchema, one: GraphQLField, inner: Composite, looking: dict[str, Item]) -> bool:
    """Whether a list looks like what an item is sold as (the bottles of a wine), not like further items."""
    if has(inner.name, NOT_ITEM) or any(kind.name in looking for kind in possible(schema, inner)):
        return False
    return is_many(one) or composite(one) is not inner


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
    if words(kind.name)[-1] == "product" and own and joined(item.id) in PRODUCT_IDS:
        return replace(item, id=own[0], ids=tuple(dict.fromkeys(one for one in (*own, *item.ids) if one != own[0])))
    return item


def _own_ids(kind: GraphQLObjectType) -> list[str]:
    """`shoeId` of a Shoe."""
    return [name for name, one in usable(kind) if joined(name) == f"{kind.name.lower()}id" and _scalar(one)]


def _scalar(one: GraphQLField) -> bool:
    return is_leaf(one) and not is_many(one) and get_named_type(one.type).name != "Boolean"
