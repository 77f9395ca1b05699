"""The reference accounts: in this process, gone with it."""

from __future__ import annotations

from dataclasses import replace

from personalize.domain.desk.account import MAX_ACCOUNTS, MAX_SESSIONS, Account, SignIn, full


class MemoryAccounts:
    """The reference: gone with its process."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._sessions: dict[str, SignIn] = {}

    @classmethod
    def from_url(cls, url: str) -> MemoryAccounts:
        """`memory://`; the address holds nothing else."""
        return cls()

    async def open(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def account(self, name: str) -> Account | None:
        return self._accounts.get(name)

    async def accounts(self) -> list[Account]:
        return [self._accounts[name] for name in sorted(self._accounts)]

    async def add_account(self, account: Account) -> bool:
        if account.name in self._accounts:
            return False
        if len(self._accounts) >= MAX_ACCOUNTS:
            raise full()
        self._accounts[account.name] = account
        return True

    async def change_account(self, account: Account) -> bool:
        known = self._accounts.get(account.name)
        if known is None:
            return False
        self._accounts[account.name] = replace(account, made_at=known.made_at)
        return True

    async def remove_account(self, name: str) -> bool:
        await self.end_all(name)
        return self._accounts.pop(name, None) is not None

    async def begin(self, session: SignIn) -> None:
        self._sessions[session.digest] = session
        mine = sorted(
            (one for one in self._sessions.values() if one.account == session.account),
            key=lambda one: (one.begun_at, one.digest),
        )
        for old in mine[:-MAX_SESSIONS]:
            del self._sessions[old.digest]

    async def session(self, digest: str) -> SignIn | None:
        return self._sessions.get(digest)

    async def seen(self, digest: str, at: float) -> None:
        if (known := self._sessions.get(digest)) is not None:
            self._sessions[digest] = replace(known, seen_at=at)

    async def end(self, digest: str) -> bool:
        return self._sessions.pop(digest, None) is not None

    async def end_all(self, account: str, but: str = "") -> int:
        gone = [one.digest for one in self._sessions.values() if one.account == account and one.digest != but]
        for digest in gone:
            del self._sessions[digest]
        return len(gone)

    async def prune(self, at: float) -> int:
        gone = [one.digest for one in self._sessions.values() if one.ends_at <= at]
        for digest in gone:
            del self._sessions[digest]
        return len(gone)
