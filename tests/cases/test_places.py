"""Places over a real gateway: stores and stock are imported, and items tell each visitor the channels they have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import orjson
import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.decisions.channel import ChannelOrder
from personalize.decisions.store_first import StoreFirst
from personalize.domain.places.stock import StockRow
from personalize.domain.places.terms import Terms
from personalize.domain.strategy import Mode, Strategy
from personalize.errors import PlaceError
from personalize.places.keeper import put
from personalize.stores.sqlite import SqliteStore
from tests.gateway_world import World, catalogue, listening, world

NOON = datetime.fromisoformat("2026-03-25T12:00:00+01:00").timestamp()  # a Wednesday
HAMBURG = {"x-vercel-ip-latitude": "53.5511", "x-vercel-ip-longitude": "9.9937", "x-vercel-ip-country": "DE"}
CHANNELS = """personalization { channels { kind availability distanceKm approximate label quantityAtLeast pickUpAt
  observedAt stale store { id name city __typename } reason { code text } } }"""
LIST = f"{{ search(input: {{take: 3, groupByProduct: true}}) {{ items {{ productId productVariantId {CHANNELS} }} }} }}"
STORES = """id,name,latitude,longitude,city,opening_hours,services
eppendorf,Eppendorf,53.5916,9.9891,Hamburg,Mo-Sa 10:00-20:00,collect reserve
altona,Altona,53.5507,9.9334,Hamburg,Mo-Sa 10:00-20:00,collect try_on
berlin,Berlin,52.52,13.405,Berlin,Mo-Sa 10:00-20:00,collect
"""


def rows_of(product: str, store: str, quantity: int, at: float = NOON) -> list[StockRow]:
    """Stock of every variant of a product of the demo shop."""
    (found,) = [one for one in catalogue().products if one.id == product]
    return [StockRow(store, variant.id, product, quantity, at) for variant in found.variants]


def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What `personalize import` says with the store of this test."""
    monkeypatch.setenv("PERSONALIZE_STORE_URL", f"sqlite:///{tmp_path}/store.sqlite")
    result = CliRunner().invoke(main, ["import", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def stores(tmp_path, monkeypatch) -> str:
    """The address of a store into which three stores were imported."""
    (tmp_path / "stores.csv").write_text(STORES, "utf-8")
    assert imported(tmp_path, monkeypatch, "--stores", str(tmp_path / "stores.csv")).startswith("3 stores")
    return f"sqlite:///{tmp_path}/store.sqlite"


@asynccontextmanager
async def placed(stores: str, stock: list[StockRow], strategies=("nothing",), **changes) -> AsyncIterator[World]:
    """A gateway with this stock, at noon."""
    changes = {"trusted_proxies": ("127.0.0.0/8",), "store_url": stores, **changes}
    async with world(strategies, **changes) as at:
        keeper = at.gateway.keeper
        keeper.clock = at.gateway.reception.clock = lambda: NOON
        await put(at.gateway.store, stock, NOON)
        await keeper.look()
        assert len(keeper.book) == len(stock)
        yield at


async def told(at: World, query: str = LIST, headers: dict[str, str] | None = None, **more: str):
    """The data of an answer without errors, asked for over a connection."""
    async with listening(at.storefront) as url, httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/graphql", json={"query": query}, headers={**(headers or {}), **more})
    assert b"_pz_" not in answer.content
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


async def first_products(at: World) -> list[str]:
    """The first three products of the list."""
    return [row["productId"] for row in (await told(at))["search"]["items"]]


async def test_collect_today(stores):
    """Nearest with stock first, by the visitor's coarse place, in the page's language, on lists and details."""
    async with placed(stores, []) as at:
        one, two, three = await first_products(at)
    stock = [
        *rows_of(one, "eppendorf", 5), *rows_of(one, "altona", 50), *rows_of(two, "altona", 2),
        *rows_of(two, "eppendorf", 0), *rows_of(three, "eppendorf", 9, NOON - 5 * 3600), *rows_of(three, "berlin", 4),
    ]  # fmt: skip
    async with placed(stores, stock, places=Terms(ship_days=(2, 3))) as at:
        for _ in range(2):  # cold, then from a window
            rows = (await told(at, headers=HAMBURG, **{"accept-language": "de"}))["search"]["items"]
        first, second, last = ({c["kind"]: c for c in row["personalization"]["channels"]} for row in rows)
        assert [c["kind"] for c in rows[0]["personalization"]["channels"]] == [
            "SHIP", "COLLECT", "RESERVE", "TRY_IN_STORE"
        ]  # fmt: skip
        assert first["SHIP"]["label"] == "Lieferung in 2–3 Tagen"
        found = first["COLLECT"]
        assert (found["label"], found["distanceKm"], found["approximate"]) == ("Heute abholen, 1,2 km", 1.2, True)
        assert (found["availability"], found["quantityAtLeast"], found["stale"]) == ("IN_STOCK", 3, False)
        assert found["pickUpAt"] == "2026-03-25T12:00:00.000Z"  # an hour to prepare
        assert found["observedAt"] == "2026-03-25T11:00:00.000Z"
        assert found["store"] == {"id": "eppendorf", "name": "Eppendorf", "city": "Hamburg",
                                  "__typename": "PersonalizationStore"}  # fmt: skip
        assert first["TRY_IN_STORE"]["store"]["id"] == "altona"
        assert (second["COLLECT"]["store"]["id"], second["COLLECT"]["availability"]) == ("altona", "LOW")
        assert (last["COLLECT"]["availability"], last["COLLECT"]["stale"]) == ("UNKNOWN", True)
        assert last["COLLECT"]["label"] == "Im Geschäft nachfragen, 1,2 km"
        assert last["COLLECT"]["quantityAtLeast"] is None
        assert last["COLLECT"]["pickUpAt"] is None
        detail = f'{{ product(id: "{one}") {{ a: {CHANNELS} b: {CHANNELS} variants {{ id {CHANNELS} }} }} }}'
        product = (await told(at, detail, HAMBURG, **{"accept-language": "de"}))["product"]
        assert product["a"] == product["b"]
        assert product["a"]["channels"][1:] == rows[0]["personalization"]["channels"][1:]
        assert all(variant["personalization"]["channels"][1]["label"] == found["label"]
                   for variant in product["variants"])  # fmt: skip


async def test_without_a_place_no_distance(stores):
    """Nobody's place, a page for everybody, a forged header: sending alone. A store that is chosen has no distance."""
    async with placed(stores, []) as at:
        (one, *_) = await first_products(at)
        for headers in ({}, {**HAMBURG, "x-personalize-context": "render=static"}):
            rows = (await told(at, headers=headers))["search"]["items"]
            assert [[c["kind"] for c in row["personalization"]["channels"]] for row in rows] == [["SHIP"]] * 3
    async with placed(stores, rows_of(one, "berlin", 20), trusted_proxies=()) as at:
        rows = (await told(at, headers=HAMBURG))["search"]["items"]
        assert all(len(row["personalization"]["channels"]) == 1 for row in rows)
        rows = (await told(at, headers={"x-personalize-context": "store=berlin"}))["search"]["items"]
        found = rows[0]["personalization"]["channels"][1]
        assert (found["distanceKm"], found["approximate"], found["label"]) == (None, False, "Collect today, Berlin")
        corrected = 'mutation { personalization { setStore(store: "berlin") { done } } }'
        answer = await at.send(corrected)
        visitor = {"x-personalize-visitor": answer.headers["x-personalize-visitor"]}
        assert (await told(at, headers=visitor))["search"]["items"][0]["personalization"]["channels"][1] == found


async def test_no_stores_no_channels():
    """Null, and nothing more is asked of the shop for it in a list."""
    async with world(("nothing",)) as at:
        answer = await at.send(LIST)
        assert [row["personalization"] for row in answer.json()["data"]["search"]["items"]] == [{"channels": None}] * 3


async def test_the_item_is_read_only_where_a_teller_needs_it(stores):
    """A detail that asks for `bought` costs the shop an id; one that asks for `channels` what the item is read by."""
    async with placed(stores, []) as at:
        for field, price in (("bought", 1), ("channels { kind }", 2)):
            at.upstream.clear()
            answer = await at.send(f'{{ product(id: "3") {{ id personalization {{ {field} }} }} }}')
            assert "errors" not in answer.json()
            assert at.upstream.documents[0].count("priceWithTax") == price


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [("mode=mission", "COLLECT", "soonest"), ("in_store=?1", "COLLECT", "in_the_store"), ("mood=calm", "SHIP", None)],
)
async def test_which_channel_comes_first(stores, said, kind, code):
    """With the strategy on, the situation decides, and says why; off, the shop's usual order stays."""
    context = {"x-personalize-context": f"store=eppendorf, {said}"}
    async with placed(stores, []) as at:
        (one, *_) = await first_products(at)
    async with placed(stores, rows_of(one, "eppendorf", 5)) as at:
        order, modes = ChannelOrder(), at.gateway.settings.strategies
        (teller,) = {t for t in at.gateway.tellers.by_field.values() if "channels" in t.fields}
        teller.order = order
        rows = (await told(at, headers=context))["search"]["items"]
        assert rows[0]["personalization"]["channels"][0]["kind"] == "SHIP"
        switched = msgspec.structs.replace(at.gateway.settings, strategies=(*modes, Strategy("channel", Mode.ON)))
        at.gateway.use(switched)
        first, *others = (await told(at, headers=context))["search"]["items"][0]["personalization"]["channels"]
        assert first["kind"] == kind
        assert (first["reason"] or {}).get("code") == code
        assert all(other["reason"] is None for other in others)


async def test_a_teller_that_fails_takes_nothing_with_it(stores, monkeypatch):
    """Its field is null, the others are told, and it is counted."""
    async with placed(stores, []) as at:
        (teller,) = {t for t in at.gateway.tellers.by_field.values() if "channels" in t.fields}
        monkeypatch.setattr(teller, "_told", None)
        query = "{ search(input: {take: 2}) { items { productId personalization { itemId channels { kind } } } } }"
        rows = (await told(at, query, HAMBURG))["search"]["items"]
        assert [row["personalization"] for row in rows] == [
            {"itemId": row["productId"], "channels": None} for row in rows
        ]
        assert at.gateway.telemetry.counted("item", "Channels") == 2


async def test_what_the_chosen_store_has_goes_up(stores):
    """Within bounds, with its reason, only for whom it was chosen."""
    query = """{ search(input: {take: 12, groupByProduct: true}) { items { productId } }
      personalization { listings { items { itemId position reason { code text } } } } }"""
    async with placed(stores, []) as at:
        shown = [row["productId"] for row in (await told(at, query))["search"]["items"]]
    async with placed(stores, rows_of(shown[3], "altona", 5), ("store_first",)) as at:
        decision = StoreFirst.from_settings(at.gateway.settings)
        at.gateway.decider.decisions["store_first"] = decision
        decision.stocks(at.gateway.keeper.book)
        context = {"x-personalize-context": "store=altona"}
        data = await told(at, query, context)
        now = [row["productId"] for row in data["search"]["items"]]
        assert now == [shown[0], shown[1], shown[3], shown[2], *shown[4:]]
        (why,) = [one for one in data["personalization"]["listings"][0]["items"] if one["itemId"] == shown[3]]
        assert why["reason"] == {"code": "store_has_it", "text": "In stock in Altona"}
        assert [row["productId"] for row in (await told(at, query))["search"]["items"]] == shown


async def test_stock_of_a_file_reaches_the_gateway_and_the_log(stores, tmp_path, monkeypatch):
    """Imported beside a running gateway; what changed is in the log; a file with a fault changes nothing."""

    def lines(*rows: str) -> str:
        path = tmp_path / "stock.csv"
        path.write_text("\n".join(["store,variant,product,quantity,observed_at", *rows]), "utf-8")
        return str(path)

    def run(*arguments: str) -> str:
        return imported(tmp_path, monkeypatch, *arguments)

    seen = datetime.now(UTC).isoformat()
    async with world(("nothing",), store_url=stores) as at:
        keeper = at.gateway.keeper
        await keeper.look()
        assert [store.id for store in keeper.book.stores] == ["altona", "berlin", "eppendorf"]
        said = await asyncio.to_thread(run, "--stock", lines(f"altona,v1,p1,4,{seen}", f"berlin,v1,p1,0,{seen}"))
        assert said.startswith("2 rows of stock read, 0 changed, 2 known in all")
        await asyncio.to_thread(run, "--stock", lines(f"altona,v1,p1,0,{datetime.now(UTC).isoformat()}"))
        assert await keeper.look()
        assert len(keeper.book) == 2
        older = await asyncio.to_thread(run, "--stock", lines("altona,v1,p1,9,2026-01-01T00:00:00Z"))
        assert "1 were older than what is known" in older
        bad = lines(f"altona,v1,p1,7,{datetime.now(UTC).isoformat()}", "atlantis,v1,p1,7,now")
        refused = await asyncio.to_thread(CliRunner().invoke, main, ["import", "--stock", bad])
        assert isinstance(refused.exception, PlaceError) or "line 3: store 'atlantis' is not known" in refused.output
        await keeper.look()
        ((row,),) = [[row async for row in at.gateway.store.stock() if row.store == "altona"]]
        assert row.quantity == 0
        events = [orjson.loads(event.line) async for event in at.gateway.store.events()]
        assert [(e["event"], e["store"], e["items"]) for e in events] == [
            ("stock_change", "altona", [{"item_id": "p1", "quantity": 0, "variant": "v1", "before": 4}])
        ]


async def test_a_store_that_fails_is_counted_and_the_book_stays(stores, monkeypatch):
    """What was known goes on; stock that nobody can refresh grows stale by itself."""
    async with placed(stores, []) as at:
        (one, *_) = await first_products(at)
    async with placed(stores, rows_of(one, "eppendorf", 5)) as at:
        book = at.gateway.keeper.book

        async def broken(*_: object) -> int:
            raise OSError("on purpose")

        at.gateway.keeper.terms = Terms(refresh=5.0)

        class Down:
            fetch = broken

        at.gateway.keeper.clock = lambda: NOON + 600
        await at.gateway.keeper.refresh(Down())
        assert at.gateway.keeper.book is book
        assert at.gateway.telemetry.counted("places", "OSError") == 1
        at.gateway.reception.clock = lambda: NOON + 5 * 3600
        rows = (await told(at, headers=HAMBURG))["search"]["items"]
        assert rows[0]["personalization"]["channels"][1]["availability"] == "UNKNOWN"


async def test_two_stores_of_one_file(tmp_path):
    """Two processes put stock into one file at once: one of them is told, none is lost."""
    one, two = (SqliteStore(tmp_path / "store.sqlite") for _ in range(2))
    await one.open()
    await two.open()
    done = await asyncio.gather(
        put(one, [StockRow("a", str(n), "p", 1, NOON) for n in range(50)], NOON),
        put(two, [StockRow("b", str(n), "p", 1, NOON) for n in range(50)], NOON),
        return_exceptions=True,
    )
    failed = [error for error in done if isinstance(error, Exception)]
    assert [error.code for error in failed] in ([], ["STORE_CHANGED"])
    rows = [row async for row in one.stock()]
    assert len(rows) == 50 * (2 - len(failed))
    await one.close()
    await two.close()
