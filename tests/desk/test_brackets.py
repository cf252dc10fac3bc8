"""The lives of a bracket that nobody wishes for: refused legs, half-filled entries, restarts, venues with a mind."""

from typing import Any

import pytest
from tests.desk.support import CONTRACT, Bench, buy, limits
from tests.model.support import a_future

from assent.desk.exits import AGAIN_MOST, PROTECT_MAX
from assent.model.exits import Exits
from assent.model.facts import CancelReleased, Fact, HaltRaised, IntentRefused, OrderQuarantined, OrderReleased
from assent.model.inputs import Absent, Accepted, NotSent, Refused, Unknown
from assent.model.orders import Order
from assent.model.units import MICRO, SECOND

POINT = MICRO
NAME = "MESTEST"
EXITS = Exits(stop_price=4_997 * POINT, target_price=5_004 * POINT)
WIDE = limits(risk_per_trade_max=100 * MICRO, total_exposure_max=100_000 * MICRO)


def terms(**changes: Any) -> dict[str, Any]:
    values = {
        "instrument": NAME, "price": 5_000 * POINT, "fair": 5_004 * POINT, "qty_max": 2 * CONTRACT, "type": "limit",
        "exits": EXITS,
    }  # fmt: skip
    return values | changes


def a_bench(constitution: Any = WIDE) -> Bench:
    bench = Bench(constitution=constitution, cash=100_000 * MICRO, markets=(a_future(),))
    bench.bar(5_000)
    return bench


def a_bracket() -> tuple[Bench, Order, Order, Order]:
    bench = a_bench()
    entry, stop, goal = bench.bracket(**terms())
    return bench, entry, stop, goal


def released(facts: list[Fact]) -> list[Order]:
    return [fact.order for fact in facts if isinstance(fact, OrderReleased)]


def called_back(facts: list[Fact]) -> list[str]:
    return [fact.order_id for fact in facts if isinstance(fact, CancelReleased)]


def causes(facts: list[Fact]) -> list[str]:
    return [fact.cause for fact in facts if isinstance(fact, HaltRaised)]


def after(bench: Bench, wait: int, close: int = 4_999) -> list[Fact]:
    """One cycle on a fresh bar, so long afterwards."""
    bench.later(wait).bar(close)
    return bench.cycle()


# --- children ------------------------------------------------------------------------------------------


def test_a_refused_target_leaves_the_stop_standing_and_nothing_is_closed() -> None:
    bench = a_bench()
    entry, stop, goal = released(bench.propose(buy(**terms())))
    bench.accept(entry)
    bench.accept(stop)
    bench.answer(goal, Refused("no", ""))
    bench.fill(entry)
    told = after(bench, 10 * PROTECT_MAX)
    assert (released(told), causes(told)) == ([], [])


@pytest.mark.parametrize("outcome", [Refused("no", ""), NotSent("not_connected")], ids=lambda o: type(o).__name__)
def test_a_stop_that_never_came_to_rest_is_replaced_by_leaving(outcome: Any) -> None:
    bench = a_bench()
    entry, stop, goal = released(bench.propose(buy(**terms())))
    for order in (entry, goal):
        bench.accept(order)
    bench.answer(stop, outcome)
    bench.fill(entry)
    assert released(after(bench, PROTECT_MAX)) == []
    told = after(bench, 1)
    assert causes(told) == ["unprotected"]
    [out] = released(told)
    assert (out.qty, out.side, out.oca_group) == (2 * CONTRACT, "sell", entry.intent_id)


def test_a_child_that_is_confirmed_after_its_entry_was_refused_is_called_back_at_once() -> None:
    bench = a_bench()
    entry, stop, goal = released(bench.propose(buy(**terms())))
    bench.answer(entry, Refused("no", ""))
    assert called_back(bench.accept(stop)) == [stop.order_id]
    bench.answer(goal, Unknown("lost"))
    assert called_back(bench.evidence(goal, Accepted("v", 0, goal.qty))) == [goal.order_id]


@pytest.mark.parametrize("stop", ["operator", "kill switch", "cancel"])
def test_when_an_entry_may_not_leave_any_more_its_legs_do_not_leave_either(stop: str) -> None:
    """All three are sent in one turn, before anybody has heard that the entry stayed."""
    bench = a_bench()
    entry, *legs = released(bench.propose(buy(**terms())))
    assert [bench.permit(order, bench.now) for order in (entry, *legs)] == [None, None, None]
    {"operator": bench.halt, "kill switch": bench.switch, "cancel": lambda: bench.ask_cancel(entry.order_id)}[stop]()
    assert bench.permit(entry, bench.now)
    assert [bench.permit(leg, bench.now) for leg in legs] == ["parent_ended", "parent_ended"]


def test_a_cancel_of_a_child_that_the_venue_refused_is_asked_again() -> None:
    bench = a_bench()
    entry, stop, _ = released(bench.propose(buy(**terms())))
    bench.answer(entry, Refused("no", ""))
    bench.accept(stop)
    bench.cancel_answered(stop, NotSent("not_connected"))
    assert called_back(bench.cycle()) == [stop.order_id]


def test_a_stop_that_the_venue_took_off_by_itself_is_waited_for_and_then_replaced_by_leaving() -> None:
    """The fill of the other leg may explain it, and may be on its way: leaving at once would leave twice."""
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry)
    assert released(after(bench, PROTECT_MAX * 5)) == []
    bench.closed(stop, 0, "venue_cancel")
    assert released(after(bench, PROTECT_MAX)) == []
    told = after(bench, 1)
    assert causes(told) == ["unprotected"]
    assert [(order.qty, order.type) for order in released(told)] == [(2 * CONTRACT, "market")]
    bench.fill(goal)
    assert bench.state.held(NAME) == 0


def test_a_stop_that_went_because_the_target_filled_is_nothing_to_worry_about() -> None:
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry)
    bench.cycle()
    bench.closed(stop, 0, "oca_cancel")
    assert released(after(bench, SECOND)) == []
    bench.fill(goal)
    told = after(bench, 2 * PROTECT_MAX)
    assert (released(told), causes(told), bench.state.guards) == ([], [], {})


def test_a_leg_that_rests_after_its_position_is_gone_is_called_back() -> None:
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry)
    bench.fill(goal)
    assert called_back(bench.cycle()) == [stop.order_id]
    assert called_back(bench.cycle()) == []


# --- entries -------------------------------------------------------------------------------------------


def test_a_half_filled_entry_that_is_cancelled_keeps_its_stop() -> None:
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry, CONTRACT)
    assert called_back(bench.closed(entry, CONTRACT)) == []
    told = after(bench, 3 * PROTECT_MAX)
    assert (released(told), causes(told), called_back(told)) == ([], [], [])
    assert {stop.order_id, goal.order_id} <= set(bench.state.orders)


def test_when_the_venue_takes_the_legs_along_with_a_half_filled_entry_the_half_is_closed() -> None:
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry, CONTRACT)
    for order in (entry, stop, goal):
        bench.closed(order, CONTRACT if order is entry else 0)
    bench.later(PROTECT_MAX)
    told = after(bench, 1)
    assert causes(told) == ["unprotected"]
    assert [order.qty for order in released(told)] == [CONTRACT]


def test_a_child_that_leaves_more_than_its_entry_brought_is_found_at_once() -> None:
    bench, entry, stop, _ = a_bracket()
    bench.fill(entry, CONTRACT)
    bench.closed(entry, CONTRACT)
    told = bench.fill(stop, 2 * CONTRACT)
    assert [fact.reason for fact in told if isinstance(fact, OrderQuarantined)] == ["overfill"]
    assert causes(told) == ["late_fill"]


def test_a_second_half_after_the_first_was_stopped_is_protected_by_what_rests_of_the_stop() -> None:
    bench, entry, stop, _ = a_bracket()
    bench.fill(entry, CONTRACT)
    bench.fill(stop, CONTRACT)
    assert bench.state.guards == {}
    bench.fill(entry, CONTRACT)
    assert list(bench.state.guards) == [NAME]
    told = after(bench, 2 * PROTECT_MAX)
    assert (released(told), causes(told)) == ([], [])


@pytest.mark.parametrize(("filled", "gives_way"), [(0, True), (CONTRACT, False)])
def test_an_entry_gives_way_to_a_better_one_with_its_legs_unless_some_of_it_has_filled(
    filled: int, gives_way: bool
) -> None:
    bench = a_bench(
        limits(
            risk_per_trade_max=100 * MICRO, total_exposure_max=100_000 * MICRO, supersede_step_min=POINT // 2
        )
    )  # fmt: skip
    entry, stop, goal = bench.bracket(**terms())
    if filled:
        bench.fill(entry, filled)
    better = buy(**terms(price=4_999 * POINT))
    assert called_back(bench.propose(better)) == ([entry.order_id] if gives_way else [])
    if gives_way:
        assert called_back(bench.cancel_answered(entry, Accepted("v", 0, 0))) == [stop.order_id, goal.order_id]
        for leg in (stop, goal):
            bench.closed(leg, 0)
        assert len(released(bench.propose(better))) == 3


# --- both at once --------------------------------------------------------------------------------------


def test_a_close_that_fills_beside_a_stop_is_found_at_once() -> None:
    bench, entry, stop, _ = a_bracket()
    bench.fill(entry)
    [out] = released(bench.propose(buy(instrument=NAME, action="close", side="sell", price=5_000 * POINT, fair=None)))
    bench.accept(out)
    bench.fill(stop)
    told = bench.fill(out)
    assert [fact.reason for fact in told if isinstance(fact, OrderQuarantined)] == ["overfill"]


# --- restarts ------------------------------------------------------------------------------------------


def test_a_restart_between_the_fill_and_the_legs_ends_in_leaving_when_the_legs_never_arrived() -> None:
    bench = a_bench()
    entry, stop, goal = released(bench.propose(buy(**terms())))
    bench.accept(entry)
    bench.fill(entry)
    bench.later(100 * SECOND).restart()
    bench.show(a_future())
    assert bench.order(stop).status == "unknown"
    assert released(after(bench, PROTECT_MAX)) == [], "the answer may be on its way"
    for leg in (stop, goal):
        bench.evidence(leg, Absent("not in the venue's list"))
    told = after(bench, 1)
    assert causes(told) == ["unprotected"]
    assert [order.qty for order in released(told)] == [2 * CONTRACT]


def test_a_restart_after_which_the_legs_are_found_goes_on_as_if_nothing_had_been() -> None:
    bench = a_bench()
    entry, stop, goal = released(bench.propose(buy(**terms())))
    bench.accept(entry)
    bench.fill(entry)
    bench.later(100 * SECOND).restart()
    bench.show(a_future())
    for leg in (stop, goal):
        bench.evidence(leg, Accepted("v", 0, leg.qty))
    told = after(bench, 5 * PROTECT_MAX)
    assert (released(told), causes(told), called_back(told)) == ([], [], [])


def test_a_person_is_called_even_where_no_price_is_known_at_which_to_leave() -> None:
    bench, entry, stop, _ = a_bracket()
    bench.fill(entry)
    bench.closed(stop, 0)
    bench.later(SECOND).restart()
    told = bench.later(PROTECT_MAX + 1).cycle()
    assert "unprotected" in causes(told)
    assert released(told) == []


# --- counting ------------------------------------------------------------------------------------------


def test_a_bracket_counts_as_one_order_and_one_entry_of_one_notional() -> None:
    bench, entry, *_ = a_bracket()
    pace = bench.state.pace
    assert (pace.orders, pace.entries, len(pace.recent)) == (1, {NAME: 1}, 1)
    assert pace.notional == 5_000 * 5 * 2 * MICRO
    assert entry.qty == 2 * CONTRACT


def test_a_flatten_that_the_venue_keeps_refusing_does_not_flood_the_ledger() -> None:
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry)
    for leg in (stop, goal):
        bench.closed(leg, 0)
    tries = 0
    for _ in range(600):
        for out in released(after(bench, SECOND)):
            bench.answer(out, Refused("no", ""))
            tries += 1
    assert 600 * SECOND // AGAIN_MOST <= tries <= 26


def test_at_halted_the_flatten_is_refused_and_recorded_once() -> None:
    bench, entry, stop, goal = a_bracket()
    bench.fill(entry)
    for leg in (stop, goal):
        bench.closed(leg, 0)
    bench.halt()
    told = [fact for _ in range(60) for fact in after(bench, SECOND)]
    assert released(told) == []
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["level"]
    bench.match()
    bench.resume("operator")
    assert [order.qty for order in released(after(bench, SECOND))] == [2 * CONTRACT]
