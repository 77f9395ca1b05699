"""Experiments by account: one variant on every device of a signed account, logged by a hash, read as one unit."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from personalize.domain.experiment import Unit
from personalize.experiments.assign import bucket
from personalize.experiments.ledger import ORDER, read
from personalize.visitors.account import Accounts
from personalize.visitors.identity import Identity
from tests.cases.test_exposure import AGREED, logged, pages, running, variants
from tests.unit.experiment_log import bought, seen

ORDERED = {"order": {**variants(control="off", new=["top=on"]), "unit": "account"}}
SECRETS = ("a secret for tests", "an older secret for tests")


def signed(account: str) -> str:
    """As the docs say it is signed."""
    key = hmac.new(SECRETS[0].encode(), b"personalize.account.v1", sha256).digest()
    return f"{account}.{urlsafe_b64encode(hmac.new(key, account.encode(), sha256).digest()).decode().rstrip('=')}"


async def test_one_account_is_one_unit_on_every_device() -> None:
    async with running(ORDERED) as one:
        for number in range(6):
            for device in range(2):
                header = {"X-Personalize-Account": signed(f"customer-{number}")}
                await pages(one, f"device-{number}-{device}", 0, **header)
        await pages(one, "a-visitor-1", 0)
        await pages(one, "a-visitor-2", 0, **{"X-Personalize-Account": "customer-1"})
        await pages(one, "a-visitor-3", 0, **{"X-Personalize-Account": signed("customer-1")[:-1] + "A"})
        lines = await logged(one)
        assert one.gateway.telemetry.counted("account_header", "malformed") == 1
        assert one.gateway.telemetry.counted("account_header", "bad_signature") == 1
    dealt = [line.extra.get("assignments", {}).get("order") for line in lines]
    due = ["control" if bucket("order", f"customer-{number}") < 0.5 else "new" for number in range(6)]
    assert dealt == [variant for variant in due for _ in range(2)] + [None] * 3
    assert len({line.extra["account"] for line in lines[:12]}) == 6
    assert not any("customer" in str(line.extra) for line in lines)
    assert all(line.extra["exposed"] == ["order"] for line in lines[:12])


async def test_without_consent_there_is_no_account() -> None:
    async with running(ORDERED) as one:
        header = {"X-Personalize-Account": signed("customer-1"), "X-Personalize-Consent": "personalization"}
        await pages(one, "a-visitor-1", 0, **header)
        (line,) = await logged(one)
    assert "account" not in line.extra
    assert AGREED["X-Personalize-Consent"] != header["X-Personalize-Consent"]


def test_what_a_visitor_does_after_a_list_is_the_accounts() -> None:
    told = {"assignments": {"order": "new"}, "exposed": ["order"]}
    events = [
        bought("v0", 0.5, "before"), seen("v1", 1.0, "l1", account="a:1", **told), bought("v1", 2.0, "o1"),
        seen("v2", 3.0, "l2", account="a:1", **told), bought("v2", 4.0, "o2"),
    ]  # fmt: skip
    ledger = read(events, "order", Unit.ACCOUNT)
    assert ledger.units == 1
    assert (ledger.kind == ORDER).sum() == 2
    assert ledger.noted["NO_UNIT"] == 1


def test_older_secrets_are_accepted_and_other_signatures_are_not() -> None:
    counted: list[str] = []
    accounts = Accounts(SECRETS, lambda kind, reason: counted.append(reason))
    assert accounts.sign("customer-1") == signed("customer-1")
    assert accounts.read(Accounts(SECRETS[1:], print).sign("customer-1")) == "customer-1"
    visitor = Identity(SECRETS, lambda *_: None)
    assert accounts.read(visitor.sign(visitor.issue())) is None
    assert Accounts((), lambda kind, reason: counted.append(reason)).read(signed("customer-1")) is None
    assert counted == ["bad_signature", "no_secret"]
