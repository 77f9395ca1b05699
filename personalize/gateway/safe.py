"""HTTP QUERY, a safe method with a body (RFC 9110, 9.2.1): only what reads may come by it."""

from __future__ import annotations

from graphql import GraphQLError, get_operation_ast, parse

from personalize.errors import LimitError, PersonalizeError
from personalize.gateway.document import limits
from personalize.gateway.edge.call import Call, Operation, Reader
from personalize.gateway.ours.knowledge import Knowledge


def only_reads(call: Call, reader: Reader, knowledge: Knowledge) -> None:
    """Let a call by QUERY pass if it is a GraphQL query. The shop could not tell: it is asked by POST.

    Raises PersonalizeError with the code `QUERY_UNREADABLE` (answer 400) or `QUERY_UNSAFE` (405), and LimitError.
    """
    operation = reader.read(call)
    if operation is None:
        raise PersonalizeError(
            "a request by QUERY has to carry one GraphQL query in a JSON object", code="QUERY_UNREADABLE",
            hint="send it as application/json, and anything else by POST",
        )  # fmt: skip
    plan = knowledge.plan(operation)
    kind = plan.kind if plan is not None else _kind(operation)
    if kind != "query":
        raise PersonalizeError(
            f"QUERY is for GraphQL queries, this is a {kind}", code="QUERY_UNSAFE", hint="send it by POST"
        )


def _kind(operation: Operation) -> str:
    """The kind of an operation that has no plan; `query` too where no server could run it."""
    if len(operation.query) > limits.MAX_CHARACTERS:
        raise LimitError(f"a document by QUERY has at most {limits.MAX_CHARACTERS} characters", hint="send it by POST")
    limits.check(operation.query)
    try:
        found = get_operation_ast(parse(operation.query, no_location=True), operation.name)
    except GraphQLError:
        return "query"
    return found.operation.value if found is not None else "query"
