"""The curves of `growth` as one picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from bench.report import Result

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "bench", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9})

TITLES = {
    "window": "rows of the window",
    "trees": "trees of the model",
    "history": "events of the visitor",
}


def draw(result: Result, path: Path) -> None:
    """Write the curves as SVG: CPU milliseconds and p50 over each of what grows."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(TITLES), figsize=(9.6, 2.9), sharey=True, layout="constrained")
    for axis, (name, title) in zip(axes, TITLES.items(), strict=True):
        curve = result["curves"][name]
        sizes = [int(size) for size in curve]
        axis.plot(sizes, [point["cpu"]["proxy"] for point in curve.values()], "o-", label="CPU of the gateway")
        axis.plot(sizes, [point["p50"] for point in curve.values()], "s--", label="p50 seen by the client")
        if name == "history":
            axis.set_xscale("log")
        axis.set_xlabel(title)
        axis.grid(alpha=0.3)
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel("ms per warm page")
    axes[0].legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
