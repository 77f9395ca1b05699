"""Makes operations as real clients write them, from a shop's own schema: aliases, fragments, variables, directives."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

NUMBERS = (0, 1, 2, 3, 3, 5, 5, 12, 12, 24, 24, 60, 100)
ODD_NUMBERS = (-1, 101, 250, 100_000, None)
STRINGS = ("linen", "shirt", "towel", "no such thing", "", 'quo"ted \\ ünï 👗', "a\nb")
MAX_DEPTH = 6

QUERIES = {
    "search": 9, "products": 6, "collection": 6, "product": 3, "collections": 2, "facets": 1, "activeOrder": 1,
    "activeCustomer": 1, "activeChannel": 1, "me": 1, "order": 1, "availableCountries": 1, "facet": 1,
    "nextOrderStates": 1, "__typename": 2,
}  # fmt: skip
MUTATIONS = {
    "addItemToOrder": 9, "addItemsToOrder": 2, "adjustOrderLine": 3, "removeOrderLine": 2, "removeAllOrderLines": 1,
    "applyCouponCode": 1, "removeCouponCode": 1, "setCustomerForOrder": 2, "setOrderShippingAddress": 2,
    "setOrderShippingMethod": 2, "transitionOrderToState": 3, "addPaymentToOrder": 3, "login": 2, "logout": 1,
    "registerCustomerAccount": 1, "__typename": 1,
}  # fmt: skip
"""How often each root field is chosen; others are left out."""


@dataclass(frozen=True, slots=True)
class Made:
    """A GraphQL request: a document, its variables, and the operation to run (None: the only one)."""

    query: str
    variables: dict[str, Any] | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What values of the shop a maker may use: ids and slugs by the name of the argument or input field."""

    values: dict[str, tuple[str, ...]]

    def of(self, name: str, owner: str) -> tuple[str, ...]:
        """Values for an argument of that name on that field or input object."""
        return self.values.get(f"{owner}.{name}") or self.values.get(name) or STRINGS


@dataclass(slots=True)
class _Variable:
    name: str
    kind: str
    default: str | None
    value: Any
    given: bool


@dataclass(slots=True)
class Maker:
    """Makes one document. `odd` is the chance of a choice that most clients would not make."""

    schema: GraphQLSchema
    known: Known
    random: Random
    odd: float = 0.06
    kind: str = "query"
    variables: list[_Variable] = field(default_factory=list)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name to (type, body with braces)."""
    count: int = 0

    def make(self) -> Made:
        """A whole request."""
        several = self.chance(0.12)
        text = self.operation("Main" if several or self.chance(0.5) else "")
        own, name = list(self.variables), "Main" if several else None
        if several:
            self.variables = []
            other = self.operation("Other")
            text = f"{other}\n{text}" if self.chance(0.5) else f"{text}\n{other}"
        for fragment, (kind, body) in self.fragments.items():
            definition = f"fragment {fragment} on {kind} {body}"
            text = f"{definition}\n{text}" if self.chance(0.4) else f"{text}\n{definition}"
        if self.chance(self.odd / 2):
            text += "\nfragment Unused on Product { id }"
        values = {v.name: v.value for v in own if v.given}
        if self.chance(self.odd):
            values["nobodyAskedForThis"] = 1
        return Made(text, values or ({} if self.chance(0.5) else None), name)

    def operation(self, name: str) -> str:
        """The text of one operation."""
        root = self.schema.query_type if self.kind == "query" else self.schema.mutation_type
        assert root is not None
        body = self.selection(root, 0)
        if self.chance(self.odd / 2):
            self.variables.append(_Variable("unused", "Int", None, 3, True))
        declared = ", ".join(
            f"${v.name}: {v.kind}" + (f" = {v.default}" if v.default is not None else "") for v in self.variables
        )
        if not declared and not name and self.kind == "query" and self.chance(0.6):
            return body
        return f"{self.kind} {name}{f'({declared})' if declared else ''} {body}"

    # -- selections ----------------------------------------------------------------------------------------------

    def selection(self, kind: Composite, depth: int) -> str:
        """A selection set with braces."""
        parts = self.parts(kind, depth)
        if self.chance(0.2):
            parts.insert(self.random.randrange(len(parts) + 1), "__typename")
        if self.chance(0.12 if depth else 0.25):  # some of it moves into a fragment
            cut = self.random.randrange(len(parts) + 1)
            moved, parts = parts[:cut] or ["__typename"], parts[cut:]
            parts.append(self.wrapped(kind, "{ " + " ".join(moved) + " }"))
        if self.chance(0.04) and parts:  # and some of it is there twice
            parts.append(self.random.choice(parts))
        return "{ " + "\n  ".join(parts) + " }"

    def wrapped(self, kind: Composite, body: str) -> str:
        """A selection set as a named or an inline fragment."""
        if self.chance(0.5):
            self.count += 1
            name = f"F{self.count}"
            self.fragments[name] = (kind.name, body)
            if self.chance(0.15):
                return f"...{name}{self.condition()} ...{name}"
            return f"...{name}{self.condition()}"
        return f"... on {kind.name}{self.condition()} {body}" if self.chance(0.6) else f"...{self.condition()} {body}"

    def condition(self) -> str:
        """Sometimes a directive."""
        if not self.chance(0.3):
            return ""
        holds = self.chance(0.75)
        name = "include" if self.chance(0.6) else "skip"
        value = holds if name == "include" else not holds
        if self.chance(0.5):
            return f" @{name}(if: {self.variable('b', 'Boolean!', value)})"
        return f" @{name}(if: {'true' if value else 'false'})"

    def parts(self, kind: Composite, depth: int) -> list[str]:
        """Selections of fields (and of fragments, for a union)."""
        if isinstance(kind, GraphQLUnionType):
            members = [t for t in self.schema.get_possible_types(kind) if self.chance(0.7)]
            return [f"... on {t.name} {self.selection(t, depth + 1)}" for t in members] or ["__typename"]
        fields = dict(kind.fields)
        if depth == 0:
            roots = QUERIES if self.kind == "query" else MUTATIONS
            names = self.random.choices(list(roots), list(roots.values()), k=self.random.choice((1, 1, 2, 3)))
        else:
            composite = [n for n, f in fields.items() if not is_leaf_type(get_named_type(f.type))]
            leaves = [n for n in fields if n not in composite]
            names = self.random.sample(leaves, min(len(leaves), self.random.choice((1, 2, 2, 3))))
            if composite and depth < MAX_DEPTH and (not names or self.chance(0.75)):
                wanted = [n for n in ("items", "productVariants") if n in composite and self.chance(0.9)]
                names += wanted or self.random.sample(composite, 1)
        parts = [part for name in names for part in self.field(kind, name, fields.get(name), depth)]
        return parts or ["__typename"]

    def field(self, parent: Composite, name: str, definition: GraphQLField | None, depth: int) -> list[str]:
        """A field, sometimes twice under one key with parts of its selection each."""
        if definition is None:
            return ["__typename"]
        if self.chance(self.odd / 4):
            return [name + "NotThere"]
        key = ""
        if depth == 0 or self.chance(0.25):
            self.count += 1
            key = f"k{self.count}: " if depth or self.chance(0.6) else ""
        head = f"{key}{name}{self.arguments(name, definition)}{self.condition()}"
        kind = get_named_type(definition.type)
        if is_leaf_type(kind):
            return [head]
        # Nested lists multiply: their depth is used up faster.
        next_depth = depth + (2 if is_list_type(get_nullable_type(definition.type)) and depth > 1 else 1)
        texts = [f"{head} {self.selection(kind, next_depth)}"]  # type: ignore[arg-type]
        if self.chance(0.08):
            texts.append(f"{head} {self.selection(kind, next_depth)}")  # type: ignore[arg-type]
        return texts

    # -- arguments -----------------------------------------------------------------------------------------------

    def arguments(self, field_name: str, definition: GraphQLField) -> str:
        """The arguments of a field with parentheses, or nothing."""
        given = []
        for name, argument in definition.args.items():
            wanted = is_required_argument(argument) or self.chance(0.85 if name in ("options", "slug") else 0.4)
            if wanted and not self.chance(self.odd / 8):
                given.append(f"{name}: {self.value(argument.type, name, field_name, 0)}")
        return f"({', '.join(given)})" if given else ""

    def value(self, kind: GraphQLInputType, name: str, owner: str, depth: int) -> str:
        """An argument value as text: a literal, or a variable that holds it."""
        if self.chance(0.45 if depth == 0 else 0.25):
            return self.variable(name, str(kind), self.plain(kind, name, owner, depth), kind)
        nullable = get_nullable_type(kind)
        if isinstance(nullable, GraphQLInputObjectType):
            fields = [
                f"{key}: {self.value(field.type, key, nullable.name, depth + 1)}"
                for key, field in nullable.fields.items()
                if is_required_input_field(field) or self.wanted(key, depth)
            ]
            return "{ " + ", ".join(fields) + " }"
        return self.literal(kind, self.plain(kind, name, owner, depth))

    def wanted(self, name: str, depth: int) -> bool:
        """Whether an optional input field is given."""
        if depth > 2:
            return False
        return self.chance({"take": 0.85, "skip": 0.4, "groupByProduct": 0.5, "sort": 0.15}.get(name, 0.12))

    def plain(self, kind: GraphQLInputType, name: str, owner: str, depth: int) -> Any:
        """A JSON value of an input type."""
        if not isinstance(kind, GraphQLNonNull) and self.chance(self.odd / 2):
            return None
        nullable = get_nullable_type(kind)
        if isinstance(nullable, GraphQLList):
            inner = nullable.of_type
            return [self.plain(inner, name, owner, depth + 1) for _ in range(self.random.choice((0, 1, 1, 2)))]
        if isinstance(nullable, GraphQLInputObjectType):
            found = {
                key: self.plain(field.type, key, nullable.name, depth + 1)
                for key, field in nullable.fields.items()
                if is_required_input_field(field) or self.wanted(key, depth)
            }
            if self.chance(self.odd / 4):
                found["unheardOf"] = 1
            return found
        if isinstance(nullable, GraphQLEnumType):
            return self.random.choice(list(nullable.values))
        match nullable.name:  # type: ignore[union-attr]
            case "Int":
                odd = self.chance(self.odd)
                return self.random.choice(
                    ODD_NUMBERS[: 4 if isinstance(kind, GraphQLNonNull) else 5] if odd else NUMBERS
                )
            case "Float":
                return self.random.choice((0.5, 1.0, 3))
            case "Boolean":
                return self.chance(0.5)
        return self.random.choice(self.known.of(name, owner))

    def literal(self, kind: GraphQLInputType, value: Any) -> str:
        """A JSON value as GraphQL text."""
        nullable = get_nullable_type(kind)
        if value is None:
            return "null"
        if isinstance(nullable, GraphQLList) and isinstance(value, list):
            return "[" + ", ".join(self.literal(nullable.of_type, one) for one in value) + "]"
        if isinstance(nullable, GraphQLInputObjectType) and isinstance(value, dict):
            pairs = (
                f"{key}: {self.literal(nullable.fields[key].type, one)}"
                for key, one in value.items()
                if key in nullable.fields
            )
            return "{" + ", ".join(pairs) + "}"
        if isinstance(nullable, GraphQLEnumType) or isinstance(value, bool):
            return str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, str):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        return str(value)

    def variable(self, hint: str, kind: str, value: Any, of: GraphQLInputType | None = None) -> str:
        """A variable that holds `value`; sometimes by its default, sometimes not given at all, sometimes shared."""
        same = [v for v in self.variables if v.kind == kind and v.given and kind != "Boolean!"]
        if same and self.chance(0.2):
            return f"${self.random.choice(same).name}"
        self.count += 1
        default, given = None, True
        if of is not None and self.chance(0.2):
            default = self.literal(of, value)
            given = self.chance(0.4)
        elif self.chance(0.1 if of is not None and not isinstance(of, GraphQLNonNull) else self.odd / 4):
            given = False
        if default == "null" and isinstance(of, GraphQLNonNull):
            default = None
        name = f"{hint}{self.count}"
        self.variables.append(_Variable(name, kind, default, value, given))
        return f"${name}"

    def chance(self, share: float) -> bool:
        """True with that probability."""
        return self.random.random() < share


def operations(schema: GraphQLSchema, known: Known, kind: str = "query") -> st.SearchStrategy[Made]:
    """Requests against a schema. Hypothesis draws a seed: one number is far cheaper than a draw for every choice."""
    return st.integers(0, 2**32 - 1).map(lambda seed: Maker(schema, known, Random(seed), kind=kind).make())
