"""The code of docs/ssr.md: it compiles as it stands, and does what the page says of it, under Node and over HTTP."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from personalize.app import Gateway
from personalize.domain.visit import Consent
from personalize.events.log import parse
from tests.clients.front import Taste, ordered
from tests.clients.install import environment, installed, run
from tests.gateway_world import demo_shop, listening, settings_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ssr.md"
STUBS = Path(__file__).parent / "storefronts"
FRAMEWORKS = ("next", "nuxt", "hydrogen")
BLOCK = re.compile(r"^```(tsx?)\n// (\S+)\n(.*?)^```", re.M | re.S)
CONFIG = {
    "compilerOptions": {
        "target": "es2022", "lib": ["es2022", "dom", "dom.iterable"], "module": "esnext", "strict": True,
        "moduleResolution": "bundler", "jsx": "react-jsx", "types": [], "skipLibCheck": True, "noEmit": True,
    }
}  # fmt: skip


def written(framework: str, folder: Path) -> list[Path]:
    """The files of a section of the page, and those above all sections, as a storefront has them."""
    found = []
    section = ""
    for part in re.split(r"^(## .*)$", PAGE.read_text("utf-8"), flags=re.M):
        if part.startswith("## "):
            section = part.removeprefix("## ").lower()
        elif not any(section.startswith(name) for name in FRAMEWORKS if name != framework):
            for _, name, text in BLOCK.findall(part):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                found.append(path)
    return found


async def tsc(folder: Path, files: list[Path], **options: Any) -> None:
    """Compile; NodeError with what the compiler says."""
    config = {"compilerOptions": CONFIG["compilerOptions"] | options, "files": [str(path) for path in files]}
    shutil.copyfile(STUBS / "frameworks.d.ts", folder / "frameworks.d.ts")
    config["files"].append(str(folder / "frameworks.d.ts"))  # type: ignore[attr-defined]
    (folder / "tsconfig.json").write_text(json.dumps(config), "utf-8")
    compiler = installed() / "node_modules" / "typescript" / "bin" / "tsc"
    await run("node", str(compiler), "--project", str(folder))


@asynccontextmanager
async def gateway() -> AsyncIterator[tuple[str, Gateway]]:
    """A gateway on a port, before the demo shop; nobody consents unless they say so."""
    async with listening(demo_shop()) as shop:
        settings = settings_of(("taste",), f"{shop}/shop-api", consent_default=Consent.NONE)
        one = Gateway(settings, decisions={"taste": Taste()})
        one.audit.share = 0.0
        async with one.running():
            assert await one.knowledge.wait(60)
            async with listening(one.storefront()) as base:
                yield f"{base}/graphql", one


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_the_code_of_the_page(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory() as name:
        folder, built = Path(name), Path(name) / "built"
        files = written(framework, folder)
        assert len(files) > 3
        await tsc(folder, files)
        config = [path for path in files if path.name != "nuxt.config.ts"]
        await tsc(folder, config, module="commonjs", moduleResolution="bundler", noEmit=False, outDir=str(built),
                  rootDir=str(folder))  # fmt: skip
        async with gateway() as (url, one):
            monkeypatch.setitem(environment(), "PERSONALIZE_URL", url)
            said = await run("node", str(STUBS / "run.cjs"), str(built), framework)
            told = json.loads(said.splitlines()[-1])
            await one.outbox.flush()
            events = [parse(row.line) async for row in one.store.events()]
    holds(framework, told, events)


def holds(framework: str, told: dict[str, Any], events: list[Any]) -> None:
    """Each visitor got their own order and their own events; who did not agree is in nobody's."""
    agreed, others = told["told"][:4], told["told"][4:]
    ids = [one["jar"]["visitor"].rpartition(".")[0] for one in agreed]
    assert len(set(ids)) == 4
    for one, visitor in zip(agreed, ids, strict=True):
        assert one["first"] == one["again"] == ordered(one["first"], visitor)
        mine = [event for event in events if event.visitor == f"s:{visitor}"]
        if visitor == ids[3]:  # took it back: nothing is left
            assert mine == []
            continue
        assert [e.items[0].item_id for e in mine if e.event == "view_item"] == [one["first"][1]]
        clicks = [e for e in mine if e.event == "select_item"]
        assert [e.items[0].item_id for e in clicks] == [one["first"][1]]
        assert clicks[0].list_event_id in {e.event_id for e in mine if e.event == "view_item_list"}
        if framework == "next":
            result = one["told"]["data"]["personalization"]["track"]
            assert (result["recorded"], result["duplicates"], result["refusals"]) == (1, 1, [])
            assert [e.event for e in mine].count("add_to_wishlist") == 1
    for one in others:
        assert "visitor" not in one["jar"]
        assert one["first"] == one["again"] == others[0]["first"]
        if framework == "next":
            assert {refusal["code"] for refusal in one["told"]["data"]["personalization"]["track"]["refusals"]} == {
                "CONSENT"
            }
    assert told["after"] == {"consent": "none"}
    if told["shell"] is not None:
        assert sorted(told["shell"])
        lists = [e for e in events if e.event == "view_item_list" and e.visitor is None]
        asked = 2 if framework == "next" else 1  # the page and the list it is compared with
        assert len(lists) == 1 * asked + 2 * 2 * asked  # the first of all, and two others twice; not the shell
