"""No API takes in what a camera, a microphone, a keyboard or a mouse saw of somebody (AI Act, Art. 3(39))."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from personalize.assets import find
from personalize.domain.event import EVENT_NAMES, Event, EventItem
from personalize.domain.situation import Browser, Place
from personalize.gateway.edge.cors import REQUEST_HEADERS
from personalize.registry import load, names
from personalize.settings import Settings
from personalize.visitors.browser import read_browser
from personalize.visitors.context import KEYS, WORDS, read_context

SENSES = frozenset({
    "camera", "video", "image", "photo", "face", "facial", "gaze", "eye", "eyes", "iris", "voice", "speech", "audio",
    "microphone", "sound", "typing", "keystroke", "keystrokes", "keyboard", "keys", "mouse", "pointer", "cursor",
    "scroll", "scrolling", "swipe", "hover", "gesture", "motion", "accelerometer", "biometric", "biometrics", "pulse",
    "heart", "gait", "posture", "emotion", "emotions", "sentiment", "arousal", "valence", "pressure", "dwell",
})  # fmt: skip


def words(name: str) -> set[str]:
    """The words of a name, however it joins them."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def taken_in() -> Iterator[str]:
    """Every name under which the gateway takes something in of a visitor."""
    yield from (*REQUEST_HEADERS, *KEYS)
    yield from (word for known in WORDS.values() for word in known)
    yield from EVENT_NAMES
    yield from (*Event.__struct_fields__, *EventItem.__struct_fields__)
    for kind in (Browser, Place):
        yield from (field.name for field in dataclasses.fields(kind))
    for name in names("signals"):
        yield from load("signals", name).from_settings(Settings()).keys
    sdl = find("graphql", "personalization.graphql").read_text("utf-8")
    schema = build_schema(sdl if "type Query" in sdl else sdl + "\ntype Query { personalization: Personalization }")
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from kind.fields
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)) and not kind.name.startswith("__"):
            yield from (argument for field in kind.fields.values() for argument in field.args)


def test_nothing_of_the_senses_is_taken_in() -> None:
    found = {name for name in taken_in() if words(name) & SENSES}
    assert not found
    assert len(set(taken_in())) > 40


def test_what_is_sent_all_the_same_is_ignored() -> None:
    counted: list[str] = []
    told = {f"{name}=calm" for name in SENSES}
    assert read_context(", ".join(sorted(told)), lambda kind, reason: counted.append(reason)) == {}
    assert counted == ["unknown_key"] * len(told)
    assert read_browser({f"sec-ch-{name}": "?1" for name in SENSES}) == Browser()
