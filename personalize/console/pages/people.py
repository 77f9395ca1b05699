"""Accounts, for administrators: add, give another role, set a password anew, remove."""

from __future__ import annotations

from starlette.responses import Response

from personalize.console.accounts.passwords import MIN, EntryError
from personalize.console.pages.asked import Asked
from personalize.domain.desk.actor import Role
from personalize.errors import PersonalizeError

ACCOUNT = "account"


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
    why = role if action in ("account_add", "account_role") else ""
    await asked.house.desk.note(asked.actor, action, ACCOUNT, name, why)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise EntryError(f"there is no role {text!r}", code="ROLE_UNKNOWN") from None
