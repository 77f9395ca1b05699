"""Starts the real Vendure as its own process on a throw-away copy of a populated database, and stops it again.

By hand: `python -m tests.vendure.server --products 3000 --port 0` prints the URL and serves until interrupted.
With `--prepare` it only fills the cache, so that a test run finds it warm.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.vendure.cache import VendureError, new_log, populated, tail
from tests.vendure.node import node_environment

READY_DEADLINE = 90.0  # seconds; 3 are usual, more when all cores are busy
STOP_DEADLINE = 5.0


@dataclass(frozen=True)
class Credentials:
    """Name and password of an account of the test shop."""

    username: str
    password: str


SUPERADMIN = Credentials("superadmin", "only-for-tests")


@dataclass(frozen=True)
class Vendure:
    """A running shop: its addresses, its administrator and where it logs to."""

    shop_url: str
    admin_url: str
    port: int
    log: Path
    superadmin: Credentials = SUPERADMIN
    session: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The headers of the administrator's session, once there is one."""

    def admin(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """`data` of one operation of the admin API, signed in as the administrator; raises `VendureError` on errors."""
        with httpx.Client(timeout=30) as client:
            if not self.session:
                login = "mutation($u:String!,$p:String!){login(username:$u,password:$p){__typename}}"
                who = {"u": self.superadmin.username, "p": self.superadmin.password}
                told = client.post(self.admin_url, json={"query": login, "variables": who}).raise_for_status()
                self.session["authorization"] = f"Bearer {told.headers['vendure-auth-token']}"
                client.cookies.clear()
            asked = {"query": query, "variables": variables or {}}
            answer = client.post(self.admin_url, json=asked, headers=self.session).json()
        if answer.get("errors"):
            raise VendureError(f"the admin API refused: {answer['errors']}")
        return answer["data"]


@contextmanager
def running(products: int = 0, port: int = 0) -> Iterator[Vendure]:
    """Runs a shop with the sample data and so many generated products; `port` 0 takes any free one.

    What is written to it is gone afterwards. Raises `VendureError` if it does not come up in time.
    """
    database = populated(products)
    shop = database.parent
    log = new_log(shop)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            ["node", "--max-semi-space-size=64", "serve.cjs", str(database), str(port)],
            cwd=shop,
            env={**node_environment(), "VENDURE_STOP_WITH_STDIN": "1"},
            stdin=subprocess.PIPE,  # its end tells the shop that we are gone, even if we were killed
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        yield _await_ready(process, log)
    finally:
        _stop(process)


def _await_ready(process: subprocess.Popen[bytes], log: Path) -> Vendure:
    deadline = time.monotonic() + READY_DEADLINE
    while time.monotonic() < deadline:
        ready = re.search(r"^READY (\{.*\})$", log.read_text(errors="replace"), re.MULTILINE)
        if ready:
            port = int(json.loads(ready[1])["port"])
            base = f"http://127.0.0.1:{port}"
            shop = Vendure(f"{base}/shop-api", f"{base}/admin-api", port, log)
            # The first answer makes it build its schema; done here, no test has to pay for it.
            httpx.post(shop.shop_url, json={"query": "{__typename}"}, timeout=30).raise_for_status()
            return shop
        if process.poll() is not None:
            raise VendureError(f"Vendure ended with {process.returncode} before it was ready; {log}:\n{tail(log)}")
        time.sleep(0.05)
    raise VendureError(f"Vendure was not ready after {READY_DEADLINE:.0f} s; its log {log}:\n{tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # it holds nothing that is kept, and closing it takes two seconds
    process.wait(STOP_DEADLINE)
    if process.stdin is not None:
        process.stdin.close()


def main() -> None:
    """The command line: serves until interrupted."""
    parser = argparse.ArgumentParser(description="Serve a populated Vendure until interrupted.")
    parser.add_argument("--products", type=int, default=0, help="generated products beside the 54 of the sample data")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--prepare", action="store_true", help="only install and populate what is not cached yet")
    options = parser.parse_args()
    if options.prepare:
        print(populated(options.products))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(options.products, options.port) as shop:
            print(f"shop   {shop.shop_url}\nadmin  {shop.admin_url}\nlog    {shop.log}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
