"""Telemetry: own registry, bounded labels, one line a minute and kind, no secret in any line."""

import io
import logging

import orjson
import pytest

from personalize.telemetry import LABELS_MAX, Telemetry, setup_logging


@pytest.fixture
def stream():
    log = logging.getLogger("personalize")
    before = (log.handlers[:], log.level, log.propagate)
    yield io.StringIO()
    log.handlers[:], log.level, log.propagate = before


def test_two_gateways_share_no_number():
    one, two = Telemetry(), Telemetry()
    one.count("visitor_header", "malformed")
    assert one.counted("visitor_header", "malformed") == 1
    assert two.counted("visitor_header", "malformed") == 0
    text = one.render().decode()
    assert 'personalize_faults_total{kind="visitor_header",reason="malformed"} 1.0' in text
    assert all(line.startswith(("#", "personalize_", "process_")) for line in text.splitlines())


def test_labels_are_bounded():
    telemetry = Telemetry()
    for number in range(LABELS_MAX + 50):
        telemetry.count("kind", str(number))
    telemetry.count("kind", "0")
    assert telemetry.counted("kind", "0") == 2
    assert telemetry.counted("other", "other") == 50


def test_each_kind_is_said_once_a_minute(stream):
    now = [0.0]
    telemetry = Telemetry(clock=lambda: now[0])
    setup_logging(stream=stream)
    for _ in range(5):
        telemetry.fault("store", "locked", OSError("busy"))
    telemetry.fault("model", "missing")
    now[0] = 61.0
    telemetry.fault("store", "locked")
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["store: locked", "model: missing", "store: locked"]
    assert (lines[0]["detail"], lines[2]["silenced"]) == ("OSError: busy", 4)
    assert telemetry.counted("store", "locked") == 6


def test_stages_are_timed():
    telemetry = Telemetry()
    telemetry.observe("rank", 0.004)
    assert 'personalize_stage_seconds_bucket{le="0.005",stage="rank"} 1.0' in telemetry.render().decode()


def test_a_record_is_one_line_without_secrets(stream):
    log = setup_logging("debug", ['a "quoted" secret', "operator-token"], stream)
    log.warning('first\nsecond a "quoted" secret operator-token')
    log.info("redis://user:hush@cache.example:6379 and https://api.example/?apikey=quiet&lat=1")
    log.info("Authorization: Bearer abc.def-ghi")
    log.info("fields", extra={"fields": {"url": "postgresql://u:hush@db/x", "odd": object, 3: 4}})
    try:
        raise ValueError("operator-token")
    except ValueError:
        log.exception("failed")
    text = stream.getvalue()
    lines = [orjson.loads(line) for line in text.splitlines()]
    assert len(lines) == 5
    assert lines[0]["message"] == "first\nsecond *** ***"
    assert (lines[0]["level"], lines[3]["3"]) == ("warning", 4)
    assert "ValueError: ***" in lines[4]["trace"]
    for word in ("quoted", "operator-token", "hush", "quiet", "abc.def"):
        assert word not in text
    assert "cache.example" in text
    assert "lat=1" in text


def test_the_level_holds(stream):
    log = setup_logging("warning", stream=stream)
    log.info("quiet")
    assert stream.getvalue() == ""
    assert log is logging.getLogger("personalize")
