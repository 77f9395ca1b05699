"""Rewriting an answer: raw JSON is changed along paths, error paths and locations are led back to the client's view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson

from personalize.gateway.document.hidden import HIDDEN
from personalize.gateway.document.raw import Json, Raws, elements, fields, is_list, is_object, joined
from personalize.gateway.document.slots import PREFIX, Path
from personalize.gateway.document.splice import Spliced

Edit = Callable[[Raws], None]
Move = Callable[[list[str | int]], list[str | int] | None]
"""Where an error path of the shop's answer stands in ours; None where that place is not shown."""


def edit(raw: Json, path: Path, change: Edit) -> bytes:
    """The JSON value with `change` made to every object at `path` (response keys; lists on the way are entered)."""
    if is_list(raw):
        return b"[" + b",".join([edit(inner, path, change) for inner in elements(raw)]) + b"]"
    if not is_object(raw):
        return bytes(raw)
    here = fields(raw)
    if not path:
        change(here)
    elif path[0] in here:
        here[path[0]] = msgspec.Raw(edit(here[path[0]], path[1:], change))
    return joined(here)


def strip(raw: bytes) -> bytes:
    """The JSON value without any hidden field, wherever it stands."""
    if HIDDEN not in raw:
        return raw
    try:
        return orjson.dumps(_stripped(orjson.loads(raw)))
    except orjson.JSONDecodeError:  # broken JSON of the shop's is passed on as it is
        return raw


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(inner) for key, inner in value.items() if not key.startswith(PREFIX)}
    if isinstance(value, list):
        return [_stripped(inner) for inner in value]
    return value


def errors(raw: Json, spliced: Spliced, moves: Sequence[Move]) -> bytes | None:
    """The shop's errors as they would be had it been asked the client's own document; None where none is left."""
    kept = []
    for error in orjson.loads(memoryview(raw)):
        if isinstance(error, dict):
            path = error.get("path")
            if isinstance(path, list):
                moved = _moved(path, moves)
                if moved is None:
                    continue
                error["path"] = moved
            locations = error.get("locations")
            if isinstance(locations, list):
                error["locations"] = [_located(location, spliced) for location in locations]
        kept.append(error)
    return orjson.dumps(kept) if kept else None


def _moved(path: list[str | int], moves: Sequence[Move]) -> list[str | int] | None:
    if any(isinstance(step, str) and step.startswith(PREFIX) for step in path):
        return None
    current: list[str | int] | None = path
    for move in moves:
        if current is None:
            return None
        current = move(current)
    return current


def _located(location: Any, spliced: Spliced) -> Any:
    try:
        line, column = spliced.location(int(location["line"]), int(location["column"]))
    except (KeyError, TypeError, ValueError):
        return location
    return {**location, "line": line, "column": column}
