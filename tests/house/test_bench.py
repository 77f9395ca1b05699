"""The benchmarks measure what they say: commands are there, loads count right, mixes are mixes, ratios hold."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bench import nginx, questions
from bench.__main__ import main
from bench.cores import Cores
from bench.hive import install as hive
from bench.listings import Mix
from bench.load import Request, measure
from bench.report import difference, ratio

ANSWER = b'{"data": {"search": null}}'


class Shop(BaseHTTPRequestHandler):
    """Answers every POST alike; each connection ends after a few of them, as servers do."""

    protocol_version = "HTTP/1.1"
    per_connection = 3
    asked: ClassVar[Counter[bytes]] = Counter()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked[body] += 1
        self.per_connection -= 1
        good = body != b"bad"
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.send_header("Cache-Control", "private, no-store")
        if not self.per_connection:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of a running shop."""
    Shop.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/shop-api"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("command", ["requests", "growth", "signals", "vendure"])
def test_commands(command: str) -> None:
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize("connections", [1, 4])
def test_each_request_is_sent_once_also_where_connections_end(shop: str, connections: int) -> None:
    bodies = [f"body {number}".encode() for number in range(20)]
    found = measure(shop, [Request(body, {}) for body in bodies], connections, {}, Cores())
    assert Shop.asked == Counter(bodies)
    assert (found.asked, found.personal, found.failed) == (1.0, 1.0, 0.0)
    assert 0 < found.p50 <= found.p99


def test_failures_end_a_pass_or_are_counted(shop: str) -> None:
    load = [Request(body, {}) for body in (b"good", b"bad", b"good", b"good")]
    with pytest.raises(RuntimeError, match="503"):
        measure(shop, load, 1, {}, Cores())
    assert measure(shop, load, 1, {}, Cores(), strict=False).failed == 0.25


def test_a_pass_ends_when_its_time_is_over(shop: str) -> None:
    Shop.asked.clear()
    measure(shop, [Request(b"x", {})] * 50_000, 1, {}, Cores(), seconds=0.05)
    assert 0 < Shop.asked[b"x"] < 50_000


def test_every_visitor_asks_for_a_listing_once() -> None:
    first, found = questions.known([f"v{n}" for n in range(10)], questions.tags(), 35)
    assert len(first) == 4
    assert len({(one.headers["Accept-Language"], one.headers["X-Personalize-Visitor"]) for one in found}) == 35


def test_the_mix_follows_its_weights_and_repeats_no_visitor() -> None:
    mix = Mix(({"term": "a"}, {"term": "b"}), (2.0, 1.0))
    found = list(islice(mix.requests([f"v{n}" for n in range(400)], seed=3), 300))
    assert len({(one.body, one.headers["X-Personalize-Visitor"]) for one in found}) == 300
    assert 160 < sum(b'"a"' in one.body for one in found) < 240


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=1, max_size=9))
def test_ratios_and_differences_stay_within_their_rounds(rounds: list[tuple[float, float]]) -> None:
    above, below = zip(*rounds, strict=True)
    for told in (ratio(above, below), difference(above, below)):
        assert told["least"] <= told["median"] <= told["most"]
    assert ratio(above, above) == {"median": 1.0, "least": 1.0, "most": 1.0}


def test_nginx_is_told_where_the_shop_is(tmp_path: Path) -> None:
    command = nginx.command("nginx", "http://127.0.0.1:3100/shop-api", 8080, tmp_path)
    config = Path(command[-1]).read_text("utf-8")
    assert "server 127.0.0.1:3100; keepalive" in config
    assert "listen 127.0.0.1:8080;" in config


def test_the_lockfile_of_hive_names_versions_but_no_addresses() -> None:
    lock = json.loads((hive.SOURCE / "package-lock.json").read_bytes())
    assert (
        hive.version()
        == json.loads((hive.SOURCE / "package.json").read_bytes())["dependencies"]["@graphql-hive/gateway"]
    )
    assert not [name for name, one in lock["packages"].items() if "resolved" in one]
