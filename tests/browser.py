"""A Chromium for browser tests: finds or installs one, opens it by Playwright, and has axe-core look at a page.

Looked for in this order: the machine's own, what Playwright downloaded, what it can download now, Debian's package
where the tests run as root. Where all four fail, browser tests are skipped with what each of them said.
`python -m tests.browser` looks, and installs, ahead of the tests.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CACHE = Path(__file__).parents[1] / ".cache"
INSTALL_DEADLINE = 240.0  # seconds for one way of installing; 10 to 60 are usual
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
"""The user agent of somebody: a headless one is a robot to the gateway, and robots leave no events."""
QUIET = (
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-gpu", "--disable-dev-shm-usage",
)  # fmt: skip
"""Nothing of Chromium's own goes out to the network."""
expect.set_options(timeout=30_000)  # ms; its own five seconds are few where all cores are busy


class NoBrowserError(RuntimeError):
    """No Chromium was found and none could be installed; the message holds what each way said."""


@cache
def executable() -> str | None:
    """Chromium's path; None: Playwright's own, which it finds itself. Raises NoBrowserError.

    Safe to call from several processes at once.
    """
    if (found := _on_path()) is not None:
        return found
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "browser.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # what is done under it has a deadline, so this wait is bounded
        said = [_tried([sys.executable, "-m", "playwright", "install", "chromium"])]  # no work where it is there
        if not said[0]:
            return None
        if os.geteuid() == 0 and shutil.which("apt-get"):
            install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
            said += [_tried(["apt-get", "update"]), _tried(install)]
            if (found := _on_path()) is not None:
                return found
    raise NoBrowserError("no Chromium on PATH, none to download, none to install: " + " | ".join(filter(None, said)))


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _tried(command: list[str]) -> str:
    """Run a command; what it said last if it failed, else nothing."""
    quick = {"DEBIAN_FRONTEND": "noninteractive", "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}  # ms
    environment = {**os.environ, **quick}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_DEADLINE, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    if done.returncode == 0:
        return ""
    return f"{' '.join(command[:4])} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"


@asynccontextmanager
async def opened() -> AsyncIterator[Browser]:
    """A headless Chromium while the block runs; takes about 2 s to start, so share it within a file of tests.

    Skips the calling test, with the reason, where there is no Chromium to be had.
    """
    try:
        path = executable()
    except NoBrowserError as error:
        pytest.skip(str(error))
    async with async_playwright() as playwright:
        sandbox = os.geteuid() != 0  # Chromium refuses to start its sandbox as root
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(QUIET), chromium_sandbox=sandbox, timeout=60_000
        )
        try:
            yield browser
        finally:
            await browser.close()


async def violations(page: Page, options: Mapping[str, Any] | None = None) -> list[str]:
    """What axe-core finds wrong with the page as it is now: rule, how bad, and where; empty is good."""
    found = await Axe().run(page, options={"resultTypes": ["violations"], **(options or {})})
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node.get('failureSummary', '')}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


if __name__ == "__main__":
    try:
        print(executable() or "Playwright's own Chromium")
    except NoBrowserError as error:
        print(f"browser tests will be skipped: {error}")
