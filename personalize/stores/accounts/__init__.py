"""The accounts socket: who may log in at the console, beside the store; one file a plug, named by the scheme."""

from __future__ import annotations

from personalize.domain.desk.account import Accounts
from personalize.registry import load


def open_accounts(url: str) -> Accounts:
    """The accounts beside the store an address names, not connected yet."""
    accounts: Accounts = load("accounts", url.partition("://")[0]).from_url(url)
    return accounts
