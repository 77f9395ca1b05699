"""Assets: found in the wheel's folder first, then in the checkout; unknown maps get the nearest name."""

import pytest

from personalize import assets
from personalize.assets import AssetError, find, shop_map, shop_maps
from personalize.errors import MapError


def _map(root, name):
    path = root / "graphql" / "shops" / f"{name}.graphql"
    path.parent.mkdir(parents=True)
    path.write_text("# a map")
    return path


def test_the_wheel_comes_before_the_checkout(tmp_path, monkeypatch):
    wheel, checkout = tmp_path / "wheel", tmp_path / "checkout"
    monkeypatch.setattr(assets, "ROOTS", (wheel, checkout))
    with pytest.raises(AssetError, match=r"graphql/shops/vendure\.graphql"):
        find("graphql", "shops", "vendure.graphql")
    assert shop_maps() == ()
    lying = _map(checkout, "vendure")
    assert shop_map("vendure") == lying
    packed = _map(wheel, "vendure")
    assert shop_map("vendure") == packed
    assert shop_maps() == ("vendure",)


def test_maps_by_path_and_by_nearest_name(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "ROOTS", (tmp_path,))
    path = _map(tmp_path, "vendure")
    assert shop_map(str(path)) == path
    with pytest.raises(MapError, match="unknown shop map 'vendur'") as caught:
        shop_map("vendur")
    assert "'vendure'" in caught.value.hint
    with pytest.raises(MapError, match="does not exist"):
        shop_map("maps/other.graphql")
