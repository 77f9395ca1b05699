"""The context header: known keys within bounds, everything else ignored and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.situation import MOODS, REFERRERS, SHOPPING
from personalize.telemetry import Telemetry
from personalize.visitors.consent import read_consent
from personalize.visitors.context import WORDS, read_context
from personalize.visitors.fields import read_dictionary


@pytest.mark.parametrize(
    ("header", "context"),
    [
        (None, {}),
        ("", {}),
        (
            "mood=calm, occasion=wedding, store=berlin, in_store=?1",
            {"mood": "calm", "occasion": "wedding", "store": "berlin", "in_store": True},
        ),
        ('occasion="a summer day", in_store=?0', {"occasion": "a summer day", "in_store": False}),
        ("mode=gift, occasion=birthday", {"mode": "gift", "occasion": "birthday"}),
        ("referrer=email, render=prefetch", {"referrer": "email"}),
        ("in_store", {"in_store": True}),
        ('occasion=%"Jubil%c3%a4um"', {"occasion": "Jubiläum"}),
    ],
)
def test_known_keys(header, context):
    telemetry = Telemetry()
    assert read_context(header, telemetry.count) == context


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("weekday=monday", "unknown_key"),
        ("mood=?1", "bad_value"),
        ("mood=3", "bad_value"),
        ("mood=furious", "unknown_word"),
        ("mood=Calm", "unknown_word"),
        ("mode=stalking", "unknown_word"),
        ("referrer=https", "unknown_word"),
        ("render=paper", "bad_value"),
        ("in_store=yes", "bad_value"),
        ('mood=""', "unknown_word"),
        ('occasion=""', "bad_value"),
        ('occasion=%"a%0d%0ab"', "bad_value"),
        ('store=%"%e2%80%aea"', "bad_value"),
        ("store=" + "b" * 65, "bad_value"),
        ("mood==", "malformed"),
        ("mood=" + "b" * 2000, "oversized"),
        ("mood=calm, occasion=" + "b" * 10_000, "oversized"),
    ],
)
def test_everything_else_is_ignored_and_counted(header, reason):
    telemetry = Telemetry()
    assert read_context(header, telemetry.count) == {}
    assert telemetry.counted("context_header", reason) == 1


def test_what_is_ignored_is_counted_each_time_and_the_rest_is_read():
    telemetry = Telemetry()
    for _ in range(3):
        assert read_context("mood=furious, mode=gift, weekday=monday", telemetry.count) == {"mode": "gift"}
    assert telemetry.counted("context_header", "unknown_word") == 3
    assert telemetry.counted("context_header", "unknown_key") == 3


@given(st.sampled_from(sorted({*MOODS, *SHOPPING, *REFERRERS})), st.sampled_from(sorted(WORDS)))
def test_a_key_takes_its_own_words_and_derives_nothing(word, key):
    context = read_context(f"{key}={word}", lambda kind, reason: None)
    assert context == ({key: word} if word in WORDS[key] else {})


@given(st.text(max_size=64))
def test_no_header_ever_raises(header):
    def count(kind, reason):
        assert kind in ("context_header", "consent_header")

    read_context(header, count)
    read_consent(header, header, "none", count)


def test_values_are_shared_and_cannot_be_changed():
    members = read_dictionary("mood=calm")
    with pytest.raises(TypeError):
        members["mood"] = "wild"
