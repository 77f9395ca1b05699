"""One request's situation at the Admin API: who asks, and what they may do."""

from __future__ import annotations

import secrets
from typing import TypeAlias

import strawberry
from cachetools import LRUCache

from personalize.demo.shop.call import forbidden
from personalize.demo.shop.shelf import Shelf
from personalize.demo.shop.state import DEMO_PASSWORD, ShopState

READ = ("Authenticated", "ReadCatalog", "ReadPromotion", "ReadOrder", "ReadStockLocation")
WRITE = ("CreatePromotion", "UpdatePromotion", "DeletePromotion")
ADMINISTRATORS = {"superadmin": (*READ, *WRITE), "reader": READ}
"""Who may sign in, with DEMO_PASSWORD, and what each may do: published, like everything in this shop."""
MAX_SESSIONS = 1_000


class Administrators:
    """Sessions of the Admin API, apart from those of shoppers."""

    def __init__(self) -> None:
        self._sessions: LRUCache[str, str] = LRUCache(MAX_SESSIONS)

    def open(self, name: str, password: str) -> str | None:
        """A session's token, None for a wrong name or password."""
        if name not in ADMINISTRATORS or not secrets.compare_digest(password.encode(), DEMO_PASSWORD.encode()):
            return None
        token = secrets.token_hex(32)
        self._sessions[token] = name
        return token

    def name(self, token: str) -> str | None:
        """Who has that session."""
        return self._sessions.get(token)

    def close(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(token, None)


class AdminCall:
    """What resolvers of the Admin API get as context. `token_out`: the token the answer must carry."""

    def __init__(self, shop: ShopState, shelf: Shelf, administrators: Administrators, token: str) -> None:
        self.shop, self.shelf, self.administrators, self.token = shop, shelf, administrators, token
        self.token_out: str | None = None

    @property
    def name(self) -> str | None:
        """Who asks."""
        return self.administrators.name(self.token)

    def need(self, permission: str) -> None:
        """Raises FORBIDDEN where who asks may not do that."""
        if permission not in ADMINISTRATORS.get(self.name or "", ()):
            raise forbidden()


AdminInfo: TypeAlias = strawberry.Info[AdminCall, None]
