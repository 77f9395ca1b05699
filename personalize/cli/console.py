"""`personalize console`: the accounts of the console, made and mended where the gateway runs."""

from __future__ import annotations

import asyncio
import sys

import click

from personalize.console.accounts.door import Door
from personalize.domain.desk.actor import Role
from personalize.errors import SettingsError
from personalize.settings import load_settings
from personalize.stores.accounts import open_accounts

ROLES = click.Choice([role.value for role in Role])


@click.command()
@click.option("--add", metavar="NAME", help="Add an account; its password is asked for twice, or read from stdin.")
@click.option("--role", type=ROLES, help="With --add, else of an account that is there: what it may do.")
@click.option("--of", metavar="NAME", help="Change this account: its --role, or without one its password.")
@click.option("--remove", metavar="NAME", help="Remove an account and end its sessions.")
def console(add: str | None, role: str | None, of: str | None, remove: str | None) -> None:
    """Keep the accounts of the console; without options, tell which there are.

    A password is never an option: it would stand in the shell's history.
    """
    if sum(one is not None for one in (add, of, remove)) > 1:
        raise click.UsageError("Give one of --add, --of and --remove.")
    if role is not None and add is None and of is None:
        raise click.UsageError("--role goes with --add or --of.")
    url = load_settings().store_url
    if url.startswith("memory:"):
        raise SettingsError("store_url is memory://: accounts would end with this command",
                            hint="set store_url to a file, for the gateway, too")  # fmt: skip
    if add is not None and role is None:
        raise click.UsageError("--add needs a --role.")
    password = _password() if add is not None or (of is not None and role is None) else ""
    click.echo(asyncio.run(_change(url, add, Role(role) if role else None, of, remove, password)))


async def _change(
    url: str, add: str | None, role: Role | None, of: str | None, remove: str | None, password: str
) -> str:
    accounts = open_accounts(url)
    await accounts.open()
    door = Door(accounts)
    try:
        if add is not None:
            await door.add(add, password, role or Role.VIEWER)
            return f"{add} may log in, as {role}"
        if of is not None and role is not None:
            await door.set_role(of, role)
            return f"{of} is {role} now"
        if of is not None:
            await door.renew(of, password)
            return f"the password of {of} is set; the sessions ended"
        if remove is not None:
            await door.remove(remove)
            return f"{remove} is removed"
        found = await accounts.accounts()
        return "\n".join(f"{one.name}  {one.role}" for one in found) or "no account yet: personalize console --add NAME"
    finally:
        await accounts.close()


def _password() -> str:
    """Twice at a terminal, unseen; else the first line of stdin."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    return sys.stdin.readline(1024).rstrip("\r\n")
