"""Trials: a strategy that the desk published for a share of the units is an experiment, and is measured as one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from personalize.domain.desk.strategy import StrategyVersion
from personalize.domain.experiment import SRM, Experiment, Guardrail, Variant
from personalize.domain.strategy import Mode, Strategy
from personalize.settings import Settings

ON, CONTROL = "on", "control"
MAX_TRIALS = 20
_NAME = re.compile(r"(?P<strategy>[a-z][a-z0-9_]*)-(?P<share>[0-9]+(?:\.[0-9]+)?(?:e-[0-9]+)?)-v[0-9]+")
GUARDRAILS = tuple(Guardrail(name) for name in (SRM, "conversion", "not_this"))
"""What stops a trial by itself: whoever publishes to a share declares nothing, and may not be looking."""


def trial_name(version: StrategyVersion) -> str:
    """What the experiment is called: another one for another version, since that may show something else.

    What one version was seen to do must not be told of another; the share is in it for whoever reads it.
    """
    return f"{version.name}-{version.draft.share * 100:g}-v{version.number}"


def trialled(settings: Settings, active: Sequence[StrategyVersion]) -> Settings:
    """The settings with an experiment for each of the `active` versions that goes to a share.

    The same units are in as without it (`experiments.assign.takes_part`), so more of a share keeps everybody. A
    declared experiment that sets the same strategy, or bears the name, has the word; so has a declared variant that
    turns everything off: trials stand before what is declared, and the later one wins (`experiments.assign.running`).
    """
    taken = {switch.name for one in settings.experiments for variant in one.variants for switch in variant.strategies}
    names = {one.name for one in settings.experiments}
    shared = {
        one.name: one
        for one in active
        if one.draft.mode is Mode.SHARE
        and 0.0 < one.draft.share < 1.0
        and one.name not in taken
        and trial_name(one) not in names
        and Strategy(one.name, Mode.SHARE, one.draft.share) in settings.strategies  # not killed
    }
    chosen = dict(list(shared.items())[:MAX_TRIALS])
    if not chosen:
        return settings
    trials = tuple(_trial(trial_name(one), one.name, one.draft.share) for one in chosen.values())
    return msgspec.structs.replace(settings, experiments=trials + settings.experiments)


def trial_of(name: str) -> Experiment | None:
    """The trial of that name, as a log elsewhere is read and a token is issued; None where no trial is called so."""
    found = _NAME.fullmatch(name)
    share = float(found["share"]) / 100.0 if found is not None else 0.0
    return _trial(name, found["strategy"], share) if found is not None and 0.0 < share < 1.0 else None


def _trial(name: str, strategy: str, share: float) -> Experiment:
    switched = [(Strategy(strategy, mode),) for mode in (Mode.ON, Mode.OFF)]
    variants = (Variant(ON, share, switched[0]), Variant(CONTROL, 1.0 - share, switched[1]))
    return Experiment(name, variants, seed=f"share:{strategy}", guardrails=GUARDRAILS)
