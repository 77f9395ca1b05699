"""Guarding: whether an experiment has to be stopped by itself, told from its lines as they come in."""

from __future__ import annotations

from personalize.domain.event import Event
from personalize.domain.experiment import SRM, Experiment
from personalize.errors import EvidenceError
from personalize.experiments.analyse import Finding, Plan, Report, report_of
from personalize.experiments.ledger import ASSIGNMENTS, Book
from personalize.experiments.measures import BY_NAME, SLOW

SLOWEST = 0.05
"""The share of lists that may be slower than `latency_p95_ms`."""

MISMATCH = "SAMPLE_RATIO_MISMATCH"


class Guard:
    """The lines of one experiment, and what its guardrails say of them whenever they are asked.

    Of units that were never in it nothing is kept, nor what a unit did before its first list in it.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.plan = experiment, Plan.of(experiment)
        self.book = Book(experiment.name, experiment.unit, {})
        self.limits = {one.name: one.limit for one in experiment.guardrails}
        self._known: set[str] = set()

    def __len__(self) -> int:
        return len(self.book)

    def note(self, event: Event) -> None:
        """Take in a line, in about the order of time. EventError where there are too many."""
        unit = self.book.unit_of(event)
        if unit is None:
            return
        if unit not in self._known:
            assigned = event.extra.get(ASSIGNMENTS)
            if not isinstance(assigned, dict) or self.experiment.name not in assigned:
                return
            self._known.add(unit)
        self.book.note(event)

    def judge(self) -> str | None:
        """Why the experiment has to be stopped, or None.

        It may be asked as often as one likes: the sample ratio gives a false alarm in at most one of a hundred
        experiments, and a guardrail whose measure the variant does not change in at most one of forty (the intervals
        that may be watched leave out the truth on either side in 5 %).
        """
        try:
            report = report_of(self.book.close(), self.plan)
        except EvidenceError as error:
            return f"{error.code}: {error.message}" if error.code == MISMATCH and SRM in self.limits else None
        worse = [one for one in report.findings if self._broken(one, report)]
        if not worse:
            return None
        return "GUARDRAIL: " + "; ".join(_told(one) for one in worse)

    def _broken(self, one: Finding, report: Report) -> bool:
        """Whether the whole of the interval that may be watched lies on the wrong side."""
        name = "latency_p95_ms" if one.measure is SLOW else one.measure.name
        if name not in self.limits:
            return False
        low, high = one.effect.watched
        wrong = high < 0 if one.measure.better > 0 else low > 0
        return wrong and (one.measure is not SLOW or report.levels[SLOW.name][one.variant] > SLOWEST)


def _told(one: Finding) -> str:
    low, high = one.effect.watched
    return f"{one.measure.name} of {one.variant} by {low:+.3g} to {high:+.3g} ({BY_NAME[one.measure.name].said})"
