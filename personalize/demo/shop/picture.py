"""Draws a product's picture (SVG): its kind in its colour and material, so that no picture has to be shipped."""

from __future__ import annotations

from functools import cache
from html import escape

from personalize.demo.catalogue import Product
from personalize.demo.source import read

SIDE = 400
PAPER, SHADOW = "#f3eee5", "#9a9081"
"""What the ground behind a product is mixed from: light behind what is dark, dark behind what is pale."""
WOVEN = {
    "knit": ("wool", "merino", "cashmere"), "cloth": ("linen", "cotton", "canvas", "jersey", "flannel", "viscose"),
    "cord": ("corduroy",), "twill": ("denim", "softshell", "waxed-cotton"), "grain": ("oak", "walnut"),
    "plait": ("straw", "rattan", "seagrass", "jute"), "pile": ("terry", "fleece", "velvet", "suede"),
    "speckle": ("stoneware", "terracotta"),
}  # fmt: skip
PATTERNS = {
    "knit": (12, 'M0 0l6 6 6-6M0 6l6 6 6-6"', 1.4), "cloth": (6, 'M0 3h6M3 0v6"', 0.7), "cord": (7, 'M3.5 0v7"', 2.2),
    "twill": (6, 'M-1 7 7-1M-1 1 1-1M5 7l2-2"', 0.8), "plait": (16, 'M0 4h8M8 12h8M4 8v8M12 0v8"', 2.6),
    "grain": (26, 'M4 0q5 13 0 26M13 0q-4 13 0 26M21 0q3 13 0 26"', 0.9), "pile": (6, 'M1.5 1.5v.1M4.5 4.5v.1"', 1.6),
    "speckle": (22, 'M4 5v.1M15 9v.1M9 17v.1M19 19v.1"', 2.2),
}  # fmt: skip
"""A tile's side, the start of its path, and the width of its lines."""
FIXED = {"trim": "#b99d74", "sole": "#f6f2ea", "cream": "#f4eee1", "leaf": "#7d8c63", "flame": "#f0b84c"}
LINES = {
    "line": ("shade", 2.5, ""), "stitch": ("light", 2.5, "7 5"), "zip": ("light", 4, "2 3"), "piping": ("light", 4, ""),
    "strap": ("dark", 11, ""), "belt": ("dark", 9, ""), "cord": ("dark", 3.5, ""), "fringe": ("main", 4, ""),
    "button": ("cream", 10, ""), "handle": ("main", 18, ""), "bar": ("trim", 9, ""), "stem": ("leaf", 3.5, ""),
    "gloss": ("gloss", 7, ""),
}  # fmt: skip
"""Roles that are drawn and not filled: colour, width, dashes."""


def preview_url(base: str, product_id: str) -> str:
    """Where the shop serves the picture."""
    return f"{base}/assets/preview/{product_id}.svg"


def draw(product: Product) -> str:
    """The picture of a product as an SVG document; further colours to be had stand as dots below."""
    table = read("colours")["colours"]
    colour = table[product.colours[0]]["hex"]
    ink = _inks(colour)
    woven = next((name for name, cloths in WOVEN.items() if product.material in cloths), None)
    drawings = read("drawings")
    parts = [
        _part(drawings["shapes"].get(path, path), role, ink, woven) for path, role in drawings["kinds"][product.kind.en]
    ]
    clear = ' opacity=".82"' if product.material == "glass" else ""
    dots = [
        f'<circle cx="{370 - 24 * place}" cy="372" r="8" fill="{table[code]["hex"]}" stroke="#00000022"/>'
        for place, code in enumerate(product.colours[1:6])
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" role="img">'
        f"<title>{escape(product.name.en)}</title>{_pattern(woven, ink)}"
        f'<rect width="{SIDE}" height="{SIDE}" fill="{_ground(colour)}"/>'
        f'<g transform="translate(18 16) scale(.91)" stroke-linejoin="round"{clear}>{"".join(parts)}</g>'
        f"{''.join(dots)}</svg>"
    )


def _part(path: str, role: str, ink: dict[str, str], woven: str | None) -> str:
    if role in LINES:
        colour, width, dashes = LINES[role]
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        return (
            f'<path d="{path}" fill="none" stroke="{ink[colour]}" stroke-width="{width}" '
            f'stroke-linecap="round"{dashed}/>'
        )
    filled = f'<path d="{path}" fill="{ink[role]}" fill-rule="evenodd"/>'
    if woven and role in ("main", "light"):
        filled += f'<path d="{path}" fill="url(#w)" fill-rule="evenodd"/>'
    return filled


def _pattern(woven: str | None, ink: dict[str, str]) -> str:
    if woven is None:
        return ""
    side, path, width = PATTERNS[woven]
    return (
        f'<pattern id="w" width="{side}" height="{side}" patternUnits="userSpaceOnUse"><path d="{path} fill="none" '
        f'stroke="{ink["shade"]}" stroke-width="{width}" stroke-linecap="round" opacity=".75"/></pattern>'
    )


@cache
def _inks(colour: str) -> dict[str, str]:
    """The colour of each role for a product of `colour` (`#rrggbb`)."""
    deep = _brightness(colour) < 0.25
    return {
        "main": colour, "shade": _mix(colour, "#ffffff" if deep else "#2a2118", 0.16 if deep else 0.17),
        "light": _mix(colour, "#ffffff", 0.22 if deep else 0.42), "dark": _mix(colour, "#000000", 0.45),
        "band": _mix(colour, "#3a2a1e", 0.75), "gloss": _mix(colour, "#ffffff", 0.5), **FIXED,
    }  # fmt: skip


def _ground(colour: str) -> str:
    return _mix(colour, SHADOW, 0.34) if _brightness(colour) > 0.74 else _mix(colour, PAPER, 0.84)


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _brightness(colour: str) -> float:
    """0 (black) to 1 (white), by the weights of Rec. 601."""
    red, green, blue = _channels(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one * (1 - share) + two * share):02x}" for one, two in pairs)
