"""A channel in a few words: `Collect today, 1.2 km`, `Heute abholen, 1,2 km`."""

from __future__ import annotations

from datetime import datetime

from personalize.domain.places.channel import Channel, Kind

DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
TEXTS = {
    "en": {
        "ship": "Delivery", "ship_out": "Delivery: sold out", "days": "Delivery in {} days", "day": "Delivery in 1 day",
        "today": "today", "tomorrow": "tomorrow", "on": "on {}", "ask": "Ask the store", "out": "Not in the store now",

        "collect": "Collect {when}", "reserve": "Reserve, ready {when}", "try_in_store": "Try in store {when}",
        "collect_": "Collect in store", "reserve_": "Reserve in store", "try_in_store_": "Try in store",
    },
    "de": {
        "ship": "Lieferung", "ship_out": "Lieferung: ausverkauft", "days": "Lieferung in {} Tagen",
        "day": "Lieferung in 1 Tag", "today": "heute", "tomorrow": "morgen", "on": "am {}",
        "ask": "Im Geschäft nachfragen", "out": "Gerade nicht im Geschäft",
        "collect": "{when} abholen", "reserve": "Reservieren, {when} bereit",
        "try_in_store": "{when} im Geschäft anprobieren", "collect_": "Im Geschäft abholen",
        "reserve_": "Im Geschäft reservieren", "try_in_store_": "Im Geschäft anprobieren",
    },
}  # fmt: skip


def label(one: Channel, language: str, at: float, zone: str, ship_days: tuple[int, int] | None) -> str:
    """The words; English where the language is neither. Days are those of the store's own time zone, else of `zone`."""
    spoken = language if language in TEXTS else "en"
    texts = TEXTS[spoken]
    if one.kind is Kind.SHIP:
        return _sent(one, texts, ship_days)
    assert one.store is not None
    if not one.promised:
        said = texts["out" if one.availability == "out" else "ask"]
    elif one.pick_up_at is None:
        said = texts[f"{one.kind}_"]
    else:
        local = one.store.zone(zone)
        ready, today = datetime.fromtimestamp(one.pick_up_at, local), datetime.fromtimestamp(at, local)
        ahead = (ready.date() - today.date()).days
        if ahead > 6:
            when = texts["on"].format(ready.date().isoformat() if spoken == "en" else f"{ready:%d.%m.%Y}")
        elif ahead > 1:
            when = texts["on"].format(DAYS[spoken][ready.weekday()])
        else:
            when = texts["tomorrow" if ahead == 1 else "today"]
        said = texts[one.kind].format(when=when)
    if one.distance is None or one.distance < 0:
        where = one.store.name
        return f"{said[0].upper()}{said[1:]}, {where}"
    far = f"{one.distance:.1f}"
    return f"{said[0].upper()}{said[1:]}, {far if spoken == 'en' else far.replace('.', ',')} km"


def _sent(one: Channel, texts: dict[str, str], days: tuple[int, int] | None) -> str:
    if one.availability == "out":
        return texts["ship_out"]
    if days is None:
        return texts["ship"]
    if days == (1, 1):
        return texts["day"]
    return texts["days"].format(days[0] if days[0] == days[1] else f"{days[0]}–{days[1]}")
