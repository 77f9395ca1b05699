"""A guess and its comment: what a drafted map says, why, how sure that is, and what else was possible."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

WIDTH = 118
OTHERS_MAX = 4


class Sure(IntEnum):
    """How far a guess can be trusted, least first."""

    UNSURE = 0
    LIKELY = 1
    SURE = 2

    @property
    def word(self) -> str:
        """The word in comments."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Guess:
    """One value of the map. A tuple of guesses is a selection with one guess a line; not `live`: only a comment."""

    value: object
    why: str
    sure: Sure = Sure.LIKELY
    others: tuple[str, ...] = ()
    live: bool = True

    def comment(self) -> list[str]:
        """The comment over the guess, wrapped, without indentation."""
        also = f"; also possible: {', '.join(self.others[:OTHERS_MAX])}" if self.others else ""
        return remark(f"{self.sure.word}: {self.why}{also}")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive with its arguments, each a guess."""

    name: str
    arguments: Mapping[str, Guess] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """SDL, one argument a line, each under its comment."""
        if not any(guess.why for guess in self.arguments.values()):
            plain = ", ".join(f"{name}: {_sdl(guess.value)[0]}" for name, guess in self.arguments.items())
            return [f"@{self.name}({plain})"]
        inner: list[str] = []
        for name, guess in self.arguments.items():
            inner += guess.comment() if guess.why else []
            said = _sdl(guess.value)
            said[0] = f"{name}: {said[0]}"
            inner += said if guess.live else commented(said)
        return [f"@{self.name}(", *_indented(inner), ")"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the map says of a type (`field` None) or a field; not `live`: the whole entry is only a comment."""

    type: str
    directives: tuple[Directive, ...]
    guess: Guess
    field: str | None = None
    answers: str = ""

    def lines(self) -> list[str]:
        """SDL of a field, or of the directives of a type."""
        inner = [line for directive in self.directives for line in directive.lines()]
        if self.field is None:
            return inner
        return [f"{self.field}: {self.answers}", *_indented(inner)]


def extension(kind: str, entries: Iterable[Entry]) -> list[str]:
    """The `extend type` of all entries of one type; what is not live is commented out."""
    own = list(entries)
    out: list[str] = []
    for entry in own:
        if entry.field is None:
            lines = [f"extend type {kind}", *_indented(entry.lines())]
            out += [*entry.guess.comment(), *(lines if entry.guess.live else commented(lines)), ""]
    fields = [entry for entry in own if entry.field is not None]
    if fields:
        live = any(entry.guess.live for entry in fields)
        block = [f"extend type {kind} {{" if live else f"# extend type {kind} {{"]
        for entry in fields:
            lines = entry.lines()
            block += _indented([*entry.guess.comment(), *(lines if entry.guess.live else commented(lines))])
        out += [*block, "}" if live else "# }", ""]
    return out


def remark(text: str) -> list[str]:
    """A text as comment lines."""
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def commented(lines: Iterable[str]) -> list[str]:
    """Lines taken out of the map, but left to be put back."""
    return [f"# {line}".rstrip() for line in lines]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _sdl(value: object) -> list[str]:
    if isinstance(value, tuple):
        inner = [line for guess in value for line in _selected(guess)]
        return ['"""', *_indented(inner), '"""']
    return [json.dumps(value, ensure_ascii=False)]


def _selected(guess: Guess) -> list[str]:
    text = str(guess.value)
    return [*guess.comment(), text if guess.live else f"# {text}"]
