"""The command `python -m bench.quality.reasons`: how far reasons agree with exact contributions."""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from pathlib import Path

import click
import numpy as np

from personalize.artefact import load
from personalize.decisions.facts import FACTS
from personalize.decisions.ordering import moved
from personalize.decisions.parameters import grouped
from personalize.decisions.reasons import explain
from personalize.decisions.scoring import Tuning, rank
from personalize.domain.visit import Visit
from personalize.learning.replay import load as read_log
from personalize.learning.replay import replay

LISTS, EACH, NEWEST = 400, 5, 0.4  # lists read, one in so many, of the newest part of the log
GROUPS = {fact.code: fact.group for fact in FACTS}
NOT_OF_FEATURES = frozenset({"bought_recently", "not_interested", "variety"})
KINDS = ("lifts most", "two that lift most", "two largest")


@click.command()
@click.option("--events", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(events: Path, model: Path) -> None:
    """Of the rows that rose: is the group that the reason names among those that lift the row, exactly?"""
    artefact, journal = load(model), read_log(events)
    tuning, names = Tuning.of(artefact.card), artefact.schema.names
    first, last = journal.span
    rows, found, cpu, lists = Counter[str](), Counter[tuple[str, str]](), 0.0, 0
    for judged in islice(replay(journal, last - NEWEST * (last - first)), 0, LISTS * EACH, EACH):
        event, prepared = judged.event, judged.prepare(artefact.schema)
        ranked = rank(artefact, prepared, judged.profile, event.session, event.context, event.at, tuning)
        visit = Visit(event.at, session=event.session, profile=judged.profile, context=event.context)
        moves, began = moved(ranked.order), time.process_time()
        reasons = explain(artefact, prepared, ranked, moves, visit)
        cpu, lists = cpu + time.process_time() - began, lists + 1
        rose = [row for row, why in reasons.items() if moves[row] > 0 and why.code not in NOT_OF_FEATURES]
        if not rose:
            continue
        raw = artefact.booster.predict(ranked.matrix[rose], pred_contrib=True, num_threads=1, validate_features=False)
        for row, parts in zip(rose, np.asarray(raw, np.float64), strict=True):
            by_group = grouped(parts[:-1], names)
            lifting = sorted(by_group, key=lambda group: -by_group[group])[:2]
            largest = sorted(by_group, key=lambda group: -abs(by_group[group]))[:2]
            code = reasons[row].code
            told = GROUPS.get(code, "")
            rows[code] += 1
            for kind, those in zip(KINDS, (lifting[:1], lifting, largest), strict=True):
                found[code, kind] += told in those
    click.echo(f"{lists} lists, {rows.total()} rows that rose, {1e3 * cpu / max(lists, 1):.2f} ms CPU a list")
    for code, count in rows.most_common():
        click.echo(f"{code:18}{count:6}  " + ", ".join(f"{kind} {found[code, kind]}" for kind in KINDS))
    for kind in KINDS:
        click.echo(f"{kind}: {sum(found[code, kind] for code in rows) / max(rows.total(), 1):.3f}")


if __name__ == "__main__":
    main()
