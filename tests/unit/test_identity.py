"""Identity: who is vouched for and by whom; no header reaches what it has no right to."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.visit import Trust, VisitorId
from personalize.settings import Settings
from personalize.telemetry import Telemetry
from personalize.visitors.identity import SALT, Identity, has_rights, profile_key, visitor_of

SECRET = "a secret of enough length"


@pytest.fixture
def telemetry():
    return Telemetry()


@pytest.fixture
def identity(telemetry):
    return Identity((SECRET,), telemetry.count)


def _storefront_signs(value, secret=SECRET):
    """As docs/settings.md tells storefronts to do it, without our code."""
    key = hmac.new(secret.encode(), SALT, hashlib.sha256).digest()
    signature = hmac.new(key, value.encode(), hashlib.sha256).digest()
    return f"{value}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_an_issued_id_comes_back_signed(identity):
    visitor = identity.issue()
    assert visitor != identity.issue()
    assert len(base64.urlsafe_b64decode(visitor.value + "==")) == 16
    assert identity.resolve(identity.sign(visitor), "a session") == visitor
    assert visitor.trust is Trust.SIGNED


def test_a_storefront_signs_its_own(identity):
    header = _storefront_signs("customer-4711")
    assert identity.resolve(header, None) == VisitorId("customer-4711", Trust.SIGNED)
    assert identity.sign(VisitorId("customer-4711", Trust.SIGNED)) == header


def test_keys_rotate():
    old, new = Identity(("the older secret one",), print), Identity((SECRET, "the older secret one"), print)
    visitor = old.issue()
    assert new.resolve(old.sign(visitor), None) == visitor
    assert new.sign(visitor) != old.sign(visitor)
    assert Identity((SECRET,), print).resolve(new.sign(visitor), None) == visitor


def test_bare_ids_are_bounded(identity, telemetry):
    assert identity.resolve("GA1.2.123456.789", None) == VisitorId("GA1.2.123456.789", Trust.BARE)
    for header in ("short", "with space 1", "ünïcode-id", "a" * 129, "new\nline-id", "s:abcdefgh"):
        assert identity.resolve(header, None) is None
    assert telemetry.counted("visitor_header", "malformed") == 6
    assert identity.resolve("a" * 4000, None) is None
    assert telemetry.counted("visitor_header", "oversized") == 1


def test_a_forged_signature_is_nobody_and_not_bare(identity, telemetry):
    header = identity.sign(identity.issue())
    forged = header[:-2] + ("A" if header[-2] != "A" else "B") + header[-1]
    assert identity.resolve(forged, None) is None
    assert identity.resolve(forged, "session").trust is Trust.SHOP
    assert identity.resolve(_storefront_signs("customer-4711", "another secret!!"), None) is None
    assert telemetry.counted("visitor_header", "bad_signature") == 3


def test_the_shops_session_is_hashed_and_keyed(identity):
    visitor = identity.resolve(None, "raw token")
    assert visitor == identity.resolve("", "raw token")
    assert visitor.trust is Trust.SHOP
    assert "raw" not in visitor.value
    assert len(visitor.value) == 32
    assert identity.session("raw token") == visitor.value
    assert identity.session("raw token2") != visitor.value
    assert Identity(("another secret!!",), print).session("raw token") != visitor.value
    assert identity.resolve(None, None) is None
    assert identity.session("x" * 5000) is None
    assert identity.session("\udcff odd bytes") is not None


@given(st.text(max_size=200))
def test_no_bare_header_reaches_a_profile_of_a_vouched_visitor(text):
    identity = Identity((SECRET,), lambda kind, reason: None)
    vouched = [identity.issue(), VisitorId("customer-4711", Trust.SIGNED), identity.resolve(None, "raw token")]
    for header in (text, profile_key(vouched[0]), *(v.value for v in vouched), f"{vouched[0].value}.{text}"):
        visitor = identity.resolve(header, None)
        if visitor is not None:
            assert visitor.trust is Trust.BARE
            assert not has_rights(visitor)
            assert profile_key(visitor) not in {profile_key(v) for v in vouched}


def test_rights_need_a_voucher(identity):
    assert has_rights(identity.issue())
    assert has_rights(identity.resolve(None, "session"))
    assert not has_rights(VisitorId("abcdefgh", Trust.BARE))
    assert not has_rights(None)
    with pytest.raises(ValueError, match="never signed"):
        identity.sign(VisitorId("abcdefgh", Trust.BARE))


@pytest.mark.parametrize("trust", list(Trust))
def test_keys_tell_their_visitor(trust):
    visitor = VisitorId("abc:defgh", trust)
    assert visitor_of(profile_key(visitor)) == visitor


def test_without_a_secret_there_is_one_warning_and_a_random_one(telemetry, caplog):
    one, two = (Identity.from_settings(Settings(), telemetry) for _ in range(2))
    assert caplog.text.count("no secret is set") == 1
    assert two.resolve(one.sign(one.issue()), None) is None
    kept = Settings(secret=(SECRET,))
    visitor = one.issue()
    header = Identity.from_settings(kept, telemetry).sign(visitor)
    assert Identity.from_settings(kept, telemetry).resolve(header, None) == visitor


def test_no_secret_at_all_is_a_bug():
    with pytest.raises(ValueError, match="at least one"):
        Identity((), print)
