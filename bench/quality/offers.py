"""Who is given an offer, held against a known truth: `python -m bench.quality.offers [--logs 20] [--visitors 1500]`.

Simulated event logs of a shop that tries an offer out by lot. Newcomers are persuaded by it, regulars buy anyway or are
put off; in the worlds without a difference nobody's choice is better than giving it to all or to none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from personalize.decisions.spending import Spending, load_spending
from personalize.domain.event import Event, EventItem
from personalize.domain.offers.deciding import Arm
from personalize.domain.offers.lots import explored
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Offer
from personalize.domain.profile import Profile
from personalize.events.log import write
from personalize.learning.uplift.judge import LEARNED
from personalize.learning.uplift.own import learn_offer

DAY = 86_400.0
START = 1_760_000_000.0
DAYS = 40
PRICE, COST, SAVING = 30.0, 15.0, 3.0
OFFER = Offer("welcome", "EUR", AmountOff(Money(300, "EUR")), explore=1.0)


@dataclass(frozen=True)
class World:
    """Chances to buy within two weeks: of newcomers and of regulars, each without and with the offer."""

    name: str
    newcomer: tuple[float, float]
    regular: tuple[float, float]

    def worth(self, regular: bool, given: bool) -> float:
        """The margin to expect of one visitor."""
        chance = (self.regular if regular else self.newcomer)[given]
        return chance * (PRICE - COST - SAVING * given)

    def cost(self, regular: bool) -> float:
        """The saving to expect of one who is given the offer."""
        return (self.regular if regular else self.newcomer)[1] * SAVING


KNOWN = World("newcomers gain, regulars are put off", (0.05, 0.40), (0.55, 0.40))
NULL = (
    World("no effect", (0.15, 0.15), (0.45, 0.45)),
    World("the same gain for all", (0.15, 0.40), (0.15, 0.40)),
)


def shown(world: World, visitors: int, seed: int) -> Iterator[Event]:
    """A log: what visitors did before, the list on which the lot was drawn, and what they bought afterwards."""
    rng = np.random.default_rng([seed, visitors])
    for number in range(visitors):
        name = f"s:{seed}-{number}"
        regular = bool(rng.random() < 0.5)
        at = START + (30 + DAYS * number / visitors) * DAY
        yield from before(rng, name, regular, at)
        lot = explored(OFFER, name)
        assert lot is not None
        told: dict[str, object] = {"arm": lot.arm.value, "propensity": lot.propensity, "explored": True, "shown": ()}
        item, extra = EventItem("lamp", 0, 0, PRICE, "EUR", attributes={"cost": COST}), {"offers": {OFFER.name: told}}
        yield Event(
            "view_item_list", f"{name}-list", at, name, f"{name}-now", items=(item,), extra=extra
        )  # fmt: skip
        given = lot.arm is Arm.OFFER
        if rng.random() < (world.regular if regular else world.newcomer)[given]:
            off: dict[str, object] = {"discount": SAVING} if given else {}
            yield _bought(name, "now", at + float(rng.random()) * 10 * DAY, off)
    yield Event("view_item_list", f"{seed}-end", START + (30 + DAYS + 15) * DAY, "s:end", "end")


def before(rng: np.random.Generator, name: str, regular: bool, at: float) -> Iterator[Event]:
    """What a visitor did before the lot: everybody looked around, regulars have bought."""
    for view in range(int(rng.integers(1, 4))):
        when = at - float(rng.random()) * 3 * DAY
        yield Event("view_item", f"{name}-v{view}", when, name, f"{name}-then", items=(EventItem("lamp"),))
    for order in range(int(rng.integers(2, 6)) if regular else 0):
        yield _bought(name, str(order), at - (1 + float(rng.random()) * 25) * DAY, {})


def _bought(name: str, order: str, at: float, extra: dict[str, object]) -> Event:
    item = EventItem("lamp", price=PRICE, currency="EUR", quantity=1)
    return Event(
        "purchase", f"{name}-p{order}", at, name, f"{name}-{order}", items=(item,), transaction_id=f"{name}-{order}",
        extra=extra,
    )  # fmt: skip


def newcomers(seed: int, visitors: int) -> list[tuple[bool, Profile, float]]:
    """Other visitors of the same shop as they come: whether they are regulars, their profile, and when."""
    rng = np.random.default_rng([seed, 77])
    found = []
    for number in range(visitors):
        regular, profile, at = bool(rng.random() < 0.5), Profile(), START + 90 * DAY + number * 60.0
        for event in sorted(before(rng, f"s:new-{number}", regular, at), key=lambda one: one.at):
            profile.apply(event)
        found.append((regular, profile, at))
    return found


@dataclass(frozen=True)
class Truth:
    """The true margin a visitor under the learned choice and the constants, all at `cost` of savings at most."""

    learned: float
    nobody: float
    everybody: float
    cost: float


def truth(world: World, model: Spending, seed: int, budget: float | None, visitors: int = 400) -> Truth:
    """What the learned choice is truly worth to visitors it never saw; `budget` is money a visitor."""
    learned = nobody = everybody = cost = each = 0.0
    for regular, profile, at in newcomers(seed, visitors):
        given = model.surplus(profile, at) > 0
        learned += world.worth(regular, given)
        cost += world.cost(regular) * given
        nobody += world.worth(regular, False)
        everybody += world.worth(regular, True)
        each += world.cost(regular)
    share = 1.0 if budget is None else min(1.0, budget * visitors / each)
    everybody = share * everybody + (1 - share) * nobody
    return Truth(learned / visitors, nobody / visitors, everybody / visitors, cost / visitors)


def judged(world: World, visitors: int, seed: int, per_day: float | None, folder: Path) -> tuple[bool, Truth | None]:
    """Whether a choice is said to be learned from one log, and then what it is truly worth."""
    log = folder / "log.jsonl"
    write(log, shown(world, visitors, seed))
    result = learn_offer(log, OFFER.name, out=folder / "models", per_day=per_day, seed=seed)
    if result["verdict"] != LEARNED:
        return False, None
    return True, truth(world, load_spending(folder / "models" / OFFER.name), seed, result["budget"]["per_visitor"])


@click.command()
@click.option("--logs", default=20, show_default=True, help="Logs a world.")
@click.option("--visitors", default=1_500, show_default=True, help="Visitors a log, of whom 30 % judge.")
@click.option("--per-day", type=float, help="Budget in EUR a day.")
def main(logs: int, visitors: int, per_day: float | None) -> None:
    """How often a choice is learned, by world, and what it is truly worth beside the constants."""
    for world in (KNOWN, *NULL):
        learned, values = 0, []
        for seed in range(logs):
            with TemporaryDirectory() as folder:
                said, value = judged(world, visitors, seed, per_day, Path(folder))
            learned += said
            if value is not None:
                values.append(value)
        click.echo(f"{world.name}: learned in {learned} of {logs}")
        if values:
            gaps = np.array([one.learned - max(one.nobody, one.everybody) for one in values])
            error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else np.nan
            click.echo(
                f"  margin a visitor {np.mean([one.learned for one in values]):.2f}, to nobody "
                f"{np.mean([one.nobody for one in values]):.2f}, to all until spent "
                f"{np.mean([one.everybody for one in values]):.2f}; gain {gaps.mean():+.3f} +- {1.96 * error:.3f}; "
                f"cost {np.mean([one.cost for one in values]):.3f}"
            )


if __name__ == "__main__":
    main()
