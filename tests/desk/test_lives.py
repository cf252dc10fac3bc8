"""The awkward lives of markets: settled under an order, scalar, amended, paused, on a new grid; and their orders."""

from typing import Any

import pytest
from msgspec import structs
from tests.desk.support import MARKET, Bench, kinds, sell
from tests.model.support import T0, a_market

from assent.desk.state import order_reserve
from assent.model import facts
from assent.model.grids import Band, PriceGrid
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountSeen,
    CorrectionSeen,
    FillSeen,
    Holding,
    InstrumentSeen,
    NotSent,
    PhaseSeen,
    Refused,
    SettlementSeen,
    Unknown,
)
from assent.model.levels import Level
from assent.model.orders import Correction, Order
from assent.model.units import DAY, MICRO, MINUTE, SECOND

FIVE, TEN = 5 * MICRO, 10 * MICRO
HALVES = PriceGrid((Band(50_000, 950_000, 50_000),))


def working(bench: Bench, **terms: Any) -> Order:
    order = bench.release(qty_max=TEN, **terms)
    bench.accept(order)
    return order


def settled_at(bench: Bench, value: int, ts: int) -> list[facts.Fact]:
    result: Any = {MICRO: "yes", 0: "no"}.get(value, "scalar")
    return bench.take(SettlementSeen(MARKET.id, result, value, ts, bench.now))


# --- a market settles under an order -------------------------------------------------------------------


def test_a_working_order_ends_with_its_market_and_waits_only_for_the_venues_count() -> None:
    bench = Bench()
    order = working(bench)
    bench.settle("no")
    assert bench.order(order).status == "closing"
    assert bench.order(order).open_qty == TEN
    assert bench.ask_cancel() == []
    bench.halt()
    assert not bench.of(facts.CancelReleased)
    bench.closed(order, 0, "close_cancel")
    assert bench.order(order).status == "closed"
    assert order.order_id not in bench.state.orders


def test_a_fill_from_before_the_end_is_booked_and_paid_out_without_an_alarm() -> None:
    bench = Bench()
    order = working(bench)
    bench.settle("yes")
    cash = bench.state.cash
    assert kinds(bench.fill(order, FIVE)) == ["FillBooked", "MarketSettled"]
    bench.closed(order, FIVE, "close_cancel")
    assert bench.state.cash == cash - FIVE // 2 - 87_500 + FIVE
    assert (bench.order(order).status, bench.state.level) == ("closed", Level.TRADING)


def test_a_fill_after_the_venues_last_count_is_booked_paid_out_and_an_alarm() -> None:
    bench = Bench()
    order = working(bench)
    bench.settle("yes")
    bench.closed(order, 0)
    told = bench.fill(order, FIVE)
    assert kinds(told) == ["FillBooked", "OrderQuarantined", "HaltRaised", "MarketSettled"]
    assert bench.state.held(MARKET.id) == 0


@pytest.mark.parametrize("whole", [False, True])
def test_an_order_released_into_the_settlement_ends_at_its_answer(whole: bool) -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.settle("yes")
    assert bench.order(order).status == "released"
    bench.accept(order, remaining=0 if whole else TEN)
    assert bench.order(order).status == ("closed" if whole else "closing")


def test_what_was_not_sent_when_its_market_settled_is_not_sent_at_all() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    assert bench.permit(order, bench.now) is None
    bench.settle("yes")
    assert bench.permit(order, bench.now) == "market_settled"


@pytest.mark.parametrize(
    ("finding", "ends"),
    [(Absent("the journal"), "absent"), (Accepted("v", 0, 0), "closed"), (Accepted("v", 0, TEN), "closing")],
)
def test_an_unknown_order_stays_unknown_through_the_settlement_until_evidence(finding: Any, ends: str) -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.answer(order, Unknown("no answer"))
    bench.settle("no")
    assert bench.order(order).status == "unknown"
    assert order_reserve(bench.order(order)) > FIVE
    bench.evidence(order, finding)
    assert bench.order(order).status == ends


@pytest.mark.parametrize(
    ("answer", "status"),
    [(Accepted("v", 0, 0), "closed"), (Refused("not_found", ""), "closing"), (Unknown(""), "closing")],
)
def test_a_cancel_that_was_on_its_way_when_the_market_settled_is_answered_late(answer: Any, status: str) -> None:
    bench = Bench()
    order = working(bench)
    bench.ask_cancel()
    bench.settle("no")
    bench.cancel_answered(order, answer)
    assert bench.order(order).status == status
    bench.later(DAY).cycle()
    assert len(bench.of(facts.CancelReleased)) == 1


def test_an_order_that_ends_with_its_market_ends_the_same_way_after_a_restart() -> None:
    bench = Bench()
    order = working(bench)
    bench.settle("no")
    bench.restart()
    assert bench.order(order).status == "closing"
    assert kinds(bench.fill(order, FIVE)) == ["FillBooked", "MarketSettled"]


def test_cancelling_or_settling_never_changes_what_was_filled() -> None:
    bench = Bench()
    order = working(bench)
    bench.fill(order, FIVE)
    for happens in (bench.ask_cancel, lambda: bench.settle("no"), lambda: bench.closed(order, FIVE)):
        happens()
        assert bench.order(order).filled == FIVE


# --- outcomes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_scalar_outcome_pays_its_part_down_to_the_venues_step_and_the_rest_is_a_fee(side: Any) -> None:
    bench = Bench()
    price = 500_000 if side == "buy" else 490_000
    order = bench.release(side=side, price=price, fair=600_000 if side == "buy" else 390_000, qty_max=10_000)
    bench.accept(order)
    bench.fill(order, fee=0)
    cash, fees_before = bench.state.cash, bench.state.accounts["fees"]
    bench.settle("scalar", 333_300)
    exact = 3_333 if side == "buy" else 6_667
    assert bench.state.cash == cash + exact // 100 * 100
    assert bench.state.accounts["fees"] == fees_before + exact % 100


def test_fills_told_in_pieces_around_a_scalar_settlement_are_paid_as_the_whole() -> None:
    """The venue rounds its payout of the whole position once; two roundings of ours would be a discrepancy."""
    ends = []
    for late in (0, 1, 3):
        bench = Bench()
        order = working(bench)
        pieces = [bench.a_fill(order, 10_000, fee=0) for _ in range(3)]
        for fill in pieces[late:]:
            bench.take(FillSeen(fill, bench.now))
        bench.settle("scalar", 333_300)
        for fill in pieces[:late]:
            bench.take(FillSeen(fill, bench.now))
        ends.append((bench.state.cash, bench.state.accounts["fees"]))
    assert len(set(ends)) == 1


@pytest.mark.parametrize(
    ("first", "then"), [(MICRO, 0), (0, MICRO), (MICRO, 333_300), (333_300, 0), (333_300, 700_100)]
)
def test_an_outcome_that_the_venue_amends_is_compensated_to_what_it_would_have_paid(first: int, then: int) -> None:
    bench, plain = Bench(), Bench()
    for each in (bench, plain):
        each.hold(qty_max=TEN)
    settled_at(plain, then, T0)
    settled_at(bench, first, T0)
    told = settled_at(bench, then, T0 + MINUTE)
    assert kinds(told) == ["SettlementCorrected", "HaltRaised"]
    assert bench.state.accounts == plain.state.accounts
    assert (
        bench.state.cash - sum(f.payout for f in told if isinstance(f, facts.SettlementCorrected)) != plain.state.cash
    )
    assert bench.state.halts.keys() == {"settlement_changed"}
    assert bench.state.level == Level.REDUCING


def test_the_older_word_told_again_does_not_bring_the_old_outcome_back() -> None:
    bench = Bench()
    bench.hold(qty_max=TEN)
    settled_at(bench, MICRO, T0)
    settled_at(bench, 0, T0 + MINUTE)
    for value, ts in ((MICRO, T0), (0, T0 + MINUTE), (0, T0 + DAY)):
        assert settled_at(bench, value, ts) == []
    bench.restart()
    assert settled_at(bench, MICRO, T0) == []


def test_two_words_of_the_same_time_are_a_contradiction_that_no_book_settles() -> None:
    bench = Bench()
    bench.hold(qty_max=TEN)
    settled_at(bench, MICRO, T0)
    cash = bench.state.cash
    assert kinds(settled_at(bench, 0, T0)) == ["DiscrepancyFound", "HaltRaised"]
    assert bench.state.cash == cash


def test_late_fills_and_corrections_after_an_amended_outcome_are_paid_by_the_last_word() -> None:
    bench, plain = Bench(), Bench()
    for each in (bench, plain):
        order = working(each)
        early, late = each.a_fill(order, FIVE), each.a_fill(order, FIVE)
        each.take(FillSeen(early, each.now))
        if each is plain:
            each.take(FillSeen(late, each.now))
            each.correct(early, qty=2 * MICRO)
            settled_at(each, 250_000, T0)
            continue
        settled_at(each, MICRO, T0)
        settled_at(each, 250_000, T0 + 1)
        each.take(FillSeen(late, each.now))
        each.correct(early, qty=2 * MICRO)
    assert bench.state.cash == plain.state.cash
    assert bench.state.accounts["fees"] == plain.state.accounts["fees"]
    assert bench.state.held(MARKET.id) == plain.state.held(MARKET.id) == 0


def test_an_amended_outcome_of_a_market_we_never_held_moves_nothing() -> None:
    bench = Bench()
    order = working(bench)
    bench.closed(order, 0)
    cash = bench.state.cash
    settled_at(bench, MICRO, T0)
    settled_at(bench, 0, T0 + 1)
    assert bench.state.cash == cash


# --- pauses, closes, grids -------------------------------------------------------------------------------


def test_while_a_market_is_paused_nothing_opens_and_cancelling_goes_on() -> None:
    bench = Bench()
    order = working(bench)
    bench.take(PhaseSeen(MARKET.id, "paused", bench.now, bench.now))
    refused = bench.propose(sell(qty_max=MICRO))
    assert [f.reason for f in refused if isinstance(f, facts.IntentRefused)] == ["market_open"]
    assert [f.order_id for f in bench.ask_cancel()] == [order.order_id]


def test_a_market_that_closes_earlier_than_listed_takes_no_entry_after_that() -> None:
    bench = Bench()
    bench.take(InstrumentSeen(structs.replace(MARKET, close_ts=T0 + MINUTE), bench.now))
    bench.later(MINUTE).quote()
    refused = bench.propose(sell(qty_max=MICRO))
    assert [f.reason for f in refused if isinstance(f, facts.IntentRefused)] == ["market_open"]


def test_an_order_off_the_new_grid_is_cancelled_and_one_on_it_stays() -> None:
    bench = Bench()
    order = working(bench, price=490_000, fair=600_000)
    told = bench.take(InstrumentSeen(structs.replace(MARKET, prices=HALVES), bench.now))
    assert kinds(told) == ["InstrumentListed", "CancelReleased"]
    bench.cancel_answered(order, NotSent("not_connected"))
    assert kinds(bench.cycle())[:1] == ["CancelReleased"]
    stays = Bench()
    working(stays, price=450_000, fair=600_000)
    assert kinds(stays.take(InstrumentSeen(structs.replace(MARKET, prices=HALVES), stays.now))) == ["InstrumentListed"]
    assert "CancelReleased" not in kinds(stays.cycle())


def test_an_order_that_was_still_being_sent_when_the_grid_changed_is_cancelled_at_the_next_cycle() -> None:
    bench = Bench()
    order = bench.release(price=490_000, qty_max=TEN)
    bench.take(InstrumentSeen(structs.replace(MARKET, prices=HALVES), bench.now))
    assert not bench.of(facts.CancelReleased)
    bench.accept(order)
    bench.cycle()
    assert [f.order_id for f in bench.of(facts.CancelReleased)] == [order.order_id]


# --- a cancel that must wait -----------------------------------------------------------------------------


@pytest.mark.parametrize("becomes", ["accepted", "filled in part", "unknown", "restarted"])
def test_a_cancel_asked_while_the_order_is_being_sent_is_kept_until_it_may_be_live(becomes: str) -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    assert bench.ask_cancel() == []
    assert [(f.order_id, f.by) for f in bench.of(facts.CancelKept)] == [(order.order_id, "ann")]
    bench.ask_cancel()
    assert len(bench.of(facts.CancelKept)) == 1
    {
        "accepted": lambda: bench.accept(order),
        "filled in part": lambda: bench.fill(order, FIVE),
        "unknown": lambda: bench.answer(order, Unknown("no answer")),
        "restarted": bench.restart,
    }[becomes]()
    assert [(f.order_id, f.by) for f in bench.of(facts.CancelReleased)] == [(order.order_id, "ann")]


@pytest.mark.parametrize("end", [Refused("no", ""), NotSent("halted"), Accepted("v", TEN, 0)])
def test_a_kept_cancel_ends_with_an_order_that_never_rests(end: Any) -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.ask_cancel()
    bench.answer(order, end)
    bench.later(DAY).cycle()
    assert not bench.of(facts.CancelReleased)


def test_a_kept_cancel_ends_with_an_order_that_is_filled_beyond_its_size() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.ask_cancel()
    assert "OrderQuarantined" in kinds(bench.fill(order, TEN + MICRO))
    assert not bench.of(facts.CancelReleased)


def test_an_order_whose_cancel_is_kept_is_not_sent_if_it_has_not_left_yet() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.ask_cancel()
    assert bench.permit(order, bench.now) == "cancelled"
    bench.restart()
    assert bench.permit(order, bench.now) == "already_answered"


def test_a_cancel_of_an_unknown_order_that_arrives_after_it_is_asked_again() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.answer(order, Unknown("no answer"))
    assert len(bench.ask_cancel()) == 1
    bench.cancel_answered(order, Refused("not_found", ""))
    bench.evidence(order, Accepted("v", 0, TEN))
    bench.restart()
    assert [(f.order_id, f.by) for f in bench.later(MINUTE).cycle() if isinstance(f, facts.CancelReleased)] == [
        (order.order_id, "ann")
    ]


def test_a_kept_cancel_that_the_venue_refuses_is_asked_again_a_minute_later() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.ask_cancel()
    bench.accept(order)
    bench.cancel_answered(order, Refused("trading_is_paused", ""))
    assert "CancelReleased" not in kinds(bench.later(SECOND).cycle())
    assert "CancelReleased" in kinds(bench.later(MINUTE).cycle())


# --- corrections -----------------------------------------------------------------------------------------


def test_a_correction_of_a_correction_leaves_what_the_last_one_says() -> None:
    bench, plain = Bench(), Bench()
    order, same = working(bench), working(plain)
    fill = bench.a_fill(order, FIVE)
    bench.take(FillSeen(fill, bench.now))
    for number, qty in enumerate((0, 3 * MICRO, 0, 2 * MICRO), start=1):
        bench.correct(fill, qty=qty, fee=7, price=480_000, venue_ts=fill.venue_ts + number)
    plain.fill(same, 2 * MICRO, price=480_000, fee=7)
    assert bench.state.accounts == plain.state.accounts
    assert bench.state.positions == plain.state.positions


def test_a_newer_word_that_says_the_same_keeps_an_older_one_out() -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, FIVE)
    bench.take(FillSeen(fill, bench.now))
    for age, qty in ((1, FIVE), (3, FIVE), (2, 0)):
        bench.correct(fill, qty=qty, fee=7, price=480_000, venue_ts=fill.venue_ts + age)
    assert bench.state.held(MARKET.id) == FIVE


def test_a_fill_taken_back_between_others_leaves_no_gain_that_nobody_made() -> None:
    bench = Bench()
    order = working(bench)
    first = bench.a_fill(order, FIVE, price=480_000, fee=0)
    bench.take(FillSeen(first, bench.now))
    bench.fill(order, 2 * MICRO, price=500_000, fee=0)
    bench.correct(first, qty=0, fee=0)
    assert bench.state.accounts["realised"] == 0
    assert bench.state.positions[MARKET.id].cost == MICRO


def test_a_bust_while_fills_are_awaited_does_not_leave_the_order_waiting_for_ever() -> None:
    """The venue counts what was executed, busted or not: five in all, of which two were taken back."""
    for bust_first in (True, False):
        bench = Bench()
        order = working(bench)
        fill = bench.a_fill(order, 2 * MICRO)
        bench.take(FillSeen(fill, bench.now))
        if bust_first:
            bench.correct(fill, qty=0, fee=0)
        bench.closed(order, FIVE)
        if not bust_first:
            bench.correct(fill, qty=0, fee=0)
        assert (bench.order(order).status, bench.order(order).open_qty) == ("closing", 3 * MICRO)
        bench.fill(order, 3 * MICRO)
        assert (bench.order(order).status, bench.order(order).filled) == ("closed", 3 * MICRO)
        assert bench.state.level == Level.TRADING


def test_a_correction_lost_in_memory_at_a_crash_comes_again_with_the_venues_books() -> None:
    bench, plain = Bench(), Bench()
    for each in (bench, plain):
        order = working(each)
        fill = each.a_fill(order, FIVE)
        each.correct(fill, qty=2 * MICRO)
        if each is bench:
            each.restart()
        each.take(FillSeen(fill, each.now))
        each.correct(fill, qty=2 * MICRO)
    assert bench.state.accounts == plain.state.accounts
    assert bench.state.held(MARKET.id) == 2 * MICRO


@pytest.mark.parametrize("wrong", [{"qty": -1}, {"price": 0}, {"price": -1}, {"fee": 10**30}, {"qty": 0, "price": -1}])
def test_a_correction_that_cannot_be_true_is_kept_out(wrong: dict[str, int]) -> None:
    bench = Bench()
    order = working(bench)
    fill = bench.a_fill(order, FIVE)
    bench.take(FillSeen(fill, bench.now))
    assert kinds(bench.correct(fill, **wrong)) == ["InputRejected"]
    assert bench.state.held(MARKET.id) == FIVE


def test_more_early_corrections_than_can_wait_are_somebody_elses() -> None:
    bench = Bench()
    for number in range(1_001):
        bench.take(CorrectionSeen(Correction(f"x-{number}", 0, 0, 0, bench.now), bench.now))
    assert bench.state.halts.keys() == {"foreign_fill"}
    assert len(bench.desk.early_corrections) == 1_000


# --- orders that the venue ends, and one that it has twice ------------------------------------------------


def test_an_order_that_the_venue_has_under_two_names_halts_for_a_person() -> None:
    bench = Bench()
    order = working(bench)
    assert bench.accept(order) == []
    told = bench.answer(order, Accepted("another-name", 0, TEN))
    assert kinds(told) == ["DiscrepancyFound", "HaltRaised", "CancelReleased"]
    assert bench.state.level == Level.HALTED
    assert bench.answer(order, Accepted("another-name", 0, TEN)) == []


@pytest.mark.parametrize("ours_first", [False, True])
def test_an_expiry_at_the_venue_and_ours_race_without_harm(ours_first: bool) -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN, life_ns=MINUTE)
    bench.accept(order)
    bench.fill(order, FIVE)
    bench.later(MINUTE)
    if ours_first:
        assert [f.why for f in bench.cycle() if isinstance(f, facts.CancelReleased)] == ["its life is over"]
    bench.closed(order, FIVE, "expiry_cancel")
    assert "CancelReleased" not in kinds(bench.cycle())
    assert bench.cancel_answered(order, Refused("not_found", "")) == []
    assert (bench.order(order).status, bench.order(order).filled) == ("closed", FIVE)
    assert bench.state.level == Level.TRADING


# --- what others do, and say -------------------------------------------------------------------------------


def test_foreign_fills_under_a_standing_halt_are_counted_and_recorded_in_bounds() -> None:
    bench = Bench()
    order = working(bench)
    for _ in range(100):
        bench.fill(order, MICRO, order_id="somebody-elses")
    counts = [f.count for f in bench.of(facts.InputRejected) if f.code == "foreign_fill"]
    assert counts == [1, 2, 4, 8, 16, 32, 64]
    assert len(bench.of(facts.HaltRaised)) == 1


HOSTILE = "v\x1b[31m\n" + "x" * 500


def test_no_text_of_the_venue_reaches_the_ledger_as_it_is() -> None:
    bench = Bench()
    order = bench.release(qty_max=TEN)
    bench.answer(order, Unknown(HOSTILE))
    bench.evidence(order, Accepted(HOSTILE, 0, TEN))
    bench.fill(order, MICRO, fill_id=HOSTILE)
    bench.fill(order, MICRO, fill_id=HOSTILE)
    bench.fill(order, MICRO, fill_id=HOSTILE + "another")
    bench.correct(bench.a_fill(order, MICRO, fill_id=HOSTILE), qty=0, fee=0)
    bench.ask_cancel()
    bench.cancel_answered(order, Refused(HOSTILE, HOSTILE))
    bench.ask_cancel()
    bench.cancel_answered(order, NotSent(HOSTILE))
    bench.closed(order, 2 * MICRO, HOSTILE)
    other = bench.release(qty_max=MICRO)
    bench.answer(other, Refused(HOSTILE, HOSTILE))
    third = bench.release(qty_max=MICRO)
    bench.answer(third, NotSent(HOSTILE))
    fourth = bench.release(qty_max=MICRO)
    bench.answer(fourth, Unknown(""))
    bench.evidence(fourth, Absent(HOSTILE))
    holdings = (*(Holding(name, p.qty) for name, p in bench.state.positions.items()), Holding(HOSTILE, 0))
    bench.take(AccountSeen(bench.state.cash, holdings, (), HOSTILE, bench.now, bench.now))
    bench.take(InstrumentSeen(structs.replace(MARKET, title=HOSTILE), bench.now))
    assert len(bench.of(facts.FillBooked)) == 2
    assert bench.state.held(MARKET.id) == MICRO
    for fact in bench.facts:
        for text in _texts(structs.asdict(fact)):
            assert text.isprintable(), fact
            assert len(text) <= 200, fact


def _texts(value: Any) -> list[str]:
    """Every text in a fact, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    if isinstance(value, tuple | list | frozenset):
        return [text for each in value for text in _texts(each)]
    return _texts(structs.asdict(value)) if hasattr(value, "__struct_fields__") else []


def test_a_title_in_another_alphabet_stays_as_it_is() -> None:
    bench = Bench(markets=(a_market(title="Höchsttemperatur über 30 °C"),))
    bench.release(qty_max=MICRO)
    assert bench.of(facts.InstrumentListed)[0].instrument.title == "Höchsttemperatur über 30 °C"
