"""The walk through an operation: finds our slots among its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    print_ast,
)

from personalize.gateway.document.collect import Collector, Composite, Met
from personalize.gateway.document.slots import (
    ActionSlot,
    DetailSlot,
    Found,
    ItemField,
    ListingSlot,
    Path,
    View,
)
from personalize.shops.map import Cursors, EdgeMap, ItemMap, ListingMap, ShopMap

MAX_LISTINGS = 8


def _arguments(node: FieldNode) -> tuple[str, ...]:
    return tuple(sorted(print_ast(argument) for argument in node.arguments or ()))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A view with the nodes of its items (for each path of `view.items`), and an edge's further fields."""

    view: View
    items: list[list[Met]]
    others: list[tuple[str, list[Met]]]


class Walk:
    """One walk. `found` holds the result; unknown fields and types are passed over, the shop will say so."""

    def __init__(
        self, schema: GraphQLSchema, shop: ShopMap, namespace: str, fragments: dict[str, FragmentDefinitionNode]
    ) -> None:
        self.shop, self.namespace, self.fields = shop, namespace, Collector(schema, fragments)
        self.found = Found()
        self.places: dict[int, set[Path]] = {}

    def run(self, operation: OperationDefinitionNode, root: GraphQLObjectType) -> Found:
        """Walk from the root type of the operation."""
        groups = self.fields.collect(root, [(operation.selection_set, ())])
        self.found.root_keys = [key for key, _ in groups]
        for key, met in groups:
            name = met[0].node.name.value
            if name in ("__schema", "__type"):
                self.found.introspection += [(key, one.occurrence) for one in met]
            elif name == self.namespace:
                self.found.own += [(key, one.occurrence) for one in met]
            elif operation.operation.value == "query":
                self._field((key,), met, in_list=False)
            else:
                self._mutation(root, (key,), met)
        self._number_groups()
        return self.found

    def _mutation(self, parent: Composite, path: Path, met: list[Met]) -> None:
        """A mutation, or an object that holds some (`cart { addLine }`)."""
        kind = self.fields.type_of(met[0])
        if action := self._action(parent, path, met):
            self.found.actions.append(action)
        elif len(path) == 1 and isinstance(kind, GraphQLObjectType) and self._holds_mutations(kind):
            for key, inner in self.fields.below(met):
                self._mutation(kind, (*path, key), inner)
            return
        self.found.mutations += 1
        self._field(path, met, in_list=True)

    def _holds_mutations(self, kind: GraphQLObjectType) -> bool:
        return any(name == kind.name and event.name != "view_item" for (name, _), event in self.shop.events.items())

    def _field(self, path: Path, met: list[Met], parents: tuple[FieldNode, ...] = (), *, in_list: bool) -> None:
        parent, name = met[0].parent, met[0].node.name.value
        if name == self.namespace and parent.name in self.shop.items:
            self.found.item_fields.append(ItemField(path[:-1], path[-1], parent.name, tuple(m.occurrence for m in met)))
            return
        listing = self.shop.listings.get((parent.name, name))
        if listing:
            for one in met:
                self.places.setdefault(id(one.node), set()).add(path)
            if not in_list and self._listing(path, listing, met, parents):
                return
        event = self.shop.events.get((parent.name, name))
        if event and event.name == "view_item" and not in_list:
            kind = self.fields.type_of(met[0])
            if items := self._items_of(kind):
                abstract = not isinstance(kind, GraphQLObjectType)
                self.found.details.append(DetailSlot(path, event, items, tuple(m.occurrence for m in met), abstract))
        self._descend(met, path, parents, in_list=in_list)

    def _descend(self, met: list[Met], path: Path, parents: tuple[FieldNode, ...] = (), *, in_list: bool) -> None:
        for parent, sets, listed in self.fields.inside(met):
            for key, inner in self.fields.collect(parent, sets):
                # Below an interface or union only the answer tells which type's field it is.
                unsure = in_list or listed or inner[0].parent is not parent
                self._field((*path, key), inner, (*parents, met[0].node), in_list=unsure)

    def _listing(self, path: Path, listing: ListingMap, met: list[Met], parents: tuple[FieldNode, ...]) -> bool:
        """Find the views of a listing; False where its items are not selected or mapped, or its arguments differ."""
        if len(met) > 1 and len({_arguments(one.node) for one in met}) > 1:
            return False  # the shop will object; one paging for both would hide it
        below = [] if listing.bare else self.fields.below(met)
        inside = [one for one in below if listing.on is None or one[1][0].parent.name == listing.on]
        shown = [seen for key, inner in inside for seen in self._views(listing, key, inner)]
        if listing.bare:
            shown = [_Seen(View(""), [met], [])]
        view_met = [one for seen in shown for group in seen.items for one in group]
        kind = self.fields.type_of(view_met[0]) if view_met else None
        item_types = self._items_of(kind)
        if kind is None or not item_types:
            return False
        if any(self._further_rows(inner) for key, inner in inside if (key,) not in {seen.view.path for seen in shown}):
            return False  # rows of the page that the map does not name: they would show the whole window
        views = tuple(replace(seen.view, item_fields=self._own_below(seen)) for seen in shown)
        page_infos = {}
        for key, inner in inside:
            if isinstance(listing.paged, Cursors) and inner[0].node.name.value == listing.paged.page_info:
                page_infos[key] = {k: one[0].node.name.value for k, one in self.fields.below(inner)}
            else:
                self._beside(path, (key,), inner, {view.path for view in views})
        self.found.listings.append(
            ListingSlot(
                index=len(self.found.listings), path=path, map=listing, parents=parents,
                occurrences=tuple(m.occurrence for m in met), views=views,
                view_occurrences=tuple(m.occurrence for m in view_met),
                totals=tuple(self._leading(inside, listing.total)),
                item_types=item_types, abstract=self.fields.abstract(kind, view_met), group=0, alone=True,
                page_infos=page_infos,
                told=tuple((way, one.meaning) for one in listing.tells for way in self._leading(inside, one.path)),
            )
        )  # fmt: skip
        return True

    def _views(self, listing: ListingMap, key: str, met: list[Met]) -> Iterator[_Seen]:
        """The views that a field of the container is, or leads to."""
        name, edges = met[0].node.name.value, listing.edges
        for way in self._leading([(key, met)], listing.items):
            inner = met
            for step in way[1:]:
                inner = dict(self.fields.below(inner))[step]
            yield _Seen(View(".".join(way)), [inner], [])
        if edges is not None and name == edges.field:
            yield self._edges(edges, key, met)

    def _leading(self, inside: list[tuple[str, list[Met]]], names: tuple[str, ...] | None) -> Iterator[Path]:
        """The response paths among these fields that go through fields of these names."""
        for key, met in inside if names else ():
            if names and met[0].node.name.value == names[0]:
                if len(names) == 1:
                    yield (key,)
                else:
                    yield from ((key, *rest) for rest in self._leading(self.fields.below(met), names[1:]))

    def _further_rows(self, met: list[Met]) -> bool:
        """Whether a field answers the page's items in Relay's other way: as edges, or as nodes."""
        kind, output = self.fields.type_of(met[0]), self.fields.output(met[0])
        if output is None or not is_list_type(get_nullable_type(output)):
            return False
        if met[0].node.name.value == "nodes":
            return bool(self._items_of(kind))
        node = kind.fields.get("node") if isinstance(kind, GraphQLObjectType) else None
        held = get_named_type(node.type) if node is not None else None
        composite = isinstance(held, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        return composite and bool(self._items_of(held))

    def _beside(self, path: Path, way: Path, met: list[Met], views: set[Path]) -> None:
        """Walk into what stands beside the views in a container."""
        if way in views:
            return
        if any(view[: len(way)] == way for view in views):
            for key, inner in self.fields.below(met):
                self._beside(path, (*way, key), inner, views)
        else:
            self._field((*path, *way), met, in_list=True)

    def _edges(self, edges: EdgeMap, key: str, met: list[Met]) -> _Seen:
        """The view of a list of edges."""
        nodes, cursors, others, below = [], [], [], []
        for inner_key, inner in self.fields.below(met):
            if inner[0].node.name.value == edges.node:
                nodes.append(inner_key)
                below.append(inner)
            elif inner[0].node.name.value == edges.cursor:
                cursors.append(inner_key)
            else:
                others.append((inner_key, inner))
        return _Seen(View(key, True, tuple(nodes), tuple(cursors)), below, others)

    def _own_below(self, seen: _Seen) -> tuple[ItemField, ...]:
        """Walk into the items of a view, and take our fields on them out of what was found."""
        before = len(self.found.item_fields)
        for path, met in zip(seen.view.items, seen.items, strict=True):
            self._descend(met, path, in_list=True)
        for key, met in seen.others:
            self._field((key,), met, in_list=True)
        mine = tuple(self.found.item_fields[before:])
        del self.found.item_fields[before:]
        return mine

    def _action(self, parent: Composite, path: Path, met: list[Met]) -> ActionSlot | None:
        event = self.shop.events.get((parent.name, met[0].node.name.value))
        if event is None or event.name == "view_item":
            return None
        nodes, kind, whole = [m.node for m in met], self.fields.type_of(met[0]), path
        occurrences = tuple(m.occurrence for m in met)
        if event.name != "cart":
            abstract = not isinstance(kind, GraphQLObjectType)
            return ActionSlot(path, event, None, path, abstract, occurrences, tuple(nodes))
        if event.cart:  # the cart is a field of the answer: it must be selected for us to read it
            nodes, kind = [], None
            for inner_key, inner in self.fields.below(met):
                if inner[0].node.name.value == event.cart:
                    nodes, kind, path = [m.node for m in inner], self.fields.type_of(inner[0]), (*whole, inner_key)
        carts = [self.shop.carts[t.name] for t in self.fields.possible(kind) if t.name in self.shop.carts]
        if len(carts) != 1:
            return None
        abstract = not isinstance(kind, GraphQLObjectType)
        return ActionSlot(path, event, carts[0], path, abstract, occurrences, tuple(nodes))

    def _items_of(self, kind: Composite | None) -> tuple[ItemMap, ...]:
        return tuple(self.shop.items[t.name] for t in self.fields.possible(kind) if t.name in self.shop.items)

    def _number_groups(self) -> None:
        """Give slots that share AST nodes (one fragment spread in two places) one group number.

        A slot whose nodes also stand where there is no slot (inside a list) is given up: an edit would show there. So
        are those behind the first MAX_LISTINGS: they are served as the shop has them.
        """
        first = self.found.listings[:MAX_LISTINGS]
        paths = {slot.path for slot in first}
        kept = []
        for slot in self.found.listings:
            if slot in first and all(self.places[id(o.node)] <= paths for o in slot.occurrences):
                kept.append(slot)
            else:
                self.found.item_fields += [
                    replace(one, path=(*slot.path, *view.path, *one.path))
                    for view in slot.views
                    for one in view.item_fields
                ]
        owner: dict[int, int] = {}
        groups = list(range(len(kept)))
        for index, slot in enumerate(kept):
            for occurrence in slot.occurrences:
                merged, into = groups[index], groups[owner.setdefault(id(occurrence.node), index)]
                groups = [into if group == merged else group for group in groups]
        self.found.listings = [
            replace(slot, index=index, group=groups[index], alone=groups.count(groups[index]) == 1)
            for index, slot in enumerate(kept)
        ]
