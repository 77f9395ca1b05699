"""What a benchmark found: the machine, the model, medians over rounds; as JSON, and as a table to read."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bench.cores import Cores
from bench.load import Measured
from personalize.artefact import load

QUIET = 0.05
FIGURES = ("p50", "p99", "rate", "sustained", "asked", "failed")
OUT = Path("bench/out")
CONSOLE = Console(width=132, highlight=False)
Result = dict[str, Any]


def machine(cores: Cores, **versions: str) -> Result:
    """What the figures were measured on."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "processor": _processor(),
        "cpus": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}", "pinned": cores.told(),
        "python": platform.python_version(), **versions,
    }  # fmt: skip


def told_of_model(directory: Path) -> Result:
    """How large the model is: trees, leaves of the largest one, features."""
    artefact = load(directory)
    trees = artefact.booster.dump_model()["tree_info"]
    return {
        "name": artefact.name, "version": artefact.version, "trees": len(trees),
        "leaves": max((tree["num_leaves"] for tree in trees), default=0), "features": len(artefact.schema.names),
        "depth": artefact.card.get("ranking", {}).get("depth"),
    }  # fmt: skip


def middle(rounds: Sequence[Measured]) -> Result:
    """Medians over the rounds, with each round's own figures beside them."""
    return {
        "cpu": {name: _median(one.cpu[name] for one in rounds) for name in rounds[0].cpu},
        **{name: _median(getattr(one, name) for one in rounds) for name in FIGURES},
        "memory_mib": {name: round(size / 2**20) for name, size in rounds[-1].memory.items()},
        "rounds": [
            {"cpu": {k: round(v, 4) for k, v in one.cpu.items()}, "p50": round(one.p50, 3), "p99": round(one.p99, 3),
             "rate": round(one.rate, 1)}
            for one in rounds
        ],
    }  # fmt: skip


def ratio(above: Sequence[float], below: Sequence[float]) -> Result:
    """The median of the ratios within each round, and the least and greatest of them."""
    found = [a / b for a, b in zip(above, below, strict=True) if b > 0]
    return {"median": round(statistics.median(found), 3), "least": round(min(found), 3), "most": round(max(found), 3)}


def difference(above: Sequence[float], below: Sequence[float]) -> Result:
    """The median of the differences within each round, and the least and greatest of them."""
    found = [a - b for a, b in zip(above, below, strict=True)]
    return {"median": round(statistics.median(found), 3), "least": round(min(found), 3), "most": round(max(found), 3)}


def save(name: str, result: Mapping[str, Any]) -> Path:
    """Write a result to `bench/out/<name>.json`."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.json"
    path.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    return path


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column is text, numbers stand right."""
    shown = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        shown.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row))
    CONSOLE.print(shown)


def say(text: str) -> None:
    """One line of progress."""
    CONSOLE.print(text)


def tell_of_others(share: float) -> None:
    """Say how much of the machine other processes used, where it was enough to blur the figures."""
    if share > QUIET:
        say(f"Other processes used {share:.0%} of the machine: measure again when it is quiet.")


def _median(values: Any) -> float:
    return round(float(statistics.median(values)), 4)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
