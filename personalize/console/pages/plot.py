"""Plots as SVG without a script or a style: lines with their intervals over time, and counts that grow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 78, 14, 16, 34
COLOURS = 6
"""Classes `s0` to `s5` of the style sheet."""


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of (x, y), and the band (x, low, high) around it where there is one."""

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = field(default=())
    colour: int = 0


def plot(
    title: str, told: str, series: Sequence[Series], *, x: Callable[[float], str], y: Callable[[float], str],
    zero: bool = False, floor: float | None = None,
) -> Markup:  # fmt: skip
    """The plot as markup: `title` names it and `told` says in words what it shows; `x` and `y` write the axes.

    `zero` draws the line of no effect; `floor` is the lowest value shown. At most `COLOURS` series.
    """
    series = series[:COLOURS]
    points = [point for one in series for point in one.points]
    if not points:
        return Markup("")
    xs = [px for px, _ in points]
    ys = [py for _, py in points] + [v for one in series for _, low, high in one.band for v in (low, high)]
    if zero:
        ys.append(0.0)
    if floor is not None:
        ys = [max(floor, v) for v in ys] + [floor]
    ticks = steps(*_trimmed(ys, [py for _, py in points], zero))
    low, high = ticks[0], ticks[-1]
    start, end = min(xs), max(xs)
    end = end if end > start else start + 1.0

    def across(value: float) -> float:
        return LEFT + (value - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        inside = min(max(value, low), high)
        return TOP + (high - inside) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDTH, HEIGHT, f"{title}. {told}"
        ),
    ]
    for tick in ticks:
        parts.append(Markup('<path class="grid" d="M{:.1f} {:.1f}H{}"/>').format(LEFT, down(tick), WIDTH - RIGHT))
        parts.append(
            Markup('<text class="axis" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
                LEFT - 8, down(tick) + 5, y(tick)
            )
        )
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = start + share * (end - start)
        parts.append(
            Markup('<text class="axis" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                across(at), HEIGHT - 9, anchor, x(at)
            )
        )
    if zero:
        parts.append(Markup('<path class="none" d="M{:.1f} {:.1f}H{}"/>').format(LEFT, down(0.0), WIDTH - RIGHT))
    for one in series:
        colour = one.colour % COLOURS
        if one.band:
            upper = [f"{across(at):.1f} {down(top):.1f}" for at, _, top in one.band]
            lower = [f"{across(at):.1f} {down(bottom):.1f}" for at, bottom, _ in reversed(one.band)]
            parts.append(Markup('<path class="band s{}" d="M{}Z"/>').format(colour, "L".join(upper + lower)))
        line = "L".join(f"{across(at):.1f} {down(value):.1f}" for at, value in one.points)
        parts.append(Markup('<path class="line s{}" d="M{}"/>').format(colour, line))
        at, value = one.points[-1]
        parts.append(
            Markup('<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(colour, across(at), down(value))
        )
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def legend(series: Sequence[Series]) -> Markup:
    """The names of the lines beside their colours."""
    rows = [
        Markup('<li><span class="swatch s{}" aria-hidden="true"></span>{}</li>').format(
            one.colour % COLOURS, escape(one.name)
        )
        for one in series[:COLOURS]
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(rows))


def steps(low: float, high: float, most: int = 6) -> list[float]:
    """Round values from at most `low` to at least `high`, evenly spaced: the ticks of an axis."""
    if not high - low > 1e-9 * max(1.0, abs(low)):
        high = low + (abs(low) if abs(low) > 1e-9 else 1.0)
    raw = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [number * size for number in range(first, last + 1)]


def _trimmed(values: Sequence[float], lines: Sequence[float], zero: bool) -> tuple[float, float]:
    """The span of the axis: early intervals that are vast would flatten all that follows, so they run off the plot."""
    low, high = min(values), max(values)
    if not zero:
        return low, high
    ordered = sorted(abs(v) for v in values)
    bound = max(3.0 * ordered[len(ordered) // 2], 1.5 * max(abs(v) for v in lines), 0.02)
    return max(low, -bound), min(high, bound)
