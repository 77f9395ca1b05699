"""The pages of the console: which is where, whom it lets in, and what every answer bears."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from personalize.console.accounts.door import TOKEN, csrf_of
from personalize.console.pages import (
    audit,
    dashboard,
    entrance,
    experiments,
    journal,
    offers,
    people,
    places,
    preview,
    strategies,
    words,
)  # fmt: skip
from personalize.console.pages.asked import Asked, protect
from personalize.console.pages.entrance import LANGUAGE, SESSION, THEME
from personalize.console.pages.forms import FormError, fits, foreign, read_form
from personalize.console.pages.house import House
from personalize.console.pages.paper import ASSETS
from personalize.domain.desk.actor import Role
from personalize.errors import DeskError, PersonalizeError
from personalize.gateway.edge.arrival import preferred

Handler = Callable[[Asked], Awaitable[Response]]
DOORSTEP = "personalize_doorstep"
DOORSTEP_SECONDS = 3600


class Place(NamedTuple):
    """A page: its method and path below /console, what answers, and the role it needs (None: nobody has to be)."""

    method: str
    path: str
    answer: Handler
    role: Role | None = Role.VIEWER


VIEWER, OPERATOR, ADMIN = Role.VIEWER, Role.OPERATOR, Role.ADMIN
PLACES = (
    Place("GET", "", dashboard.dashboard),
    Place("GET", "/login", entrance.enter, None),
    Place("POST", "/login", entrance.log_in, None),
    Place("POST", "/logout", entrance.log_out),
    Place("POST", "/preferences", entrance.prefer, None),
    Place("GET", "/account", entrance.account),
    Place("POST", "/account", entrance.change_password),
    Place("GET", "/strategies", strategies.overview),
    Place("GET", "/strategies/new", strategies.new, OPERATOR),
    Place("POST", "/strategies/new", strategies.create, OPERATOR),
    Place("GET", "/strategies/{name}", strategies.strategy),
    Place("GET", "/strategies/{name}/draft", strategies.draft, OPERATOR),
    Place("POST", "/strategies/{name}/draft", strategies.save, OPERATOR),
    Place("POST", "/strategies/{name}/publish", strategies.publish, OPERATOR),
    Place("POST", "/strategies/{name}/revert", strategies.revert, OPERATOR),
    Place("POST", "/strategies/{name}/reach", strategies.spread, OPERATOR),
    Place("GET", "/stop", strategies.stop, OPERATOR),
    Place("POST", "/stop", strategies.kill, OPERATOR),
    Place("POST", "/release", strategies.release, OPERATOR),
    Place("GET", "/preview", preview.preview),
    Place("POST", "/preview/pin", preview.pin, OPERATOR),
    Place("GET", "/experiments", experiments.overview),
    Place("GET", "/experiments/{name}", experiments.experiment),
    Place("GET", "/offers", offers.offers),
    Place("POST", "/offers/stop", offers.stop, OPERATOR),
    Place("POST", "/offers/release", offers.release, OPERATOR),
    Place("POST", "/experiments/{name}/resume", experiments.resume, OPERATOR),
    Place("GET", "/stores", places.places),
    Place("GET", "/events", journal.journal),
    Place("GET", "/audit", audit.audit),
    Place("GET", "/people", people.people, ADMIN),
    Place("POST", "/people", people.change_people, ADMIN),
    Place("GET", "/{rest:path}", entrance.nowhere),
)
"""Every page there is. The path of a whole strategy or switch is checked again by the desk, with the same roles."""


def routes(house: House) -> list[Route]:
    """Everything below /console."""
    return [
        Route("/", lambda _: RedirectResponse("/console", status_code=303), methods=["GET"]),
        Route("/console/static/{name}", _static, methods=["GET"]),
        *(Route(f"/console{one.path}", _guarded(house, one), methods=[one.method]) for one in PLACES),
    ]


def _guarded(house: House, place: Place) -> Callable[[Request], Awaitable[Response]]:
    """What answers a request to a place: only those it is for, only forms of ours, and never a traceback."""

    async def endpoint(request: Request) -> Response:
        try:
            asked = await _asked(house, request)
        except PersonalizeError as error:  # nobody can be told apart without the store
            house.telemetry.fault("console", error.code, error)
            response: Response = PlainTextResponse(f"{error.message}\n", 503)
            protect(response, house.secure(request))
            return response
        try:
            return await _answer(asked, place)
        except DeskError as error:
            status = 403 if error.code == "NOT_ALLOWED" else 409
            return asked.show("trouble.html", status=status, title=asked.say("trouble.refused"), fault=error)
        except PersonalizeError as error:
            house.telemetry.fault("console", error.code, error)
            return asked.show("trouble.html", status=503, title=asked.say("trouble.failed"), fault=error)
        except Exception as error:  # a bug of ours: counted, and no more is told
            house.telemetry.fault("console", type(error).__name__, error)
            return asked.show("trouble.html", status=500, title=asked.say("trouble.failed"), fault=None,
                              told=asked.say("trouble.ours"))  # fmt: skip

    return endpoint


async def _answer(asked: Asked, place: Place) -> Response:
    if place.role is not None and asked.person is None:
        onward = asked.request.url.path
        if asked.request.method == "GET" and asked.request.url.query:
            onward += f"?{asked.request.url.query}"
        return asked.go(f"/console/login?next={quote(onward, safe='')}")
    if place.role is not None and not asked.actor.may(place.role):
        needs = asked.say("trouble.needs", role=asked.say(f"role.{place.role}"))
        return asked.show("trouble.html", status=403, title=asked.say("trouble.not_allowed"), fault=None, told=needs)
    if place.method == "POST":
        try:
            asked.form = await read_form(asked.request)
        except FormError as error:
            return asked.show("trouble.html", status=400, title=asked.say("trouble.form"), fault=None, told=str(error))
        if foreign(asked.request, asked.secure) or not fits(asked.form.one("csrf"), asked.csrf):
            asked.house.telemetry.count("console", "csrf")
            return asked.show("trouble.html", status=403, title=asked.say("trouble.form"), fault=None,
                              told=asked.say("trouble.csrf"))  # fmt: skip
    return await place.answer(asked)


async def _asked(house: House, request: Request) -> Asked:
    """Who asks, and how; before anybody is logged in, a cookie of the doorstep binds the form to its browser."""
    language = request.cookies.get(LANGUAGE, "")
    if language not in words.LANGUAGES:
        language = preferred(request.headers.get("accept-language", "")[:200])
    theme = request.cookies.get(THEME, "")
    person = await house.door.who(request.cookies.get(SESSION))
    asked = Asked(
        request, house, person, language, theme if theme in ("light", "dark") else "auto", house.secure(request),
        person.csrf if person is not None else "",
    )  # fmt: skip
    if person is None:
        doorstep = request.cookies.get(DOORSTEP, "")
        if not TOKEN.fullmatch(doorstep):
            doorstep = secrets.token_urlsafe(32)
            if request.method == "GET":
                asked.cookies[DOORSTEP] = (doorstep, DOORSTEP_SECONDS)
        asked.csrf = csrf_of(doorstep)
    return asked


async def _static(request: Request) -> Response:
    """A file of the package; its address changes with its bytes, so that it may be kept."""
    found = ASSETS.get(request.path_params["name"])
    response: Response
    if found is None:
        response = PlainTextResponse("not found\n", 404)
    else:
        response = Response(found.body, media_type=found.kind)
        if request.query_params.get("v") == found.mark:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    protect(response, secure=False)
    return response
