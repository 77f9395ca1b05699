"""What a plan found in an operation: listings, details, carts and our own fields, each with the nodes it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DirectiveNode, FieldNode

from personalize.gateway.document.values import included
from personalize.shops.map import CartMap, EventMap, ItemMap, ListingMap

PREFIX = "_pz_"
"""Every hidden field and variable of ours starts with this; documents that use it themselves pass through."""

Path = tuple[str, ...]
"""Response keys from the root of `data`."""

Guards = tuple[tuple[DirectiveNode, ...], ...]
"""The directives of every selection on the way to a node."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A field node met in a place, with the directives that decide whether it is there."""

    node: FieldNode
    guards: Guards

    def there(self, variables: Mapping[str, Any]) -> bool:
        """Whether this node is part of the answer. Raises ValueError on a broken condition."""
        return all(included(directives, variables) for directives in self.guards)


@dataclass(frozen=True, slots=True)
class ItemField:
    """Our `personalization` field on a product: where it is (`path` of its parent) and under which key."""

    path: Path
    key: str
    type: str
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Where a listing's items stand in its container: in the list `key`, or one step down in its edges (`edge`).

    `key` joins response keys by dots where the list stands further down; it is empty where it is the answer itself. In
    an edge, `nodes` are the response keys of the item and `cursors` those of its cursor; `item_fields` are our
    fields on the items, with paths from an element of the list.
    """

    key: str
    edge: bool = False
    nodes: tuple[str, ...] = ()
    cursors: tuple[str, ...] = ()
    item_fields: tuple[ItemField, ...] = ()

    @property
    def path(self) -> Path:
        """The response keys that lead to the list."""
        return tuple(self.key.split(".")) if self.key else ()

    @property
    def items(self) -> tuple[Path, ...]:
        """The paths of the item in an element of the list."""
        return tuple((key,) for key in self.nodes) if self.edge else ((),)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ListingSlot:
    """A listing in the answer.

    `views` are where its items stand (one list may be selected twice, and edges beside it); `page_infos` maps the
    response keys of `pageInfo` to its selection as (response key, field name); `totals` are paths of its count, `told`
    of what is told of the page, each with its meaning;
    slots of one `group` share AST nodes, so they must be edited alike; `parents` are the fields on the way to it.
    """

    index: int
    path: Path
    map: ListingMap
    parents: tuple[FieldNode, ...]
    occurrences: tuple[Occurrence, ...]
    views: tuple[View, ...]
    view_occurrences: tuple[Occurrence, ...]
    totals: tuple[Path, ...]
    item_types: tuple[ItemMap, ...]
    abstract: bool
    group: int
    alone: bool
    page_infos: Mapping[str, Mapping[str, str]]
    told: tuple[tuple[Path, str], ...] = ()

    @property
    def item_fields(self) -> tuple[ItemField, ...]:
        """Our fields on its items."""
        return tuple(one for view in self.views for one in view.item_fields)

    def there(self, variables: Mapping[str, Any]) -> bool:
        """Whether the answer holds this listing and its items. Raises ValueError on a broken condition."""
        return any(o.there(variables) for o in self.occurrences) and any(
            o.there(variables) for o in self.view_occurrences
        )


@dataclass(frozen=True, slots=True)
class DetailSlot:
    """A product detail in a query: a view of that item; `abstract` where the field may answer several types."""

    path: Path
    map: EventMap
    items: tuple[ItemMap, ...]
    occurrences: tuple[Occurrence, ...]
    abstract: bool = False


@dataclass(frozen=True, slots=True)
class ActionSlot:
    """A mutation field whose success is an event; `cart` is how the returned cart is read (None for sign-in)."""

    path: Path
    map: EventMap
    cart: CartMap | None
    cart_path: Path
    abstract: bool
    occurrences: tuple[Occurrence, ...]
    cart_nodes: tuple[FieldNode, ...]


@dataclass(slots=True)
class Found:
    """Everything met on one walk through an operation; `mutations` are counted, whether they are known or not."""

    listings: list[ListingSlot] = field(default_factory=list)
    details: list[DetailSlot] = field(default_factory=list)
    actions: list[ActionSlot] = field(default_factory=list)
    item_fields: list[ItemField] = field(default_factory=list)
    own: list[tuple[str, Occurrence]] = field(default_factory=list)
    introspection: list[tuple[str, Occurrence]] = field(default_factory=list)
    root_keys: list[str] = field(default_factory=list)
    mutations: int = 0
