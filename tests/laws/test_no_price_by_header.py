"""No header and no token buys a better price: nothing that may change one runs that would not run without them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.experiment import AssignedBy, Experiment, Unit, Variant
from personalize.domain.offers.prices import PRICE_STRATEGIES
from personalize.domain.strategy import Mode, Strategy
from personalize.experiments.assign import assign
from personalize.experiments.course import Ground

NAMES = ("offer", "channel", "ranker", "popularity")
SWITCH = st.builds(Strategy, st.sampled_from(NAMES), st.sampled_from(Mode), st.sampled_from([0.0, 0.5, 1.0]))
SWITCHES = st.lists(SWITCH, max_size=3, unique_by=lambda one: one.name).map(tuple)
BY = st.sampled_from([AssignedBy.HASH, AssignedBy.HEADER])


@st.composite
def experiments(draw: st.DrawFn) -> tuple[Experiment, ...]:
    """Up to three experiments of two variants with any overlays, some stopped."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        variants = tuple(Variant(name, 0.5, draw(SWITCHES), draw(st.booleans())) for name in ("a", "b"))
        found.append(Experiment(f"e{number}", variants, draw(BY), seed=f"e{number}"))
    return tuple(found)


@given(
    SWITCHES, experiments(), st.dictionaries(st.sampled_from(["e0", "e1", "e2"]), st.sampled_from(["a", "b"])),
    st.booleans(), st.sets(st.sampled_from(["e0", "e1", "e2"])), st.booleans(), st.sampled_from(["u1", "u2", "u3"]),
)  # fmt: skip
def test_what_a_request_asks_for_switches_no_price_on(base, declared, asked, by_token, halted, hashed, unit):
    ground = Ground(base, declared, unit, hashed, PRICE_STRATEGIES)

    def runs(requested: dict[str, str], forced: dict[str, str]) -> set[str]:
        assigned = assign(
            declared, {Unit.VISITOR: unit}, requested, hashed=hashed, forced=forced, halted=halted
        )  # fmt: skip
        modes = ground.course(assigned).modes
        return {name for name, mode in modes.items() if name in PRICE_STRATEGIES and mode is Mode.ON}

    open_to = {one.name for one in declared if one.assigned_by is AssignedBy.HEADER}
    wishes = {name: variant for name, variant in asked.items() if by_token or name in open_to}
    with_wishes = runs({}, wishes) if by_token else runs(wishes, {})
    # On may be only what the operator has on, or what a unit's hash deals in an experiment that was not asked for.
    others = [one for one in declared if one.assigned_by is AssignedBy.HASH and one.name not in wishes]
    dealt = {switch.name for one in others for variant in one.variants for switch in variant.strategies}
    assert with_wishes <= dealt | {one.name for one in base if one.mode is not Mode.OFF}


def test_the_control_of_an_experiment_that_was_stopped_is_no_way_round():
    """Whoever names a variant of it is served the control, and that was still their own doing."""
    cheap = Variant("control", 0.5, (Strategy("offer", Mode.ON),))
    stopped = Experiment("e0", (cheap, Variant("other", 0.5)), AssignedBy.HEADER)
    assigned = assign([stopped], {}, {"e0": "other"}, hashed=False, halted={"e0"})
    assert [(one.variant, one.by) for one in assigned] == [("control", AssignedBy.HALTED)]
    assert Ground((), [stopped], None, False, PRICE_STRATEGIES).course(assigned).modes == {}
