"""The header `X-Personalize-Experiment`: which variants a storefront asks for, and which ones it got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from personalize.domain.experiment import HOLDOUT, SERVED, AssignedBy, Assignment, Experiment
from personalize.telemetry import Count
from personalize.visitors.fields import FieldError, read_dictionary, read_tokens, write_dictionary
from personalize.visitors.overrides import Overrides

HEADER = "X-Personalize-Experiment"


@dataclass(frozen=True, slots=True)
class Requested:
    """What a request asks for, experiment to variant: of those open to the storefront, and by token of any."""

    declared: Mapping[str, str] = field(default_factory=dict)
    forced: Mapping[str, str] = field(default_factory=dict)


ASKED_NOTHING = Requested()


def read_requested(
    header: str | None, experiments: Iterable[Experiment], count: Count, overrides: Overrides | None = None
) -> Requested:
    """The variants a header asks for: `order=new`, or `price=new;token="..."` with an override token.

    Without a token only experiments declared `assigned_by = "header"` are open. Unknown experiments and variants,
    those that the gateway assigns itself, tokens that are not good for just this, and malformed headers are ignored
    and counted: a header never buys what the operator did not open to it.
    """
    if not header:
        return ASKED_NOTHING
    try:
        members, tokens = read_dictionary(header), read_tokens(header)
    except FieldError as error:
        count("experiment_header", error.reason)
        return ASKED_NOTHING
    known = {experiment.name: experiment for experiment in experiments}
    declared: dict[str, str] = {}
    forced: dict[str, str] = {}
    for name, variant in members.items():
        experiment = known.get(name)
        if experiment is None:
            count("experiment_header", "unknown_experiment")
        elif not isinstance(variant, str) or experiment.variant(variant) is None:
            count("experiment_header", "unknown_variant" if _open(experiment) else "not_by_header")
        elif name in tokens:
            if overrides is not None and overrides.allows(tokens[name], name, variant):
                forced[name] = variant
        elif not _open(experiment):
            count("experiment_header", "not_by_header")
        else:
            declared[name] = variant
    return Requested(declared, forced)


def _open(experiment: Experiment) -> bool:
    return experiment.assigned_by is AssignedBy.HEADER


def write_assignments(assignments: Iterable[Assignment]) -> str | None:
    """The response header's value, or None where nothing was assigned; being served, as nearly all are, is not told."""
    values = {one.experiment: one.variant for one in assignments if one.variant != SERVED or one.experiment != HOLDOUT}
    return write_dictionary(values) if values else None
