"""The gate on an event log: what each signal of its context is worth to the ranker that would be trained on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from personalize.errors import EvidenceError
from personalize.features.schema import detect
from personalize.learning.examples import collect
from personalize.learning.gate.ranking import MIN_LISTS, Finding, Progress, measure
from personalize.learning.journal import load
from personalize.learning.propensity import examination_of
from personalize.learning.train import learner


@dataclass(frozen=True, slots=True)
class Worth:
    """What was found of the signals of a log with `lists` judged lists, and what of the log was `lost`, by reason."""

    lists: int
    findings: tuple[Finding, ...]
    lost: Mapping[str, Mapping[str, int]]

    def told(self) -> dict[str, Any]:
        """As JSON: `{"lists": n, "signals": {name: {"verdict", "gain", "interval", "keys"}}}`, `dropped`, `noted`."""
        signals = {finding.signal: finding.told() for finding in self.findings}
        return {"lists": self.lists, "signals": signals, **self.lost}


def gate_log(
    events: Path, until: datetime | None = None, *, seed: int = 1, threads: int = 1, progress: Progress | None = None
) -> Worth:
    """Measure every signal on the lists of a log before `until` (all, if None), as training would.

    EvidenceError where fewer than `MIN_LISTS` lists would be judged.
    """
    found = load(events, until.timestamp() if until is not None else None, progress=progress)
    schema = detect(found)
    examples = collect(found, schema, progress)
    findings = measure(examples, schema, learner(seed, threads, examination_of(found)), progress)
    if findings and all(finding.gain != finding.gain for finding in findings):
        raise EvidenceError(
            f"{events} holds {len(examples)} lists that a click answers, {MIN_LISTS} of its later 60 % are judged; "
            f"{found.said()}",
            code="TOO_FEW_LISTS",
            hint="Collect for longer; until then `train` uses no signal.",
        )
    return Worth(len(examples), findings, found.told())
