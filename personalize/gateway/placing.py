"""Placing: every listing is read and ordered, then put back with our own fields; error paths are led back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec
import orjson

from personalize.gateway.document.cursors import page_info
from personalize.gateway.document.hidden import KEY, Item, ItemFields, item_fields, known_by
from personalize.gateway.document.plan import Mode
from personalize.gateway.document.raw import Json, Raws, fields, joined
from personalize.gateway.document.rewrite import edit, errors
from personalize.gateway.document.slots import ItemField, Path, View
from personalize.gateway.document.telling import Served, tell
from personalize.gateway.listing.ask import Ask, container_of, move_of
from personalize.gateway.listing.audit import Audit
from personalize.gateway.listing.choosing import Listings
from personalize.gateway.listing.window import Window
from personalize.gateway.ours.answers import Own, project
from personalize.gateway.ours.schema import Desk
from personalize.gateway.work import Work
from personalize.shops.map import Numbers


def arrange_listings(work: Work, listings: Listings, audit: Audit) -> None:
    """Read all listings of an answer and decide their order. Raises Unreadable."""
    if work.data is None:
        return
    for ask in work.asks:
        if not ask.given:
            container = container_of(work.data, ask)
            if container is None or _another(ask, container):  # the shop has no such list: what it says stays
                continue
            listings.read(ask, container)
            if ask.behind is not None:
                ask.behind()
        elif ask.shared and audit.due():
            audit.start(work.plan, ask, work.call, work.operation)
        listings.arrange(ask, work.arrival)


def place_listings(work: Work) -> None:
    """Write the pages of all listings that were arranged."""
    for ask in work.asks:
        if work.data is not None and ask.window is not None:
            _put(work, ask.slot.path, _page(work, ask))


def items_with(work: Work, name: str) -> Iterator[Item]:
    """The items of an answer on which the client selected this field of ours, in listings and outside them."""
    for ask in work.asks:
        if ask.window is not None and any(work.plan.tells(one, name) for one in ask.slot.item_fields):
            yield from (ask.window.read[row] for row in ask.shown)
    outside = [*work.plan.found.item_fields, *_in_lists_left_alone(work)]
    if work.data is None or not (outside := [one for one in outside if work.plan.tells(one, name)]):
        return
    for path, ones in _by_path(outside).items():
        readers, met = _readers(work, ones), list[Item]()

        def take(node: Raws, readers: Mapping[str, ItemFields] = readers, met: list[Item] = met) -> None:
            met += [item for one in readers.values() if one.mark in node and (item := one.read(node)) is not None]

        edit(joined(work.data), path, take)
        yield from met


def _another(ask: Ask, container: Json) -> bool:
    """Whether a field answers another of its types than the one that holds items."""
    return ask.slot.map.on is not None and not any(view.path[0] in fields(container) for view in ask.slot.views)


def lead_errors_back(work: Work) -> None:
    """Errors as if the shop had been asked the client's own document."""
    if "errors" not in work.envelope:
        return
    moves = [move_of(ask) for ask in work.asks if ask.mode is not Mode.DETACHED and ask.window is not None]
    moved = errors(work.envelope["errors"], work.plan.upstream(work.modes).spliced, moves)
    if moved is None:
        del work.envelope["errors"]
    else:
        work.envelope["errors"] = msgspec.Raw(moved)


async def place_ours(work: Work, own: Own, desk: Desk) -> None:
    """Our own root fields, introspection, and item fields outside listings."""
    if work.data is None:
        return
    for path, ones in _by_path((*work.plan.found.item_fields, *_in_lists_left_alone(work))).items():
        work.data = fields(edit(joined(work.data), path, _filler(work, ones)))
    mine, faults = await own.fields(work.plan, work.operation.variables, desk)
    mine |= own.introspect(work.plan, work.operation.variables)
    work.data |= {key: msgspec.Raw(raw) for key, raw in mine.items()}
    if faults:
        told = orjson.loads(memoryview(work.envelope["errors"])) if "errors" in work.envelope else []
        work.envelope["errors"] = msgspec.Raw(orjson.dumps(told + faults))


def _page(work: Work, ask: Ask) -> bytes:
    """A listing's container with the rows to show."""
    window = ask.window
    assert window is not None
    container: dict[str, Json] = dict(window.rest)
    start = ask.paging.skip - window.offset
    for view in ask.slot.views:
        if view.key not in window.nodes:
            continue
        page = window.page(view, ask.shown, start, _extras(work, ask, window, view))
        for path, ones in _by_path(one for one in view.item_fields if one.path not in view.items).items():
            page = edit(page, path, _filler(work, ones))
        if not view.path:  # the answer is the list itself
            return page
        _hold(container, view.path, page)
    for key, names in ask.slot.page_infos.items():
        if key in container and not window.alone:  # of a page by itself the shop's own word holds
            cursors, end = window.cursors[start : start + len(ask.shown)], start + len(ask.shown)
            more = end < len(window) or not window.whole
            container[key] = page_info(container[key], names, cursors, before=ask.paging.skip > 0, more=more)
    if ask.slot.told and not window.alone:
        tell(container, ask.slot.told, _served(ask, window))
    return joined(container)


def _hold(container: dict[str, Json], path: Path, page: bytes) -> None:
    """Put a page where its list stood; the objects on the way are there."""
    key, *rest = path
    if rest:
        inner: dict[str, Json] = dict(fields(container[key]))
        _hold(inner, tuple(rest), page)
        page = joined(inner)
    container[key] = page


def _served(ask: Ask, window: Window) -> Served:
    """The page that is served out of a window, for what its container tells of it."""
    paging, paged, end = ask.paging, ask.slot.map.paged, ask.paging.skip + len(ask.shown)
    total = window.total if window.total is not None or not window.whole else len(window)
    first = paged.first if isinstance(paged, Numbers) else 1
    return Served(paging.skip, paging.take, len(ask.shown), total, end < len(window) or not window.whole, first)


def _extras(work: Work, ask: Ask, window: Window, view: View) -> dict[int, dict[Path, dict[str, bytes]]]:
    """Our fields on the items shown, by row and by path of the item in it."""
    extras: dict[int, dict[Path, dict[str, bytes]]] = {}
    for one in view.item_fields:
        for row in ask.shown if one.path in view.items else ():
            raw = _item(work, one, window.read[row])
            if raw is not None:
                extras.setdefault(row, {}).setdefault(one.path, {})[one.key] = raw
    return extras


def _put(work: Work, path: Path, raw: bytes) -> None:
    """Put a value into the answer; where a parent is null or gone, it stays so."""
    assert work.data is not None
    *parents, key = path
    if not parents:
        work.data[key] = msgspec.Raw(raw)
        return

    def put(node: Raws) -> None:
        node[key] = msgspec.Raw(raw)

    work.data = fields(edit(joined(work.data), tuple(parents), put))


def _in_lists_left_alone(work: Work) -> Iterator[ItemField]:
    """Our fields in lists that were not asked for as ours (an odd paging): there, too, they are answered."""
    read = {ask.slot.index for ask in work.asks if ask.window is not None}
    for slot in work.plan.found.listings:
        for view in slot.views if slot.index not in read else ():
            yield from (replace(one, path=(*slot.path, *view.path, *one.path)) for one in view.item_fields)


def _by_path(item_fields: Iterable[ItemField]) -> dict[Path, list[ItemField]]:
    paths: dict[Path, list[ItemField]] = {}
    for one in item_fields:
        paths.setdefault(one.path, []).append(one)
    return paths


def _filler(work: Work, ones: list[ItemField]) -> Callable[[Raws], None]:
    """An edit that puts an item's `personalization` where the shop was asked for its id, or for all we read of it."""
    readers = _readers(work, ones)

    def fill(node: Raws) -> None:
        identity = node.pop(KEY, None)
        known = None if identity is None else known_by(str(msgspec.json.decode(identity)))
        items = {kind: reader.read(node) if reader.mark in node else known for kind, reader in readers.items()}
        for one in ones:
            item = items[one.type]
            raw = None if item is None else _item(work, one, item)
            if raw is not None:
                node[one.key] = msgspec.Raw(raw)

    return fill


def _readers(work: Work, ones: Iterable[ItemField]) -> dict[str, ItemFields]:
    return {one.type: item_fields(work.plan.items[one.type], None) for one in ones}


def _item(work: Work, one: ItemField, item: Item) -> bytes | None:
    return project(one, work.tellers.of(item, work.arrival), work.plan.composer.fragments, work.variables)
