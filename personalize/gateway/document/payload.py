"""The GraphQL request we send for a document composed from the client's."""

from __future__ import annotations

from personalize.gateway.document.compose import Composed
from personalize.gateway.document.plan import Plan
from personalize.gateway.edge.call import Operation


def payload(
    plan: Plan, operation: Operation, composed: Composed, extra: dict[str, object] | None = None
) -> dict[str, object]:
    """The GraphQL request for a composed document, with the client's variables it still uses and `extra` ones."""
    kept: dict[str, object] = {k: v for k, v in operation.variables.items() if k in composed.variables}
    body: dict[str, object] = {"query": composed.text, "variables": kept | (extra or {})}
    if plan.operation.name:
        body["operationName"] = plan.operation.name.value
    if extensions := {k: v for k, v in operation.extensions.items() if k != "persistedQuery"}:
        body["extensions"] = extensions
    return body
