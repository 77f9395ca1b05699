"""Artefacts: a LightGBM model as text beside its card, refused unless whole and made for these features."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, TypeVar

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from personalize.errors import ArtefactError
from personalize.features.schema import Schema
from personalize.trees import Trees, trees_of

MODEL, CARD = "model.txt", "card.toml"
LIVE = "live"
"""In a folder of versions, the file whose first line names the one that is served (`learning.versions` writes it)."""
MAX_BYTES = 64 * 1024 * 1024


class Columns(Protocol):
    """What a model's rows are made of: names in column order, and the fingerprint that binds models to them."""

    @property
    def names(self) -> tuple[str, ...]:
        """All feature names in column order."""
        ...

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with the meaning of any column."""
        ...

    def to_dict(self) -> dict[str, object]:
        """As plain values, for a model's card."""
        ...


C = TypeVar("C", bound=Columns)


@dataclass(frozen=True, slots=True, eq=False)
class Artefact:
    """A model ready to score, by its `trees` where they can be had. `card` is what card.toml says (see `save`)."""

    name: str
    schema: Schema
    card: Mapping[str, Any]
    booster: lgb.Booster
    trees: Trees | None = None

    @property
    def version(self) -> str:
        """The first 12 hex digits of the model's checksum."""
        return str(self.card["checksum"])[:12]

    @property
    def seen_until(self) -> float | None:
        """The time (epoch seconds) before which all of its training data lies; None where the card does not say."""
        data = self.card.get("data")
        try:
            last = datetime.fromisoformat(str(data["to"])) if isinstance(data, Mapping) else None
        except (KeyError, ValueError):
            return None
        if last is None:
            return None
        return (last if last.tzinfo else last.replace(tzinfo=UTC)).timestamp() + 0.001  # milliseconds, cut off

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores (n,), greater is better, of rows (n, f) in schema order; ArtefactError where one is not finite."""
        if self.trees is None:
            return scores(self.booster, matrix, self.name)
        return _finite(self.trees.score(matrix), self.name)


def scores(booster: lgb.Booster, matrix: NDArray[np.float32], name: str) -> NDArray[np.float64]:
    """What a model says (n,) of rows (n, f); ArtefactError where something is not finite."""
    # One thread, as in `personalize.trees`.
    found = np.asarray(booster.predict(matrix, num_threads=1, validate_features=False), np.float64)
    if found.shape != (len(matrix),):
        raise ArtefactError(f"Model {name} gives {found.size} scores for {len(matrix)} rows", code="ARTEFACT_SCORES")
    return _finite(found, name)


def _finite(found: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    if not math.isfinite(np.add.reduce(found)):
        raise ArtefactError(
            f"Model {name} gave scores that are not finite numbers",
            code="ARTEFACT_SCORES",
            hint="Train it again; until then it is done without.",
        )
    return found


def feature_names(schema: Columns) -> list[str]:
    """Names for LightGBM's file: it refuses JSON's special characters, and repeated names."""
    return [f"{number}.{re.sub(r'[^A-Za-z0-9_.]', '_', name)}" for number, name in enumerate(schema.names)]


def save(directory: Path, model: str, schema: Columns, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write an artefact; returns the card completed by name, fingerprint, features, schema and checksum.

    The card goes last, and it bears the model's checksum: a write cut short is refused, not served. On how many threads
    it was trained is left out of the model's text: the same trees are the same version whatever the machine had to do.
    """
    model = re.sub(r"^\[num_threads: [^\n]*\n", "", model, flags=re.MULTILINE)
    full: dict[str, Any] = {
        "name": directory.name,
        "fingerprint": schema.fingerprint,
        "checksum": _checksum(model.encode()),
        **card,
        "features": list(schema.names),
        "schema": schema.to_dict(),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in ((MODEL, model), (CARD, to_toml(full))):
            fresh = directory / f".{name}.new"
            fresh.write_text(text, encoding="utf-8", newline="\n")
            fresh.replace(directory / name)
    except OSError as error:
        raise ArtefactError(f"The artefact cannot be written to {directory}: {error}", code="ARTEFACT_WRITE") from error
    return full


def current(directory: Path) -> Path:
    """The folder of the artefact itself: of a folder of versions the live one, of any other the folder.

    ArtefactError where the pointer names no plain folder beside it.
    """
    pointer = directory / LIVE
    if not pointer.is_file():
        return directory
    name = _read(pointer).decode("utf-8", "replace").split("\n", 1)[0].strip()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", name):
        raise ArtefactError(
            f"{pointer} names {name[:80]!r}, expected a folder beside it",
            code="ARTEFACT_POINTER",
            hint="`personalize promote` writes it; its first line is the version that is served.",
        )
    return directory / name


def stamp(directory: Path) -> tuple[object, ...] | None:
    """What changes when another model is to be served from a folder; None where there is none. Three `stat`s."""
    try:
        folder = current(directory)
        marks = [(one.st_mtime_ns, one.st_size, one.st_ino) for one in ((folder / n).stat() for n in (CARD, MODEL))]
    except ArtefactError as error:
        return error.code, error.message
    except OSError:
        return None
    return folder.name, *marks


def load(directory: Path) -> Artefact:
    """Read and try an artefact, of a folder of versions the live one.

    ArtefactError where it is missing, cut, altered, for other features, or scores NaN.
    """
    directory = current(directory)
    schema, card, booster = read(directory, Schema.from_dict)
    trees = trees_of(booster.model_to_string(num_iteration=-1))
    return Artefact(str(card.get("name", directory.name)), schema, card, booster, trees)


def read(
    directory: Path, columns: Callable[[Mapping[str, object]], C], command: str = "personalize train"
) -> tuple[C, Mapping[str, Any], lgb.Booster]:
    """The columns, card and model of an artefact, checked and tried as `load` says; `command` makes such artefacts.

    `columns` reads the card's `schema`, with ValueError where it is of another kind.
    """
    directory = current(directory)
    again = f"Train it again with this version: `{command} --events LOG --out DIR`."
    try:
        card = tomllib.loads(_read(directory / CARD).decode())
        model = _read(directory / MODEL)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArtefactError(f"{directory / CARD} is no TOML: {error}", code="ARTEFACT_CARD", hint=again) from None
    try:
        schema = columns(card["schema"])
        told, checksum = str(card["fingerprint"]), str(card["checksum"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(
            f"{directory / CARD} lacks or misstates {error}", code="ARTEFACT_CARD", hint=again
        ) from None
    if told != schema.fingerprint:
        raise ArtefactError(
            f"The model in {directory} was made for features {told}, this version computes {schema.fingerprint}",
            code="ARTEFACT_FINGERPRINT",
            hint=again,
        )
    if checksum != _checksum(model):
        raise ArtefactError(
            f"{directory / MODEL} is cut short or altered: its checksum is not the card's",
            code="ARTEFACT_CHECKSUM",
            hint="Copy the artefact again, both files.",
        )
    if not _well_formed(model):
        raise ArtefactError(f"{directory / MODEL} is no LightGBM model text", code="ARTEFACT_MODEL", hint=again)
    try:
        booster = lgb.Booster(model_str=model.decode())
    except (lgb.basic.LightGBMError, UnicodeDecodeError) as error:
        raise ArtefactError(f"LightGBM cannot read {directory / MODEL}: {error}", hint=again) from None
    width = len(schema.names)
    if booster.num_feature() != width:
        raise ArtefactError(
            f"The model in {directory} takes {booster.num_feature()} features, its card names {width}",
            code="ARTEFACT_FINGERPRINT",
            hint=again,
        )
    scores(booster, np.stack([np.zeros(width, np.float32), np.full(width, np.nan, np.float32)]), directory.name)
    return schema, card, booster


def to_toml(table: Mapping[str, Any], path: Sequence[str] = ()) -> str:
    """A mapping of strings, numbers, booleans, lists and mappings as TOML; None and NaN are left out."""
    plain, nested = [], []
    for key, value in table.items():
        if isinstance(value, Mapping):
            below = (*path, _quote(str(key)))
            nested.append(f"\n[{'.'.join(below)}]\n{to_toml(value, below)}")
        elif value is not None and value == value:
            plain.append(f"{_quote(str(key))} = {_value(value)}\n")
    return "".join(plain + nested)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return _quote(str(value), bare=False)


def _quote(text: str, bare: bool = True) -> str:
    if bare and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ArtefactError(
            f"{path} cannot be read: {error.strerror or error}",
            code="ARTEFACT_MISSING",
            hint="Name a folder that `personalize train --out` wrote.",
        ) from None
    if len(content) > MAX_BYTES:
        raise ArtefactError(f"{path} is larger than {MAX_BYTES} bytes", code="ARTEFACT_TOO_LARGE")
    return content


def _well_formed(model: bytes) -> bool:
    """Whether the trees lie where the header says. LightGBM aborts the whole process on a text that breaks this."""
    start, sizes = model.find(b"\nTree=0\n") + 1, re.search(rb"^tree_sizes=([0-9 ]+)$", model, re.MULTILINE)
    if not model.startswith(b"tree\n") or not start or sizes is None or sizes.end() > start:
        return False
    for number, size in enumerate(map(int, sizes[1].split())):
        if not model.startswith(b"Tree=%d\n" % number, start):
            return False
        start += size
    return model.startswith(b"end of trees", start)


def _checksum(model: bytes) -> str:
    return blake2b(model, digest_size=16).hexdigest()
