"""How much memory and time training takes on a long simulated log: `python -m bench.quality.bounds`."""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import time
from pathlib import Path

import click

from personalize.demo.generate import generate
from personalize.demo.shoppers import simulate
from personalize.events.log import write

FOLDER = Path(".cache/bench/quality")
SHOPPERS_PER_EVENT = 1 / 100  # more than enough shoppers: the log is cut at the number asked for


@click.command()
@click.option("--count", default=2_000_000, show_default=True, help="Events of the log.")
def main(count: int) -> None:
    """Write a simulated log once, train on it in a process of its own, tell its peak memory and its time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER / f"simulated-{count}.jsonl.gz"
    if not log.exists():
        shoppers = max(int(count * SHOPPERS_PER_EVENT), 100)
        events = simulate(generate(7), shoppers=shoppers, seed=7, days=28, explore=0.4)
        part = log.with_name(f"part-{log.name}")
        click.echo(f"{write(part, itertools.islice(events, count)):,} events written to {log}")
        part.rename(log)
    start = time.perf_counter()
    command = [sys.executable, "-m", "personalize", "train", "--events", str(log), "--out", str(FOLDER / "long")]
    subprocess.run(command, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    click.echo(
        f"wall {time.perf_counter() - start:.0f} s, CPU {used.ru_utime + used.ru_stime:.0f} s, "
        f"peak memory {used.ru_maxrss / 2**20:.2f} GiB"
    )


if __name__ == "__main__":
    main()
