"""The consoles of README.md and docs/experiments.md: what their commands print is what the pages say, for real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.served import SECRET, served
from tests.e2e.shop import demo_shop_served

ROOT = Path(__file__).resolve().parents[2]


def block(page: str, kind: str) -> str:
    """The text of a page's code block of that kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)
    assert found is not None
    return found[1]


@pytest.fixture
def shop() -> Iterator[str]:
    """A demo shop in its own process."""
    with demo_shop_served() as url:
        yield url


@pytest.mark.parametrize("page", ["README.md", "docs/experiments.md"])
def test_the_console_prints_what_the_page_says(page: str, shop: str, tmp_path: Path) -> None:
    (tmp_path / "personalize.toml").write_text(block(page, "toml curl"), "utf-8")
    settings = {"PERSONALIZE_HOLDOUT": "0", "PERSONALIZE_SECRET": SECRET}
    with served(shop, tmp_path, settings) as one:
        told = (
            block(page, "console")
            .replace("http://127.0.0.1:8000/graphql", one.url)
            .replace("http://127.0.0.1:8001", one.operator)
        )
        commands = [line.removeprefix("$ ") for line in told.splitlines() if line.startswith("$ ")]
        script = "\n".join(
            [
                "shopt -s expand_aliases",
                f'personalize() {{ "{sys.executable}" -m personalize "$@"; }}',
                *(f"printf '%s\\n' {_quoted('$ ' + one)}\n{one}" for one in commands),
            ]
        )
        found = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env={**one.environ, "LC_ALL": "C"}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
    assert found.stderr == ""
    printed = [line.rstrip("\r") for line in found.stdout.splitlines()]
    if os.environ.get("SHOW"):
        print("\n".join(printed))
    assert printed == told.splitlines()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
