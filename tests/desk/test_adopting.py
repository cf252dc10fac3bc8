"""When the two books differ: what is shown, what a named person's acceptance does, and what it never does."""

from typing import Any

import pytest
from msgspec import structs
from tests.desk.support import MARKET, Bench, buy, close, kinds, sell
from tests.model.examples import EXAMPLES
from tests.model.support import a_future, a_market
from tests.naive.books import Books

from assent.desk import adopting, exposure
from assent.desk.adoption import Plan
from assent.desk.state import ADJUSTMENTS, Position
from assent.desk.story import tell
from assent.ledger.streams import streams_of
from assent.model import facts
from assent.model.books import HeldCost, OpenOrder
from assent.model.exits import Exits
from assent.model.facts import CancelReleased, IntentRefused, OrderReleased
from assent.model.inputs import Accepted, AccountSeen, CancelAsked, FillSeen, Holding, InstrumentSeen, Unknown
from assent.model.levels import Level
from assent.model.orders import Fill
from assent.model.settling import ActRefused, AdoptionAsked, BooksAdopted, OrderAdopted
from assent.model.units import MICRO, SECOND

OTHER = a_market("KXTEST-26JAN05-B49.5")
UNSEEN = a_market("KXTEST-26JAN05-B99.5")


def venue(bench: Bench, **said: Any) -> None:
    """The venue's books: ours as they stand but for what is said otherwise."""
    state = bench.state
    held = {name: position.qty for name, position in state.positions.items()} | said.pop("held", {})
    resting = [name for name, order in state.orders.items() if order.status == "working"]
    orders: tuple[OpenOrder, ...] = said.pop("orders", ())
    values: dict[str, Any] = {
        "cash": state.cash, "holdings": tuple(Holding(name, qty) for name, qty in held.items()),
        "open_orders": (*resting, *(order.order_id for order in orders)), "source": "sim", "source_ts": bench.now,
        "received_ts": bench.now, "resting": orders,
    }  # fmt: skip
    bench.take(AccountSeen(**(values | said)))


def plan(bench: Bench) -> Plan:
    found = adopting.plan_of(bench.desk)
    assert isinstance(found, Plan), found
    return found


def accept(bench: Bench, digest: str | None = None, by: str = "ann", reason: str = "mine") -> list[Any]:
    wanted = plan(bench).digest if digest is None else digest
    return bench.take(AdoptionAsked(wanted, by, reason, bench.now))


def refusal(told: list[Any]) -> str:
    assert kinds(told) == ["ActRefused"]
    return str(told[0].why)


def foreign_fill(bench: Bench, number: int = 1, **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "fill_id": f"theirs-{number}", "order_id": "their-order", "instrument": MARKET.id, "side": "buy",
        "price": 500_000, "qty": MICRO, "fee": 20_000, "taker": True, "venue_ts": bench.now,
    } | changes  # fmt: skip
    return Fill(**values)


def go_on(bench: Bench) -> None:
    """The books are compared, a person resumes, and the desk trades again."""
    bench.match()
    assert set(kinds(bench.resume())) == {"HaltCleared"}
    assert bench.state.level == Level.TRADING
    assert "OrderReleased" in kinds(bench.propose(buy(instrument=OTHER.id, qty_max=MICRO)))


@pytest.fixture
def bench() -> Bench:
    return Bench(markets=(MARKET, OTHER))


# --- cash ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("difference", [-10_000, 10_000, -700 * MICRO])
def test_cash_becomes_the_venues_and_the_difference_stands_in_an_account_of_its_own(
    bench: Bench, difference: int
) -> None:
    before = dict(bench.state.accounts)
    venue(bench, cash=bench.state.cash + difference)
    told = accept(bench)
    assert kinds(told) == ["BooksAdopted"]
    fact = told[0]
    assert (fact.cash - fact.cash_before, fact.moved, fact.by, fact.reason) == (difference, difference, "ann", "mine")
    after = bench.state.accounts
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "cash": difference, ADJUSTMENTS: -difference,
    }  # fmt: skip
    bench.restart()


def test_after_an_acceptance_the_halt_still_stands_until_a_person_resumes_on_equal_books(bench: Bench) -> None:
    venue(bench, cash=5 * MICRO + bench.state.cash)
    accept(bench)
    assert bench.state.level == Level.HALTED
    assert kinds(bench.resume()) == ["ResumeRefused"]
    go_on(bench)


def test_a_cent_of_fee_is_accepted_each_day_and_the_adjustments_add_up(bench: Bench) -> None:
    for _ in range(5):
        bench.later(86_400 * SECOND)
        venue(bench, cash=bench.state.cash - 10_000)
        accept(bench, reason="their fee is a cent more than their report")
        bench.match()
        bench.resume()
    assert bench.state.accounts[ADJUSTMENTS] == 50_000
    assert bench.state.level == Level.TRADING


def test_money_that_came_is_no_gain_of_ours_and_money_that_went_counts_as_lost(bench: Bench) -> None:
    worth, base, peak = bench.state.equity, bench.state.worth.bases["day"].equity, bench.state.worth.peak
    venue(bench, cash=bench.state.cash + 30 * MICRO)
    accept(bench)
    bench.cycle()
    assert bench.state.equity == worth + 30 * MICRO
    assert bench.state.worth.bases["day"].equity == base + 30 * MICRO
    assert bench.state.worth.peak == peak + 30 * MICRO
    venue(bench, cash=bench.state.cash - 20 * MICRO)
    accept(bench)
    bench.cycle()
    assert bench.state.worth.bases["day"].equity == base + 30 * MICRO
    assert bench.state.equity == worth + 10 * MICRO


# --- what is accepted is what was shown ----------------------------------------------------------------


def test_a_list_that_changed_since_it_was_shown_is_refused(bench: Bench) -> None:
    venue(bench, cash=5)
    shown = plan(bench).digest
    venue(bench, cash=6)
    cash = bench.state.cash
    assert "not those that were shown" in refusal(accept(bench, shown))
    assert bench.state.cash == cash


def test_the_beginning_of_a_digest_names_the_list_if_it_is_long_enough(bench: Bench) -> None:
    venue(bench, cash=5)
    shown = plan(bench).digest
    assert "not those that were shown" in refusal(accept(bench, shown[:11]))
    assert "not those that were shown" in refusal(accept(bench, ""))
    assert kinds(accept(bench, shown[:12])) == ["BooksAdopted"]


def test_the_cost_that_the_venue_tells_is_a_part_of_what_is_named(bench: Bench) -> None:
    venue(bench, held={MARKET.id: MICRO}, costs=(HeldCost(MARKET.id, 500_000),))
    shown = plan(bench).digest
    venue(bench, held={MARKET.id: MICRO}, costs=(HeldCost(MARKET.id, 400_000),))
    assert "not those that were shown" in refusal(accept(bench, shown))


@pytest.mark.parametrize(("by", "reason"), [("", "mine"), ("ann", " ")])
def test_nobody_and_no_reason_accept_nothing(bench: Bench, by: str, reason: str) -> None:
    venue(bench, cash=5)
    assert "the name of a person and a reason" in refusal(accept(bench, by=by, reason=reason))


def test_equal_books_have_nothing_to_accept(bench: Bench) -> None:
    bench.match()
    assert "equal the venue's already" in refusal(accept(bench))


def test_books_that_were_never_read_or_have_moved_since_are_not_accepted(bench: Bench) -> None:
    fresh = Bench(matched=False)
    assert "have not been read" in refusal(fresh.take(AdoptionAsked("0" * 64, "ann", "mine", fresh.now)))
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    venue(bench, cash=bench.state.cash + 1)
    shown = plan(bench).digest
    bench.fill(order)
    assert "have moved since" in refusal(accept(bench, shown))


def test_while_an_orders_fate_is_unknown_the_books_cannot_be_compared_and_it_says_what_to_do(bench: Bench) -> None:
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("lost"))
    venue(bench, cash=1)
    assert "assent orders resolve" in refusal(accept(bench, "0" * 64))


# --- positions -----------------------------------------------------------------------------------------


def test_a_position_is_booked_at_the_venues_word_on_its_cost(bench: Bench) -> None:
    venue(bench, held={MARKET.id: 10 * MICRO}, costs=(HeldCost(MARKET.id, 4_200_000),))
    accept(bench)
    assert bench.state.positions[MARKET.id] == Position(10 * MICRO, 4_200_000)
    assert bench.state.accounts["positions"] == 4_200_000
    assert bench.state.accounts[ADJUSTMENTS] == -4_200_000
    assert exposure.total_exposure(bench.state) == 4_200_000


@pytest.mark.parametrize("told", [(), (HeldCost(MARKET.id, -1),), (HeldCost(MARKET.id, 10 * MICRO + 1),)])
@pytest.mark.parametrize("qty", [10 * MICRO, -10 * MICRO])
def test_without_a_cost_that_can_be_true_a_position_may_lose_a_dollar_a_contract(
    bench: Bench, qty: int, told: tuple[HeldCost, ...]
) -> None:
    venue(bench, held={MARKET.id: qty}, costs=told)
    accept(bench)
    assert bench.state.positions[MARKET.id] == Position(qty, 10 * MICRO)
    assert exposure.total_exposure(bench.state) == 10 * MICRO


@pytest.mark.parametrize(
    ("theirs", "cost"),
    [(4 * MICRO, 2_000_000), (15 * MICRO, 5_000_000 + 5 * MICRO), (-3 * MICRO, 3 * MICRO), (0, None)],
)
def test_what_stays_of_ours_keeps_its_share_and_what_we_never_bought_is_booked_at_its_worst(
    bench: Bench, theirs: int, cost: int | None
) -> None:
    bench.hold(qty_max=10 * MICRO)
    assert bench.state.positions[MARKET.id].cost == 5_000_000
    venue(bench, held={MARKET.id: theirs})
    accept(bench)
    found = bench.state.positions.get(MARKET.id)
    assert found == (None if cost is None else Position(theirs, cost))
    assert bench.state.accounts["positions"] == (cost or 0)
    bench.restart()


def test_a_position_that_is_taken_over_is_no_gain_and_no_loss_at_its_bid(bench: Bench) -> None:
    """Baselines go up by what it would bring now, so neither the day's loss nor the peak is moved by it."""
    bench.quote(bid=490_000, ask=500_000)
    before = bench.state.equity
    venue(bench, held={MARKET.id: 10 * MICRO})
    told = accept(bench)
    fact = next(fact for fact in told if isinstance(fact, BooksAdopted))
    assert (fact.moved, fact.positions[0].mark) == (4_900_000, 4_900_000)
    bench.cycle()
    assert bench.state.equity == before + 4_900_000
    assert bench.state.worth.bases["day"].equity == bench.state.equity


def test_it_is_in_the_first_record_that_names_it_that_its_market_is_listed(bench: Bench) -> None:
    venue(bench, held={MARKET.id: MICRO})
    assert kinds(accept(bench)) == ["InstrumentListed", "BooksAdopted"]


def test_a_market_that_nobody_has_described_cannot_be_taken_over_until_it_is(bench: Bench) -> None:
    venue(bench, held={UNSEEN.id: MICRO})
    assert "has described no market" in refusal(accept(bench))
    bench.take(InstrumentSeen(UNSEEN, bench.now))
    assert kinds(accept(bench)) == ["InstrumentListed", "BooksAdopted"]


def test_a_future_without_a_cost_has_no_worst_case_so_it_is_not_taken_over(bench: Bench) -> None:
    future = a_future()
    bench.take(InstrumentSeen(future, bench.now))
    venue(bench, held={future.id: MICRO})
    assert "its loss has no bound" in refusal(accept(bench))
    venue(bench, held={future.id: MICRO}, costs=(HeldCost(future.id, 25_000 * MICRO),))
    accept(bench)
    assert bench.state.accounts[ADJUSTMENTS] == 0
    assert exposure.total_exposure(bench.state) == 25_000 * MICRO


def test_a_position_that_was_taken_over_settles_and_every_account_adds_up(bench: Bench) -> None:
    venue(bench, held={MARKET.id: 10 * MICRO}, costs=(HeldCost(MARKET.id, 4_000_000),))
    accept(bench)
    cash = bench.state.cash
    bench.settle("yes")
    assert bench.state.cash == cash + 10 * MICRO
    assert bench.state.accounts["positions"] == 0
    assert bench.state.accounts["realised"] == -6_000_000


def test_exits_end_with_a_position_that_the_venue_does_not_have(bench: Bench) -> None:
    bench.hold(qty_max=10 * MICRO, exits=Exits(stop_price=400_000))
    assert MARKET.id in bench.state.guards
    venue(bench, held={MARKET.id: 0})
    accept(bench)
    assert bench.state.guards == {}
    assert bench.state.worth.trades == {}


def test_a_correction_of_a_fill_in_a_position_that_was_taken_over_moves_the_cash_and_the_quantity(bench: Bench) -> None:
    order = bench.release(qty_max=10 * MICRO)
    bench.accept(order, filled=order.qty)
    fill = bench.a_fill(order, fee=0)
    bench.take(FillSeen(fill, bench.now))
    venue(bench, held={MARKET.id: 4 * MICRO})
    accept(bench)
    cash = bench.state.cash
    bench.correct(fill, price=490_000)
    assert (bench.state.cash, bench.state.held(MARKET.id)) == (cash + 100_000, 4 * MICRO)
    assert bench.state.accounts["positions"] == bench.state.positions[MARKET.id].cost
    bench.restart()


# --- executions of others ------------------------------------------------------------------------------


def test_executions_of_others_are_named_by_the_acceptance_and_not_asked_about_again(bench: Bench) -> None:
    fill = foreign_fill(bench)
    bench.take(FillSeen(fill, bench.now))
    assert "foreign_fill" in bench.state.halts
    venue(bench, cash=bench.state.cash - 520_000, held={MARKET.id: MICRO})
    assert plan(bench).fills == (fill,)
    accept(bench)
    go_on(bench)
    bench.restart()
    assert bench.take(FillSeen(fill, bench.now)) == []
    assert "HaltRaised" in kinds(bench.take(FillSeen(foreign_fill(bench, 2), bench.now)))


def test_executions_of_others_that_leave_no_difference_are_accepted_all_the_same(bench: Bench) -> None:
    bench.take(FillSeen(foreign_fill(bench), bench.now))
    bench.match()
    assert kinds(accept(bench)) == ["BooksAdopted"]
    go_on(bench)


def test_what_the_venue_dates_from_before_this_ledger_is_the_accounts_past(bench: Bench) -> None:
    assert bench.take(FillSeen(foreign_fill(bench, venue_ts=bench.state.opened_ts - 1), bench.now)) == []
    assert bench.state.level == Level.TRADING


# --- orders --------------------------------------------------------------------------------------------

THEIRS = OpenOrder("hand-1", "v-hand-1", MARKET.id, "buy", 400_000, 3 * MICRO, MICRO)


def test_an_order_of_others_counts_at_its_worst_from_the_acceptance_on_and_is_called_back(bench: Bench) -> None:
    venue(bench, orders=(THEIRS,))
    told = accept(bench)
    assert kinds(told) == ["InstrumentListed", "BooksAdopted", "OrderAdopted", "CancelReleased"]
    state = bench.state
    assert state.reserved() == exposure.total_exposure(state) > 1_200_000
    assert list(exposure.busy_instruments(state)) == [MARKET.id]
    bench.take(FillSeen(foreign_fill(bench, 9, order_id="hand-1", price=400_000, fee=0), bench.now))
    assert state.held(MARKET.id) == MICRO
    bench.closed(state.orders["hand-1"].order, 2 * MICRO)
    assert state.reserved() == 0
    assert bench.order("hand-1").status == "closed"
    bench.restart()


def test_an_order_of_others_without_terms_cannot_be_counted_so_it_stands_in_the_way(bench: Bench) -> None:
    venue(bench, open_orders=("hand-2",))
    assert "does not tell the terms" in refusal(accept(bench))


@pytest.mark.parametrize(
    "wrong",
    [{"qty": 0}, {"price": 0}, {"price": MICRO}, {"instrument": UNSEEN.id}, {"filled": -1}, {"venue_order_id": "\x1b"}],
)
def test_an_order_of_others_whose_terms_cannot_be_true_is_not_counted(bench: Bench, wrong: dict[str, Any]) -> None:
    venue(bench, orders=(structs.replace(THEIRS, **wrong),))
    assert "hand-1" in refusal(accept(bench))
    assert bench.state.orders == {}


def test_an_order_of_ours_that_the_venue_does_not_have_is_closed_with_what_was_filled(bench: Bench) -> None:
    order = bench.release(qty_max=10 * MICRO)
    bench.accept(order)
    bench.fill(order, 4 * MICRO)
    venue(bench, open_orders=())
    told = accept(bench)
    assert kinds(told) == ["BooksAdopted", "OrderClosed"]
    assert (bench.order(order).status, bench.order(order).filled) == ("closed", 4 * MICRO)
    assert bench.state.reserved() == 0
    bench.fill(order, MICRO)
    assert "late_fill" in bench.state.halts, "if it was there after all, a person hears of it"


def test_an_order_of_ours_that_had_ended_here_and_rests_there_comes_back_with_what_it_had_filled(bench: Bench) -> None:
    order = bench.release(qty_max=10 * MICRO)
    bench.accept(order)
    bench.fill(order, 4 * MICRO)
    bench.closed(order, 4 * MICRO)
    again = OpenOrder(order.order_id, "v-1", MARKET.id, order.side, order.price, 6 * MICRO, 4 * MICRO)
    venue(bench, orders=(again,))
    told = accept(bench)
    assert "OrderAdopted" in kinds(told)
    known = bench.order(order)
    assert (known.status, known.filled, known.open_qty) == ("working", 4 * MICRO, 6 * MICRO)
    bench.cancel_answered(order, Accepted("v-1", 4 * MICRO, 0))
    assert (bench.order(order).status, bench.state.reserved()) == ("closed", 0)


# --- cancelling what is not ours -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hand-1", "v-hand-1"])
def test_a_person_has_an_order_of_others_taken_off_by_either_of_its_names(bench: Bench, name: str) -> None:
    venue(bench, orders=(THEIRS,))
    assert [fact.order_id for fact in bench.ask_cancel(name)] == ["hand-1"]
    assert [fact.by for fact in bench.of(OrderAdopted)] == ["ann"]
    bench.cancel_answered(bench.state.orders["hand-1"].order, Accepted("v-hand-1", MICRO, 0))
    go_on(bench)


def test_a_cancel_of_all_takes_off_what_others_have_there_as_well(bench: Bench) -> None:
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    venue(bench, orders=(THEIRS,))
    bench.cancel_answered(order, Unknown("lost"))
    assert {fact.order_id for fact in bench.ask_cancel()} == {order.order_id, "hand-1"}


def test_an_order_of_ours_that_ended_since_the_books_were_read_is_not_taken_for_anothers(bench: Bench) -> None:
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    seen = OpenOrder(order.order_id, "v", MARKET.id, "buy", order.price, MICRO)
    venue(bench, resting=(seen,))
    bench.closed(order, 0)
    assert bench.ask_cancel() == []


def test_a_name_that_nobody_knows_is_refused(bench: Bench) -> None:
    told = bench.take(CancelAsked("nothing", "ann", bench.now))
    assert [type(fact) for fact in told] == [ActRefused]
    assert "by that name" in told[0].why


def test_an_order_of_others_is_called_back_again_when_the_cancel_did_not_get_through(bench: Bench) -> None:
    venue(bench, orders=(THEIRS,))
    accept(bench)
    terms = bench.state.orders["hand-1"].order
    bench.cancel_answered(terms, Unknown("lost"))
    assert [f.order_id for f in bench.cycle() if isinstance(f, CancelReleased)] == ["hand-1"]


# --- the whole start ------------------------------------------------------------------------------------


def test_the_first_start_on_an_account_with_a_past_is_shown_accepted_and_then_trades() -> None:
    """Cash is the opening balance; positions and orders of before wait for a named person."""
    bench = Bench(cash=0, matched=False, markets=(MARKET, OTHER))
    venue(
        bench, cash=250 * MICRO, held={MARKET.id: 5 * MICRO}, orders=(THEIRS,),
        costs=(HeldCost(MARKET.id, 2_000_000),),
    )  # fmt: skip
    assert bench.state.accounts["deposits"] == -250 * MICRO
    assert bench.state.level == Level.HALTED
    assert [one.kind for one in plan(bench).differences] == ["position", "order there only"]
    refused = [f for f in bench.propose(buy(instrument=OTHER.id)) if isinstance(f, IntentRefused)]
    assert {check.rule for check in refused[0].checks if not check.ok} >= {"level", "books_matched"}
    accept(bench, reason="bought by hand before")
    bench.cancel_answered(bench.state.orders["hand-1"].order, Accepted("v-hand-1", MICRO, 0))
    go_on(bench)


def test_a_naive_reading_of_the_records_comes_to_the_same_books(bench: Bench) -> None:
    bench.hold(qty_max=10 * MICRO)
    bench.propose(sell(instrument=OTHER.id, qty_max=4 * MICRO))
    order = bench.of(OrderReleased)[-1].order
    bench.accept(order)
    bench.fill(order, 2 * MICRO)
    venue(bench, cash=bench.state.cash - 777, held={MARKET.id: 3 * MICRO, OTHER.id: MICRO}, orders=(THEIRS,))
    accept(bench)
    bench.take(FillSeen(foreign_fill(bench, 9, order_id="hand-1", price=400_000), bench.now))
    bench.settle("no")
    naive = Books()
    for ts, fact in bench.records:
        naive.read(ts, fact)
    state = bench.state
    assert naive.accounts() == state.accounts
    assert naive.positions() == {name: (p.qty, p.cost) for name, p in state.positions.items()}
    assert (naive.total(), naive.reserved()) == (exposure.total_exposure(state), state.reserved())
    assert state.accounts[ADJUSTMENTS] != 0


def test_the_difference_is_dated_from_its_first_record_until_the_books_agree(bench: Bench) -> None:
    venue(bench, cash=5)
    first = bench.now
    bench.later(60 * SECOND)
    venue(bench, cash=6)
    assert bench.state.differing["cash"].since_ts == first
    assert bench.state.differing["cash"].theirs == 6
    bench.match()
    assert bench.state.differing == {}
    assert bench.of(facts.AccountMatched)


# --- what is told of it -----------------------------------------------------------------------------------


def story_of(bench: Bench, order: Any) -> Any:
    records = [(seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1)]
    return tell(records, order.intent_id)


def test_the_story_of_an_intent_tells_that_its_position_was_taken_over_and_counts_only_what_was_left(
    bench: Bench,
) -> None:
    order = bench.hold(qty_max=10 * MICRO)
    venue(bench, held={MARKET.id: 4 * MICRO})
    accept(bench)
    before = story_of(bench, order)
    assert [type(step.fact) for step in before.steps][-1] is BooksAdopted
    assert before.money.left == 4 * MICRO
    bench.settle("yes")
    after = story_of(bench, order).money
    assert (after.left, after.cost, after.payout, after.proceeds) == (0, 5_000_000, 4_000_000, 3_000_000)
    assert after.gain == 2_000_000 - after.fees


def test_what_others_bought_is_no_gain_of_the_intent_that_sells_it(bench: Bench) -> None:
    venue(bench, held={MARKET.id: 10 * MICRO}, costs=(HeldCost(MARKET.id, 3_000_000),))
    accept(bench)
    bench.match()
    bench.resume()
    told = bench.propose(close(qty_max=10 * MICRO))
    order = next(fact.order for fact in told if isinstance(fact, OrderReleased))
    bench.accept(order, filled=order.qty)
    bench.fill(order, fee=0)
    story = story_of(bench, order)
    assert story.held_before == 10 * MICRO
    assert (story.money.cost, story.money.proceeds, story.money.gain) == (3_000_000, 4_900_000, 1_900_000)


def test_the_record_of_an_acceptance_is_found_under_each_market_and_execution_that_it_names() -> None:
    fact = next(one for one in EXAMPLES if isinstance(one, BooksAdopted))
    said, _ = streams_of("BooksAdopted", 1, 0, facts.encode_fact(fact), lambda _key: frozenset())
    assert {("instrument", "A"), ("instrument", "B"), ("order", "o-1")} <= said
