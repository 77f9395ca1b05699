"""An event on its way from a request to the log, the profiles and the popularity."""

from __future__ import annotations

from typing import NamedTuple

from personalize.domain.event import Event
from personalize.domain.permission import Keep


class Entry(NamedTuple):
    """An event, the profile it belongs to (`key`, None: nobody's) and where that profile may live.

    `key` may be set where the event itself names nobody: the line then stays anonymous, and can still be erased.
    """

    event: Event
    key: str | None = None
    keep: Keep = Keep.NOWHERE
