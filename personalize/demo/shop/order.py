"""An order as the shop keeps it: lines, addresses, coupons, payments and the sums that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from personalize.demo.catalogue import TAX_PERCENT, Product, Variant
from personalize.demo.shop.promotions import Promotion

NEXT_STATES: dict[str, tuple[str, ...]] = {
    "Created": ("AddingItems", "Draft"),
    "AddingItems": ("ArrangingPayment", "Cancelled"),
    "ArrangingPayment": ("PaymentAuthorized", "PaymentSettled", "AddingItems", "Cancelled"),
    "PaymentSettled": ("PartiallyDelivered", "Delivered", "PartiallyShipped", "Shipped", "Cancelled", "Modifying"),
    "Cancelled": (),
}


def net(gross: int) -> int:
    """The net amount (cents) of a gross one."""
    return round(gross * 100 / (100 + TAX_PERCENT))


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A way of sending goods; `gross` in cents, free from `free_from` (gross cents) on."""

    id: str
    code: str
    name_en: str
    name_de: str
    gross: int
    free_from: int | None = None

    def price(self, goods: int) -> int:
        """Gross price in cents for an order whose goods cost `goods` (gross cents)."""
        return 0 if self.free_from is not None and goods >= self.free_from else self.gross


SHIPPING_METHODS = (
    ShippingMethod("1", "standard-shipping", "Standard shipping", "Standardversand", 490, free_from=7_500),
    ShippingMethod("2", "express-shipping", "Express shipping", "Expressversand", 990),
    ShippingMethod("3", "click-and-collect", "Collect in store", "Abholung im Laden", 0),
)


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way of paying."""

    id: str
    code: str
    name_en: str
    name_de: str


PAYMENT_METHODS = (PaymentMethod("1", "standard-payment", "Invoice (demo)", "Rechnung (Demo)"),)


@dataclass(slots=True)
class Line:
    """One variant in an order; `discount` is what coupons take off the whole line (gross cents)."""

    id: str
    variant: Variant
    product: Product
    quantity: int
    discounts: list[tuple[Promotion, int]] = field(default_factory=list)

    @property
    def gross(self) -> int:
        """Gross price of the line before coupons."""
        return self.variant.price_with_tax * self.quantity

    @property
    def discount(self) -> int:
        """What coupons take off the line, gross, never more than the line."""
        return min(self.gross, sum(amount for _, amount in self.discounts))


@dataclass(slots=True)
class Payment:
    """One attempt to pay; `amount` gross cents."""

    id: str
    method: str
    state: str
    amount: int
    transaction_id: str | None
    error_message: str | None


@dataclass(slots=True)
class Address:
    """Where to send goods or the bill; as entered, the country resolved."""

    full_name: str | None = None
    company: str | None = None
    street_line1: str | None = None
    street_line2: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country: str | None = None
    country_code: str | None = None
    phone_number: str | None = None


@dataclass(slots=True)
class Order:
    """A cart that may become an order. `customer_id` is set by login or by the guest's own word."""

    id: str
    code: str
    state: str = "AddingItems"
    lines: list[Line] = field(default_factory=list)
    customer_id: str | None = None
    shipping_address: Address = field(default_factory=Address)
    billing_address: Address = field(default_factory=Address)
    shipping: ShippingMethod | None = None
    codes: list[str] = field(default_factory=list)
    shipped_free: Promotion | None = None
    payments: list[Payment] = field(default_factory=list)
    placed: bool = False

    @property
    def active(self) -> bool:
        """Whether it is still a cart."""
        return not self.placed and self.state != "Cancelled"

    @property
    def quantity(self) -> int:
        """Pieces in all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def goods(self) -> int:
        """Gross cents of all lines after coupons."""
        return sum(line.gross - line.discount for line in self.lines)

    @property
    def shipping_gross(self) -> int:
        """Gross cents of shipping; 0 until a method is chosen."""
        return self.shipping_listed if self.shipped_free is None else 0

    @property
    def shipping_listed(self) -> int:
        """Gross cents of shipping before coupons."""
        return self.shipping.price(self.goods) if self.shipping else 0

    @property
    def total(self) -> int:
        """Gross cents to pay."""
        return self.goods + self.shipping_gross

    def line(self, line_id: str) -> Line | None:
        """The line with that id."""
        return next((line for line in self.lines if line.id == line_id), None)

    def reprice(self, live: Sequence[Promotion]) -> None:
        """Spreads every live promotion over the lines it holds for; called after each change of lines or codes."""
        full = sum(line.gross for line in self.lines)
        for line in self.lines:
            line.discounts = []
        self.shipped_free = None
        for promotion in live:
            if full < promotion.minimum:
                continue
            if promotion.free_shipping:
                self.shipped_free = self.shipped_free or promotion
            for line in self.lines:
                unit, variant, category = line.variant.price_with_tax, line.variant.id, line.product.category
                off = sum(action.off(unit, line.quantity, variant, category) for action in promotion.actions)
                if (amount := min(off, line.gross - line.discount)) > 0:
                    line.discounts.append((promotion, amount))
