"""The command `python -m bench.quality`: trains and evaluates on the Complete Journey, or on any event log."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from bench.quality.journey import TEST_WEEK, write_log
from personalize.cli.learn import Moment, report, training

FOLDER = Path(".cache/bench/quality")


@click.command()
@click.option("--events", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another event log.")
@click.option("--until", type=Moment(), help="Train before this time, judge from it on (with --events).")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(events: Path | None, until: datetime | None, seed: int, as_json: bool) -> None:
    """Train on a log's earlier part and judge its later part beside the simple rules."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if events is None:
        click.echo(
            f"The Complete Journey, lists of best sellers, judged from week {TEST_WEEK} on. Its package says that the "
            "data is simulated, based on real shopping.",
            err=True,
        )
        events, note = FOLDER / "journey.jsonl.gz", FOLDER / "journey.until"
        if not note.exists():
            note.write_text(write_log(events))
        until = datetime.fromisoformat(note.read_text())
    if until is None:
        raise click.UsageError("--events needs --until")
    training(events, until, FOLDER / "model", seed)
    report(events, until, FOLDER / "model", as_json=as_json)


if __name__ == "__main__":
    main()
