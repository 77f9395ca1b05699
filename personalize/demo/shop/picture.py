"""Draws a product's picture (SVG): a tile in its colours with its name, so that no picture has to be shipped."""

from __future__ import annotations

from html import escape

from personalize.demo.catalogue import Product
from personalize.demo.source import read

SIDE = 400
SHAPES = {
    "women": "M140 90 L260 90 L300 320 L100 320 Z",
    "men": "M110 110 L290 110 L280 320 L120 320 Z",
    "accessories": "M120 170 H280 V310 H120 Z M150 170 Q200 80 250 170",
    "living": "M200 90 L290 190 V310 H110 V190 Z",
    "table": "M100 200 Q200 330 300 200 Z",
    "bed-bath": "M90 170 H310 V290 H90 Z M90 170 Q200 120 310 170",
}


def preview_url(base: str, product_id: str) -> str:
    """Where the shop serves the picture."""
    return f"{base}/assets/preview/{product_id}.svg"


def draw(product: Product) -> str:
    """The picture of a product as an SVG document."""
    table = read("colours")["colours"]
    stripes = [table[colour]["hex"] for colour in product.colours]
    width = SIDE / len(stripes)
    fill = "".join(
        f'<rect x="{i * width:g}" y="0" width="{width + 1:g}" height="{SIDE}" fill="{colour}"/>'
        for i, colour in enumerate(stripes)
    )
    name = escape(product.name.en)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" role="img"><title>{name}</title>'
        f'<rect width="{SIDE}" height="{SIDE}" fill="#efece6"/>'
        f'<clipPath id="s"><path d="{SHAPES[product.department]}"/></clipPath><g clip-path="url(#s)">{fill}</g>'
        f'<text x="20" y="375" font-family="sans-serif" font-size="15" fill="#333">{name}</text></svg>'
    )
