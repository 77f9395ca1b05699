"""The settings: typed, frozen, read from `PERSONALIZE_*` and `personalize.toml`; unknown keys are refused."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from enum import EnumMeta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from personalize.domain.declared import parse_experiments
from personalize.domain.experiment import Experiment
from personalize.domain.offers.declared import parse_offers, parse_prices
from personalize.domain.offers.offer import Offer
from personalize.domain.offers.prices import PRICE_STRATEGIES, Prices
from personalize.domain.places.shop_store import ShopStore
from personalize.domain.places.terms import Terms, check_terms
from personalize.domain.shop_stores import parse_stores
from personalize.domain.situation import read_place
from personalize.domain.strategy import Mode, Strategy
from personalize.domain.switches import parse_strategies
from personalize.domain.visit import Consent
from personalize.errors import SettingsError
from personalize.registry import names, nearest
from personalize.telemetry import Telemetry

PREFIX = "PERSONALIZE_"
FILE = "personalize.toml"
CONFIG = "PERSONALIZE_CONFIG"
HOT = ("strategies", "experiments", "holdout", "offers", "prices")
"""What `SettingsWatch` changes while the gateway runs; everything else needs a restart."""

DEFAULT_STRATEGIES = (Strategy("popularity", Mode.ON), Strategy("ranker", Mode.ON), Strategy("situation", Mode.ON))

HOLIDAYS = "^(visitor|[A-Z]{2}(-[A-Z0-9]{1,3})?)?$"
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, repr_omit_defaults=True):
    """Every setting with its default; docs/settings.md says what each does."""

    shop_url: str = ""
    shop: str = "vendure"
    schema_file: str = ""
    admin_url: str = ""
    admin_user: str = ""
    admin_password: str = ""
    admin_token: str = ""
    admin_channel: str = ""
    admin_cost: Annotated[str, msgspec.Meta(max_length=200)] = ""
    admin_mark: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,64}$")] = "personalize"
    store_url: str = "sqlite:///personalize.sqlite"
    cache_url: str = "memory://"
    model: str = ""
    offer_model: str = ""
    strategies: tuple[Strategy, ...] = DEFAULT_STRATEGIES
    experiments: tuple[Experiment, ...] = ()
    offers: tuple[Offer, ...] = ()
    prices: Prices = Prices()
    holdout: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.02
    guard_minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 5.0
    secret: tuple[str, ...] = ()
    operator_token: str = ""
    consent_default: Consent = Consent.NONE
    weather_provider: str = ""
    weather_url: str = ""
    weather_key: str = ""
    weather_contact: Annotated[str, msgspec.Meta(max_length=200)] = ""
    shop_place: str = ""
    trusted_proxies: tuple[str, ...] = ()
    geo_headers: Literal["", "cloudflare", "vercel", "cloudfront", "fastly", "akamai"] = ""
    stores: dict[str, ShopStore] = {}
    places: Terms = Terms()
    holidays: Annotated[str, msgspec.Meta(pattern=HOLIDAYS)] = ""
    cors_origins: tuple[str, ...] = ()
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    host: str = "127.0.0.1"
    port: Port = 8000
    operator_host: str = "127.0.0.1"
    operator_port: Port = 8001
    upstream_deadline: Seconds = 10.0
    body_limit: Annotated[int, msgspec.Meta(ge=1024, le=1 << 30)] = 1 << 20
    displacement_up: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    displacement_down: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    spread: bool = True
    window: Annotated[int, msgspec.Meta(ge=0, le=2000)] = 0
    share_ttl: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 5.0
    shop_timezone: str = "Europe/Berlin"
    namespace: Annotated[str, msgspec.Meta(pattern="^(?!__)[_A-Za-z][_0-9A-Za-z]*$", max_length=64)] = "personalization"
    profile_days: Annotated[float, msgspec.Meta(gt=0, le=3650)] = 90.0
    events_days: Annotated[float, msgspec.Meta(ge=0, le=3650)] = 400.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    dev: bool = False

    def __repr__(self) -> str:
        """Only what differs from the defaults; secrets and passwords in URLs never."""
        defaults = Settings()
        parts = [
            f"{name}={shown(name, value)}"
            for name in FIELDS
            if (value := getattr(self, name)) != getattr(defaults, name)
        ]
        return f"Settings({', '.join(parts)})"

    def __rich_repr__(self) -> Any:
        """For rich: the same as `repr`."""
        yield from ((name, shown(name, getattr(self, name))) for name in FIELDS)

    def secrets(self) -> tuple[str, ...]:
        """All values that must never reach a log."""
        admin = (self.admin_password, self.admin_token)
        return tuple(value for value in (*self.secret, self.operator_token, self.weather_key, *admin) if value)


FIELDS: tuple[str, ...] = Settings.__struct_fields__
SECRET_MIN = 16
_LISTS = ("secret", "trusted_proxies", "cors_origins")


def load_settings(
    environ: Mapping[str, str] | None = None,
    path: Path | str | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """The settings of the environment and the TOML file; the environment wins, and over it `overrides` (options).

    `path` defaults to `PERSONALIZE_CONFIG`, else to `personalize.toml` here if there is one. Raises `SettingsError`.
    """
    environ = os.environ if environ is None else environ
    file = config_path(environ, path)
    raw = {} if file is None else _read(file)
    return _convert({**raw, **_from_environ(environ), **(overrides or {})})


def config_path(environ: Mapping[str, str], path: Path | str | None = None) -> Path | None:
    """The TOML file to read: named ones must exist, the default one may be missing."""
    named = path or environ.get(CONFIG)
    if named:
        file = Path(named)
        if not file.is_file():
            raise SettingsError(f"settings file {str(file)!r} does not exist", hint=f"mend the path or unset {CONFIG}")
        return file
    file = Path(FILE)
    return file if file.is_file() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"settings file {str(file)!r} cannot be read: {error}", hint="it has to be TOML") from error
    for key in raw:
        if key not in FIELDS:
            raise SettingsError(f"unknown setting {key!r} in {str(file)!r}", hint=nearest(key, FIELDS))
    return raw


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG:
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key not in FIELDS:
            hint = nearest(variable, [PREFIX + field.upper() for field in FIELDS])
            raise SettingsError(f"unknown setting {variable} in the environment", hint=hint)
        raw[key] = _listed(text) if key in _LISTS else text
        if key in ("experiments", "stores", "offers", "prices", "places"):
            raw[key] = _json(variable, text)
    return raw


def _json(variable: str, text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{variable} is not JSON: {error}", hint="write it as a table of the TOML file") from error


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _convert(raw: dict[str, Any]) -> Settings:
    parsed: dict[str, Any] = {}
    if "strategies" in raw:
        parsed["strategies"] = parse_strategies(raw.pop("strategies"))
    if "experiments" in raw:
        parsed["experiments"] = parse_experiments(raw.pop("experiments"))
    if "offers" in raw:
        parsed["offers"] = parse_offers(raw.pop("offers"))
    if "prices" in raw:
        parsed["prices"] = parse_prices(raw.pop("prices"))
    if "stores" in raw:
        parsed["stores"] = parse_stores(raw.pop("stores"))
    if isinstance(raw.get("secret"), str):
        raw["secret"] = [raw["secret"]]
    for key, value in raw.items():
        try:
            parsed[key] = msgspec.convert(value, _TYPES[key], strict=False)
        except msgspec.ValidationError as error:
            raise _malformed(key, value, _expected(key, error)) from None
    settings = Settings(**parsed)
    _check(settings)
    return settings


def _expected(key: str, error: msgspec.ValidationError) -> str:
    if key == "holidays":
        return "expected a country or a state of it in capitals, as in DE-HH, or visitor"
    kind = _TYPES[key]
    choices = list(kind.__members__.values()) if isinstance(kind, EnumMeta) else get_args(kind)
    if choices and all(isinstance(choice, str) for choice in choices):
        return f"expected one of: {', '.join(choices)}"
    return str(error).split(" - at")[0].replace("`", "")


def _malformed(key: str, value: object, expected: str) -> SettingsError:
    return SettingsError(f"setting {key} is {shown(key, value)}: {expected}", hint="docs/settings.md explains each")


def _check(settings: Settings) -> None:
    """What types cannot say: addresses, names of plugs, and settings that need each other."""
    for key, schemes in _URLS.items():
        value = getattr(settings, key)
        if value and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise _malformed(key, value, f"expected an address that begins with {' or '.join(schemes)}://")
        if value and "http" in schemes and not _has_host(value):
            raise _malformed(key, value, "expected an address with a host, like https://shop.example")
    check_terms(settings.places, names("stock"))
    if settings.places.source and not settings.admin_url:
        raise SettingsError("places.source asks the shop's Admin API, and admin_url is empty", hint="set admin_url")
    try:
        ZoneInfo(settings.shop_timezone)
    except (KeyError, ValueError, OSError):
        raise _malformed("shop_timezone", settings.shop_timezone, "expected a name like Europe/Berlin") from None
    if settings.shop_place and read_place(settings.shop_place) is None:
        raise _malformed("shop_place", settings.shop_place, "expected latitude,longitude in degrees, like 53.5,10.0")
    if settings.weather_provider and settings.weather_provider not in (known := names("weather")):
        message = f"setting weather_provider is {settings.weather_provider!r}: expected one of: {', '.join(known)}"
        raise SettingsError(message, hint=nearest(settings.weather_provider, known))
    for network in settings.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise _malformed("trusted_proxies", network, f"expected an address or network, {error}") from None
    for origin in settings.cors_origins:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s?#]+", origin):
            raise _malformed("cors_origins", origin, "expected * or an origin like https://shop.example")
    if any(len(secret) < SECRET_MIN for secret in settings.secret):
        raise _malformed("secret", "", f"each secret needs {SECRET_MIN} characters or more")
    if settings.workers > 1 and not settings.secret:
        raise SettingsError("workers > 1 needs a secret, or each worker signs its own", hint="set PERSONALIZE_SECRET")
    if settings.operator_token and len(settings.operator_token) < SECRET_MIN:
        raise _malformed("operator_token", "", f"expected {SECRET_MIN} characters or more")
    check_strategies(settings.strategies, "strategies")
    for experiment in settings.experiments:
        for variant in experiment.variants:
            priced = sorted(
                one.name for one in variant.strategies if experiment.interleaved and one.name in PRICE_STRATEGIES
            )
            if priced:
                message = (
                    f"experiments.{experiment.name} is interleaved and switches {priced[0]!r}, which changes prices"
                )
                raise SettingsError(
                    message, hint="an order can be interleaved, a price never: one person would see two"
                )
            check_strategies(variant.strategies, f"experiments.{experiment.name}.strategies.{variant.name}")
    _check_prices(settings)


def _check_prices(settings: Settings) -> None:
    """Nothing changes a price before the operator confirmed that the storefront tells so."""
    switches = [
        *settings.strategies,
        *(switch for experiment in settings.experiments for arm in experiment.variants for switch in arm.strategies),
    ]
    shown = [one.name for one in switches if one.name in PRICE_STRATEGIES and one.mode not in (Mode.OFF, Mode.SHADOW)]
    if shown and not settings.prices.disclosed:
        raise SettingsError(
            f"strategy {shown[0]!r} changes prices, and nobody confirmed that the storefront discloses it",
            code="PRICES_UNDISCLOSED",
            hint="show `disclosure` and `lowestPrice30d` where they are told, then set disclosed = true under [prices]",
        )
    if shown and settings.offers and not settings.admin_url:
        raise SettingsError(
            f"strategy {shown[0]!r} is on, and admin_url is empty: nothing could make the codes of an offer",
            hint="set admin_url and an administrator of the shop, see docs/offers-shop.md",
        )
    for offer in settings.offers:
        if offer.frequency is not None and 0 < settings.events_days < offer.frequency.days:
            raise SettingsError(
                f"offers.{offer.name}.frequency counts {offer.frequency.days} days, and promises are kept for"
                f" events_days = {settings.events_days:g}",
                hint="raise events_days, or count fewer days",
            )


def _has_host(url: str) -> bool:
    """Whether an address names a host, and a port only where it is one."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_strategies(strategies: tuple[Strategy, ...], where: str) -> None:
    """Raises `SettingsError` where a switch names no decision."""
    known = names("decisions")
    for switch in strategies:
        if switch.name not in known:
            message = f"{where} names unknown strategy {switch.name!r}, expected one of: {', '.join(known)}"
            raise SettingsError(message, hint=nearest(switch.name, known))


def shown(key: str, value: object) -> str:
    """A value as it may be printed: secrets masked, passwords and query strings of URLs cut out."""
    if key in _SECRET:
        return "'***'"
    text = repr(value)
    if "://" in text:
        text = re.sub(r"(://)[^/\s@'\"]*@", r"\1***@", text)
        text = re.sub(r"\?[^'\"\s]*", "?***", text)
    return text


class SettingsWatch:
    """Holds the current settings. `poll()` costs one `stat`; a broken file keeps the old settings and is told once."""

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        *,
        environ: Mapping[str, str] | None = None,
        path: Path | str | None = None,
    ) -> None:
        self.current = settings
        self._telemetry = telemetry
        self._environ = dict(os.environ if environ is None else environ)
        self._path = config_path(self._environ, path) or Path(FILE)
        self._stamp = self._look()

    def poll(self) -> Settings | None:
        """The new settings if strategies or experiments changed since the last call, else None; raises nothing."""
        stamp = self._look()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        if stamp is None:  # an editor that saves by delete and rename; a switch must not flip for that moment
            self._tell("missing", "it is gone; the settings stay as they were")
            return None
        try:
            fresh = load_settings(self._environ, self._path)
        except SettingsError as error:
            self._tell("invalid", f"kept the old settings: {error.message}")
            return None
        cold = [name for name in FIELDS if name not in HOT and getattr(fresh, name) != getattr(self.current, name)]
        if cold:
            self._tell("needs_restart", f"needs a restart: {', '.join(cold)}")
        changed = {name: getattr(fresh, name) for name in HOT if getattr(fresh, name) != getattr(self.current, name)}
        if not changed:
            return None
        self.current = msgspec.structs.replace(self.current, **changed)
        return self.current

    def _look(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _tell(self, reason: str, detail: str) -> None:
        self._telemetry.count("settings_reload", reason)
        self._telemetry.log.warning("settings file %s: %s", self._path, detail)


_TYPES: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Settings)}
_SECRET = ("secret", "operator_token", "weather_key", "admin_password", "admin_token")
_URLS = {
    "shop_url": ("http", "https"),
    "admin_url": ("http", "https"),
    "weather_url": ("http", "https"),
    "store_url": names("stores"),
    "cache_url": names("caches"),
}
