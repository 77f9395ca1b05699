"""Sessions of the shop: whose they are, as far as the traffic tells, and which of them tell visitors apart."""

from __future__ import annotations

import pytest

from personalize.gateway.edge.call import Call
from personalize.gateway.edge.sessions import Sessions, Standing
from personalize.gateway.edge.upstream import Answer
from personalize.shops import reader
from personalize.telemetry import Telemetry
from personalize.visitors.identity import Identity

LONG, OTHER = "a" * 64, "b" * 64
EMPTIED = "eyJ0b2tlbiI6IiJ9"
UNDERSTOOD = {"understood": True, "signed_in": False, "signed_out": False}


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(reader.load("vendure"), Identity(("a secret for tests",), Telemetry().count))


def call(**headers: str) -> Call:
    pairs = list(headers.items())
    return Call("POST", "", pairs, "127.0.0.1", "http", b"")


def answer(token: str | None = None, cookie: str | None = None) -> Answer:
    headers = [] if token is None else [("vendure-auth-token", token)]
    if cookie is not None:
        headers += [("set-cookie", f"session={cookie}; path=/"), ("set-cookie", "session.sig=x; path=/")]
    return Answer(200, headers, b"{}")


def of(sessions: Sessions, token: str) -> Standing:
    return sessions.standing(sessions.identity.session(token))


def test_a_token_comes_by_header_or_cookie(sessions):
    assert sessions.token(call(authorization=f"Bearer {LONG}")) == LONG
    assert sessions.token(call(cookie=f"other=1; session={OTHER}; session.sig=y")) == OTHER
    assert sessions.token(call(authorization=f"Bearer {LONG}", cookie=f"session={OTHER}")) == LONG
    assert sessions.token(call()) is None


@pytest.mark.parametrize("header", ["Bearer null", "Bearer undefined", "Basic c3RhZ2luZzpzdGFnaW5nLXN0YWdpbmc="])
def test_what_many_send_is_nobodys_id(sessions, header):
    assert sessions.distinct(call(authorization=header)) is None
    assert sessions.standing(sessions.identity.session(sessions.token(call(authorization=header)))) is Standing.UNKNOWN


def test_an_emptied_cookie_is_nobodys_id(sessions):
    assert sessions.distinct(call(cookie=f"session={EMPTIED}")) is None
    assert sessions.distinct(call(cookie=f"session={LONG}")) == LONG


def test_no_session_is_a_guests(sessions):
    assert sessions.standing(None) is Standing.GUEST
    assert of(sessions, LONG) is Standing.UNKNOWN


def test_header_and_cookie_of_one_answer_are_one_session(sessions):
    after = sessions.learn(None, answer(LONG, OTHER), **UNDERSTOOD)
    assert len(after) == 2
    assert of(sessions, LONG) is of(sessions, OTHER) is Standing.GUEST


def test_signing_in_and_out(sessions):
    guest = sessions.learn(None, answer(LONG), **UNDERSTOOD)[0]
    after = sessions.learn(guest, answer(OTHER), understood=True, signed_in=True, signed_out=False)
    assert of(sessions, OTHER) is Standing.SIGNED_IN
    # A token that is handed out to somebody signed in is signed in, too.
    sessions.learn(after[0], answer("c" * 64), **UNDERSTOOD)
    assert of(sessions, "c" * 64) is Standing.SIGNED_IN
    sessions.learn(after[0], answer("", EMPTIED), understood=True, signed_in=False, signed_out=True)
    assert of(sessions, EMPTIED) is Standing.GUEST
    assert of(sessions, OTHER) is Standing.UNKNOWN


def test_a_shop_that_keeps_its_token_at_sign_in_and_out(sessions):
    guest = sessions.learn(None, answer(LONG), **UNDERSTOOD)[0]
    sessions.learn(guest, answer(), understood=True, signed_in=True, signed_out=False)
    assert of(sessions, LONG) is Standing.SIGNED_IN
    sessions.learn(guest, answer(), understood=True, signed_in=False, signed_out=True)
    assert of(sessions, LONG) is Standing.UNKNOWN


def test_what_was_not_understood_is_unknown(sessions):
    sessions.learn(None, answer(LONG), understood=False, signed_in=False, signed_out=False)
    assert of(sessions, LONG) is Standing.UNKNOWN
    # Nor does a known guest's next token stay a guest's.
    guest = sessions.learn(None, answer(LONG), **UNDERSTOOD)[0]
    sessions.learn(guest, answer(OTHER), understood=False, signed_in=False, signed_out=False)
    assert of(sessions, OTHER) is Standing.UNKNOWN


def test_an_unknown_session_stays_unknown_under_its_next_token(sessions):
    stranger = sessions.identity.session(LONG)
    sessions.learn(stranger, answer(OTHER), **UNDERSTOOD)
    assert of(sessions, OTHER) is Standing.UNKNOWN


def test_a_stale_token_that_the_shop_takes_back_is_forgotten(sessions):
    guest = sessions.learn(None, answer(LONG), **UNDERSTOOD)[0]
    assert sessions.learn(guest, answer("", EMPTIED), **UNDERSTOOD) == (sessions.identity.session(EMPTIED),)
    assert of(sessions, LONG) is Standing.UNKNOWN
    assert of(sessions, EMPTIED) is Standing.GUEST
