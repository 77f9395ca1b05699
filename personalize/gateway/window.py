"""A window: the first rows of a shop's own list, as raw nodes and as a Listing, with a version of their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
import numpy as np

from personalize.domain.listing import Listing
from personalize.gateway.hidden import Item, ItemFields
from personalize.gateway.raw import Json, Raws, elements, fields, is_list, is_object, joined
from personalize.gateway.slots import ListingSlot

MAX_HEADS = 8


class Unreadable(Exception):
    """The list cannot be reordered (null or duplicate ids, null nodes): the shop's answer stands."""


@dataclass(slots=True)
class Window:
    """Rows in the shop's order from `offset` (0 except for a page read by itself).

    `rows` names each row, `nodes[view][row]` are the raw nodes without hidden fields, `rest` the other fields of the
    container as raw JSON. `candidates[c]` are the rows of candidate c of `listing` (variants of one product),
    `owner[row]` is a row's candidate. `total` is the shop's count where it was asked for, `whole` whether the list ends
    within the window, `alone` whether it is just the page that was asked for, `headers` what the shop said beside it.
    """

    rows: tuple[str, ...]
    nodes: dict[str, list[Raws]]
    rest: Raws
    listing: Listing
    candidates: tuple[tuple[int, ...], ...]
    owner: tuple[int, ...]
    offset: int = 0
    total: int | None = None
    whole: bool = False
    alone: bool = False
    version: str = ""
    places: dict[str, int] = field(default_factory=dict)
    size: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    heads: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def head(self, size: int) -> str:
        """The version of the first `size` rows: windows of different sizes agree where these do."""
        if size >= len(self.rows):
            return self.version
        found = self.heads.get(size)
        if found is None:
            if len(self.heads) >= MAX_HEADS:
                self.heads.clear()
            found = self.heads[size] = _version(self.rows[:size])
        return found

    def page(self, view: str, rows: Iterable[int], extras: Mapping[int, Mapping[str, bytes]] | None = None) -> bytes:
        """A JSON array of the nodes of `rows`, each with its `extras` (raw values by key) put in."""
        nodes = self.nodes[view]
        if not extras:
            return b"[" + b",".join([joined(nodes[row]) for row in rows]) + b"]"
        return b"[" + b",".join([joined({**nodes[row], **extras.get(row, {})}) for row in rows]) + b"]"


@dataclass(slots=True)
class Part:
    """One page of a window as the shop sent it: raw nodes by view, items by row, the container's other fields."""

    nodes: dict[str, list[Raws]]
    items: list[Item]
    rest: Raws
    total: int | None


def read_part(container: Json, slot: ListingSlot) -> Part:
    """Read a listing's container. Raises Unreadable, or msgspec.DecodeError on broken JSON."""
    rest = fields(container)
    readers = [ItemFields(item, number) for number, item in enumerate(slot.item_types)]
    nodes: dict[str, list[Raws]] = {}
    items: list[Item] = []
    for view in slot.views:
        raw = rest.pop(view, None)
        if raw is None:  # a condition left this view out
            continue
        if not is_list(raw):
            raise Unreadable("the list is null")
        found = elements(raw)
        if not all(is_object(node) for node in found):
            raise Unreadable("a node is null")
        rows = [fields(node) for node in found]
        read = [_read(readers, node) for node in rows]
        nodes[view] = rows
        items = read
    if not nodes:
        raise Unreadable("the list is not there")
    total = None
    for key in slot.totals:
        if key in rest:
            value = msgspec.json.decode(rest[key])
            total = value if isinstance(value, int) else None
    return Part(nodes, items, rest, total)


def _read(readers: list[ItemFields], node: Raws) -> Item:
    for reader in readers:
        if any(alias in node for alias in reader.names.values()):
            item = reader.read(node)
            if item is not None:
                return item
    raise Unreadable("an item has no id")


def build(parts: list[Part], *, list_id: str, term: str | None, offset: int = 0, asked: int | None = None) -> Window:
    """One window of pages that follow each other; `asked` is how many rows were asked for. Raises Unreadable."""
    items = [item for part in parts for item in part.items]
    rows = tuple(item.row for item in items)
    places = {row: place for place, row in enumerate(rows)}
    if len(places) != len(rows):
        raise Unreadable("a row is there twice")
    nodes = {view: [node for part in parts for node in part.nodes[view]] for view in parts[0].nodes}
    grouped: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        grouped.setdefault(item.id, []).append(row)
    number = {name: candidate for candidate, name in enumerate(grouped)}
    firsts = [items[group[0]] for group in grouped.values()]
    total = parts[0].total
    prices = np.array([_least([items[row].price for row in group]) for group in grouped.values()], dtype=np.float64)
    listing = Listing(
        list_id=list_id, ids=tuple(grouped), prices=prices, currency=firsts[0].currency if firsts else "",
        titles=tuple(item.title for item in firsts), attributes=tuple(item.attributes for item in firsts),
        search_term=term, total=total,
    )  # fmt: skip
    whole = total is not None and offset + len(rows) >= total
    if asked is not None and len(rows) < asked:
        whole = True
    return Window(
        rows=rows, nodes=nodes, rest=parts[0].rest, listing=listing,
        candidates=tuple(tuple(group) for group in grouped.values()),
        owner=tuple(number[item.id] for item in items), offset=offset, total=total, whole=whole,
        version=_version(rows), places=places,
        size=sum(len(memoryview(raw)) for view in nodes.values() for node in view for raw in node.values()),
    )  # fmt: skip


def _least(prices: list[float]) -> float:
    known = [price for price in prices if price == price]  # NaN is not equal to itself
    return min(known, default=float("nan"))


def _version(rows: tuple[str, ...]) -> str:
    return blake2b("\0".join(rows).encode(), digest_size=12).hexdigest()
