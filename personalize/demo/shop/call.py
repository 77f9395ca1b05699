"""One request's situation: language, session, the shop's state; and the errors a resolver may raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import strawberry
from graphql import GraphQLError

from personalize.demo.shop.order import Order
from personalize.demo.shop.state import Session, ShopState

if TYPE_CHECKING:
    from personalize.demo.shop.find import Finder
    from personalize.demo.shop.shelf import Shelf

LIST_LIMIT = 100
"""The most rows a list query gives (search has no such limit, as in Vendure's default search)."""


class Call:
    """What resolvers get as context.

    `token_out` is the session token the answer must carry: None (no change), "" (signed out) or a new token;
    `remember` says whether its cookie outlives the browser.
    """

    def __init__(self, shop: ShopState, finder: Finder, language: str, token: str) -> None:
        self.shop = shop
        self.finder = finder
        self.shelf: Shelf = finder.shelf
        self.language = language
        self.token_out: str | None = None
        self.remember = False
        self._session: Session | None = None
        if token:
            self._session = shop.session(token)
            self._stale = self._session is None
        else:
            self._stale = False

    def peek(self) -> Session | None:
        """The session of this request, if it has one."""
        return self._session

    def session(self) -> Session:
        """The session of this request; a guest session is opened where there is none."""
        if self._session is None:
            self.use(self.shop.open_session(), remember=True)
        assert self._session is not None
        return self._session

    def use(self, session: Session | None, *, remember: bool = False) -> None:
        """Goes on with another session (None: signed out) and tells the client its token."""
        self._session = session
        self.token_out = session.token if session else ""
        self.remember = remember

    def active_order(self) -> Order | None:
        """The cart of this session, opening a guest session where there is none."""
        session = self.session()
        customer = self.shop.customer(session.customer_id)
        order = self.shop.order(customer.active_order_id if customer else session.order_id)
        return order if order is not None and order.active else None

    def active_or_new_order(self) -> Order:
        """The cart of this session, a new one where there is none."""
        order = self.active_order()
        if order is None:
            order = self.shop.open_order()
            session = self.session()
            customer = self.shop.customer(session.customer_id)
            if customer is None:
                session.order_id = order.id
            else:
                order.customer_id = customer.id
                customer.active_order_id = order.id
                customer.order_ids.append(order.id)
        return order

    @property
    def stale(self) -> bool:
        """Whether the request came with a token that no session has."""
        return self._stale


Info: TypeAlias = strawberry.Info[Call, None]


def user_input_error(message: str) -> GraphQLError:
    """The error of a request that asks for something that cannot be."""
    return GraphQLError(message, extensions={"code": "USER_INPUT_ERROR"})


def forbidden() -> GraphQLError:
    """The error of a request that is not allowed."""
    return GraphQLError("You are not currently authorized to perform this action", extensions={"code": "FORBIDDEN"})


def not_found(kind: str, identity: str) -> GraphQLError:
    """The error of an unknown id in a mutation."""
    return GraphQLError(f'No {kind} with the id "{identity}" could be found', extensions={"code": "ENTITY_NOT_FOUND"})


def page(skip: int | None, take: int | None) -> slice:
    """The slice of a list query; `take` of 0 or below means all up to the limit; raises past the limit."""
    if take is not None and take > LIST_LIMIT:
        raise user_input_error(f"Cannot take more than {LIST_LIMIT} results from a list query")
    start = max(0, skip or 0)
    return slice(start, start + (take if take and take > 0 else LIST_LIMIT))
