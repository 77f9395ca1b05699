"""The experiment header: only what the operator opened to it, in and out."""

import pytest

from personalize.domain.experiment import AssignedBy, Assignment, Experiment, Variant
from personalize.errors import SettingsError
from personalize.telemetry import Telemetry
from personalize.visitors.experiments import Requested, read_requested, write_assignments
from personalize.visitors.fields import read_dictionary
from personalize.visitors.identity import Identity
from personalize.visitors.overrides import Overrides

ARMS = (Variant("control", 0.5), Variant("new", 0.5))
DECLARED = (
    Experiment("order", ARMS, AssignedBy.HEADER, seed="order"),
    Experiment("price", ARMS, AssignedBy.HASH, seed="price"),
)


@pytest.mark.parametrize(
    ("header", "requested", "reason"),
    [
        (None, {}, None),
        ("order=new", {"order": "new"}, None),
        ('order="control"', {"order": "control"}, None),
        ("order=control, order=new", {"order": "new"}, None),
        ("order=other", {}, "unknown_variant"),
        ("order", {}, "unknown_variant"),
        ("price=new", {}, "not_by_header"),
        ("colour=new, order=new", {"order": "new"}, "unknown_experiment"),
        ("order=", {}, "malformed"),
        ("order=new" + " " * 2000, {}, "oversized"),
    ],
)
def test_only_declared_ones_are_read(header, requested, reason):
    telemetry = Telemetry()
    assert read_requested(header, DECLARED, telemetry.count) == Requested(requested)
    assert reason is None or telemetry.counted("experiment_header", reason) == 1


def test_the_answer_is_a_dictionary_again():
    assigned = (Assignment("order-1.b", "new", AssignedBy.HEADER), Assignment("price", "Control_2", AssignedBy.HASH))
    header = write_assignments(assigned)
    assert header == "order-1.b=new, price=Control_2"
    assert read_dictionary(header) == {"order-1.b": "new", "price": "Control_2"}
    assert write_assignments(()) is None


NOW = 1_800_000_000.0
SECRETS = ("new-secret-0123456789", "old-secret-0123456789")


def _overrides(keys=SECRETS, at=NOW):
    telemetry = Telemetry()
    return Overrides(keys, telemetry.count, lambda: at), telemetry


def _asked(header, overrides):
    return read_requested(header, DECLARED, Telemetry().count, overrides)


def test_a_token_orders_one_variant_of_one_experiment_until_it_ends():
    token = _overrides()[0].issue("price", "new", 8)
    header = f'price=new;token="{token}", order=control'
    assert _asked(header, _overrides()[0]) == Requested({"order": "control"}, {"price": "new"})
    for keys, at, asked, reason in [
        (SECRETS, NOW + 8 * 3600, f'price=new;token="{token}"', "token_expired"),
        (SECRETS, NOW, f'price=control;token="{token}"', "token_for_another"),
        (SECRETS, NOW, f'order=new;token="{token}"', "token_for_another"),
        (SECRETS, NOW, f'price=new;token="{token[:-1]}"', "token_forged"),
        (SECRETS, NOW, 'price=new;token="forged"', "token_forged"),
        (SECRETS, NOW, f'price=new;token="{"x" * 600}"', "token_refused"),
        (("another-secret-0123456789",), NOW, f'price=new;token="{token}"', "token_forged"),
        ((), NOW, f'price=new;token="{token}"', "token_refused"),
    ]:
        overrides, telemetry = _overrides(keys, at)
        assert _asked(asked, overrides) == Requested(), reason
        assert telemetry.counted("experiment_header", reason) == 1


def test_an_older_secret_is_accepted_and_the_first_one_signs():
    old = _overrides(SECRETS[1:])[0].issue("price", "new", 8)
    new = _overrides()[0].issue("price", "new", 8)
    assert _overrides()[0].allows(old, "price", "new")
    assert not _overrides(SECRETS[1:])[0].allows(new, "price", "new")


def test_a_visitors_signature_is_no_token():
    count = Telemetry().count
    identity = Identity(SECRETS, count)
    assert not _overrides()[0].allows(identity.sign(identity.issue()), "price", "new")


@pytest.mark.parametrize(("keys", "hours"), [((), 8), (SECRETS, 0), (SECRETS, 1_000)])
def test_tokens_that_are_not_made(keys, hours):
    with pytest.raises(SettingsError):
        _overrides(keys)[0].issue("price", "new", hours)
