"""Accounts of the console and their sessions as values, and what a store of them has to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from personalize.domain.desk.actor import Role
from personalize.errors import StoreError

MAX_ACCOUNTS = 200
MAX_SESSIONS = 20
"""Sessions of one account that are kept; an older one ends when a newer one begins."""
NAME = r"[a-z0-9][a-z0-9._@+-]{0,63}"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in. `password` is an Argon2 hash in PHC form; times are seconds since the epoch."""

    name: str
    role: Role
    password: str
    made_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session: the SHA-256 of its token (hex), never the token; it ends at `ends_at` whatever happens."""

    digest: str
    account: str
    begun_at: float
    seen_at: float
    ends_at: float


def full() -> StoreError:
    """What adding one more gets."""
    return StoreError(
        f"there are {MAX_ACCOUNTS} accounts already", code="ACCOUNTS_FULL", hint="remove those nobody uses"
    )


class Accounts(Protocol):
    """Where accounts and sessions stay. Every method raises `StoreError`, soon, and never blocks the loop."""

    async def open(self) -> None:
        """Connect and bring the tables up to date. Later calls connect by themselves if this failed."""
        ...

    async def close(self) -> None:
        """Let go of files and threads. Closing twice is allowed."""
        ...

    async def account(self, name: str) -> Account | None:
        """The account of exactly that name, or None."""
        ...

    async def accounts(self) -> list[Account]:
        """All accounts in the order of their names, at most `MAX_ACCOUNTS`."""
        ...

    async def add_account(self, account: Account) -> bool:
        """Add it; False where the name is taken. StoreError `ACCOUNTS_FULL` beyond `MAX_ACCOUNTS`."""
        ...

    async def change_account(self, account: Account) -> bool:
        """Replace role and password of the account of that name; False where there is none."""
        ...

    async def remove_account(self, name: str) -> bool:
        """Remove an account and end its sessions; whether there was one."""
        ...

    async def begin(self, session: SignIn) -> None:
        """Keep a session; of one account the `MAX_SESSIONS` newest stay."""
        ...

    async def session(self, digest: str) -> SignIn | None:
        """The session of that digest, ended or not by its times, or None."""
        ...

    async def seen(self, digest: str, at: float) -> None:
        """Note when a session was last used."""
        ...

    async def end(self, digest: str) -> bool:
        """End one session; whether there was one."""
        ...

    async def end_all(self, account: str, but: str = "") -> int:
        """End the sessions of an account, all but one digest; how many ended."""
        ...

    async def prune(self, at: float) -> int:
        """Delete sessions whose `ends_at` has come; how many."""
        ...
