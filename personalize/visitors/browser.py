"""What the headers of a request say of the device it was sent from, and of what led there.

The device is one of three words, so a rule of a few lines does: MDN's ("Browser detection using the user agent": look
for `Mobi`), behind the client hints of browsers that send them. A library that knows ten thousand models would cost a
hundred times as much to say the same word.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from personalize.domain.situation import Browser

CACHED = 8192
AGENT_MAX = 256
REFERER_MAX = 2048
QUERY_MAX = 32

_DESKTOPS = ("Windows NT", "Macintosh", "X11", "CrOS")
_TABLETS = ("iPad", "Tablet", "Kindle", "Silk/")
_TELEVISIONS = ("TV", "Web0S", "Tizen", "PlayStation", "Xbox")

SEARCH = frozenset({"google", "bing", "duckduckgo", "yahoo", "ecosia", "qwant", "startpage", "baidu", "yandex"})
SOCIAL = frozenset({
    "facebook", "instagram", "twitter", "pinterest", "tiktok", "linkedin", "reddit", "youtube", "threads", "snapchat",
})  # fmt: skip
HOSTS = {"t.co": "social", "x.com": "social", "lnkd.in": "social", "youtu.be": "social"}
MEDIA = {
    "email": "email", "e-mail": "email", "e_mail": "email", "newsletter": "email",
    "cpc": "ads", "ppc": "ads", "cpm": "ads", "cpv": "ads", "cpa": "ads", "retargeting": "ads", "display": "ads",
    "banner": "ads", "affiliate": "ads", "affiliates": "ads", "shopping": "ads",
    "social": "social", "social-network": "social", "social-media": "social", "sm": "social",
    "organic": "search", "referral": "site", "link": "site",
}  # fmt: skip
"""Words of `utm_medium`, as Google Analytics sorts them into channels ("Default channel group")."""

CLICKS = {"gclid": "ads", "wbraid": "ads", "gbraid": "ads", "msclkid": "ads", "dclid": "ads"}
"""Parameters that ad networks add to the address of a page."""


def read_browser(headers: Mapping[str, str]) -> Browser:
    """Of headers by lower-case name: `User-Agent`, `Sec-CH-UA-Mobile` and `-Form-Factors`, `Save-Data`, `Referer`."""
    referer = headers.get("referer")
    saves = headers.get("save-data")
    return Browser(
        device=_device(
            headers.get("sec-ch-ua-form-factors", "")[:AGENT_MAX], headers.get("sec-ch-ua-mobile", "")[:8],
            headers.get("user-agent", "")[:AGENT_MAX],
        ),
        save_data=True if saves is not None and saves.strip().lower() == "on" else None,
        referrer=referrer(referer) if referer else None,
    )  # fmt: skip


@lru_cache(CACHED)
def _device(form: str, mobile: str, agent: str) -> str | None:
    for factor, word in (("Tablet", "tablet"), ("EInk", "tablet"), ("Mobile", "phone"), ("Desktop", "desktop")):
        if f'"{factor}"' in form:
            return word
    if any(sign in agent for sign in _TELEVISIONS):
        return None
    if mobile == "?1":
        return "phone"
    if any(sign in agent for sign in _TABLETS) or ("Android" in agent and "Mobi" not in agent):
        return "tablet"
    if "Mobi" in agent:
        return "phone"
    return "desktop" if any(sign in agent for sign in _DESKTOPS) else None


def referrer(referer: str) -> str | None:
    """What led here, as far as a `Referer` tells: the campaign of the page it names, else a search or social host.

    None for everything else, above all for the shop's own pages. The address itself is kept nowhere.
    """
    if len(referer) > REFERER_MAX or not referer.startswith(("https://", "http://")):
        return None
    try:
        parts = urlsplit(referer)
        host = parts.hostname or ""
        asked = dict(parse_qsl(parts.query, max_num_fields=QUERY_MAX)) if parts.query else {}
    except ValueError:
        return None
    medium = asked.get("utm_medium", "").strip().lower()
    if medium in MEDIA or medium.startswith("paid"):
        return MEDIA.get(medium, "ads")
    for name, word in CLICKS.items():
        if name in asked:
            return word
    if host in HOSTS:
        return HOSTS[host]
    labels = host.split(".")
    name = labels[-2] if len(labels) > 1 else ""
    if name in ("co", "com") and len(labels) > 2:  # google.co.uk
        name = labels[-3]
    return "search" if name in SEARCH else "social" if name in SOCIAL else None
