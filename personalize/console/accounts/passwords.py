"""Passwords: what is asked of a new one, and Argon2 hashes made and compared beside the event loop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from personalize.errors import PersonalizeError

T = TypeVar("T")

MIN, MAX = 12, 512
"""Characters of a password, as NIST SP 800-63B has it: long, and no rules on what they are."""

AT_ONCE = 2
WAITING = 16
"""A hash takes 64 MiB and some 50 ms of a core: two at once, and a short queue; whoever comes later is sent away."""


class EntryError(PersonalizeError):
    """A name, a password or a role that cannot be had, or a door that is shut; `code` says which."""

    code = "ENTRY_REFUSED"


class Passwords:
    """Hashes of Argon2id, parameters of RFC 9106 (second choice: 64 MiB, three passes) unless a hasher is given."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """The PHC string of a password. EntryError BUSY where too many wait."""
        return await self._run(self._hasher.hash, password)

    async def fits(self, known: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; takes as long for None, which nothing fits."""
        if not self._nobody:
            self._nobody = await self._run(self._hasher.hash, secrets.token_hex(16))
        found = await self._run(self._verify, known or self._nobody, password[:MAX])
        return found and known is not None

    def stale(self, known: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known)

    def _verify(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, job: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING:
            raise EntryError("too many passwords are being checked at this moment", code="BUSY", hint="try again")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(job, *arguments)
        finally:
            self._waiting -= 1


def check(name: str, password: str) -> None:
    """EntryError where a new password will not do: PASSWORD_SHORT, PASSWORD_LONG, PASSWORD_NAMED, PASSWORD_PLAIN."""
    if len(password) < MIN:
        raise EntryError(f"a password has {MIN} characters or more", code="PASSWORD_SHORT")
    if len(password) > MAX:
        raise EntryError(f"a password has {MAX} characters at most", code="PASSWORD_LONG")
    if name.casefold() in password.casefold() and len(password) < len(name) + MIN:
        raise EntryError("the password is hardly more than the name", code="PASSWORD_NAMED")
    if len(set(password)) < 5:
        raise EntryError("the password repeats very few characters", code="PASSWORD_PLAIN")
