"""The owner's kill switch inside the desk: it holds as long as it is set, says so by its own code, and stops what was
released in the same step."""

import pytest
from tests.desk.support import Bench, Scripted, buy, close, kinds, limits

from assent.model.facts import CancelReleased, HaltCleared, HaltRaised, IntentRefused, OrderReleased, ResumeRefused
from assent.model.levels import Level
from assent.model.units import MICRO, SECOND

CODE = "kill_switch_guard"


def test_while_it_is_set_nothing_opens_and_the_refusal_has_its_code_first_of_all() -> None:
    bench = Bench(constitution=limits(cool_down_min=SECOND))
    bench.halt("operator")
    bench.switch()
    refused = [fact for fact in bench.propose(buy(), close()) if isinstance(fact, IntentRefused)]
    assert [fact.reason for fact in refused] == [CODE, CODE]
    assert {"level", "order_form"} <= {check.rule for one in refused for check in one.checks if not check.ok}


def test_exits_are_refused_under_it_as_well_unless_the_owner_allows_them() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.switch()
    assert bench.state.level == Level.HALTED
    assert [f.reason for f in bench.propose(close()) if isinstance(f, IntentRefused)] == [CODE]
    bench.switch(exits=True)
    assert bench.state.level == Level.REDUCING
    assert [f.reason for f in bench.propose(buy()) if isinstance(f, IntentRefused)] == [CODE]
    leaving = next(fact.order for fact in bench.propose(close()) if isinstance(fact, OrderReleased))
    assert bench.permit(leaving, bench.now) is None


@pytest.mark.parametrize("exits", [False, True])
def test_a_release_in_the_same_step_as_the_switch_does_not_leave(exits: bool) -> None:
    bench = Bench()
    order = bench.release()
    bench.switch(exits=exits)
    assert bench.permit(order, bench.now) == CODE
    bench.switch(is_set=False)
    assert bench.permit(order, bench.now) is None


def test_under_another_halt_alone_the_permit_says_halted() -> None:
    bench = Bench()
    order = bench.release()
    bench.halt("operator")
    assert bench.permit(order, bench.now) == "halted"


def test_entries_that_rest_are_taken_off_the_book() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    assert [f.order_id for f in bench.switch() if isinstance(f, CancelReleased)] == [order.order_id]


def test_it_is_clear_when_the_switch_is_clear_without_a_person_and_without_matching_books() -> None:
    bench = Bench()
    bench.switch()
    bench.match(cash=bench.state.cash + 1)
    told = bench.switch(is_set=False)
    assert [(f.cause, f.by) for f in told if isinstance(f, HaltCleared)] == [(CODE, "desk")]
    assert list(bench.state.halts) == ["discrepancy"], "it ends its own halt and no other"


def test_no_person_can_resume_it_and_is_told_what_ends_it() -> None:
    bench = Bench()
    bench.switch()
    bench.match()
    refused = [fact for fact in bench.resume(CODE) if isinstance(fact, ResumeRefused)]
    assert "once the switch is clear" in refused[0].why
    assert bench.resume() == []


def test_time_and_a_restart_do_not_clear_it() -> None:
    bench = Bench()
    bench.switch()
    bench.later(10**18).cycle()
    bench.restart()
    bench.cycle()
    assert bench.state.level == Level.HALTED
    assert kinds(bench.switch(is_set=False)) == ["HaltCleared"]


def test_a_switch_that_stands_as_before_is_recorded_once() -> None:
    bench = Bench()
    assert kinds(bench.switch()) == ["HaltRaised"]
    assert bench.switch() == []
    assert kinds(bench.switch(is_set=False)) == ["HaltCleared"]
    assert bench.switch(is_set=False) == []


def test_a_switch_that_is_set_for_another_reason_says_so_on_record() -> None:
    bench = Bench()
    bench.switch()
    told = bench.switch(detail="BOT_DISABLE_TRADING is `1` in the environment")
    assert [f.detail for f in told if isinstance(f, HaltRaised)] == ["BOT_DISABLE_TRADING is `1` in the environment"]
    assert bench.state.halts[CODE].detail == "BOT_DISABLE_TRADING is `1` in the environment"


def test_a_switch_at_the_start_comes_before_any_idea() -> None:
    other = Scripted("other")
    bench = Bench(strategies=(other,))
    bench.restart()
    bench.switch()
    other.says = [buy()]
    bench.cycle()
    assert not bench.of(OrderReleased)
