"""The last look: at once on a young proof, else the venue is asked once, every rule runs again, and one end follows."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, buy, close, kinds, limits, sell
from tests.model.support import a_future, a_market

from assent.desk.exposure import total_exposure
from assent.model.constitution import Drift
from assent.model.exits import Exits
from assent.model.facts import (
    DecisionRecorded,
    Fact,
    InputRejected,
    IntentProposed,
    IntentSkipped,
    LookRequested,
    OrderReleased,
    decode_fact,
    encode_fact,
    kind_of,
)
from assent.model.inputs import CashSeen, ConstitutionOffered, LookAnswered, QuoteSeen, StreamProven
from assent.model.instruments import QuadraticFee
from assent.model.units import MICRO, SECOND

OLD = 3 * SECOND
BUY_YES, BUY_NO = buy(qty_max=MICRO), sell(qty_max=MICRO)
SIDES = pytest.mark.parametrize("idea", [BUY_YES, BUY_NO], ids=["buy YES", "buy NO"])


def a_bench(**values: Any) -> Bench:
    """One on which the proof of the quote is three seconds old, and may be two."""
    given = {"look_proof_age_max": 2 * SECOND} | values
    return Bench(constitution=limits(**given)).later(OLD)


def ask(bench: Bench, idea: Any = BUY_YES) -> LookRequested:
    told = bench.propose(idea)
    asked = [fact for fact in told if isinstance(fact, LookRequested)]
    assert len(asked) == 1, kinds(told)
    assert not [fact for fact in told if isinstance(fact, OrderReleased)]
    return asked[0]


def answer(
    bench: Bench, asked: LookRequested, bid: int | None = 490_000, ask: int | None = 500_000, **changes: Any
) -> list[Fact]:
    """The venue's book as it is now, by default as it was."""
    qty = 1_000 * MICRO
    sides = bid, None if bid is None else qty, ask, None if ask is None else qty
    quote = QuoteSeen(*({"instrument": asked.instrument} | changes).values(), *sides, bench.now, bench.now)
    return bench.take(LookAnswered(asked.intent_id, quote, "", bench.now))


def silence(bench: Bench, asked: LookRequested, why: str = "down for maintenance") -> list[Fact]:
    return bench.take(LookAnswered(asked.intent_id, None, why, bench.now))


def skipped(facts: list[Fact]) -> IntentSkipped:
    found = [fact for fact in facts if isinstance(fact, IntentSkipped)]
    assert len(found) == 1, kinds(facts)
    assert not [fact for fact in facts if isinstance(fact, OrderReleased)]
    return found[0]


def failing(skip: IntentSkipped) -> list[str]:
    return [check.rule for check in skip.checks if not check.ok]


# --- when it is asked for ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "asks"), [(0, False), (2 * SECOND, False), (2 * SECOND + 1, True)])
def test_a_quote_proven_a_moment_ago_needs_no_look(age: int, asks: bool) -> None:
    bench = Bench(constitution=limits(look_proof_age_max=2 * SECOND)).later(age)
    told = kinds(bench.propose(BUY_YES))
    assert ("LookRequested" in told, "OrderReleased" in told) == (asks, not asks)


def test_at_zero_every_entry_is_looked_at_but_for_the_quote_of_this_very_moment() -> None:
    bench = Bench(constitution=limits(look_proof_age_max=0))
    assert "OrderReleased" in kinds(bench.propose(BUY_YES))
    second = Bench(constitution=limits(look_proof_age_max=0))
    assert "LookRequested" in kinds(second.later(1).propose(BUY_YES))


def test_a_later_proof_of_the_stream_spares_the_look() -> None:
    bench = a_bench()
    bench.take(StreamProven("sim", bench.now))
    assert "OrderReleased" in kinds(bench.propose(BUY_YES))


def test_what_leaves_a_position_never_waits_for_a_look() -> None:
    """A question that may fail must not keep anybody in."""
    bench = a_bench()
    bench.quote()
    bench.hold(qty_max=MICRO)
    assert "OrderReleased" in kinds(bench.later(OLD).propose(close()))


def test_an_exit_of_the_desk_goes_while_a_look_hangs() -> None:
    bench = a_bench()
    bench.quote()
    bench.hold(qty_max=MICRO, exits=Exits(life_ns=4 * SECOND))
    second = a_market("KXTEST-26JAN05-B49.5")
    bench.show(second)
    ask(bench.later(OLD), buy(instrument=second.id, qty_max=MICRO))
    told = bench.later(SECOND).cycle()
    released = [fact.order for fact in told if isinstance(fact, OrderReleased)]
    assert [(order.side, order.instrument) for order in released] == [("sell", MARKET.id)]
    assert bench.state.looks


def test_a_cancel_needs_no_look() -> None:
    bench = a_bench()
    bench.quote()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    told = bench.later(OLD).propose(buy(action="cancel", order_id=order.order_id, price=0))
    assert kinds(told) == ["IntentProposed", "CancelReleased"]


def test_the_legs_of_a_bracket_follow_their_entry_after_one_look() -> None:
    bench = Bench(
        constitution=limits(look_proof_age_max=0, risk_per_trade_max=100 * MICRO, drift_max=Drift(10, "bps")),
        cash=100_000 * MICRO, markets=(a_future(),),
    )  # fmt: skip
    bench.bar(5_000)
    terms: Any = {
        "instrument": "MESTEST", "price": 5_000 * MICRO, "fair": 5_010 * MICRO, "qty_max": MICRO, "type": "market",
        "exits": Exits(stop_price=4_997 * MICRO),
    }  # fmt: skip
    asked = ask(bench.later(SECOND), buy(**terms))
    told = answer(bench, asked, bid=4_999_750_000, ask=5_000_000_000)
    assert kinds(told) == ["OrderReleased", "OrderReleased"]


# --- how it ends -------------------------------------------------------------------------------------------


@SIDES
def test_with_everything_as_it_was_the_recorded_order_is_released_once(idea: Any) -> None:
    bench = a_bench()
    asked = ask(bench, idea)
    proposed = bench.of(IntentProposed)[-1].intent
    told = answer(bench.later(SECOND), asked)
    released = [fact.order for fact in told if isinstance(fact, OrderReleased)]
    assert [(o.intent_id, o.price, o.qty, o.side) for o in released] == [
        (proposed.intent_id, proposed.price, proposed.qty, proposed.side)
    ]
    assert kinds(answer(bench, asked)) == ["InputRejected"], "a second answer is nobody's"
    assert len(bench.of(OrderReleased)) == 1
    assert not bench.state.looks


@SIDES
@pytest.mark.parametrize("moved", [-60_000, 60_000])
def test_a_price_that_moved_too_far_either_way_is_skipped(idea: Any, moved: int) -> None:
    bench = a_bench()
    skip = skipped(answer(bench, ask(bench, idea), 490_000 + moved, 500_000 + moved))
    check = next(check for check in skip.checks if check.rule == "skipped_drift")
    assert (skip.reason, check.measured, check.limit) == ("skipped_drift", 60_000, 50_000)
    assert skip.quote is not None
    assert skip.quote.ask == 500_000 + moved


@SIDES
@pytest.mark.parametrize(("limit", "ends"), [(50_000, "OrderReleased"), (49_999, "IntentSkipped")])
def test_drift_in_dollars_ends_exactly_at_its_limit(idea: Any, limit: int, ends: str) -> None:
    bench = a_bench(drift_max=Drift(limit, "price"))
    towards_us = -50_000 if idea.side == "buy" else 50_000
    assert kinds(answer(bench, ask(bench, idea), 490_000 + towards_us, 500_000 + towards_us)) == [ends]


@pytest.mark.parametrize(("bps", "ends"), [(400, "OrderReleased"), (399, "IntentSkipped")])
def test_basis_points_are_of_what_a_contract_costs_so_yes_and_no_are_alike(bps: int, ends: str) -> None:
    """Two cents of a YES at 50 are 400 basis points, and so are two cents of a NO at 50."""
    at_half = sell(price=500_000, fair=400_000, qty_max=MICRO)
    for idea, before, after in ((BUY_YES, 490_000, 470_000), (at_half, 500_000, 520_000)):
        bench = a_bench(drift_max=Drift(bps, "bps"))
        bench.quote(bid=before, ask=before + 10_000)
        asked = ask(bench.later(OLD), idea)
        assert kinds(answer(bench, asked, after, after + 10_000)) == [ends]


@SIDES
def test_without_a_price_to_deal_at_it_is_skipped(idea: Any) -> None:
    bench = a_bench()
    sides = {"ask": None} if idea.side == "buy" else {"bid": None}
    skip = skipped(answer(bench, ask(bench, idea), **sides))  # type: ignore[arg-type]
    assert skip.reason == "skipped_price_missing"
    assert {"skipped_price_missing", "skipped_drift"} <= set(failing(skip))


def test_an_order_that_waits_at_its_own_limit_needs_nobody_to_deal_with() -> None:
    """Nobody stood on the other side before, and nobody does now: nothing was there that could have moved."""
    bench = a_bench(slippage_max=0, look_edge_min=20_000)
    bench.quote(ask=None)
    bench.later(OLD)
    idea = buy(price=490_000, fair=600_000, qty_max=MICRO)
    asked = ask(bench, idea)
    assert asked.price is None
    assert kinds(answer(bench, asked, ask=None)) == ["OrderReleased"]


def test_somebody_who_comes_where_nobody_stood_is_a_drift_that_cannot_be_measured() -> None:
    bench = a_bench()
    bench.quote(ask=None)
    bench.later(OLD)
    skip = skipped(answer(bench, ask(bench, buy(price=490_000, qty_max=MICRO)), bid=470_000, ask=480_000))
    assert failing(skip) == ["skipped_drift"]


@SIDES
@pytest.mark.parametrize(("limit", "ends"), [(20_000, "OrderReleased"), (19_999, "IntentSkipped")])
def test_slippage_is_how_far_the_price_lies_beyond_the_limit(idea: Any, limit: int, ends: str) -> None:
    bench = a_bench(slippage_max=limit)
    away = 20_000 if idea.side == "buy" else -20_000
    told = answer(bench, ask(bench, idea), 490_000 + away, 500_000 + away)
    assert kinds(told) == [ends]
    if ends == "IntentSkipped":
        assert failing(skipped(told)) == ["skipped_slippage"]


def test_an_order_meant_to_wait_does_not_slip() -> None:
    bench = a_bench(slippage_max=0)
    idea = buy(price=400_000, qty_max=MICRO, post_only=True)
    assert kinds(answer(bench, ask(bench, idea), 500_000, 510_000)) == ["OrderReleased"]


@pytest.mark.parametrize(
    ("idea", "bid", "ask_"),
    [(buy(price=520_000, fair=580_000, qty_max=MICRO), 530_000, 540_000),
     (sell(price=470_000, fair=410_000, qty_max=MICRO), 450_000, 460_000)],
)  # fmt: skip
def test_the_edge_is_measured_at_the_fresh_price(idea: Any, bid: int, ask_: int) -> None:
    """One contract at 54 or at 55 costs a fee of less than two cents; what is left is below the least."""
    bench = a_bench(look_edge_min=30_000)
    skip = skipped(answer(bench, ask(bench, idea), bid, ask_))
    assert skip.reason == "skipped_edge"
    check = next(check for check in skip.checks if check.rule == "skipped_edge")
    assert check.measured is not None
    assert check.measured < 30_000 == check.limit


def test_a_better_price_has_the_better_edge() -> None:
    bench = a_bench(look_edge_min=90_000)
    assert kinds(answer(bench, ask(bench), 460_000, 470_000)) == ["OrderReleased"]


def test_an_answer_from_before_the_question_proves_nothing() -> None:
    bench = a_bench()
    asked = ask(bench)
    qty, before = MICRO, bench.now - 1
    quote = QuoteSeen(MARKET.id, 490_000, qty, 500_000, qty, before, before)
    skip = skipped(bench.take(LookAnswered(asked.intent_id, quote, "", bench.now)))
    assert skip.reason == "skipped_price_missing"


def test_what_the_stream_said_after_the_answer_counts_and_not_the_answer() -> None:
    bench = a_bench()
    asked = ask(bench)
    taken = bench.now
    bench.later(1).quote(bid=390_000, ask=400_000)
    quote = QuoteSeen(MARKET.id, 490_000, MICRO, 500_000, MICRO, taken, taken)
    assert skipped(bench.take(LookAnswered(asked.intent_id, quote, "", bench.now))).reason == "skipped_drift"


def test_the_answer_decides_this_intent_and_proves_nothing_else() -> None:
    bench = a_bench()
    before = bench.desk.markets[MARKET.id].quote
    answer(bench, ask(bench), 480_000, 490_000)
    assert bench.desk.markets[MARKET.id].quote is before
    other = a_market("KXTEST-26JAN05-B49.5")
    bench.show(other)
    assert ask(bench.later(OLD), buy(instrument=other.id, qty_max=MICRO)).instrument == other.id


@pytest.mark.parametrize(
    ("bid", "asked_", "name", "detail"),
    [(500_000, 490_000, MARKET.id, "market_data_crossed"), (490_000, 505_000, MARKET.id, "market_data_off_grid"),
     (490_000, 500_000, "KXTEST-OTHER", "market_data_unlisted")],
)  # fmt: skip
def test_a_book_that_cannot_be_true_is_no_answer(bid: int, asked_: int, name: str, detail: str) -> None:
    bench = a_bench()
    told = answer(bench, ask(bench), bid, asked_, instrument=name)
    assert kinds(told) == ["InputRejected", "IntentSkipped"]
    assert (skipped(told).reason, skipped(told).detail) == ("skipped_unavailable", detail)


def test_a_venue_that_cannot_answer_is_told_with_its_own_words_made_inert() -> None:
    bench = a_bench()
    skip = skipped(silence(bench, ask(bench), "down\x1b[31m for\nmaintenance"))
    assert skip.reason == "skipped_unavailable"
    assert skip.detail.isprintable()
    assert "maintenance" in skip.detail


def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    bench = a_bench()
    asked = ask(bench)
    assert not [fact for fact in bench.later(5 * SECOND - 1).cycle() if isinstance(fact, IntentSkipped)]
    assert skipped(bench.later(1).cycle()).reason == "skipped_unanswered"
    assert kinds(answer(bench, asked)) == ["InputRejected"]


def test_a_late_answer_is_refused_even_before_the_cycle_has_noticed() -> None:
    bench = a_bench()
    asked = ask(bench)
    assert skipped(answer(bench.later(5 * SECOND), asked)).reason == "skipped_unanswered"


def test_a_restart_ends_every_look() -> None:
    bench = a_bench()
    asked = ask(bench)
    assert skipped(bench.restart()).reason == "skipped_restart"
    assert kinds(answer(bench, asked)) == ["InputRejected"]
    assert not bench.state.looks
    assert not bench.state.proposed


# --- what may come between ---------------------------------------------------------------------------------


def _halt(bench: Bench) -> None:
    bench.halt()


def _switch(bench: Bench) -> None:
    bench.switch()


def _tighten(bench: Bench) -> None:
    bench.take(ConstitutionOffered(limits(look_proof_age_max=2 * SECOND, edge_min=90_000), bench.now))


def _pause(bench: Bench) -> None:
    bench.show(MARKET, phase="paused")


def _settle(bench: Bench) -> None:
    bench.settle("yes")


def _forget_the_strategy(bench: Bench) -> None:
    bench.state.stopped["scripted"] = "strategy_exception"


def _spend(bench: Bench) -> None:
    bench.take(CashSeen(-bench.state.cash, "the owner", bench.now))


def _raise_the_fees(bench: Bench) -> None:
    bench.show(a_market(fees=QuadraticFee(140_000, 0)))


def _start_anew_without_books(bench: Bench) -> None:
    bench.state.started_seq = bench.state.seq


@pytest.mark.parametrize(
    ("happens", "code"),
    [(_halt, "level"), (_switch, "kill_switch_guard"), (_tighten, "edge"), (_pause, "market_open"),
     (_settle, "market_open"), (_forget_the_strategy, "strategy_stopped"), (_spend, "funds"),
     (_raise_the_fees, "skipped_terms"), (_start_anew_without_books, "books_matched")],
)  # fmt: skip
def test_what_came_between_the_question_and_the_answer_refuses(happens: Any, code: str) -> None:
    bench = a_bench()
    asked = ask(bench)
    happens(bench)
    assert skipped(answer(bench, asked)).reason == code


def test_the_life_of_an_order_goes_on_while_it_is_looked_at() -> None:
    bench = a_bench()
    asked = ask(bench, buy(qty_max=MICRO, life_ns=2 * SECOND))
    assert skipped(answer(bench.later(2 * SECOND), asked)).reason == "order_form"


def test_a_market_that_is_gone_ends_the_look_with_its_own_code() -> None:
    bench = a_bench()
    asked = ask(bench)
    del bench.desk.markets[MARKET.id]
    assert skipped(answer(bench, asked)).reason == "market_open"


def test_a_size_that_does_not_fit_any_more_is_refused_and_never_cut() -> None:
    """What was assented to is what leaves, or nothing."""
    bench = Bench(constitution=limits(look_proof_age_max=0, risk_fraction_max=5_000), cash=1_000 * MICRO).later(1)
    asked = ask(bench, buy())
    bench.take(CashSeen(-900 * MICRO, "the owner", bench.now))
    skip = skipped(answer(bench, asked))
    assert skip.reason == "risk_per_trade"


# --- one look at a time, and no flood ----------------------------------------------------------------------


def test_the_same_idea_meanwhile_is_counted_and_not_recorded() -> None:
    bench = a_bench()
    asked = ask(bench)
    for _ in range(3):
        assert not [f for f in bench.propose(BUY_YES) if isinstance(f, IntentProposed | LookRequested)]
    assert skipped(silence(bench, asked)).repeats == 3


def test_the_other_side_and_another_strategy_look_for_themselves_and_one_is_released() -> None:
    other = Scripted("other")
    bench = Bench(constitution=limits(look_proof_age_max=0), strategies=(other,)).later(1)
    other.says = [BUY_YES]
    told = bench.propose(BUY_YES, BUY_NO)
    asked = [fact for fact in told if isinstance(fact, LookRequested)]
    assert len(asked) == 3
    ends = [kinds(answer(bench, one))[-1] for one in asked]
    assert sorted(ends) == ["IntentSkipped", "OrderReleased", "OrderReleased"], "a strategy has one order in a market"


def test_a_look_that_came_to_nothing_is_not_asked_anew_at_once() -> None:
    """A venue that does not answer must not fill the ledger."""
    bench = a_bench(quote_proof_age_max=60 * SECOND)
    silence(bench, ask(bench))
    for _ in range(4):
        assert not [f for f in bench.later(SECOND).propose(BUY_YES) if isinstance(f, IntentProposed)]
    skip = skipped(silence(bench, ask(bench.later(SECOND))))
    assert skip.repeats == 4


def test_a_proven_quote_goes_on_at_once_after_a_look_in_vain() -> None:
    bench = a_bench()
    silence(bench, ask(bench))
    bench.quote()
    assert "OrderReleased" in kinds(bench.propose(BUY_YES))


class Keeper(Scripted):
    records_decisions = True


def test_a_strategy_that_keeps_records_has_no_trade_while_its_idea_waits() -> None:
    keeper = Keeper("keeper")
    bench = Bench(constitution=limits(look_proof_age_max=0), strategies=(keeper,)).later(1)
    keeper.says = [BUY_YES]
    decided = bench.cycle()
    assert [(f.decision, f.reason) for f in decided if isinstance(f, DecisionRecorded)] == [
        ("NO_TRADE", "look_requested")
    ]


# --- no cap is passed, however many look at once -----------------------------------------------------------

MARKETS = tuple(a_market(f"KXTEST-26JAN05-{letter}") for letter in "ABCDEF")


@pytest.mark.parametrize(
    ("cap", "released"),
    [({"total_exposure_max": 1_100_000}, 2), ({"open_positions_max": 3}, 3), ({"orders_per_cycle_max": 1}, 1),
     ({"notional_per_day_max": 1_400_000}, 2), ({"entry_gap_min": SECOND}, 1), ({"event_exposure_max": 550_000}, 1)],
    ids=str,
)  # fmt: skip
@given(order=st.permutations(range(6)))
def test_no_cap_is_passed_with_many_looks_in_flight(cap: dict[str, int], released: int, order: list[int]) -> None:
    bench = Bench(constitution=limits(look_proof_age_max=0, **cap), markets=MARKETS).later(1)
    told = bench.propose(*(buy(instrument=market.id, qty_max=MICRO) for market in MARKETS))
    asked = [fact for fact in told if isinstance(fact, LookRequested)]
    assert len(asked) == len(MARKETS), "every idea alone is within the cap"
    for number in order:
        answer(bench, asked[number])
        assert total_exposure(bench.state) <= bench.state.seal.constitution.total_exposure_max
    assert len(bench.of(OrderReleased)) == released
    assert len(bench.of(IntentSkipped)) == len(MARKETS) - released


# --- the fold ----------------------------------------------------------------------------------------------


def test_a_waiting_look_is_part_of_the_state_and_comes_back_from_the_ledger() -> None:
    bench = a_bench()
    asked = ask(bench)
    kept = [(ts, decode_fact(kind_of(fact), 1, encode_fact(fact))) for ts, fact in bench.records]
    again = type(bench.desk)()
    again.restore(kept)
    assert list(again.state.looks) == [asked.intent_id]
    assert again.state.digest() == bench.state.digest()


def test_every_look_has_one_end() -> None:
    bench = a_bench(quote_proof_age_max=60 * SECOND)
    for end in itertools.islice(itertools.cycle((answer, silence)), 6):
        asked = [fact for fact in bench.later(6 * SECOND).propose(BUY_YES) if isinstance(fact, LookRequested)]
        for one in asked:
            end(bench, one)
        for order in list(bench.state.orders):
            bench.closed(bench.order(order).order, 0)
    ends = [fact.intent_id for fact in bench.of(IntentSkipped)] + [f.order.intent_id for f in bench.of(OrderReleased)]
    assert sorted(ends) == sorted(fact.intent_id for fact in bench.of(LookRequested))
    assert not bench.of(InputRejected)
