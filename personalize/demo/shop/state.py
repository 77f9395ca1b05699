"""What the demo shop remembers: sessions, customers, orders and the stock that is left. In memory, and bounded."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import LRUCache

from personalize.demo.catalogue import Catalogue
from personalize.demo.shop.order import Order
from personalize.demo.shop.promotions import Promotion, Promotions

MAX_SESSIONS = 20_000
MAX_ORDERS = 20_000
MAX_CUSTOMERS = 5_000
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"

DEMO_PASSWORD = "demo-demo"  # noqa: S105 - the published password of the invented accounts below
DEMO_ACCOUNTS = (("alma@morgenfels.example", "Alma", "Anders"), ("bruno@morgenfels.example", "Bruno", "Berg"))


@dataclass(slots=True)
class Session:
    """A bearer token, who is signed in with it, and the cart it holds."""

    token: str
    customer_id: str | None = None
    order_id: str | None = None


@dataclass(slots=True)
class Customer:
    """A person; `digest` is None for guests who never set a password."""

    id: str
    email: str
    first_name: str
    last_name: str
    title: str | None = None
    phone_number: str | None = None
    digest: bytes | None = None
    salt: bytes = b""
    order_ids: list[str] = field(default_factory=list)
    active_order_id: str | None = None

    def set_password(self, password: str) -> None:
        """Keeps a salted digest (cheap on purpose: these are invented accounts that live as long as the process)."""
        self.salt = secrets.token_bytes(16)
        self.digest = self._digest(password)

    def knows(self, password: str) -> bool:
        """Whether `password` is this customer's."""
        return self.digest is not None and secrets.compare_digest(self.digest, self._digest(password))

    def _digest(self, password: str) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", password.encode(), self.salt, 1_000)


class ShopState:
    """All that changes in the shop. The oldest sessions, orders and guests go when a bound is reached."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float] = time.time) -> None:
        self.catalogue, self.clock = catalogue, clock
        self.promotions = Promotions(clock)
        self.sessions: LRUCache[str, Session] = LRUCache(MAX_SESSIONS)
        self.orders: LRUCache[str, Order] = LRUCache(MAX_ORDERS)
        self.order_id_by_code: LRUCache[str, str] = LRUCache(MAX_ORDERS)
        self.customers: LRUCache[str, Customer] = LRUCache(MAX_CUSTOMERS)
        self.customer_id_by_email: LRUCache[str, str] = LRUCache(MAX_CUSTOMERS)
        self.sold: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        for email, first, last in DEMO_ACCOUNTS:
            self.add_customer(email, first, last).set_password(DEMO_PASSWORD)

    def number(self, kind: str) -> str:
        """The next id of that kind, counting from 1."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return str(self._numbers[kind])

    def left(self, variant_id: str) -> int:
        """Pieces of a variant that the warehouse can still sell."""
        return self.catalogue.variant_by_id[variant_id].online - self.sold.get(variant_id, 0)

    def open_session(self, customer_id: str | None = None, order_id: str | None = None) -> Session:
        """A new session with a token nobody can guess."""
        session = Session(secrets.token_hex(32), customer_id, order_id)
        self.sessions[session.token] = session
        return session

    def session(self, token: str) -> Session | None:
        """The live session with that token."""
        return self.sessions.get(token)

    def close_session(self, token: str) -> None:
        """Ends a session; its token is worth nothing afterwards."""
        self.sessions.pop(token, None)

    def order(self, order_id: str | None) -> Order | None:
        """The order with that id."""
        return None if order_id is None else self.orders.get(order_id)

    def open_order(self) -> Order:
        """A new, empty cart."""
        order = Order(self.number("order"), "".join(secrets.choice(CODE_LETTERS) for _ in range(16)))
        self.orders[order.id] = order
        self.order_id_by_code[order.code] = order.id
        return order

    def reprice(self, order: Order) -> None:
        """Works out what the order's codes take off now."""
        order.reprice(self.promotions.live(order.codes))

    def uses(self, promotion: Promotion, order: Order, customer_id: str | None = None) -> int:
        """How many other orders (of a customer) have it, placed or being paid: a checkout left open counts, too."""
        orders = (self.order(identity) for identity in self.promotions.holders(promotion) if identity != order.id)
        return sum(
            1
            for one in orders
            if one is not None
            and (one.placed or one.state == "ArrangingPayment")
            and promotion.key in map(str.casefold, one.codes)
            and customer_id in (None, one.customer_id)
        )

    def customer(self, customer_id: str | None) -> Customer | None:
        """The customer with that id."""
        return None if customer_id is None else self.customers.get(customer_id)

    def customer_by_email(self, email: str) -> Customer | None:
        """The customer with that address, whatever its letter case."""
        return self.customer(self.customer_id_by_email.get(email.casefold()))

    def add_customer(self, email: str, first_name: str, last_name: str) -> Customer:
        """A new customer without a password."""
        customer = Customer(self.number("customer"), email, first_name, last_name)
        self.customers[customer.id] = customer
        self.customer_id_by_email[email.casefold()] = customer.id
        return customer
