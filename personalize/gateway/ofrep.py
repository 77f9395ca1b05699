"""Experiments as flags: the OpenFeature Remote Evaluation Protocol, so that OpenFeature clients read assignments."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from personalize.domain.experiment import HOLDOUT, AssignedBy, Assignment, Experiment, Unit
from personalize.experiments.assign import assign
from personalize.gateway.edge.arrival import Reception
from personalize.visitors import consent, experiments
from personalize.visitors.experiments import read_requested

BODY_MAX = 64 * 1024
TEXT_MAX = 1024
KEY, CONSENT, ASKED, ACCOUNT = "targetingKey", "consent", "experiment", "account"
REASONS = {
    AssignedBy.HASH: "SPLIT", AssignedBy.HEADER: "TARGETING_MATCH", AssignedBy.TOKEN: "TARGETING_MATCH",
    AssignedBy.HALTED: "DISABLED",
}  # fmt: skip


class BadContext(Exception):
    """What was sent cannot be evaluated: `code` is one of OpenFeature's error codes."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(details)
        self.code, self.details = code, details


@dataclass(frozen=True, slots=True)
class Ofrep:
    """The two endpoints of the protocol (version 0.3, https://github.com/open-feature/protocol).

    A flag is an experiment, its value and variant the name of the variant that the gateway serves to the unit
    `targetingKey`. The evaluation context may further hold `consent`, `experiment` and `account`, which say what the
    headers of these names say of a request. It reads: nothing here switches anything on,
    and a variant that is asked for changes a price no more than the header does.
    """

    reception: Reception
    token: str = ""

    def routes(self) -> list[Route]:
        """Where the protocol has its endpoints."""
        return [
            Route("/ofrep/v1/evaluate/flags", self.all, methods=["POST"]),
            Route("/ofrep/v1/evaluate/flags/{key}", self.one, methods=["POST"]),
        ]

    async def one(self, request: Request) -> Response:
        """Evaluate a single flag: 200, 400 with a code, 401, or 404 FLAG_NOT_FOUND."""
        key = str(request.path_params["key"])
        if not self._allowed(request):
            return _answer(401, {"errorDetails": "a bearer token is needed"})
        experiment = self._flags().get(key)
        if experiment is None:
            return _answer(404, {"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": "no such experiment"})
        try:
            assigned = await self._assigned(await _context(request))
        except BadContext as error:
            return _answer(400, {"key": key, "errorCode": error.code, "errorDetails": error.details})
        return _answer(200, _told(key, assigned.get(key)))

    async def all(self, request: Request) -> Response:
        """Evaluate all flags: 200 with an entity tag, 304 where the client has them already, 400, or 401."""
        if not self._allowed(request):
            return _answer(401, {"errorDetails": "a bearer token is needed"})
        try:
            assigned = await self._assigned(await _context(request))
        except BadContext as error:
            return _answer(400, {"errorCode": error.code, "errorDetails": error.details})
        body = {"flags": [_told(key, assigned.get(key)) for key in self._flags()]}
        tag = f'"{blake2b(orjson.dumps(body), digest_size=12).hexdigest()}"'
        known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
        if tag in known or "*" in known:
            return Response(status_code=304, headers={"etag": tag, "cache-control": "no-store"})
        return _answer(200, body, etag=tag)

    def _allowed(self, request: Request) -> bool:
        if not self.token:
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _flags(self) -> dict[str, Experiment | None]:
        settings = self.reception.settings
        found: dict[str, Experiment | None] = {one.name: one for one in settings.experiments}
        return found

    async def _assigned(self, context: Mapping[str, Any]) -> dict[str, Assignment]:
        """What the gateway serves to the unit of a context, by experiment. Raises BadContext."""
        reception = self.reception
        key = _text(context, KEY)
        if not key:
            raise BadContext("TARGETING_KEY_MISSING", f"the context has no {KEY}: the visitor's id")
        visitor = reception.who.resolve(key, None)
        if visitor is None:
            raise BadContext("INVALID_CONTEXT", f"{KEY} is no visitor id: 8 to 128 characters, or one that was signed")
        settings, count = reception.settings, reception.telemetry.count
        agreement = consent.read_consent(_text(context, CONSENT), None, settings.consent_default, count)
        permissions = consent.allowed(agreement)
        visitor, _ = await reception.profiles.find(visitor, permissions.profile)  # who they were before they signed in
        requested = read_requested(_text(context, ASKED), settings.experiments, count, reception.overrides)
        units = {Unit.VISITOR: visitor.value}
        if (account := reception.accounts.read(_text(context, ACCOUNT))) is not None:
            units[Unit.ACCOUNT] = account
        found = assign(
            settings.experiments, units, requested.declared, forced=requested.forced,
            hashed=permissions.experiment, holdout=settings.holdout, halted=reception.halted,
        )  # fmt: skip
        return {one.experiment: one for one in found if one.experiment != HOLDOUT}


def _told(key: str, assignment: Assignment | None) -> dict[str, object]:
    """A flag as evaluated; one that the unit is not in has no value, and the code's default holds."""
    if assignment is None:
        return {"key": key, "reason": "DEFAULT", "variant": ""}  # some clients take a missing variant amiss
    return {
        "key": key, "value": assignment.variant, "variant": assignment.variant, "reason": REASONS[assignment.by],
        "metadata": {"assignedBy": assignment.by.value, "header": experiments.HEADER},
    }  # fmt: skip


async def _context(request: Request) -> dict[str, Any]:
    """The evaluation context of a request. Raises BadContext."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_MAX:
            raise BadContext("PARSE_ERROR", f"the body is larger than {BODY_MAX} bytes")
        chunks.append(chunk)
    try:
        raw = orjson.loads(b"".join(chunks))
    except orjson.JSONDecodeError:
        raise BadContext("PARSE_ERROR", "the body is not JSON") from None
    context = raw.get("context") if isinstance(raw, dict) else None
    if not isinstance(context, dict):
        raise BadContext("INVALID_CONTEXT", "the body has no object `context`")
    return context


def _text(context: Mapping[str, Any], key: str) -> str | None:
    value = context.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise BadContext("INVALID_CONTEXT", f"{key} is no text of up to {TEXT_MAX} characters")
    return value


def _answer(status: int, body: Mapping[str, object], **headers: str) -> Response:
    return Response(
        orjson.dumps(body), status_code=status, media_type="application/json",
        headers={"cache-control": "no-store", **headers},
    )  # fmt: skip
