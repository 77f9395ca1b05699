"""`personalize skew`: whether what a gateway served by is what the log gives again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import orjson

from personalize.artefact import load
from personalize.decisions.ranker import locate
from personalize.learning.replay import load as read_log
from personalize.learning.skew import skew as find_skew

_LOG = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--events", required=True, type=_LOG, help="The event log, JSON Lines, plain or .gz.")
@click.option("--model", required=True, type=_FOLDER, help="The model that was served.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def skew(events: Path, model: Path, as_json: bool) -> None:
    """Compute again the vectors that the gateway sampled into the log, and say which differ."""
    found = find_skew(read_log(events), load(locate(str(model))).schema)
    if as_json:
        click.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
        return
    compared = found.sampled - found.foreign - found.unreadable - found.unknown
    click.echo(f"{found.sampled} lists bear vectors; {found.exact} of {compared} compared are exactly the same")
    if found.foreign:
        click.echo(f"{found.foreign} were served by another model")
    if found.unreadable:
        click.echo(f"{found.unreadable} bear vectors that make no sense")
    if found.unknown:
        click.echo(f"{found.unknown} cannot be computed: the log does not hold what was before them")
    for name, count in found.columns.most_common(10):
        click.echo(f"  {name} differs in {count}")
