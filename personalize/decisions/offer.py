"""Offers: who is promised them, by lot, by what was learned or everybody; rows show what was promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Self

from cachetools import LRUCache

from personalize.decisions.spending import Spending, load_all, stamps
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.offers.deciding import Arm, Lot, Row
from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.lots import explored
from personalize.domain.offers.offer import Audience, Offer
from personalize.domain.offers.promise import PersonalPrice
from personalize.domain.patch import EMPTY, Author, Patch, Reason, Reprice
from personalize.domain.reason import OFFERED
from personalize.domain.visit import Visit
from personalize.errors import ArtefactError
from personalize.features.visitor import hour_of
from personalize.settings import Settings

REMEMBERED = 8_192
"""Foreseen figures that are kept: of a visitor, an offer, a state of the profile and an hour each."""

_GIVEN, _LEFT = Lot(Arm.OFFER, 1.0, False), Lot(Arm.NONE, 1.0, False)


class Offering:
    """Promises offers to those in their audience. It orders nothing.

    Within an offer's `explore` share a lot decides. For the others the models of `offer_model` do, where one was
    learned for the offer: they get it where the extra margin earns what it costs. Without one everybody gets it (the
    constant).
    Memory changes the cost of asking again, never the answer.
    """

    name = "offer"
    only_orders = False
    reads: frozenset[str] = frozenset()

    def __init__(self, models: Mapping[str, Spending] | None = None, *, folder: Path | None = None) -> None:
        self.folder = folder
        self.fault: ArtefactError | None = None
        """Why a model of the folder cannot be used: the constant holds for its offer."""
        self._tried: object = None
        self._use(models or {}, None)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The models of `settings.offer_model`: a folder; "" is none. What cannot be used is no reason not to start."""
        if not settings.offer_model:
            return cls()
        decision = cls(folder=Path(settings.offer_model))
        assert decision.folder is not None
        decision._tried = stamps(decision.folder)  # before they are read: what is written meanwhile is seen as newer
        try:
            models, faults = load_all(decision.folder)
        except ArtefactError as error:
            models, faults = {}, {"": error}
        decision._use(models, next(iter(faults.values()), None))
        return decision

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The empty Patch: prices are decided when it is known which rows are shown."""
        return EMPTY

    def wanted(self, visit: Visit, offers: Sequence[Offer]) -> Sequence[str]:
        """The offers that fell to the visitor: by lot, then by model, what is left most over first, then the others."""
        return [name for name, lot in self.lots(visit, offers).items() if lot.arm is Arm.OFFER]

    def lots(self, visit: Visit, offers: Sequence[Offer]) -> Mapping[str, Lot]:
        """How the offers fell whose audience the visitor is in, in the order of `wanted`."""
        drawn: dict[str, Lot] = {}
        learned: list[tuple[float, str]] = []
        given: dict[str, Lot] = {}
        for offer in offers:
            if not included(offer.name, offer.audience, visit):
                continue
            lot = explored(offer, visit.visitor.value) if visit.visitor is not None else None
            model = self.models.get(offer.name)
            if lot is not None:
                drawn[offer.name] = lot
            elif model is not None and model.currency == offer.currency:
                learned.append((self._surplus(model, visit), offer.name))
            else:
                given[offer.name] = _GIVEN
        learned.sort(key=lambda one: -one[0])
        return drawn | {name: _GIVEN if over > 0.0 else _LEFT for over, name in learned} | given

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

    def renew(self) -> Callable[[], None] | None:
        """Look for other models in the folder; what puts them in place, None where nothing has changed.

        Reads files, so it is called beside the event loop; what it returns is called on it. ArtefactError where one
        cannot be used: all stay as they are, and these are not tried again.
        """
        if self.folder is None:
            return None
        found = stamps(self.folder)
        if found is None or found == self._tried:
            return None
        self._tried = found
        models, faults = load_all(self.folder)
        for error in faults.values():
            raise error
        return lambda: self._use(models, None)

    def _use(self, models: Mapping[str, Spending], fault: ArtefactError | None) -> None:
        self.models, self.fault = models, fault
        versions = "\n".join(f"{name} {models[name].version}" for name in sorted(models))
        self.version = blake2b(versions.encode(), digest_size=6).hexdigest() if models else "1"
        self._known: LRUCache[tuple[object, ...], float] = LRUCache(REMEMBERED)

    def _surplus(self, model: Spending, visit: Visit) -> float:
        """What is left over of giving an offer; nothing where the visitor's profile could not be had."""
        profile = visit.profile
        if profile is None or visit.visitor is None:
            return 0.0
        key = (
            model.offer, visit.visitor.value, profile.version, profile.first_at, profile.last_at, hour_of(visit.at)
        )  # fmt: skip
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = model.surplus(profile, visit.at)
        return found


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
