"""Ports for processes that bind them by themselves."""

from __future__ import annotations

import secrets
import socket

FIRST, LAST = 10_000, 32_000
"""Below those that the kernel hands out: between our look and the process's start nobody is given the same one."""
TRIES = 100


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST)
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError(f"no free port in {TRIES} tries")
