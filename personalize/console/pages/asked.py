"""A request to a page: who asks, in which language, and the ways to answer it, with the headers that protect it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from personalize.console.accounts.door import Person
from personalize.console.pages import paper, words
from personalize.console.pages.forms import Form
from personalize.domain.desk.actor import Actor, Role

if TYPE_CHECKING:
    from personalize.console.pages.house import House

ORIGINS_MAX = 8
HOST = re.compile(r"[a-z0-9.-]{1,253}")
PREFERENCE_SECONDS = 365 * 86_400


@dataclass(slots=True)
class Asked:
    """One request. `csrf` is what its forms carry; `form` holds the fields of a POST."""

    request: Request
    house: House
    person: Person | None
    language: str
    theme: str
    secure: bool
    csrf: str
    form: Form = field(default_factory=lambda: Form([]))
    cookies: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def me(self) -> Person:
        """Who is logged in; only behind the guard."""
        assert self.person is not None
        return self.person

    @property
    def actor(self) -> Actor:
        """The same as the desk knows them."""
        return Actor(self.me.name, self.me.role)

    def query(self, name: str, most: int = 200) -> str:
        """A value of the query string, without white space around it."""
        return self.request.query_params.get(name, "")[:most].strip()

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def say(self, key: str, **values: object) -> str:
        """A text in the language of the page."""
        return words.say(self.language, key, **values)

    def told(self, key: str, otherwise: str) -> str:
        """A text that may not be there: of names that others brought."""
        return words.said(self.language, key, otherwise)

    def show(self, template: str, *, status: int = 200, images: Iterable[str] = (), **values: object) -> Response:
        """A page. `images` are addresses of pictures on it: of their origins, and no others, pictures are loaded."""
        zone = self.house.settings().shop_timezone
        told = self.query("done", 40)
        context: Mapping[str, object] = {
            "say": self.say,
            "said": partial(words.said, self.language),
            "language": self.language,
            "theme": self.theme,
            "me": self.person,
            "csrf": self.csrf,
            "here": self.request.url.path,
            "back": _back(self.request),
            "may": self._may,
            "number": partial(_second, paper.number, self.language),
            "percent": partial(_second, paper.percent, self.language),
            "moment": lambda at, seconds=False: paper.moment(at, self.language, zone, seconds),
            "done": words.said(self.language, f"done.{told}", "") if told else "",
            "field": Markup('<input type="hidden" name="csrf" value="{}">').format(self.csrf),
            **values,
        }
        html = paper.ENVIRONMENT.get_template(template).render(context)
        response = Response(html, status_code=status, media_type="text/html; charset=utf-8")
        return self.sealed(response, images)

    def go(self, path: str, done: str = "", **query: str) -> Response:
        """See another page of ours (303); `done` is the code of what to tell there."""
        told = urlencode({key: value for key, value in {"done": done, **query}.items() if value})
        joined = path + ("&" if "?" in path else "?") + told if told else path
        return self.sealed(RedirectResponse(joined, status_code=303))

    def sealed(self, response: Response, images: Iterable[str] = ()) -> Response:
        """The response with its cookies and the headers that protect it."""
        for name, (value, seconds) in self.cookies.items():
            response.set_cookie(
                name, value, max_age=seconds or None, path="/console", secure=self.secure, httponly=True,
                samesite="strict",
            ) if value else response.delete_cookie(name, path="/console", secure=self.secure, httponly=True,
                                                   samesite="strict")  # fmt: skip
        protect(response, self.secure, images)
        return response

    def _may(self, role: str) -> bool:
        return self.person is not None and Actor(self.person.name, self.person.role).may(Role(role))


def protect(response: Response, secure: bool, images: Iterable[str] = ()) -> None:
    """Nothing is loaded but what the package brings, nothing inline runs, no other site frames or reads a page."""
    origins = " ".join(["'self'", *_origins(images)])
    response.headers.update({
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {origins}; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    })  # fmt: skip
    response.headers.setdefault("Cache-Control", "no-store")
    if secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


def _origins(images: Iterable[str]) -> list[str]:
    """The origins of absolute http(s) addresses, each once, `ORIGINS_MAX` at most."""
    found: dict[str, None] = {}
    for address in images:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and host and HOST.fullmatch(host):
            found[f"{parts.scheme}://{host}" + (f":{port}" if port else "")] = None
        if len(found) >= ORIGINS_MAX:
            break
    return list(found)


def _back(request: Request) -> str:
    """Where to come back to after a form that belongs to no page: this page, with its query; of a POST its path."""
    query = request.url.query if request.method == "GET" else ""
    return f"{request.url.path}?{query}" if query else request.url.path


def _second(write, language, value, *arguments, **named):  # type: ignore[no-untyped-def]
    return write(value, language, *arguments, **named)
