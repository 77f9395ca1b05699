"""Settings: defaults, sources, refusals with hints, secrets never shown, documented, reloaded."""

import os
import re
from pathlib import Path

import pytest

from personalize.domain.experiment import AssignedBy, Namespace, Unit
from personalize.domain.strategy import Mode, Strategy
from personalize.domain.switches import parse_strategies, print_strategy
from personalize.domain.visit import Consent
from personalize.errors import SettingsError
from personalize.settings import FIELDS, Settings, SettingsWatch, load_settings
from personalize.telemetry import Telemetry

SECRET = "a secret of enough length"
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_nothing_set_is_the_defaults():
    settings = load_settings({})
    assert settings == Settings()
    assert settings.strategies == tuple(Strategy(name, Mode.ON) for name in ("popularity", "ranker", "situation"))
    assert settings.consent_default is Consent.NONE
    assert repr(settings) == "Settings()"


def test_the_environment_wins_over_the_file():
    Path("personalize.toml").write_text('port = 9000\nhost = "0.0.0.0"\ncors_origins = ["https://a.example"]\n')
    settings = load_settings({"PERSONALIZE_PORT": "9001", "PATH": "/bin"})
    assert (settings.port, settings.host, settings.cors_origins) == (9001, "0.0.0.0", ("https://a.example",))


def test_the_environment_names_another_file(tmp_path):
    (tmp_path / "other.toml").write_text("dev = true")
    assert load_settings({"PERSONALIZE_CONFIG": str(tmp_path / "other.toml")}).dev
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings({"PERSONALIZE_CONFIG": "missing.toml"})


def test_all_kinds_from_the_environment():
    settings = load_settings(
        {
            "PERSONALIZE_SECRET": f"{SECRET}, the older secret one",
            "PERSONALIZE_DEV": "true",
            "PERSONALIZE_SHARE_TTL": "0",
            "PERSONALIZE_CONSENT_DEFAULT": "session",
            "PERSONALIZE_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "PERSONALIZE_STRATEGIES": "ranker=share 10%",
            "PERSONALIZE_EXPERIMENTS": '{"x": {"variants": ["a", "b"], "assigned_by": "header"}}',
        }
    )
    assert settings.secret == (SECRET, "the older secret one")
    assert settings.dev
    assert settings.share_ttl == 0
    assert settings.consent_default is Consent.SESSION
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.strategies == (Strategy("ranker", Mode.SHARE, 0.1),)
    assert settings.experiments[0].assigned_by is AssignedBy.HEADER


@pytest.mark.parametrize(
    ("environ", "message", "hint"),
    [
        ({"PERSONALIZE_PORTT": "1"}, "unknown setting PERSONALIZE_PORTT", "PERSONALIZE_PORT"),
        ({"PERSONALIZE_PORT": "many"}, "setting port is 'many': Expected int", "docs"),
        ({"PERSONALIZE_PORT": "70000"}, "Expected int <= 65535", "docs"),
        ({"PERSONALIZE_DEV": "maybe"}, "Expected bool", "docs"),
        ({"PERSONALIZE_CONSENT_DEFAULT": "yes"}, "expected one of: none, session, consented", "docs"),
        ({"PERSONALIZE_LOG_LEVEL": "loud"}, "expected one of: debug, info", "docs"),
        ({"PERSONALIZE_SHOP_URL": "shop.example"}, "begins with http or https://", "docs"),
        ({"PERSONALIZE_SHOP_URL": "http://"}, "an address with a host", "docs"),
        ({"PERSONALIZE_WEATHER_URL": "http://[::1"}, "an address with a host", "docs"),
        ({"PERSONALIZE_WEATHER_URL": "https://weather.example:70000"}, "an address with a host", "docs"),
        ({"PERSONALIZE_HOLIDAYS": "de"}, "as in DE-HH, or visitor", "docs"),
        ({"PERSONALIZE_STORE_URL": "mysql://x"}, "begins with memory or sqlite://", "docs"),
        ({"PERSONALIZE_SHOP_TIMEZONE": "Berlin"}, "a name like Europe/Berlin", "docs"),
        ({"PERSONALIZE_SHOP_TIMEZONE": "../etc/passwd"}, "a name like Europe/Berlin", "docs"),
        ({"PERSONALIZE_TRUSTED_PROXIES": "10.0.0.1/8"}, "expected an address or network", "docs"),
        ({"PERSONALIZE_CORS_ORIGINS": "shop.example/path"}, r"\* or an origin", "docs"),
        ({"PERSONALIZE_NAMESPACE": "__own"}, "namespace", "docs"),
        ({"PERSONALIZE_SECRET": "short"}, "16 characters", "docs"),
        ({"PERSONALIZE_OPERATOR_TOKEN": "short"}, "16 characters", "docs"),
        ({"PERSONALIZE_WORKERS": "2"}, "workers > 1 needs a secret", "PERSONALIZE_SECRET"),
        ({"PERSONALIZE_STRATEGIES": "rankr=on"}, "unknown strategy 'rankr'", "ranker"),
        ({"PERSONALIZE_STRATEGIES": "ranker"}, "expected name=off", ""),
        ({"PERSONALIZE_STRATEGIES": "ranker=share 110%"}, "between 0 and 1", ""),
        ({"PERSONALIZE_STRATEGIES": "ranker=on,ranker=off"}, "twice", "one entry"),
        ({"PERSONALIZE_EXPERIMENTS": "x"}, "is not JSON", "TOML"),
    ],
)
def test_refusals_name_what_was_met_and_expected(environ, message, hint):
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings(environ)
    assert hint in caught.value.hint
    assert "short" not in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("prot = 1", "unknown setting 'prot'"), ("port = ", "cannot be read")])
def test_a_file_is_refused_by_name(text, message):
    Path("personalize.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings({})


EXPERIMENT = """
[experiments.order-test]
variants = ["control", "treatment"]
weights = [0.3, 0.7]
assigned_by = "header"
[experiments.order-test.strategies]
control = "off"
treatment = ["ranker=shadow"]
"""


def test_experiments_of_the_file():
    Path("personalize.toml").write_text(EXPERIMENT)
    (experiment,) = load_settings({}).experiments
    control, treatment = experiment.variants
    assert (experiment.name, experiment.seed, experiment.assigned_by) == ("order-test", "order-test", "header")
    assert (control.weight, control.all_off) == (0.3, True)
    assert treatment.strategies == (Strategy("ranker", Mode.SHADOW),)
    more = 'unit = "session"\nplanned = 4000\nnamespace = {name = "a", from = 0, to = 0.5}'
    Path("personalize.toml").write_text(EXPERIMENT.replace('assigned_by = "header"', more))
    (experiment,) = load_settings({}).experiments
    assert (experiment.unit, experiment.planned) == (Unit.SESSION, 4000)
    assert experiment.namespace == Namespace("a", 0.0, 0.5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("order-test", "Order", "lower-case"),
        ('"control", "treatment"', '"control"', "expected 2 to 16 names"),
        ('"control", "treatment"', '"control", "control"', "one variant twice"),
        ('"control", "treatment"', '"control", "a b"', "letters, digits"),
        ("[0.3, 0.7]", "[0.3]", "expected 2 numbers"),
        ("[0.3, 0.7]", "[0.3, 0.6]", "sum to 0.9"),
        ("[0.3, 0.7]", "[-1, 2]", "from 0 to 1"),
        ('"header"', '"luck"', "'hash' or 'header'"),
        ('"header"', '"token"', "'hash' or 'header'"),
        ('"header"', '"hash"\nunit = "household"', "visitor, session, account"),
        ('"header"', '"hash"\nnamespace = "a"', "from = 0.0"),
        ('"header"', '"hash"\nnamespace = {name = "a", from = 0.5, to = 0.5}', "holds somebody"),
        ('"header"', '"hash"\nplanned = 3', "expected units"),
        ("order-test", "holdout", "that name is taken"),
        ("weights", "weight", "unknown key 'weight'"),
        ('treatment = ["ranker=shadow"]', 'other = "off"', "variants control, treatment only"),
        ('"ranker=shadow"', '"rankr=on"', "unknown strategy"),
    ],
)
def test_experiments_are_refused_by_key(old, new, message):
    Path("personalize.toml").write_text(EXPERIMENT.replace(old, new))
    with pytest.raises(SettingsError, match=message):
        load_settings({})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("off", ()),
        ("", ()),
        (["off"], ()),
        ("ranker=on, popularity=share:0.25", (Strategy("ranker", Mode.ON), Strategy("popularity", Mode.SHARE, 0.25))),
        (["ranker=share 2.5 %"], (Strategy("ranker", Mode.SHARE, 0.025),)),
        ({"ranker": "shadow"}, (Strategy("ranker", Mode.SHADOW),)),
        ("ranker=off", (Strategy("ranker", Mode.OFF),)),
    ],
)
def test_the_grammar_of_switches(raw, expected):
    assert parse_strategies(raw) == expected
    assert parse_strategies([print_strategy(switch) for switch in expected]) == expected


def test_secrets_are_never_shown():
    settings = load_settings(
        {
            "PERSONALIZE_SECRET": SECRET,
            "PERSONALIZE_OPERATOR_TOKEN": "an operator token",
            "PERSONALIZE_SHOP_URL": "https://user:hush@shop.example/graphql?key=quiet",
        }
    )
    shown = repr(settings) + str(settings) + str(list(settings.__rich_repr__()))
    assert "shop.example" in shown
    for word in (SECRET, "an operator token", "hush", "quiet"):
        assert word not in shown
    assert settings.secrets() == (SECRET, "an operator token")


def test_every_setting_is_documented_with_its_default():
    rows = re.findall(r"^\| (`.+?) \| (.+?) \| ", DOCS.read_text("utf-8"), re.M)
    documented = {name for names, _ in rows for name in re.findall(r"`(\w+)`", names)} - {"on", "off", "shadow"}
    assert set(FIELDS) <= documented
    assert documented <= set(FIELDS) | {"share"}
    defaults = {names.strip("`"): default.strip("`") for names, default in rows}
    for name in ("shop", "store_url", "body_limit", "workers", "consent_default", "shop_timezone"):
        assert defaults[name] == str(getattr(Settings(), name))


def _touch(path, text, moment):
    path.write_text(text)
    os.utime(path, ns=(moment, moment))


def test_a_switch_works_without_a_restart(tmp_path, caplog):
    path, telemetry = tmp_path / "personalize.toml", Telemetry()
    _touch(path, 'strategies = ["ranker=on"]', 1)
    watch = SettingsWatch(load_settings({}, path), telemetry, environ={}, path=path)
    assert watch.poll() is None

    _touch(path, 'strategies = ["off"]\nport = 1234', 2)
    fresh = watch.poll()
    assert fresh is not None
    assert (fresh.strategies, fresh.port) == ((), 8000)
    assert telemetry.counted("settings_reload", "needs_restart") == 1
    assert watch.poll() is None

    _touch(path, 'strategies = ["rankr=on"]', 3)
    assert watch.poll() is None
    assert watch.poll() is None
    assert watch.current is fresh
    assert telemetry.counted("settings_reload", "invalid") == 1
    assert "rankr" in caplog.text

    path.unlink()
    assert watch.poll() is None
    assert watch.current is fresh
    _touch(path, EXPERIMENT, 4)
    fresh = watch.poll()
    assert fresh is not None
    assert [experiment.name for experiment in fresh.experiments] == ["order-test"]
