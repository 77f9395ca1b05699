"""Who else was at work: the share of the machine that other processes used while a benchmark ran."""

from __future__ import annotations

import contextlib

import psutil

LOOK_SECONDS = 0.3
CALM_PERCENT = 8.0


class Others:
    """Watches from its making on. Ask while the benchmark's own servers still run: they are told apart by descent."""

    def __init__(self) -> None:
        self.busy, self.whole = _machine()
        self.own = _family()

    def share(self) -> float:
        """0..1 of all cores. Above 0.1 the figures say as much of the others as of us."""
        busy, whole = _machine()
        others = (busy - self.busy) - (_family() - self.own)
        return round(max(others, 0.0) / max(whole - self.whole, 1e-9), 3)


class Patience:
    """So many seconds in all that a benchmark waits for others to be quiet before its measurements."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def wait(self) -> None:
        """Return when the machine is idle, or patience is at its end. Our own servers have nothing to do meanwhile."""
        while self.left > 0 and psutil.cpu_percent(LOOK_SECONDS) > CALM_PERCENT:
            self.left -= LOOK_SECONDS


def _machine() -> tuple[float, float]:
    """Seconds that all cores together were busy, and that have passed for them."""
    times = psutil.cpu_times()
    whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return whole - times.idle - getattr(times, "iowait", 0.0), whole


def _family() -> float:
    """Seconds that this process and all it started have used, also those that have ended."""
    own = psutil.Process()
    times = own.cpu_times()
    spent = times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    for child in own.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            used = child.cpu_times()
            spent += used.user + used.system
            spent += getattr(used, "children_user", 0.0) + getattr(used, "children_system", 0.0)
    return float(spent)
