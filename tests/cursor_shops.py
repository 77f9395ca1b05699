"""Toy shops that page by cursor, in strawberry: one of Saleor's shape, one of Shopify's Storefront shape."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from personalize import assets

LIMIT, WINDOW, PRIVATE = 10, 24, 10
"""The sizes of the toys' maps: small, so that few rows show what happens at their ends."""


@dataclass
class Rack:
    """The goods of a toy: product numbers by rank. `broken` are products whose `note` fails; `asked` counts lists."""

    rows: list[tuple[float, int]]
    broken: set[int] = field(default_factory=set)
    personal: bool = False
    asked: int = 0

    def page(
        self, first: int | None, after: str | None, last: int | None, before: str | None, back: bool = False
    ) -> tuple[list[tuple[float, int]], bool, bool]:
        """The rows of a page, and whether rows stand before and behind it. Raises ValueError as such shops do."""
        self.asked += 1
        if (first is None) == (last is None):
            raise ValueError("you must provide one of first or last")
        size = first if first is not None else last
        assert size is not None
        if not 0 <= size <= LIMIT:
            raise ValueError(f"at most {LIMIT} rows")
        rows = sorted(self.rows, reverse=back)
        sign = -1 if back else 1
        start, end = 0, len(rows)
        if after is not None:
            start = sum(sign * rank <= sign * _rank(after) for rank, _ in rows)
        if before is not None:
            end = sum(sign * rank < sign * _rank(before) for rank, _ in rows)
        if first is not None:
            end = min(end, start + size)
        else:
            start = max(start, end - size)
        return rows[start:end], start > 0, end < len(rows)


def _rank(cursor: str) -> float:
    try:
        return float(base64.b64decode(cursor, validate=True))
    except ValueError:
        raise ValueError("invalid cursor") from None


def cursor_of(rank: float) -> str:
    """The cursor at a rank: like Saleor's and Shopify's it holds where an item sorts, so it outlives the item."""
    return base64.b64encode(str(rank).encode()).decode()


@strawberry.type
class PageInfo:
    """Where a page begins and ends."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def _info(rows: Sequence[tuple[float, int]], before: bool, more: bool) -> PageInfo:
    cursors = [cursor_of(rank) for rank, _ in rows]
    ends = (cursors[0], cursors[-1]) if cursors else (None, None)
    return PageInfo(has_next_page=more, has_previous_page=before, start_cursor=ends[0], end_cursor=ends[1])


def _note(rack: Rack, number: int) -> str | None:
    if number in rack.broken:
        raise ValueError(f"no note on {number}")
    return f"note {number}"


# -- Saleor ------------------------------------------------------------------------------------------------------


@strawberry.type
class Money:
    """Major units."""

    amount: float
    currency: str


@strawberry.type
class TaxedMoney:
    """With tax."""

    gross: Money


@strawberry.type
class TaxedMoneyRange:
    """From the cheapest variant on."""

    start: TaxedMoney | None


@strawberry.type
class ProductPricingInfo:
    """Prices in one channel."""

    price_range: TaxedMoneyRange | None


@strawberry.type
class Category:
    """A category."""

    id: strawberry.ID
    name: str


@strawberry.type(name="Product")
class SaleorProduct:
    """A product in one channel."""

    id: strawberry.ID
    name: str
    category: Category | None
    number: strawberry.Private[int]

    @strawberry.field
    def note(self, info: strawberry.Info) -> str | None:
        """A field that may fail."""
        return _note(info.context, self.number)

    @strawberry.field
    def pricing(self) -> ProductPricingInfo | None:
        """Decimal prices."""
        money = Money(amount=self.number + 0.95, currency="EUR")
        return ProductPricingInfo(price_range=TaxedMoneyRange(start=TaxedMoney(gross=money)))


@strawberry.type
class ProductCountableEdge:
    """A product at a cursor."""

    cursor: str
    node: SaleorProduct


@strawberry.type
class ProductCountableConnection:
    """A page of products."""

    edges: list[ProductCountableEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.input
class ProductOrder:
    """A sort."""

    field: str
    direction: str


@strawberry.input
class ProductFilterInput:
    """A filter."""

    categories: list[strawberry.ID] | None = None


@strawberry.type(name="Query")
class SaleorQuery:
    """Saleor's root."""

    @strawberry.field
    def products(
        self, info: strawberry.Info, before: str | None = None, after: str | None = None, first: int | None = None,
        last: int | None = None, channel: str | None = None, search: str | None = None,
        sort_by: ProductOrder | None = None, filter: ProductFilterInput | None = None,
    ) -> ProductCountableConnection | None:  # fmt: skip
        """The list."""
        rack: Rack = info.context
        rows, has_previous, more = rack.page(first, after, last, before, back=bool(sort_by))
        edges = [
            ProductCountableEdge(
                cursor=cursor_of(rank),
                node=SaleorProduct(
                    id=_id(n), name=f"{channel} {n}", category=Category(id=_id(n % 3), name="C"), number=n
                ),
            )
            for rank, n in rows
        ]
        return ProductCountableConnection(
            edges=edges, page_info=_info(rows, has_previous, more), total_count=len(rack.rows)
        )

    @strawberry.field
    def product(self, id: strawberry.ID, channel: str | None = None) -> SaleorProduct | None:
        """One."""
        return SaleorProduct(id=id, name=f"{channel} {id}", category=None, number=int(id))


# -- Shopify -----------------------------------------------------------------------------------------------------


@strawberry.type
class MoneyV2:
    """A decimal as text."""

    amount: str
    currency_code: str


@strawberry.type
class ProductPriceRange:
    """Prices of the variants."""

    min_variant_price: MoneyV2


@strawberry.type(name="Product")
class ShopifyProduct:
    """A product."""

    id: strawberry.ID
    title: str
    vendor: str
    number: strawberry.Private[int]

    @strawberry.field
    def note(self, info: strawberry.Info) -> str | None:
        """A field that may fail."""
        return _note(info.context, self.number)

    @strawberry.field
    def price_range(self) -> ProductPriceRange:
        """Decimal prices."""
        return ProductPriceRange(min_variant_price=MoneyV2(amount=f"{self.number}.50", currency_code="EUR"))


@strawberry.type
class ProductEdge:
    """A product at a cursor."""

    cursor: str
    node: ShopifyProduct


@strawberry.type
class ProductConnection:
    """A page of products."""

    edges: list[ProductEdge]
    page_info: PageInfo

    @strawberry.field
    def nodes(self) -> list[ShopifyProduct]:
        """The products without their edges."""
        return [edge.node for edge in self.edges]


def _shopify(rack: Rack, first: int | None, after: str | None, last: int | None, before: str | None, back: bool
             ) -> ProductConnection:  # fmt: skip
    rows, has_previous, more = rack.page(first, after, last, before, back)
    edges = [
        ProductEdge(cursor=cursor_of(rank), node=ShopifyProduct(id=_id(n), title=f"T{n}", vendor=f"V{n % 3}", number=n))
        for rank, n in rows
    ]
    return ProductConnection(edges=edges, page_info=_info(rows, has_previous, more))


@strawberry.type
class Collection:
    """A collection."""

    handle: str

    @strawberry.field
    def products(
        self, info: strawberry.Info, first: int | None = None, after: str | None = None, last: int | None = None,
        before: str | None = None, sort_key: str | None = None, reverse: bool | None = False,
    ) -> ProductConnection:  # fmt: skip
        """Its products."""
        return _shopify(info.context, first, after, last, before, bool(reverse))


@strawberry.type
class QueryRoot:
    """Shopify's root."""

    @strawberry.field
    def products(
        self, info: strawberry.Info, first: int | None = None, after: str | None = None, last: int | None = None,
        before: str | None = None, sort_key: str | None = None, reverse: bool | None = False, query: str | None = None,
    ) -> ProductConnection:  # fmt: skip
        """The list."""
        return _shopify(info.context, first, after, last, before, bool(reverse))

    @strawberry.field
    def collection(self, handle: str | None = None) -> Collection | None:
        """A collection."""
        return Collection(handle=handle or "all")


def _id(number: int) -> strawberry.ID:
    return strawberry.ID(str(number))


class Quiet(strawberry.Schema):
    """A schema that answers errors and does not print them."""

    def process_errors(self, errors: list[Any], execution_context: Any = None) -> None:
        """Nothing."""


@strawberry.type
class Mutation:
    """Something to do."""

    @strawberry.mutation
    def wave(self) -> str:
        """Nothing."""
        return "hello"


SCHEMAS = {"saleor": Quiet(SaleorQuery, Mutation), "shopify": Quiet(QueryRoot, Mutation)}


@dataclass(eq=False)
class CursorShop:
    """An ASGI app of one of the shapes over a rack of goods."""

    kind: str
    rack: Rack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = orjson.loads(await Request(scope, receive).body())
        result: Any = await SCHEMAS[self.kind].execute(
            asked["query"], asked.get("variables"), self.rack, operation_name=asked.get("operationName")
        )
        body: dict[str, Any] = {}
        if result.data is not None or not result.errors:
            body["data"] = result.data
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        await Response(orjson.dumps(body), media_type="application/json")(scope, receive, send)


def small_map(kind: str, folder: Path) -> str:
    """Our map of that shop with the toys' sizes, as a file below `folder`; its path is the setting `shop`."""
    text = assets.shop_map(kind).read_text(encoding="utf-8")
    for name, size in (("limit", LIMIT), ("window", WINDOW), ("private", PRIVATE)):
        text = re.sub(rf"\b{name}: \d+", f"{name}: {size}", text)
    path = folder / f"small-{kind}.graphql"
    path.write_text(text, encoding="utf-8")
    return str(path)


def rack_of(count: int, **more: Any) -> Rack:
    """`count` products in a row."""
    return Rack([(float(number), number) for number in range(count)], **more)
