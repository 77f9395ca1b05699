"""Files of stores and stock, opening hours in words, what a channel is called, and which one comes first and why."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from personalize.decisions.channel import ChannelOrder
from personalize.domain.places.channel import Channel, Kind
from personalize.domain.places.hours import read_hours, written
from personalize.domain.places.shop_store import Service, ShopStore
from personalize.domain.places.stock import Availability, StockRow, at_least, availability
from personalize.domain.reason import TEXTS
from personalize.domain.visit import Visit
from personalize.errors import PlaceError, SettingsError
from personalize.gateway.ours.channel_words import label
from personalize.gateway.ours.channels import AvailabilityView, ChannelKind
from personalize.places.book import Book, Tally
from personalize.places.changes import MAX_CHANGES, PER_EVENT, events_of
from personalize.places.stock_file import read_stock
from personalize.places.stores_file import read_stores
from personalize.settings import load_settings

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime.fromisoformat("2026-03-25T12:00:00+01:00").timestamp()  # a Wednesday
ALTONA = ShopStore("altona", "Altona", 53.55, 9.93, hours=read_hours("Mo-Fr 10:00-20:00; Sa 10:00-18:00"))


def feature(**changes):
    """A store in GeoJSON; `at` and `properties` may be changed."""
    properties = {"name": "Altona", "city": "Hamburg", "opening_hours": "Mo-Sa 10:00-20:00", "services": ["collect"]}
    at = changes.pop("at", [9.93, 53.55])
    return {"type": "Feature", "id": changes.pop("id", "altona"), "properties": {**properties, **changes},
            "geometry": {"type": "Point", "coordinates": at}}  # fmt: skip


def geojson(tmp_path, *features, **more):
    """A file of these features."""
    path = tmp_path / "stores.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features), **more}), "utf-8")
    return path


def test_stores_of_both_kinds_of_files_are_the_same(tmp_path):
    made = read_stores(geojson(tmp_path, feature(timezone="Europe/Berlin", services="collect try_on")))
    table = tmp_path / "stores.csv"
    table.write_text(
        "id,latitude,longitude,name,city,timezone,opening_hours,services\r\n"
        'altona,53.55,9.93,Altona,Hamburg,Europe/Berlin,"Mo-Sa 10:00-20:00","try_on, collect"\r\n',
        "utf-8-sig",
    )
    assert read_stores(table) == made
    store = made["altona"]
    assert (store.at, store.city) == ((53.55, 9.93), "Hamburg")
    assert store.services == {Service.COLLECT, Service.TRY_ON}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"at": [53.55, 99.93]}, "feature 1: `latitude` is 99.93, expected degrees from -90 to 90; are .* swapped"),
        ({"at": [9.9]}, "feature 1: `geometry` is no Point"),
        ({"at": [True, 53]}, "`longitude` is True"),
        ({"id": "Al tona"}, "`id` is 'Al tona'"),
        ({"name": None}, "`name` is missing"),
        ({"hours": "x"}, "unknown property 'hours'"),
        ({"opening_hours": "Mo 25:00-26:00"}, "`opening_hours`: 'Mo 25:00-26:00'"),
        ({"timezone": "Berlin"}, "`timezone` is 'Berlin'"),
        ({"services": ["collect", "hug"]}, "`services` is .* expected some of: collect, reserve, try_on"),
        ({"city": "x" * 300}, "`city` is"),
    ],
)
def test_a_store_is_refused_by_name(tmp_path, wrong, message):
    with pytest.raises(PlaceError, match=message):
        read_stores(geojson(tmp_path, feature(**wrong)))


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "stores.csv"
    lines = ["id,name,latitude,longitude", "a,A,53,10", "a,B,53,10", "b,B,north,10", "c,C,53", "d,,53,10"]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(PlaceError) as refused:
        read_stores(path)
    said = refused.value.message
    assert "4 faults" in said
    assert all(f"line {number}: " in said for number in (3, 4, 5, 6))
    assert "twice" in said
    assert "'north'" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type": "FeatureCollection", "features": []}', "holds no store"),
        ('{"type": "FeatureCollection", "features": [], "crs": {}}', "unknown key 'crs'"),
        ("{", "is no JSON"),
        ("[]", "is no GeoJSON"),
    ],
)
def test_a_file_that_is_no_geojson(tmp_path, text, message):
    path = tmp_path / "stores.json"
    path.write_text(text, "utf-8")
    with pytest.raises(PlaceError, match=message):
        read_stores(path)


def stock(tmp_path, *lines, head="store,variant,quantity,observed_at", name="stock.csv"):
    """A file of these lines."""
    path = tmp_path / name
    text = "\n".join([head, *lines]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_stock_of_a_file(tmp_path):
    line = "altona,7,3,2026-03-25T10:00:00Z"
    rows = [StockRow("altona", "7", "7", 3, NOW - 3600)]
    assert read_stock(stock(tmp_path, line), {"altona"}, NOW) == rows
    assert read_stock(stock(tmp_path, line, name="stock.csv.gz"), {"altona"}, NOW) == rows
    head = "product,quantity,store,observed_at,variant"
    other = stock(tmp_path, "p,0,altona,2026-03-25T12:03:00+01:00,7", "", head=head)
    assert read_stock(other, {"altona"}, NOW) == [StockRow("altona", "7", "p", 0, NOW)]  # their clock is ahead


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("berlin,7,3,2026-03-25T10:00:00Z", "store 'berlin' is not known"),
        ("altona,,3,2026-03-25T10:00:00Z", "`variant` and `product` have 1 to 128"),
        ("altona,7,-3,2026-03-25T10:00:00Z", "`quantity` is '-3'"),
        ("altona,7,3.5,2026-03-25T10:00:00Z", "`quantity` is '3.5'"),
        ("altona,7,99999999999,2026-03-25T10:00:00Z", "`quantity` is"),
        ("altona,7,3,2026-03-25T10:00:00", "`observed_at` is"),
        ("altona,7,3,yesterday", "`observed_at` is 'yesterday'"),
        ("altona,7,3,2027-03-25T10:00:00Z", "still to come"),
        ("altona,7,3", "3 values for 4 columns"),
        ("altona,6,1,2026-03-25T10:00:00Z", "there twice"),
        ('altona,"7"x,3,2026-03-25T10:00:00Z', "no CSV"),
    ],
)
def test_stock_is_refused_by_line(tmp_path, line, message):
    with pytest.raises(PlaceError, match=f"line 3: .*{message}"):
        read_stock(stock(tmp_path, "altona,6,1,2026-03-25T10:00:00Z", line), {"altona"}, NOW)


@pytest.mark.parametrize(
    ("head", "message"),
    [("store,variant,quantity,seen_at", "unknown column 'seen_at'"), ("store,variant,quantity", "missing columns"),
     ("store,variant,quantity,observed_at,store", "there twice")],
)  # fmt: skip
def test_columns_of_stock_are_refused_by_name(tmp_path, head, message):
    with pytest.raises(PlaceError, match=f"line 1: .*{message}"):
        read_stock(stock(tmp_path, head=head), {"altona"}, NOW)


@pytest.mark.parametrize(
    ("text", "at", "open_"),
    [
        ("24/7", "2026-03-25T03:00", True),
        ("Mo-Fr 10:00-20:00; Sa 10:00-14:00,15:00-18:00", "2026-03-28T14:30", False),
        ("Mo-Fr 10:00-20:00; Sa 10:00-14:00,15:00-18:00", "2026-03-28T15:00", True),
        ("Fr-Mo 10:00-20:00", "2026-03-29T10:00", True),
        ("Fr-Mo 10:00-20:00", "2026-03-31T10:00", False),
        ("Fr 18:00-02:00", "2026-03-28T01:59", True),
        ("Fr 18:00-02:00", "2026-03-28T02:00", False),
        ("Mo-Su 10:00-20:00; 2026-03-25 off", "2026-03-25T12:00", False),
        ("Mo-Su 10:00-20:00; 2026-03-25 12:00-14:00", "2026-03-25T11:00", False),
        ("Mo,We 10:00-24:00", "2026-03-25T23:59", True),
    ],
)
def test_hours_in_words(text, at, open_):
    moment = datetime.fromisoformat(at).replace(tzinfo=BERLIN).timestamp()
    assert read_hours(text).is_open(moment, BERLIN) is open_


@pytest.mark.parametrize("text", ["Mo", "Xx 10:00-12:00", "Mo 10-12", "Mo 10:00-12:00,11:00-13:00", "2026-02-30 off"])
def test_hours_that_are_none(text):
    with pytest.raises(ValueError, match=r"expected|overlap|no date"):
        read_hours(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mo-Fr 10:00-20:00; Sa 10:00-14:00,15:00-18:00; 2026-12-24 10:00-14:00; 2026-12-25 off",
        "Mo 09:00-12:00; We-Th 09:00-12:00; Su 22:00-02:00",
        "Mo-Su 00:00-24:00",
        "",
    ],
)
def test_hours_are_written_as_they_were_read(text):
    assert written(read_hours(text)) == text
    assert read_hours(written(read_hours(text))) == read_hours(text)


def test_what_the_stock_of_each_store_amounts_to():
    stores = {name: ShopStore(name, name, 53.0, 10.0) for name in ("a", "b", "c")}
    rows = [
        StockRow("a", "1", "p", 0, 50.0), StockRow("a", "2", "p", 3, 150.0), StockRow("c", "1", "p", 9, 10.0),
        StockRow("gone", "1", "p", 9, 10.0),
    ]  # fmt: skip
    assert Book(stores, rows).tally(3, 100.0) == [
        Tally(2, 1, 1, 1, 50.0, 150.0), Tally(0, 0, 0, 0, None, None), Tally(1, 0, 0, 1, 10.0, 10.0),
    ]  # fmt: skip
    assert Book(stores).tally(3, 100.0) == [Tally(0, 0, 0, 0, None, None)] * 3
    assert Book().tally(3, 100.0) == []


def test_a_closed_store_has_no_time():
    assert read_hours("").ready(NOW, 0, BERLIN) is None
    assert read_hours("Mo-Fr 10:00-20:00").ready(NOW, 60, BERLIN) == NOW + 3600


def collect(hours_on=0.0, **changes):
    """A channel to collect by, ready so many hours from now."""
    given = {"store": ALTONA, "distance": 1.23, "pick_up_at": NOW + hours_on * 3600, **changes}
    return Channel(changes.pop("kind", Kind.COLLECT), Availability.IN_STOCK, **given)


@pytest.mark.parametrize(
    ("channel", "english", "german"),
    [
        (collect(1), "Collect today, 1.2 km", "Heute abholen, 1,2 km"),
        (collect(24), "Collect tomorrow, 1.2 km", "Morgen abholen, 1,2 km"),
        (collect(72), "Collect on Saturday, 1.2 km", "Am Samstag abholen, 1,2 km"),
        (collect(240), "Collect on 2026-04-04, 1.2 km", "Am 04.04.2026 abholen, 1,2 km"),
        (collect(1, distance=None), "Collect today, Altona", "Heute abholen, Altona"),
        (collect(pick_up_at=None), "Collect in store, 1.2 km", "Im Geschäft abholen, 1,2 km"),
        (Channel(Kind.COLLECT, Availability.UNKNOWN, ALTONA, 1.2), "Ask the store, 1.2 km",
         "Im Geschäft nachfragen, 1,2 km"),
        (Channel(Kind.RESERVE, Availability.OUT, ALTONA, 1.2), "Not in the store now, 1.2 km",
         "Gerade nicht im Geschäft, 1,2 km"),
        (Channel(Kind.SHIP, Availability.IN_STOCK), "Delivery in 2–3 days", "Lieferung in 2–3 Tagen"),
        (Channel(Kind.SHIP, Availability.OUT), "Delivery: sold out", "Lieferung: ausverkauft"),
    ],
)  # fmt: skip
def test_a_channel_in_words(channel, english, german):
    assert label(channel, "en", NOW, "Europe/Berlin", (2, 3)) == english
    assert label(channel, "de", NOW, "Europe/Berlin", (2, 3)) == german


SHIP = Channel(Kind.SHIP, Availability.IN_STOCK)
COLLECT = Channel(Kind.COLLECT, Availability.LOW, ALTONA)
UNSURE = Channel(Kind.COLLECT, Availability.UNKNOWN, ALTONA)
SOLD_OUT = Channel(Kind.SHIP, Availability.OUT)


@pytest.mark.parametrize(
    ("channels", "context", "first", "code"),
    [
        ([SHIP, COLLECT], {}, None, None),
        ([SHIP, COLLECT], {"mode": "mission"}, COLLECT, "soonest"),
        ([SHIP, COLLECT], {"mode": "mission", "weather": "rain"}, COLLECT, "soonest"),
        ([SHIP, COLLECT], {"in_store": True}, COLLECT, "in_the_store"),
        ([SHIP, COLLECT], {"weather": "rain"}, SHIP, "stay_dry"),
        ([SHIP, UNSURE], {"mode": "mission"}, SHIP, "not_in_store"),
        ([SOLD_OUT, COLLECT], {}, COLLECT, "store_has_it"),
        ([SOLD_OUT, COLLECT], {"weather": "snow"}, COLLECT, "store_has_it"),
        ([SHIP], {"mode": "mission"}, None, None),
    ],
)
def test_which_channel_comes_first(channels, context, first, code):
    change = ChannelOrder().rechannel("1", channels, Visit(NOW, context=context))
    assert (change is None) == (first is None)
    if change is not None:
        assert channels[change.order[0]] is first
        assert change.reason.code == code
        assert all(code in texts for texts in TEXTS.values())


def test_a_margin_decides_where_nothing_else_does():
    order = ChannelOrder({"collect": 3.0, "ship": 1.0})
    change = order.rechannel("1", [SHIP, COLLECT], Visit(NOW))
    assert change.order == (1, 0)
    assert order.rechannel("1", [SHIP, UNSURE], Visit(NOW)) is None


def test_numbers_are_told_in_steps():
    assert [at_least(quantity) for quantity in (0, 1, 2, 3, 9, 10, 5000)] == [None, 1, 1, 3, 3, 10, 10]
    assert [availability(quantity, 3) for quantity in (0, 3, 4)] == ["out", "low", "in_stock"]
    assert {kind.name for kind in Kind} == {kind.name for kind in ChannelKind}
    assert {one.name for one in Availability} == {one.name for one in AvailabilityView}


def test_changes_are_bounded_and_those_that_matter_come_first():
    rows = [StockRow("s", str(n), "p", 5, NOW) for n in range(MAX_CHANGES + 10)]
    changed = [(row, row._replace(quantity=6)) for row in rows[:-1]] + [(rows[-1], rows[-1]._replace(quantity=0))]
    events = list(events_of(changed, NOW))
    assert sum(len(event.items) for event in events) == MAX_CHANGES
    assert all(len(event.items) <= PER_EVENT for event in events)
    assert events[0].items[0].quantity == 0
    assert events[0].items[0].attributes == {"variant": rows[-1].variant, "before": 5}
    assert (events[0].event, events[0].extra) == ("stock_change", {"store": "s", "left_out": 10})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"low": 3}, "low"),
        ({"source": "magento"}, "places.source is 'magento'"),
        ({"ship_days": [3, 2]}, "places.ship_days"),
        ({"margins": {"drone": 1}}, "places.margins names 'drone'"),
        ({"source": "vendure"}, "admin_url is empty"),
        ({"stock_max_age": 0}, "stock_max_age|places"),
    ],
)
def test_settings_of_places(table, message):
    environ = {"PERSONALIZE_PLACES": msgspec.json.encode(table).decode()}
    with pytest.raises(SettingsError, match=message):
        load_settings(environ)
