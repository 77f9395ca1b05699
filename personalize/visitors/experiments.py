"""The header `X-Personalize-Experiment`: which variants a storefront asks for, and which ones it got."""

from __future__ import annotations

from collections.abc import Iterable

from personalize.domain.experiment import AssignedBy, Assignment, Experiment
from personalize.telemetry import Count
from personalize.visitors.fields import FieldError, read_dictionary, write_dictionary

HEADER = "X-Personalize-Experiment"


def read_requested(header: str | None, experiments: Iterable[Experiment], count: Count) -> dict[str, str]:
    """Experiment to variant, for experiments declared `assigned_by = "header"` only.

    Unknown experiments and variants, those that the gateway assigns itself, and malformed headers are ignored and
    counted: a header never buys what the operator did not open to it.
    """
    if not header:
        return {}
    try:
        members = read_dictionary(header)
    except FieldError as error:
        count("experiment_header", error.reason)
        return {}
    declared = {experiment.name: experiment for experiment in experiments}
    requested: dict[str, str] = {}
    for name, variant in members.items():
        experiment = declared.get(name)
        if experiment is None:
            count("experiment_header", "unknown_experiment")
        elif experiment.assigned_by is not AssignedBy.HEADER:
            count("experiment_header", "not_by_header")
        elif not isinstance(variant, str) or experiment.variant(variant) is None:
            count("experiment_header", "unknown_variant")
        else:
            requested[name] = variant
    return requested


def write_assignments(assignments: Iterable[Assignment]) -> str | None:
    """The response header's value, or None where nothing was assigned."""
    values = {assignment.experiment: assignment.variant for assignment in assignments}
    return write_dictionary(values) if values else None
