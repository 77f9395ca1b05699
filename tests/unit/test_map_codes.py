"""The fields of coupon codes in a shop map: read, fitted to a schema, and written into an operation."""

from __future__ import annotations

import pytest
from graphql import build_schema, parse, validate

from personalize.errors import MapError
from personalize.shops import reader
from personalize.shops.codes import CouponMove, Refusal
from personalize.shops.fit import fit

SCHEMA = """
type Query { cart: Cart }
type Line { id: ID! item: ID! pieces: Int! total: Int }
type Cart { id: ID! lines: [Line!]! vouchers: [String!] delivery: Int }
type Wish { id: ID! }
type Problem { code: String! }
type Payload { cart: Cart wish: Wish problems: [Problem!] }
input Code { code: String! }
type Mutation { add(input: Code!): Payload drop(code: String!): Cart of(cart: ID!, code: String!): Cart }
"""
CART = (
    'extend schema @shop(name: "x") extend type Cart @cart(id: "id", lines: "lines", line: "id", item: "item", '
    'quantity: "pieces", codes: "vouchers", charged: "total", shipping: "delivery")'
)
FIELDS = """
extend type Mutation {
  add: Payload @coupon(do: "apply", code: "input.code", cart: "cart", refusal: "problems { code }", used: ["SPENT"])
  drop: Cart @coupon(do: "remove", code: "code")
}
"""


def test_what_it_says_fits_and_makes_operations() -> None:
    schema = build_schema(SCHEMA)
    fitted, findings = fit(reader.read(CART + FIELDS), schema)
    assert all(finding.found for finding in findings)
    cart = fitted.carts["Cart"]
    assert (cart.codes, cart.charged, cart.shipping) == ("vouchers", "total", "delivery")
    apply, remove = fitted.coupon(CouponMove.APPLY), fitted.coupon(CouponMove.REMOVE)
    assert apply is not None
    assert remove is not None
    assert apply.coordinates == "Mutation.add"
    for one in (apply, remove):
        assert not validate(schema, parse(f"mutation {{ {one.selection('AB-1_x', 'id vouchers')} }}"))
    assert apply.refused("SPENT") is Refusal.USED
    assert apply.refused("WHATEVER") is Refusal.OTHER
    assert reader.read(CART).coupon(CouponMove.APPLY) is None


@pytest.mark.parametrize("code", ["", "a b", 'x"){evil}', "ä", "x" * 65, "a\n"])
def test_a_code_that_could_be_more_than_a_code_is_not_written(code: str) -> None:
    apply = reader.read(CART + FIELDS).coupon(CouponMove.APPLY)
    assert apply is not None
    with pytest.raises(ValueError, match="letters"):
        apply.selection(code, "id")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ('drop: Cart @coupon(do: "remove", code: "voucher")', "voucher"),
        ('add: Payload @coupon(do: "apply", code: "input.voucher", cart: "cart")', "voucher"),
        ('add: Payload @coupon(do: "apply", code: "input.code", cart: "basket")', "basket"),
        ('add: Payload @coupon(do: "apply", code: "input.code", cart: "wish")', "no type that a @cart describes"),
        ('add: Payload @coupon(do: "apply", code: "input.code", cart: "cart", refusal: "why")', "why"),
        ('of: Cart @coupon(do: "apply", code: "code")', "cart"),
        ('gone: Cart @coupon(do: "apply", code: "code")', "gone"),
    ],
)
def test_what_does_not_fit_is_named_and_left_out(field: str, said: str) -> None:
    fitted, findings = fit(reader.read(f"{CART} extend type Mutation {{ {field} }}"), build_schema(SCHEMA))
    assert not fitted.coupons
    assert said in next(one.said for one in findings if "@coupon" in one.slot)


def test_a_code_goes_in_by_a_field_of_the_mutation_itself() -> None:
    extra = 'extend type Cart { drop: Cart @coupon(do: "remove", code: "code") }'
    fitted, findings = fit(reader.read(CART + extra), build_schema(SCHEMA))
    assert not fitted.coupons
    assert "field of Mutation itself" in findings[-1].said


def test_what_only_codes_need_may_be_gone() -> None:
    fitted, findings = fit(reader.read(CART.replace('"total"', '"sum"')), build_schema(SCHEMA))
    assert fitted.carts["Cart"].charged is None
    assert fitted.carts["Cart"].codes == "vouchers"
    assert [one.slot for one in findings if not one.found] == ["Cart @cart charged"]


def test_a_move_that_is_none_is_refused() -> None:
    with pytest.raises(MapError, match="expected apply or remove"):
        reader.read(CART + 'extend type Mutation { add: Cart @coupon(do: "aply", code: "code") }')
