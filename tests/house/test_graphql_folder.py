"""The top-level folder `graphql/` shares its name with graphql-core: it stays safe while it holds no Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_python_in_contracts_and_artefacts() -> None:
    for folder in ("graphql", "models"):
        assert not list((ROOT / folder).rglob("*.py*"))


def test_nothing_else_takes_the_name() -> None:
    assert not (ROOT / "graphql.py").exists()
    assert not (ROOT / "tests" / "graphql").exists()


def test_graphql_core_wins_in_the_checkout() -> None:
    code = "import graphql; print(graphql.__file__)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "site-packages" in out


def test_ruff_knows_it_is_third_party() -> None:
    assert 'known-third-party = ["graphql"]' in (ROOT / "pyproject.toml").read_text("utf-8")
