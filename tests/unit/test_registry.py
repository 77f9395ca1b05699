"""The registry: every plug loads, unknown names get the nearest one."""

import pytest

from personalize import registry
from personalize.registry import SOCKETS, RegistryError, load, names


@pytest.mark.parametrize(("socket", "name"), [(socket, name) for socket, table in SOCKETS.items() for name in table])
def test_every_plug_loads(socket, name):
    assert callable(load(socket, name))


def test_sockets_are_the_nine():
    assert set(SOCKETS) == {
        "shops", "signals", "weather", "decisions", "coupons", "stock", "stores", "accounts", "caches",
    }  # fmt: skip
    assert names("stores") == ("memory", "sqlite")


@pytest.mark.parametrize(
    ("socket", "name", "message", "hint"),
    [
        ("stores", "sqlit", "unknown stores plug 'sqlit', expected one of: memory, sqlite", "'sqlite'"),
        ("shops", "shopware", "expected one of: none", ""),
        ("store", "sqlite", "unknown socket 'store'", "'stores'"),
    ],
)
def test_unknown_names_get_the_nearest(socket, name, message, hint):
    with pytest.raises(RegistryError, match=message) as caught:
        load(socket, name)
    assert hint in caught.value.hint


def test_a_broken_plug_says_so(monkeypatch):
    monkeypatch.setitem(SOCKETS["stores"], "broken", "personalize.stores.nowhere:Nothing")
    with pytest.raises(RegistryError, match="cannot be loaded") as caught:
        load("stores", "broken")
    assert caught.value.code == "PLUG_BROKEN"


def test_installed_packages_bring_plugs_but_never_take_ours_over(monkeypatch, tmp_path):
    package = tmp_path / "foreign-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[personalize.signals]\nmoon = fractions:Fraction\ndaypart = fractions:Fraction\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._foreign.cache_clear()
    try:
        assert set(names("signals")) == {*SOCKETS["signals"], "moon"}
        assert names("signals").count("daypart") == 1
        assert load("signals", "moon").__name__ == "Fraction"
        assert load("signals", "daypart").__name__ == "Daypart"
    finally:
        registry._foreign.cache_clear()
