"""Shapes in a schema: what can be selected without arguments, what holds a list, where a value hides in arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoUnusedFragmentsRule,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    parse,
    specified_rules,
    validate,
    value_from_ast_untyped,
)
from graphql.utilities.get_default_value_ast import get_default_value_ast

from personalize.shops.draft_words import LISTS, TAKE, joined

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
InputValue = GraphQLArgument | GraphQLInputField

MAX_ARGUMENTS = 400
"""Arguments and input fields looked at for one field; filters of real shops nest without end."""
SEEN_MAX = 8
"""Arguments of a field that are named in a comment."""
MANY = 5
"""Objects asked for where an item leads to a paged list (of collections, of variants)."""
WHOLE = re.compile(r"^\w*Int(?:eger)?(?:\d\d)?$|^Long$")
"""Names of scalars that hold whole numbers."""
_RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]


def composite(field: GraphQLField) -> Composite | None:
    """The object, interface or union that a field answers, None for a scalar."""
    named = get_named_type(field.type)
    return named if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType) else None


def is_leaf(field: GraphQLField) -> bool:
    """Whether a field answers scalars or enums."""
    return is_leaf_type(get_named_type(field.type))


def is_many(field: GraphQLField) -> bool:
    """Whether a field answers a list."""
    return is_list_type(get_nullable_type(field.type))


def possible(schema: GraphQLSchema, kind: Composite | None) -> tuple[GraphQLObjectType, ...]:
    """The object types behind a composite type, in the schema's order."""
    if kind is None:
        return ()
    return (kind,) if isinstance(kind, GraphQLObjectType) else tuple(schema.get_possible_types(kind))


def usable(kind: Composite) -> list[tuple[str, GraphQLField]]:
    """The fields that can be selected without arguments; deprecated ones last."""
    if isinstance(kind, GraphQLUnionType):
        return []
    free = [
        (name, field)
        for name, field in kind.fields.items()
        if not any(is_required_argument(argument) for argument in field.args.values())
    ]
    return sorted(free, key=lambda pair: pair[1].deprecation_reason is not None)


def pick(kind: Composite, table: tuple[str, ...], fits: Callable[[GraphQLField], bool]) -> list[str]:
    """The usable fields whose names stand in a table and whose types fit, by the table's order; deprecated last."""
    found = {name: field for name, field in usable(kind) if joined(name) in table and fits(field)}
    return sorted(found, key=lambda name: (found[name].deprecation_reason is not None, table.index(joined(name))))


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of a connection: their field, an edge's item, and whether it tells its cursor."""

    field: str
    kind: Composite
    cursors: bool

    @property
    def path(self) -> str:
        """Where the items are, as a key of `Container.lists`."""
        return f"{self.field}.node"


@dataclass(frozen=True, slots=True)
class Container:
    """An object that holds a page of a list: `lists` by field, the edges of a connection."""

    lists: dict[str, Composite]
    edges: Edges | None = None
    page_info: str | None = None

    @property
    def connection(self) -> bool:
        """Whether this is a Relay connection, or looks like one."""
        return self.edges is not None or ("nodes" in self.lists and self.page_info is not None)


def container(kind: Composite | None) -> Container | None:
    """How an object holds a list of objects, None where it holds none."""
    if not isinstance(kind, GraphQLObjectType):
        return None
    lists: dict[str, Composite] = {}
    edges, page_info = None, None
    for name, field in usable(kind):
        inner = composite(field)
        if inner is None:
            continue
        if not is_many(field):
            page_info = name if joined(name) == "pageinfo" and tells_more(inner) else page_info
        elif joined(name) == "edges" and (found := _edges(name, inner)) is not None:
            edges = found
            lists[found.path] = found.kind
        else:
            lists[name] = inner
    if not lists:
        return None
    rank = {name: LISTS.index(joined(name)) if joined(name) in LISTS else len(LISTS) for name in lists}
    ordered = {name: lists[name] for name in sorted(lists, key=rank.__getitem__)}
    return Container(ordered, edges, page_info)


def _edges(name: str, edge: Composite) -> Edges | None:
    """The edges of this type, None where they are none."""
    inside = dict(usable(edge))
    node = composite(inside["node"]) if "node" in inside and not inside["node"].args else None
    if node is None or is_many(inside["node"]):
        return None
    cursor = inside.get("cursor")
    return Edges(name, node, cursor is not None and is_leaf(cursor) and not is_many(cursor))


def tells_more(kind: Composite) -> bool:
    """Whether a `pageInfo` is Relay's: others tell page numbers."""
    more = dict(usable(kind)).get("hasNextPage")
    return more is not None and is_leaf(more) and not is_many(more)


def asked(name: str, field: GraphQLField, rows: int) -> str | None:
    """A field's selection with a page size of `rows`, where it takes one; None where it needs other arguments."""
    needed = {key for key, argument in field.args.items() if is_required_argument(argument)}
    sizes = [
        key for key, argument in field.args.items()
        if joined(key) in TAKE and WHOLE.match(str(get_nullable_type(argument.type)))
    ]  # fmt: skip
    if needed - set(sizes[:1]):
        return None
    return f"{name}({sizes[0]}: {rows})" if sizes else name


def named(kind: Composite) -> bool:
    """Whether a type's objects have an id and a name: they are something, and no page of a list."""
    leaves = {joined(name) for name, field in usable(kind) if is_leaf(field) and not is_many(field)}
    return bool(leaves & {"id", "uid", "uuid"}) and bool(leaves & {"name", "title", "slug", "handle", "code"})


def to_one(name: str, field: GraphQLField) -> tuple[Callable[[str], str], Composite] | None:
    """How the one object behind a field is selected, and its type; an edge (`product { node }`) is gone through."""
    kind = composite(field)
    if kind is None or is_many(field):
        return None
    inside = dict(usable(kind))
    node = composite(inside["node"]) if "node" in inside and not is_many(inside["node"]) else None
    if node is not None and not inside.keys() - {"node", "cursor"}:
        return (lambda inner: f"{name} {{ node {{ {inner} }} }}"), node
    return (lambda inner: f"{name} {{ {inner} }}"), kind


def through(name: str, field: GraphQLField) -> tuple[Callable[[str], str], Composite] | None:
    """How objects below a field are selected, whether it answers one, a list, or a container of a list.

    The first value wraps a selection of one object.
    """
    kind = composite(field)
    if kind is None:
        return None
    held = None if is_many(field) or named(kind) else container(kind)
    first = next(iter(held.lists), "") if held else ""
    if held is None or not (held.connection or joined(first) in LISTS):
        return (lambda inner: f"{name} {{ {inner} }}"), kind
    many = asked(name, field, MANY) or name
    shown = "nodes" if "nodes" in held.lists else first
    steps = shown.split(".")

    def wrap(inner: str) -> str:
        for step in reversed(steps):
            inner = f"{step} {{ {inner} }}"
        return f"{many} {{ {inner} }}"

    return wrap, held.lists[shown]


@dataclass(frozen=True, slots=True)
class Argument:
    """A value among the arguments of a field: its path, its type's name, whether it is a list."""

    path: tuple[str, ...]
    value: InputValue
    type: str
    many: bool

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path[-1]

    @property
    def plain(self) -> bool:
        """Whether it holds one scalar."""
        return not self.many and not isinstance(get_named_type(self.value.type), GraphQLInputObjectType)

    @property
    def text(self) -> str:
        """The path as a map writes it."""
        return ".".join(self.path)

    @property
    def default(self) -> Any:
        """The default of the schema as JSON, None where there is none."""
        literal = get_default_value_ast(self.value)
        return None if literal is None else value_from_ast_untyped(literal)


def arguments(field: GraphQLField, depth: int = 3) -> list[Argument]:
    """All arguments and the fields of input objects below them, shallow ones first; not those inside lists."""
    found: list[Argument] = []
    level: list[tuple[tuple[str, ...], InputValue]] = [((name,), value) for name, value in field.args.items()]
    for _ in range(depth):
        deeper: list[tuple[tuple[str, ...], InputValue]] = []
        for path, value in level:
            if len(found) >= MAX_ARGUMENTS:
                return found
            named, many = get_named_type(value.type), is_list_type(get_nullable_type(value.type))
            found.append(Argument(path, value, named.name, many))
            if isinstance(named, GraphQLInputObjectType) and not many:
                deeper += [((*path, name), inner) for name, inner in named.fields.items()]
        level = deeper
    return found


def seen(field: GraphQLField) -> str:
    """The arguments of a field with their types, as the schema writes them; the first few of many."""
    said = [f"{name}: {value.type}" for name, value in field.args.items()]
    return ", ".join(said[:SEEN_MAX]) + (f" and {len(said) - SEEN_MAX} more" if len(said) > SEEN_MAX else "")


def holds(schema: GraphQLSchema, kind: str, selection: str) -> bool:
    """Whether a selection is valid on a type of the schema."""
    try:
        document = parse(f"fragment M on {kind} {{ {selection} }}")
        return not validate(schema, document, _RULES, max_errors=1)
    except GraphQLError:
        return False


def object_types(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    """Every object type of the shop that a query may reach; not the roots of mutations and subscriptions."""
    for name, kind in schema.type_map.items():
        roots = (schema.mutation_type, schema.subscription_type)
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__") and kind not in roots:
            yield kind
