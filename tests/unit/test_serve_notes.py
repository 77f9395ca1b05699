"""What is set and does nothing is said when the gateway starts."""

from __future__ import annotations

import pytest

from personalize.cli.serve import without_effect
from personalize.settings import load_settings


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, []),
        ({"GEO_HEADERS": "cloudflare"}, ["geo_headers"]),
        ({"GEO_HEADERS": "cloudflare", "TRUSTED_PROXIES": "10.0.0.0/8"}, []),
        ({"WEATHER_URL": "http://127.0.0.1:1"}, ["weather_url"]),
        ({"WEATHER_PROVIDER": "met-norway"}, ["weather_provider"]),
        ({"WEATHER_PROVIDER": "met-norway", "SHOP_PLACE": "53.6,10.0"}, []),
    ],
)
def test_settings_without_effect_are_named(environ: dict[str, str], named: list[str]) -> None:
    settings = load_settings({f"PERSONALIZE_{key}": value for key, value in environ.items()})
    assert [note.partition(":")[0] for note in without_effect(settings)] == named
