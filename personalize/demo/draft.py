"""A product on the drawing board: everything but its ids, variants and place in the shop."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from personalize.demo import wording
from personalize.demo.catalogue import Text
from personalize.demo.source import read


@dataclass(frozen=True, slots=True)
class Draft:
    """One style in one colour (or, where colours are the variants, in several).

    `gross` is the gross price of the smallest variant in cents; `age` days since it came into the shop.
    """

    category: str
    department: str
    kind: dict[str, Any]
    material: str
    line: str
    colours: tuple[str, ...]
    vary: str
    name: Text
    season: str
    occasions: tuple[str, ...]
    warmth: float | None
    rain: float | None
    appeal: float
    age: int
    gross: int
    review_count: int
    rating: float | None

    @classmethod
    def make(
        cls,
        category: dict[str, Any],
        kind: dict[str, Any],
        material: str,
        style: str,
        line: dict[str, Any],
        colours: tuple[str, ...],
        vary: str,
        *,
        base: float,
        appeal: float,
        days: int,
        rng: random.Random,
    ) -> Draft:
        """Fills in what follows from the choices: `base` in 0..1 is where in the category's price band it lies."""
        cloth = read("materials")[material]
        warmth = rain = None
        if "warmth" in cloth and category["department"] in ("women", "men", "accessories"):
            warmth = min(1.0, max(0.0, cloth["warmth"] + category.get("warmth", 0.0) + kind.get("warmth", 0.0)))
            rain = min(1.0, cloth.get("rain", 0.0) + kind.get("rain", 0.0))
        low, high = category["price"]
        euros = (low + (high - low) * base) * cloth["price"] * line["price"]
        liked = min(1.0, max(0.0, appeal + rng.gauss(0, 0.08)))
        count = int(rng.lognormvariate(2.2 + 1.4 * liked, 0.9)) if rng.random() > 0.07 else 0
        return cls(
            category=category["code"],
            department=category["department"],
            kind=kind,
            material=material,
            line=line["code"],
            colours=colours,
            vary=vary,
            name=wording.product_name(kind, material, style, colours if vary != "colours" else ()),
            season=kind.get("season") or category.get("season") or _season(warmth),
            occasions=tuple(dict.fromkeys([*kind["occasions"], rng.choice(line["occasions"])])),
            warmth=warmth,
            rain=rain,
            appeal=liked,
            age=rng.randrange(days),
            gross=_charm(euros),
            review_count=count,
            rating=round(min(5.0, max(1.0, 3.3 + 1.5 * liked + rng.gauss(0, 0.25))), 1) if count else None,
        )


def _season(warmth: float | None) -> str:
    if warmth is None:
        return "all-year"
    return "summer" if warmth < 0.3 else "winter" if warmth > 0.68 else "mid-season"


def _charm(euros: float) -> int:
    """A price as shops write it: whole euros and 90 cents, from 5.90 up."""
    return max(5, round(euros)) * 100 + 90
