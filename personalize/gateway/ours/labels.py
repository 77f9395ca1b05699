"""Labels: what an attribute's ids are called in the shop, so that reasons are words; asked for now and then, behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from personalize.domain.patch import Reason
from personalize.domain.reason import AFFINITY, ORDERED_FOR_YOU, words
from personalize.errors import PersonalizeError
from personalize.gateway.edge.upstream import Upstream
from personalize.shops.map import ShopMap
from personalize.telemetry import Telemetry

LANGUAGES = ("en", "de")
REFRESH_SECONDS = 3600.0
RETRY_SECONDS = 30.0
MAX_LABELS = 20_000


class Labels:
    """Names by (language, attribute, id)."""

    def __init__(self, shop: ShopMap, upstream: Upstream, telemetry: Telemetry) -> None:
        self.shop, self.upstream, self.telemetry = shop, upstream, telemetry
        self.names: dict[tuple[str, str, str], str] = {}
        self.heard: Callable[[dict[tuple[str, str, str], str]], None] | None = None
        """Who else wants to know the names, whenever they were asked for."""

    def words(self, reason: Reason, language: str) -> str:
        """The sentence of a reason. An id that has no name is never shown: the sentence is then a plainer one."""
        if reason.code != AFFINITY:
            return words(reason, language)
        name, value = reason.parameters.get("name", ""), reason.parameters.get("value", "")
        label = self.names.get((language, name, value))
        if label is None and (name in {one.name for one in self.shop.labels} or not value or value.isdigit()):
            return words(Reason(ORDERED_FOR_YOU), language)
        return words(Reason(AFFINITY, {"name": name, "value": label or value}), language)

    async def keep_fresh(self) -> None:
        """Ask again and again, until cancelled."""
        while self.shop.labels:
            try:
                await self.refresh()
            except PersonalizeError as error:
                self.telemetry.count("labels", error.code)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Ask the shop for all labels in all languages. Raises UpstreamError."""
        found: dict[tuple[str, str, str], str] = {}
        for language in LANGUAGES:
            headers = [
                ("content-type", "application/json"),
                ("accept-language", language),
                ("host", self.upstream.host),
            ]
            for one in self.shop.labels:
                payload: dict[str, object] = {"query": "{" + one.selection + "}"}
                answer = await self.upstream.post(self.upstream.url, headers, payload)
                try:
                    data = orjson.loads(answer.body or b"").get("data")
                except (orjson.JSONDecodeError, AttributeError):
                    data = None
                for identity, label in _named(data):
                    if len(found) < MAX_LABELS:
                        found[language, one.name, identity] = label
        self.names = found
        if self.heard is not None:
            self.heard(found)


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """(id, name) of every object below a JSON value that has both."""
    if isinstance(value, dict):
        identity, name = value.get("id"), value.get("name")
        if isinstance(identity, str | int) and isinstance(name, str) and name:
            yield str(identity), name
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
