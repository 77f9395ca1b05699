"""Lots: which visitors an offer is tried out on, and whether they get it, by hashes that nothing else goes by."""

from __future__ import annotations

from hashlib import blake2b

from personalize.domain.offers.deciding import Arm, Lot
from personalize.domain.offers.offer import Offer

EVEN = 0.5
"""How likely each arm is for somebody who is tried out on: two equal arms tell most of a given number of people."""


def explored(offer: Offer, visitor: str) -> Lot | None:
    """The lot of a visitor within the offer's `explore` share; None for those it is decided for.

    Always the same for the same visitor and offer; a larger share keeps everybody who is in already, in their arm.
    Independent of the audience's own share, of experiments and of other offers.
    """
    if offer.explore <= 0.0 or _place(b"explored", offer.name, visitor) >= offer.explore:
        return None
    return Lot(Arm.OFFER if _place(b"arm", offer.name, visitor) < EVEN else Arm.NONE, EVEN, True)


def _place(drawn: bytes, offer: str, visitor: str) -> float:
    """A number in [0, 1); `drawn` sets the draws apart."""
    told = f"{offer}\n{visitor}".encode("utf-8", "surrogatepass")
    # 53 bits, so that a float holds each of them and the largest stays below 1.
    return (int.from_bytes(blake2b(told, digest_size=8, person=drawn).digest()) >> 11) / 2**53
