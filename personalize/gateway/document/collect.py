"""Collecting fields as an executor would (GraphQL spec, 6.3.2), with the types they are met on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from personalize.gateway.document.slots import Guards, Occurrence

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
MAX_VISITS = 10_000
"""Selections one walk may visit: fragments that spread each other can grow without bound."""


class TooLarge(Exception):
    """The operation has more selections than we walk; it passes through untouched."""


@dataclass(frozen=True, slots=True)
class Met:
    """A field node with the type it is met on, and the type its selection set is written for."""

    parent: Composite
    written: Composite
    occurrence: Occurrence

    @property
    def node(self) -> FieldNode:
        return self.occurrence.node


Groups = dict[tuple[str, str], list[Met]]


class Collector:
    """Fields of one operation. Unknown fields and types are passed over. Raises TooLarge behind MAX_VISITS."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self.schema, self.fragments = schema, fragments
        self.visits = 0

    def below(self, met: list[Met]) -> list[tuple[str, list[Met]]]:
        """The fields below these nodes by response key."""
        return [pair for parent, sets, _ in self.inside(met) for pair in self.collect(parent, sets)]

    def type_of(self, met: Met) -> Composite | None:
        """The composite type a field answers, None where it is a leaf or unknown."""
        output = self.output(met)
        named = get_named_type(output) if output is not None else None
        return named if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType) else None

    def output(self, met: Met, *, written: bool = False) -> GraphQLOutputType | None:
        """The whole type a field answers, on the type it is met on, or on the one it is `written` for."""
        parent = met.written if written else met.parent
        if isinstance(parent, GraphQLUnionType):
            return None
        definition = parent.fields.get(met.node.name.value)
        return definition.type if definition else None

    def abstract(self, kind: Composite | None, met: list[Met]) -> bool:
        """Whether hidden fields of an object type need a type condition in one of these selection sets."""
        if not isinstance(kind, GraphQLObjectType):
            return True
        return any(
            (output := self.output(one, written=True)) is None or get_named_type(output) is not kind for one in met
        )

    def possible(self, kind: Composite | None) -> Iterable[GraphQLObjectType]:
        """The object types that a composite type may turn out to be."""
        if kind is None:
            return ()
        return (kind,) if isinstance(kind, GraphQLObjectType) else self.schema.get_possible_types(kind)

    def inside(self, met: list[Met]) -> list[tuple[Composite, list[tuple[SelectionSetNode, Guards]], bool]]:
        """The composite type below these nodes, their selection sets, and whether a list lies between."""
        kind, output = self.type_of(met[0]), self.output(met[0])
        if kind is None or output is None:
            return []
        sets = [(m.node.selection_set, m.occurrence.guards) for m in met if m.node.selection_set]
        return [(kind, sets, is_list_type(get_nullable_type(output)))] if sets else []

    def collect(
        self, parent: Composite, sets: Iterable[tuple[SelectionSetNode, Guards]]
    ) -> list[tuple[str, list[Met]]]:
        """Fields by response key; below an abstract type also by the type their condition names."""
        groups: Groups = {}
        for selection_set, guards in sets:
            self._collect_into(groups, parent, parent, selection_set, guards, frozenset())
        return [(key, met) for (key, _), met in groups.items()]

    def _collect_into(
        self,
        groups: Groups,
        parent: Composite,
        written: Composite,
        selection_set: SelectionSetNode,
        guards: Guards,
        spread: frozenset[str],
    ) -> None:
        for node in selection_set.selections:
            self.visits += 1
            if self.visits > MAX_VISITS:
                raise TooLarge
            inner = (*guards, tuple(node.directives)) if node.directives else guards
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                groups.setdefault((key, parent.name), []).append(Met(parent, written, Occurrence(node, inner)))
                continue
            condition, target = None, None
            if isinstance(node, InlineFragmentNode):
                condition, target = node.type_condition, node.selection_set
                names = spread
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                fragment = self.fragments.get(name)
                if fragment is None or name in spread:
                    continue
                condition, target = fragment.type_condition, fragment.selection_set
                names = spread | {name}
            if target is None:
                continue
            narrowed = self.schema.get_type(condition.name.value) if condition else written
            if isinstance(narrowed, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
                self._collect_into(groups, self._narrower(parent, narrowed), narrowed, target, inner, names)

    @staticmethod
    def _narrower(parent: Composite, condition: Composite) -> Composite:
        return parent if isinstance(parent, GraphQLObjectType) else condition
