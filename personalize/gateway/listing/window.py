"""A window: the first rows of a shop's own list, as raw nodes and as a Listing, with a version of their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import msgspec
import numpy as np
from cachetools import LRUCache

from personalize.domain.listing import About, Listing
from personalize.gateway.document.hidden import Item
from personalize.gateway.document.raw import Json, Raws, fields, joined
from personalize.gateway.document.slots import Path, View
from personalize.gateway.listing.part import Part, Unreadable

Extras = Mapping[int, Mapping[Path, Mapping[str, bytes]]]
"""What is put into rows: by row and by path of the item in it, raw values by key."""

Told = tuple[str, float | None, str | None, Mapping[str, object]]
"""What the log says of a candidate: its id, price in major units, currency and attributes."""

MAX_HEADS = 8
MAX_SEEN = 256


@dataclass(slots=True)
class Window:
    """Rows in the shop's order from `offset` (0 except for a page read by itself).

    `rows` names each row, `nodes[view key][row]` are the raw nodes (or edges) without hidden fields, `rest` the other
    fields of the container as raw JSON, `cursors` those of the positions (whatever row is shown there).
    `candidates[c]` are the rows of candidate c of `listing` (variants of one product), `owner[row]` is a row's
    candidate. `texts` are rows put together again, by view. `total` is the shop's count where it was
    asked for, `whole` whether the list ends within the window,
    `alone` whether it is just the page that was asked for, `headers` what the shop said beside it; `read` are the
    items of the rows, `bare` its outline.
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
    headers: tuple[tuple[str, str], ...] = ()
    heads: dict[int, str] = field(default_factory=dict)
    cursors: tuple[str, ...] = ()
    standing: dict[str, int] = field(default_factory=dict)
    texts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    items: list[Told] = field(default_factory=list)
    read: tuple[Item, ...] = ()
    bare: Window | None = None

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

    @property
    def size(self) -> int:
        """Bytes of the nodes, counted twice: they may be put together again."""
        return 2 * sum(len(memoryview(raw)) for view in self.nodes.values() for node in view for raw in node.values())

    def told(self) -> list[Told]:
        """What the log says of each candidate, read once."""
        if not self.items:
            listing, currency = self.listing, self.listing.currency or None
            prices = [None if price != price else round(price, 4) for price in listing.prices.tolist()]  # NaN
            self.items = [
                (item_id, price, currency, attributes)
                for item_id, price, attributes in zip(listing.ids, prices, listing.attributes, strict=True)
            ]
        return self.items

    def outline(self) -> Window:
        """The window without what its rows hold: enough to arrange it again."""
        if self.bare is None:
            self.bare = replace(
                self, nodes={}, rest={}, texts={}, items=[], headers=(), heads={}, cursors=(), standing={}
            )
        return self.bare

    def position(self, cursor: str) -> int | None:
        """The position in the whole list at which this cursor stands, None where it is not one of the window's."""
        if not self.standing and self.cursors:
            self.standing.update((one, self.offset + at) for at, one in enumerate(self.cursors))
        return self.standing.get(cursor)

    def page(self, view: View, rows: Sequence[int], start: int, extras: Extras | None = None) -> bytes:
        """A JSON array of the elements of `rows`, each with its `extras` put in.

        They are shown from `start` (counted within the window) on: cursors of edges are those of the positions.
        """
        if not extras and not view.cursors:
            texts = self.texts.setdefault(view.key, {})
            return b"[" + b",".join([texts.get(row) or self._text(view.key, row) for row in rows]) + b"]"
        nodes = self.nodes[view.key]
        shown: Iterable[Mapping[str, Json]] = [nodes[row] for row in rows]
        if view.cursors:
            shown = [_at(edge, view.cursors, self.cursors[start + at]) for at, edge in enumerate(shown)]
        if extras:
            shown = [_with(node, extras.get(row, {})) for node, row in zip(shown, rows, strict=True)]
        return b"[" + b",".join([joined(node) for node in shown]) + b"]"

    def _text(self, key: str, row: int) -> bytes:
        """A row put together again, once: `nodes` are taken apart for what may have to be put in."""
        text = self.texts[key][row] = joined(self.nodes[key][row])
        return text


def _at(edge: Mapping[str, Json], keys: tuple[str, ...], cursor: str) -> dict[str, Json]:
    raw = msgspec.json.encode(cursor)
    return {key: raw if key in keys else value for key, value in edge.items()}


def _with(node: Mapping[str, Json], extras: Mapping[Path, Mapping[str, bytes]]) -> dict[str, Json]:
    filled: dict[str, Json] = dict(node)
    for path, more in extras.items():
        if not path:
            filled |= more
        elif path[0] in filled:
            filled[path[0]] = joined({**fields(filled[path[0]]), **more})
    return filled


def build(
    parts: list[Part], *, list_id: str, term: str | None, offset: int = 0, asked: int | None = None,
    about: About | None = None,
) -> Window:  # fmt: skip
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
    listing = _same(Listing(
        list_id=list_id, ids=tuple(grouped), prices=prices, currency=firsts[0].currency if firsts else "",
        titles=tuple(item.title for item in firsts), attributes=tuple(item.attributes for item in firsts),
        search_term=term, total=total, offset=offset, about=about,
    ))  # fmt: skip
    whole = total is not None and offset + len(rows) >= total
    if parts[-1].more is not None:
        whole = not parts[-1].more
    elif asked is not None and len(rows) < asked:
        whole = True
    return Window(
        rows=rows, nodes=nodes, rest=parts[0].rest, listing=listing,
        candidates=tuple(tuple(group) for group in grouped.values()),
        owner=tuple(number[item.id] for item in items), offset=offset, total=total, whole=whole,
        version=_version(rows), places=places, cursors=tuple(cursor for part in parts for cursor in part.cursors),
        read=tuple(items),
    )  # fmt: skip


def _same(listing: Listing) -> Listing:
    """The Listing of these very values that was read before, if it was: what is prepared for it serves again.

    So a list that is read for every visitor anew (a private window) is prepared once while it stays the same.
    """
    key = (listing.list_id, listing.ids)
    held = _seen.get(key)
    if held is not None and _alike(held, listing):
        return held
    _seen[key] = listing
    return listing


def _alike(one: Listing, other: Listing) -> bool:
    return (
        one.prices.tobytes() == other.prices.tobytes()
        and (one.currency, one.search_term, one.total) == (other.currency, other.search_term, other.total)
        and (one.offset, one.about) == (other.offset, other.about)
        and one.titles == other.titles
        and one.attributes == other.attributes
    )


def _least(prices: list[float]) -> float:
    known = [price for price in prices if price == price]  # NaN is not equal to itself
    return min(known, default=float("nan"))


def _version(rows: tuple[str, ...]) -> str:
    return blake2b("\0".join(rows).encode(), digest_size=12).hexdigest()


_seen: LRUCache[tuple[str, tuple[str, ...]], Listing] = LRUCache(MAX_SEEN)
