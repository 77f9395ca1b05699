"""The demo's pictures: every product has one that a browser can read, and nothing in it is fetched or run."""

from __future__ import annotations

from xml.etree import ElementTree

from personalize.demo.shop.picture import draw
from personalize.demo.source import read
from tests.gateway_world import catalogue


def test_every_product_has_a_picture_that_is_well_formed() -> None:
    for product in catalogue().products:
        root = ElementTree.fromstring(draw(product))
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text == product.name.en
        assert not [
            one for one in root.iter() if one.tag.rpartition("}")[2] in ("script", "image", "use", "foreignObject")
        ]


def test_every_drawing_is_of_a_kind_that_is_sold() -> None:
    assert set(read("drawings")["kinds"]) == {product.kind.en for product in catalogue().products}
