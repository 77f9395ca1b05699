"""The context header: known keys within bounds, everything else ignored and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.telemetry import Telemetry
from personalize.visitors.consent import read_consent
from personalize.visitors.context import read_context
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
        ('mood="a summer day", in_store=?0', {"mood": "a summer day", "in_store": False}),
        ("in_store", {"in_store": True}),
        ('mood=%"fr%c3%b6hlich"', {"mood": "fröhlich"}),
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
        ("in_store=yes", "bad_value"),
        ('mood=""', "bad_value"),
        ("store=" + "b" * 65, "bad_value"),
        ("mood==", "malformed"),
        ("mood=" + "b" * 2000, "oversized"),
    ],
)
def test_everything_else_is_ignored_and_counted(header, reason):
    telemetry = Telemetry()
    assert read_context(header, telemetry.count) == {}
    assert telemetry.counted("context_header", reason) == 1


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
