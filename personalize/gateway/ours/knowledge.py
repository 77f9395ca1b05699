"""What the gateway knows of its shop: the schema, the merged schema and the plans; learned in the background."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import orjson
from graphql import (
    GraphQLError,
    GraphQLSchema,
    IntrospectionQuery,
    build_client_schema,
    build_schema,
    get_introspection_query,
)

from personalize.domain.strategy import Mode
from personalize.errors import LimitError, MapError, PersonalizeError
from personalize.gateway.document.plan import Plan, Planner
from personalize.gateway.edge.call import Call, Operation
from personalize.gateway.edge.upstream import Headers, Upstream
from personalize.gateway.ours.answers import Own
from personalize.gateway.ours.schema import merge
from personalize.settings import Settings
from personalize.shops.fit import fit
from personalize.shops.map import ShopMap
from personalize.telemetry import Telemetry

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
FIRST_SECONDS = 5.0
PROBE = "{ __schema { queryType { name } } }"
INTROSPECTION = get_introspection_query(descriptions=True, input_value_deprecation=True)


class Knowledge:
    """Plans are made once the schema is known; until then everything passes through."""

    def __init__(
        self, settings: Settings, shop: ShopMap, upstream: Upstream, telemetry: Telemetry,
        reading: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.reading = reading
        self.settings, self.shop, self.upstream, self.telemetry = settings, shop, upstream, telemetry
        self.planner: Planner | None = None
        self.fitted = shop
        self._own: Own | None = None
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._ours = re.compile(rb"__schema|__type\b|\\u|" + re.escape(settings.namespace.encode()))

    @property
    def ready(self) -> bool:
        """Whether the shop's schema is known."""
        return self.planner is not None

    @property
    def settled(self) -> bool:
        """Whether the schema is known, or was asked for once at least: from then on we take requests."""
        return self.ready or self._tried.is_set()

    async def tried(self) -> None:
        """Wait a moment right after the start: documents with our fields need the schema that is being learned."""
        if not self.settled and self._task is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_SECONDS):
                    await self._tried.wait()

    @property
    def own(self) -> Own:
        """Our own fields; only there where a plan is."""
        assert self._own is not None
        return self._own

    def asleep(self, call: Call) -> bool:
        """Whether a call can pass unread: everything is switched off, and it asks for nothing of ours."""
        if self.planner is None:
            return True
        if self.settings.experiments or any(one.mode is not Mode.OFF for one in self.settings.strategies):
            return False
        return not self._ours.search(call.body or b"") and not self._ours.search(call.query_string.encode())

    def plan(self, operation: Operation) -> Plan | None:
        """The plan of an operation, None where it is not understood. Raises LimitError."""
        try:
            return self.planner.plan(operation.query, operation.name) if self.planner else None
        except LimitError:
            raise
        except Exception as error:  # law 4: a bug of ours in a document nobody thought of
            self.telemetry.fault("plan", type(error).__name__, error)
            return None

    def use(self, schema: GraphQLSchema) -> None:
        """Take a schema into use: fit the map to it, merge ours into it. Raises MapError."""
        self.fitted, findings = fit(self.shop, schema)
        for finding in findings:
            if not finding.found:
                self.telemetry.fault("map", finding.slot, MapError(finding.said))
        merged = merge(schema, self.fitted, self.settings.namespace)
        self._own = Own(merged, self.settings.namespace)
        self.planner = Planner(schema, merged, self.fitted, self.settings.namespace, self.reading)

    def start(self) -> None:
        """Learn the schema: from `schema_file` at once, else from the shop, in the background and again until it works.

        Raises MapError where the file cannot be used.
        """
        work = self._learn
        if self.settings.schema_file:
            self.use(schema_from_file(self.settings.schema_file))
            assert self.planner is not None
            self.planner.let_introspect(False)  # until the shop has shown that it does
            work = self._probe
        self._task = asyncio.get_running_loop().create_task(self._until_done(work))

    async def stop(self) -> None:
        """Stop learning."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self, seconds: float) -> bool:
        """Whether the schema is known within `seconds`."""
        if self._task is not None and not self.ready:
            await asyncio.wait({self._task}, timeout=seconds)
        return self.ready

    async def _learn(self) -> None:
        self.use(await fetch_schema(self.upstream))

    async def _probe(self) -> None:
        """Ask whether the shop lets itself be introspected. Raises UpstreamError."""
        answer = await self.upstream.post(self.upstream.url, _headers(self.upstream), {"query": PROBE})
        try:
            told = orjson.loads(answer.body or b"")
        except orjson.JSONDecodeError:
            told = None
        data = told.get("data") if isinstance(told, dict) else None
        if self.planner is not None and isinstance(data, dict) and data.get("__schema"):
            self.planner.let_introspect(True)

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Try until it works; a shop that is down is asked again, less and less often."""
        attempt = 0
        while True:
            try:
                await work()
            except PersonalizeError as error:
                self.telemetry.fault("schema", error.code, error)
            except Exception as error:  # a schema nobody thought of: everything passes through
                self.telemetry.fault("schema", type(error).__name__, error)
            else:
                return
            finally:
                self._tried.set()
            await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            attempt += 1


def _headers(upstream: Upstream) -> Headers:
    return [("content-type", "application/json"), ("accept", "application/json"), ("host", upstream.host)]


def schema_from_file(path: str) -> GraphQLSchema:
    """The shop's schema of an SDL or introspection JSON file. Raises MapError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        if path.endswith(".json"):
            raw = orjson.loads(text)
            return build_client_schema(raw.get("data", raw), assume_valid=True)
        return build_schema(text, assume_valid=True, assume_valid_sdl=True)
    except (OSError, UnicodeDecodeError, GraphQLError, TypeError, ValueError, AttributeError) as error:
        raise MapError(
            f"schema_file {path!r} cannot be used: {error}", code="SCHEMA_UNREADABLE",
            hint="give SDL (.graphql) or an introspection result (.json)",
        ) from error  # fmt: skip


async def fetch_schema(upstream: Upstream) -> GraphQLSchema:
    """The shop's schema by introspection. Raises UpstreamError, or MapError with what was met instead."""
    answer = await upstream.post(upstream.url, _headers(upstream), {"query": INTROSPECTION})
    where = f"{upstream.url} answered {answer.status}"
    try:
        raw = orjson.loads(answer.body or b"")
    except orjson.JSONDecodeError:
        raise MapError(
            f"{where} with no JSON", code="NOT_GRAPHQL", hint="set `shop_url` to the shop's GraphQL endpoint"
        ) from None
    data = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(data, dict) or "__schema" not in data:
        told = raw.get("errors") if isinstance(raw, dict) else None
        if isinstance(told, list) and told:
            said = told[0].get("message") if isinstance(told[0], dict) else told[0]
            raise MapError(
                f"{where} and refused introspection: {str(said)[:200]}",
                code="INTROSPECTION_REFUSED", hint="set `schema_file` to the shop's schema",
            )  # fmt: skip
        raise MapError(f"{where} with JSON that is no GraphQL answer", code="NOT_GRAPHQL",
                       hint="set `shop_url` to the shop's GraphQL endpoint")  # fmt: skip
    try:
        return build_client_schema(cast(IntrospectionQuery, data), assume_valid=True)
    except (TypeError, GraphQLError, KeyError, ValueError, AttributeError) as error:
        raise MapError(f"{where} with a schema that cannot be read: {error}", code="SCHEMA_UNREADABLE") from error
