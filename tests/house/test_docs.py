"""The docs hold: their code blocks run, their links lead somewhere, their commands exist."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from graphql import GraphQLSchema, build_schema, parse, validate

from personalize.cli import main
from personalize.console.api.schema import operator_schema
from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop
from personalize.gateway.ours.schema import merge
from personalize.settings import load_settings
from personalize.shops import reader

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```([a-z]+)(?: ([\w=. -]+))?\n(.*?)^```", re.M | re.S)


def blocks(language: str) -> list[object]:
    """(page, text) of every code block in that language."""
    found = []
    for page in PAGES:
        for number, (lang, note, text) in enumerate(BLOCK.findall(page.read_text("utf-8"))):
            if lang == language:
                found.append(pytest.param(note, text, id=f"{page.name}-{number}"))
    return found


@pytest.fixture(scope="module")
def merged() -> GraphQLSchema:
    """The demo shop's schema with ours."""
    import asyncio

    import httpx

    from personalize.gateway.edge.upstream import Upstream
    from personalize.gateway.ours.knowledge import fetch_schema
    from personalize.shops.fit import fit

    transport = httpx.ASGITransport(app=create_shop(generate()))
    schema = asyncio.run(fetch_schema(Upstream("http://shop/shop-api", 10.0, transport)))
    return merge(schema, fit(reader.load("vendure"), schema)[0], "personalization")


@pytest.mark.parametrize(("note", "text"), blocks("graphql"))
def test_graphql_blocks(note: str, text: str, merged: GraphQLSchema) -> None:
    if note == "map":
        assert reader.read(text).name
    elif note == "sdl":
        assert build_schema(text, assume_valid=True)
    else:
        assert not validate(operator_schema()._schema if note == "operator" else merged, parse(text))


@pytest.mark.parametrize(("note", "text"), blocks("toml"))
def test_toml_blocks(note: str, text: str, tmp_path: Path) -> None:
    tomllib.loads(text)
    if note != "card":
        path = tmp_path / "personalize.toml"
        path.write_text(text, "utf-8")
        assert load_settings({}, path)


@pytest.mark.parametrize(("note", "text"), blocks("json"))
def test_json_blocks(note: str, text: str) -> None:
    for line in text.splitlines() if note == "lines" else [text]:
        json.loads(line)


def test_python_blocks() -> None:
    for page in PAGES:
        for language, _, text in BLOCK.findall(page.read_text("utf-8")):
            if language == "python":
                exec(compile(text, page.name, "exec"), {"__name__": "docs"})


@pytest.mark.parametrize(("note", "text"), blocks("sh"))
def test_commands_in_shell_blocks_exist(note: str, text: str) -> None:
    for line in text.replace("\\\n", " ").splitlines():
        words = [word for word in line.split() if not re.fullmatch(r"[A-Z_]+=.*", word)]
        if words and words[0] == "personalize":
            found = CliRunner().invoke(main, [words[1], "--help"])
            assert found.exit_code == 0, line
            for option in re.findall(r"(?<= )--[a-z-]+", line):
                assert option in found.output, f"{words[1]} has no {option}"
        elif words and words[0] == "make":
            targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
            assert words[1] in targets


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
