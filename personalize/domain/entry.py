"""An event on its way from a request to the log, the profiles and the popularity."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from personalize.domain.event import Event
from personalize.domain.permission import Keep


class Entry(NamedTuple):
    """An event, the profile it belongs to (`key`, None: nobody's) and where that profile may live.

    `finish` adds to the event what takes longer than the answer may wait for; its id, its time and whose it is stay.
    `key` may be set where the event itself names nobody: it is then folded in memory, and the line stays anonymous.
    """

    event: Event
    key: str | None = None
    keep: Keep = Keep.NOWHERE
    finish: Callable[[Event], Event] | None = None

    @property
    def owner(self) -> str | None:
        """Whose the stored line is: the visitor's where a profile may be stored, else the session's, else nobody's.

        The name of a session is drawn by chance and ends with it: until then its lines can still be erased.
        """
        if self.keep is Keep.STORE:
            return self.key
        return session_owner(self.event.session) if self.key is not None and self.event.session else None


def session_owner(session: str) -> str:
    """What stands in the place of a visitor's key in lines that name their session only."""
    return f"n:{session}"
