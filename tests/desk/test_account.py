"""Our money as the venue sees it: settlements, transfers, the comparison of books, and what the account is worth."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, buy, close, kinds, sell
from tests.model.support import HOSTILE, a_future, a_market

from assent.desk.desk import Desk
from assent.desk.state import Position
from assent.model.facts import (
    AccountMatched,
    AccountSnapshot,
    CashMoved,
    DiscrepancyFound,
    EquityMarked,
    Fact,
    HaltRaised,
    InputRejected,
    MarketSettled,
    StateMarked,
)
from assent.model.inputs import (
    AccountSeen,
    AccountUnavailable,
    CashSeen,
    Holding,
    NotSent,
    RejectionSeen,
    SettlementSeen,
    Unknown,
)
from assent.model.levels import Level
from assent.model.units import HOUR, MICRO, SECOND


def account(
    bench: Bench, cash: int, holdings: dict[str, int] | None = None, orders: tuple[str, ...] = ()
) -> AccountSeen:
    listed = tuple(Holding(name, qty) for name, qty in (holdings or {}).items())
    return AccountSeen(cash, listed, orders, "sim", bench.now, bench.now)


def short(bench: Bench) -> None:
    bench.propose(sell(qty_max=10 * MICRO, time_in_force="ioc"))
    order = bench.of(type(bench.facts[-1]))[-1].order
    bench.accept(order, filled=order.qty)
    bench.fill(order, fee=0)


# --- settlement ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "value", "long_paid", "short_paid"),
    [("yes", MICRO, 10 * MICRO, 0), ("no", 0, 0, 10 * MICRO), ("scalar", 330_000, 3_300_000, 6_700_000)],
)
def test_a_settlement_pays_each_side_its_part_of_a_dollar(
    result: Any, value: int, long_paid: int, short_paid: int
) -> None:
    long = Bench()
    long.hold(qty_max=10 * MICRO)
    other = Bench()
    short(other)
    for bench, paid in ((long, long_paid), (other, short_paid)):
        cash = bench.state.cash
        told = bench.settle(result, value)
        assert [fact.payout for fact in told if isinstance(fact, MarketSettled)] == [paid]
        assert bench.state.cash == cash + paid
        assert bench.state.held(MARKET.id) == 0
        assert bench.state.accounts["positions"] == 0


def test_a_settlement_told_again_is_nothing_new() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    assert kinds(bench.settle("yes")) == ["MarketSettled"]
    assert bench.settle("yes") == []
    bench.restart()
    assert bench.settle("yes") == []


def test_a_settlement_that_contradicts_the_one_we_booked_never_passes_in_silence() -> None:
    """A result can be reversed at the venue; our books would be wrong by the whole payout."""
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.settle("yes")
    assert bench.settle("no")


def test_a_market_we_never_touched_settles_without_a_word() -> None:
    bench = Bench()
    assert bench.settle("yes") == []
    assert bench.settle("yes", name="KXNEVER") == []


@pytest.mark.parametrize(
    ("result", "value"),
    [("yes", 0), ("yes", MICRO - 1), ("no", MICRO), ("no", 1), ("scalar", -1), ("scalar", MICRO + 1)],
)
def test_a_settlement_that_cannot_be_true_is_kept_out(result: Any, value: int) -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    assert kinds(bench.settle(result, value)) == ["InputRejected"]
    assert bench.state.held(MARKET.id) == MICRO


@pytest.mark.parametrize(
    "value", [thing for thing in HOSTILE if type(thing) is not int], ids=lambda v: type(v).__name__
)
def test_a_settlement_worth_something_that_is_no_whole_number_is_kept_out(value: Any) -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    told = bench.take(SettlementSeen(MARKET.id, "scalar", value, bench.now, bench.now))
    assert kinds(told) == ["InputRejected"]
    assert bench.state.held(MARKET.id) == MICRO


# --- the comparison of books ------------------------------------------------------------------------------


def test_the_first_look_at_the_venue_brings_the_opening_balance() -> None:
    bench = Bench(cash=0, matched=False)
    told = bench.take(account(bench, 250 * MICRO))
    assert kinds(told) == ["CashMoved", "AccountMatched"]
    assert bench.state.cash == 250 * MICRO


def test_an_empty_account_has_no_opening_balance() -> None:
    bench = Bench(cash=0, matched=False)
    assert kinds(bench.take(account(bench, 0))) == ["AccountMatched"]


def test_an_opening_balance_is_taken_once() -> None:
    bench = Bench()
    told = bench.take(account(bench, bench.state.cash + 1))
    assert "CashMoved" not in kinds(told)
    assert "discrepancy" in bench.state.halts


@pytest.mark.parametrize("difference", [1, -1])
def test_one_micro_is_a_discrepancy(difference: int) -> None:
    bench = Bench()
    told = bench.take(account(bench, bench.state.cash + difference))
    assert [(f.what, f.ours - f.theirs) for f in told if isinstance(f, DiscrepancyFound)] == [("cash", -difference)]
    assert bench.state.level == Level.HALTED


def test_the_same_difference_is_recorded_once_and_another_one_again() -> None:
    bench = Bench()
    assert kinds(bench.take(account(bench, 5))) == ["DiscrepancyFound", "HaltRaised"]
    assert bench.take(account(bench, 5)) == []
    assert kinds(bench.take(account(bench, 6))) == ["DiscrepancyFound"]
    bench.match()
    assert kinds(bench.take(account(bench, 6))) == ["DiscrepancyFound"]
    assert bench.state.unmatched == 1


@pytest.mark.parametrize(
    ("theirs", "what"),
    [({}, 1), ({MARKET.id: MICRO - 1}, 1), ({MARKET.id: MICRO, "KXELSEWHERE": 5}, 1), ({"KXELSEWHERE": 5}, 2)],
)
def test_a_position_that_one_book_does_not_have_is_a_discrepancy(theirs: dict[str, int], what: int) -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    told = bench.take(account(bench, bench.state.cash, theirs))
    assert len([fact for fact in told if isinstance(fact, DiscrepancyFound)]) == what
    assert bench.state.unmatched == what
    assert bench.state.level == Level.HALTED


def test_an_empty_holding_is_none_and_the_order_of_holdings_means_nothing() -> None:
    second = a_market("KXTEST-26JAN05-B49.5")
    bench = Bench(markets=(MARKET, second))
    bench.hold(qty_max=MICRO)
    bench.hold(qty_max=2 * MICRO, instrument=second.id)
    books = {second.id: 2 * MICRO, "KXFLAT": 0, MARKET.id: MICRO}
    told = bench.take(account(bench, bench.state.cash, books))
    assert not bench.of(DiscrepancyFound)
    assert kinds(told) == ["AccountMatched"]


def test_an_order_that_only_one_side_knows_is_a_discrepancy() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    assert "DiscrepancyFound" not in kinds(bench.take(account(bench, bench.state.cash, {}, (order.order_id,))))
    assert "DiscrepancyFound" in kinds(bench.take(account(bench, bench.state.cash)))
    other = Bench()
    assert "DiscrepancyFound" in kinds(other.take(account(other, other.state.cash, {}, ("not-ours",))))


def test_an_order_that_was_accepted_after_we_had_given_it_up_is_seen_in_the_books() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.answer(order, NotSent("not_connected"))
    bench.accept(order)
    assert order.order_id in bench.state.orders, "its worst case counts while it may rest"
    assert bench.state.level > Level.TRADING
    assert kinds(bench.take(account(bench, bench.state.cash, {}, (order.order_id,)))) == ["AccountMatched"]
    assert "DiscrepancyFound" in kinds(bench.take(account(bench, bench.state.cash, {})))


def test_while_an_order_is_on_its_way_the_books_are_not_judged() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    assert bench.take(account(bench, 0)) == []
    bench.answer(order, Unknown("no answer in time"))
    assert bench.take(account(bench, 0)) == []
    bench.closed(order, MICRO)
    assert bench.take(account(bench, 0)) == []
    bench.fill(order, MICRO)
    assert "DiscrepancyFound" in kinds(bench.take(account(bench, 0)))


def test_an_order_in_flight_excuses_the_books_for_five_minutes_and_no_longer() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("no answer in time"))
    for _ in range(2):
        assert bench.take(account(bench, 0)) == []
        bench.later(150 * SECOND)
    assert bench.take(account(bench, 0)) == []
    told = bench.later(SECOND).take(account(bench, 0))
    assert kinds(told) == ["HaltRaised"]
    assert "books_overdue" in bench.state.halts
    bench.closed(order, 0)
    bench.match()
    bench.later(60 * SECOND).cycle()
    assert "books_overdue" not in bench.state.halts


def test_an_order_that_filled_before_its_answer_came_is_still_on_its_way() -> None:
    """Executed in part and taken off the book by the venue while our answer travels: two honest books differ."""
    bench = Bench()
    order = bench.release(qty_max=MICRO, time_in_force="ioc")
    bench.fill(order, 100_000)
    assert bench.take(account(bench, bench.state.cash, {MARKET.id: 100_000})) == []
    bench.accept(order, filled=100_000, remaining=0)
    bench.take(account(bench, bench.state.cash, {MARKET.id: 100_000}))
    assert not bench.of(DiscrepancyFound)


def test_what_the_venue_calls_things_is_inert_in_our_facts() -> None:
    bench = Bench()
    nasty = "\x1b[2J" + "x" * 500 + "\n"
    told = bench.take(AccountSeen(bench.state.cash, (Holding(nasty, 1),), (nasty,), nasty, bench.now, bench.now))
    for fact in told:
        for text in (getattr(fact, name) for name in fact.__struct_fields__):
            assert not isinstance(text, str) or (text.isprintable() and text.isascii() and len(text) < 400)


def test_a_match_is_recorded_when_it_says_something_new_and_once_an_hour() -> None:
    bench = Bench()
    assert bench.match() == []
    bench.take(CashSeen(MICRO, "deposit", bench.now))
    assert kinds(bench.match()) == ["AccountMatched"]
    bench.later(HOUR - 1)
    assert bench.match() == []
    bench.later(1)
    assert kinds(bench.match()) == ["AccountMatched"]
    matched = bench.of(AccountMatched)[-1]
    assert (matched.cash, matched.positions, matched.open_orders) == (bench.state.cash, (), 0)


# --- books that cannot be read ----------------------------------------------------------------------------


def silence(bench: Bench, detail: str = "no answer in time") -> list[Fact]:
    return bench.take(AccountUnavailable("sim", detail, bench.now))


def test_when_the_books_cannot_be_read_what_was_last_known_stands_with_its_age_and_nothing_opens() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.match()
    bench.later(90 * SECOND)
    told = silence(bench)
    assert kinds(told) == ["AccountSnapshot", "HaltRaised"]
    (snapshot,) = bench.of(AccountSnapshot)
    assert (snapshot.cash, snapshot.positions) == (bench.state.cash, (Holding(MARKET.id, MICRO),))
    assert (snapshot.open_orders, snapshot.age, snapshot.source) == (0, 90 * SECOND, "sim")
    bench.quote()
    assert "OrderReleased" not in kinds(bench.propose(buy()))
    assert "OrderReleased" in kinds(bench.propose(close())), "leaving is still possible"


def test_the_age_is_counted_from_the_last_look_and_not_from_the_last_record() -> None:
    bench = Bench()
    bench.later(10 * SECOND)
    assert bench.match() == []
    silence(bench.later(SECOND))
    assert [fact.age for fact in bench.of(AccountSnapshot)] == [SECOND]


def test_a_long_silence_is_one_halt_and_one_record_an_hour_and_ends_with_the_next_look() -> None:
    bench = Bench()
    for _ in range(4 * 60):
        silence(bench.later(60 * SECOND))
        bench.cycle()
        assert bench.state.level == Level.REDUCING
    assert [fact.age for fact in bench.of(AccountSnapshot)] == [60 * SECOND + hour * HOUR for hour in range(4)]
    assert [fact.cause for fact in bench.of(HaltRaised)] == ["account_unavailable"]
    bench.match()
    bench.later(59 * SECOND).cycle()
    assert bench.state.level == Level.REDUCING
    bench.later(SECOND).cycle()
    assert bench.state.level == Level.TRADING
    bench.quote()
    assert "OrderReleased" in kinds(bench.propose(buy()))


def test_between_two_looks_that_fail_the_halt_does_not_clear_by_itself() -> None:
    bench = Bench()
    silence(bench)
    for _ in range(60):
        bench.later(10 * SECOND).cycle()
    assert "account_unavailable" in bench.state.halts
    assert len(bench.of(HaltRaised)) == 1


def test_books_that_stay_uncompared_hold_their_halt_between_two_looks() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("no answer in time"))
    bench.take(account(bench, 0))
    bench.later(301 * SECOND).take(account(bench, 0))
    for _ in range(12):
        bench.later(10 * SECOND).cycle()
    assert [fact.cause for fact in bench.of(HaltRaised)].count("books_overdue") == 1
    assert "books_overdue" in bench.state.halts


def test_resting_entries_are_taken_off_when_nobody_can_say_what_we_hold() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    assert "CancelReleased" in kinds(silence(bench))


def test_a_desk_that_never_saw_its_account_has_no_snapshot_to_show_and_opens_nothing() -> None:
    bench = Bench(matched=False)
    assert kinds(silence(bench, "\x1b[31m")) == ["HaltRaised"]
    assert bench.of(HaltRaised)[0].detail.isprintable()
    assert "OrderReleased" not in kinds(bench.propose(buy()))


def test_after_a_restart_the_last_known_account_is_still_known() -> None:
    bench = Bench()
    bench.restart()
    silence(bench.later(30 * SECOND))
    assert [(fact.cash, fact.age) for fact in bench.of(AccountSnapshot)] == [(bench.state.cash, 30 * SECOND)]


# --- transfers, marks ----------------------------------------------------------------------------------


def test_a_transfer_with_a_name_is_booked_once_however_often_it_is_told() -> None:
    bench = Bench(cash=0)
    for transfer_id, amount in (("X1", 50 * MICRO), ("X1", 50 * MICRO), ("X2", -20 * MICRO), ("X1", 50 * MICRO)):
        bench.take(CashSeen(amount, "the owner", bench.now, transfer_id))
    assert bench.state.cash == 30 * MICRO
    assert [fact.transfer_id for fact in bench.of(CashMoved)] == ["X1", "X2"]
    again = Desk()
    again.restore(bench.records)
    assert again.handle(bench.now, CashSeen(50 * MICRO, "the owner", bench.now, "X1")) == []
    assert again.state.digest() == bench.state.digest()


def test_two_transfers_whose_long_names_begin_alike_are_two() -> None:
    bench = Bench(cash=0)
    for name in ("x" * 200 + "1", "x" * 200 + "2", "x" * 200 + "1"):
        bench.take(CashSeen(MICRO, "deposit", bench.now, name))
    assert bench.state.cash == 2 * MICRO


def test_the_owners_money_comes_and_goes_by_record() -> None:
    bench = Bench(cash=0)
    bench.take(CashSeen(50 * MICRO, "deposit\x1b[31m", bench.now))
    bench.take(CashSeen(-20 * MICRO, "withdrawal", bench.now))
    assert bench.state.cash == 30 * MICRO
    assert bench.state.accounts["deposits"] == -30 * MICRO
    assert all(fact.reference.isprintable() for fact in bench.of(CashMoved))


def test_equity_is_cash_and_what_positions_would_bring_now() -> None:
    bench = Bench()
    start = bench.state.cash
    bench.hold(qty_max=10 * MICRO)
    fees = bench.state.accounts["fees"]
    bench.later(SECOND).quote(bid=450_000, ask=470_000)
    bench.cycle()
    assert bench.of(EquityMarked)[-1].equity == start - 500_000 - fees
    assert bench.of(EquityMarked)[-1].exposure == 5 * MICRO
    assert bench.later(SECOND).cycle() == []


def test_a_short_position_is_worth_what_buying_it_back_leaves() -> None:
    bench = Bench()
    start = bench.state.cash
    short(bench)
    bench.later(SECOND).quote(bid=480_000, ask=500_000)
    bench.cycle()
    assert bench.of(EquityMarked)[-1].equity == start - 100_000


def test_without_a_bid_the_last_mark_stands_and_entries_wait() -> None:
    bench = Bench()
    bench.hold(qty_max=10 * MICRO)
    bench.later(SECOND).quote(bid=300_000, ask=310_000)
    bench.cycle()
    marked = bench.state.equity
    bench.later(SECOND).quote(bid=None, ask=310_000)
    bench.cycle()
    assert bench.state.equity == marked
    assert bench.state.level == Level.REDUCING
    assert "OrderReleased" not in kinds(bench.propose(buy()))


def test_the_last_mark_stands_after_a_restart_too() -> None:
    """Valued at cost until its first quote, a position that has lost would look whole again, and a loss undone."""
    bench = Bench()
    bench.hold(qty_max=10 * MICRO)
    bench.later(SECOND).quote(bid=300_000, ask=310_000)
    bench.cycle()
    marked = bench.state.equity
    bench.restart()
    bench.later(SECOND).cycle()
    assert bench.state.equity == marked
    assert bench.state.level == Level.REDUCING


def test_a_mark_goes_with_its_position() -> None:
    bench = Bench()
    bench.hold(qty_max=10 * MICRO)
    bench.later(SECOND).cycle()
    assert list(bench.state.marks) == [MARKET.id]
    bench.settle("yes")
    bench.later(SECOND).cycle()
    assert not bench.state.marks


def test_a_future_that_nobody_quotes_is_not_worth_its_notional() -> None:
    """Nothing was paid for it: without a quote its cost is no money of ours."""
    future = a_future()
    for phase in ("open", "closed"):
        bench = Bench(markets=())
        bench.show(future, phase=phase)
        bench.state.instruments[future.id] = future
        bench.state.positions[future.id] = Position(qty=MICRO, cost=25_000 * MICRO)
        bench.later(SECOND).cycle()
        assert bench.state.equity is not None
        assert bench.state.equity <= bench.state.cash


# --- what is kept out -------------------------------------------------------------------------------------


def test_a_rejection_is_recorded_at_its_first_second_fourth_eighth_time() -> None:
    bench = Bench()
    for _ in range(100):
        bench.take(RejectionSeen("market_data_crossed", "sim", MARKET.id, bench.now))
    assert [fact.count for fact in bench.of(InputRejected)] == [1, 2, 4, 8, 16, 32, 64]


def test_rejections_are_counted_on_after_a_restart_from_the_last_record() -> None:
    bench = Bench()
    for _ in range(5):
        bench.take(RejectionSeen("market_data_crossed", "sim", MARKET.id, bench.now))
    bench.restart()
    for _ in range(4):
        bench.take(RejectionSeen("market_data_crossed", "sim", MARKET.id, bench.now))
    assert [fact.count for fact in bench.of(InputRejected)] == [1, 2, 4, 8]


def test_what_was_rejected_is_shown_inert() -> None:
    bench = Bench()
    bench.take(RejectionSeen("market_data_crossed", "\x1b[31m", "\ud800" + "x" * 10_000, bench.now))
    fact = bench.of(InputRejected)[0]
    assert fact.source.isprintable()
    assert fact.detail.isascii()
    assert len(fact.detail) <= 120


def test_the_state_is_marked_at_every_thousandth_record() -> None:
    bench = Bench()
    while bench.state.seq < 3_100:
        bench.take(CashSeen(1, "drip", bench.now))
    marks = bench.of(StateMarked)
    assert [mark.seq for mark in marks] == [1_000, 2_000, 3_000]
    assert [bench.facts.index(mark) for mark in marks] == [1_000, 2_000, 3_000]
    assert len({mark.digest for mark in marks}) == 3
