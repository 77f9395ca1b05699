"""What the gateway tells about itself: metrics in a registry of its own, and one-line logs without secrets."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import IO

import orjson
from cachetools import TTLCache
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

Count = Callable[[str, str], None]
"""How pure code reports something it ignored or swallowed: `count(kind, reason)`."""

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LABELS_MAX = 512
KINDS_MAX = 512
LOGGER = "personalize"


class Telemetry:
    """Metrics named `personalize_*` and a log that says each kind of trouble once a minute.

    Nothing here is global: two gateways in one process (tests) never share a number. `clock` is monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, log_period: float = 60.0) -> None:
        self.registry = CollectorRegistry()
        self.log = logging.getLogger(LOGGER)
        self._lock = threading.Lock()
        self._labels: set[tuple[str, str]] = set()
        self._said: TTLCache[str, bool] = TTLCache(maxsize=KINDS_MAX, ttl=log_period, timer=clock)
        self._silenced: dict[str, int] = {}
        self.faults = Counter(
            "personalize_faults",
            "What was ignored, dropped or failed open.",
            ["kind", "reason"],
            registry=self.registry,
        )
        self.requests = Counter(
            "personalize_requests", "Requests answered, by outcome.", ["outcome"], registry=self.registry
        )
        self.stages = Histogram(
            "personalize_stage_seconds", "Time spent by stage.", ["stage"], buckets=SECONDS, registry=self.registry
        )
        self.events = Counter("personalize_events", "Events by fate.", ["fate"], registry=self.registry)
        self.queued = Gauge("personalize_outbox_events", "Events waiting in the outbox.", registry=self.registry)
        self.calls = Counter(
            "personalize_signal_calls", "Calls of signals outside, by what became of them.", ["source", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self.reads = Counter(
            "personalize_signal_reads", "Requests by what a signal's cache had for them.", ["source", "state"],
            registry=self.registry,
        )  # fmt: skip
        self.breakers = Gauge(
            "personalize_signal_breaker", "1 while a signal's source is left alone.", ["source"],
            registry=self.registry,
        )  # fmt: skip
        ProcessCollector(registry=self.registry)

    def count(self, kind: str, reason: str = "") -> None:
        """Count one fail-open event; after `LABELS_MAX` different pairs the rest fall into `other`."""
        pair = (kind, reason)
        if pair not in self._labels:
            with self._lock:
                if len(self._labels) >= LABELS_MAX:
                    pair = ("other", "other")
                self._labels.add(pair)
        self.faults.labels(*pair).inc()

    def counted(self, kind: str, reason: str = "") -> int:
        """How often `count(kind, reason)` was called."""
        value = self.registry.get_sample_value("personalize_faults_total", {"kind": kind, "reason": reason})
        return int(value or 0)

    def tally(self, kind: str) -> dict[str, int]:
        """How often a kind was counted by reason, the most frequent first."""
        with self._lock:
            reasons = [reason for known, reason in self._labels if known == kind]
        found = {reason: self.counted(kind, reason) for reason in reasons}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def observe(self, stage: str, seconds: float) -> None:
        """Record how long a stage of the pipeline took, in seconds."""
        self.stages.labels(stage).observe(seconds)

    def fault(self, kind: str, reason: str, error: BaseException | None = None) -> None:
        """Count a fault and log it, at most once a minute per kind and reason."""
        self.count(kind, reason)
        detail = "" if error is None else f"{type(error).__name__}: {error}"
        self.say(f"{kind}/{reason}", f"{kind}: {reason}", detail=detail)

    def say(self, kind: str, message: str, *, level: int = logging.WARNING, **fields: object) -> bool:
        """Log `message` unless this kind was logged within the last minute; the next line tells how many were not."""
        with self._lock:
            if kind in self._said:
                self._silenced[kind] = self._silenced.get(kind, 0) + 1
                return False
            self._said[kind] = True
            silenced = self._silenced.pop(kind, 0)
            if len(self._silenced) > KINDS_MAX:
                self._silenced.clear()
        if silenced:
            fields["silenced"] = silenced
        self.log.log(level, message, extra={"fields": {k: v for k, v in fields.items() if v not in ("", None)}})
        return True

    def render(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)


MASK = "***"
_PATTERNS = (
    (re.compile(r"(://[^/\s:@\"]*):[^/\s@\"]+@"), r"\1:" + MASK + "@"),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[a-z0-9._~+/=-]{6,}"), r"\1\2" + MASK),
    (re.compile(r"(?i)\b(api_?key|apikey|token|secret|password)=[^&\s\"]+"), r"\1=" + MASK),
)


class OneLine(logging.Formatter):
    """Formats a record as one line of JSON in which no known secret, URL password or bearer token is readable."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        words = {word for secret in secrets if len(secret) >= 4 for word in (secret, _escaped(secret))}
        self._secrets = sorted(words, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line.update(fields)
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return self.redact(orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode())

    def redact(self, text: str) -> str:
        """`text` with every secret replaced by `***`."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern, put in _PATTERNS:
            text = pattern.sub(put, text)
        return text


def _escaped(secret: str) -> str:
    return orjson.dumps(secret).decode()[1:-1]


def setup_logging(level: str = "info", secrets: Iterable[str] = (), stream: IO[str] | None = None) -> logging.Logger:
    """Send the package's log to `stream` (default stderr), one JSON line a record, secrets redacted."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine(secrets))
    log = logging.getLogger(LOGGER)
    log.handlers[:] = [handler]
    log.setLevel(level.upper())
    log.propagate = False
    return log
