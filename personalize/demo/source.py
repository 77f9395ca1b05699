"""Reads the hand-written data of the invented brand (TOML beside this file)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read(name: str) -> dict[str, Any]:
    """The parsed table `data/<name>.toml` of this package (brand, materials, colours, categories)."""
    return tomllib.loads(files("personalize.demo").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))
