"""Law 2: one run read through all its pages gives each item once, whatever happens between the pages."""

from __future__ import annotations

import asyncio
import tempfile
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.gateway_world import catalogue
from tests.toy_shop import Toy, numbered
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

SEARCH = "query S($i: SearchInput!) { search(input: $i) { totalItems items { productId } } }"
ADD = """mutation A($v: ID!) { addItemToOrder(productVariantId: $v, quantity: 1) { __typename
  ... on ErrorResult { errorCode } } }"""
LOOK = "query P($id: ID!) { product(id: $id) { id name } }"
TOTAL = 1_200


async def _read(world: Turned, visitor: dict[str, str], skip: int, take: int, **more: Any) -> list[str]:
    wanted = {"skip": skip, "take": take, "groupByProduct": True, **more}
    response = await world.send(SEARCH, {"i": wanted}, headers=visitor)
    if VISITOR in response.headers:
        visitor[VISITOR] = response.headers[VISITOR]
    return [item["productId"] for item in response.json()["data"]["search"]["items"]]


@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.integers(0, 2**32), st.permutations([37, 48, 90, 130, 170]))
def test_twenty_visitors_read_1200_items_of_the_demo_shop(seed, takes):
    """New behaviour (views, carts) between the pages, interleaved; window cold at first and lost now and then."""
    assert len(catalogue().products) >= TOTAL
    random = Random(seed)

    async def example() -> None:
        async with turned_world() as world:
            visitors = [world.signed() for _ in range(14)] + [{CONSENT: "personalization"} for _ in range(3)]
            visitors += [{CONSENT: "none"} for _ in range(3)]
            takes_of = [takes[number % len(takes)] for number in range(len(visitors))]
            seen: list[list[str]] = [[] for _ in visitors]
            waiting = list(range(len(visitors)))
            while waiting:
                number = random.choice(waiting)
                visitor, shown, take = visitors[number], seen[number], takes_of[number]
                shown += await _read(world, visitor, len(shown), min(take, TOTAL - len(shown)))
                if len(shown) == TOTAL:
                    waiting.remove(number)
                if len(shown) <= 220 and random.random() < 0.5:
                    product = catalogue().product_by_id[random.choice(shown)]
                    await world.send(LOOK, {"id": product.id}, headers=visitor)
                    if random.random() < 0.3 and "authorization" not in visitor:
                        added = await world.send(ADD, {"v": product.variants[0].id}, headers=visitor)
                        visitor["authorization"] = f"Bearer {added.headers['vendure-auth-token']}"
                    await world.gateway.outbox.flush()
                if random.random() < 0.1:
                    world.now[0] += random.choice([1, 6, 61])
                if random.random() < 0.3:
                    await world.settle()
            whole = set(await _read(world, {CONSENT: "none"}, 0, TOTAL, sort={}))
            orders = set()
            for shown in seen:
                assert len(shown) == len(set(shown)) == TOTAL
                assert set(shown) == whole
                orders.add(tuple(shown[:200]))
            assert len(orders) > 5  # behaviour told them apart
            assert not set(world.faults()) - {"profile late"}

    asyncio.run(example())


class Reader:
    """One visitor of one list, as the law sees them: what stood where since page one was opened."""

    def __init__(self, headers: dict[str, str], field: str, kind: str) -> None:
        self.headers, self.field, self.kind = headers, field, kind
        self.at: dict[int, str] = {}
        self.next = 0
        self.take = 5
        self.changed = False
        self.straight = True


class Runs(RuleBasedStateMachine):
    """Readers of a small list with small windows: pages of every size, jumps, Back, behaviour, windows that lapse."""

    COUNT = 57

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()

    @initialize(variants=st.sampled_from([1, 3]), ttl=st.sampled_from([5.0, 0.0]))
    def open(self, variants: int, ttl: float) -> None:
        self.rows = numbered(self.COUNT, variants)
        self.product = dict(self.rows)
        self.toy = Toy(self.rows)
        self.context = turned_world(toy=self.toy, folder=Path(self.folder.name), share_ttl=ttl)
        self.world = self.runner.run(self.context.__aenter__())
        unknown = "Bearer " + "f" * 32
        self.readers = [
            Reader(headers, field, kind)
            for field in ("rows", "paged")
            for kind, headers in (
                ("signed", self.world.signed()),
                ("signed", self.world.signed()),
                ("newborn", {CONSENT: "personalization"}),
                ("anonymous", {CONSENT: "none"}),
                ("private", {CONSENT: "none", "authorization": unknown}),
                ("session", {CONSENT: "session", "authorization": "Bearer " + "e" * 32}),
            )
        ]

    def teardown(self) -> None:
        if hasattr(self, "context"):
            try:
                for reader in self.readers:
                    self.runner.run(self._finish(reader))
                assert not [fault for fault in self.world.faults() if not fault.startswith("profile")]
            finally:
                self.runner.run(self.context.__aexit__(None, None, None))
        self.runner.close()
        self.folder.cleanup()

    @rule(who=st.integers(0, 11))
    def next_page(self, who: int) -> None:
        self.runner.run(self._page(self.readers[who], self.readers[who].next))

    @rule(who=st.integers(0, 11))
    def page_one_again(self, who: int) -> None:
        self.runner.run(self._page(self.readers[who], 0))

    @rule(who=st.integers(0, 11), page=st.integers(0, 12))
    def jump(self, who: int, page: int) -> None:
        reader = self.readers[who]
        reader.straight = False
        self.runner.run(self._page(reader, page * reader.take))

    @rule(who=st.integers(0, 11), take=st.integers(1, 10))
    def another_page_size(self, who: int, take: int) -> None:
        self.readers[who].take = take

    @rule(who=st.sampled_from([0, 1, 2, 6, 7, 8]))
    def behave(self, who: int) -> None:
        reader = self.readers[who]
        if VISITOR in reader.headers:
            self.runner.run(self.world.behave(reader.headers, "p1"))
            reader.changed = True

    @rule(who=st.sampled_from([0, 1, 6, 7]))
    def sign_in_or_out(self, who: int) -> None:
        """The shop's session becomes one that nothing is known of, or none: windows turn private or shared."""
        headers = self.readers[who].headers
        if headers.pop("authorization", None) is None:
            headers["authorization"] = "Bearer " + "d" * 32

    @rule()
    def settle(self) -> None:
        self.runner.run(self.world.settle())

    @rule(seconds=st.sampled_from([6, 61]))
    def time_passes(self, seconds: int) -> None:
        self.world.now[0] += seconds

    @precondition(lambda self: hasattr(self, "readers"))
    @invariant()
    def nothing_comes_twice(self) -> None:
        for reader in self.readers:
            assert len(set(reader.at.values())) == len(reader.at), (reader.kind, reader.field, reader.at)

    async def _page(self, reader: Reader, skip: int) -> None:
        query = f"query Q($f: Int, $s: Int) {{ {reader.field}(from: $f, size: $s) {{ total items {{ id title }} }} }}"
        response = await self.world.send(query, {"f": skip, "s": reader.take}, headers=reader.headers)
        if VISITOR in response.headers:
            reader.headers[VISITOR] = response.headers[VISITOR]
        data = response.json()["data"][reader.field]
        ids = [item["id"] for item in data["items"]]
        assert data["total"] == self.COUNT
        assert len(ids) == max(min(reader.take, self.COUNT - skip), 0)
        # Page one begins anew after behaviour, and for who has no id and jumped: their order is held for a minute.
        if skip == 0 and (reader.changed or (reader.kind == "anonymous" and not reader.straight)):
            reader.at, reader.straight = {}, True
        if skip == 0:
            reader.changed = False
        for place, item in enumerate(ids, skip):
            assert reader.at.setdefault(place, item) == item, f"{reader.kind} {reader.field}: {place} was reshuffled"
        reader.next = skip + len(ids) if skip + len(ids) < self.COUNT else 0

    async def _finish(self, reader: Reader) -> None:
        """Read all that was not seen yet, in pages."""
        reader.take = max(reader.take, 7)
        while missing := [place for place in range(self.COUNT) if place not in reader.at]:
            await self._page(reader, missing[0])
            self.nothing_comes_twice()
        assert set(reader.at.values()) == set(self.product)
        if reader.straight and reader.kind in ("signed", "private", "session"):  # others may share a run with who jumps
            groups = [product for product, _ in groupby(self.product[reader.at[at]] for at in range(self.COUNT))]
            assert len(groups) == len(set(groups)), (reader.kind, reader.field, groups)


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=15, stateful_step_count=35, deadline=None, derandomize=True, phases=[Phase.generate]
)


def test_a_list_that_changes_under_a_run_repeats_nothing(tmp_path):
    """Items vanish and appear between pages: no fault, and within the window nothing shown comes again."""

    async def scenario() -> None:
        toy = Toy(numbered(40))
        async with turned_world(toy=toy, folder=tmp_path) as world:
            visitor, shown = world.signed(), []
            query = "query Q($f: Int) { rows(from: $f, size: 6) { total items { id } } }"
            for page in range(4):  # a window is 24 rows
                response = await world.send(query, {"f": page * 6}, headers=visitor)
                ids = [item["id"] for item in response.json()["data"]["rows"]["items"]]
                assert not set(ids) & set(shown)
                shown += ids
                await world.settle()
                toy.rows.remove(next(row for row in toy.rows if row[0] == ids[0]))
                toy.rows.insert(2, (f"new{page}", f"new{page}"))
                world.now[0] += 6
                await world.behave(visitor)
            assert world.faults() == {}

    asyncio.run(scenario())


@pytest.mark.parametrize("warm", [False, True])
def test_variants_of_a_product_stay_together_in_a_collection_of_the_demo_shop(warm):
    async def scenario() -> None:
        query = """query C($s: String!, $o: ProductVariantListOptions!) { collection(slug: $s) {
          productVariants(options: $o) { totalItems items { id product { id } } } } }"""
        async with turned_world() as world:
            slug = max(catalogue().collections, key=lambda one: len(one.products)).slug
            visitor, rows = world.signed(), []
            while len(rows) < 240:
                options = {"skip": len(rows), "take": 17}
                response = await world.send(query, {"s": slug, "o": options}, headers=visitor)
                rows += response.json()["data"]["collection"]["productVariants"]["items"]
                await world.behave(visitor)
                if warm:
                    await world.settle()
            assert len({row["id"] for row in rows}) == len(rows)
            groups = [product for product, _ in groupby(row["product"]["id"] for row in rows)]
            assert len(groups) == len(set(groups))

    asyncio.run(scenario())
