"""Code generated from our endpoint: a generator introspects it, and TypeScript compiles a page that uses the result."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.clients.front import front
from tests.clients.install import SOURCE, NodeError, installed, node, run, scripts
from tests.vendure.server import Vendure


async def test_typescript_from_our_endpoint() -> None:
    async with front() as served:
        await compiles(served.gateway)


@pytest.mark.vendure
async def test_typescript_from_our_endpoint_before_vendure(vendure: Vendure) -> None:
    async with front(vendure.shop_url) as served:
        await compiles(served.gateway)


async def compiles(gateway: str) -> None:
    """The page compiles, and one that misuses a type does not."""
    with TemporaryDirectory(dir=installed()) as name:  # below the packages, where imports find them
        folder, written = Path(name), Path(name) / "generated.ts"
        await node("generate.mjs", gateway, str(SOURCE / "operations.graphql"), str(written))
        for file in ("page.ts", "tsconfig.json"):
            shutil.copyfile(scripts() / file, folder / file)
        compiler = str(installed() / "node_modules" / "typescript" / "bin" / "tsc")
        await run("node", compiler, "--project", name)
        page = folder / "page.ts"
        page.write_text(page.read_text("utf-8").replace("// @ts-expect-error", "//"), "utf-8")
        with pytest.raises(NodeError, match="Property 'price' does not exist"):
            await run("node", compiler, "--project", name)
