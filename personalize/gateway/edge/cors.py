"""Cross-origin answers (Fetch standard): the shop's own policy, with our headers let through."""

from __future__ import annotations

from cachetools import TTLCache

from personalize.gateway.edge.caching import varied
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.upstream import Answer, Headers

REQUEST_HEADERS = (
    "x-personalize-visitor", "x-personalize-consent", "x-personalize-experiment", "x-personalize-context",
    "x-personalize-account",
)  # fmt: skip
RESPONSE_HEADERS = "X-Personalize-Visitor, X-Personalize-Experiment, Server-Timing"
RESPONSE_JSON = "application/graphql-response+json"
EXPOSE = "access-control-expose-headers"
MAX_ORIGINS = 1_000
ORIGIN_SECONDS = 3600.0


class Cors:
    """Knows how the shop answers each origin and `Accept`, so that an answer without the shop carries the same headers.

    `origins` are the operator's own: for them we answer ourselves, preflights too; `*` allows every origin (without
    credentials). `session` is the response header in which the shop hands out its sessions: scripts have to read it.
    """

    def __init__(self, origins: tuple[str, ...], session: str | None = None) -> None:
        self.origins = origins
        self.exposed = f"{RESPONSE_HEADERS}, {session}" if session else RESPONSE_HEADERS
        self.learned: TTLCache[str, Headers] = TTLCache(MAX_ORIGINS, ORIGIN_SECONDS)
        self.kinds: TTLCache[str, str] = TTLCache(MAX_ORIGINS, ORIGIN_SECONDS)

    def learn(self, call: Call, answer: Answer) -> None:
        """Note what the shop lets this origin do, and which content type it answers this `Accept` with."""
        self.learned[call.header("origin") or ""] = [
            pair for pair in answer.headers if pair[0].startswith("access-control-") or pair[0] == "vary"
        ]
        if answer.status == 200 and answer.json:
            self.kinds[call.header("accept") or ""] = answer.header("content-type") or ""

    def known(self, call: Call) -> bool:
        """Whether an answer to this call can be made without the shop."""
        origin = call.header("origin") or ""
        return (origin in self.learned or self._allowed(origin)) and (call.header("accept") or "") in self.kinds

    def headers(self, call: Call) -> Headers:
        """The headers of an answer that the shop had no part in."""
        origin = call.header("origin") or ""
        accept = call.header("accept") or ""
        guess = RESPONSE_JSON if RESPONSE_JSON in accept else "application/json"
        kind = self.kinds.get(accept, f"{guess}; charset=utf-8")
        return [*self.learned.get(origin, ()), ("content-type", kind)]

    def finish(self, call: Call, headers: Headers) -> Headers:
        """An answer's headers with ours exposed to scripts."""
        headers, origin = self.passed(call, headers), call.header("origin")
        if origin is None or self._allowed(origin):
            return headers
        if not any(name == "access-control-allow-origin" for name, _ in headers):
            return headers
        told = [value for name, value in headers if name == EXPOSE and value]
        kept = [pair for pair in headers if pair[0] != EXPOSE]
        return [*kept, (EXPOSE, ", ".join([*told, RESPONSE_HEADERS]))]

    def passed(self, call: Call, headers: Headers) -> Headers:
        """The headers of any answer: for the operator's own origins, what they may do is ours to say.

        It depends on the origin also where none is named: such an answer would be of no use to scripts of another.
        """
        if not self.origins:
            return headers
        origin = call.header("origin") or ""
        if self._allowed(origin):
            told = [value for name, value in headers if name == EXPOSE and value]
            headers = [pair for pair in headers if not pair[0].startswith("access-control-")]
            headers += [*self._own(origin), (EXPOSE, ", ".join([*told, self.exposed]))]
        return varied(headers, ("Origin",))

    def preflight(self, call: Call) -> Headers | None:
        """Our own answer to a preflight, None where the shop answers it."""
        origin = call.header("origin")
        if origin is None or not self._allowed(origin):
            return None
        asked = call.header("access-control-request-headers") or "content-type"
        return [
            *self._own(origin),
            ("access-control-allow-methods", "GET, POST, QUERY, OPTIONS"),
            ("access-control-allow-headers", asked),
            ("access-control-max-age", "600"),
            ("vary", "Origin, Access-Control-Request-Headers"),
        ]

    @staticmethod
    def without_ours(call: Call) -> None:
        """Take our header names out of a preflight, since the shop does not know them."""
        name = "access-control-request-headers"
        asked = [part.strip() for part in (call.header(name) or "").split(",") if part.strip()]
        kept = [part for part in asked if part.lower() not in REQUEST_HEADERS]
        call.headers = [pair for pair in call.headers if pair[0] != name]
        if kept:
            call.headers.append((name, ", ".join(kept)))

    @staticmethod
    def allow_ours(headers: Headers) -> Headers:
        """The shop's preflight answer with our headers and QUERY allowed wherever it allows the origin."""
        if not any(name == "access-control-allow-origin" for name, _ in headers):
            return headers
        ours = {"access-control-allow-headers": ", ".join(REQUEST_HEADERS), "access-control-allow-methods": "QUERY"}
        kept = [pair for pair in headers if pair[0] not in ours]
        for name, added in ours.items():
            allowed = ", ".join(value for key, value in headers if key == name and value)
            kept.append((name, f"{allowed}, {added}".lstrip(", ")))
        return kept

    def _allowed(self, origin: str) -> bool:
        return bool(origin) and (origin in self.origins or "*" in self.origins)

    def _own(self, origin: str) -> Headers:
        if origin not in self.origins:
            return [("access-control-allow-origin", "*")]
        return [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true"),
        ]
