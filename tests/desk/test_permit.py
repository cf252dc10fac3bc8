"""The last question before bytes leave, asked in the same step: is it still released, allowed, fresh, unanswered?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import Bench

from assent.desk.permit import PERMIT_LIFE
from assent.model.inputs import Accepted, NotSent, Refused, Unknown
from assent.model.orders import order_digest
from assent.model.reasons import REASONS
from assent.model.units import MICRO, SECOND


def test_a_fresh_release_is_permitted_again_and_again_until_it_is_answered() -> None:
    bench = Bench()
    order = bench.release()
    assert bench.permit(order, bench.now) is None
    assert bench.permit(order, bench.now + PERMIT_LIFE) is None


def test_what_was_never_released_is_not_permitted() -> None:
    bench = Bench()
    assert bench.desk.permit("never-released", bench.now, "0" * 64) == "not_released"
    assert bench.desk.permit("", bench.now, "0" * 64) == "not_released"


@pytest.mark.parametrize(
    "outcome",
    [Accepted("v", 0, MICRO), Accepted("v", 0, 0), Refused("no", ""), NotSent("halted"), Unknown("")],
    ids=["accepted", "ended", "refused", "not sent", "unknown"],
)
def test_what_was_answered_is_never_sent_again(outcome: Accepted | Refused | NotSent | Unknown) -> None:
    bench = Bench()
    order = bench.release()
    bench.answer(order, outcome)
    assert bench.permit(order, bench.now) == "already_answered"


def test_what_was_filled_before_its_answer_is_never_sent_again() -> None:
    bench = Bench()
    order = bench.release()
    bench.fill(order)
    assert bench.permit(order, bench.now) == "already_answered"


def test_a_release_that_waited_too_long_is_stale() -> None:
    bench = Bench()
    order = bench.release()
    assert bench.permit(order, bench.now + PERMIT_LIFE + 1) == "permit_expired"


def test_an_order_whose_own_life_is_over_is_not_sent() -> None:
    bench = Bench()
    order = bench.release(life_ns=SECOND)
    assert bench.permit(order, bench.now + SECOND - 1) is None
    assert bench.permit(order, bench.now + SECOND) == "permit_expired"


def test_the_order_of_a_strategy_that_was_stopped_is_not_sent() -> None:
    bench = Bench()
    order = bench.release()
    bench.state.stopped["scripted"] = "strategy_exception"
    assert bench.permit(order, bench.now) == "halted"


def test_an_order_that_is_being_cancelled_by_a_person_is_not_permitted_after_a_restart() -> None:
    bench = Bench()
    order = bench.release()
    bench.restart()
    assert bench.permit(order, bench.now) == "already_answered"


def test_asking_changes_nothing_and_every_answer_is_a_registered_reason() -> None:
    bench = Bench()
    order = bench.release()
    digest = bench.state.digest()
    answers = {
        bench.desk.permit(name, bench.now + wait, order_digest(order))
        for name in (order.order_id, "x")
        for wait in (0, 10 * SECOND)
    }
    assert answers == {None, "not_released", "permit_expired"}
    assert {"halted", "already_answered", "not_released", "permit_expired"} <= set(REASONS)
    assert bench.state.digest() == digest


@given(st.integers(0, 5 * SECOND), st.integers(0, 5 * SECOND), st.sampled_from((None, SECOND, 3 * SECOND)))
def test_time_never_brings_a_permit_back(one: int, other: int, life: int | None) -> None:
    bench = Bench()
    order = bench.release(life_ns=life)
    early, late = sorted((one, other))
    if bench.permit(order, bench.now + late) is None:
        assert bench.permit(order, bench.now + early) is None
