"""Offers: everybody whom an offer is for is promised it, and rows show what was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Self

from personalize.domain.listing import Listing
from personalize.domain.offers.deciding import Row
from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.offer import Audience, Offer
from personalize.domain.offers.promise import PersonalPrice
from personalize.domain.patch import EMPTY, Author, Patch, Reason, Reprice
from personalize.domain.popularity import Popularity
from personalize.domain.reason import OFFERED
from personalize.domain.visit import Visit


class OfferToAll:
    """The constant policy: whoever is in an offer's audience is promised it. It orders nothing."""

    name = "offer"
    version = "1"
    only_orders = False
    reads: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """As every plug is made; there is nothing to set."""
        return cls()

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The empty Patch: prices are decided when it is known which rows are shown."""
        return EMPTY

    def wanted(self, visit: Visit, offers: Sequence[Offer]) -> Sequence[str]:
        """The offers whose audience the visitor is in, in the operator's order."""
        return [offer.name for offer in offers if included(offer.name, offer.audience, visit)]

    def reprice(self, target: str, rows: Mapping[int, Row], promises: Sequence[Promise]) -> Patch:
        """One Reprice for each variant that a promise lowers; of several promises the oldest holds."""
        author, changes = Author(self.name, self.version), []
        for number, row in rows.items():
            for variant, listed in row.listed.items():
                promise = next((one for one in promises if variant in one.prices), None)
                if promise is None:
                    continue
                price = PersonalPrice(
                    variant, row.product, listed, promise.prices[variant][1], promise.offer, promise.code,
                    promise.valid_until,
                )  # fmt: skip
                changes.append(Reprice(target, number, price, author, Reason(OFFERED, {"offer": promise.offer})))
        return Patch(tuple(changes))


def included(offer: str, audience: Audience, visit: Visit) -> bool:
    """Whether a visitor is in an offer's audience; the lot of its `share` falls once for each visitor and offer."""
    profile = visit.profile
    least, most = audience.orders
    if (least, most) != (0, None):
        orders = 0 if profile is None else profile.orders
        if orders < least or (most is not None and orders > most):
            return False
    if audience.store is not None and visit.context.get("store") != audience.store:
        return False
    if audience.share >= 1.0:
        return True
    if visit.visitor is None:
        return False
    drawn = blake2b(f"{offer}\n{visit.visitor.value}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(drawn) < audience.share * 2**64
