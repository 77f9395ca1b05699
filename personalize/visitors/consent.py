"""What a visitor agreed to, and what that allows: the one table of the law of consent."""

from __future__ import annotations

from personalize.domain.permission import Agreement, Keep, Permissions, Trace
from personalize.domain.visit import Consent
from personalize.telemetry import Count
from personalize.visitors.fields import FieldError, read_list

HEADER = "X-Personalize-Consent"
OBJECTION = "Sec-GPC"

PERSONALIZATION = "personalization"
EXPERIMENTS = "experiments"
SESSION = "session"
NONE = "none"


_TABLE = {
    Consent.NONE: (False, False, Keep.NOWHERE, Trace.NOBODY),
    Consent.SESSION: (False, True, Keep.MEMORY, Trace.SESSION),
    Consent.CONSENTED: (True, True, Keep.STORE, Trace.VISITOR),
}


def allowed(agreement: Agreement) -> Permissions:
    """The table: what an agreement allows."""
    visitor, run, profile, log = _TABLE[agreement.mode]
    return Permissions(id=visitor, run=run, profile=profile, experiment=agreement.experiments, log=log)


def read_consent(header: str | None, objection: str | None, default: Consent, count: Count) -> Agreement:
    """The agreement of a request.

    `header` is `X-Personalize-Consent` (a list of `personalization` or `session`, and `experiments`; `none` or empty
    refuses all), `objection` is `Sec-GPC`. Without a header the operator's `default` holds, where `consented` covers
    experiments too; a malformed header is counted and is a refusal, since what it meant is unknown.
    `Sec-GPC: 1` objects to a profile, whatever else is said.
    """
    agreement = _default(default) if header is None else _read(header, count)
    if objection is not None and objection.strip() == "1":
        return Agreement(Consent.NONE, agreement.experiments and header is not None)
    return agreement


def _default(mode: Consent) -> Agreement:
    return Agreement(mode, mode is Consent.CONSENTED)


def _read(header: str, count: Count) -> Agreement:
    try:
        words = read_list(header)
    except FieldError as error:
        count("consent_header", error.reason)
        return Agreement()
    for word in words:
        if word not in (PERSONALIZATION, EXPERIMENTS, SESSION, NONE):
            count("consent_header", "unknown_word")
    if NONE in words:
        return Agreement()
    mode = Consent.CONSENTED if PERSONALIZATION in words else Consent.SESSION if SESSION in words else Consent.NONE
    return Agreement(mode, EXPERIMENTS in words)
