"""Edits on source text: a document is changed by spans, so that error locations can be led back."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|[\n\r]")  # GraphQL spec 2.1.2


class Edit(NamedTuple):
    """Replace source[start:end] by `text` (an insertion where start == end)."""

    start: int
    end: int
    text: str


class Spliced:
    """A source with edits applied, and the way back from a place in the new text to the old one."""

    __slots__ = ("_new", "_old", "_source", "text")

    def __init__(self, source: str, edits: Iterable[Edit]) -> None:
        self._source = source
        self._new: list[int] = [0]
        self._old: list[int] = [0]
        parts: list[str] = []
        cursor = length = 0
        for edit in _outermost(edits):
            kept = source[cursor : edit.start]
            parts += (kept, edit.text)
            length += len(kept)
            # Places inside the inserted text lead back to where it was put.
            self._new += (length, length + len(edit.text))
            self._old += (edit.start, edit.end)
            length += len(edit.text)
            cursor = edit.end
        parts.append(source[cursor:])
        self.text = "".join(parts)

    def location(self, line: int, column: int) -> tuple[int, int]:
        """The 1-based (line, column) in the source for one in the new text."""
        offset = _offset(self.text, line, column)
        at = bisect_right(self._new, offset) - 1
        old = self._old[at]
        # Odd entries start an inserted text: everything in it stands for one place of the source.
        old += 0 if at % 2 == 1 else offset - self._new[at]
        return _line_column(self._source, old)


def _outermost(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in order; one that lies inside a replaced span is gone with it; equal spans are kept once."""
    kept: list[Edit] = []
    for edit in sorted(set(edits), key=lambda e: (e.start, -e.end)):
        if kept and edit.start < kept[-1].end:
            continue
        kept.append(edit)
    return kept


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for number, end in enumerate(_LINE_END.finditer(text), 2):
        if number > line:
            break
        start = end.end()
    return max(0, min(start + column - 1, len(text)))


def _line_column(text: str, offset: int) -> tuple[int, int]:
    line, start = 1, 0
    for end in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    return line, offset - start + 1
