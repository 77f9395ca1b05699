"""Where a visitor is, as a content delivery network says it in request headers: read into a coarse `Place`.

Names as their makers document them: Cloudflare (`CF-IPCountry`, and the managed transform "Add visitor location
headers"), Vercel ("Request headers": the city is percent-encoded), Amazon CloudFront ("Add CloudFront request headers":
percent-encoded, too), Akamai (EdgeScape). Fastly sends none by itself; assumed are the names of its own example "Tag
requests with geolocation data" (`client-geo-country` ...), and `client-geo-region` and `-city` in the same manner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from personalize.domain.situation import Place, coarse

TEXT_MAX = 128
EDGESCAPE, EDGESCAPE_MAX = "x-akamai-edgescape", 1024


class Names(NamedTuple):
    """The headers (lower case) of one network; `quoted` where texts are percent-encoded."""

    country: str
    region: str
    city: str
    latitude: str
    longitude: str
    quoted: bool = False


PROVIDERS: dict[str, Names] = {
    "cloudflare": Names("cf-ipcountry", "cf-region-code", "cf-ipcity", "cf-iplatitude", "cf-iplongitude"),
    "vercel": Names(
        "x-vercel-ip-country", "x-vercel-ip-country-region", "x-vercel-ip-city", "x-vercel-ip-latitude",
        "x-vercel-ip-longitude", quoted=True,
    ),
    "cloudfront": Names(
        "cloudfront-viewer-country", "cloudfront-viewer-country-region", "cloudfront-viewer-city",
        "cloudfront-viewer-latitude", "cloudfront-viewer-longitude", quoted=True,
    ),
    "fastly": Names(
        "client-geo-country", "client-geo-region", "client-geo-city", "client-geo-latitude", "client-geo-longitude"
    ),
    "akamai": Names("country_code", "region_code", "city", "lat", "long"),  # fields of the one header
}  # fmt: skip

_OF = {
    header: provider
    for provider, names in PROVIDERS.items()
    for header in ((EDGESCAPE,) if provider == "akamai" else names[:5])
}
HEADERS = frozenset(_OF)
"""All headers that are looked at."""

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_REGION = re.compile(r"(?:[A-Z]{2}-)?([A-Z0-9]{1,3})", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,12})?", re.ASCII)
_NOWHERE = frozenset({"XX", "ZZ", "T1", "EU", "AP"})
"""What networks say for an unknown country, for Tor, and for addresses of a whole continent."""


def read_place(headers: Mapping[str, str], provider: str = "") -> tuple[Place | None, str | None]:
    """The place that the headers of `provider` tell of, and why (a part of) it was not read; both may be None.

    Without a named `provider`, the headers of exactly one may be there: a network passes the headers of another on as
    the visitor sent them. Coordinates are rounded to their cell here, and nothing more exact leaves this function.
    """
    if not provider:
        found = {_OF[name] for name in HEADERS & headers.keys()}
        if len(found) != 1:
            return None, "conflict" if found else None
        (provider,) = found
    names, source = PROVIDERS[provider], headers
    if provider == "akamai":
        source = _fields(headers.get(EDGESCAPE))
    country, region = _country(source.get(names.country)), _region(source.get(names.region))
    city = _text(source.get(names.city), quoted=names.quoted)
    where, fault = _cell(source.get(names.latitude), source.get(names.longitude))
    if country is None:
        region = None  # a part of nothing
    if where is None and country is None and city is None:
        return None, fault
    latitude, longitude = where or (None, None)
    return Place(latitude, longitude, country, region, city, provider), fault


def _fields(header: str | None) -> dict[str, str]:
    """`georegion=263,country_code=US,city=CAMBRIDGE,lat=42.3933,long=-71.1333,...` by name."""
    if not header or len(header) > EDGESCAPE_MAX:
        return {}
    pairs = (part.partition("=") for part in header.split(","))
    return {name.strip(): value for name, _, value in pairs}


def _country(value: str | None) -> str | None:
    value = (value or "").strip().upper()
    return value if _COUNTRY.fullmatch(value) and value not in _NOWHERE else None


def _region(value: str | None) -> str | None:
    found = _REGION.fullmatch((value or "").strip().upper())
    return found[1] if found is not None else None


def _text(value: str | None, *, quoted: bool) -> str | None:
    if not value or len(value) > TEXT_MAX:
        return None
    if quoted:
        value = unquote(value)
    elif not value.isascii():
        try:  # headers are read as Latin-1, and mostly meant as UTF-8
            value = value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return None
    value = value.strip()
    if not value.isprintable() or "\ufffd" in value or not any(character.isalpha() for character in value):
        return None
    return value.title() if value.isupper() or value.islower() else value


def _cell(latitude: str | None, longitude: str | None) -> tuple[tuple[float, float] | None, str | None]:
    if latitude is None and longitude is None:
        return None, None
    texts = (latitude or "").strip(), (longitude or "").strip()
    if not (_NUMBER.fullmatch(texts[0]) and _NUMBER.fullmatch(texts[1])):
        return None, "bad_value"
    north, east = float(texts[0]), float(texts[1])
    if north == 0.0 and east == 0.0:  # what Fastly says for reserved addresses; nobody shops there
        return None, None
    cell = coarse(north, east)
    return cell, None if cell is not None else "bad_value"
