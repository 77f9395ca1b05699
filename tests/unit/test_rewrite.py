"""Rewriting raw JSON: edits along paths, hidden fields out, error paths and locations back."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from personalize.gateway.document.raw import Raws, elements, fields, is_list, is_object, joined
from personalize.gateway.document.rewrite import edit, errors, strip
from personalize.gateway.document.splice import Edit, Spliced

DATA = b'{"a":{"items":[{"id":1,"b":null},null,{"id":2}],"n":1.10},"z":"\\u00fc"}'


def mark(node: Raws) -> None:
    """An edit that can be seen."""
    node["x"] = msgspec.Raw(b"true")


def test_edit() -> None:
    """Lists on the way are entered, nulls left, everything else stays as its bytes."""
    assert edit(DATA, ("a", "items"), mark) == (
        b'{"a":{"items":[{"id":1,"b":null,"x":true},null,{"id":2,"x":true}],"n":1.10},"z":"\\u00fc"}'
    )
    assert edit(DATA, (), mark) == DATA[:-1] + b',"x":true}'


@pytest.mark.parametrize("path", [("gone",), ("a", "gone"), ("a", "n"), ("z", "x"), ("a", "items", "b")])
def test_edit_where_nothing_is(path: tuple[str, ...]) -> None:
    """Nothing is changed."""
    assert edit(DATA, path, mark) == DATA


def test_raw() -> None:
    """Taken apart one level deep and put together again."""
    assert joined(fields(DATA)) == DATA
    assert [bytes(one) for one in elements(b"[1, {}]")] == [b"1", b"{}"]
    assert is_object(b"{}")
    assert is_list(msgspec.Raw(b"[]"))
    assert not is_object(None)
    assert not is_object(b"null")
    for broken in (b"", b"[1]", b"{", b"null"):
        with pytest.raises(msgspec.DecodeError):
            fields(broken)


def test_strip() -> None:
    """Hidden fields go wherever they stand; what has none, or is broken, keeps its bytes."""
    assert orjson.loads(strip(b'{"a":[{"_pz_x":{"b":1},"c":2}],"_pz_t":"Q"}')) == {"a": [{"c": 2}]}
    assert strip(b'{"a" : 1.0}') == b'{"a" : 1.0}'
    assert strip(b'{"_pz_t": ') == b'{"_pz_t": '


SOURCE = "{ a\n b }"
SPLICED = Spliced(SOURCE, [Edit(1, 1, " _pz_t: __typename\n ")])


def told(*raw: Any) -> Any:
    """Errors led back; rows of `list` are turned round, of which there are three."""

    def move(path: list[str | int]) -> list[str | int] | None:
        if path[0] != "list" or len(path) < 2:
            return path
        return None if not isinstance(path[1], int) or path[1] > 2 else ["list", 2 - path[1], *path[2:]]

    found = errors(msgspec.Raw(orjson.dumps(raw)), SPLICED, [move])
    return None if found is None else orjson.loads(found)


def test_paths() -> None:
    """Moved with their rows; errors of rows that are not shown and of hidden fields go; order and rest stay."""
    assert told({"message": "x", "path": ["list", 0, "name"], "extensions": {"code": "C"}}, {"message": "y"}) == [
        {"message": "x", "path": ["list", 2, "name"], "extensions": {"code": "C"}},
        {"message": "y"},
    ]
    assert told({"path": ["list", 7]}, {"path": ["list", 0, "_pz_0_price", 1]}) is None
    assert told({"path": ["other", 0]}) == [{"path": ["other", 0]}]


def test_locations() -> None:
    """As in the client's own document."""
    assert told({"locations": [{"line": 3, "column": 2}]}) == [{"locations": [{"line": 2, "column": 2}]}]


@pytest.mark.parametrize(
    "odd", ["text", None, 3, {"locations": None}, {"locations": [3, {}, {"line": "x"}]}, {"path": None}, {"path": "a"}]
)
def test_odd_errors(odd: Any) -> None:
    """What is no GraphQL error stays as it is."""
    assert told(odd) == [odd]
