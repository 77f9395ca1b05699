"""A guest of the gateway's own: reads a window of the shop, and whether items are there, for the operator's desk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, get_named_type, is_required_argument

from personalize.domain.desk.reading import nearest
from personalize.errors import DeskError, PersonalizeError, UpstreamError
from personalize.gateway.document.hidden import leaves
from personalize.gateway.document.plan import Plan
from personalize.gateway.document.raw import fields
from personalize.gateway.document.slots import PREFIX, ListingSlot
from personalize.gateway.document.values import with_defaults
from personalize.gateway.edge.call import Call, Operation
from personalize.gateway.edge.upstream import Headers, Upstream
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.fetching import Fetcher
from personalize.gateway.listing.paging import Paging, neutral, with_paging, without_paging
from personalize.gateway.listing.part import Unreadable
from personalize.gateway.listing.scoping import about_of
from personalize.gateway.listing.window import Window
from personalize.gateway.ours.knowledge import Knowledge
from personalize.shops.fit import selected
from personalize.shops.map import ListingMap, ShopMap

BATCH = 20
MAX_ASKED = 200
"""Items that are looked for one by one at most."""
PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Found:
    """A listing as a guest gets it: its window, and whether the shopper's own sort keeps it as it is."""

    slot: ListingSlot
    window: Window
    neutral: bool


class Guest:
    """Asks the shop without credentials and within the upstream's deadline; nothing is kept, nothing is logged."""

    def __init__(self, knowledge: Knowledge, upstream: Upstream) -> None:
        self.knowledge, self.upstream = knowledge, upstream

    def listings(self) -> tuple[str, ...]:
        """The listings that may be ordered; none while the shop's schema is not known."""
        return tuple(one.coordinates for one in self.knowledge.fitted.listings.values()) if self.knowledge.ready else ()

    def headers(self, given: Mapping[str, str]) -> Headers:
        """Of what was given, the headers that the shop's answers vary by."""
        told = {name.lower(): value for name, value in given.items()}
        return [(name, told[name]) for name in self.knowledge.fitted.vary_headers if told.get(name)]

    async def field(self, coordinates: str, arguments: Mapping[str, Any], headers: Mapping[str, str]) -> Found:
        """The window of a listing by its field; `arguments` without paging. Raises DeskError."""
        self._known()
        shop = self.knowledge.fitted
        listing = next((one for one in shop.listings.values() if one.coordinates == coordinates), None)
        if listing is None:
            raise DeskError(f"there is no listing {coordinates!r}", code="SCOPE_UNKNOWN",
                            hint=nearest(coordinates, self.listings()))  # fmt: skip
        text, variables = written(listing, shop, self._schema(), arguments)
        return await self.document(text, variables, headers)

    async def document(
        self, text: str, variables: Mapping[str, Any], headers: Mapping[str, str], path: str | None = None
    ) -> Found:
        """The window of a listing of a storefront's document: the one at that response path, else the first."""
        self._known()
        operation = Operation(text, dict(variables), None)
        plan = self.knowledge.plan(operation)
        if plan is None or plan.refused or plan.kind != "query":
            said = plan.refused[0].message if plan is not None and plan.refused else "it is no query that we understand"
            raise DeskError(f"the document cannot be used: {said}", code="DOCUMENT_INVALID",
                            hint="give a query of the storefront that asks for a listing")  # fmt: skip
        slots = {".".join(slot.path): slot for slot in plan.found.listings}
        if not slots or (path is not None and path not in slots):
            raise DeskError(f"the document has no listing {path!r}" if slots else "the document asks for no listing",
                            code="DOCUMENT_INVALID", hint=nearest(path or "", slots))  # fmt: skip
        slot = slots[path] if path is not None else next(iter(slots.values()))
        try:
            return await self._window(plan, slot, operation, self.headers(headers))
        except UpstreamError as error:
            raise DeskError(f"the shop does not answer: {error.message}", code="SHOP_SILENT") from error
        except (Unreadable, PersonalizeError, ValueError, TimeoutError, msgspec.DecodeError) as error:
            raise DeskError(f"the listing cannot be read: {str(error)[:300]}", code="LISTING_UNREADABLE",
                            hint="does the storefront get it with these arguments?") from error  # fmt: skip

    async def there(self, ids: Sequence[str]) -> dict[str, bool | None]:
        """Whether each item is there, by the field that the map calls `view_item`; None where nobody can tell."""
        asked = dict.fromkeys(ids[:MAX_ASKED])
        told: dict[str, bool | None] = dict.fromkeys(ids)
        field = self._detail() if self.knowledge.ready else None
        if field is None:
            return told
        every = list(asked)
        for start in range(0, len(every), BATCH):
            batch = every[start : start + BATCH]
            try:
                told |= await self._look(field, batch)
            except (PersonalizeError, TimeoutError, ValueError):
                break
        return told

    async def _window(self, plan: Plan, slot: ListingSlot, operation: Operation, headers: Headers) -> Found:
        variables = with_defaults(plan.operation, operation.variables)
        plan.check(operation.variables)
        arguments = plan.arguments(slot, variables)
        call = Call("POST", "", [*headers], "", "http", orjson.dumps({"query": operation.query}))
        paging = Paging(0, slot.map.default or slot.map.limit, slot.map.window)
        ask = Ask(slot, arguments, paging, (), f"{slot.map.field}:preview", True)
        vary = [call.header(name) for name in self.knowledge.fitted.vary_headers]
        parents = plan.parent_arguments(slot, variables)
        ask.about = about_of(slot.map, without_paging(slot.map, arguments), parents, vary)
        used = {name: variables[name] for name in plan.window(slot).variables if name in variables}
        async with asyncio.timeout(self.upstream.deadline):
            window = await Fetcher(self.knowledge.fitted, self.upstream).shared(plan, ask, call, used)()
        return Found(slot, window, neutral(slot.map, arguments))

    async def _look(self, field: tuple[str, bool], batch: Sequence[str]) -> dict[str, bool | None]:
        name, quoted = field
        parts = [
            f"i{n}: {name}(id: {orjson.dumps(one).decode() if quoted else int(one)}) {{ __typename }}"
            for n, one in enumerate(batch)
        ]
        headers: Headers = [("content-type", "application/json"), ("accept", "application/json")]
        headers += [("host", self.upstream.host)]
        answer = await self.upstream.post(self.upstream.url, headers, {"query": "{ " + " ".join(parts) + " }"})
        data = orjson.loads(answer.body or b"").get("data")
        if not isinstance(data, dict):
            return {}
        return {one: data.get(f"i{n}") is not None for n, one in enumerate(batch)}

    def _detail(self) -> tuple[str, bool] | None:
        """The field of Query that tells of one item by `id`, and whether that is a text."""
        root = self._schema().query_type
        for event in self.knowledge.fitted.events.values():
            if event.name != "view_item" or root is None or event.parent != root.name:
                continue
            args = root.fields[event.field].args
            needed = [name for name, one in args.items() if is_required_argument(one) and name != "id"]
            if "id" in args and not needed:
                return event.field, get_named_type(args["id"].type).name != "Int"
        return None

    def _known(self) -> None:
        if not self.knowledge.ready:
            raise DeskError("the shop's schema is not known yet", code="SHOP_UNKNOWN", hint="is the shop up?")

    def _schema(self) -> GraphQLSchema:
        assert self.knowledge.planner is not None
        return self.knowledge.planner.schema


def written(
    listing: ListingMap, shop: ShopMap, schema: GraphQLSchema, arguments: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """A document that asks for a listing with pictures, and its variables. Raises DeskError."""
    root = schema.query_type
    if root is None or listing.parent != root.name:
        raise DeskError(f"{listing.coordinates} stands below another field", code="DOCUMENT_NEEDED",
                        hint="give the storefront's document that asks for it")  # fmt: skip
    args = root.fields[listing.field].args
    for name in arguments:
        if name not in args:
            raise DeskError(f"{listing.coordinates} has no argument {name!r}", code="ARGUMENT_UNKNOWN",
                            hint=nearest(name, args))  # fmt: skip
    given = dict(arguments)
    for path in listing.paged.arguments:
        if isinstance(get_named_type(args[path[0]].type), GraphQLInputObjectType) and given.get(path[0]) is None:
            given[path[0]] = {}
    given = with_paging(listing, given, 0, min(listing.limit, listing.default or listing.limit))
    pictured = " ".join(
        f"... on {item.type} {{ {PICTURE}{n}: {item.picture} }}"
        for n, item in enumerate(shop.items.values())
        if item.picture and item.type in _types(listing, schema)
    )
    inner = f"__typename {pictured}"
    parts = [selected(listing.items, inner) if listing.items else ""]
    parts += [selected(listing.total) if listing.total else ""]
    if listing.edges and not listing.items:
        parts.append(f"{listing.edges.field} {{ {listing.edges.node} {{ {inner} }} }}")
    body = inner if listing.bare else " ".join(part for part in parts if part)
    if listing.on:
        body = f"... on {listing.on} {{ {body} }}"
    names = [name for name in args if name in given]
    declared = ", ".join(f"${name}: {args[name].type}" for name in names)
    passed = ", ".join(f"{name}: ${name}" for name in names)
    head, tail = (f"({declared})", f"({passed})") if names else ("", "")
    return f"query{head} {{ {listing.field}{tail} {{ {body} }} }}", {name: given[name] for name in names}


def _types(listing: ListingMap, schema: GraphQLSchema) -> frozenset[str]:
    """The types that a listing's items may have."""
    root: Any = schema.query_type
    kind: Any = get_named_type(root.fields[listing.field].type)
    kind = schema.type_map[listing.on] if listing.on else kind
    steps = listing.items or ((listing.edges.field, listing.edges.node) if listing.edges else ())
    for step in steps:
        kind = get_named_type(kind.fields[step].type)
    if isinstance(kind, GraphQLObjectType):
        return frozenset((kind.name,))
    return frozenset(one.name for one in schema.get_possible_types(kind))


def picture_of(found: Found, row: int) -> str | None:
    """The address of a row's picture, where the document asked for it and the shop has one."""
    for view in found.slot.views:
        node = found.window.nodes[view.key][row]
        inner = next((fields(node[key]) for key in view.nodes if key in node), {}) if view.edge else node
        for key, raw in inner.items():
            if key.startswith(PICTURE) and not key.startswith(PREFIX):
                for leaf in leaves(msgspec.json.decode(raw)):
                    if isinstance(leaf, str) and leaf.startswith(("https://", "http://", "/")):
                        return leaf
    return None
