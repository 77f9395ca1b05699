"""The variants of a draft: sizes or colours, their prices, cost and stock."""

from __future__ import annotations

import random
from typing import Any

from personalize.demo.catalogue import TAX_PERCENT, Text, Variant
from personalize.demo.draft import Draft
from personalize.demo.gtin import internal
from personalize.demo.source import read
from personalize.demo.wording import colour_names

GROWS_WITH_SIZE = {"bedding": 0.45, "towel": 0.7, "rug": 0.9, "cushion": 0.12}
"""Where a bigger size costs more: the step, as a share of the smallest one's price."""


def net(gross: int) -> int:
    """The net price (cents) of a gross one at the German standard rate."""
    return round(gross * 100 / (100 + TAX_PERCENT))


def make_variants(
    draft: Draft, product_id: str, first: int, stores: list[dict[str, Any]], rng: random.Random
) -> tuple[Variant, ...]:
    """1..6 variants, numbered on from `first` (variants made before); `stores` are the brand's store rows."""
    share = rng.uniform(0.30, 0.56)
    sold_out = rng.random() < 0.04
    made = []
    for place, (option, label, colour) in enumerate(_options(draft, rng)):
        number = first + place + 1
        euros = round(draft.gross // 100 * (1 + GROWS_WITH_SIZE.get(draft.vary, 0.0) * place))
        gross = euros * 100 + 90
        plenty = 0.0 if sold_out or rng.random() < 0.07 else rng.lognormvariate(2.4, 0.8)
        name = draft.name if label is None else Text(f"{draft.name.en} {label.en}", f"{draft.name.de} {label.de}")
        if label is not None and draft.vary == "colours":
            name = Text(f"{draft.name.en}, {label.en}", f"{draft.name.de}, {label.de}")
        made.append(
            Variant(
                id=str(number),
                product_id=product_id,
                sku=f"MF-{int(product_id):05d}-{place + 1}",
                gtin=internal(number),
                name=name,
                option=option,
                price=net(gross),
                price_with_tax=gross,
                cost=max(1, int(net(gross) * share)),
                online=int(plenty * 2.5),
                stock={s["code"]: int(plenty * s["size"] * rng.uniform(0.0, 0.6)) for s in stores},
                colour=colour,
            )
        )
    return tuple(made)


def _options(draft: Draft, rng: random.Random) -> list[tuple[str | None, Text | None, str]]:
    """(option code, its label, colour code) of each variant."""
    if draft.vary == "colours":
        return [(colour, colour_names((colour,)), colour) for colour in draft.colours]
    if draft.vary == "single":
        return [(None, None, draft.colours[0])]
    sizes = read("categories")["sizes"][draft.vary]
    count = rng.randint(max(1, len(sizes) - 3), len(sizes))
    start = rng.randint(0, len(sizes) - count)
    return [(size, Text(size, size), draft.colours[0]) for size in sizes[start : start + count]]
