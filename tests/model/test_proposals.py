"""A strategy may hand over anything at all: it is a proposal in every field, or the fault is named. Never an error."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import HOSTILE, AlmostInt, AlmostText, BadRepr, anything

from assent.model.intents import SCORES_MAX, TEXT_MAX, Action, Proposal, Score, proposal_fault
from assent.model.orders import OrderType, Side, TimeInForce
from assent.model.units import VALUE_MAX

GOOD = Proposal(
    "M", "open", "buy", 500_000, fair=600_000, qty_max=10_000, type="limit", time_in_force="gtc", stop_price=400_000,
    post_only=True, life_ns=1, order_id="o", parent="p", oca_group="g", protective=False,
    scores=(Score("dvs", 800_000),), reason="cheap",
)  # fmt: skip
MAY_BE_NONE = {"fair", "qty_max", "stop_price", "life_ns", "order_id", "parent", "oca_group", "exits"}
CHOICES: dict[str, tuple[str, ...]] = {
    "action": get_args(Action), "side": get_args(Side), "type": get_args(OrderType),
    "time_in_force": get_args(TimeInForce),
}  # fmt: skip


def with_field(name: str, value: Any) -> Proposal:
    values = {field: getattr(GOOD, field) for field in Proposal.__struct_fields__}
    return Proposal(**(values | {name: value}))


def fits(name: str, value: Any) -> bool:
    """Whether this value may stand in this field: a second reading, field by field."""
    if value is None:
        return name in MAY_BE_NONE
    if name in CHOICES:
        return type(value) is str and value in CHOICES[name]
    if name in ("price", "fair", "qty_max", "stop_price", "life_ns"):
        return type(value) is int and abs(value) <= VALUE_MAX
    if name in ("post_only", "protective", "hold"):
        return type(value) is bool
    if name == "exits":
        return False  # nothing of what the tests throw is a set of exits; tests/model/test_exits.py has those
    if name == "scores":
        return type(value) is tuple and not value
    return type(value) is str and len(value) <= TEXT_MAX and value.isprintable()


def test_an_honest_proposal_has_no_fault() -> None:
    assert proposal_fault(GOOD) is None
    assert proposal_fault(Proposal("M")) is None


@given(anything)
def test_only_a_proposal_is_a_proposal(thing: Any) -> None:
    fault = proposal_fault(thing)
    assert fault is not None
    assert fault.isprintable()


@given(st.sampled_from(Proposal.__struct_fields__), anything)
def test_any_object_in_any_field_is_judged_and_never_raises(name: str, value: Any) -> None:
    fault = proposal_fault(with_field(name, value))
    assert (fault is None) == fits(name, value)
    assert fault is None or (name.rstrip("s") in fault and fault.isprintable() and len(fault) < 200)


@pytest.mark.parametrize("name", Proposal.__struct_fields__)
def test_every_hostile_thing_in_every_field_is_judged(name: str) -> None:
    raised = {}
    for value in HOSTILE:
        try:
            assert (proposal_fault(with_field(name, value)) is None) == fits(name, value)
        except (ValueError, RecursionError, TypeError) as error:
            raised[type(value).__name__] = type(error).__name__
    assert not raised


def test_a_number_too_long_to_be_shown_is_a_fault_like_any_other() -> None:
    assert proposal_fault(with_field("price", 10**5_000)) is not None


def test_what_will_not_show_itself_is_a_fault_like_any_other() -> None:
    assert proposal_fault(with_field("reason", BadRepr())) is not None


@pytest.mark.parametrize("value", [AlmostInt(5), True, 1.0, float("nan"), "5"])
def test_what_only_looks_like_a_number_is_none(value: Any) -> None:
    assert "price" in str(proposal_fault(with_field("price", value)))


def test_a_look_alike_word_is_not_a_word_of_ours() -> None:
    assert "side" in str(proposal_fault(with_field("side", AlmostText("buy"))))
    assert "action" in str(proposal_fault(with_field("action", "OPEN")))


@pytest.mark.parametrize("text", ["a" * (TEXT_MAX + 1), "two\nlines", "\x1b[2J", "\u202eevil", "\ud800", "\x00"])
def test_text_is_short_and_printable(text: str) -> None:
    for name in ("instrument", "reason", "order_id", "parent", "oca_group"):
        assert name in str(proposal_fault(with_field(name, text)))


@pytest.mark.parametrize(
    "scores",
    [
        [Score("dvs", 1)],
        (("dvs", 1),),
        (Score("dvs", 0.8),),  # type: ignore[arg-type]
        (Score("dvs", True),),
        (Score(7, 1),),  # type: ignore[arg-type]
        (Score("d\nvs", 1),),
        (Score("dvs", VALUE_MAX + 1),),
        (Score("dvs", 1),) * (SCORES_MAX + 1),
        (Score(BadRepr(), 1),),  # type: ignore[arg-type]
    ],
)
def test_scores_are_a_short_tuple_of_names_with_parts_per_million(scores: Any) -> None:
    assert "score" in str(proposal_fault(with_field("scores", scores)))


def test_a_proposal_of_a_kind_of_its_own_is_not_one_of_ours() -> None:
    class Dressed(Proposal):
        """Inherits every field and could answer anything."""

    assert "Dressed" in str(proposal_fault(Dressed("M")))
