"""Simulated people: what each of them likes, as a known utility over the catalogue. None of them exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from personalize.demo.catalogue import Catalogue, Product

Floats = NDArray[np.float64]

PAGE = 24
"""Rows a simulated shopper sees at once."""
POSITION_BIAS = 0.7
"""How fast attention falls: row k (0-based) is looked at with probability (k + 1) ** -POSITION_BIAS."""
PICKINESS = 1.7
THRESHOLD = 2.2
"""A row that is looked at is clicked with probability sigmoid(PICKINESS * (utility - THRESHOLD))."""

COLD, WARM = 8.0, 20.0
"""Degrees Celsius below which people look for warm things, above which for airy ones."""


def examination(positions: NDArray[np.int_] | int, bias: float = POSITION_BIAS) -> Floats:
    """The probability that the row at each 0-based position is looked at."""
    return np.asarray(np.power(np.asarray(positions, dtype=np.float64) + 1.0, -bias))


def attraction(utility: Floats) -> Floats:
    """The probability that a row of each utility is clicked once it is looked at."""
    return np.asarray(1.0 / (1.0 + np.exp(-PICKINESS * (utility - THRESHOLD))))


class Goods:
    """A catalogue as arrays, one row a product (row = `int(product.id) - 1`)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        values = [value for facet in catalogue.facets for value in facet.values]
        self.column = {
            (facet.code, value.code): int(value.id) - 1 for facet in catalogue.facets for value in facet.values
        }
        count = len(catalogue.products)
        self.tags = np.zeros((count, len(values)))
        """Shape (products, facet values): 1 where a product has the tag."""
        for row, product in enumerate(catalogue.products):
            for value in product.facet_value_ids:
                self.tags[row, int(value) - 1] = 1.0
        self.appeal = np.array([product.appeal for product in catalogue.products])
        self.expensive = self._expensive()
        """How dear a product is within its category: standard deviations of the log price from the mean."""

    def _expensive(self) -> Floats:
        prices = np.log([product.price_with_tax[0] for product in self.catalogue.products])
        categories = np.array([product.category for product in self.catalogue.products])
        result = np.zeros(len(prices))
        for category in np.unique(categories):
            rows = categories == category
            spread = float(prices[rows].std()) or 1.0
            result[rows] = (prices[rows] - prices[rows].mean()) / spread
        return result

    def codes(self, facet: str) -> list[str]:
        """The value codes of a facet, in their order."""
        return [code for name, code in self.column if name == facet]


@dataclass(frozen=True, eq=False)
class Shopper:
    """One simulated person. `likes` is a weight per facet value, `budget` the preferred price (see `Goods.expensive`),
    `thrift` how much a price away from it hurts, `chilly` how much the weather moves them. All of it is made up.
    """

    id: str
    language: str
    likes: Floats
    budget: float
    thrift: float
    chilly: float
    activity: float
    goods: Goods

    @cached_property
    def base(self) -> Floats:
        """The utility of every product without any context, shape (products,)."""
        g = self.goods
        return np.asarray(g.tags @ self.likes - self.thrift * (g.expensive - self.budget) ** 2 + 1.0 * (g.appeal - 0.5))

    def utilities(self, context: Mapping[str, object] | None = None) -> Floats:
        """The true utility of every product in `context` (`temperature` in °C, `rain` as bool), shape (products,)."""
        if not context:
            return self.base
        column, tags, moved = self.goods.column, self.goods.tags, self.base.copy()
        temperature = context.get("temperature")
        if isinstance(temperature, float | int):
            if temperature < COLD:
                moved += self.chilly * (tags[:, column["weather", "warming"]] - tags[:, column["weather", "airy"]])
            elif temperature > WARM:
                moved += self.chilly * (tags[:, column["weather", "airy"]] - tags[:, column["weather", "warming"]])
        if context.get("rain"):
            moved += self.chilly * tags[:, column["weather", "rainproof"]]
        return moved

    def utility(self, product: Product, context: Mapping[str, object] | None = None) -> float:
        """How much this person truly likes a product of the catalogue they were made for."""
        return float(self.utilities(context)[int(product.id) - 1])

    def expected_clicks(self, order: Sequence[Product], context: Mapping[str, object] | None = None) -> float:
        """How many of the listed products this person would click, on average, were they shown in this order."""
        rows = np.array([int(product.id) - 1 for product in order], dtype=np.int_)
        return float(examination(np.arange(len(rows))) @ attraction(self.utilities(context)[rows]))


def make_shoppers(catalogue: Catalogue, count: int, seed: int) -> list[Shopper]:
    """`count` simulated people with known tastes; the same arguments give the same people."""
    goods, rng = Goods(catalogue), np.random.default_rng([seed, 1])
    departments = {c.slug: c.id for c in catalogue.collections if c.parent_id == "1"}
    inside = {
        slug: [c.slug for c in catalogue.collections if c.parent_id == identity]
        for slug, identity in departments.items()
    }
    inside = {slug: below for slug, below in inside.items() if below}
    return [_shopper(f"sim-{seed}-{n + 1:05d}", goods, inside, rng) for n in range(count)]


def _shopper(identity: str, goods: Goods, inside: dict[str, list[str]], rng: np.random.Generator) -> Shopper:
    likes = rng.normal(0.0, 0.05, goods.tags.shape[1])

    def like(facet: str, codes: Sequence[str], many: int, low: float, high: float) -> None:
        for code in rng.choice(list(codes), size=min(many, len(codes)), replace=False):
            likes[goods.column[facet, str(code)]] += rng.uniform(low, high)

    wear = str(rng.choice(["women", "men"]))
    home = [name for name in inside if name not in ("women", "men", "accessories")]
    like("category", [*inside[wear], *inside["accessories"]], 3, 0.7, 1.3)
    like("category", [code for name in home for code in inside[name]], 3, 0.5, 1.2)
    other = "men" if wear == "women" else "women"
    for code in inside[other]:
        likes[goods.column["category", code]] -= 1.0
    like("line", goods.codes("line"), 2, 1.2, 2.2)
    like("line", goods.codes("line"), 2, -1.4, -0.6)
    like("colour", goods.codes("colour"), 5, 0.6, 1.3)
    like("colour", goods.codes("colour"), 4, -1.2, -0.5)
    like("material", goods.codes("material"), 5, 0.6, 1.2)
    like("occasion", goods.codes("occasion"), 2, 0.3, 0.8)
    return Shopper(
        id=identity,
        language="de" if rng.random() < 0.7 else "en",
        likes=likes,
        budget=float(rng.normal(0.0, 0.8)),
        thrift=float(rng.uniform(0.2, 0.6)),
        chilly=float(rng.uniform(0.3, 1.2)),
        activity=float(rng.gamma(2.0, 0.5)),
        goods=goods,
    )
