"""Accounts, for administrators: add, give another role, set a password anew, remove."""

from __future__ import annotations

from starlette.responses import Response

from personalize.console.accounts.passwords import MIN, EntryError
from personalize.console.pages.asked import Asked
from personalize.domain.desk.actor import Role
from personalize.domain.desk.store import CHANGED, AuditRow
from personalize.errors import PersonalizeError, StoreError

ACCOUNT = "account"
TRIES = 4
"""How often a line is written anew because somebody else changed the desk meanwhile."""


async def people(asked: Asked, fault: str = "", status: int = 200) -> Response:
    """All accounts."""
    found = await asked.house.door.accounts.accounts()
    return asked.show("people.html", people=found, roles=list(Role), fault=fault, least=MIN, status=status)


async def change_people(asked: Asked) -> Response:
    """One change, named by the button that was pressed."""
    door, form = asked.house.door, asked.form
    name, act = form.one("name", 64).lower(), form.one("act", 16)
    try:
        if act == "add":
            if form.raw("password") != form.raw("again"):
                raise EntryError("the passwords differ", code="NOT_TWICE")
            await door.add(name, form.raw("password"), _role(form.one("role", 16)))
        elif act == "role":
            await door.set_role(name, _role(form.one("role", 16)))
        elif act == "renew":
            await door.renew(name, form.raw("password"))
        elif act == "remove":
            await door.remove(name)
        else:
            raise EntryError("there is no such change", code="ACT_UNKNOWN")
    except PersonalizeError as error:
        told = asked.say(f"refused.{error.code}") if isinstance(error, EntryError) else error.message
        return await people(asked, told, 422)
    await _note(asked, f"account_{act}", name, form.one("role", 16))
    return asked.go("/console/people", f"account_{act}")


async def _note(asked: Asked, action: str, name: str, role: str) -> None:
    """A line of the audit: who changed whose account. Raises StoreError."""
    store, why = asked.house.desk.store, role if action in ("account_add", "account_role") else ""
    line = AuditRow(0, asked.house.clock(), asked.me.name, action, ACCOUNT, name, 0, why)
    for left in reversed(range(TRIES)):
        try:
            await store.write([], line, seen=await store.revision())
        except StoreError as error:
            if error.code != CHANGED or not left:
                raise
        else:
            return


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise EntryError(f"there is no role {text!r}", code="ROLE_UNKNOWN") from None
