"""`personalize map` as it is typed: against a live shop, a file, and what is no shop at all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from graphql import build_schema, introspection_from_schema
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from personalize.cli import main
from personalize.gateway.document.hidden import Item, ItemFields
from personalize.gateway.document.raw import fields
from personalize.shops import reader
from personalize.shops.fit import fit
from personalize.shops.map import ItemMap
from tests.gateway_world import demo_shop, listening, world
from tests.unit.test_map_draft import FLAT

LISTS = {
    "SearchResult": "search(input: { take: 40, groupByProduct: true }) { items { %s } }",
    "Product": "products(options: { take: 20 }) { items { %s } }",
    "ProductVariant": 'collection(slug: "women") { productVariants(options: { take: 20 }) { items { %s } } }',
}


async def run(*arguments: str) -> Result:
    """The command in a thread of its own, since the shop answers in this one."""
    return await asyncio.to_thread(CliRunner().invoke, main, ["map", *arguments])


async def test_the_draft_of_a_live_shop_passes_check(tmp_path: Path) -> None:
    out = tmp_path / "drafted.graphql"
    async with listening(demo_shop()) as url:
        drafted = await run(f"{url}/shop-api", "--out", str(out))
        assert (drafted.exit_code, drafted.stdout) == (0, "")
        assert drafted.stderr.startswith("3 listings, 3 item types")
        checked = await asyncio.to_thread(CliRunner().invoke, main, ["check", f"{url}/shop-api", "--shop", str(out)])
        assert checked.exit_code == 0
        assert "GONE" not in checked.stdout
        assert "3 listings can be ordered" in checked.stdout


async def test_a_drafted_map_reads_what_the_map_written_by_hand_reads() -> None:
    by_hand, shop = reader.load("vendure"), demo_shop()
    async with listening(shop) as url:
        drafted = reader.read((await run(f"{url}/shop-api")).stdout)
    assert set(drafted.listings) == set(by_hand.listings)
    assert set(drafted.items) == set(by_hand.items)
    assert set(drafted.carts) == set(by_hand.carts)
    async with world((), shop=shop) as running:

        async def items(kind: ItemMap) -> list[Item | None]:
            """The items of one list as a map reads them."""
            reading = ItemFields(kind)
            answer = await running.direct("{" + LISTS[kind.type] % reading.text + "}")
            found = answer.json()["data"]
            while isinstance(found, dict):
                found = next(iter(found.values()))
            return [reading.read(fields(json.dumps(node).encode())) for node in found]

        for name, kind in by_hand.items.items():
            ours, theirs = await items(drafted.items[name]), await items(kind)
            assert len(ours) == len(theirs) > 10
            for one, other in zip(ours, theirs, strict=True):
                assert one is not None
                assert other is not None
                assert one == other


async def test_the_gateway_orders_by_a_drafted_map(tmp_path: Path) -> None:
    out, shop = tmp_path / "drafted.graphql", demo_shop()
    async with listening(shop) as url:
        await run(f"{url}/shop-api", "--out", str(out))
    query = "{ search(input: { take: 10, groupByProduct: true }) { items { productId } } }"
    async with world(shop=shop, shop_map=str(out)) as running:
        shown = (await running.send(query)).json()["data"]["search"]["items"]
        whole = (await running.direct(query.replace("10", "20"))).json()["data"]["search"]["items"]
    assert shown == whole[::-1][:10], "the window of a private visitor, last first"


def written(folder: Path, name: str, text: str) -> str:
    """The path of a new file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def kept(path: str) -> str:
    """What a file holds."""
    return Path(path).read_text(encoding="utf-8")


async def test_a_schema_from_a_file(tmp_path: Path) -> None:
    sdl = await run("--schema", written(tmp_path, "corner.graphql", FLAT))
    told = {"data": introspection_from_schema(build_schema(FLAT))}
    introspected = await run("--schema", written(tmp_path, "corner.json", json.dumps(told)))
    assert sdl.exit_code == introspected.exit_code == 0
    assert reader.read(sdl.stdout) == reader.read(introspected.stdout)
    assert reader.read(sdl.stdout).name == "corner"


async def test_a_name_is_written_as_given(tmp_path: Path) -> None:
    made = await run("--schema", written(tmp_path, "x.graphql", FLAT), "--name", 'the "corner" shop')
    assert reader.read(made.stdout).name == 'the "corner" shop'


async def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    out = written(tmp_path, "mine.graphql", "edited by hand")
    made = await run("--schema", written(tmp_path, "x.graphql", FLAT), "--out", out)
    assert made.exit_code == 2
    assert "[FILE_EXISTS]" in made.stderr
    assert kept(out) == "edited by hand"


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    made = await run("--schema", written(tmp_path, "x.graphql", FLAT), "--out", str(tmp_path / "no" / "map.graphql"))
    assert made.exit_code == 2
    assert "[FILE_UNWRITABLE]" in made.stderr


@pytest.mark.parametrize(
    ("app", "code"),
    [
        (HTMLResponse("<h1>shop</h1>"), "NOT_GRAPHQL"),
        (JSONResponse({"products": []}), "NOT_GRAPHQL"),
        (demo_shop(introspection=False), "INTROSPECTION_REFUSED"),
    ],
    ids=["html", "rest", "refused"],
)
async def test_what_is_no_shop_is_a_named_error(app: ASGIApp, code: str) -> None:
    async with listening(app) as url:
        made = await run(f"{url}/shop-api")
    assert made.exit_code == 2
    assert f"[{code}]" in made.stderr
    assert "hint:" in made.stderr
    assert made.stdout == ""


async def test_a_shop_that_is_not_there() -> None:
    async with listening(demo_shop()) as url:
        gone = url
    made = await run(f"{gone}/shop-api")
    assert made.exit_code == 2
    assert "[UPSTREAM_UNAVAILABLE]" in made.stderr


async def test_no_shop_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PERSONALIZE_SHOP_URL", raising=False)
    made = await run()
    assert made.exit_code == 2
    assert "no shop to map" in made.stderr


async def test_a_schema_without_products(tmp_path: Path) -> None:
    made = await run("--schema", written(tmp_path, "blog.graphql", "type Query { posts: [String!]! }"))
    assert made.exit_code == 3
    assert "[NO_PRODUCTS]" in made.stderr
    assert "blog.graphql" in made.stderr
    assert "hint:" in made.stderr
    assert not reader.read(made.stdout).items


PARTS = """
type Query { channel(code: String!): Channel }
type Channel { assortment(page: String = "1", perPage: String = "10", q: String): Assortment! parts(w: W): [Article!]! }
input W { to: Int }
type Assortment { positions: [Position!]! hitCount: Int! }
type Position { rank: Int! article: Article! net: Money! }
type Article { sku: Int! label: String! }
type Money { value: String! iso: String! }
"""


async def test_a_skeleton_names_what_comes_nearest(tmp_path: Path) -> None:
    """The best candidates stand there as comments; uncommented, they fit."""
    out = tmp_path / "parts.graphql"
    made = await run("--schema", written(tmp_path, "x.graphql", PARTS), "--out", str(out))
    assert (made.exit_code, made.stdout) == (3, "")
    text = kept(str(out))
    assert "# Article lacks price" in text
    assert "# Channel.parts(w: W) answers [Article!]!; its paging arguments are not understood" in text
    lines = text.splitlines()
    entry = next(line for line in lines if "Position @item" in line)
    at = next(number for number, line in enumerate(lines) if "assortment: Assortment @listing" in line)
    chosen = [entry, *lines[at - 1 : at + 2]]
    mended = 'extend schema @shop(name: "x")\n' + "\n".join(line.removeprefix("# ") for line in chosen)
    fitted, findings = fit(reader.read(mended), build_schema(PARTS))
    assert [one.said for one in findings if not one.found] == []
    assert list(fitted.listings) == [("Channel", "assortment")]


async def test_an_address_is_kept_without_its_password(tmp_path: Path) -> None:
    async with listening(demo_shop()) as url:
        made = await run(url.replace("http://", "http://somebody:hidden@") + "/shop-api?key=hidden")
    assert made.exit_code == 0
    assert "hidden" not in made.stdout + made.stderr
