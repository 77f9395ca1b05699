"""Drafted maps: what is guessed for shops of invented shapes, and that every draft fits its schema."""

from __future__ import annotations

from itertools import pairwise

import pytest
from graphql import GraphQLSchema, build_schema

from personalize.errors import MapError
from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.draft_words import singular, words
from personalize.shops.fit import fit
from personalize.shops.map import ABOVE, Cursors, EdgeMap, Numbers, Offsets, ShopMap, Told

FLAT = """
type Query {
  shoes(offset: Int = 0, limit: Int = 24, q: String, orderBy: ShoeOrder = BEST_MATCH, brandId: ID): ShoePage!
  shoe(id: ID!): Shoe
  bag: Bag
  me: Customer
}
type Customer { id: ID! email: String! viewedShoes(offset: Int, limit: Int): ShoePage! }
enum ShoeOrder { BEST_MATCH PRICE_UP PRICE_DOWN NEWEST }
type ShoePage { rows: [Shoe!]! total: Int! facets: [Facet!]! }
type Facet { name: String! values: [String!]! }
type Shoe {
  shoeId: ID! slug: String! title: String! priceCents: Int! oldPriceCents: Int currency: String!
  brand: Brand! colour: Colour! sizes: [Int!]! tags: [String!]! available: Boolean!
}
type Brand { id: ID! slug: String! name: String! }
enum Colour { BLACK WHITE RED }
type Bag { token: ID! lines: [BagLine!]! status: BagStatus! }
enum BagStatus { OPEN CHECKOUT AWAITING_PAYMENT PAID CANCELLED }
type BagLine { id: ID! shoe: Shoe! qty: Int! unitPriceCents: Int! totalPriceCents: Int! }
type Session { token: String! customer: Customer! }
type Mutation {
  addToBag(shoeId: ID!, qty: Int! = 1): Bag!
  removeFromBag(lineId: ID!): Bag!
  setBagAddress(street: String!): Bag!
  placeOrder: Bag!
  signIn(email: String!, password: String!): Session!
  verifyEmail(token: String!): Session!
  signOut: Boolean!
}
"""

WRAPPED = """
scalar Money
type Query {
  search(request: SearchRequest!): SearchAnswer!
  article(sku: String!): Article
  departments(page: PageInput): DepartmentList!
}
input SearchRequest { phrase: String, page: PageInput, sort: SortInput, inStock: Boolean }
input PageInput {
  skip: Int
  "At most 250 rows."
  take: Int = 30
}
input SortInput { field: SortField!, direction: Direction! }
enum SortField { RELEVANCE PRICE NAME }
enum Direction { UP DOWN }
type SearchAnswer { hits: [Hit!]! totalHits: Int! }
type Hit { productId: ID! variantId: ID! productName: String! price: HitPrice! departmentIds: [ID!]! }
union HitPrice = OnePrice | FromTo
type OnePrice { value: Money! }
type FromTo { min: Money! max: Money! }
type Article {
  id: ID! sku: String! name: String! department: Department! variants: [ArticleVariant!]!
  related(page: PageInput): SearchAnswer!
}
type ArticleVariant { id: ID! name: String! article: Article! grossPrice: Money! netPrice: Money! currency: Currency! }
type Currency { code: String! symbol: String! }
type Department { id: ID! code: String! name: String! articles(page: PageInput): ArticleList! }
type DepartmentList { items: [Department!]! }
type ArticleList { items: [Article!]! count: Int! }
"""

PAGES = """
type Query {
  products(
    search: String, filter: ProductFilterInput, pageSize: Int = 20, currentPage: Int = 1, sort: ProductSortInput
  ): Products
  cart(cart_id: String!): Cart
}
type Mutation {
  addProductsToCart(cartId: String!, items: [CartItemInput!]!): AddProductsOutput
  placeOrder(cart_id: String!): PlaceOrderOutput
  generateCustomerToken(email: String!, password: String!): CustomerToken
}
input CartItemInput { sku: String!, quantity: Float! }
input ProductFilterInput { category_uid: EqualInput, price: FromToInput }
input EqualInput { eq: String }
input FromToInput { from: String, to: String }
enum SortEnum { ASC DESC }
input ProductSortInput { name: SortEnum, position: SortEnum, price: SortEnum }
type Products { items: [ProductInterface] page_info: PagesInfo total_count: Int }
type PagesInfo { current_page: Int page_size: Int }
interface ProductInterface { uid: ID! name: String url_key: String price_range: PriceRange! }
type SimpleProduct implements ProductInterface { uid: ID! name: String url_key: String price_range: PriceRange! }
type KitProduct implements ProductInterface { uid: ID! name: String url_key: String price_range: PriceRange! }
type PriceRange { minimum_price: ProductPrice! maximum_price: ProductPrice }
type ProductPrice { discount: Discount final_price: Money! regular_price: Money! }
type Discount { amount_off: Float }
type Money { currency: CurrencyEnum value: Float }
enum CurrencyEnum { EUR USD }
type Cart { id: ID! items: [CartItemInterface] }
interface CartItemInterface { uid: ID! product: ProductInterface! quantity: Float! prices: ItemPrices }
type SimpleCartItem implements CartItemInterface {
  uid: ID! product: ProductInterface! quantity: Float! prices: ItemPrices
}
type ItemPrices { price: Money! row_total: Money! }
type AddProductsOutput { cart: Cart! }
type PlaceOrderOutput { number: String }
type CustomerToken { token: String }
"""

CURSORS = """
scalar Decimal
scalar Cursor
type Query {
  products(
    first: Int, after: Cursor, last: Int, before: Cursor, query: String, sortKey: SortKeys = RELEVANCE, reverse: Boolean
  ): ProductConnection!
  product(handle: String!): Product
}
enum SortKeys { RELEVANCE PRICE TITLE }
type ProductConnection { edges: [ProductEdge!]! nodes: [Product!]! pageInfo: PageInfo! totalCount: Int! }
type ProductEdge { cursor: Cursor! node: Product! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: Cursor endCursor: Cursor }
type Product {
  id: ID! handle: String! title: String! vendor: String! tags: [String!]!
  priceRange: PriceRange! compareAtPriceRange: PriceRange!
  collections(first: Int, after: Cursor): CollectionConnection!
  variants(first: Int, after: Cursor): VariantConnection!
}
type PriceRange { minVariantPrice: MoneyV2! maxVariantPrice: MoneyV2! }
type MoneyV2 { amount: Decimal! currencyCode: String! }
type CollectionConnection { nodes: [Collection!]! pageInfo: PageInfo! }
type Collection { id: ID! handle: String! title: String! }
type VariantConnection { nodes: [Variant!]! pageInfo: PageInfo! }
type Variant { id: ID! title: String! price: MoneyV2! product: Product! }
type Cart { id: ID! lines(first: Int, after: Cursor): LineConnection! }
type LineConnection { nodes: [Line!]! pageInfo: PageInfo! }
type Line { id: ID! quantity: Int! merchandise: Merchandise! cost: LineCost! }
union Merchandise = Variant
type LineCost { amountPerQuantity: MoneyV2! totalAmount: MoneyV2! }
type CartPayload { cart: Cart userErrors: [UserError!]! }
type UserError { message: String! }
type TokenPayload { accessToken: AccessToken userErrors: [UserError!]! }
type AccessToken { accessToken: String! }
type Mutation {
  cartLinesAdd(cartId: ID!, lines: [LineInput!]!): CartPayload
  accessTokenCreate(email: String!, password: String!): TokenPayload
  accessTokenDelete(accessToken: String!): TokenPayload
}
input LineInput { merchandiseId: ID!, quantity: Int }
"""

BARE = """
type Query { products(limit: Int, offset: Int): [Product!]! product(id: ID!): Product }
type Product { id: ID! name: String! price: Float! }
"""

SHOPS = {"flat": FLAT, "wrapped": WRAPPED, "pages": PAGES, "cursors": CURSORS, "bare": BARE}


def drafted(sdl: str) -> tuple[ShopMap, GraphQLSchema, str]:
    """The map drafted for a schema, read back; everything in it fits."""
    schema = build_schema(sdl)
    text = draft(schema, name="invented").text
    shop = reader.read(text)
    _, findings = fit(shop, schema)
    assert [finding for finding in findings if not finding.found] == []
    return shop, schema, text


def unwrapped(text: str) -> str:
    """The text without the line breaks of its comments."""
    return " ".join(line.strip().lstrip("# ") for line in text.splitlines())


@pytest.mark.parametrize("name", SHOPS)
def test_every_guess_stands_under_a_comment(name: str) -> None:
    lines = drafted(SHOPS[name])[2].splitlines()
    for above, line in pairwise(lines):
        guessed = line.strip().split(":")[0]
        if guessed in ("items", "skip", "price", "minorUnits", "sort", "term", "total", "shareable", "lines"):
            assert above.strip().startswith("#"), line
    assert all(len(line) <= 130 for line in lines)


@pytest.mark.parametrize("name", SHOPS)
def test_a_draft_is_the_same_every_time(name: str) -> None:
    assert drafted(SHOPS[name])[2] == drafted(SHOPS[name])[2]


def test_flat_arguments() -> None:
    shop, _, text = drafted(FLAT)
    listing = shop.listings["Query", "shoes"]
    assert (listing.items, listing.total, listing.paged) == (("rows",), ("total",), Offsets(("offset",), ("limit",)))
    assert (listing.sort, listing.neutral, listing.term) == ((("orderBy",),), ("BEST_MATCH",), ("q",))
    assert (listing.default, listing.shareable) == (24, False)
    assert list(shop.listings) == [("Query", "shoes")], "what a visitor viewed is no list to order"
    assert "Customer.viewedShoes looks like a list that a visitor made" in unwrapped(text)
    shoe = shop.items["Shoe"]
    assert (shoe.id, shoe.variant, shoe.title) == ("shoeId", None, "title")
    assert (shoe.price, shoe.currency, shoe.minor_units) == ("priceCents", "currency", True)
    assert {leaf.name: leaf.selection for leaf in shoe.attributes} == {
        "brand": "brand {\n  slug\n}", "colour": "colour", "size": "sizes", "tag": "tags", "available": "available",
    }  # fmt: skip


def test_carts_and_their_states() -> None:
    shop, _, _ = drafted(FLAT)
    bag = shop.carts["Bag"]
    assert (bag.id, bag.lines, bag.line, bag.item, bag.quantity) == ("token", "lines", "id", "shoe { shoeId }", "qty")
    assert (bag.price, bag.minor_units, bag.state) == ("unitPriceCents", True, "status")
    assert (bag.checkout, bag.placed) == ({"CHECKOUT", "AWAITING_PAYMENT"}, {"PAID"})
    events = {key[1]: event.name for key, event in shop.events.items()}
    assert events == {
        "shoe": "view_item", "addToBag": "cart", "removeFromBag": "cart", "placeOrder": "cart", "signIn": "signed_in",
        "verifyEmail": "signed_in",
    }  # fmt: skip
    added = shop.events["Mutation", "addToBag"]
    assert (added.added, added.variant) == (("qty",), ("shoeId",))


def test_a_sign_out_that_answers_no_object_is_only_a_comment() -> None:
    assert "# signOut: Boolean" in drafted(FLAT)[2]


def test_wrapped_arguments_unions_and_ids() -> None:
    shop, _, text = drafted(WRAPPED)
    listing = shop.listings["Query", "search"]
    assert listing.paged == Offsets(("request", "page", "skip"), ("request", "page", "take"))
    assert (listing.items, listing.total, listing.term) == (("hits",), ("totalHits",), ("request", "phrase"))
    assert (listing.default, listing.limit) == (30, 250)
    assert {"field": "RELEVANCE", "direction": "DOWN"} in listing.neutral
    assert set(shop.listings) == {
        ("Query", "search"), ("Department", "articles"), ("Article", "related"),
    }  # fmt: skip
    hit, article, variant = shop.items["Hit"], shop.items["Article"], shop.items["ArticleVariant"]
    assert (hit.id, hit.variant, hit.title) == ("productId", "variantId", "productName")
    assert hit.price == "price { ... on OnePrice { value } ... on FromTo { min } }"
    assert (article.id, article.variant, article.price) == ("id", None, "variants { grossPrice }")
    assert article.currency == "variants { currency { code } }"
    assert (variant.id, variant.variant, variant.price) == ("article { id }", "id", "grossPrice")
    assert "unsure: the schema does not say what Money counts" in unwrapped(text)
    names = [leaf.name for item in (hit, article) for leaf in item.attributes]
    assert names == ["department", "department"], "one name, whichever way a type holds it"
    assert article.attributes[0].selection.split() == ["department", "{", "id", "}"], "ids, since search knows only ids"
    assert [leaf.name for leaf in shop.labels] == ["department"]


def test_page_numbers_and_what_is_told_of_them() -> None:
    shop, _, text = drafted(PAGES)
    listing = shop.listings["Query", "products"]
    assert listing.paged == Numbers(("currentPage",), ("pageSize",))
    assert (listing.items, listing.total, listing.default) == (("items",), ("total_count",), 20)
    assert listing.tells == (Told("number", ("page_info", "current_page")), Told("take", ("page_info", "page_size")))
    assert set(shop.items) == {"SimpleProduct", "KitProduct"}
    simple = shop.items["SimpleProduct"]
    assert simple.price == "price_range { minimum_price { final_price { value } } }"
    assert simple.currency == "price_range { minimum_price { final_price { currency } } }"
    assert not simple.minor_units
    cart = shop.carts["Cart"]
    assert (cart.item, cart.price, cart.state) == ("product { uid }", "prices { price { value } }", None)
    assert shop.events["Mutation", "addProductsToCart"].cart == "cart"
    assert "placeOrder answers no cart" in unwrapped(text)


def test_lists_and_carts_paged_by_cursor() -> None:
    shop, _, _ = drafted(CURSORS)
    listing = shop.listings["Query", "products"]
    assert listing.paged == Cursors(("first",), ("after",), ("last",), ("before",), "pageInfo")
    assert (listing.edges, listing.items, listing.total) == (EdgeMap("edges"), ("nodes",), ("totalCount",))
    assert (listing.sort, listing.neutral) == ((("sortKey",), ("reverse",)), ("RELEVANCE", False))
    cart = shop.carts["Cart"]
    assert cart.lines == "lines(first: 50) { nodes }"
    assert cart.currency == "lines(first: 50) { nodes { cost { amountPerQuantity { currencyCode } } } }"
    assert {key[1]: event.name for key, event in shop.events.items()} == {
        "product": "view_item", "cartLinesAdd": "cart", "accessTokenCreate": "signed_in",
        "accessTokenDelete": "signed_out",
    }  # fmt: skip
    product, variant = shop.items["Product"], shop.items["Variant"]
    assert product.price == "priceRange { minVariantPrice { amount } }"
    assert (variant.id, variant.variant) == ("product { id }", "id")
    collections = next(leaf for leaf in product.attributes if leaf.name == "collection")
    assert collections.selection.split() == ["collections(first:", "5)", "{", "nodes", "{", "handle", "}", "}"]


@pytest.mark.parametrize(
    ("was", "now", "paged", "items"),
    [
        ("last: Int, before: Cursor, query", "query", Cursors(("first",), ("after",), page_info="pageInfo"), "nodes"),
        ("before: Cursor, query", "query", Cursors(("first",), ("after",), page_info="pageInfo"), "nodes"),
        ("nodes: [Product!]! pageInfo: PageInfo! totalCount", "totalCount",
         Cursors(("first",), ("after",), ("last",), ("before",)), None),
        ("hasNextPage: Boolean!", "page: Int", Cursors(("first",), ("after",), ("last",), ("before",)), "nodes"),
    ],
    ids=["forward only", "half of backward", "edges only", "no word on more"],
)  # fmt: skip
def test_what_a_connection_lacks(was: str, now: str, paged: Cursors, items: str | None) -> None:
    listing = drafted(CURSORS.replace(was, now, 1))[0].listings["Query", "products"]
    assert (listing.paged, listing.items) == (paged, items and (items,))


@pytest.mark.parametrize("now", ["type ProductEdge { node: Product! }", "type ProductEdge { cursor: Cursor }"])
def test_rows_that_do_not_tell_their_cursors_are_left_to_the_shop(now: str) -> None:
    shop, _, text = drafted(CURSORS.replace("type ProductEdge { cursor: Cursor! node: Product! }", now))
    assert shop.listings == {}
    assert "its rows do not tell their cursors" in unwrapped(text)


def test_lines_of_a_cart_below_edges_and_needed_sizes() -> None:
    sdl = CURSORS.replace("lines(first: Int, after: Cursor)", "lines(first: Int! = 10, page: Int, after: Cursor)")
    sdl = sdl.replace("LineConnection { nodes: [Line!]!", "LineConnection { edges: [LineEdge!]!")
    shop, _, _ = drafted(sdl + "type LineEdge { cursor: Cursor! node: Line! }")
    assert shop.carts["Cart"].lines == "lines(first: 50) { edges { node } }"


def test_a_bare_list() -> None:
    shop, _, _ = drafted(BARE)
    listing = shop.listings["Query", "products"]
    assert (listing.bare, listing.items, listing.edges) == (True, None, None)
    assert listing.paged == Offsets(("offset",), ("limit",))


@pytest.mark.parametrize(
    ("argument", "first"),
    [
        ("currentPage: Int = 1", 1),
        ("currentPage: Int", 1),
        ("currentPage: Int = 0", 0),
        ('"The page, zero-based." currentPage: Int', 0),
        ("pageIndex: Int", 0),
    ],
)
def test_the_number_of_the_first_page(argument: str, first: int) -> None:
    paged = drafted(PAGES.replace("currentPage: Int = 1", argument))[0].listings["Query", "products"].paged
    assert isinstance(paged, Numbers)
    assert paged.first == first


def test_sorts_and_terms_of_the_field_above() -> None:
    sdl = """
      type Query { search(term: String, sort: Sort): Answer! }
      enum Sort { RELEVANCE PRICE }
      type Answer { products(offset: Int, limit: Int): Page! }
      type Page { results: [Product!]! }
      type Product { id: ID! name: String! price: Float! }
    """
    listing = drafted(sdl)[0].listings["Answer", "products"]
    assert (listing.sort, listing.term, listing.neutral) == (((ABOVE, "sort"),), (ABOVE, "term"), ("RELEVANCE",))


@pytest.mark.parametrize(
    "sdl",
    [
        "type Query { hello: String }",
        "type Query { posts(skip: Int, take: Int): L } type L { items: [Post!]! } type Post { id: ID! title: String! }",
        "type Query { orders(skip: Int, take: Int): L } type L { items: [Order!]! }"
        " type Order { id: ID! name: String! price: Int! }",
    ],
)  # fmt: skip
def test_nothing_like_a_product_is_a_named_error(sdl: str) -> None:
    with pytest.raises(MapError) as met:
        draft(build_schema(sdl), name="none")
    assert met.value.code == "NO_PRODUCTS"
    assert met.value.hint


@pytest.mark.parametrize(
    ("price", "selection", "minor"),
    [
        ("price: Float!", "price", False),
        ("price: Int!", "price", True),
        ("price: String!", "price", False),
        ("price: Money! } type Money { amount: Int! currency: String!", "price { amount }", True),
        ("price: Money! } type Money { centAmount: Float! currency: String!", "price { centAmount }", True),
        ("prices: [P!]! } type P { gross: Float! net: Float! tax: Float!", "prices { gross }", False),
        ("price: Float! compareAtPrice: Float salePrice: Float", "price", False),
        ("price: Float! salePrice: Float!", "salePrice", False),
        ("price(format: F): String } enum F { FORMATTED RAW", "price(format: RAW)", False),
        ("prices: P } type P { price: Float! salePrice: Float retail: Float", "prices { price salePrice }", False),
        ("listPrice: Float! price: Float!", "price", False),
        ("price: P! } type P { start: M! stop: M! } type M { amount: Float!", "price { start { amount } }", False),
    ],
)
def test_prices(price: str, selection: str, minor: bool) -> None:
    shop, _, _ = drafted(f"type Query {{ product(id: ID!): Product }} type Product {{ id: ID! name: String! {price} }}")
    item = shop.items["Product"]
    assert (item.price, item.minor_units) == (selection, minor)


def test_fields_that_need_arguments_are_never_selected() -> None:
    sdl = """
      type Query { product(id: ID!): Product }
      type Product {
        id: ID! name: String! price(currency: String!): Float! cost(unit: Int = 1): Float!
        brand(language: String!): String salePrice(rounded: Boolean = true): Float vendor(short: Boolean): String
      }
    """
    shop, _, _ = drafted(sdl)
    assert shop.items["Product"].price == "salePrice"
    assert [leaf.name for leaf in shop.items["Product"].attributes] == ["vendor"]


def test_a_schema_that_breaks_a_rule_is_drafted_all_the_same() -> None:
    schema = build_schema(
        "interface N { id: ID! } type Query { product(id: ID!): Product }"
        ' type Product implements N { id: ID! @deprecated(reason: "x") name: String! price: Float! }'
    )
    assert reader.read(draft(schema, name="odd").text).items["Product"].id == "id"


def test_words() -> None:
    assert words("priceWithTax") == words("price_with_tax") == words("PRICE_WITH_TAX") == ("price", "with", "tax")
    assert words("SKU") == ("sku",)
    assert words("urlKEYOf2") == ("url", "key", "of", "2")
    assert [singular(word) for word in ("categories", "tags", "glass", "status")] == [
        "category",
        "tag",
        "glass",
        "status",
    ]
