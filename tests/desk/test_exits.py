"""Exits on proposals: brackets at the venue for futures, watched by the desk for the others, also after a restart."""

from typing import Any

import pytest
from tests.desk.support import CONTRACT, MARKET, Bench, Scripted, buy, close, kinds, limits
from tests.model.support import a_future

from assent.desk import exposure
from assent.desk.exits import PROTECT_MAX
from assent.model.errors import InvariantBroken
from assent.model.exits import Exits
from assent.model.facts import CancelReleased, Fact, HaltRaised, IntentRefused, OrderQuarantined, OrderReleased
from assent.model.inputs import Accepted, FillSeen, NotSent, Refused
from assent.model.orders import Order
from assent.model.units import MICRO, SECOND

POINT = MICRO
STOP, TARGET = Exits(stop_price=4_997 * POINT), Exits(stop_price=4_997 * POINT, target_price=5_004 * POINT)
WIDE = limits(risk_per_trade_max=100 * MICRO, total_exposure_max=100_000 * MICRO)
FREE_HAND = limits(unprotected_contracts_max=1, total_exposure_max=100_000 * MICRO)


def future_bench(constitution: Any = WIDE) -> Bench:
    bench = Bench(constitution=constitution, cash=100_000 * MICRO, markets=(a_future(),))
    bench.bar(5_000)
    return bench


def terms(**changes: Any) -> dict[str, Any]:
    values = {
        "instrument": "MESTEST", "price": 5_000 * POINT, "fair": 5_004 * POINT, "qty_max": CONTRACT, "type": "market",
        "time_in_force": "ioc",
    }  # fmt: skip
    return values | changes


def released(facts: list[Fact]) -> list[Order]:
    return [fact.order for fact in facts if isinstance(fact, OrderReleased)]


def refused(facts: list[Fact]) -> str:
    return next(fact.reason for fact in facts if isinstance(fact, IntentRefused))


# --- brackets ------------------------------------------------------------------------------------------


def test_an_entry_with_exits_is_released_with_its_stop_and_its_target_in_one_group() -> None:
    entry, stop, goal = future_bench().bracket(**terms(exits=TARGET))
    assert (entry.type, entry.parent, entry.oca_group) == ("market", None, None)
    assert (stop.type, stop.side, stop.stop_price, stop.protective) == ("stop", "sell", 4_997 * POINT, True)
    assert (goal.type, goal.side, goal.price, goal.protective) == ("limit", "sell", 5_004 * POINT, False)
    assert stop.parent == goal.parent == entry.order_id
    assert stop.oca_group == goal.oca_group == entry.intent_id
    assert entry.qty == stop.qty == goal.qty
    assert len({entry.order_id, stop.order_id, goal.order_id}) == 3


def test_the_risk_of_an_entry_with_a_stop_is_the_way_there_and_both_fees() -> None:
    bench = future_bench()
    entry = bench.bracket(**terms(exits=STOP))[0]
    loss = 3 * 5 * MICRO + 2 * 620_000
    assert bench.order(entry).intent.worst_loss == loss
    assert exposure.total_exposure(bench.state) == loss
    assert bench.state.reserved() == loss


def test_a_position_under_a_working_stop_counts_with_the_way_to_it_and_without_one_with_its_notional() -> None:
    bench = future_bench()
    entry, stop = bench.bracket(**terms(exits=STOP))
    bench.fill(entry, price=5_001 * POINT)
    assert exposure.total_exposure(bench.state) == 4 * 5 * MICRO + 620_000
    bench.closed(stop, 0)
    assert exposure.total_exposure(bench.state) == 5_001 * 5 * MICRO


def test_a_bracket_lives_to_its_target_and_the_stop_goes() -> None:
    bench = future_bench()
    entry, stop, goal = bench.bracket(**terms(exits=TARGET))
    bench.fill(entry)
    assert list(bench.state.guards) == ["MESTEST"]
    bench.fill(goal)
    bench.closed(stop, 0, "oca_cancel")
    assert (bench.state.held("MESTEST"), bench.state.orders, bench.state.guards) == (0, {}, {})
    assert bench.state.cash == 100_000 * MICRO + 20 * MICRO - 2 * 620_000


@pytest.mark.parametrize("outcome", [Refused("no", ""), NotSent("halted")], ids=lambda o: type(o).__name__)
def test_no_working_child_outlives_an_entry_that_filled_nothing(outcome: Any) -> None:
    bench = future_bench()
    entry, stop, goal = released(bench.propose(buy(**terms(exits=TARGET))))
    bench.accept(stop)
    told = bench.answer(entry, outcome)
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [stop.order_id]
    assert bench.permit(goal, bench.now) == "parent_ended"


def test_a_stop_may_still_be_sent_when_a_halt_came_after_its_entry() -> None:
    bench = future_bench()
    entry, stop, _ = released(bench.propose(buy(**terms(exits=TARGET))))
    bench.accept(entry)
    bench.halt("operator")
    assert bench.permit(stop, bench.now) is None


def test_both_legs_filling_is_found_at_once() -> None:
    bench = future_bench()
    entry, stop, goal = bench.bracket(**terms(exits=TARGET))
    bench.fill(entry)
    bench.fill(goal)
    told = bench.fill(stop)
    assert [fact.reason for fact in told if isinstance(fact, OrderQuarantined)] == ["overfill"]
    assert any(isinstance(fact, HaltRaised) for fact in told)


def test_a_filled_entry_whose_stop_does_not_come_to_rest_is_closed_and_a_person_is_called() -> None:
    bench = future_bench()
    entry, stop = released(bench.propose(buy(**terms(exits=STOP))))
    bench.accept(entry)
    bench.fill(entry)
    bench.answer(stop, Refused("no", ""))
    assert released(bench.later(9 * SECOND).cycle()) == []
    bench.later(2 * SECOND).bar(4_999)
    told = bench.cycle()
    assert [fact.cause for fact in told if isinstance(fact, HaltRaised)] == ["unprotected"]
    assert [(o.side, o.type, o.qty, o.reduce_only) for o in released(told)] == [("sell", "market", CONTRACT, True)]
    assert released(bench.cycle()) == []


def test_a_close_joins_the_group_of_the_bracket_so_that_nothing_leaves_twice() -> None:
    bench = future_bench()
    entry = bench.bracket(**terms(exits=TARGET))[0]
    bench.fill(entry)
    out = released(bench.propose(buy(**terms(action="close", side="sell", fair=None))))
    assert [(o.qty, o.oca_group) for o in out] == [(CONTRACT, entry.intent_id)]


def test_an_entry_that_would_turn_a_position_cannot_carry_a_bracket() -> None:
    bench = future_bench(FREE_HAND)
    bench.hold(**terms())
    short = terms(side="sell", fair=4_990 * POINT, exits=Exits(stop_price=5_001 * POINT))
    assert refused(bench.propose(buy(**short))) == "one_bracket"


@pytest.mark.parametrize(
    "exits", [Exits(stop_price=5_001 * POINT), Exits(stop_price=4_997 * POINT + 1), Exits(target_price=4_000 * POINT)]
)
def test_exits_that_do_not_fit_the_entry_are_refused(exits: Exits) -> None:
    assert refused(future_bench().propose(buy(**terms(exits=exits)))) == "order_form"


@pytest.mark.parametrize("tie", [{"oca_group": "g"}, {"protective": True}, {"parent": "p"}])
def test_a_strategy_cannot_call_an_order_of_its_own_a_child(tie: Any) -> None:
    bench = future_bench(FREE_HAND)
    assert refused(bench.propose(buy(**terms(**tie)))) == "order_form"


# --- without a stop ------------------------------------------------------------------------------------


def test_a_future_without_a_stop_is_refused_unless_the_constitution_allows_a_count() -> None:
    assert refused(future_bench().propose(buy(**terms()))) == "risk_per_trade"
    order = future_bench(FREE_HAND).release(**terms(qty_max=5 * CONTRACT))
    assert order.qty == CONTRACT


CAPS: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    # The count without a stop replaces the amount per trade, and none of the caps that look at the account.
    ({"risk_fraction_max": 10_000}, {}, "risk_per_trade"),
    ({"kelly_fraction_max": 250_000}, {}, "risk_per_trade"),
    ({"kelly_fraction_max": 250_000}, {"exits": STOP}, "risk_per_trade"),
    ({"risk_fraction_max": 1_000}, {"exits": STOP}, None),
    ({"risk_fraction_max": 100}, {"exits": STOP}, "risk_per_trade"),
    ({}, {"qty_max": 1}, "risk_per_trade"),
    ({"order_qty_max": CONTRACT - 1}, {}, "order_qty"),
    ({"order_notional_max": 24_999 * MICRO}, {}, "order_notional"),
    ({"position_notional_max": 24_999 * MICRO}, {"exits": STOP}, "position_notional"),
    ({"market_exposure_max": 16 * MICRO}, {"exits": STOP}, "market_exposure"),
    ({"daily_loss_max": 16 * MICRO}, {"exits": STOP}, "daily_loss_guard"),
    # A band of chances says nothing of a future; bars say nothing of the gap between bid and ask.
    ({"price_max": 900_000}, {"exits": STOP}, None),
    ({"spread_max": 250_000}, {"exits": STOP}, "spread"),
    # Four points of five dollars less the fee, on a notional of 25,000: 775.2 parts per million.
    ({"ev_min": 775}, {"exits": STOP}, None),
    ({"ev_min": 776}, {"exits": STOP}, "ev"),
]


@pytest.mark.parametrize(("changes", "idea", "reason"), CAPS)
def test_every_family_of_rules_judges_a_future_too(
    changes: dict[str, Any], idea: dict[str, Any], reason: str | None
) -> None:
    wide = limits(
        **({"risk_per_trade_max": 100 * MICRO, "total_exposure_max": 100_000 * MICRO, "unprotected_contracts_max": 1}
           | changes)
    )  # fmt: skip
    told = future_bench(wide).propose(buy(**terms(**idea)))
    assert (refused(told) if reason else kinds(told)[-1]) == (reason or "OrderReleased")


def test_a_quoted_future_is_judged_by_its_own_gap() -> None:
    bench = future_bench(limits(risk_per_trade_max=100 * MICRO, spread_max=250_000))
    bench.quote("MESTEST", 4_999_750_000, 5_000 * POINT)
    assert len(released(bench.propose(buy(**terms(exits=STOP))))) == 2
    bench = future_bench(limits(risk_per_trade_max=100 * MICRO, spread_max=250_000))
    bench.quote("MESTEST", 4_999_500_000, 5_000 * POINT)
    assert refused(bench.propose(buy(**terms(exits=STOP)))) == "spread"


def test_a_future_leaves_by_what_it_lost_on_its_notional_beside_the_bracket() -> None:
    bench = future_bench()
    [entry] = bench.bracket(**terms(exits=Exits(stop_price=4_990 * POINT, loss_ppm=1_000)))[:1]
    bench.fill(entry)
    assert released(bench.bar(4_996)) == []
    [out] = released(bench.bar(4_995))
    assert (out.type, out.qty, out.oca_group) == ("market", CONTRACT, entry.intent_id)


def test_one_order_of_two_contracts_turns_the_position_and_risks_only_what_it_opens() -> None:
    bench = future_bench(FREE_HAND)
    bench.hold(**terms())
    bench.bar(5_002)
    turn = bench.release(**terms(side="sell", price=5_002 * POINT, fair=4_990 * POINT, qty_max=2 * CONTRACT))
    assert turn.qty == 2 * CONTRACT
    assert bench.order(turn).intent.worst_loss == 5_002 * 5 * MICRO + 3 * 620_000
    bench.fill(turn)
    assert bench.state.held("MESTEST") == -CONTRACT
    assert bench.state.positions["MESTEST"].cost == 5_002 * 5 * MICRO
    assert bench.state.cash == 100_000 * MICRO + 10 * MICRO - 3 * 620_000


# --- watched by the desk -------------------------------------------------------------------------------


def held_with(exits: Exits, side: Any = "buy") -> Bench:
    bench = Bench()
    price, fair = (500_000, 600_000) if side == "buy" else (490_000, 390_000)
    bench.hold(side=side, price=price, fair=fair, qty_max=10 * CONTRACT, exits=exits)
    return bench


WATCHED: list[tuple[Exits, Any, tuple[int, int], str | None]] = [
    (Exits(stop_price=400_000), "buy", (410_000, 420_000), None),
    (Exits(stop_price=400_000), "buy", (400_000, 410_000), "stop"),
    (Exits(target_price=600_000), "buy", (590_000, 600_000), None),
    (Exits(target_price=600_000), "buy", (600_000, 610_000), "target"),
    (Exits(stop_price=600_000), "sell", (590_000, 600_000), "stop"),
    (Exits(target_price=400_000), "sell", (390_000, 400_000), "target"),
    (Exits(target_price=400_000), "sell", (390_000, 410_000), None),
    (Exits(depth_min=1_000 * CONTRACT), "buy", (490_000, 500_000), None),
    (Exits(depth_min=1_001 * CONTRACT), "buy", (490_000, 500_000), "liquidity"),
    # Bought at fifty: five percent of the cost are two and a half cents, ten are five.
    (Exits(loss_ppm=50_000), "buy", (480_000, 490_000), None),
    (Exits(loss_ppm=50_000), "buy", (470_000, 480_000), "stop"),
    (Exits(loss_ppm=40_000), "buy", (480_000, 490_000), "stop"),
    (Exits(gain_ppm=100_000), "buy", (540_000, 560_000), None),
    (Exits(gain_ppm=100_000), "buy", (550_000, 560_000), "target"),
    # NO at fifty-one: ten percent are 5.1 cents, so YES must be asked at 43.
    (Exits(gain_ppm=100_000), "sell", (430_000, 440_000), None),
    (Exits(gain_ppm=100_000), "sell", (420_000, 430_000), "target"),
    (Exits(loss_ppm=50_000), "sell", (500_000, 510_000), None),
    (Exits(loss_ppm=50_000), "sell", (510_000, 520_000), "stop"),
    (Exits(spread_max=80_000), "buy", (450_000, 530_000), None),
    (Exits(spread_max=80_000), "buy", (440_000, 530_000), "liquidity"),
    # The stop comes first.
    (Exits(spread_max=80_000, loss_ppm=50_000), "buy", (440_000, 530_000), "stop"),
]


@pytest.mark.parametrize(("exits", "side", "quote", "why"), WATCHED)
def test_the_desk_leaves_at_the_touch_when_an_exits_condition_holds(
    exits: Exits, side: Any, quote: tuple[int, int], why: str | None
) -> None:
    bench = held_with(exits, side)
    told = bench.quote(MARKET.id, *quote)
    out = released(told)
    if why is None:
        assert out == []
        return
    assert kinds(told) == ["IntentProposed", "OrderReleased"]
    assert told[0].intent.reason == f"exit by {why}"  # type: ignore[union-attr]
    price = quote[0] if side == "buy" else quote[1]
    assert [(o.side, o.price, o.qty) for o in out] == [("sell" if side == "buy" else "buy", price, 10 * CONTRACT)]


def test_an_exit_by_time_goes_at_the_cycle_after_its_life() -> None:
    bench = held_with(Exits(life_ns=5 * SECOND))
    assert released(bench.later(4 * SECOND).cycle()) == []
    assert len(released(bench.later(SECOND).cycle())) == 1


def test_an_exit_on_its_way_is_not_doubled_and_one_that_found_nobody_is_proposed_again() -> None:
    bench = held_with(Exits(stop_price=480_000))
    [out] = released(bench.quote(MARKET.id, 470_000, 480_000))
    assert released(bench.quote(MARKET.id, 460_000, 470_000)) == []
    bench.accept(out, remaining=0)
    assert released(bench.quote(MARKET.id, 460_000, 480_000)) == []
    assert len(released(bench.later(SECOND).quote(MARKET.id, 460_000, 480_000))) == 1


def test_an_exit_that_the_venue_keeps_refusing_is_tried_ever_less_often_and_at_once_when_some_of_it_filled() -> None:
    bench = held_with(Exits(stop_price=480_000))
    tries = 0
    for _ in range(600):
        for out in released(bench.later(SECOND).quote(MARKET.id, 470_000, 480_000)):
            bench.answer(out, Refused("market_paused", ""))
            tries += 1
    assert 18 <= tries <= 26
    [out] = released(bench.later(60 * SECOND).quote(MARKET.id, 470_000, 480_000))
    bench.fill(out, 4 * CONTRACT)
    bench.closed(out, 4 * CONTRACT)
    [rest] = released(bench.quote(MARKET.id, 470_000, 480_000))
    assert rest.qty == 6 * CONTRACT


def test_an_exit_that_the_gate_refuses_is_recorded_once_and_goes_when_nothing_forbids_it_any_more() -> None:
    bench = held_with(Exits(stop_price=480_000))
    bench.halt()
    told = [fact for _ in range(100) for fact in bench.later(SECOND).quote(MARKET.id, 470_000, 480_000)]
    assert refused(told) == "level"
    assert kinds(told) == ["IntentRefused"]
    bench.match()
    bench.resume()
    assert len(released(bench.later(SECOND).quote(MARKET.id, 470_000, 480_000))) == 1


def test_a_close_that_only_rests_does_not_keep_the_desk_from_leaving() -> None:
    bench = held_with(Exits(stop_price=480_000))
    far = bench.release(action="close", side="sell", price=900_000, fair=None)
    bench.accept(far)
    told = bench.quote(MARKET.id, 470_000, 480_000)
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [far.order_id]
    assert released(told) == []
    bench.cancel_answered(far, Accepted("v", 0, 0))
    assert [order.qty for order in released(bench.quote(MARKET.id, 470_000, 480_000))] == [10 * CONTRACT]


def test_an_entry_that_rests_on_the_side_of_the_exit_does_not_keep_the_desk_from_leaving() -> None:
    """It might close the position itself, so nothing is closed beside it: it has to go."""
    bench = held_with(Exits(stop_price=400_000))
    entry = bench.release(side="sell", price=900_000, fair=800_000, qty_max=10 * CONTRACT)
    bench.accept(entry)
    told = bench.quote(bid=390_000, ask=400_000)
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [entry.order_id]
    assert released(told) == []
    bench.cancel_answered(entry, Accepted("v", 0, 0))
    [out] = released(bench.later(2 * SECOND).quote(bid=390_000, ask=400_000))
    assert (out.side, out.qty) == ("sell", 10 * CONTRACT)


@pytest.mark.parametrize(("left", "goes"), [(0, True), (9, True), (10, False)])
def test_a_resting_close_that_would_leave_more_than_is_held_is_called_back(left: int, goes: bool) -> None:
    """Filled whole after a correction of the entry it would open the other side, and no rule has judged that."""
    bench = Bench()
    entry = bench.release(qty_max=12 * CONTRACT)
    bench.accept(entry)
    fill = bench.a_fill(entry)
    bench.take(FillSeen(fill, bench.now))
    [out] = released(bench.propose(close(price=900_000, time_in_force="gtc", qty_max=10 * CONTRACT)))
    bench.accept(out)
    assert bench.cycle() == []
    bench.later(1)
    bench.correct(fill, qty=left * CONTRACT)
    bench.restart()
    told = bench.cycle()
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [out.order_id] * goes


def test_a_position_that_comes_back_since_its_exit_was_taken_back_is_watched_again() -> None:
    bench = held_with(Exits(stop_price=400_000))
    [out] = released(bench.quote(bid=400_000, ask=410_000))
    fill = bench.a_fill(out)
    bench.take(FillSeen(fill, bench.now))
    assert bench.state.guards == {}
    bench.later(SECOND)
    bench.correct(fill, qty=0, fee=0)
    bench.restart()
    bench.show(MARKET)
    [again] = released(bench.later(2 * SECOND).quote(bid=390_000, ask=400_000))
    assert (again.side, again.qty) == ("sell", 10 * CONTRACT)


def test_a_future_that_comes_back_since_its_stop_was_taken_back_is_left_and_a_person_is_called() -> None:
    bench = future_bench()
    entry, stop, _ = bench.bracket(**terms(exits=TARGET))
    bench.fill(entry)
    fill = bench.a_fill(stop)
    bench.take(FillSeen(fill, bench.now))
    bench.later(1)
    bench.correct(fill, qty=0, fee=0)
    bench.cycle()
    told = bench.later(PROTECT_MAX + SECOND).bar(4_990)
    told += bench.cycle()
    assert [fact.cause for fact in told if isinstance(fact, HaltRaised)] == ["unprotected"]
    assert [(order.side, order.qty) for order in released(told)] == [("sell", CONTRACT)]


def test_a_position_that_no_entry_brought_is_a_persons_business() -> None:
    """The entry is corrected after its exit has filled: what the exit left too much stands on the other side."""
    bench = Bench()
    entry = bench.release(qty_max=10 * CONTRACT)
    bench.accept(entry)
    fill = bench.a_fill(entry)
    bench.take(FillSeen(fill, bench.now))
    [out] = released(bench.propose(close()))
    bench.fill(out)
    told = bench.later(1).correct(fill, qty=4 * CONTRACT)
    assert bench.state.held(MARKET.id) == -6 * CONTRACT
    assert [fact.cause for fact in told if isinstance(fact, HaltRaised)] == ["strange_fill"]


def test_an_empty_side_decides_nothing_and_is_told_to_a_person() -> None:
    bench = held_with(Exits(stop_price=480_000, loss_ppm=10_000, life_ns=SECOND))
    assert bench.later(2 * SECOND).quote(MARKET.id, None, 10_000) == []
    told = bench.cycle()
    assert [fact.cause for fact in told if isinstance(fact, HaltRaised)] == ["mark_missing"]
    assert released(told) == []
    assert len(released(bench.quote(MARKET.id, 470_000, 480_000))) == 1


def test_an_exit_before_the_close_goes_at_its_time_and_an_entry_after_it_is_refused() -> None:
    ahead = MARKET.close_ts - Bench().now - 60 * SECOND
    bench = held_with(Exits(ahead_ns=ahead))
    bench.later(60 * SECOND - 1)
    assert released(bench.quote()) == []
    bench.later(1)
    assert len(released(bench.quote())) == 1
    late = Bench().later(60 * SECOND)
    late.quote()
    assert refused(late.propose(buy(exits=Exits(ahead_ns=ahead)))) == "order_form"


def test_an_entry_that_only_closes_what_was_held_on_the_other_side_leaves_no_exits_behind() -> None:
    bench = Bench()
    bench.hold(side="sell", price=490_000, fair=390_000, qty_max=10 * CONTRACT)
    bench.hold(qty_max=10 * CONTRACT, exits=Exits(stop_price=480_000))
    assert (bench.state.held(MARKET.id), bench.state.guards) == (0, {})


def test_the_desks_own_name_is_no_name_for_a_strategy() -> None:
    with pytest.raises(InvariantBroken, match="strategy_name_is_the_desks"):
        Bench(strategies=(Scripted("desk"),))


def test_exits_are_watched_again_after_a_restart() -> None:
    bench = held_with(Exits(stop_price=480_000))
    bench.restart()
    bench.show(MARKET)
    assert len(released(bench.quote(MARKET.id, 470_000, 480_000))) == 1


def test_a_strategy_that_was_stopped_does_not_keep_the_desk_from_leaving() -> None:
    bench = held_with(Exits(stop_price=480_000))
    bench.say(object())
    assert "scripted" in bench.state.stopped
    assert len(released(bench.quote(MARKET.id, 470_000, 480_000))) == 1


def test_nothing_is_watched_once_the_position_is_gone() -> None:
    bench = held_with(Exits(stop_price=480_000))
    [out] = released(bench.quote(MARKET.id, 470_000, 480_000))
    bench.fill(out)
    assert bench.state.guards == {}


def test_a_corrected_entry_keeps_its_exits_and_one_taken_back_loses_them() -> None:
    bench = Bench()
    order = bench.release(qty_max=10 * CONTRACT, exits=Exits(stop_price=480_000))
    fill = bench.a_fill(order)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=4 * CONTRACT)
    assert list(bench.state.guards) == [MARKET.id]
    bench.later(1).correct(fill, qty=0, fee=0)
    assert bench.state.guards == {}
