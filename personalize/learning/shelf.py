"""A shelf of profiles for replay: the visitors seen last as they are, the others packed, within stated memory."""

from __future__ import annotations

from personalize.domain.profile import Profile

MAX_LIVE = 1_000  # profiles held ready: they are several times as large as packed ones
MAX_BYTES = 320 * 1024 * 1024  # of packed profiles; the one unseen longest leaves first


class Shelf:
    """Profiles by visitor. `forgotten` counts visitors who were dropped to stay within the bounds."""

    def __init__(self, live: int = MAX_LIVE, size: int = MAX_BYTES) -> None:
        self._live: dict[str, Profile] = {}
        self._packed: dict[str, bytes] = {}
        self._max_live, self._max_bytes, self._bytes = max(live, 1), size, 0
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._live) + len(self._packed)

    def take(self, key: str) -> Profile:
        """The live profile of a visitor, an empty one where nothing is known; it stays on the shelf."""
        profile = self._live.pop(key, None)
        if profile is None:
            packed = self._packed.pop(key, None)
            if packed is not None:
                self._bytes -= len(packed)
            profile = Profile() if packed is None else Profile.from_bytes(packed)
        self._live[key] = profile
        if len(self._live) > self._max_live:
            self._pack()
        return profile

    def _pack(self) -> None:
        """Pack the tenth of the live profiles that were unseen longest, and forget packed ones beyond the bound."""
        for key in list(self._live)[: max(self._max_live // 10, 1)]:
            packed = self._live.pop(key).to_bytes()
            self._packed[key] = packed
            self._bytes += len(packed)
        if self._bytes > self._max_bytes:
            for key in list(self._packed)[: max(len(self._packed) // 10, 1)]:
                self._bytes -= len(self._packed.pop(key))
                self.forgotten += 1
