"""Who gets which variant: deterministic, sticky and uniform, by a hash that GrowthBook's SDKs share."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache

from personalize.domain.experiment import (
    HELD,
    HOLDOUT,
    INTERLEAVED,
    SERVED,
    AssignedBy,
    Assignment,
    Experiment,
    Namespace,
    Unit,
)
from personalize.domain.strategy import Mode, Strategy

OFFSET, PRIME, MASK = 2166136261, 16777619, 0xFFFFFFFF
STEPS = 10_000
NAMESPACE_STEPS = 1_000

NOTHING: Mapping[str, str] = {}


def fnv32a(text: str) -> int:
    """FNV-1a, 32 bit, over the UTF-8 bytes (http://www.isthe.com/chongo/tech/comp/fnv/)."""
    value = OFFSET
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * PRIME) & MASK
    return value


@lru_cache(16_384)  # a visitor's next request asks the same, and bytes are slow one by one
def bucket(seed: str, unit: str) -> float:
    """Where a unit falls, in [0, 1) in steps of 0.0001: hash version 2 of the GrowthBook SDK specification."""
    return fnv32a(str(fnv32a(seed + unit))) % STEPS / STEPS


def within(namespace: Namespace, unit: str) -> bool:
    """Whether a unit falls in a part of a namespace: hash version 1 of the specification, in steps of 0.001."""
    place = fnv32a(f"{unit}__{namespace.name}") % NAMESPACE_STEPS / NAMESPACE_STEPS
    return namespace.low <= place < namespace.high


def bucket_ranges(
    variants: int, coverage: float = 1.0, weights: Sequence[float] | None = None
) -> tuple[tuple[float, float], ...]:
    """The range [low, high) of each variant, as the GrowthBook SDK specification computes it.

    `coverage` is clipped to 0..1 and shrinks each range from its end; weights that do not fit (number, sum within
    0.01 of 1) count as equal.
    """
    coverage = min(max(coverage, 0.0), 1.0)
    if weights is None or len(weights) != variants or not 0.99 <= sum(weights) <= 1.01:
        weights = [1.0 / variants] * variants
    ranges, low = [], 0.0
    for weight in weights:
        ranges.append((low, low + coverage * weight))
        low += weight
    return tuple(ranges)


def choose(place: float, ranges: Iterable[tuple[float, float]]) -> int:
    """The number of the range that `place` falls in, or -1."""
    for number, (low, high) in enumerate(ranges):
        if low <= place < high:
            return number
    return -1


def takes_part(strategy: Strategy, unit: str) -> bool:
    """Whether a unit is within the share of a strategy; more of a share keeps everybody who is in already."""
    # The prefix keeps a share independent of an experiment that bears the strategy's name.
    return bucket(f"share:{strategy.name}", unit) < strategy.share


def held_out(unit: str, share: float) -> bool:
    """Whether a visitor is one of the `share` that get the shop's own answer; a larger share keeps those held out."""
    return bucket("holdout:", unit) < share


def assign(
    experiments: Iterable[Experiment], units: Mapping[Unit, str], requested: Mapping[str, str] = NOTHING, *,
    hashed: bool, forced: Mapping[str, str] = NOTHING, holdout: float = 0.0, halted: Container[str] = (),
) -> tuple[Assignment, ...]:  # fmt: skip
    """The assignments of one request, in the order of declaration.

    `units` are the ids at hand; an experiment whose unit is not among them assigns nobody, nor does any hash where
    `hashed` (the permission) is False. `requested` is what the storefront's header asks of experiments that are open
    to it, `forced` what a token orders, of any; both are checked (`visitors/experiments.py`).

    With a `holdout` every visitor that may be hashed is in the experiment `HOLDOUT`; those held out are in no other,
    whatever the storefront asks, unless a token says so for this request.

    Who is in an experiment of `halted` names gets its control, as nobody's data; a token still shows the others. A unit
    is in one interleaved experiment at most, the first declared: one list cannot show two pairs of orders.
    """
    found: list[Assignment] = []
    mixed = False
    visitor = units.get(Unit.VISITOR)
    if holdout > 0 and hashed and visitor is not None and not forced:
        held = held_out(visitor, holdout)
        found.append(Assignment(HOLDOUT, HELD if held else SERVED, AssignedBy.HASH))
        if held:
            return tuple(found)
    for experiment in experiments:
        name = experiment.name
        if name in forced:
            found.append(Assignment(name, forced[name], AssignedBy.TOKEN))
        elif experiment.assigned_by is AssignedBy.HEADER:
            variant = requested.get(name)
            if variant is not None:
                found.append(_or_control(Assignment(name, variant, AssignedBy.HEADER), experiment, halted))
        elif hashed and (unit := units.get(experiment.unit)) is not None:
            if experiment.namespace is not None and not within(experiment.namespace, unit):
                continue
            weights = [variant.weight for variant in experiment.variants]
            ranges = bucket_ranges(len(weights), experiment.coverage, weights)
            number = choose(bucket(experiment.seed or name, unit), ranges)
            if number < 0 or (experiment.interleaved and mixed):
                continue
            mixed = mixed or experiment.interleaved
            chosen = INTERLEAVED if experiment.interleaved else experiment.variants[number].name
            found.append(_or_control(Assignment(name, chosen, AssignedBy.HASH), experiment, halted))
    return tuple(found)


def _or_control(one: Assignment, experiment: Experiment, halted: Container[str]) -> Assignment:
    return one if one.experiment not in halted else Assignment(one.experiment, experiment.control, AssignedBy.HALTED)


def running(
    strategies: Iterable[Strategy],
    experiments: Iterable[Experiment],
    assignments: Iterable[Assignment],
    unit: str | None,
    *,
    hashed: bool,
    pricing: Container[str] = (),
) -> dict[str, Mode]:
    """What runs in this request: strategy name to ON or SHADOW, in the operator's order; the rest is off.

    A variant's switches replace the operator's by name; of two experiments that set one strategy the later declared
    wins. A share needs a unit that may be hashed: without one the strategy is off. Who is held out gets nothing.

    `pricing` names strategies that may change a price: a header or a token can switch these off, never on.
    """
    switches = {switch.name: switch for switch in strategies}
    by_name = {experiment.name: experiment for experiment in experiments}
    for assignment in assignments:
        if assignment.experiment == HOLDOUT and assignment.variant == HELD:
            return {}
        experiment = by_name.get(assignment.experiment)
        variant = experiment.variant(assignment.variant) if experiment else None
        if variant is None:
            continue
        if variant.all_off:
            switches.clear()
        by_header = experiment is not None and experiment.assigned_by is AssignedBy.HEADER
        asked = assignment.by.asked or (assignment.by is AssignedBy.HALTED and by_header)
        for switch in variant.strategies:
            if switch.mode is Mode.OFF or not (asked and switch.name in pricing):
                switches[switch.name] = switch
    modes: dict[str, Mode] = {}
    for name, switch in switches.items():
        if switch.mode is Mode.SHARE:
            if unit is not None and hashed and takes_part(switch, unit):
                modes[name] = Mode.ON
        elif switch.mode is not Mode.OFF:
            modes[name] = switch.mode
    return modes
