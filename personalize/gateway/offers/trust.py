"""How often the shop refused a code that a visitor was promised; past a share the offer stops itself."""

from __future__ import annotations

from collections import deque

LOOKED_AT = 200
LEAST_REFUSED = 3


class Refusals:
    """The last `LOOKED_AT` codes that were tried at the shop, by offer: one refusal is chance, three are a pattern."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._tried: dict[str, deque[bool]] = {}
        self.halted: dict[str, str] = {}
        """Offers that stopped themselves, and the reason of the last refusal. A restart begins anew."""

    def applied(self, offer: str) -> None:
        """The shop took a code."""
        self._note(offer, False)

    def refused(self, offer: str, why: str) -> bool:
        """The shop refused a code; whether the offer stops because of this one."""
        tried = self._note(offer, True)
        count = sum(tried)
        if offer in self.halted or count < LEAST_REFUSED or count < self.threshold * len(tried):
            return False
        self.halted[offer] = why
        return True

    def release(self, offer: str) -> None:
        """The operator changed the offer: it begins anew."""
        self.halted.pop(offer, None)
        self._tried.pop(offer, None)

    def _note(self, offer: str, refused: bool) -> deque[bool]:
        tried = self._tried.setdefault(offer, deque(maxlen=LOOKED_AT))
        tried.append(refused)
        return tried
