"""What is exported is what the code says: the SDL of our fields, the command, the wheel's data."""

from __future__ import annotations

import zipfile
from pathlib import Path

from graphql import build_schema, print_schema

from personalize.console.api.schema import operator_schema
from personalize.gateway.ours.schema import own_schema

ROOT = Path(__file__).resolve().parents[2]


def test_the_storefront_sdl_is_exported() -> None:
    exported = (ROOT / "graphql" / "personalization.graphql").read_text("utf-8")
    assert print_schema(build_schema(exported)) == print_schema(build_schema(own_schema().as_str())), (
        "export it anew: python -m tests.house.export"
    )


def test_the_operators_sdl_is_exported() -> None:
    exported = (ROOT / "graphql" / "operator.graphql").read_text("utf-8")
    assert print_schema(build_schema(exported)) == print_schema(build_schema(operator_schema().as_str())), (
        "export it anew: python -m tests.house.export"
    )


def test_the_operations_fit_the_maps_we_ship() -> None:
    names = [path.stem for path in (ROOT / "graphql" / "shops").glob("*.graphql")]
    assert "vendure" in names


def test_the_wheel_carries_contracts_and_artefacts(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path)))
    names = zipfile.ZipFile(wheel).namelist()
    assert "personalize/_data/graphql/shops/vendure.graphql" in names
    assert "personalize/_data/graphql/shop_map.graphql" in names
    assert any(name.startswith("personalize/_data/models/") for name in names)
    assert not any(name.startswith(("graphql/", "tests/", "models/")) for name in names)
