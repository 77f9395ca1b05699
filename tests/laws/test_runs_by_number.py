"""Law 2 for shops that page by number, answer bare lists or tell of their pages: each item once, and all told true."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.map_shops import COUNT, Cut, ShapeShop, by_number, by_offset
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

LIMIT, WINDOW, PRIVATE, FIXED = 10, 24, 10, 7
ITEMS = "type Chair { id: ID! price: Float! }"
MAP = (
    'extend schema @shop(name: "x" sessionHeader: "authorization") extend type Chair @item(id: "id", price: "price")\n'
)
SIZES = f"limit: {LIMIT}, window: {WINDOW}, private: {PRIVATE}"


def _rows(cut: Cut) -> list[dict[str, Any]]:
    return [{"id": str(number), "price": float(number)} for number in cut.numbers]


def _numbered(_: Any, page: int = 1, size: int = 5) -> dict[str, Any]:
    cut, pages = by_number(page, size, LIMIT), -(-COUNT // size)
    told = {"page": page, "size": size, "pages": pages, "next": page + 1 if page < pages else None}
    return {"rows": _rows(cut), "total": COUNT, "info": told}


def _fixed(_: Any, page: int = 0) -> dict[str, Any]:
    cut = by_number(page, FIXED, FIXED, first=0)
    return {"data": {"rows": _rows(cut), "more": cut.end < COUNT, "first": cut.start + 1, "last": cut.end}}


SHOPS: dict[str, tuple[str, str, Mapping[str, Any], str]] = {
    "numbered": (
        "type Query { chairs(page: Int, size: Int): Page } type Page { rows: [Chair] total: Int info: Info }"
        " type Info { page: Int size: Int pages: Int next: Int }",
        'chairs: Page @listing(items: "rows", total: "total", shareable: true,'
        ' tells: "info { number: page take: size pages next }")'
        f' @page(number: "page", take: "size", default: 5, {SIZES})',
        {"chairs": _numbered},
        "query Q($page: Int, $size: Int) { l: chairs(page: $page, size: $size) {"
        " rows { id } i: info { page s: size pages next } } }",
    ),
    "fixed": (
        "type Query { chairs(page: Int): Answer! } type Answer { data: Data! }"
        " type Data { rows: [Chair!]! more: Boolean! first: Int last: Int }",
        'chairs: Answer @listing(items: "data.rows", shareable: true,'
        ' tells: "data { hasNext: more position: first end: last }")'
        f' @page(number: "page", firstNumber: 0, default: {FIXED}, window: {WINDOW})',
        {"chairs": _fixed},
        "query Q($page: Int) { l: chairs(page: $page) { d: data { rows { id } more first last } } }",
    ),
    "bare": (
        "type Query { chairs(offset: Int, limit: Int): [Chair!]! }",
        f'chairs: [Chair] @listing(bare: true, shareable: true) @page(skip: "offset", take: "limit", {SIZES})',
        {"chairs": lambda _, offset=0, limit=5: _rows(by_offset(offset, limit, LIMIT))},
        "query Q($offset: Int, $limit: Int) { l: chairs(offset: $offset, limit: $limit) { id } }",
    ),
}


class Reader:
    """One visitor of one list: what stood where since page one was opened."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.at: dict[int, str] = {}
        self.end, self.take = 0, 5
        self.changed = False


class NumberedRuns(RuleBasedStateMachine):
    """Readers of small lists with small windows, who turn pages, come back, change the size of a page and behave."""

    @initialize(kind=st.sampled_from(sorted(SHOPS)), ttl=st.sampled_from([5.0, 0.0]))
    def open(self, kind: str, ttl: float) -> None:
        self.runner, self.folder, self.kind = asyncio.Runner(), tempfile.TemporaryDirectory(), kind
        sdl, entry, root, self.query = SHOPS[kind]
        path = Path(self.folder.name) / "map.graphql"
        path.write_text(f"{MAP} extend type Query {{ {entry} }}", encoding="utf-8")
        self.context = turned_world(ShapeShop(sdl + ITEMS, root), shop_map=str(path), share_ttl=ttl)
        self.world: Turned = self.runner.run(self.context.__aenter__())
        self.readers = [
            Reader(self.world.signed()),
            Reader({**self.world.signed(), "authorization": "Bearer " + "d" * 32}),
            Reader({CONSENT: "personalization"}),
            Reader({CONSENT: "none"}),
            Reader({CONSENT: "none", "authorization": "Bearer " + "f" * 32}),
        ]
        for reader in self.readers:
            reader.take = FIXED if kind == "fixed" else 5

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        try:
            for reader in self.readers:
                self.runner.run(self._finish(reader))
            assert not [fault for fault in self.world.faults() if not fault.startswith(("profile", "gave_up a page"))]
        finally:
            self.runner.run(self.context.__aexit__(None, None, None))
            self.runner.close()
            self.folder.cleanup()

    @rule(who=st.integers(0, 4))
    def forward(self, who: int) -> None:
        reader = self.readers[who]
        self.runner.run(self._page(reader, reader.end if reader.end < COUNT else 0))

    @rule(who=st.integers(0, 4), back=st.integers(1, 3))
    def back(self, who: int, back: int) -> None:
        reader = self.readers[who]
        start = (reader.end - 1) // reader.take * reader.take - back * reader.take
        if start >= 0:
            self.runner.run(self._page(reader, start))

    @rule(who=st.integers(0, 4))
    def page_one_again(self, who: int) -> None:
        self.runner.run(self._page(self.readers[who], 0))

    @rule(who=st.integers(0, 4), take=st.integers(1, LIMIT))
    def another_page_size(self, who: int, take: int) -> None:
        """Numbered pages of another size begin elsewhere: go on where one of them begins."""
        reader = self.readers[who]
        if self.kind != "fixed" and (self.kind == "bare" or reader.end % take == 0):
            reader.take = take

    @rule(who=st.integers(0, 1))
    def behave(self, who: int) -> None:
        self.runner.run(self.world.behave(self.readers[who].headers, "1"))
        self.readers[who].changed = True

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
            assert len(set(reader.at.values())) == len(reader.at), (self.kind, reader.headers, reader.at)

    async def _page(self, reader: Reader, start: int) -> None:
        number, take = start // reader.take, reader.take
        paging = {
            "numbered": {"page": number + 1, "size": take}, "fixed": {"page": number},
            "bare": {"offset": start, "limit": take},
        }[self.kind]  # fmt: skip
        if self.kind != "bare":
            start = number * take
        response = await self.world.send(self.query, paging, headers=reader.headers)
        if VISITOR in response.headers:
            reader.headers[VISITOR] = response.headers[VISITOR]
        body = response.json()
        assert "errors" not in body, body
        ids = self._read(body["data"]["l"], start, take)
        assert len(ids) == min(take, COUNT - start)
        if start == 0 and reader.changed:
            reader.at, reader.changed = {}, False
        if not (reader.changed and start == 0):
            for place, item in enumerate(ids, start):
                assert reader.at.setdefault(place, item) == item, f"{self.kind}: {place} was reshuffled"
        reader.end = start + len(ids)

    def _read(self, answered: Any, start: int, take: int) -> list[str]:
        """The ids of a page; what is told of it has to be true of it."""
        if self.kind == "numbered":
            pages, number = -(-COUNT // take), start // take + 1
            following = number + 1 if number < pages else None
            assert answered["i"] == {"page": number, "s": take, "pages": pages, "next": following}
        elif self.kind == "fixed":
            answered, end = answered["d"], min(start + take, COUNT)
            assert (answered["more"], answered["first"], answered["last"]) == (end < COUNT, start + 1, end)
        return [row["id"] for row in (answered if self.kind == "bare" else answered["rows"])]

    async def _finish(self, reader: Reader) -> None:
        """Read all that was not seen yet."""
        reader.take = FIXED if self.kind == "fixed" else max(reader.take, 7)
        while missing := [place for place in range(COUNT) if place not in reader.at]:
            await self._page(reader, missing[0])
            self.nothing_comes_twice()
        assert {int(item) for item in reader.at.values()} == set(range(COUNT))


TestNumberedRuns = NumberedRuns.TestCase
TestNumberedRuns.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, phases=[Phase.reuse, Phase.generate]
)
