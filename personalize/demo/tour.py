"""The demo's tour: two simulated visitors browse through the gateway, then look at one listing; a table shows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from personalize.demo.catalogue import Catalogue
from personalize.demo.tastes import Shopper, make_shoppers

LISTING = """
query Listing($slug: String!) {
  search(input: { collectionSlug: $slug, groupByProduct: true, take: 24 }) {
    totalItems
    items { productId productName }
  }
  personalization {
    listings { path personalized strategy items { itemId position shopPosition reason { text } } }
  }
}
"""
DETAIL = "query Product($id: ID!) { product(id: $id) { id name description } }"
PLAIN = """
query Plain($slug: String!) {
  search(input: { collectionSlug: $slug, groupByProduct: true, take: 24 }) { items { productId productName } }
}
"""
LOOKS = 6
SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one visitor saw: product ids and names in order, and a reason by product."""

    shopper: Shopper
    ids: tuple[str, ...]
    names: dict[str, str]
    reasons: dict[str, str]
    shop_position: dict[str, int]


async def tour(client: httpx.AsyncClient, url: str, catalogue: Catalogue, shoppers: int, seed: int) -> Group:
    """Let the two simulated shoppers who differ most browse, and show what the same listing is to each of them.

    Raises httpx.HTTPError where the gateway does not answer.
    """
    sizes = {c.slug: len(_members(catalogue, c.slug)) for c in catalogue.collections}
    slug = max((slug for slug, size in sizes.items() if size < len(catalogue.products)), key=lambda slug: sizes[slug])
    members = _members(catalogue, slug)
    people = make_shoppers(catalogue, shoppers, seed)
    first, second = _opposites(people, members)
    plain = await _ask(client, url, PLAIN, {"slug": slug}, {})
    before = [item["productId"] for item in plain["search"]["items"]]
    seen = [await _browse(client, url, slug, shopper, members) for shopper in (first, second)]
    return _show(slug, len(members), plain, before, seen)


def _members(catalogue: Catalogue, slug: str) -> list[str]:
    collection = catalogue.collection_by_slug[slug]
    return [product.id for product in catalogue.products if collection.id in product.collection_ids]


def _opposites(people: list[Shopper], members: list[str]) -> tuple[Shopper, Shopper]:
    """The two of the first fifty shoppers whose tastes in these products agree least."""
    rows = np.array([int(member) - 1 for member in members])
    tastes = np.stack([shopper.base[rows] for shopper in people[:50]])
    agreement = np.corrcoef(tastes)
    one, other = np.unravel_index(int(np.argmin(agreement)), agreement.shape)
    return people[int(one)], people[int(other)]


async def _browse(client: httpx.AsyncClient, url: str, slug: str, shopper: Shopper, members: list[str]) -> _Seen:
    """One visitor's session: the listing, a few products they like, the listing again."""
    headers = {"X-Personalize-Consent": "personalization"}
    response = await client.post(url, json={"query": LISTING, "variables": {"slug": slug}}, headers=headers)
    headers["X-Personalize-Visitor"] = response.headers["X-Personalize-Visitor"]
    liked = sorted(members, key=lambda member: -float(shopper.base[int(member) - 1]))[:LOOKS]
    for member in liked:
        await _ask(client, url, DETAIL, {"id": member}, headers)
    await asyncio.sleep(0.5)  # events travel by the side door
    data = await _ask(client, url, LISTING, {"slug": slug}, headers)
    report = data["personalization"]["listings"][0]["items"]
    return _Seen(
        shopper,
        tuple(item["productId"] for item in data["search"]["items"]),
        {item["productId"]: item["productName"] for item in data["search"]["items"]},
        {item["itemId"]: (item["reason"] or {}).get("text", "") for item in report},
        {item["itemId"]: item["shopPosition"] for item in report},
    )


async def _ask(
    client: httpx.AsyncClient, url: str, query: str, variables: dict[str, str], headers: dict[str, str]
) -> dict[str, Any]:
    response = await client.post(url, json={"query": query, "variables": variables}, headers=headers)
    data: dict[str, Any] = response.raise_for_status().json()["data"]
    return data


def _show(slug: str, size: int, plain: dict[str, Any], before: list[str], seen: list[_Seen]) -> Group:
    names = {item["productId"]: item["productName"] for item in plain["search"]["items"]}
    table = Table(title=f"one listing ({slug!r}, {size} products), three ways", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("the shop's order")
    for number in range(len(seen)):
        table.add_column(f"simulated visitor {'AB'[number]} (after {LOOKS} looks)")
    for place in range(SHOWN):
        row: list[str | Text] = [str(place + 1), names[before[place]]]
        for one in seen:
            identity = one.ids[place]
            moved = one.shop_position[identity] - place
            cell = Text(one.names[identity])
            if moved:
                cell.append(f"  {'+' if moved > 0 else '-'}{abs(moved)}", style="green" if moved > 0 else "dim")
            if moved > 0 and one.reasons.get(identity):
                cell.append(f"\n{one.reasons[identity]}", style="dim")
            row.append(cell)
        table.add_row(*row)
    lines = []
    for number, one in enumerate(seen):
        shop = np.mean([one.shopper.base[int(i) - 1] for i in before[:SHOWN]])
        ours = np.mean([one.shopper.base[int(i) - 1] for i in one.ids[:SHOWN]])
        lines.append(
            f"visitor {'AB'[number]}: mean utility of the first {SHOWN} (known, since simulated) "
            f"{shop:.2f} in the shop's order, {ours:.2f} in ours"
        )
    return Group(table, "\n".join(lines))
