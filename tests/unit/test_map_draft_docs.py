"""The example of `docs/a-shop-in-an-hour.md` is true: its map is the draft, with no more lines edited than it says."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema, build_schema, graphql_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.fit import fit
from tests.gateway_world import world

PAGE = Path(__file__).resolve().parents[2] / "docs" / "a-shop-in-an-hour.md"
EDITED_MAX = 20


def block(language: str, number: int = 0) -> str:
    """The page's code block of that kind; several are counted from 0."""
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    return str(found[number])


def bare(text: str) -> list[str]:
    """The lines of a map without comments."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize(("number", "name", "said"), [(0, "wine", 10), (1, "lamps", 2)])
def test_the_mended_map_is_the_draft_but_for_a_few_lines(number: int, name: str, said: int) -> None:
    drafted = draft(build_schema(block("graphql sdl", number)), name=name).text
    mended = bare(block("graphql map", number))
    edited = [line for line in difflib.ndiff(bare(drafted), mended) if line.startswith("+")]
    assert len(edited) <= EDITED_MAX
    assert len(edited) == said, "the page says so many"


@pytest.mark.parametrize(("number", "listing"), [(0, ("Catalogue", "wines")), (1, ("Query", "lamps"))])
def test_the_mended_map_fits(number: int, listing: tuple[str, str]) -> None:
    schema = build_schema(block("graphql sdl", number))
    fitted, findings = fit(reader.read(block("graphql map", number)), schema)
    assert [finding for finding in findings if not finding.found] == []
    assert list(fitted.listings) == [listing]


class Cellar:
    """The shop of wines, with 30 of them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    def catalogue(self, *_: Any) -> Cellar:
        """The object that holds the lists."""
        return self

    def wines(self, _: Any, start: int, rows: int, **__: Any) -> dict[str, Any]:
        """A page."""
        place = {"id": "1", "name": "Rheingau", "slug": "rheingau"}
        bottles = [{"price": {"cents": cents, "currency": "EUR"}} for cents in (1290, 890)]
        every = [
            {"id": f"w{n}", "name": f"Wine {n}", "colour": "RED", "winery": place, "region": place, "grapes": [place],
             "bottles": bottles}
            for n in range(30)
        ]  # fmt: skip
        return {"wines": every[start : start + rows], "found": len(every)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = orjson.loads(await Request(scope, receive).body())
        result = graphql_sync(self.schema, asked["query"], self, variable_values=asked.get("variables"))
        answer = Response(orjson.dumps(result.formatted), media_type="application/json")
        await answer(scope, receive, send)


async def test_the_gateway_orders_the_shop_of_the_page(tmp_path: Path) -> None:
    written = tmp_path / "wine.graphql"
    written.write_text(block("graphql map"), encoding="utf-8")
    query = "query ($start: Int) { catalogue { wines(start: $start, rows: 10) { wines { id } found } } }"
    async with world(shop=Cellar(build_schema(block("graphql sdl"))), shop_map=str(written)) as running:
        session = {"authorization": "Bearer " + "x" * 32}  # nobody knows it, so this visitor's window is private
        pages = [(await running.send(query, {"start": start}, headers=session)).json() for start in (0, 10, 20)]
    shown = [wine["id"] for page in pages for wine in page["data"]["catalogue"]["wines"]["wines"]]
    assert shown == [f"w{n}" for n in reversed(range(30))]
