"""Consent: headers, defaults, objections, and the table of the docs."""

import re
from pathlib import Path

import pytest

from personalize.domain.permission import Agreement, Keep, Permissions, Trace
from personalize.domain.visit import Consent
from personalize.telemetry import Telemetry
from personalize.visitors.consent import allowed, read_consent

NONE, SESSION, CONSENTED = Consent.NONE, Consent.SESSION, Consent.CONSENTED


@pytest.fixture
def telemetry():
    return Telemetry()


@pytest.mark.parametrize(
    ("header", "mode", "experiments"),
    [
        ("personalization, experiments", CONSENTED, True),
        ("personalization", CONSENTED, False),
        ("experiments", NONE, True),
        ("session", SESSION, False),
        ("session, experiments", SESSION, True),
        ("personalization, session", CONSENTED, False),
        ("none", NONE, False),
        ("none, personalization, experiments", NONE, False),
        ("", NONE, False),
        ('"personalization"', CONSENTED, False),
        ("personalization;v=1", CONSENTED, False),
    ],
)
@pytest.mark.parametrize("default", list(Consent))
def test_the_header_wins_over_the_default(header, mode, experiments, default, telemetry):
    assert read_consent(header, None, default, telemetry.count) == Agreement(mode, experiments)
    assert read_consent(header, "0", default, telemetry.count) == Agreement(mode, experiments)


@pytest.mark.parametrize(("default", "experiments"), [(NONE, False), (SESSION, False), (CONSENTED, True)])
def test_without_a_header_the_default_holds(default, experiments, telemetry):
    assert read_consent(None, None, default, telemetry.count) == Agreement(default, experiments)


@pytest.mark.parametrize("default", list(Consent))
@pytest.mark.parametrize("header", [None, "personalization", "session", "personalization, experiments"])
def test_an_objection_wins_over_everything(header, default, telemetry):
    agreement = read_consent(header, "1", default, telemetry.count)
    assert agreement.mode is NONE
    assert agreement.experiments is ("experiments" in (header or ""))


@pytest.mark.parametrize(
    ("header", "reason"),
    [("personalization,", "malformed"), ("(", "malformed"), ("ä", "malformed"), ("a" * 1025, "oversized")],
)
def test_what_is_malformed_is_a_refusal_and_counted(header, reason, telemetry):
    assert read_consent(header, None, CONSENTED, telemetry.count) == Agreement(NONE, False)
    assert telemetry.counted("consent_header", reason) == 1


def test_unknown_words_are_counted(telemetry):
    assert read_consent("marketing, personalization", None, NONE, telemetry.count).mode is CONSENTED
    assert telemetry.counted("consent_header", "unknown_word") == 1


def test_without_consent_nothing_is_kept():
    assert allowed(Agreement()) == Permissions(
        id=False, run=False, profile=Keep.NOWHERE, experiment=False, log=Trace.NOBODY
    )


@pytest.mark.parametrize("experiments", [False, True])
@pytest.mark.parametrize("mode", list(Consent))
def test_experiments_follow_their_own_word(mode, experiments):
    assert allowed(Agreement(mode, experiments)).experiment is experiments


def test_the_table_of_the_docs_is_the_table_of_the_code():
    text = (Path(__file__).parents[2] / "docs" / "consent.md").read_text("utf-8")
    for mode in Consent:
        row = re.search(rf"^\| `{mode}` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.M)
        assert row is not None
        permissions = allowed(Agreement(mode))
        assert row[1].startswith("given out") is permissions.id
        assert (row[2] == "kept") is permissions.run
        assert row[3] == permissions.profile
        assert row[4] == permissions.log
