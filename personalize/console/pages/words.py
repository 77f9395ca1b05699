"""What the pages say, in English and German: `words/en.toml` and `words/de.toml`, one text a key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "de")
FOLDER = Path(__file__).resolve().parent / "words"


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language by `section.key`."""
    tables = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    return {f"{section}.{key}": text for section, table in tables.items() for key, text in table.items()}


def say(language: str, key: str, **values: object) -> str:
    """The text of a key with its holes filled. KeyError for a key that is not there: a page that lacks words fails."""
    text = texts(language)[key]
    return text.format(**values) if values else text


def said(language: str, key: str, otherwise: str) -> str:
    """The text of a key that may not be there: names of plugs, measures and codes that others brought."""
    return texts(language).get(key, otherwise)
