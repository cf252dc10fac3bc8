"""The unknown that no evidence settles: a person's word ends it, once, and never doubles what the venue tells later."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, buy, kinds

from assent.desk.cycle import UNKNOWN_MAX
from assent.model import facts
from assent.model.exits import Exits
from assent.model.fees import fee_worst
from assent.model.inputs import Absent, FillSeen, Unknown
from assent.model.levels import Level
from assent.model.orders import Order
from assent.model.settling import ResolutionAsked
from assent.model.units import MICRO, SECOND

TEN = 10 * MICRO


def lost(bench: Bench, **terms: Any) -> Order:
    order = bench.release(**({"qty_max": TEN} | terms))
    bench.answer(order, Unknown("no answer in time"))
    return order


def resolve(bench: Bench, order: Order, filled: int = 0, **changes: Any) -> list[Any]:
    values: dict[str, Any] = {
        "order_id": order.order_id, "filled": filled, "price": None, "fee": None, "evidence": "ticket 4711",
        "by": "ann", "reason": "their list is gone", "received_ts": bench.now,
    } | changes  # fmt: skip
    return bench.take(ResolutionAsked(**values))


def test_an_unknown_that_stays_too_long_halts_and_a_persons_word_lets_the_desk_trade_again() -> None:
    """The whole story: overdue, halted, no resume; resolved on the record; books equal; resumed; an order leaves."""
    bench = Bench()
    order = lost(bench)
    bench.later(UNKNOWN_MAX)
    assert "HaltRaised" not in kinds(bench.cycle())
    bench.later(SECOND)
    told = bench.cycle()
    assert [(f.cause, f.level) for f in told if isinstance(f, facts.HaltRaised)] == [("unknown_overdue", Level.HALTED)]
    assert "assent orders resolve" in bench.resume()[0].why
    fact = resolve(bench, order)[0]
    assert (fact.finding, fact.source, fact.by, fact.reason) == (
        Absent("ticket 4711"), "ticket 4711", "ann", "their list is gone",
    )  # fmt: skip
    assert bench.order(order).status == "absent"
    assert bench.state.reserved() == 0
    bench.match()
    assert kinds(bench.resume()) == ["HaltCleared"]
    bench.quote()
    assert "OrderReleased" in kinds(bench.propose(buy(qty_max=MICRO)))
    bench.restart()


def test_what_was_executed_by_a_persons_word_is_booked_at_the_worst_that_it_can_be() -> None:
    bench = Bench()
    order = lost(bench)
    cash = bench.state.cash
    told = resolve(bench, order, order.qty)
    assert kinds(told)[:2] == ["OrderResolved", "FillBooked"]
    fill = told[1].fill
    assert (fill.price, fill.qty, fill.fee) == (order.price, TEN, fee_worst(MARKET, "buy", order.price, TEN))
    assert bench.state.cash == cash - 5_000_000 - fill.fee
    assert bench.order(order).status == "filled"


def test_a_part_at_a_better_price_is_booked_as_it_is_said_and_nothing_rests_any_more() -> None:
    bench = Bench()
    order = lost(bench)
    cash = bench.state.cash
    resolve(bench, order, 4 * MICRO, price=480_000, fee=70_000)
    assert bench.state.cash == cash - 1_920_000 - 70_000
    assert (bench.order(order).status, bench.order(order).filled, bench.state.reserved()) == ("closed", 4 * MICRO, 0)


@pytest.mark.parametrize("pieces", [(TEN,), (4 * MICRO, 6 * MICRO)])
def test_the_venues_own_report_of_the_same_execution_is_recognised_and_moves_nothing(pieces: tuple[int, ...]) -> None:
    bench = Bench()
    order = lost(bench)
    resolve(bench, order, TEN)
    books = dict(bench.state.accounts)
    for qty in pieces:
        fill = bench.a_fill(order, qty)
        assert kinds(bench.take(FillSeen(fill, bench.now))) == ["FillRecognised"]
        assert bench.take(FillSeen(fill, bench.now)) == []
    assert (bench.state.accounts, bench.state.held(MARKET.id)) == (books, TEN)
    assert bench.state.level == Level.TRADING
    bench.restart()
    assert bench.take(FillSeen(fill, bench.now)) == []


@pytest.mark.parametrize("change", [{"price": 490_000}, {"qty": 6 * MICRO}])
def test_a_report_that_says_something_else_moves_the_money_and_stops_the_desk(change: dict[str, int]) -> None:
    bench = Bench()
    order = lost(bench)
    resolve(bench, order, 5 * MICRO)
    told = bench.take(FillSeen(bench.a_fill(order, **({"qty": 5 * MICRO} | change)), bench.now))
    assert kinds(told)[0] == "FillBooked"
    assert bench.state.held(MARKET.id) == 5 * MICRO + change.get("qty", 5 * MICRO)
    assert "late_fill" in bench.state.halts
    bench.match(cash=bench.state.cash + 1)
    assert "discrepancy" in bench.state.halts


def test_an_execution_of_an_order_that_a_person_said_was_never_placed_stops_the_desk() -> None:
    bench = Bench()
    order = lost(bench)
    resolve(bench, order)
    bench.fill(order, MICRO)
    assert bench.state.held(MARKET.id) == MICRO
    assert bench.order(order).status == "quarantined"
    assert "late_fill" in bench.state.halts


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"by": ""}, "the name of a person"),
        ({"reason": " "}, "a reason"),
        ({"evidence": ""}, "the evidence"),
        ({"order_id": "nothing"}, "no order of this desk"),
        ({"filled": 11 * MICRO}, "cannot have been filled"),
        ({"filled": -1}, "cannot have been filled"),
        ({"filled": MICRO, "price": MICRO}, "is no price"),
        ({"filled": MICRO, "price": 0}, "is no price"),
        ({"filled": MICRO, "fee": -1}, "is no fee"),
    ],
)
def test_a_word_that_cannot_be_booked_is_refused_and_the_order_stays_unknown(change: dict[str, Any], why: str) -> None:
    bench = Bench()
    order = lost(bench)
    told = resolve(bench, order, **change)
    assert kinds(told) == ["ActRefused"]
    assert why in told[0].why
    assert bench.order(order).status == "unknown"


@pytest.mark.parametrize("status", ["released", "working", "absent"])
def test_only_an_order_whose_fate_is_unknown_needs_a_persons_word(status: str) -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    if status == "working":
        bench.accept(order)
    elif status == "absent":
        bench.answer(order, Unknown(""))
        bench.evidence(order, Absent("journal"))
    assert status in resolve(bench, order)[0].why
    assert bench.order(order).status == status


@pytest.mark.parametrize("cause", ["operator", "invariant_broken", "strategy_repeats"])
def test_it_may_be_said_under_any_halt(cause: str) -> None:
    bench = Bench()
    order = lost(bench)
    bench.halt(cause)
    assert kinds(resolve(bench, order))[0] == "OrderResolved"


def test_exits_stand_for_what_a_persons_word_has_bought() -> None:
    bench = Bench()
    order = lost(bench, exits=Exits(stop_price=400_000))
    resolve(bench, order, TEN)
    assert bench.state.guards[MARKET.id].exits.stop_price == 400_000
