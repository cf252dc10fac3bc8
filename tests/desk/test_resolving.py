"""The unknown that no evidence settles: a person's word ends it, once, and never doubles what the venue tells later."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, buy, kinds

from assent.desk import adopting
from assent.desk.cycle import UNKNOWN_MAX
from assent.model import facts
from assent.model.books import OpenOrder
from assent.model.exits import Exits
from assent.model.fees import fee_worst
from assent.model.inputs import Absent, Accepted, AccountSeen, AccountUnavailable, FillSeen, Holding, Unknown
from assent.model.levels import Level
from assent.model.orders import Order
from assent.model.settling import ResolutionAsked
from assent.model.units import MICRO, MINUTE, SECOND

TEN = 10 * MICRO


def lost(bench: Bench, **terms: Any) -> Order:
    order = bench.release(**({"qty_max": TEN} | terms))
    bench.answer(order, Unknown("no answer in time"))
    return order


def resolve(bench: Bench, order: Order, filled: int | None = 0, **changes: Any) -> list[Any]:
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


# --- an order that has ended, and whose fills never come ---------------------------------------------------


def ended(bench: Bench, *, booked: int = 4 * MICRO, told: int = TEN) -> Order:
    """Executed in part; the venue says that nothing rests and that more was executed than it tells of."""
    order = bench.release(qty_max=TEN)
    bench.accept(order)
    if booked:
        bench.fill(order, booked)
    bench.closed(order, told)
    assert bench.order(order).status == "closing"
    return order


def read_books(bench: Bench) -> list[facts.Fact]:
    return bench.take(AccountSeen(bench.state.cash, (), (), "sim", bench.now, bench.now))


def in_vain(bench: Bench, minutes: int = 5) -> Bench:
    """The venue's books are read once a minute, and none of them has the fills."""
    for _ in range(minutes):
        read_books(bench)
        bench.later(MINUTE)
    read_books(bench)
    return bench


def test_a_wait_for_fills_that_never_come_ends_by_a_persons_word_and_the_desk_trades_again() -> None:
    """The whole story: the halt names the order, evidence is waited for, a person books the rest, books equal."""
    bench = Bench()
    order = ended(bench)
    in_vain(bench, 6)
    assert order.order_id in bench.state.halts["books_overdue"].detail
    assert "assent orders resolve" in str(adopting.plan_of(bench.desk))
    cash = bench.state.cash
    told = resolve(bench, order, TEN, price=480_000, fee=70_000)
    assert kinds(told)[:2] == ["OrderResolved", "FillBooked"]
    assert (told[0].finding, told[0].by) == (Accepted(bench.order(order).venue_order_id, TEN, 0), "ann")
    assert (told[1].fill.qty, bench.state.held(MARKET.id)) == (6 * MICRO, TEN)
    assert bench.state.cash == cash - 2_880_000 - 70_000
    assert bench.order(order).status == "filled"
    bench.restart()
    assert bench.order(order).status == "filled"
    bench.show(MARKET)
    bench.quote()
    assert kinds(bench.match()) == ["AccountMatched"]
    bench.later(MINUTE).cycle()
    assert "books_overdue" not in bench.state.halts
    assert bench.state.level == Level.TRADING


@pytest.mark.parametrize(("booked", "ends"), [(4 * MICRO, "closed"), (0, "closed")])
def test_an_order_may_have_ended_with_nothing_beyond_what_is_booked(booked: int, ends: str) -> None:
    bench = Bench()
    order = ended(bench, booked=booked)
    in_vain(bench)
    accounts = dict(bench.state.accounts)
    assert kinds(resolve(bench, order, None)) == ["OrderResolved"]
    assert (bench.order(order).status, bench.order(order).open_qty) == (ends, 0)
    assert (bench.state.accounts, bench.state.reserved()) == (accounts, 0)
    bench.restart()
    late = bench.a_fill(order, MICRO)
    assert kinds(bench.take(FillSeen(late, bench.now)))[0] == "FillBooked", "what comes after all moves the money"
    assert "late_fill" in bench.state.halts


def test_the_venues_own_report_of_what_a_person_booked_of_it_is_recognised() -> None:
    bench = Bench()
    order = ended(bench)
    in_vain(bench)
    resolve(bench, order, 9 * MICRO)
    accounts = dict(bench.state.accounts)
    for qty in (2 * MICRO, 3 * MICRO):
        assert kinds(bench.take(FillSeen(bench.a_fill(order, qty), bench.now))) == ["FillRecognised"]
    assert (bench.state.accounts, bench.state.level) == (accounts, Level.TRADING)


def test_a_market_that_settled_under_an_order_may_be_settled_by_hand_too() -> None:
    """The venue pays, and never says how much of the order there was."""
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.accept(order)
    bench.settle("yes")
    assert (bench.order(order).status, bench.order(order).venue_filled) == ("closing", None)
    in_vain(bench)
    resolve(bench, order, 3 * MICRO)
    assert (bench.order(order).status, bench.order(order).filled) == ("closed", 3 * MICRO)
    bench.restart()


def test_what_a_correction_took_back_is_not_waited_for_after_a_persons_word() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.accept(order)
    fill = bench.a_fill(order, 4 * MICRO)
    bench.take(FillSeen(fill, bench.now))
    bench.correct(fill, qty=MICRO)
    bench.closed(order, 8 * MICRO)
    assert (bench.order(order).status, bench.order(order).busted) == ("closing", 3 * MICRO)
    in_vain(bench)
    resolve(bench, order, None)
    assert (bench.order(order).status, bench.order(order).filled) == ("closed", MICRO)


def at_once(bench: Bench, order: Order) -> None:
    """Nobody has looked yet."""


def four_minutes(bench: Bench, order: Order) -> None:
    in_vain(bench, 4)


def an_outage(bench: Bench, order: Order) -> None:
    in_vain(bench, 4)
    bench.take(AccountUnavailable("sim", "no answer", bench.now))
    in_vain(bench.later(MINUTE), 4)


def a_fill_that_came(bench: Bench, order: Order) -> None:
    in_vain(bench, 4)
    bench.fill(order, MICRO)
    in_vain(bench, 4)


def a_restart(bench: Bench, order: Order) -> None:
    in_vain(bench)
    bench.restart()
    read_books(bench)


def one_just_now(bench: Bench, order: Order) -> None:
    in_vain(bench)
    bench.fill(order, MICRO)


def no_reading_since(bench: Bench, order: Order) -> None:
    in_vain(bench, 9)
    bench.take(AccountUnavailable("sim", "no answer", bench.now))


@pytest.mark.parametrize(
    "before", [at_once, four_minutes, an_outage, a_fill_that_came, a_restart, one_just_now, no_reading_since]
)
@pytest.mark.parametrize("filled", [None, TEN])
def test_while_evidence_may_still_come_nobody_says_how_an_order_ended(
    before: Callable[[Bench, Order], None], filled: int | None
) -> None:
    bench = Bench()
    order = ended(bench)
    before(bench, order)
    was = bench.order(order).filled
    told = resolve(bench, order, filled)
    assert kinds(told) == ["ActRefused"]
    assert "evidence may still come" in told[0].why
    assert (bench.order(order).status, bench.order(order).filled) == ("closing", was)


@pytest.mark.parametrize(
    ("filled", "why"),
    [(0, "it was placed"), (3 * MICRO, "booked already"), (11 * MICRO, "cannot have been"), (-1, "booked already")],
)
def test_an_end_that_the_books_contradict_is_refused(filled: int, why: str) -> None:
    bench = Bench()
    order = ended(bench)
    in_vain(bench)
    assert why in resolve(bench, order, filled)[0].why
    assert bench.order(order).status == "closing"


def test_an_unknown_order_cannot_just_have_ended() -> None:
    bench = Bench()
    order = lost(bench)
    assert "never placed" in resolve(bench, order, None)[0].why
    assert bench.order(order).status == "unknown"


@pytest.mark.parametrize(("filled", "held"), [(None, 4 * MICRO), (9 * MICRO, 9 * MICRO)])
def test_an_order_that_filled_in_part_and_that_the_venue_never_named_is_ended_by_a_person(
    filled: int | None, held: int
) -> None:
    """Its cancel and the books need the venue's name of it, so without a word it would be in flight for ever."""
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.fill(order, 4 * MICRO)
    assert (bench.order(order).status, bench.order(order).venue_order_id) == ("working", "")
    assert "evidence may still come" in resolve(bench, order, filled)[0].why
    in_vain(bench)
    assert kinds(resolve(bench, order, filled))[0] == "OrderResolved"
    assert (bench.order(order).status, bench.order(order).open_qty) == ("closed", 0)
    assert bench.state.held(MARKET.id) == held
    bench.restart()
    resting = OpenOrder(order.order_id, "v-1", MARKET.id, "buy", order.price, 6 * MICRO, filled=4 * MICRO)
    holdings = (Holding(MARKET.id, held),)
    seen = AccountSeen(bench.state.cash, holdings, (order.order_id,), "sim", bench.now, bench.now, resting=(resting,))
    assert "DiscrepancyFound" in kinds(bench.take(seen)), "what rests there all the same is found"
