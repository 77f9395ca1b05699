"""The root of what can be asked of the demo shop."""

from __future__ import annotations

import strawberry

from personalize.demo.shop import cart, goods, inputs, present
from personalize.demo.shop.call import Info, forbidden, page, user_input_error
from personalize.demo.shop.conditions import chosen, ordered
from personalize.demo.shop.order import NEXT_STATES, PAYMENT_METHODS, SHIPPING_METHODS, net
from personalize.demo.shop.scalars import Money


@strawberry.type
class Query:
    """Vendure's shop queries, as far as the demo shop knows them."""

    @strawberry.field
    def active_channel(self) -> cart.Channel:
        """The one channel there is."""
        return present.channel()

    @strawberry.field
    def active_customer(self, info: Info) -> cart.Customer | None:
        """None for guests."""
        customer = info.context.shop.customer(info.context.session().customer_id)
        return present.present_customer(customer) if customer else None

    @strawberry.field
    def active_order(self, info: Info) -> cart.Order | None:
        """None until something was put into it, and once it is paid."""
        order = info.context.active_order()
        return present.order(order, info.context) if order else None

    @strawberry.field
    def available_countries(self, info: Info) -> list[cart.Country]:
        """All countries."""
        return present.countries(info.context.language)

    @strawberry.field
    def collections(self, info: Info, options: inputs.CollectionListOptions | None = None) -> goods.CollectionList:
        """Without the root; in the order of the tree."""
        options = options or inputs.CollectionListOptions()
        rows = page(options.skip, options.take)
        found = info.context.shelf.collections()
        if options.top_level_only:
            found = [row for row in found if row.parent_id == "1"]
        found = ordered(chosen(found, options.filter, options.filter_operator), options.sort)
        return goods.CollectionList(items=found[rows], total_items=len(found))

    @strawberry.field
    def collection(
        self, info: Info, id: strawberry.ID | None = None, slug: str | None = None
    ) -> goods.Collection | None:
        """None where there is none."""
        if id is None and slug is None:
            raise user_input_error("Either the Collection id or slug must be provided")
        catalogue, shelf = info.context.shop.catalogue, info.context.shelf
        if id is not None:
            return shelf.collection(id) if id in catalogue.collection_by_id else None
        found = catalogue.collection_by_slug.get(slug or "")
        return shelf.collection(found.id) if found else None

    @strawberry.field
    def eligible_shipping_methods(self, info: Info) -> list[cart.ShippingMethodQuote]:
        """None without a cart; the cheapest first."""
        order = info.context.active_order()
        if order is None:
            return []
        german = info.context.language == "de"
        quotes = [
            cart.ShippingMethodQuote(
                id=strawberry.ID(method.id),
                price=Money(net(method.price(order.goods))),
                price_with_tax=Money(method.price(order.goods)),
                code=method.code,
                name=method.name_de if german else method.name_en,
                description="",
            )
            for method in SHIPPING_METHODS
        ]
        return sorted(quotes, key=lambda quote: quote.price_with_tax)

    @strawberry.field
    def eligible_payment_methods(self, info: Info) -> list[cart.PaymentMethodQuote]:
        """None without a cart."""
        if info.context.active_order() is None:
            return []
        german = info.context.language == "de"
        return [
            cart.PaymentMethodQuote(
                id=strawberry.ID(method.id),
                code=method.code,
                name=method.name_de if german else method.name_en,
                description="",
                is_eligible=True,
            )
            for method in PAYMENT_METHODS
        ]

    @strawberry.field
    def facets(self, info: Info, options: inputs.FacetListOptions | None = None) -> goods.FacetList:
        """In the order of their ids."""
        options = options or inputs.FacetListOptions()
        rows = page(options.skip, options.take)
        found = chosen(info.context.shelf.facets(), options.filter, options.filter_operator)
        return goods.FacetList(items=found[rows], total_items=len(found))

    @strawberry.field
    def facet(self, info: Info, id: strawberry.ID) -> goods.Facet | None:
        """None where there is none."""
        return next((facet for facet in info.context.shelf.facets() if facet.id == id), None)

    @strawberry.field
    def me(self, info: Info) -> cart.CurrentUser | None:
        """An error for guests."""
        customer = info.context.shop.customer(info.context.session().customer_id)
        if customer is None:
            raise forbidden()
        return present.current_user(customer)

    @strawberry.field
    def next_order_states(self, info: Info) -> list[str]:
        """Those of a fresh cart where there is none."""
        order = info.context.active_order()
        return list(NEXT_STATES.get(order.state if order else "AddingItems", ()))

    @strawberry.field
    def order(self, info: Info, id: strawberry.ID) -> cart.Order | None:
        """An error unless it is the customer's own."""
        session, order = info.context.session(), info.context.shop.order(id)
        if order is None or session.customer_id is None or order.customer_id != session.customer_id:
            raise forbidden()
        return present.order(order, info.context)

    @strawberry.field
    def order_by_code(self, info: Info, code: str) -> cart.Order | None:
        """A guest's own order can be seen by whoever knows its code, an account's only by its owner."""
        shop, session = info.context.shop, info.context.session()
        order = shop.order(shop.order_id_by_code.get(code))
        if order is None:
            raise forbidden()
        owner = shop.customer(order.customer_id)
        if owner is not None and owner.digest is not None and owner.id != session.customer_id:
            raise forbidden()
        return present.order(order, info.context)

    @strawberry.field
    def product(self, info: Info, id: strawberry.ID | None = None, slug: str | None = None) -> goods.Product | None:
        """None where there is none; a slug may be of either language."""
        if id is None and slug is None:
            raise user_input_error("Either the Product id or slug must be provided")
        catalogue = info.context.shop.catalogue
        found = catalogue.product_by_id.get(id) if id is not None else catalogue.product_by_slug.get(slug or "")
        return info.context.shelf.product(found.id) if found else None

    @strawberry.field
    def products(self, info: Info, options: inputs.ProductListOptions | None = None) -> goods.ProductList:
        """In the merchandiser's order unless another is asked for."""
        return info.context.shelf.product_page(options)

    @strawberry.field
    def search(self, info: Info, input: inputs.SearchInput) -> goods.SearchResponse:
        """By relevance, then in the merchandiser's order, unless another is asked for."""
        return info.context.finder.search(input)
