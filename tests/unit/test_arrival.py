"""Arrivals: who is here, what may be remembered, what runs, and whether anybody looks."""

from __future__ import annotations

import pytest

from personalize.domain.experiment import AssignedBy, Experiment, Variant
from personalize.domain.strategy import Mode, Strategy
from personalize.domain.visit import Consent, Trust
from personalize.gateway.edge.arrival import Arrival, Reception
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.sessions import Sessions
from personalize.settings import Settings
from personalize.shops import reader
from personalize.stores.memory import MemoryStore
from personalize.telemetry import Telemetry
from personalize.visitors.identity import Identity
from personalize.visitors.overrides import Overrides
from personalize.visitors.profiles import ProfileBook

BEARER = {"authorization": "Bearer " + "a" * 64}


class Desk:
    """A reception with a clock that tests turn."""

    def __init__(self, **settings: object) -> None:
        self.now = 1_700_000_000.0
        telemetry = Telemetry()
        who = Identity(("a secret for tests",), telemetry.count)
        given = {"strategies": (Strategy("popularity", Mode.ON),), "holdout": 0.0, **settings}
        self.reception = Reception(
            Settings(**given), who, ProfileBook(MemoryStore(), telemetry, clock=lambda: self.now),
            Sessions(reader.load("vendure"), who), (), telemetry, lambda: self.now,
        )  # fmt: skip

    async def receive(self, **headers: str) -> Arrival:
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return await self.reception.receive(Call("POST", "", pairs, "127.0.0.1", "http", b""))


AGREED = {"x_personalize_consent": "personalization"}


async def test_nobody_by_default():
    arrival = await Desk().receive(**BEARER, x_personalize_visitor="an-opaque-id")
    assert (arrival.visit.visitor, arrival.key, arrival.visit.profile, arrival.headers) == (None, None, None, [])
    assert (arrival.whose.visitor, arrival.whose.session) == (None, None)
    assert arrival.visit.consent is Consent.NONE
    assert arrival.session is not None  # whose window it is has nothing to do with a profile
    assert arrival.modes == {"popularity": Mode.ON}


async def test_an_id_is_given_once_and_recognised_then():
    desk = Desk()
    first = await desk.receive(**AGREED)
    ((name, value),) = first.headers
    assert name == "X-Personalize-Visitor"
    assert first.recognised is False
    assert first.visit.visitor.trust is Trust.SIGNED
    again = await desk.receive(**AGREED, x_personalize_visitor=value)
    assert again.recognised is True
    assert again.headers == []
    assert again.key == first.key
    assert again.visit.session == first.visit.session


async def test_a_shops_session_is_an_id_where_it_can_be_one():
    desk = Desk()
    by_header = await desk.receive(**AGREED, **BEARER)
    assert by_header.visit.visitor.trust is Trust.SHOP
    assert by_header.headers == []
    assert "a" * 64 not in repr(by_header)
    shared = await desk.receive(x_personalize_consent="session", authorization="Bearer null")
    assert shared.visit.visitor is None


async def test_a_session_ends_after_half_an_hour_of_silence():
    desk = Desk()
    first = await desk.receive(**AGREED, **BEARER)
    desk.now += 1_700
    second = await desk.receive(**AGREED, **BEARER)
    desk.now += 1_700
    third = await desk.receive(**AGREED, **BEARER)
    assert first.visit.session == second.visit.session == third.visit.session
    desk.now += 1_900
    assert (await desk.receive(**AGREED, **BEARER)).visit.session != first.visit.session


async def test_session_consent_names_the_session_only():
    arrival = await Desk().receive(x_personalize_consent="session", **BEARER)
    assert arrival.whose.visitor is None
    assert arrival.whose.session == arrival.visit.session is not None
    assert arrival.visit.profile is not None
    assert arrival.headers == []


async def test_the_situation_and_the_language():
    arrival = await Desk().receive(
        x_personalize_context="mood=calm, in_store=?1, nonsense=1", accept_language="de-AT,de;q=0.9"
    )
    assert arrival.visit.context == {"mood": "calm", "in_store": True}
    assert arrival.whose.context == arrival.visit.context
    assert arrival.visit.language == "de"
    assert (await Desk().receive(accept_language="fr")).visit.language == "en"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("sec_purpose", "prefetch;anonymous-client-ip"), ("purpose", "prefetch"), ("x_purpose", "Prefetch"),
        ("user_agent", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    ],
)  # fmt: skip
async def test_nobody_looks(header, value):
    assert (await Desk().receive(**{header: value})).watched is False
    assert (await Desk().receive(user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")).watched is True


async def test_who_is_held_out_gets_nothing_and_is_told_so():
    variants = (Variant("control", 0.5), Variant("new", 0.5))
    desk = Desk(experiments=(Experiment("order", variants),), holdout=0.5)
    agreed = {"x_personalize_consent": "personalization, experiments"}
    held = served = 0
    for number in range(40):
        arrival = await desk.receive(**agreed, x_personalize_visitor=f"a-visitor-{number}")
        if arrival.modes == {}:
            held += 1
            assert [(one.experiment, one.variant) for one in arrival.assignments] == [("holdout", "held")]
            assert ("X-Personalize-Experiment", "holdout=held") in arrival.headers
        else:
            served += 1
            assert [one.experiment for one in arrival.assignments] == ["holdout", "order"]
            assert not [value for _, value in arrival.headers if "holdout" in value]
    assert held > 5
    assert served > 5


async def test_a_token_shows_a_variant_for_one_request():
    secret = "a secret for tests"
    variants = (Variant("control", 1.0), Variant("new", 0.0, all_off=True))
    desk = Desk(experiments=(Experiment("order", variants),), secret=(secret,))
    token = Overrides((secret,), lambda *_: None, lambda: desk.now).issue("order", "new", 1)
    agreed = {"x_personalize_consent": "personalization, experiments", "x_personalize_visitor": "a-visitor-1"}
    ordered = {**agreed, "x_personalize_experiment": f'order=new;token="{token}"'}
    arrival = await desk.receive(**ordered)
    assert [(one.variant, one.by) for one in arrival.assignments] == [("new", AssignedBy.TOKEN)]
    assert arrival.modes == {}
    assert [one.variant for one in (await desk.receive(**agreed)).assignments] == ["control"]
    desk.now += 3_601
    assert [one.variant for one in (await desk.receive(**ordered)).assignments] == ["control"]


async def test_experiments_are_told_and_switch():
    variants = (Variant("control", 0.5, all_off=True), Variant("new", 0.5))
    desk = Desk(experiments=(Experiment("order", variants, AssignedBy.HEADER),))
    arrival = await desk.receive(x_personalize_experiment="order=control", **AGREED)
    assert ("X-Personalize-Experiment", "order=control") in arrival.headers
    assert Mode.ON not in arrival.modes.values()
    assert [(one.experiment, one.variant) for one in arrival.assignments] == [("order", "control")]


async def test_several_lines_of_a_list_are_one():
    lines = [
        ("x-personalize-consent", "personalization"), ("x-personalize-consent", "none"),
        ("x-personalize-context", "mood=calm"), ("x-personalize-context", "mode=gift"),
    ]  # fmt: skip
    call = Call("POST", "", lines, "127.0.0.1", "http", b"")
    assert (call.header("x-personalize-consent"), call.headers) == ("personalization, none", lines)
    arrival = await Desk().reception.receive(call)
    assert arrival.visit.consent is Consent.NONE  # a refusal counts wherever it stands
    assert {"mood": "calm", "mode": "gift"}.items() <= arrival.visit.context.items()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"), ("DE-at", "de"), ("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr, de;q=0.8, en;q=0.2", "de"),
        ("en;q=0.1, de;q=0.9", "de"), ("en,de", "en"), ("den", "en"), ("fr", "en"), ("de;q=0", "en"), ("", "en"),
        ("de;q=x, en;q=0.1", "en"), ("de;q=nan", "en"), (";,q=;" * 500, "en"),
    ],
)  # fmt: skip
async def test_the_language_is_the_one_that_is_wanted_more(accepted, language):
    assert (await Desk().receive(accept_language=accepted)).visit.language == language
