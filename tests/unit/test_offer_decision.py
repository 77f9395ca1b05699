"""The decision on offers: who is wanted by which model, and models that are refused, kept and taken while it runs."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from personalize.app import Gateway
from personalize.artefact import CARD, MODEL, to_toml
from personalize.decisions.offer import Offering
from personalize.decisions.spending import COST, load_spending, save_spending
from personalize.domain.offers.deciding import Arm
from personalize.domain.offers.offer import Audience, Offer, Percent
from personalize.domain.profile import Profile
from personalize.domain.visit import Trust, Visit, VisitorId
from personalize.errors import ArtefactError
from personalize.features import visitor as features
from personalize.settings import Settings
from tests.gateway_world import Counting, demo_shop, settings_of
from tests.unit.spendings import spending

AT = 1_760_000_000.0


def offer(name: str = "ten", **changes: object) -> Offer:
    return Offer(name, "EUR", Percent(Decimal(10)), **changes)  # type: ignore[arg-type]


def visit(orders: int = 0, name: str = "anna", profile: Profile | None = None) -> Visit:
    return Visit(AT, VisitorId(name, Trust.SIGNED), profile=profile or Profile(version=orders + 1, orders=orders))


def saved(folder: Path, *names: str, **changes: float) -> Path:
    for name in names:
        save_spending(folder, spending(name, **changes), {"name": name})
    return folder


def test_without_a_model_everybody_gets_it() -> None:
    assert Offering().wanted(visit(), [offer(), offer("five")]) == ["ten", "five"]
    assert Offering().lots(visit(), [offer()])["ten"] == (Arm.OFFER, 1.0, False)
    assert Offering.from_settings(Settings()).version == "1"


def test_a_model_gives_it_to_those_who_earn_its_cost() -> None:
    decision = Offering({"ten": spending("ten")})
    assert decision.wanted(visit(0), [offer()]) == ["ten"]
    assert decision.wanted(visit(1), [offer()]) == []
    assert decision.lots(visit(1), [offer()])["ten"] == (Arm.NONE, 1.0, False)
    assert Offering({"ten": spending("ten", threshold=2.5)}).wanted(visit(0), [offer()]) == []
    assert decision.wanted(Visit(AT, VisitorId("anna", Trust.SIGNED)), [offer()]) == []  # the profile could not be had


def test_the_best_of_several_comes_first_and_lots_before_all() -> None:
    models = {"ten": spending("ten", worth=1.0), "five": spending("five", worth=3.0)}
    drawn = next(
        n for n in map(str, range(99)) if "try" in Offering().wanted(visit(name=n), [offer("try", explore=1.0)])
    )
    offers = [offer("other"), offer("ten"), offer("five"), offer("try", explore=1.0)]
    assert Offering(models).wanted(visit(name=drawn), offers) == ["try", "five", "ten", "other"]


def test_a_lot_goes_before_the_model_and_the_audience_before_both() -> None:
    decision = Offering({"ten": spending("ten")})
    arms = {decision.lots(visit(1, str(n)), [offer(explore=1.0)])["ten"] for n in range(40)}
    assert arms == {(Arm.OFFER, 0.5, True), (Arm.NONE, 0.5, True)}
    assert decision.lots(visit(1), [offer(explore=1.0, audience=Audience(orders=(2, None)))]) == {}


def test_a_model_of_another_currency_is_not_asked() -> None:
    assert Offering({"ten": spending("ten", currency="USD")}).wanted(visit(1), [offer()]) == ["ten"]


def test_models_come_back_as_they_were_written(tmp_path: Path) -> None:
    found = load_spending(saved(tmp_path, "ten", threshold=0.25) / "ten")
    told = spending("ten", threshold=0.25)
    assert (found.offer, found.schema, found.threshold, found.least) == ("ten", told.schema, 0.25, told.least)
    for orders in (0, 1, 5):
        assert found.surplus(Profile(orders=orders), AT) == pytest.approx(told.surplus(Profile(orders=orders), AT))


def test_models_of_foreign_features_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, "ten", "five")
    monkeypatch.setattr(features, "VERSION", features.VERSION + 1)
    decision = Offering.from_settings(Settings(offer_model=str(tmp_path)))
    assert decision.fault is not None
    assert decision.fault.code == "ARTEFACT_FINGERPRINT"
    assert "personalize uplift" in decision.fault.hint
    assert decision.wanted(visit(1), [offer()]) == ["ten"]  # the constant


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / MODEL).write_text("tree"), "ARTEFACT_CHECKSUM"),
        (lambda folder: (folder / COST / CARD).unlink(), "ARTEFACT_MISSING"),
        (lambda folder: (folder / CARD).write_text("="), "ARTEFACT_CARD"),
        (lambda folder: (folder / CARD).write_text(to_toml({"schema": {"of": "listing"}})), "ARTEFACT_CARD"),
        (lambda folder: _swap(folder), "ARTEFACT_CARD"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path: Path, spoil, code: str) -> None:  # type: ignore[no-untyped-def]
    saved(tmp_path, "ten", "five")
    spoil(tmp_path / "ten")
    with pytest.raises(ArtefactError) as refused:
        load_spending(tmp_path / "ten")
    assert refused.value.code == code
    decision = Offering.from_settings(Settings(offer_model=str(tmp_path)))
    assert decision.fault is not None
    assert set(decision.models) == {"five"}  # the other one serves


def _swap(folder: Path) -> None:
    """The card speaks of another model of the cost."""
    card = (folder / CARD).read_text()
    at = card.index("cost_checksum")
    (folder / CARD).write_text(card[:at] + 'cost_checksum = "0"\n' + card[card.index("\n", at) + 1 :])


def test_a_newer_model_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    decision = Offering.from_settings(Settings(offer_model=str(tmp_path)))
    assert decision.fault is None
    assert decision.renew() is None
    saved(tmp_path, "ten")
    put = decision.renew()
    assert put is not None
    assert decision.wanted(visit(1), [offer()]) == ["ten"]
    put()
    assert decision.version != "1"
    assert decision.wanted(visit(1), [offer()]) == []
    assert decision.renew() is None
    (tmp_path / "ten" / MODEL).write_text("tree")
    with pytest.raises(ArtefactError):
        decision.renew()
    assert decision.renew() is None
    assert decision.wanted(visit(1), [offer()]) == []


def test_a_folder_that_is_not_there_is_told_and_counted() -> None:
    decision = Offering.from_settings(Settings(offer_model="no/such/folder"))
    assert decision.fault is not None
    assert decision.fault.code == "ARTEFACT_MISSING"
    assert decision.renew() is None

    async def faults() -> float:
        gateway = Gateway(settings_of(offer_model="no/such/folder"), transport=Counting(demo_shop()))
        async with gateway.running():
            return gateway.telemetry.counted("decision", "offer")

    assert asyncio.run(faults()) == 1
