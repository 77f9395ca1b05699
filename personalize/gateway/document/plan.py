"""A plan: what one operation of one document needs from us, worked out once and cached by document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import orjson
from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    get_operation_ast,
    get_variable_values,
    parse,
    specified_rules,
    strip_ignored_characters,
    validate,
)

from personalize.gateway.document import cursors, limits, telling
from personalize.gateway.document.collect import TooLarge
from personalize.gateway.document.compose import Changes, Composed, Composer
from personalize.gateway.document.hidden import KEY, cart_text, item_fields, text_of
from personalize.gateway.document.slots import PREFIX, Found, ItemField, ListingSlot, Occurrence
from personalize.gateway.document.values import MISSING, evaluate
from personalize.gateway.document.walk import Walk
from personalize.shops.map import ABOVE, ItemMap, ShopMap

MAX_VARIANTS = 64
MAX_WEIGHT = 250_000
"""Tokens of all plans kept, at about 1 kB each; a document itself counts by its kilobytes."""
MAX_OBJECTIONS = 3
MAX_FITTING = 1_024
"""Bytes of variables up to which a plan remembers that they fit their types, and how many such it remembers."""
MAX_CROWDED = 800
"""Tokens of a document with several operations."""
# Answers in several parts are the shop's to send.
# Overlapping fields are quadratic in the document and left to the shop, which sees every selection but ours.
RULES = tuple(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule)
_INCREMENTAL = re.compile(r"@\s*(?:defer|stream)\b")


class Mode(IntEnum):
    """How a listing slot is asked for: as the client wrote it, with hidden fields, as a window, or not at all."""

    AS_IS = 0
    OBSERVE = 1
    WINDOW = 2
    DETACHED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Some fields of an operation as a document of its own, for us to execute."""

    composed: Composed
    document: DocumentNode


@dataclass(slots=True)
class Plan:
    """One operation, parsed and walked. `proven` is set once the shop has answered the document without objection.

    `items` are the item types by name; for our fields on them named in `reading`, the item has to be read.
    """

    source: str
    document: DocumentNode
    operation: OperationDefinitionNode
    found: Found
    composer: Composer
    schema: GraphQLSchema
    items: Mapping[str, ItemMap] = field(default_factory=dict)
    reading: frozenset[str] = frozenset()
    refused: list[GraphQLError] = field(default_factory=list)
    proven: bool = False
    objections: int = 0
    variants: LRUCache[tuple[Mode, ...], Composed] = field(default_factory=lambda: LRUCache(MAX_VARIANTS))
    fitting: LRUCache[bytes, bool] = field(default_factory=lambda: LRUCache(MAX_FITTING))
    windows: dict[int, Composed] = field(default_factory=dict)
    selected: dict[tuple[int, str], bool] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    window_texts: dict[int, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`query`, `mutation` or `subscription`."""
        return self.operation.operation.value

    @property
    def idle(self) -> bool:
        """Whether this operation holds nothing of interest to us, or the shop never took it the way we ask."""
        found = self.found
        if self.objections >= MAX_OBJECTIONS and not (self.proven or self.ours):
            return True
        return not (
            found.listings or found.details or found.actions or found.item_fields or found.own or found.introspection
        )

    @property
    def ours(self) -> bool:
        """Whether the document asks for fields the shop does not know."""
        return bool(self.found.own or self.found.item_fields or any(s.item_fields for s in self.found.listings))

    @property
    def varies(self) -> bool:
        """Whether visitors may be answered differently."""
        return bool(self.found.listings) or self.ours

    def tells(self, one: ItemField, name: str) -> bool:
        """Whether a field of ours on an item selects that field of it."""
        key = (id(one.occurrences[0].node), name)
        if key not in self.selected:
            fragments = self.composer.fragments
            self.selected[key] = any(selects(o.node, frozenset({name}), fragments) for o in one.occurrences)
        return self.selected[key]

    def check(self, variables: Mapping[str, Any]) -> None:
        """Raise ValueError where the shop would object to the variables: we may not send it those that we replace.

        Variables that only our own fields use are theirs to judge.
        """
        definitions = self.operation.variable_definitions
        if definitions and self.found.own:
            theirs = self.upstream(tuple(Mode.AS_IS for _ in self.found.listings)).variables
            mine = self.part("own", [occurrence for _, occurrence in self.found.own]).composed.variables
            names = theirs | ({d.variable.name.value for d in definitions} - mine)
            definitions = tuple(d for d in definitions if d.variable.name.value in names)
        if not definitions:
            return
        known = orjson.dumps(variables)
        if known in self.fitting:
            return
        if isinstance(get_variable_values(self.schema, definitions, dict(variables), max_errors=1), list):
            raise ValueError("the variables do not fit their types")
        if len(known) <= MAX_FITTING:
            self.fitting[known] = True

    def upstream(self, modes: tuple[Mode, ...]) -> Composed:
        """The document to send when each listing slot is asked for in its mode."""
        composed = self.variants.get(modes)
        if composed is None:
            composed = self.variants[modes] = self.composer.compose(self._changes(modes))
        return composed

    def window(self, slot: ListingSlot) -> Composed:
        """The document that asks for one slot alone, paged by our own variables; white space folded."""
        composed = self.windows.get(slot.index)
        if composed is None:
            modes = tuple(Mode.WINDOW if s.index == slot.index else Mode.AS_IS for s in self.found.listings)
            changes = self._changes(modes)
            changes.dropped |= self.composer.only(o.node for o in slot.occurrences)
            composed = self.windows[slot.index] = self.composer.compose(changes)
        return composed

    def window_text(self, slot: ListingSlot) -> str:
        """The window document with white space folded: equal for documents that differ in layout only."""
        text = self.window_texts.get(slot.index)
        if text is None:
            text = self.window_texts[slot.index] = strip_ignored_characters(self.window(slot).text)
        return text

    def part(self, name: str, occurrences: Iterable[Occurrence]) -> Part:
        """The fields of these occurrences alone; kept under `name`."""
        part = self.parts.get(name)
        if part is None:
            dropped = self.composer.only(occurrence.node for occurrence in occurrences)
            composed = self.composer.compose(Changes(dropped=dropped))
            part = self.parts[name] = Part(composed, parse(composed.text))
        return part

    def arguments(self, slot: ListingSlot, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The slot's arguments as JSON values, and below ABOVE those of the field above, where the map looks there."""
        values = _values(slot.occurrences[0].node, variables)
        if slot.map.looks_above and slot.parents:
            values[ABOVE] = _values(slot.parents[-1], variables)
        return values

    def parent_arguments(self, slot: ListingSlot, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The arguments of the fields on the way to the slot."""
        return [
            {
                a.name.value: value
                for a in node.arguments or ()
                if (value := evaluate(a.value, variables)) is not MISSING
            }
            for node in slot.parents
        ]

    def paging_variables(self, slot: ListingSlot) -> dict[str, str]:
        """{argument name: our variable} for the arguments that hold the slot's paging."""
        roots = sorted({path[0] for path in slot.map.paged.arguments})
        return {root: f"{PREFIX}v{slot.group}_{root}" for root in roots}

    def _changes(self, modes: tuple[Mode, ...]) -> Changes:
        changes = Changes()
        for _, occurrence in (*self.found.own, *self.found.introspection):
            changes.dropped.add(id(occurrence.node))
        for slot, mode in zip(self.found.listings, modes, strict=True):
            for view in slot.views:
                rows = view.items if mode >= Mode.OBSERVE else ()  # those are read anyway
                self._replace(changes, [one for one in view.item_fields if one.path in rows], read=True)
                self._replace(changes, [one for one in view.item_fields if one.path not in rows])
        self._replace(changes, self.found.item_fields)
        for detail in self.found.details:
            for occurrence in _enough(detail.occurrences):
                _insert(changes, occurrence.node, text_of(detail.items, abstract=detail.abstract))
        for action in self.found.actions:
            for node in action.cart_nodes:
                _insert(changes, node, cart_text(action.cart, abstract=action.abstract))
        for slot, mode in zip(self.found.listings, modes, strict=True):
            self._change_listing(changes, slot, mode)
        return changes

    def _replace(self, changes: Changes, ones: Iterable[ItemField], *, read: bool = False) -> None:
        """Put what we have to know of an item in the place of our fields on it; `read`: beside what reads it."""
        for one in ones:
            item = self.items[one.type]
            for node in [occurrence.node for occurrence in one.occurrences]:
                if not read and self.reading and selects(node, self.reading, self.composer.fragments):
                    changes.replaced[id(node)] = item_fields(item, None).text
                else:
                    changes.replaced.setdefault(id(node), f"{KEY}: {item.id}")

    def _change_listing(self, changes: Changes, slot: ListingSlot, mode: Mode) -> None:
        if mode is Mode.DETACHED:
            changes.dropped |= {id(o.node) for o in slot.occurrences}
            return
        if mode >= Mode.OBSERVE:
            for occurrence in _enough(slot.view_occurrences):
                _insert(changes, occurrence.node, text_of(slot.item_types, abstract=slot.abstract))
            if text := f"{cursors.hidden(slot.map)} {telling.hidden(slot)}".strip():
                text = f"... on {slot.map.on} {{ {text} }}" if slot.map.on else text
                for occurrence in slot.occurrences:
                    _insert(changes, occurrence.node, text)
        if mode is Mode.WINDOW:
            paging = self.paging_variables(slot)
            for occurrence in slot.occurrences:
                changes.arguments[id(occurrence.node)] = paging
            definition = self.schema.get_type(slot.map.parent).fields[slot.map.field]  # type: ignore[union-attr]
            for root, variable in paging.items():
                changes.declared[variable] = str(definition.args[root].type)


def selects(node: Node, names: frozenset[str], fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
    """Whether one of these fields is selected on the object that a node answers."""
    selections: SelectionSetNode | None = getattr(node, "selection_set", None)
    for inner in selections.selections if selections is not None else ():
        if isinstance(inner, FieldNode):
            if inner.name.value in names:
                return True
            continue
        below = fragments.get(inner.name.value) if isinstance(inner, FragmentSpreadNode) else inner
        if below is not None and selects(below, names, fragments):
            return True
    return False


def _values(node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    values = {argument.name.value: evaluate(argument.value, variables) for argument in node.arguments or ()}
    return {name: value for name, value in values.items() if value is not MISSING}


def _enough(occurrences: tuple[Occurrence, ...]) -> tuple[Occurrence, ...]:
    """The nodes that need hidden fields: fields that merge share them, so one that is always there is enough."""
    by_key: dict[str, list[Occurrence]] = {}
    for one in occurrences:
        by_key.setdefault(one.node.alias.value if one.node.alias else one.node.name.value, []).append(one)
    return tuple(one for merged in by_key.values() for one in ([m for m in merged if not m.guards][:1] or merged))


def _insert(changes: Changes, node: FieldNode, text: str) -> None:
    """Insert hidden fields into a selection set; one that two slots share (a fragment's) gets both, each once."""
    if node.selection_set is not None:
        before = changes.inserts.get(id(node.selection_set), "")
        if text not in before:
            changes.inserts[id(node.selection_set)] = f"{before} {text}".lstrip()


class Planner:
    """Builds plans and keeps them by (document, operation name); `None` stands for pass through."""

    def __init__(
        self, schema: GraphQLSchema, merged: GraphQLSchema, shop: ShopMap, namespace: str,
        reading: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.schema, self.merged, self.shop, self.namespace = schema, merged, shop, namespace
        self.reading = reading
        self.introspects = True
        self.plans: LRUCache[tuple[str, str | None], tuple[Plan | None, int]] = LRUCache(
            MAX_WEIGHT, getsizeof=lambda kept: kept[1]
        )

    def plan(self, source: str, operation_name: str | None) -> Plan | None:
        """The plan of an operation, None where it passes through untouched. Raises LimitError."""
        key = (source, operation_name)
        try:
            return self.plans[key][0]
        except KeyError:
            pass
        tokens = limits.check(source)
        if len(source) > limits.MAX_CHARACTERS:
            return None
        weight = 1 + len(source) // 1_000
        self.plans[key] = (None, weight)  # should building it fail, it is not tried again
        plan = self._build(source, operation_name, tokens)
        self.plans[key] = (plan, weight if plan is None else weight + tokens)
        return plan

    def let_introspect(self, allowed: bool) -> None:
        """Whether introspection is answered (with the merged schema), or left to the shop."""
        self.introspects = allowed
        self.plans.clear()

    def _build(self, source: str, operation_name: str | None, tokens: int) -> Plan | None:
        try:
            document = parse(source, max_tokens=limits.MAX_TOKENS)
        except (GraphQLError, RecursionError):
            return None
        operation = get_operation_ast(document, operation_name)
        if operation is None or PREFIX in source or _INCREMENTAL.search(source):
            return None
        root = self.schema.get_root_type(operation.operation)
        if root is None and operation.operation.value == "mutation":
            root = self.merged.mutation_type
        if root is None or operation.operation.value == "subscription":
            return None
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        try:
            found = Walk(self.schema, self.shop, self.namespace, fragments).run(operation, root)
        except (TooLarge, RecursionError):  # fragments that spread each other
            return None
        limits.check_own(found.own, fragments)
        if not self.introspects:  # the shop refuses, and so do we: it sees these fields
            found.introspection.clear()
        composer = Composer(source, document, operation)
        plan = Plan(source, document, operation, found, composer, self.schema, self.shop.items, self.reading)
        if not plan.idle:
            # Once a document: what we replace or leave out of an invalid one might make it valid.
            rules = RULES
            if plan.composer.crowded:  # the shop sees but one of the operations: the rest is ours to judge
                if tokens > MAX_CROWDED:
                    return None
                rules = specified_rules
            plan.refused = validate(self.merged, document, rules, max_errors=20)
            if plan.refused and not plan.ours:
                return None
        return plan
