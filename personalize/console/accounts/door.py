"""The door of the console: log in, log out, who is there, and what administrators do with accounts."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from personalize.console.accounts.passwords import EntryError, Passwords, check
from personalize.console.accounts.throttle import Throttle
from personalize.domain.clock import Clock
from personalize.domain.desk.account import NAME, Account, Accounts, SignIn
from personalize.domain.desk.actor import Role

IDLE, ABSOLUTE = 30 * 60.0, 12 * 3600.0
"""Seconds after which a session ends: unused, and in any case."""
SEEN_EVERY = 60.0
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_CSRF = b"personalize.console.csrf.v1"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in, by which session, and the token that their forms carry."""

    name: str
    role: Role
    digest: str
    csrf: str


class Door:
    """What stands between a request and the console. `clock` is seconds since the epoch, `steady` monotonic."""

    def __init__(
        self, accounts: Accounts, clock: Clock = time.time, steady: Callable[[], float] = time.monotonic,
        passwords: Passwords | None = None,
    ) -> None:  # fmt: skip
        self.accounts, self._clock = accounts, clock
        self._passwords = passwords or Passwords()
        self._throttle = Throttle(steady)

    async def log_in(self, name: str, password: str, address: str) -> str:
        """The token of a new session. EntryError: WAIT (too many failures), WRONG (name or password), BUSY.

        It takes as long for a name that nobody bears, and says the same.
        """
        name = name.strip().lower()[:64]
        account = await self.accounts.account(name)
        wait = self._throttle.attempt(name, address, known=account is not None)
        if wait > 0:
            raise EntryError("too many attempts failed", code="WAIT", hint=f"try again in {wait:.0f} s")
        if not await self._passwords.fits(account.password if account else None, password) or account is None:
            raise EntryError("name or password are wrong", code="WRONG")
        self._throttle.passed(name, address)
        now = self._clock()
        if self._passwords.stale(account.password):
            await self.accounts.change_account(replace(account, password=await self._passwords.hash(password)))
        token = secrets.token_urlsafe(32)
        await self.accounts.prune(now)
        await self.accounts.begin(SignIn(digest_of(token), name, now, now, now + ABSOLUTE))
        return token

    async def who(self, token: str | None) -> Person | None:
        """Whose session a cookie's token is, None where it is none or over."""
        if token is None or not TOKEN.fullmatch(token):
            return None
        digest, now = digest_of(token), self._clock()
        session = await self.accounts.session(digest)
        if session is None:
            return None
        account = await self.accounts.account(session.account)
        if account is None or now >= session.ends_at or now >= session.seen_at + IDLE:
            await self.accounts.end(digest)
            return None
        if now >= session.seen_at + SEEN_EVERY:
            await self.accounts.seen(digest, now)
        return Person(account.name, account.role, digest, csrf_of(token))

    async def log_out(self, person: Person) -> None:
        """End this session."""
        await self.accounts.end(person.digest)

    async def change_password(self, person: Person, old: str, new: str, address: str) -> None:
        """Change one's own password; every other session ends. EntryError as of `log_in`, and of `check`."""
        account = await self.accounts.account(person.name)
        wait = self._throttle.attempt(person.name, address, known=True)
        if wait > 0:
            raise EntryError("too many attempts failed", code="WAIT", hint=f"try again in {wait:.0f} s")
        if account is None or not await self._passwords.fits(account.password, old):
            raise EntryError("the old password is wrong", code="WRONG_OLD")
        self._throttle.passed(person.name, address)
        check(person.name, new)
        hashed = await self._passwords.hash(new)
        await self.accounts.change_account(replace(account, password=hashed, changed_at=self._clock()))
        await self.accounts.end_all(person.name, but=person.digest)

    async def add(self, name: str, password: str, role: Role) -> Account:
        """A new account. EntryError: NAME_INVALID, NAME_TAKEN, and of `check`."""
        if not re.fullmatch(NAME, name):
            raise EntryError(
                f"{name!r} is no name of an account", code="NAME_INVALID",
                hint="small letters, digits and . _ @ + -, 64 at most, the first a letter or digit",
            )  # fmt: skip
        check(name, password)
        now = self._clock()
        account = Account(name, role, await self._passwords.hash(password), now, now)
        if not await self.accounts.add_account(account):
            raise EntryError(f"there is an account {name!r} already", code="NAME_TAKEN")
        return account

    async def renew(self, name: str, password: str) -> None:
        """Set the password of somebody who lost it; their sessions end. EntryError: NAME_UNKNOWN, and of `check`."""
        account = await self._known(name)
        check(name, password)
        hashed = await self._passwords.hash(password)
        await self.accounts.change_account(replace(account, password=hashed, changed_at=self._clock()))
        await self.accounts.end_all(name)

    async def set_role(self, name: str, role: Role) -> None:
        """Give another role; it holds from the next request on. EntryError: NAME_UNKNOWN, LAST_ADMIN."""
        account = await self._known(name)
        await self._keep_an_admin(account, role)
        await self.accounts.change_account(replace(account, role=role, changed_at=self._clock()))

    async def remove(self, name: str) -> None:
        """Remove an account and end its sessions. EntryError: NAME_UNKNOWN, LAST_ADMIN."""
        await self._keep_an_admin(await self._known(name), None)
        await self.accounts.remove_account(name)

    async def _known(self, name: str) -> Account:
        account = await self.accounts.account(name)
        if account is None:
            raise EntryError(f"there is no account {name!r}", code="NAME_UNKNOWN")
        return account

    async def _keep_an_admin(self, account: Account, role: Role | None) -> None:
        if account.role is not Role.ADMIN or role is Role.ADMIN:
            return
        admins = [one for one in await self.accounts.accounts() if one.role is Role.ADMIN]
        if len(admins) < 2:
            raise EntryError("somebody has to be administrator", code="LAST_ADMIN", hint="make another one first")


def digest_of(token: str) -> str:
    """What is stored of a token: whoever reads the store cannot log in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """The token that forms of a session carry: bound to it, and telling nothing of it."""
    return hmac.new(token.encode(), _CSRF, hashlib.sha256).hexdigest()
