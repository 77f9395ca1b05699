"""Hidden fields: what we add to a selection to read items and carts, and how their values are read back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from personalize.gateway.document.raw import Raws
from personalize.gateway.document.slots import PREFIX
from personalize.shops.map import CartMap, ItemMap

TYPENAME = f"{PREFIX}t"
KEY = f"{PREFIX}key"
HIDDEN = f'"{PREFIX}'.encode()
MAX_KNOWN = 10_000
MAX_BYTES = 2_048
"""Items of one type whose reading is remembered, and the bytes such an item may have."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as read from a node; `row` names this very row (the variant), `price` is in major units or NaN."""

    row: str
    id: str
    title: str
    price: float
    currency: str
    attributes: Mapping[str, object]


RowKey = tuple[str, str, float]
"""What tells the rows of an answer apart: the product, the row itself, and the price that it shows."""


def row_key(item: Item) -> RowKey:
    """The key of a row."""
    return item.id, item.row, item.price


class ItemFields:
    """The hidden fields of one item type.

    `number` keeps the aliases of several types of one list apart; None is the item by itself, outside a listing, in
    the place of our own field on it.
    """

    def __init__(self, item: ItemMap, number: int | None = 0) -> None:
        self.item = item
        self.prefix = f"{PREFIX}{item.type if number is None else number}_"
        self.mark = f"{PREFIX}{item.type}_id"
        wanted = {"id": item.id, "variant": item.variant, "title": item.title}
        wanted |= {"price": item.price, "currency": item.currency}
        wanted |= {f"a{n}": leaf.selection for n, leaf in enumerate(item.attributes)}
        self.names = {name: self.prefix + name for name, selection in wanted.items() if selection}
        self.text = " ".join(f"{self.names[name]}: {wanted[name]}" for name in self.names)
        self._known: dict[tuple[bytes | None, ...], Item | None] = {}

    def read(self, node: Raws) -> Item | None:
        """Take our fields out of `node` and read them; None where the id is missing or null.

        Equal bytes give the same Item, which is remembered: a shop says the same of a product to everybody.
        """
        node.pop(KEY, None)  # our own field on this item is filled from what is read here
        if self.mark in node and self.mark != self.names["id"]:  # a fragment that is used elsewhere, too
            item_fields(self.item, None).read(node)
        taken = [node.pop(alias, None) for alias in self.names.values()]
        raws = tuple([None if raw is None else bytes(memoryview(raw)) for raw in taken])
        if raws in self._known:
            return self._known[raws]
        item = self._read(raws)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        if sum(len(raw) for raw in raws if raw is not None) <= MAX_BYTES:
            self._known[raws] = item
        return item

    def _read(self, raws: tuple[bytes | None, ...]) -> Item | None:
        found: dict[str, Any] = {
            name: None if raw is None else msgspec.json.decode(raw) for name, raw in zip(self.names, raws, strict=True)
        }
        identity = _first(found["id"])
        if identity is None:
            return None
        row = _first(found.get("variant"))
        attributes = {}
        for number, leaf in enumerate(self.item.attributes):
            value = found[f"a{number}"]
            if value is not None:
                attributes[leaf.name] = [str(v) for v in leaves(value)] if _plural(value) else _first(value)
        return Item(
            row=str(identity if row is None else row), id=str(identity), title=str(_first(found.get("title")) or ""),
            price=amount(found.get("price"), minor=self.item.minor_units),
            currency=str(_first(found.get("currency")) or ""), attributes=attributes,
        )  # fmt: skip


@lru_cache(maxsize=256)
def item_fields(item: ItemMap, number: int | None = 0) -> ItemFields:
    """The hidden fields of an item type, with what they have read before."""
    return ItemFields(item, number)


def known_by(identity: str) -> Item:
    """An item of which nothing but its id is known."""
    return Item(row=identity, id=identity, title="", price=math.nan, currency="", attributes={})


def text_of(items: Iterable[ItemMap], *, abstract: bool) -> str:
    """The hidden selection for a list whose items are of these types."""
    if not abstract:
        return item_fields(next(iter(items))).text
    return " ".join(f"... on {item.type} {{ {item_fields(item, n).text} }}" for n, item in enumerate(items))


def cart_text(cart: CartMap | None, *, abstract: bool) -> str:
    """The hidden selection that tells success from failure and, for a cart, what lies in it."""
    if cart is None:
        return f"{TYPENAME}: __typename"
    lines = {
        "line": cart.line,
        "item": cart.item,
        "variant": cart.variant,
        "quantity": cart.quantity,
        "price": cart.price,
        "charged": cart.charged,
    }
    inner = " ".join(f"{PREFIX}{name}: {selection}" for name, selection in lines.items() if selection)
    outer = {"code": cart.id, "state": cart.state, "currency": cart.currency, "codes": cart.codes}
    text = " ".join(f"{PREFIX}{name}: {selection}" for name, selection in outer.items() if selection)
    text += f" {PREFIX}lines: {cart.lines_of(inner)}"
    return f"{TYPENAME}: __typename " + (f"... on {cart.type} {{ {text} }}" if abstract else text)


def leaves(value: object) -> Iterator[str | float | int | bool]:
    """Every scalar below a JSON value, in document order; nulls are left out."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str | int | float):
        yield value


def amount(value: object, *, minor: bool) -> float:
    """The least number below `value` in major units, NaN where there is none.

    Minor units are taken as hundredths, which holds for every currency Vendure stores (two decimals by default).
    """
    least = math.inf
    for leaf in leaves(value):
        try:
            number = float(leaf)
        except ValueError:
            continue
        if not isinstance(leaf, bool) and math.isfinite(number):
            least = min(least, number)
    if least is math.inf:
        return math.nan
    return least / 100 if minor else least


def _plural(value: object) -> bool:
    """Whether a list lies anywhere above the leaves of a value."""
    return isinstance(value, list) or (isinstance(value, dict) and any(_plural(inner) for inner in value.values()))


def _first(value: object) -> Any:
    return next(leaves(value), None)
