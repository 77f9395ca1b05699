"""Geo headers of five networks: typed, range-checked, never more exact than a cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.situation import CELL, Place
from personalize.visitors.geo import EDGESCAPE, HEADERS, PROVIDERS, read_place

HAMBURG = {
    "cloudflare": {
        "cf-ipcountry": "DE", "cf-region-code": "HH", "cf-ipcity": "Hamburg", "cf-iplatitude": "53.55073",
        "cf-iplongitude": "9.99302",
    },
    "vercel": {
        "x-vercel-ip-country": "DE", "x-vercel-ip-country-region": "HH", "x-vercel-ip-city": "Hamburg",
        "x-vercel-ip-latitude": "53.5507", "x-vercel-ip-longitude": "9.993",
    },
    "cloudfront": {
        "cloudfront-viewer-country": "DE", "cloudfront-viewer-country-region": "HH",
        "cloudfront-viewer-city": "Hamburg", "cloudfront-viewer-latitude": "53.55070",
        "cloudfront-viewer-longitude": "9.99300",
    },
    "fastly": {
        "client-geo-country": "DE", "client-geo-region": "HH", "client-geo-city": "hamburg",
        "client-geo-latitude": "53.550", "client-geo-longitude": "9.990",
    },
    "akamai": {
        EDGESCAPE: "georegion=73,country_code=DE,region_code=HH,city=HAMBURG,lat=53.56,long=10.00,timezone=GMT+1,"
        "continent=EU,throughput=vhigh,bw=5000,asnum=3320,network_type=dialup",
    },
}  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("named", [False, True])
def test_each_network_tells_the_same(provider, named):
    place, fault = read_place({"user-agent": "x", **HAMBURG[provider]}, provider if named else "")
    assert place == Place(53.6 if provider != "fastly" else 53.5, 10.0, "DE", "HH", "Hamburg", provider)
    assert fault is None
    assert set(HAMBURG[provider]) <= HEADERS


def test_a_country_alone_is_a_place_without_a_cell():
    place, _ = read_place({"cf-ipcountry": "AT"})
    assert place == Place(country="AT", source="cloudflare")
    assert place.cell is None


@pytest.mark.parametrize("country", ["XX", "T1", "ZZ", "EU", "", "D", "DEU", "ÄÖ", "12"])
def test_an_unknown_country_is_none(country):
    assert read_place({"cf-ipcountry": country, "cf-region-code": "HH"}) == (None, None)


@pytest.mark.parametrize(
    ("headers", "city"),
    [
        ({"x-vercel-ip-city": "M%C3%BCnchen"}, "München"),
        ({"cloudfront-viewer-city": "S%C3%A3o%20Paulo"}, "São Paulo"),
        ({"cf-ipcity": "Zürich".encode().decode("latin-1")}, "Zürich"),  # as a header arrives
        ({"cf-ipcity": "Gie\xdfen"}, None),  # not UTF-8
        ({"x-vercel-ip-city": "%C3%28"}, None),
        ({"x-vercel-ip-city": "a%0d%0ab"}, None),
        ({"client-geo-city": "?"}, None),
        ({"cf-ipcity": "x" * 200}, None),
        ({EDGESCAPE: "city=CAMBRIDGE" + "," * 2_000}, None),
    ],
)
def test_cities_are_decoded_or_unknown(headers, city):
    place, _ = read_place(headers)
    assert (place.city if place else None) == city


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("91", "0"), ("-90.1", "10"), ("10", "180.5"), ("999.9", "999.9"), ("nan", "nan"), ("inf", "1"), ("1e1", "1"),
        ("１０", "10"), ("10", ""), ("10", None), ("1_0", "1"), ("5" * 50, "1"), ("52.5;drop", "1"),
    ],
)  # fmt: skip
def test_impossible_coordinates_are_no_cell_and_counted(latitude, longitude):
    headers = {"cf-ipcountry": "DE", "cf-iplatitude": latitude}
    if longitude is not None:
        headers["cf-iplongitude"] = longitude
    place, fault = read_place(headers)
    assert place == Place(country="DE", source="cloudflare")
    assert fault == "bad_value"


def test_fastly_says_zero_for_reserved_addresses():
    headers = {"client-geo-latitude": "0.000", "client-geo-longitude": "0.000", "client-geo-country": "**"}
    assert read_place(headers) == (None, None)


@pytest.mark.parametrize(("north", "east"), [("90", "0"), ("-90", "180"), ("0", "-180"), ("89.99", "179.99")])
def test_poles_and_the_date_line_are_places(north, east):
    place, fault = read_place({"cf-iplatitude": north, "cf-iplongitude": east})
    assert fault is None
    assert abs(place.latitude) <= 90
    assert -180 <= place.longitude < 180


def test_headers_of_two_networks_are_believed_of_the_named_one_only():
    both = {**HAMBURG["cloudflare"], "x-vercel-ip-country": "US"}
    assert read_place(both) == (None, "conflict")
    assert read_place(both, "vercel")[0] == Place(country="US", source="vercel")
    assert read_place(HAMBURG["cloudflare"], "vercel") == (None, None)
    assert read_place({}) == (None, None)


@given(st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(max_size=200)))
def test_nothing_raises_and_nothing_is_more_exact_than_a_cell(headers):
    place, fault = read_place(headers)
    assert fault in (None, "conflict", "bad_value")
    _check(place)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_exact_coordinates_end_at_the_edge(north, east):
    place, _ = read_place({"cf-iplatitude": f"{north:.6f}", "cf-iplongitude": f"{east:.6f}"})
    _check(place)


def _check(place):
    if place is not None and place.cell is not None:
        assert round(place.latitude, 1) == place.latitude
        assert round(place.longitude, 1) == place.longitude
        assert round(place.cell[0] * CELL, 1) == place.latitude
