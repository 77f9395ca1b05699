"""Corrections: what a shopper said of themselves, and how the log tells that a `not_interested` was taken back."""

from __future__ import annotations

from struct import unpack

import msgspec

from personalize.domain.event import Event

REFUSED = "not_interested"
UNDONE = "undone"
"""True on a `not_interested` that takes an earlier one of the same items back."""
RESET = "reset"
"""True on a `not_interested` without items: of all that was assumed, nothing is to be."""

SHOPPER = "shopper"
"""The source of a fact that the shopper said."""

LASTING = frozenset({"store"})
"""What is true of a shopper until they say otherwise; a mood of last week is no fact."""
CORRECTABLE = ("mood", "mode", "store")
SESSION_SECONDS = 30 * 60.0
TEXT_MAX = 64  # characters


class Said(msgspec.Struct, array_like=True, gc=False):
    """What the shopper said of one key of the context, when (epoch seconds), and in which session."""

    value: str
    at: float
    session: str | None = None

    def holds(self, name: str, session: str | None, at: float) -> bool:
        """Whether it still does: the store lasts, all else ends with the session (half an hour of silence)."""
        same = self.session is not None and self.session == session
        return name in LASTING or same or at - self.at <= SESSION_SECONDS


class Taken(msgspec.Struct, array_like=True, gc=False):
    """What a "not this" took from the tastes: its weight at a time (epoch seconds), from these packed tokens."""

    at: float
    packed: bytes

    @property
    def tokens(self) -> tuple[int, ...]:
        """The hashed properties."""
        return unpack(f"<{len(self.packed) // 4}I", self.packed)


def is_undone(event: Event) -> bool:
    """Whether the event takes an earlier `not_interested` of its items back."""
    return event.event == REFUSED and event.extra.get(UNDONE) is True


def is_reset(event: Event) -> bool:
    """Whether the event asks to start afresh."""
    return event.event == REFUSED and event.extra.get(RESET) is True
