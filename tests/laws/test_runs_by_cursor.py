"""Law 2 for shops that page by cursor: forward and backward, each item once; cursors and pageInfo are the shop's."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.cursor_shops import LIMIT, CursorShop, cursor_of, rack_of, small_map
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

COUNT = 47
PAGE = "p: pageInfo { hasNextPage before: hasPreviousPage startCursor ...E } } } fragment E on PageInfo { endCursor }"
PAGING = "first: $first, after: $after, last: $last, before: $before"
QUERY = "query Q($first: Int, $after: String, $last: Int, $before: String) { list: "
LISTS = {
    "saleor": f"{QUERY} products({PAGING}) {{ e: edges {{ at: cursor node {{ id }} __typename }} {PAGE}",
    "shopify": f"{QUERY} products({PAGING}) {{ nodes {{ id }} e: edges {{ at: cursor node {{ id }} }} {PAGE}",
    "edges": f"{QUERY} products({PAGING}) {{ nodes {{ id }} e: edges {{ at: cursor }} {PAGE}",
}


class Reader:
    """One visitor of one list: what stood where since page one was opened."""

    def __init__(self, headers: dict[str, str], kind: str, own: bool) -> None:
        self.headers, self.kind, self.own = headers, kind, own
        self.at: dict[int, str] = {}
        self.start = self.end = 0
        self.take = 5
        self.changed = False


def check(kind: str, answered: dict[str, Any], start: int) -> list[str]:
    """The ids of a page that begins at `start`; cursors and pageInfo have to be those of its positions."""
    ids = [node["id"] for node in answered["nodes"]] if "nodes" in answered else None
    if kind != "edges":
        inside = [edge["node"]["id"] for edge in answered["e"]]
        assert ids is None or ids == inside
        ids = inside
    assert ids is not None
    cursors = [cursor_of(float(at)) for at in range(start, start + len(ids))]
    assert [edge["at"] for edge in answered["e"]] == cursors
    assert answered["p"] == {
        "hasNextPage": start + len(ids) < COUNT,
        "before": start > 0,
        "startCursor": cursors[0] if cursors else None,
        "endCursor": cursors[-1] if cursors else None,
    }
    return ids


class CursorRuns(RuleBasedStateMachine):
    """Readers of small lists with small windows, who go forward and back by cursor, jump, come back and behave."""

    @initialize(kind=st.sampled_from(sorted(LISTS)), ttl=st.sampled_from([5.0, 0.0]))
    def open(self, kind: str, ttl: float) -> None:
        self.runner, self.folder, self.kind = asyncio.Runner(), tempfile.TemporaryDirectory(), kind
        shop = "saleor" if kind == "saleor" else "shopify"
        path = small_map(shop, Path(self.folder.name))
        self.context = turned_world(CursorShop(shop, rack_of(COUNT)), shop_map=path, share_ttl=ttl)
        self.world: Turned = self.runner.run(self.context.__aenter__())
        stranger = "Bearer " + "f" * 32
        self.readers = [
            Reader(self.world.signed(), kind, True),
            Reader(self.world.signed(), kind, True),
            Reader({CONSENT: "personalization"}, kind, True),
            Reader({CONSENT: "none"}, kind, False),
            Reader({CONSENT: "none", "authorization": stranger}, kind, False),
        ]

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        try:
            for reader in self.readers:
                self.runner.run(self._finish(reader))
            assert not [fault for fault in self.world.faults() if not fault.startswith("profile")]
        finally:
            self.runner.run(self.context.__aexit__(None, None, None))
            self.runner.close()
            self.folder.cleanup()

    @rule(who=st.integers(0, 4))
    def forward(self, who: int) -> None:
        reader = self.readers[who]
        self.runner.run(self._forward(reader, reader.end if reader.end < COUNT else 0))

    @rule(who=st.integers(0, 4))
    def back(self, who: int) -> None:
        reader = self.readers[who]
        if reader.start > 0:
            before = cursor_of(float(reader.start))
            start = max(reader.start - reader.take, 0)
            self.runner.run(self._page(reader, start, reader.start - start, last=reader.take, before=before))

    @rule(who=st.integers(0, 4))
    def page_one_again(self, who: int) -> None:
        self.runner.run(self._forward(self.readers[who], 0))

    @rule(who=st.integers(0, 4), take=st.integers(1, LIMIT))
    def another_page_size(self, who: int, take: int) -> None:
        self.readers[who].take = take

    @rule(who=st.integers(0, 1))
    def behave(self, who: int) -> None:
        self.runner.run(self.world.behave(self.readers[who].headers, "1"))
        self.readers[who].changed = True

    @rule(who=st.integers(0, 1))
    def sign_in_or_out(self, who: int) -> None:
        headers = self.readers[who].headers
        if self.kind == "saleor" and headers.pop("authorization", None) is None:
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
            assert len(set(reader.at.values())) == len(reader.at), (reader.kind, reader.headers, reader.at)

    async def _forward(self, reader: Reader, start: int) -> None:
        after = cursor_of(float(start - 1)) if start else None
        await self._page(reader, start, min(reader.take, COUNT - start), first=reader.take, after=after)

    async def _page(self, reader: Reader, start: int, size: int, **paging: Any) -> None:
        response = await self.world.send(LISTS[reader.kind], paging, headers=reader.headers)
        if VISITOR in response.headers:
            reader.headers[VISITOR] = response.headers[VISITOR]
        body = response.json()
        assert "errors" not in body, body
        ids = check(reader.kind, body["data"]["list"], start)
        assert len(ids) == size
        if start == 0 and "first" in paging and reader.changed:
            reader.at, reader.changed = {}, False
        if not (reader.changed and start == 0):  # what has not been shown yet may be ranked anew, and page one too
            for place, item in enumerate(ids, start):
                assert reader.at.setdefault(place, item) == item, f"{reader.kind}: {place} was reshuffled"
        reader.start, reader.end = start, start + len(ids)

    async def _finish(self, reader: Reader) -> None:
        """Read all that was not seen yet, and then nothing: the page behind the last is empty."""
        reader.take = max(reader.take, 7)
        while missing := [place for place in range(COUNT) if place not in reader.at]:
            await self._forward(reader, missing[0])
            self.nothing_comes_twice()
        await self._forward(reader, COUNT)
        assert {int(item) for item in reader.at.values()} == set(range(COUNT))


TestCursorRuns = CursorRuns.TestCase
TestCursorRuns.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, phases=[Phase.generate], derandomize=True
)


@pytest.mark.parametrize("kind", ["saleor", "shopify"])
def test_a_list_that_changes_under_a_run_repeats_nothing(kind: str, tmp_path: Path) -> None:
    """Items vanish and appear between pages; a cursor served before goes on where it stood."""

    async def scenario() -> None:
        rack = rack_of(40)
        async with turned_world(CursorShop(kind, rack), shop_map=small_map(kind, tmp_path)) as world:
            visitor, shown, after = world.signed(), [], None
            for page in range(4):  # a window is 24 rows
                paging = {"first": 6, "after": after}
                answered = (await world.send(LISTS[kind], paging, headers=visitor)).json()["data"]["list"]
                ids = [int(edge["node"]["id"]) for edge in answered["e"]]
                assert not set(ids) & set(shown)
                assert len(ids) == 6
                shown += ids
                after = answered["p"]["endCursor"]
                await world.settle()
                rack.rows = [row for row in rack.rows if row[1] != ids[0]] + [(1.5 + page / 10, 100 + page)]
                world.now[0] += 6
                await world.behave(visitor)
            assert world.faults() == {}

    asyncio.run(scenario())
