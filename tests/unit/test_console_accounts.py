"""Who may enter the console: passwords, the throttle, sessions that end."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from personalize.cli import main
from personalize.console.accounts import throttle
from personalize.console.accounts.door import ABSOLUTE, IDLE, Door, digest_of
from personalize.console.accounts.passwords import WAITING, EntryError, Passwords, check
from personalize.console.accounts.throttle import FREE_ACCOUNT, FREE_ADDRESS, Throttle, network
from personalize.domain.desk.actor import Role
from personalize.stores.accounts import open_accounts

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD, OTHER = "a rather long sentence", "another long sentence"
HERE = "192.0.2.1"


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def door(time: Time) -> Door:
    return Door(open_accounts("memory://"), time, time, Passwords(QUICK))


async def refused(made) -> str:
    with pytest.raises(EntryError) as caught:
        await made
    return caught.value.code


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "PASSWORD_SHORT"), ("x" * 600, "PASSWORD_LONG"), ("adalovelace99", "PASSWORD_NAMED"),
        ("abababababababab", "PASSWORD_PLAIN"),
    ],
)  # fmt: skip
def test_poor_passwords_are_refused(password: str, code: str) -> None:
    with pytest.raises(EntryError) as caught:
        check("adalovelace", password)
    assert caught.value.code == code


async def test_passwords_are_argon2id_and_salted() -> None:
    one, other = [await Passwords(QUICK).hash(GOOD) for _ in range(2)]
    assert one.startswith("$argon2id$")
    assert one != other
    assert "m=65536,t=3" in await Passwords().hash(GOOD)  # RFC 9106, second choice


async def test_only_the_password_fits_its_hash_and_nothing_fits_nobodys() -> None:
    passwords = Passwords(QUICK)
    known = await passwords.hash(GOOD)
    assert await passwords.fits(known, GOOD)
    assert not await passwords.fits(known, OTHER)
    assert not await passwords.fits("no hash", GOOD)
    assert not await passwords.fits(None, GOOD)


async def test_unknown_names_cost_a_comparison_too() -> None:
    compared = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):
            compared.append(hash)
            return super().verify(hash, password)

    door = Door(open_accounts("memory://"), passwords=Passwords(Counting(1, 8, 1)))
    await door.add("ada", GOOD, Role.VIEWER)
    assert await refused(door.log_in("nobody", GOOD, HERE)) == "WRONG"
    assert await refused(door.log_in("ada", OTHER, HERE)) == "WRONG"
    assert len(compared) == 2
    parameters = {hash.rsplit("$", 2)[0] for hash in compared}
    assert len(parameters) == 1  # the same work


async def test_a_flood_of_passwords_is_sent_away() -> None:
    passwords = Passwords(QUICK)
    asked = [asyncio.create_task(passwords.hash(GOOD)) for _ in range(WAITING + 5)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, EntryError) and one.code == "BUSY" for one in found) == 5


def test_an_account_waits_longer_each_time_and_success_forgets_it(time: Time) -> None:
    gate = Throttle(time)
    for _ in range(FREE_ACCOUNT):
        assert gate.attempt("ada", HERE, known=True) == 0.0
    first = gate.attempt("ada", HERE, known=True)
    assert first == throttle.FIRST
    time.now += first
    assert gate.attempt("ada", HERE, known=True) == 0.0
    assert gate.attempt("ada", HERE, known=True) == 2 * throttle.FIRST
    gate.passed("ada", HERE)
    assert gate.attempt("ada", HERE, known=True) == 0.0


def test_the_wait_is_bounded_and_forgotten(time: Time) -> None:
    gate = Throttle(time)
    for _ in range(60):
        wait = gate.attempt("ada", HERE, known=True)
        assert wait <= throttle.LONGEST
        time.now += wait
    time.now += throttle.FORGET + 1
    for _ in range(FREE_ACCOUNT):
        assert gate.attempt("ada", HERE, known=True) == 0.0


def test_an_address_that_tries_many_names_waits(time: Time) -> None:
    gate = Throttle(time)
    for number in range(FREE_ADDRESS):
        assert gate.attempt(f"name{number}", HERE, known=False) == 0.0
    assert gate.attempt("ada", HERE, known=True) > 0.0
    assert gate.attempt("ada", "192.0.2.2", known=True) == 0.0


def test_a_flood_of_invented_names_pushes_nothing_out(time: Time) -> None:
    gate = Throttle(time)
    for _ in range(FREE_ACCOUNT):
        gate.attempt("ada", HERE, known=True)
    for number in range(throttle.ACCOUNTS + 10):
        gate.attempt(f"name{number}", f"198.51.{number // 250}.{number % 250}", known=False)
    assert gate.attempt("ada", "203.0.113.9", known=True) > 0.0
    assert len(gate._invented) <= throttle.ACCOUNTS


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), ("::ffff:192.0.2.1", "192.0.2.1"), ("", "not an address")],
)
def test_what_counts_as_one_address(one: str, other: str) -> None:
    assert network(one) == network(other)
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")


async def test_parallel_attempts_do_not_slip_through(door: Door) -> None:
    await door.add("ada", GOOD, Role.VIEWER)
    attempts = [refused(door.log_in("ada", OTHER, HERE)) for _ in range(FREE_ACCOUNT + 6)]
    codes = await asyncio.gather(*attempts)
    assert codes.count("WRONG") == FREE_ACCOUNT
    assert codes.count("WAIT") == 6
    assert await refused(door.log_in("ada", GOOD, HERE)) == "WAIT"  # the right one waits, too


async def test_a_session_ends_unused_and_in_any_case(door: Door, time: Time) -> None:
    await door.add("ada", GOOD, Role.OPERATOR)
    token = await door.log_in(" Ada ", GOOD, HERE)
    person = await door.who(token)
    assert person is not None
    assert (person.name, person.role) == ("ada", Role.OPERATOR)
    time.now += IDLE
    assert await door.who(token) is None
    token = await door.log_in("ada", GOOD, HERE)
    for _ in range(int(ABSOLUTE // (IDLE - 60))):
        time.now += IDLE - 60
        assert await door.who(token) is not None
    time.now += IDLE - 60
    assert await door.who(token) is None


async def test_what_is_stored_opens_nothing(door: Door) -> None:
    await door.add("ada", GOOD, Role.VIEWER)
    token = await door.log_in("ada", GOOD, HERE)
    session = await door.accounts.session(digest_of(token))
    assert session is not None
    assert token not in repr(session)
    assert await door.who(session.digest) is None
    for other in (None, "", "x" * 43, token + "A", "a" * 100_000):
        assert await door.who(other) is None


async def test_roles_and_removal_hold_from_the_next_request_on(door: Door) -> None:
    await door.add("root", GOOD, Role.ADMIN)
    await door.add("ada", GOOD, Role.OPERATOR)
    token = await door.log_in("ada", GOOD, HERE)
    await door.set_role("ada", Role.VIEWER)
    person = await door.who(token)
    assert person is not None
    assert person.role is Role.VIEWER
    await door.remove("ada")
    assert await door.who(token) is None


async def test_another_password_ends_the_other_sessions(door: Door) -> None:
    await door.add("ada", GOOD, Role.VIEWER)
    token, elsewhere = await door.log_in("ada", GOOD, HERE), await door.log_in("ada", GOOD, HERE)
    person = await door.who(token)
    assert person is not None
    assert await refused(door.change_password(person, OTHER, OTHER, HERE)) == "WRONG_OLD"
    await door.change_password(person, GOOD, OTHER, HERE)
    assert await door.who(token) is not None
    assert await door.who(elsewhere) is None
    assert await refused(door.log_in("ada", GOOD, HERE)) == "WRONG"
    await door.renew("ada", GOOD)
    assert await door.who(token) is None


async def test_somebody_stays_administrator(door: Door) -> None:
    await door.add("ada", GOOD, Role.ADMIN)
    assert await refused(door.remove("ada")) == "LAST_ADMIN"
    assert await refused(door.set_role("ada", Role.OPERATOR)) == "LAST_ADMIN"
    await door.add("mona", GOOD, Role.ADMIN)
    await door.set_role("ada", Role.OPERATOR)
    assert await refused(door.remove("mona")) == "LAST_ADMIN"


@pytest.mark.parametrize("name", ["", "Ada", "a b", "-a", "x" * 65, "a\n", "ä", "<b>"])
async def test_odd_names_are_refused(door: Door, name: str) -> None:
    assert await refused(door.add(name, GOOD, Role.VIEWER)) == "NAME_INVALID"


async def test_a_taken_name_is_refused(door: Door) -> None:
    await door.add("ada", GOOD, Role.VIEWER)
    assert await refused(door.add("ada", OTHER, Role.ADMIN)) == "NAME_TAKEN"
    assert await refused(door.renew("mona", OTHER)) == "NAME_UNKNOWN"


async def test_a_hash_of_older_parameters_is_made_anew_at_the_next_login(time: Time) -> None:
    accounts = open_accounts("memory://")
    await Door(accounts, time, time, Passwords(QUICK)).add("ada", GOOD, Role.VIEWER)
    await Door(accounts, time, time, Passwords(PasswordHasher(2, 16, 1))).log_in("ada", GOOD, HERE)
    account = await accounts.account("ada")
    assert account is not None
    assert "m=16,t=2" in account.password


def test_the_command_keeps_accounts(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    assert "no account yet" in run(main, ["console"]).output
    made = run(main, ["console", "--add", "ada", "--role", "admin"], input=f"{GOOD}\n")
    assert made.output == "ada may log in, as admin\n"
    assert GOOD not in (tmp_path / "personalize.sqlite").read_bytes().decode("latin-1")
    assert "NAME_TAKEN" in run(main, ["console", "--add", "ada", "--role", "admin"], input=f"{GOOD}\n").output
    assert "PASSWORD_SHORT" in run(main, ["console", "--add", "mona", "--role", "viewer"], input="x\n").output
    assert run(main, ["console", "--add", "mona", "--role", "viewer"], input=f"{GOOD}\n").exit_code == 0
    assert run(main, ["console"]).output == "ada  admin\nmona  viewer\n"
    assert "mona is operator now" in run(main, ["console", "--of", "mona", "--role", "operator"]).output
    assert "is set" in run(main, ["console", "--of", "mona"], input=f"{OTHER}\n").output
    assert "mona is removed" in run(main, ["console", "--remove", "mona"]).output
    assert "LAST_ADMIN" in run(main, ["console", "--remove", "ada"]).output
    monkeypatch.setenv("PERSONALIZE_STORE_URL", "memory://")
    assert "memory://" in run(main, ["console"]).output
