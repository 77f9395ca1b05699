"""Composes the document we send from the one we were sent: drops, insertions, and what they leave unused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TokenKind,
    VariableNode,
    Visitor,
    parse,
    visit,
)

from personalize.gateway.document.slots import PREFIX
from personalize.gateway.document.splice import Edit, Spliced

REFILL = f"{PREFIX}t: __typename"


@dataclass(slots=True)
class Changes:
    """What to change in an operation: nodes to drop, texts to insert into selection sets, arguments to replace.

    `inserts` maps id(selection set) to hidden fields; `replaced` maps id(field) to what stands in its place;
    `arguments` maps id(field) to {argument name: variable name}; `declared` maps a new variable name to its type.
    """

    dropped: set[int] = field(default_factory=set)
    replaced: dict[int, str] = field(default_factory=dict)
    inserts: dict[int, str] = field(default_factory=dict)
    arguments: dict[int, dict[str, str]] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Composed:
    """A document to send: its text with the way back to the source, and the client's variables it still uses.

    `empty` says that nothing of the shop's is left to ask for.
    """

    spliced: Spliced
    variables: frozenset[str]
    empty: bool

    @property
    def text(self) -> str:
        """The document."""
        return self.spliced.text


class Composer:
    """Composes variants of one operation of one document."""

    def __init__(self, source: str, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self.source, self.document, self.operation = source, document, operation
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        # What the client itself used: only what our changes leave unused may go, the shop objects to the rest.
        self.used: set[str] = set()
        self.variables: set[str] = set()
        self._set(operation.selection_set, Changes(), [], self.variables, self.used)
        for directive in operation.directives or ():
            _variables(directive, self.variables)
        self.crowded = sum(isinstance(d, OperationDefinitionNode) for d in document.definitions) > 1

    def compose(self, changes: Changes) -> Composed:
        """The document with `changes`. Raises GraphQLError if it no longer parses (a bug of ours: pass through)."""
        edits: list[Edit] = []
        variables: set[str] = set()
        used: set[str] = set()
        self._set(self.operation.selection_set, changes, edits, variables, used)
        for definition in self.document.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                name = definition.name.value
                gone = name not in used and (name in self.used or self.crowded)
            else:
                gone = isinstance(definition, OperationDefinitionNode) and definition is not self.operation
            if gone:
                edits.append(_drop(definition))
        for directive in self.operation.directives or ():
            _variables(directive, variables)
        self._declare(changes, variables, edits)
        spliced = Spliced(self.source, edits)
        parse(spliced.text, no_location=True)
        empty = all(id(node) in changes.dropped for node in self.operation.selection_set.selections)
        return Composed(spliced, frozenset(variables), empty)

    def only(self, nodes: Iterable[FieldNode]) -> set[int]:
        """The ids of all selections that neither lead to one of `nodes` nor lie inside one."""
        wanted = {id(node) for node in nodes}
        dropped: set[int] = set()
        self._leads(self.operation.selection_set, wanted, dropped, frozenset())
        return dropped

    def _leads(self, selections: SelectionSetNode, wanted: set[int], dropped: set[int], spread: frozenset[str]) -> bool:
        found = False
        for node in selections.selections:
            if id(node) in wanted:
                found = True
                continue
            inner, names = self._below(node), spread
            if isinstance(node, FragmentSpreadNode):
                inner = None if node.name.value in spread else inner
                names = spread | {node.name.value}
            if inner is not None and self._leads(inner, wanted, dropped, names):
                found = True
            else:
                dropped.add(id(node))
        return found

    def _below(self, node: SelectionNode) -> SelectionSetNode | None:
        if isinstance(node, FragmentSpreadNode):
            fragment = self.fragments.get(node.name.value)
            return fragment.selection_set if fragment else None
        return getattr(node, "selection_set", None)

    def _set(
        self, selections: SelectionSetNode, changes: Changes, edits: list[Edit], variables: set[str], used: set[str]
    ) -> None:
        insert = changes.inserts.get(id(selections), "")
        kept = [node for node in selections.selections if id(node) not in changes.dropped]
        edits += [_drop(node) for node in selections.selections if id(node) in changes.dropped]
        if not kept and not insert:
            insert = REFILL
        if insert:
            start = _start(selections) + 1
            edits.append(Edit(start, start, f" {insert} "))
        for node in kept:
            if (text := changes.replaced.get(id(node))) is not None:
                edits.append(Edit(_start(node), _end(node), f"{text} "))
                continue
            for directive in node.directives or ():
                _variables(directive, variables)
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments.get(node.name.value)
                if fragment is not None and node.name.value not in used:
                    used.add(node.name.value)
                    for directive in fragment.directives or ():
                        _variables(directive, variables)
                    self._set(fragment.selection_set, changes, edits, variables, used)
                continue
            if isinstance(node, FieldNode):
                self._arguments(node, changes.arguments.get(id(node), {}), edits, variables)
            inner = getattr(node, "selection_set", None)
            if inner is not None:
                self._set(inner, changes, edits, variables, used)

    def _arguments(self, node: FieldNode, replaced: Mapping[str, str], edits: list[Edit], variables: set[str]) -> None:
        missing = dict(replaced)
        for argument in node.arguments or ():
            variable = missing.pop(argument.name.value, None)
            if variable is None:
                _variables(argument, variables)
            else:
                edits.append(Edit(_start(argument), _end(argument), f"{argument.name.value}: ${variable} "))
        if missing:
            text = " ".join(f"{name}: ${variable}" for name, variable in missing.items())
            if node.arguments:
                end = _end(node.arguments[-1])
                edits.append(Edit(end, end, " " + text))
            else:
                edits.append(Edit(_end(node.name), _end(node.name), f"({text})"))

    def _declare(self, changes: Changes, variables: set[str], edits: list[Edit]) -> None:
        old = list(self.operation.variable_definitions or ())
        gone = self.variables - variables
        kept = [d for d in old if d.variable.name.value not in gone]
        if len(kept) == len(old) and not changes.declared:
            return
        texts = [self.source[_start(d) : _end(d)] for d in kept]
        texts += [f"${name}: {kind}" for name, kind in changes.declared.items()]
        if old:
            start, end = _start(old[0]), _end(old[-1])
            if not texts:
                start, end = _beside(old[0], before=True), _beside(old[-1], before=False)
            edits.append(Edit(start, end, " ".join(texts)))
            return
        place, before = _start(self.operation), ""
        if self.operation.name:
            place = _end(self.operation.name)
        elif self.source.startswith(self.operation.operation.value, place):
            place += len(self.operation.operation.value)
        else:
            before = self.operation.operation.value
        edits.append(Edit(place, place, f"{before}({' '.join(texts)})"))


class _VariableNames(Visitor):
    def __init__(self, into: set[str]) -> None:
        super().__init__()
        self.into = into

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.into.add(node.name.value)


def _variables(node: Node, into: set[str]) -> None:
    visit(node, _VariableNames(into))


def _start(node: Node) -> int:
    assert node.loc is not None
    return node.loc.start


def _end(node: Node | ArgumentNode) -> int:
    assert node.loc is not None
    return node.loc.end


def _beside(node: Node, *, before: bool) -> int:
    """Where the punctuator beside a node begins or ends; comments are passed over."""
    assert node.loc is not None
    token = node.loc.start_token.prev if before else node.loc.end_token.next
    while token is not None and token.kind is TokenKind.COMMENT:
        token = token.prev if before else token.next
    assert token is not None
    return token.start if before else token.end


def _drop(node: Node) -> Edit:
    # A space in its place: in a minified document the names on both sides would become one.
    return Edit(_start(node), _end(node), " ")
