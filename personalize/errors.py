"""The one error tree: what was met and where (message), which kind (code), how to mend it (hint)."""


class PersonalizeError(Exception):
    """Base of every error this package raises on purpose.

    `message` says what was met, where, and what was expected; `code` is a stable UPPER_SNAKE name;
    `hint` says how to mend it.
    """

    code = "PERSONALIZE_ERROR"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]" + (f"\n  hint: {self.hint}" if self.hint else "")


class SettingsError(PersonalizeError):
    """A setting is unknown, malformed or contradicts another."""

    code = "SETTINGS_INVALID"


class MapError(PersonalizeError):
    """A shop map cannot be read, or does not fit the shop's schema."""

    code = "MAP_INVALID"


class UpstreamError(PersonalizeError):
    """The shop could not be reached or did not answer in time."""

    code = "UPSTREAM_UNAVAILABLE"


class LimitError(PersonalizeError):
    """A request went over one of our own limits (body, tokens, depth, aliases)."""

    code = "LIMIT_EXCEEDED"


class StoreError(PersonalizeError):
    """A store could not be read or written."""

    code = "STORE_FAILED"


class EventError(PersonalizeError):
    """An event line or an event log is not usable."""

    code = "EVENT_INVALID"


class ArtefactError(PersonalizeError):
    """A model artefact is missing, damaged or made for other features."""

    code = "ARTEFACT_INVALID"


class EvidenceError(PersonalizeError):
    """The data cannot answer what was asked of it: too little, or not what it claims to be."""

    code = "EVIDENCE_INSUFFICIENT"


class DeskError(PersonalizeError):
    """The operator's desk refuses a change: it contradicts another, names what is not there, or comes too late."""

    code = "DESK_REFUSED"


class SignalError(PersonalizeError):
    """A service outside did not tell what a signal asks of it. `retry_after`: seconds it wants to be left alone."""

    code = "SIGNAL_FAILED"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retry_after = retry_after
