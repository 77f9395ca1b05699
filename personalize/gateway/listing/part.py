"""One page of a listing as the shop sent it, taken apart: raw rows by view, the items in them, cursors, the rest."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from personalize.gateway.document import telling
from personalize.gateway.document.cursors import take_hidden
from personalize.gateway.document.hidden import Item, ItemFields, item_fields
from personalize.gateway.document.raw import Json, Raws, elements, fields, is_list, is_object, joined
from personalize.gateway.document.slots import ListingSlot, Path, View
from personalize.shops.map import ListingMap


class Unreadable(Exception):
    """The list cannot be reordered (null or duplicate ids, null nodes): the shop's answer stands."""


@dataclass(slots=True)
class Part:
    """Raw rows by view key (items, or the edges that hold them), items by row, the container's other fields.

    `cursors` are those of the rows' positions (none where the list has no edges), `more` whether rows follow (None:
    the shop did not say).
    """

    nodes: dict[str, list[Raws]]
    items: list[Item]
    rest: Raws
    total: int | None
    cursors: tuple[str, ...] = ()
    more: bool | None = None


def check_served(part: Part, start: int, asked: int, listing: ListingMap) -> None:
    """Raise Unreadable where rows [start, start + asked) were asked for, fewer came, and yet more follow.

    Such a shop serves smaller pages than its map says, and its list would seem to end too early.
    """
    end = start + len(part.items)
    follow = part.more if part.more is not None else part.total is not None and end < part.total
    if len(part.items) < asked and follow:
        raise Unreadable(f"{listing.coordinates}: the shop serves fewer rows than `limit: {listing.limit}` says")


def read_part(container: Json, slot: ListingSlot) -> Part:
    """Read a listing's container. Raises Unreadable, or msgspec.DecodeError on broken JSON."""
    rest = {} if is_list(container) else fields(container)
    cursors, more = take_hidden(rest)
    counted, follows = telling.take_hidden(rest)
    readers = [item_fields(item, number) for number, item in enumerate(slot.item_types)]
    nodes: dict[str, list[Raws]] = {}
    items: list[Item] | None = None
    for view in slot.views:
        raw = _taken(rest, view.path) if view.path else container
        if raw is None:  # a condition left this view out
            continue
        if not is_list(raw):
            raise Unreadable("the list is null")
        found = elements(raw)
        if not all(is_object(node) for node in found):
            raise Unreadable("a node is null")
        rows = [fields(node) for node in found]
        read = [item for row in rows if (item := _item(readers, view, row)) is not None]
        nodes[view.key] = rows
        if len(read) == len(rows):  # edges without their items have none
            items = read
    if items is None:
        raise Unreadable("the list is not there")
    if any(len(rows) != len(items) for rows in nodes.values()) or (slot.map.edges and len(cursors) != len(items)):
        raise Unreadable("rows and cursors do not match")
    total = _total(rest, slot)
    return Part(nodes, items, rest, counted if total is None else total, cursors, follows if more is None else more)


def _taken(rest: Raws, path: Path) -> Json | None:
    """Take the value at a path out of an object of raw values; None where it is not there."""
    key, *further = path
    if not further:
        return rest.pop(key, None)
    if not is_object(rest.get(key)):
        return None
    inner = fields(rest[key])
    raw = _taken(inner, tuple(further))
    rest[key] = msgspec.Raw(joined(inner))
    return raw


def _item(readers: list[ItemFields], view: View, row: Raws) -> Item | None:
    """The item in a row, our fields taken out. None for an edge whose item was not asked for."""
    if not view.edge:
        return _read(readers, row)
    item = None
    for key in view.nodes:
        raw = row.get(key)
        if raw is None:  # a condition left it out
            continue
        if not is_object(raw):
            raise Unreadable("a node is null")
        node = fields(raw)
        item = _read(readers, node)
        row[key] = msgspec.Raw(joined(node))
    return item


def _read(readers: list[ItemFields], node: Raws) -> Item:
    for reader in readers:
        if any(alias in node for alias in reader.names.values()):
            item = reader.read(node)
            if item is not None:
                return item
    raise Unreadable("an item has no id")


def _total(rest: Raws, slot: ListingSlot) -> int | None:
    for path in reversed(slot.totals):
        if path[0] in rest:
            value = msgspec.json.decode(rest[path[0]])
            for key in path[1:]:
                value = value.get(key) if isinstance(value, dict) else None
            return value if isinstance(value, int) else None
    return None
