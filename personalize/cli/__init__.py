"""The `personalize` command."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from personalize.errors import PersonalizeError

COMMANDS = {
    "serve": "serve:serve", "check": "check:check", "console": "console:console", "map": "map:map_",
    "demo": "demo:demo", "train": "learn:train", "evaluate": "learn:evaluate", "promote": "promote:promote",
    "explain": "promote:explain", "insights": "promote:insights", "skew": "skew:skew", "gate": "gate:gate",
    "experiment": "experiment:experiment", "uplift": "uplift:uplift", "export": "log:export", "import": "log:import_",
}  # fmt: skip
"""Where each command is defined: `module:function` of this folder. One is imported when it is asked for, since all of
them together take two seconds."""


class _Group(click.Group):
    """A group whose commands end with exit code 2 and a named error, never a traceback, on errors of ours."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except PersonalizeError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # For a name that is none, all are there: click tells which is nearest.
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                module, _, function = COMMANDS[name].partition(":")
                self.add_command(getattr(import_module(f"personalize.cli.{module}"), function), name)
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group)
@click.version_option(package_name="personalize")
def main() -> None:
    """The personalisation gateway in front of a headless shop's GraphQL API."""
