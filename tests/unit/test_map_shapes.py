"""Shops of shapes nobody mapped before: drafted, edited a little, and served through the gateway page by page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.fit import fit
from tests.gateway_world import World, world
from tests.laws.likeness import differences
from tests.map_shapes import SHAPES
from tests.map_shops import COUNT, Shape

EDITED_MAX = 20
STRANGER = {"authorization": "Bearer " + "x" * 32}
"""A session nobody saw being opened: what this visitor gets is shared with nobody."""


def mapped(shape: Shape, folder: Path, *, shared: bool = False) -> str:
    """The path of the shape's map: its draft, with the few lines edited that the shape names."""
    text = draft(build_schema(shape.sdl), name=shape.name).text
    edits = [*shape.edits, *([("shareable: false", "shareable: true")] if shared else [])]
    assert len(edits) <= EDITED_MAX
    for was, now in edits:
        assert was in text, f"{was!r} is not in the draft"
        text = text.replace(was, now)
    path = folder / f"{shape.name}.graphql"
    path.write_text(text, encoding="utf-8")
    return str(path)


async def pages(running: World, shape: Shape, headers: Mapping[str, str]) -> list[list[str]]:
    """The ids of all pages of the shape's list, through the gateway; what is filled behind is waited for."""
    found: list[list[str]] = []
    variables: Any = {} if shape.step else None
    for number in range(COUNT):
        if shape.step is None:
            if number == len(shape.pages):
                break
            variables = shape.pages[number]
        response = await running.send(shape.query, variables, headers=headers)
        body = response.json()
        assert "errors" not in body, body
        assert "_pz_" not in response.text
        found.append([shape.identity(row) for row in shape.rows(body["data"])])
        await running.settle()
        if shape.step is not None and (variables := shape.step(body["data"])) is None:
            break
    return found


@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
@pytest.mark.parametrize("name", SHAPES)
async def test_a_drafted_list_is_reordered_and_each_item_comes_once(name: str, shared: bool, tmp_path: Path) -> None:
    shape = SHAPES[name]
    async with world(shop=shape.shop(), shop_map=mapped(shape, tmp_path, shared=shared)) as running:
        headers = {} if shared else STRANGER
        if shared:  # a cold window: the first guest of all is answered by the shop
            await pages(running, shape, headers)
            running.gateway.listings.arranger.runs.clear()
        ours = await pages(running, shape, headers)
        assert running.faults() == {}
    async with world(("nothing",), shop=shape.shop(), shop_map=mapped(shape, tmp_path)) as running:
        theirs = await pages(running, shape, headers)
    assert [len(page) for page in ours] == [len(page) for page in theirs]
    shown, own = ([item for page in read for item in page] for read in (ours, theirs))
    assert sorted(shown) == sorted(own)
    assert len(set(shown)) == COUNT
    assert shown != own


@pytest.mark.parametrize("name", SHAPES)
async def test_with_the_empty_patch_every_page_is_the_shops_own(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    asked: list[Mapping[str, Any]] = [{}, *shape.pages, *shape.odd]
    async with world(("nothing",), shop=shape.shop(), shop_map=mapped(shape, tmp_path, shared=True)) as running:
        if shape.step is not None:
            while (after := shape.step((await running.direct(shape.query, asked[-1])).json()["data"])) is not None:
                asked.append(after)
        for headers in ({}, STRANGER):
            for variables in asked * 2:
                direct = await running.direct(shape.query, variables, headers=headers)
                through = await running.send(shape.query, variables, headers=headers)
                assert not differences(direct, through), variables
                await running.settle()
        assert not [fault for fault in running.faults() if not fault.startswith("gave_up")]


@pytest.mark.parametrize("name", SHAPES)
def test_a_draft_fits_and_says_why(name: str) -> None:
    shape = SHAPES[name]
    schema = build_schema(shape.sdl)
    made = draft(schema, name=name)
    _, findings = fit(reader.read(made.text), schema)
    assert [finding for finding in findings if not finding.found] == []
    assert made.listings
    assert made.waiting == ()
