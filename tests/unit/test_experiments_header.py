"""The experiment header: only what the operator opened to it, in and out."""

import pytest

from personalize.domain.experiment import AssignedBy, Assignment, Experiment, Variant
from personalize.telemetry import Telemetry
from personalize.visitors.experiments import read_requested, write_assignments
from personalize.visitors.fields import read_dictionary

ARMS = (Variant("control", 0.5), Variant("new", 0.5))
DECLARED = (
    Experiment("order", ARMS, AssignedBy.HEADER, seed="order"),
    Experiment("price", ARMS, AssignedBy.HASH, seed="price"),
)


@pytest.mark.parametrize(
    ("header", "requested", "reason"),
    [
        (None, {}, None),
        ("order=new", {"order": "new"}, None),
        ('order="control"', {"order": "control"}, None),
        ("order=control, order=new", {"order": "new"}, None),
        ("order=other", {}, "unknown_variant"),
        ("order", {}, "unknown_variant"),
        ("price=new", {}, "not_by_header"),
        ("colour=new, order=new", {"order": "new"}, "unknown_experiment"),
        ("order=", {}, "malformed"),
        ("order=new" + " " * 2000, {}, "oversized"),
    ],
)
def test_only_declared_ones_are_read(header, requested, reason):
    telemetry = Telemetry()
    assert read_requested(header, DECLARED, telemetry.count) == requested
    assert reason is None or telemetry.counted("experiment_header", reason) == 1


def test_the_answer_is_a_dictionary_again():
    assigned = (Assignment("order-1.b", "new", AssignedBy.HEADER), Assignment("price", "Control_2", AssignedBy.HASH))
    header = write_assignments(assigned)
    assert header == "order-1.b=new, price=Control_2"
    assert read_dictionary(header) == {"order-1.b": "new", "price": "Control_2"}
    assert write_assignments(()) is None
