"""The ranker: orders a listing for this visitor with a learned model; without a model it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self
from weakref import WeakKeyDictionary

from personalize.artefact import Artefact, load, stamp
from personalize.assets import AssetError, find
from personalize.decisions.curves import curves_of
from personalize.decisions.drifting import Drifting
from personalize.decisions.ordering import moved, reorder
from personalize.decisions.parameters import of_model
from personalize.decisions.reasons import explain
from personalize.decisions.scoring import Tuning, rank
from personalize.decisions.spread import groups_of, spread
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.parameter import Parameter
from personalize.domain.patch import EMPTY, Author, Later, Patch, Reason
from personalize.domain.reason import MADE_ROOM
from personalize.domain.visit import Visit
from personalize.errors import ArtefactError
from personalize.features.prepared import Prepared, prepare
from personalize.features.sample import sample
from personalize.settings import Settings

FRESH = 60.0  # seconds that a prepared listing is used before its popularity is read again


class Ranker:
    """Scores rows through the one feature path, blends with the shop's position, sinks what is bought and not due.

    What depends on the listing alone is prepared once per Listing object and dropped with it: the memo changes the
    cost, never the result beyond `FRESH` seconds of popularity. A model that comes later is put in place between two
    decisions (`renew`).
    """

    name = "ranker"
    only_orders = True

    def __init__(
        self, artefact: Artefact | None, tuning: Tuning | None = None, *, folder: Path | None = None,
        spread: bool = True,
    ) -> None:  # fmt: skip
        self.folder, self.spread = folder, spread
        self.fault: ArtefactError | None = None
        self._tried: object = None
        self._parameters: tuple[Parameter, ...] | None = None
        self._prepared: WeakKeyDictionary[Listing, Prepared] = WeakKeyDictionary()
        self._drifting: Drifting | None = None
        self._use(artefact, tuning)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The ranker of `settings.model`: a folder, or the name of an artefact under `models/`; "" is none.

        A model that cannot be used is no reason not to start: `fault` tells why, and each decision raises it.
        """
        if not settings.model:
            return cls(None)
        spread = bool(getattr(settings, "spread", True))
        folder: Path | None = None
        try:
            folder = locate(settings.model)
            tried = stamp(folder)  # before it is read: what is written meanwhile is seen as newer
            ranker = cls(load(folder), folder=folder, spread=spread)
            if ranker.artefact is not None:
                curves_of(ranker.artefact)
        except ArtefactError as error:
            tried = stamp(folder) if folder is not None else None
            ranker = cls(None, folder=folder, spread=spread)
            ranker.fault = error
        ranker._tried = tried
        return ranker

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """One Reorder, or the empty Patch without a model. ArtefactError where the model is unusable."""
        if self.fault is not None:
            raise self.fault
        if self.artefact is None or len(listing) < 2:
            return EMPTY
        prepared = self.prepared(listing, popularity, visit.at, self.artefact)
        ranked = rank(self.artefact, prepared, visit.profile, visit.session, visit.context, visit.at, self.tuning)
        order = ranked.order
        if self._drifting is not None:
            self._drifting.note(ranked)
        if self.spread:
            order = spread(order, groups_of(listing), len(ranked.bought) + len(ranked.rejected))
        model = self.artefact  # the one that ranked, should another come before somebody asks
        reasons = Later(lambda: explain(model, prepared, ranked, moved(order), visit))
        evidence = partial(sample, prepared, ranked.matrix, visit.context)
        return reorder(target, order, Author(self.name, self.version), Reason(MADE_ROOM), reasons, evidence)

    def prepared(self, listing: Listing, popularity: Popularity, at: float, artefact: Artefact) -> Prepared:
        """The listing made ready, at most `FRESH` seconds ago."""
        found = self._prepared.get(listing)
        if found is None or abs(at - found.at) > FRESH:
            found = self._prepared[listing] = prepare(listing, popularity, at, artefact.schema)
        return found

    def parameters(self) -> tuple[Parameter, ...]:
        """What its orders are made from, the weightiest first; () without a model."""
        if self._parameters is None:
            self._parameters = of_model(self.artefact) if self.artefact is not None else ()
        return self._parameters

    def drift(self) -> dict[str, float]:
        """How far features have drifted since training: the largest PSI by group, {} while too little was served."""
        return self._drifting.by_group() if self._drifting is not None else {}

    def renew(self) -> Callable[[], None] | None:
        """Look for another model in the folder; what puts it in place, None where nothing has changed.

        Reads files, so it is called beside the event loop; what it returns is called on it, and is done between two
        decisions. ArtefactError where the new model cannot be used: the old one stays, and this one is not tried again.
        """
        if self.folder is None:
            return None
        found = stamp(self.folder)
        if found == self._tried:
            return None
        self._tried = found
        artefact = load(self.folder)
        curves_of(artefact)  # reasons read them: made here, beside the event loop
        return lambda: self._use(artefact)

    def _use(self, artefact: Artefact | None, tuning: Tuning | None = None) -> None:
        self.artefact, self.fault = artefact, None
        self.tuning = tuning or Tuning.of(artefact.card if artefact is not None else {})
        self.version = artefact.version if artefact is not None else "none"
        # Its features of the clock change by the minute; an order is made anew by the part of the day.
        self.reads = artefact.schema.context | {"daypart", "weekday"} if artefact is not None else frozenset()
        self._parameters = None
        self._prepared = WeakKeyDictionary()
        self._drifting = Drifting(artefact) if artefact is not None else None


def locate(model: str) -> Path:
    """The folder of a model: a path that exists, else an artefact that the package brings under `models/`."""
    path = Path(model)
    if path.is_dir() or "/" in model or "\\" in model:
        return path
    try:
        return find("models", model)
    except AssetError as error:
        raise ArtefactError(
            f"Model {model!r} is neither a folder nor an artefact of the package",
            code="ARTEFACT_MISSING",
            hint="Name a folder that `personalize train --out` wrote.",
        ) from error
