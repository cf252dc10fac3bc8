"""Exits: what may stand in them, and on which side of an entry they must lie."""

from typing import Any

import pytest
from hypothesis import given
from tests.model.support import anything

from assent.model.exits import Exits, exits_fault, on_the_right_sides
from assent.model.intents import Proposal, proposal_fault
from assent.model.units import VALUE_MAX


def test_one_way_out_is_enough_and_none_is_not() -> None:
    assert exits_fault(Exits(stop_price=1)) is None
    assert exits_fault(Exits(life_ns=1, depth_min=1)) is None
    assert exits_fault(Exits()) == "exits names no way out; leave it away"


@given(anything)
def test_any_object_in_any_field_is_judged_and_never_raises(value: Any) -> None:
    for name in Exits.__struct_fields__:
        exits = Exits(**({"stop_price": 1, "target_price": 2} | {name: value}))
        fine = value is None or (type(value) is int and 0 < value <= VALUE_MAX)
        assert (exits_fault(exits) is None) == fine
        assert (proposal_fault(Proposal("M", exits=exits)) is None) == fine


@given(anything)
def test_only_exits_are_exits(thing: Any) -> None:
    assert exits_fault(thing) is not None


SIDES = [
    ("buy", 97, 104, True), ("buy", 100, 104, False), ("buy", 97, 100, False), ("buy", None, 104, True),
    ("sell", 103, 96, True), ("sell", 100, 96, False), ("sell", 103, 100, False), ("sell", 103, None, True),
]  # fmt: skip


@pytest.mark.parametrize(("side", "stop", "target", "fine"), SIDES)
def test_the_stop_lies_on_the_losing_side_and_the_target_on_the_other(
    side: Any, stop: int | None, target: int | None, fine: Any
) -> None:
    assert on_the_right_sides(Exits(stop_price=stop, target_price=target), side, 100) == fine
