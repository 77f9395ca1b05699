"""The `personalize` command."""

from __future__ import annotations

import sys

import click

from personalize.cli import check, console, demo, experiment, gate, learn, log, map, promote, serve, skew, uplift
from personalize.errors import PersonalizeError


class _Group(click.Group):
    """A group whose commands end with exit code 2 and a named error, never a traceback, on errors of ours."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except PersonalizeError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Group)
@click.version_option(package_name="personalize")
def main() -> None:
    """The personalisation gateway in front of a headless shop's GraphQL API."""


for command in (
    serve.serve, check.check, console.console, map.map_, demo.demo, learn.train, learn.evaluate, promote.promote,
    promote.explain, promote.insights, skew.skew, gate.gate, experiment.experiment, uplift.uplift, log.export,
    log.import_,
):  # fmt: skip
    main.add_command(command)
