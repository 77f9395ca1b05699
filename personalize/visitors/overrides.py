"""Override tokens: signed, expiring orders to show one variant of an experiment to whoever holds them (preview, QA)."""

from __future__ import annotations

from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from personalize.domain.clock import Clock
from personalize.errors import SettingsError
from personalize.telemetry import Count

SALT = b"personalize.override.v1"
"""Binds signatures to this one purpose, so that no visitor id passes for a token, and no token for an id."""

HOURS_MAX = 7 * 24.0
LENGTH_MAX = 512


class Overrides:
    """Makes and reads tokens. The first secret signs, all of them are accepted; without one nothing is."""

    def __init__(self, keys: tuple[str, ...], count: Count, clock: Clock) -> None:
        self._count, self._clock = count, clock
        # itsdangerous signs with the last key of its list.
        self._signer = (
            URLSafeSerializer(
                list(reversed(keys)), salt=SALT, signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
            )
            if keys
            else None
        )

    def issue(self, experiment: str, variant: str, hours: float) -> str:
        """A token for one variant of one experiment, good for so many hours. SettingsError where none can be made."""
        if self._signer is None:
            raise SettingsError("an override token needs a secret that outlives this process",
                                hint="set PERSONALIZE_SECRET")  # fmt: skip
        if not 0 < hours <= HOURS_MAX:
            raise SettingsError(f"a token for {hours:g} hours, expected more than 0 and at most {HOURS_MAX:g}")
        until = int(self._clock() + hours * 3600)
        token = self._signer.dumps([experiment, variant, until])
        return token if isinstance(token, str) else token.decode("ascii")

    def allows(self, token: str, experiment: str, variant: str) -> bool:
        """Whether a token orders just this. What is forged, over or meant for something else is counted."""
        if self._signer is None or len(token) > LENGTH_MAX:
            self._count("experiment_header", "token_refused")
            return False
        try:
            told = self._signer.loads(token)
        except BadData:
            self._count("experiment_header", "token_forged")
            return False
        if not isinstance(told, list) or len(told) != 3 or told[:2] != [experiment, variant]:
            self._count("experiment_header", "token_for_another")
            return False
        if not isinstance(told[2], int) or told[2] <= self._clock():
            self._count("experiment_header", "token_expired")
            return False
        return True
