"""The dashboard: is it well, what is on, what has it done so far, and the switch that stops everything."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.samples import Sample
from starlette.responses import Response

from personalize.console.evidence import Findings
from personalize.console.pages.asked import Asked
from personalize.console.pages.experiments import planned, summary
from personalize.domain.desk.programme import EVERYTHING
from personalize.errors import StoreError

DRIFTED = 0.25
"""PSI from which a feature counts as another one than in training (the usual rule of thumb)."""
MOST = 8


async def dashboard(asked: Asked) -> Response:
    """All of it on one page; figures of the log are left out while they are being made."""
    house = asked.house
    findings: Findings | None = None
    fault = ""
    try:
        findings = await house.evidence.ask(planned(house.effective()))
    except (StoreError, TimeoutError) as error:
        fault = str(error)
    told = [summary(one, house.watchman.halted) for one in findings.told.values()] if findings is not None else []
    drift = {group: value for one in house.decider.base.values() for group, value in _drift(one).items()}
    stopped = EVERYTHING in await house.desk.killed()
    return asked.show(
        "dashboard.html", ready=house.knowledge.ready, shop=house.settings().shop_url, findings=findings, fault=fault,
        effects=told, requests=_requests(asked), faults=_faults(asked), drift=sorted(drift.items())[:MOST],
        drifted=DRIFTED, running=house.effective().strategies, stopped=stopped, insights=_insights(findings),
        model=getattr(house.decider.base.get("ranker"), "version", ""),
    )  # fmt: skip


def _insights(findings: Findings | None) -> dict[str, int]:
    """How much there is to look at: searches without a result, items that were refused."""
    if findings is None:
        return {}
    return {key: sum(int(row["times"]) for row in findings.insights[key]) for key in ("zero_results", "refused_items")}


def _drift(decision: object) -> Mapping[str, float]:
    found: Mapping[str, float] = getattr(decision, "drift", dict)()
    return found


def _requests(asked: Asked) -> dict[str, float]:
    """Requests by outcome since the start."""
    return {one.labels["outcome"]: one.value for one in _samples(asked, "personalize_requests_total")}


def _faults(asked: Asked) -> list[tuple[str, str, float]]:
    """What was ignored, dropped or failed open, the most frequent first."""
    found = [(one.labels["kind"], one.labels["reason"], one.value)
             for one in _samples(asked, "personalize_faults_total")]  # fmt: skip
    return sorted(found, key=lambda one: (-one[2], one[0]))[:MOST]


def _samples(asked: Asked, name: str) -> list[Sample]:
    families = asked.house.telemetry.registry.restricted_registry([name]).collect()
    return [sample for family in families for sample in family.samples if sample.name == name]
