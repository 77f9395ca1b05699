"""What every plug that keeps accounts and sessions has to do."""

from dataclasses import replace

import pytest

from personalize.domain.desk import account as values
from personalize.domain.desk.account import MAX_SESSIONS, Account, SignIn
from personalize.domain.desk.actor import Role
from personalize.errors import StoreError
from personalize.registry import names
from personalize.stores.accounts import open_accounts

NOW = 1_700_000_000.0


@pytest.fixture(params=names("accounts"))
async def accounts(request, tmp_path):
    scheme = request.param
    opened = open_accounts(f"sqlite:///{tmp_path}/store.sqlite" if scheme == "sqlite" else f"{scheme}://")
    await opened.open()
    yield opened
    await opened.close()


def _account(name, role=Role.VIEWER):
    return Account(name, role, f"hash of {name}", NOW, NOW)


def _session(number, account="ada"):
    return SignIn(f"{number:064d}", account, NOW + number, NOW + number, NOW + 1000 + number)


async def test_an_account_is_added_once_and_found_by_its_exact_name(accounts):
    assert await accounts.account("ada") is None
    assert await accounts.add_account(_account("ada", Role.ADMIN))
    assert not await accounts.add_account(_account("ada", Role.VIEWER))
    assert await accounts.account("ada") == _account("ada", Role.ADMIN)
    assert await accounts.account("Ada") is None
    assert await accounts.account("ada'; DROP TABLE account; --") is None


async def test_accounts_are_told_in_order(accounts):
    for name in ("mona", "ada", "zoe"):
        await accounts.add_account(_account(name))
    assert [one.name for one in await accounts.accounts()] == ["ada", "mona", "zoe"]


async def test_role_and_password_change_and_nothing_else(accounts):
    assert not await accounts.change_account(_account("ada"))
    await accounts.add_account(_account("ada"))
    assert await accounts.change_account(replace(_account("ada", Role.ADMIN), password="new", made_at=0.0))
    assert await accounts.account("ada") == Account("ada", Role.ADMIN, "new", NOW, NOW)


async def test_there_is_a_bound(accounts, monkeypatch):
    for module in ("memory", "sqlite"):
        monkeypatch.setattr(f"personalize.stores.accounts.{module}.MAX_ACCOUNTS", 2)
    assert await accounts.add_account(_account("a"))
    assert await accounts.add_account(_account("b"))
    with pytest.raises(StoreError) as caught:
        await accounts.add_account(_account("c"))
    assert caught.value.code == values.full().code


async def test_a_session_is_seen_and_ended(accounts):
    await accounts.begin(_session(1))
    assert await accounts.session(_session(1).digest) == _session(1)
    await accounts.seen(_session(1).digest, NOW + 50)
    assert (await accounts.session(_session(1).digest)).seen_at == NOW + 50
    await accounts.seen("nobody", NOW)
    assert await accounts.end(_session(1).digest)
    assert not await accounts.end(_session(1).digest)
    assert await accounts.session(_session(1).digest) is None


async def test_the_newest_sessions_of_an_account_stay(accounts):
    await accounts.begin(_session(0, "mona"))
    for number in range(MAX_SESSIONS + 3):
        await accounts.begin(_session(number + 1))
    assert await accounts.session(_session(3).digest) is None
    assert await accounts.session(_session(4).digest) is not None
    assert await accounts.session(_session(0, "mona").digest) is not None


async def test_all_sessions_end_but_one(accounts):
    for number in range(3):
        await accounts.begin(_session(number))
    await accounts.begin(_session(9, "mona"))
    assert await accounts.end_all("ada", but=_session(1).digest) == 2
    assert await accounts.session(_session(1).digest) is not None
    assert await accounts.session(_session(9).digest) is not None


async def test_a_removed_account_takes_its_sessions_along(accounts):
    await accounts.add_account(_account("ada"))
    await accounts.begin(_session(1))
    assert await accounts.remove_account("ada")
    assert not await accounts.remove_account("ada")
    assert await accounts.session(_session(1).digest) is None


async def test_sessions_are_pruned_at_their_end(accounts):
    await accounts.begin(_session(1))
    await accounts.begin(_session(2))
    assert await accounts.prune(NOW + 1001) == 1
    assert await accounts.session(_session(1).digest) is None
    assert await accounts.session(_session(2).digest) is not None
