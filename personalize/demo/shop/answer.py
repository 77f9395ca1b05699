"""Answers one GraphQL request: parses and validates a document once, runs it, and says with which status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import strawberry
from cachetools import LRUCache
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    ValidationRule,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.config import StrawberryConfig

from personalize.demo.shop.mutation import Mutation
from personalize.demo.shop.query import Query
from personalize.demo.shop.scalars import SCALARS

MAX_DOCUMENTS = 512
MAX_TOKENS = 20_000
MAX_ERRORS = 20
MAX_TOLD = 8
"""Bounds on the documents kept, on the tokens of one, on the validation errors reported, and on the answers kept."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A body for JSON and its HTTP status; `allow` goes into the header of that name."""

    status: int
    body: Body
    allow: str | None = None


@cache
def make_schema() -> strawberry.Schema:
    """The demo shop's schema (it holds no state, so all shops share it); its resolvers want a `Call` as context."""
    return strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))


@cache
def answerer(make: Callable[[], strawberry.Schema], *, introspection: bool) -> Answerer:
    """What answers for a schema, one for all shops of this process."""
    return Answerer(make(), introspection=introspection)


class NoIntrospection(ValidationRule):
    """Refuses `__schema` and `__type`, in the words of the server that Vendure runs on."""

    def enter_field(self, node: FieldNode, *_args: Any) -> None:
        """Reports a field that would give the schema away."""
        if node.name.value in ("__schema", "__type"):
            message = (
                "GraphQL introspection is not allowed by Apollo Server, but the query contained __schema or __type. "
                "To enable introspection, pass introspection: true to ApolloServer in production"
            )
            extensions = {"validationErrorCode": "INTROSPECTION_DISABLED"}
            self.report_error(GraphQLError(message, node, extensions=extensions))


def request_error(status: int, code: str | None, message: str, *, allow: str | None = None) -> Answer:
    """An answer to a request that never ran."""
    extensions: Body = {"http": {"status": status, "headers": {}}}
    if code is not None:
        extensions["code"] = code
    return Answer(status, {"errors": [{"message": message, "extensions": extensions}]}, allow)


class Answerer:
    """Runs documents against the schema; keeps the last `MAX_DOCUMENTS` parsed and validated, and nothing of a shop.

    What the schema says of itself is the same for everybody: the last `MAX_TOLD` such answers are kept, too.
    """

    def __init__(self, schema: strawberry.Schema, *, introspection: bool) -> None:
        self.schema: GraphQLSchema = schema._schema
        self._rules = [*specified_rules] if introspection else [*specified_rules, NoIntrospection]
        self._documents: LRUCache[str, DocumentNode | Answer] = LRUCache(MAX_DOCUMENTS)
        self._told: LRUCache[tuple[str, str | None], Answer] = LRUCache(MAX_TOLD)

    def answer(
        self, call: object, query: str, variables: Mapping[str, Any] | None, operation_name: str | None, *, get: bool
    ) -> Answer:
        """The answer to `query`; `get` says that the request was a GET, which may not change anything."""
        document = self._documents.get(query)
        if document is None:
            document = self._documents[query] = self._prepare(query)
        if isinstance(document, Answer):
            return document
        operation = _operation(document, operation_name)
        if isinstance(operation, Answer):
            return operation
        if get and operation.operation is not OperationType.QUERY:
            kind = operation.operation.value
            message = f"GET requests only support query operations, not {kind} operations"
            return request_error(405, "BAD_REQUEST", message, allow="POST")
        of_the_schema = not variables and _asks_the_schema(operation)
        if of_the_schema and (told := self._told.get((query, operation_name))) is not None:
            return told
        result = execute_sync(
            self.schema,
            document,
            variable_values=dict(variables) if variables else None,
            operation_name=operation_name,
            context_value=call,
        )
        told = Answer(200, _executed(result))
        if of_the_schema:
            self._told[query, operation_name] = told
        return told

    def _prepare(self, query: str) -> DocumentNode | Answer:
        try:
            document = parse(query, max_tokens=MAX_TOKENS)
            errors = validate(self.schema, document, self._rules, max_errors=MAX_ERRORS)
        except GraphQLSyntaxError as error:
            return _refused("GRAPHQL_PARSE_FAILED", [error])
        except RecursionError:
            return request_error(400, "GRAPHQL_PARSE_FAILED", "Syntax Error: Document nests too deeply.")
        return _refused("GRAPHQL_VALIDATION_FAILED", errors) if errors else document


def _refused(code: str, errors: list[Any]) -> Answer:
    shown = []
    for error in errors:
        body = dict(error.formatted)
        body["extensions"] = {"http": {"status": 400, "headers": {}}, **body.get("extensions", {}), "code": code}
        shown.append(body)
    return Answer(400, {"errors": shown})


def _asks_the_schema(operation: OperationDefinitionNode) -> bool:
    """Whether `__schema` is all that is asked for."""
    fields = operation.selection_set.selections
    return all(isinstance(one, FieldNode) and one.name.value == "__schema" for one in fields)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | Answer:
    found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name:
        found = [d for d in found if d.name is not None and d.name.value == name]
        if not found:
            return request_error(400, "OPERATION_RESOLUTION_FAILURE", f'Unknown operation named "{name}".')
    if len(found) == 1:
        return found[0]
    message = (
        "Must provide operation name if query contains multiple operations." if found else "Must provide an operation."
    )
    return request_error(400, "OPERATION_RESOLUTION_FAILURE", message)


def _executed(result: ExecutionResult) -> Body:
    if not result.errors:
        return {"data": result.data}
    shown, ran = [], result.data is not None
    for error in result.errors:
        body = dict(error.formatted)
        if error.path is None and error.message.startswith("Variable "):
            body["extensions"] = {"code": "BAD_USER_INPUT"}
        elif error.path is not None:
            ran = True
            body.setdefault("extensions", {"code": "INTERNAL_SERVER_ERROR"})
        else:
            ran = True
        shown.append(body)
    return {"errors": shown, "data": result.data} if ran else {"errors": shown}
