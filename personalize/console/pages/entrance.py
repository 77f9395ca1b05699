"""The entrance: log in, log out, one's own account, language and light."""

from __future__ import annotations

from starlette.responses import Response

from personalize.console.accounts.passwords import MIN, EntryError
from personalize.console.pages import words
from personalize.console.pages.asked import PREFERENCE_SECONDS, Asked
from personalize.console.pages.forms import within

SESSION, LANGUAGE, THEME = "personalize_session", "personalize_language", "personalize_theme"


async def enter(asked: Asked) -> Response:
    """The form to log in; without any account it says how to make one."""
    if asked.person is not None:
        return asked.go(within(asked.query("next", 2_000)))
    return await _form(asked, within(asked.query("next", 2_000)))


async def _form(asked: Asked, onward: str, fault: str = "", name: str = "", status: int = 200) -> Response:
    nobody = not await asked.house.door.accounts.accounts()
    return asked.show("login.html", status=status, onward=onward, fault=fault, name=name, nobody=nobody,
                      kept=not asked.house.settings().store_url.startswith("memory:"))  # fmt: skip


async def log_in(asked: Asked) -> Response:
    """Begin a session, and go where the visitor wanted to."""
    name, onward = asked.form.one("name", 64), within(asked.form.one("next", 2_000))
    try:
        token = await asked.house.door.log_in(name, asked.form.raw("password"), address_of(asked))
    except EntryError as error:
        status = 429 if error.code in ("WAIT", "BUSY") else 403
        asked.house.telemetry.count("console_login", error.code.lower())
        response = await _form(asked, onward, asked.say(f"refused.{error.code}"), name, status)
        if error.code == "WAIT":
            response.headers["Retry-After"] = "".join(c for c in error.hint if c.isdigit()) or "60"
        return response
    asked.cookies[SESSION] = (token, 0)
    return asked.go(onward)


async def log_out(asked: Asked) -> Response:
    """End the session."""
    await asked.house.door.log_out(asked.me)
    asked.cookies[SESSION] = ("", 0)
    return asked.go("/console/login", "left")


async def account(asked: Asked, fault: str = "", status: int = 200) -> Response:
    """One's own account: role, and another password."""
    return asked.show("account.html", fault=fault, least=MIN, status=status)


async def change_password(asked: Asked) -> Response:
    """Another password for oneself; every other session ends."""
    old, new, again = (asked.form.raw(key) for key in ("old", "new", "again"))
    if new != again:
        return await account(asked, asked.say("refused.NOT_TWICE"), 422)
    try:
        await asked.house.door.change_password(asked.me, old, new, address_of(asked))
    except EntryError as error:
        return await account(asked, asked.say(f"refused.{error.code}"), 422)
    return asked.go("/console/account", "password")


async def prefer(asked: Asked) -> Response:
    """Keep language and light in cookies, and go back."""
    if (language := asked.form.one("language", 8)) in words.LANGUAGES:
        asked.cookies[LANGUAGE] = (language, PREFERENCE_SECONDS)
    if (theme := asked.form.one("theme", 8)) in ("light", "dark", "auto"):
        asked.cookies[THEME] = (theme, PREFERENCE_SECONDS)
    return asked.go(within(asked.form.one("back", 2_000)))


def address_of(asked: Asked) -> str:
    """Who is at the other end: behind trusted proxies, whom the last of them saw."""
    return asked.house.address(asked.request)


async def nowhere(asked: Asked) -> Response:
    """A page that is not there; with a stroke at its end, the dashboard is."""
    if not asked.path("rest"):
        return asked.go("/console")
    return asked.show("trouble.html", status=404, title=asked.say("trouble.nothing"), fault=None,
                      told=asked.request.url.path[:200])  # fmt: skip
