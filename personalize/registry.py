"""The sockets: which plugs exist by name, as lazy `module:Class` strings and entry points."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from personalize.errors import PersonalizeError

SOCKETS: dict[str, dict[str, str]] = {
    # Most shops need no code at all: their map in graphql/shops/ says everything (see assets.py).
    "shops": {},
    "signals": {
        "behaviour": "personalize.signals.behaviour:Behaviour",
        "daypart": "personalize.signals.daypart:Daypart",
        "device": "personalize.signals.device:Device",
        "holiday": "personalize.signals.holiday:Holiday",
        "location": "personalize.signals.location:Location",
        "season": "personalize.signals.season:Season",
        "weather": "personalize.signals.weather.signal:Weather",
    },
    "weather": {
        "open-meteo": "personalize.signals.weather.open_meteo:OpenMeteo",
        "bright-sky": "personalize.signals.weather.bright_sky:BrightSky",
        "met-norway": "personalize.signals.weather.met_norway:MetNorway",
    },
    "decisions": {
        "shop_order": "personalize.decisions.shop_order:ShopOrder",
        "popularity": "personalize.decisions.popularity:PopularityOrder",
        "ranker": "personalize.decisions.ranker:Ranker",
        "situation": "personalize.decisions.situation:Situation",
        "exploring": "personalize.decisions.exploring:Exploring",
        "offer": "personalize.decisions.offer:Offering",
        "channel": "personalize.decisions.channel:ChannelOrder",
        "merchandising": "personalize.decisions.merchandising:Merchandising",
        "store_first": "personalize.decisions.store_first:StoreFirst",
    },
    # The shops whose Admin API we can ask for codes, prices and stock; by the name of the shop map.
    "coupons": {
        "vendure": "personalize.shops.vendure.coupons:VendureCoupons",
    },
    "stock": {
        "vendure": "personalize.shops.vendure.stock:VendureStock",
    },
    "stores": {
        "memory": "personalize.stores.memory:MemoryStore",
        "sqlite": "personalize.stores.sqlite:SqliteStore",
    },
    "accounts": {
        "memory": "personalize.stores.accounts.memory:MemoryAccounts",
        "sqlite": "personalize.stores.accounts.sqlite:SqliteAccounts",
    },
    "caches": {
        "memory": "personalize.caches.memory:MemoryCache",
    },
}


class RegistryError(PersonalizeError):
    """A socket or plug of that name does not exist or cannot be loaded."""

    code = "PLUG_UNKNOWN"


def names(socket: str) -> tuple[str, ...]:
    """All plugs of a socket, sorted: ours and those that installed packages bring as `personalize.<socket>`."""
    return tuple(sorted({**_table(socket), **_foreign(socket)}))


def load(socket: str, name: str) -> Any:
    """The class (or factory) behind a plug's name; `RegistryError` names the nearest one or the broken import."""
    target = _table(socket).get(name)
    try:
        if target is not None:
            module, _, attribute = target.partition(":")
            return getattr(import_module(module), attribute)
        point = _foreign(socket).get(name)
        if point is not None:
            return point.load()
    except (ImportError, AttributeError) as error:
        raise RegistryError(
            f"{socket} plug {name!r} cannot be loaded: {error}",
            code="PLUG_BROKEN",
            hint="install what it needs, or take it out of the settings",
        ) from error
    raise _unknown(f"{socket} plug", name, names(socket))


def nearest(name: str, known: tuple[str, ...] | list[str]) -> str:
    """A hint that names the closest known name, or nothing."""
    match = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {match[0]!r}?" if match else ""


def _unknown(what: str, name: str, known: tuple[str, ...]) -> RegistryError:
    expected = ", ".join(known) or "none"
    return RegistryError(f"unknown {what} {name!r}, expected one of: {expected}", hint=nearest(name, known))


def _table(socket: str) -> dict[str, str]:
    try:
        return SOCKETS[socket]
    except KeyError:
        raise _unknown("socket", socket, tuple(SOCKETS)) from None


@cache
def _foreign(socket: str) -> dict[str, EntryPoint]:
    """Entry points of other packages; a name of ours is never taken over."""
    own = SOCKETS.get(socket, {})
    return {point.name: point for point in entry_points(group=f"personalize.{socket}") if point.name not in own}
