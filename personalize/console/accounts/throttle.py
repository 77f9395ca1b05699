"""The throttle at the door: after some failures an account and an address have to wait, longer each time."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from cachetools import TTLCache

FREE_ACCOUNT, FREE_ADDRESS = 5, 20
"""Failures without a wait; an address may be that of a whole office."""
FIRST, LONGEST = 5.0, 900.0
FORGET = 3600.0
"""Seconds after the last failure until all is forgotten."""
ACCOUNTS, ADDRESSES = 4096, 16_384


class Throttle:
    """Counts failures in bounded memory; `clock` is monotonic seconds. One process counts for itself.

    Names that no account bears are counted apart from those of accounts, so that a flood of invented names cannot
    push out what is counted of a real one; both are treated alike otherwise.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._real: TTLCache[str, tuple[int, float]] = TTLCache(ACCOUNTS, FORGET, clock)
        self._invented: TTLCache[str, tuple[int, float]] = TTLCache(ACCOUNTS, FORGET, clock)
        self._addresses: TTLCache[str, tuple[int, float]] = TTLCache(ADDRESSES, FORGET, clock)

    def attempt(self, name: str, address: str, *, known: bool) -> float:
        """Seconds to wait before another attempt may be made; 0.0: go on, and it is counted as failed until `passed`.

        Counting first means that attempts made at the same time do not slip through together.
        """
        names = self._real if known else self._invented
        place = network(address)
        now = self._clock()
        wait = max(_left(names, name, now), _left(self._addresses, place, now))
        if wait > 0:
            return wait
        _count(names, name, FREE_ACCOUNT, now)
        _count(self._addresses, place, FREE_ADDRESS, now)
        return 0.0

    def passed(self, name: str, address: str) -> None:
        """The attempt was no failure: the account starts afresh, the address gets its one attempt back."""
        self._real.pop(name, None)
        place = network(address)
        failures, until = self._addresses.get(place, (0, 0.0))
        if failures:
            self._addresses[place] = (failures - 1, until)


def network(address: str) -> str:
    """What is counted as one address: IPv4 as it is, of IPv6 the /64 that one customer has."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped is not None else found.exploded[:19]
    return str(found)


def _left(table: TTLCache[str, tuple[int, float]], key: str, now: float) -> float:
    return max(0.0, table.get(key, (0, 0.0))[1] - now)


def _count(table: TTLCache[str, tuple[int, float]], key: str, free: int, now: float) -> None:
    failures = table.get(key, (0, 0.0))[0] + 1
    wait = 0.0 if failures < free else min(LONGEST, FIRST * 2.0 ** min(failures - free, 20))
    table[key] = (failures, now + wait if wait else 0.0)
