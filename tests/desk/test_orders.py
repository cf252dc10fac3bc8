"""The life of an order, as a table: every event in every status, and the late evidence that each desk fears."""

from collections.abc import Callable

import pytest
from tests.desk.support import MARKET, Bench, kinds, sell

from assent.desk.cycle import UNKNOWN_MAX
from assent.desk.fold import evolve
from assent.desk.orders import CANCEL_AGAIN, ENDED, RESTING, TRANSITIONS
from assent.model import facts
from assent.model.errors import InvariantBroken
from assent.model.facts import Fact
from assent.model.inputs import Absent, Accepted, AccountUnavailable, FillSeen, NotSent, Refused, SendAnswered, Unknown
from assent.model.intents import Proposal
from assent.model.levels import Level
from assent.model.orders import Order
from assent.model.units import HOUR, MICRO, SECOND

FIVE, TWO = 5 * MICRO, 2 * MICRO


def released(bench: Bench) -> Order:
    return bench.release(qty_max=10 * MICRO)


def unknown(bench: Bench) -> Order:
    order = released(bench)
    bench.answer(order, Unknown("no answer in time"))
    return order


def working(bench: Bench) -> Order:
    order = released(bench)
    bench.accept(order)
    return order


def closing(bench: Bench) -> Order:
    order = released(bench)
    bench.closed(order, FIVE)
    return order


def filled(bench: Bench) -> Order:
    order = released(bench)
    bench.fill(order)
    return order


def closed(bench: Bench) -> Order:
    order = released(bench)
    bench.closed(order, 0)
    return order


def refused(bench: Bench) -> Order:
    order = released(bench)
    bench.answer(order, Refused("insufficient_balance", "no"))
    return order


def not_sent(bench: Bench) -> Order:
    order = released(bench)
    bench.answer(order, NotSent("halted"))
    return order


def absent(bench: Bench) -> Order:
    order = unknown(bench)
    bench.evidence(order, Absent("the journal"))
    return order


def quarantined(bench: Bench) -> Order:
    order = refused(bench)
    bench.fill(order, TWO)
    return order


STATUSES: dict[str, Callable[[Bench], Order]] = {
    build.__name__: build
    for build in (released, unknown, working, closing, filled, closed, refused, not_sent, absent, quarantined)
}

# What each event is as a fact, and as the input that brings it. None of them completes an order of ten.
EVENT_FACTS: dict[str, Callable[[Bench, Order], Fact]] = {
    "accept": lambda _, o: facts.OrderAccepted(o.order_id, "v", 0, FIVE),
    "refuse": lambda _, o: facts.OrderRefused(o.order_id, "no", ""),
    "not_send": lambda _, o: facts.OrderNotSent(o.order_id, "halted"),
    "lose": lambda _, o: facts.OrderUnknown(o.order_id, ""),
    "fill": lambda b, o: facts.FillBooked(b.a_fill(o, MICRO)),
    "close": lambda _, o: facts.OrderClosed(o.order_id, "cancelled", FIVE),
    "find": lambda _, o: facts.OrderResolved(o.order_id, Accepted("v", 0, FIVE), "sim"),
    "miss": lambda _, o: facts.OrderResolved(o.order_id, Absent("the journal"), "sim"),
}
EVENT_INPUTS: dict[str, Callable[[Bench, Order], list[Fact]]] = {
    "accept": lambda b, o: b.accept(o, remaining=FIVE),
    "refuse": lambda b, o: b.answer(o, Refused("no", "")),
    "not_send": lambda b, o: b.answer(o, NotSent("halted")),
    "lose": lambda b, o: b.answer(o, Unknown("")),
    "fill": lambda b, o: b.fill(o, MICRO),
    "close": lambda b, o: b.closed(o, FIVE),
    "find": lambda b, o: b.evidence(o, Accepted("v", 0, FIVE)),
    "miss": lambda b, o: b.evidence(o, Absent("the journal")),
}
PAIRS = [(status, event) for status in STATUSES for event in EVENT_FACTS]
# In the table for the fold's sake; from outside they say nothing new about the orders built above.
REPEATS = {("working", "accept"), ("closing", "close")}
each_pair = pytest.mark.parametrize(("status", "event"), PAIRS, ids=[f"{s}-{e}" for s, e in PAIRS])


def picture(bench: Bench, order: Order) -> tuple[object, ...]:
    known = bench.order(order)
    return known.status, known.filled, known.venue_filled, known.open_qty, dict(bench.state.accounts)


def test_the_table_speaks_only_of_statuses_and_events_that_are_tested_here() -> None:
    assert {status for status, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(STATUSES)
    assert {event for _, event in TRANSITIONS} == set(EVENT_FACTS)
    assert set(STATUSES) >= ENDED | RESTING
    assert not ENDED & RESTING


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_can_be_reached_by_what_a_venue_says(status: str) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    assert bench.order(order).status == status
    assert (order.order_id in bench.state.orders) == (status not in ENDED)
    assert bench.state.find_order(order.order_id) is not None


@each_pair
def test_a_fact_moves_an_order_along_the_table_or_breaks_the_fold(status: str, event: str) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    fact = EVENT_FACTS[event](bench, order)
    if (status, event) in TRANSITIONS:
        evolve(bench.state, bench.now, fact)
        assert bench.order(order).status == TRANSITIONS[status, event]
        return
    before = picture(bench, order)[:4]
    with pytest.raises(InvariantBroken, match="order_cannot"):
        evolve(bench.state, bench.now, fact)
    assert picture(bench, order)[:4] == before


@each_pair
def test_an_input_moves_an_order_along_the_table_or_changes_nothing(status: str, event: str) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    before = picture(bench, order)
    told = EVENT_INPUTS[event](bench, order)
    if (status, event) in TRANSITIONS and (status, event) not in REPEATS:
        assert told
        assert bench.order(order).status == TRANSITIONS[status, event]
        return
    assert picture(bench, order) == before
    assert set(kinds(told)) <= {"InputRejected"}


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_life_is_left_only_with_an_alarm(status: str) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    for event, happens in EVENT_INPUTS.items():
        moved = happens(bench, order)
        if bench.order(order).status != status:
            assert "OrderQuarantined" in kinds(moved), event
            assert "late_fill" in bench.state.halts
            assert bench.state.level >= Level.REDUCING
            return
    assert status == "quarantined"


@pytest.mark.parametrize("status", ["filled", "closed", "refused", "not_sent", "absent", "quarantined"])
def test_a_late_fill_on_an_ended_order_still_moves_the_position(status: str) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    held, cash = bench.state.held(MARKET.id), bench.state.cash
    told = bench.fill(order, MICRO)
    assert kinds(told)[:2] == ["FillBooked", "OrderQuarantined"]
    assert bench.state.held(MARKET.id) == held + MICRO
    assert bench.state.cash == cash - 500_000 - 17_500
    assert bench.order(order).status == "quarantined"
    assert bench.state.level == Level.REDUCING


def test_an_order_in_quarantine_holds_its_worst_case_until_nothing_of_it_can_come() -> None:
    for end in ("filled", "closed"):
        bench = Bench()
        order = refused(bench)
        bench.fill(order, FIVE)
        assert order.order_id in bench.state.orders
        assert bench.order(order).open_qty == FIVE
        if end == "filled":
            bench.fill(order, FIVE)
        else:
            bench.closed(order, FIVE)
        assert bench.order(order).status == "quarantined"
        assert bench.order(order).open_qty == 0
        assert order.order_id not in bench.state.orders
        assert bench.state.reserved() == 0


@pytest.mark.parametrize("status", ["refused", "not_sent", "absent"])
def test_a_late_acceptance_of_an_order_that_was_given_up_is_an_alarm(status: str) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    told = bench.accept(order)
    assert kinds(told) == ["OrderAccepted", "OrderQuarantined", "HaltRaised", "CancelReleased"]
    assert bench.state.level == Level.REDUCING


def test_a_fill_before_the_answer_is_matched() -> None:
    bench = Bench()
    order = released(bench)
    bench.fill(order, FIVE)
    assert bench.order(order).status == "working"
    bench.accept(order, filled=FIVE)
    assert (bench.order(order).status, bench.order(order).filled) == ("working", FIVE)
    assert not bench.of(facts.InputRejected)
    assert bench.state.level == Level.TRADING


def test_an_answer_that_comes_after_all_fills_changes_nothing_of_the_money() -> None:
    bench = Bench()
    order = released(bench)
    bench.fill(order)
    cash = bench.state.cash
    bench.accept(order, filled=order.qty, remaining=0)
    assert bench.order(order).status == "filled"
    assert bench.state.cash == cash
    assert bench.order(order).venue_order_id


@pytest.mark.parametrize(
    "answer",
    [Accepted("v", 0, FIVE), Refused("no", ""), NotSent("halted"), Unknown("")],
    ids=lambda a: type(a).__name__,
)
def test_an_answer_told_twice_is_told_once(answer: Accepted | Refused | NotSent | Unknown) -> None:
    bench = Bench()
    order = released(bench)
    bench.answer(order, answer)
    before = picture(bench, order)
    bench.answer(order, answer)
    assert picture(bench, order) == before
    assert bench.state.level == Level.TRADING


def test_a_refusal_that_contradicts_an_acceptance_does_not_forget_the_order() -> None:
    bench = Bench()
    order = working(bench)
    told = bench.answer(order, Refused("no", ""))
    assert bench.order(order).open_qty == order.qty
    assert kinds(told) == ["InputRejected"]


def test_no_answer_is_never_read_as_a_refusal() -> None:
    bench = Bench()
    order = unknown(bench)
    assert bench.order(order).open_qty == order.qty
    assert bench.state.reserved() >= 5 * MICRO


def test_nothing_is_lost_after_the_venue_has_answered() -> None:
    bench = Bench()
    order = working(bench)
    assert bench.answer(order, Unknown("")) == []
    assert bench.order(order).status == "working"


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "unknown"])
@pytest.mark.parametrize("finding", [Absent("the journal"), Accepted("v", 0, FIVE)], ids=["absent", "accepted"])
def test_evidence_settles_only_what_is_unknown(status: str, finding: Absent | Accepted) -> None:
    bench = Bench()
    order = STATUSES[status](bench)
    before = picture(bench, order)
    assert bench.evidence(order, finding) == []
    assert picture(bench, order) == before


def test_evidence_of_an_order_that_ended_waits_for_its_fills() -> None:
    bench = Bench()
    order = unknown(bench)
    bench.evidence(order, Accepted("v", FIVE, 0))
    assert (bench.order(order).status, bench.order(order).open_qty) == ("closing", FIVE)
    bench.fill(order, FIVE)
    assert bench.order(order).status == "closed"


def test_evidence_that_it_never_arrived_frees_what_was_reserved() -> None:
    bench = Bench()
    order = unknown(bench)
    bench.evidence(order, Absent("the journal"))
    assert bench.order(order).status == "absent"
    assert bench.state.reserved() == 0


def test_more_than_was_ordered_moves_the_position_and_halts() -> None:
    bench = Bench()
    order = working(bench)
    bench.fill(order, 9 * MICRO)
    told = bench.fill(order, TWO)
    assert bench.state.held(MARKET.id) == 11 * MICRO
    assert [f.reason for f in told if isinstance(f, facts.OrderQuarantined)] == ["overfill"]
    assert bench.state.level == Level.REDUCING


def test_a_fill_of_an_order_that_was_never_ours_is_not_booked_and_halts() -> None:
    bench = Bench()
    order = released(bench)
    cash = bench.state.cash
    told = bench.fill(order, MICRO, order_id="somebody-elses")
    assert kinds(told) == ["HaltRaised"]
    assert "foreign_fill" in bench.state.halts
    assert bench.state.level == Level.HALTED
    assert (bench.state.cash, bench.state.held(MARKET.id)) == (cash, 0)


def test_an_answer_for_an_order_that_was_never_released_is_counted() -> None:
    bench = Bench()
    order = released(bench)
    told = bench.take(SendAnswered("never-released", Accepted("v", 0, 0), bench.now))
    assert [(f.code, f.count) for f in told if isinstance(f, facts.InputRejected)] == [("not_released", 1)]
    assert bench.order(order).status == "released"


def test_a_late_fill_after_settlement_is_paid_out_as_the_market_ended() -> None:
    bench = Bench()
    order = working(bench)
    bench.closed(order, 0, "market closed")
    bench.settle("yes")
    cash = bench.state.cash
    told = bench.fill(order, TWO)
    assert kinds(told) == ["FillBooked", "OrderQuarantined", "HaltRaised", "MarketSettled"]
    assert bench.state.held(MARKET.id) == 0
    assert bench.state.cash == cash - 1_000_000 - 35_000 + TWO


def test_a_fill_of_a_working_order_after_settlement_is_paid_out_without_an_alarm() -> None:
    bench = Bench()
    order = working(bench)
    bench.settle("no")
    told = bench.fill(order, TWO)
    assert kinds(told) == ["FillBooked", "MarketSettled"]
    assert bench.state.held(MARKET.id) == 0
    assert bench.state.level == Level.TRADING


# --- cancels -------------------------------------------------------------------------------------------


def test_cancelling_never_changes_what_was_filled() -> None:
    bench = Bench()
    order = working(bench)
    bench.fill(order, TWO)
    bench.ask_cancel(order.order_id)
    bench.cancel_answered(order, Accepted("v", TWO, 0))
    known = bench.order(order)
    assert (known.status, known.filled, known.open_qty) == ("closed", TWO, 0)


def test_a_fill_that_raced_the_cancel_is_waited_for() -> None:
    bench = Bench()
    order = working(bench)
    bench.ask_cancel(order.order_id)
    bench.cancel_answered(order, Accepted("v", TWO, 0))
    assert (bench.order(order).status, bench.order(order).open_qty) == ("closing", TWO)
    assert bench.state.reserved() > 0
    bench.fill(order, TWO)
    assert bench.order(order).status == "closed"
    assert bench.state.level == Level.TRADING


def test_an_order_that_filled_whole_before_the_cancel_came_is_filled() -> None:
    bench = Bench()
    order = working(bench)
    bench.ask_cancel(order.order_id)
    bench.cancel_answered(order, Refused("not_found", ""))
    bench.fill(order)
    assert bench.order(order).status == "filled"


@pytest.mark.parametrize(
    ("answer", "result"),
    [(Refused("not_found", ""), "refused"), (NotSent("stopping"), "not_sent"), (Unknown(""), "unknown")],
)
def test_a_cancel_that_did_not_close_leaves_the_order_at_its_worst_case(
    answer: Refused | NotSent | Unknown, result: str
) -> None:
    bench = Bench()
    order = working(bench)
    bench.ask_cancel(order.order_id)
    bench.cancel_answered(order, answer)
    known = bench.order(order)
    assert (known.status, known.open_qty, known.cancel) == ("working", order.qty, result)


def test_a_cancel_that_leaves_something_resting_does_not_close_the_order() -> None:
    bench = Bench()
    order = working(bench)
    bench.ask_cancel(order.order_id)
    bench.cancel_answered(order, Accepted("v", TWO, 4 * MICRO))
    known = bench.order(order)
    assert known.status == "working"
    assert known.open_qty >= 4 * MICRO + TWO


def test_an_answer_to_a_cancel_that_nobody_asked_for_is_ignored() -> None:
    bench = Bench()
    order = working(bench)
    assert bench.cancel_answered(order, Accepted("v", 0, 0)) == []
    assert bench.order(order).status == "working"


def test_a_venue_that_closes_by_itself_is_recorded_with_its_reason() -> None:
    bench = Bench()
    order = working(bench)
    told = bench.closed(order, 0, "self trade prevention")
    assert [(f.why, f.filled) for f in told if isinstance(f, facts.OrderClosed)] == [("self trade prevention", 0)]


def test_an_order_whose_life_is_over_is_cancelled_by_the_clock() -> None:
    bench = Bench()
    order = bench.release(life_ns=3 * SECOND)
    bench.accept(order)
    assert bench.later(2 * SECOND).cycle() == []
    told = bench.later(SECOND).cycle()
    assert [(f.by, f.order_id) for f in told if isinstance(f, facts.CancelReleased)] == [("desk", order.order_id)]
    assert bench.later(SECOND).cycle() == []
    bench.cancel_answered(order, NotSent("not_connected"))
    assert kinds(bench.later(SECOND).cycle()) == ["CancelReleased"]


def test_a_refused_cancel_is_asked_again_a_minute_later_and_not_at_every_cycle() -> None:
    bench = Bench()
    order = bench.release(life_ns=SECOND)
    bench.accept(order)
    bench.later(SECOND).cycle()
    bench.cancel_answered(order, Refused("busy", ""))
    assert bench.later(59 * SECOND).cycle() == []
    assert kinds(bench.later(SECOND).cycle()) == ["CancelReleased"]


@pytest.mark.parametrize(
    ("changes", "strange"),
    [
        ({"price": 500_000}, False),
        ({"price": 480_000}, False),
        ({"price": 500_100}, True),
        ({"fee": 0}, False),
        ({"fee": -10_000}, False),
        ({"fee": -10_001}, True),
    ],
)
def test_a_fill_that_the_order_did_not_allow_is_booked_and_lowers_the_level(
    changes: dict[str, int], strange: bool
) -> None:
    bench = Bench()
    order = working(bench)
    bench.fill(order, MICRO, **changes)
    assert bench.state.held(MARKET.id) == MICRO
    assert ("strange_fill" in bench.state.halts) == strange


def test_a_selling_orders_limit_is_a_floor() -> None:
    for price, strange in ((490_000, False), (500_000, False), (489_900, True)):
        bench = Bench()
        order = next(f.order for f in bench.propose(sell(qty_max=FIVE)) if isinstance(f, facts.OrderReleased))
        bench.fill(order, MICRO, price=price)
        assert ("strange_fill" in bench.state.halts) == strange


def test_an_order_that_stays_unknown_too_long_halts_for_a_person() -> None:
    bench = Bench()
    order = unknown(bench)
    bench.later(120 * SECOND).cycle()
    assert "unknown_overdue" not in bench.state.halts
    bench.later(1).cycle()
    assert bench.state.halts["unknown_overdue"].level == Level.HALTED
    assert bench.order(order).open_qty == order.qty


def test_an_order_that_was_never_answered_before_a_restart_is_unknown_and_not_sent_again() -> None:
    bench = Bench()
    order = released(bench)
    bench.restart()
    assert bench.order(order).status == "unknown"
    assert bench.permit(order, bench.now) == "already_answered"


# --- corrections ---------------------------------------------------------------------------------------


def test_a_fill_taken_back_gives_back_every_micro() -> None:
    bench = Bench()
    cash = bench.state.cash
    order = working(bench)
    fill = bench.a_fill(order, FIVE, fee=8_800)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=0, fee=0)
    assert (bench.state.cash, bench.state.held(MARKET.id)) == (cash, 0)
    assert bench.order(order).filled == 0
    assert bench.order(order).open_qty == order.qty


def test_a_fill_taken_back_may_still_cost_a_fee() -> None:
    bench = Bench()
    cash = bench.state.cash
    order = working(bench)
    fill = bench.a_fill(order, FIVE, fee=8_800)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=0, fee=51)
    assert (bench.state.cash, bench.state.accounts["fees"]) == (cash - 51, 51)


def test_a_corrected_fill_counts_as_what_it_really_was() -> None:
    bench, plain = Bench(), Bench()
    order, same = working(bench), working(plain)
    fill = bench.a_fill(order, FIVE, price=500_000, fee=8_800)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=TWO, price=480_000, fee=3_500)
    plain.fill(same, TWO, price=480_000, fee=3_500)
    assert bench.state.cash == plain.state.cash
    assert bench.state.held(MARKET.id) == plain.state.held(MARKET.id)
    assert bench.order(order).filled == TWO


def test_a_correction_told_twice_is_told_once() -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, FIVE)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=TWO)
    before = picture(bench, order)
    assert bench.correct(fill, qty=TWO) == []
    assert bench.take(FillSeen(fill, bench.now)) == []
    assert picture(bench, order) == before


def test_an_older_correction_told_again_does_not_bring_the_old_numbers_back() -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, FIVE)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=TWO, venue_ts=bench.now + 1)
    bench.correct(fill, qty=MICRO, venue_ts=bench.now + 2)
    bench.correct(fill, qty=TWO, venue_ts=bench.now + 1)
    assert bench.state.held(MARKET.id) == MICRO


def test_a_correction_that_comes_before_its_fill_is_not_lost() -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, FIVE)
    bench.correct(fill, qty=TWO)
    bench.take(FillSeen(fill, bench.now))
    assert bench.state.held(MARKET.id) == TWO


def test_of_two_corrections_that_come_before_their_fill_the_newer_one_counts() -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, FIVE)
    bench.correct(fill, qty=MICRO, venue_ts=bench.now + 2)
    bench.correct(fill, qty=TWO, venue_ts=bench.now + 1)
    bench.take(FillSeen(fill, bench.now))
    assert bench.state.held(MARKET.id) == MICRO


def test_a_correction_that_completes_an_order_ends_it() -> None:
    bench = Bench()
    order = closing(bench)
    fill = bench.a_fill(order, TWO)
    bench.take(FillSeen(fill, bench.now))
    assert bench.order(order).status == "closing"
    bench.correct(fill, qty=FIVE)
    assert bench.order(order).status == "closed"
    whole = working(other := Bench())
    fill = other.a_fill(whole, FIVE)
    other.take(FillSeen(fill, other.now))
    other.correct(fill, qty=whole.qty)
    assert other.order(whole).status == "filled"


@pytest.mark.parametrize(
    ("told", "cause"),
    [({"price": 510_000}, "strange_fill"), ({"fee": -10_001}, "strange_fill"), ({"qty": 99 * MICRO}, "late_fill")],
    ids=["a worse price than asked", "a fee that is paid to us", "more than was ordered"],
)
def test_a_correction_to_what_its_order_never_allowed_is_booked_and_halts(told: dict[str, int], cause: str) -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, TWO)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, **told)
    assert bench.state.halts.keys() == {cause}
    assert bench.state.held(MARKET.id) == told.get("qty", TWO)
    assert bench.order(order).status == ("quarantined" if cause == "late_fill" else "working")
    bench.restart()


def test_a_correction_after_settlement_is_settled_too() -> None:
    bench = Bench()
    cash = bench.state.cash
    order = working(bench)
    fill = bench.a_fill(order, FIVE, fee=0)
    bench.take(FillSeen(fill, bench.now))
    bench.settle("yes")
    assert bench.state.cash == cash + FIVE // 2
    bench.correct(fill, qty=TWO, fee=0)
    assert bench.state.held(MARKET.id) == 0
    assert bench.state.cash == cash + TWO // 2


def test_a_correction_of_a_fill_we_never_saw_is_counted_and_moves_nothing() -> None:
    bench = Bench()
    order = working(bench)
    told = bench.correct(bench.a_fill(order, TWO), qty=0)
    assert [f.code for f in told if isinstance(f, facts.InputRejected)] == ["foreign_fill"]


# --- fees ----------------------------------------------------------------------------------------------


def test_what_the_fill_says_is_booked_and_a_strange_fee_is_told() -> None:
    bench = Bench()
    order = working(bench)
    bench.fill(order, MICRO, fee=17_500)
    assert not bench.of(facts.FeeDiffered)
    bench.fill(order, MICRO, fee=17_501)
    bench.fill(order, MICRO, fee=7_400)
    assert [(f.charged, f.estimated) for f in bench.of(facts.FeeDiffered)] == [(17_501, 17_500), (7_400, 17_500)]
    assert bench.state.accounts["fees"] == 17_500 + 17_501 + 7_400


def test_selling_yes_that_we_do_not_hold_is_buying_no() -> None:
    bench = Bench()
    told = bench.propose(sell(qty_max=10 * MICRO))
    order = next(f.order for f in told if isinstance(f, facts.OrderReleased))
    cash = bench.state.cash
    bench.accept(order)
    bench.fill(order, fee=0)
    assert bench.state.held(MARKET.id) == -10 * MICRO
    assert bench.state.cash == cash - 5_100_000
    bench.later(HOUR).settle("no")
    assert bench.state.cash == cash + 4_900_000


def test_time_in_which_the_venue_could_not_be_asked_makes_no_unknown_overdue() -> None:
    bench = Bench()
    unknown(bench)
    bench.later(60 * SECOND).cycle()
    bench.take(AccountUnavailable("sim", "down", bench.now))
    bench.later(30 * 60 * SECOND).cycle()
    assert "unknown_overdue" not in bench.state.halts
    bench.match(orders=())
    bench.later(UNKNOWN_MAX).cycle()
    assert "unknown_overdue" not in bench.state.halts
    bench.later(SECOND).cycle()
    assert "unknown_overdue" in bench.state.halts


def test_an_unknown_of_an_earlier_process_has_its_time_after_the_start() -> None:
    bench = Bench()
    unknown(bench)
    bench.later(8 * 3_600 * SECOND).restart()
    bench.cycle()
    assert "unknown_overdue" not in bench.state.halts
    bench.later(UNKNOWN_MAX + SECOND).cycle()
    assert "unknown_overdue" in bench.state.halts


@pytest.mark.parametrize("wanted_by", ["ann", "scripted"])
@pytest.mark.parametrize(
    ("outcome", "after", "why"),
    [
        (Unknown("no answer in time"), SECOND, "the answer to its cancel was lost"),
        (NotSent("not_connected"), SECOND, "its cancel did not leave"),
        (Refused("trading_is_paused", ""), CANCEL_AGAIN, "the venue refused its cancel"),
    ],
)
def test_a_cancel_that_was_asked_in_vain_is_asked_again_whoever_wanted_it(
    outcome: Unknown | NotSent | Refused, after: int, why: str, wanted_by: str
) -> None:
    bench = Bench()
    order = working(bench)
    if wanted_by == "ann":
        bench.ask_cancel(order.order_id)
    else:
        bench.propose(Proposal(instrument=MARKET.id, action="cancel", order_id=order.order_id))
    assert bench.order(order).cancel == "asked"
    bench.cancel_answered(order, outcome)
    if after > SECOND:
        assert not [fact for fact in bench.later(SECOND).cycle() if isinstance(fact, facts.CancelReleased)]
    (again,) = [fact for fact in bench.later(after).cycle() if isinstance(fact, facts.CancelReleased)]
    said = ("ann", "a person asked") if wanted_by == "ann" and type(outcome) is not Unknown else ("desk", why)
    assert (again.order_id, again.by, again.why) == (order.order_id, *said)
    assert not [fact for fact in bench.later(SECOND).cycle() if isinstance(fact, facts.CancelReleased)]
    bench.cancel_answered(order, Accepted("v", 0, 0))
    assert bench.order(order).status == "closed"


def test_what_a_person_wants_off_is_asked_for_again_after_the_venue_refused_the_cancel() -> None:
    """As it does while the whole exchange rests. Nobody else would ask again."""
    bench = Bench()
    order = working(bench)
    bench.ask_cancel(order.order_id)
    bench.cancel_answered(order, Refused("exchange_is_paused", ""))
    assert not [fact for fact in bench.later(SECOND).cycle() if isinstance(fact, facts.CancelReleased)]
    (again,) = [fact for fact in bench.later(60 * SECOND).cycle() if isinstance(fact, facts.CancelReleased)]
    assert (again.order_id, again.by, again.why) == (order.order_id, "ann", "a person asked")
    bench.cancel_answered(order, Accepted("v", 0, 0))
    assert bench.order(order).status == "closed"
    assert not [fact for fact in bench.later(120 * SECOND).cycle() if isinstance(fact, facts.CancelReleased)]
