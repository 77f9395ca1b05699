"""Reading a cart out of an answer with our hidden fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from personalize.events.infer import Cart, Line
from personalize.gateway.document.hidden import TYPENAME, amount, leaves
from personalize.gateway.document.slots import PREFIX
from personalize.shops.map import CartMap


def read_cart(cart: CartMap, raw: Mapping[str, Any]) -> Cart | None:
    """The cart in an answer with our hidden fields; None where the answer is an error of the union."""
    held = raw.get(f"{PREFIX}lines")
    held = _down(held)  # lines of a connection stand further down
    if raw.get(TYPENAME) != cart.type or not isinstance(held, list):
        return None
    lines = []
    for line in map(_down, held):  # so do those in its edges
        if not isinstance(line, dict):
            continue
        item, quantity = _leaf(line, "item"), _leaf(line, "quantity")
        if item is None or not isinstance(quantity, int | float) or quantity != int(quantity):
            continue
        price, charged = (amount(line.get(f"{PREFIX}{name}"), minor=cart.minor_units) for name in ("price", "charged"))
        lines.append(
            Line(
                str(_leaf(line, "line")), str(item), str(_leaf(line, "variant")), int(quantity),
                None if math.isnan(price) else price, None if math.isnan(charged) else charged,
            )
        )  # fmt: skip
    code, state, currency = (_leaf(raw, name) for name in ("code", "state", "currency"))
    if code is None:
        return None
    codes = tuple(str(one) for one in leaves(raw.get(f"{PREFIX}codes")))
    named = None if state is None else str(state)
    return Cart(str(code), named, str(currency) if currency else None, tuple(lines), codes)


def _down(value: Any) -> Any:
    """What a selection that leads further down (`lines { edges { node } }`) leads to."""
    while isinstance(value, dict) and not any(key.startswith(PREFIX) for key in value):
        value = next(iter(value.values()), None)
    return value


def at(data: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of response keys, None where a step is missing."""
    for step in path:
        if not isinstance(data, dict):
            return None
        data = data.get(step)
    return data


def _leaf(raw: Mapping[str, Any], name: str) -> Any:
    return next(leaves(raw.get(f"{PREFIX}{name}")), None)
