"""From idea to order: named once for ever, explained by its own numbers, and refused without flooding the ledger."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, buy, close, kinds, sell
from tests.model.support import DECI_CENT, a_market

from assent.model.facts import CancelReleased, Fact, InstrumentListed, IntentProposed, IntentRefused, OrderReleased
from assent.model.ids import is_human_code
from assent.model.inputs import InstrumentSeen, Refused, StreamProven
from assent.model.intents import QuoteTaken, Score
from assent.model.orders import order_digest
from assent.model.units import MICRO, MINUTE, SECOND


def names_of(facts: list[Fact]) -> list[str]:
    intents = [fact.intent.intent_id for fact in facts if isinstance(fact, IntentProposed | IntentRefused)]
    return intents + [fact.order.order_id for fact in facts if isinstance(fact, OrderReleased)]


def a_busy_hour(ledger: str) -> Bench:
    """Refused, released, answered, filled, left again: the same story for every ledger."""
    bench = Bench(ledger=ledger, strategies=(other := Scripted("other"),))
    for turn in range(20):
        bench.later(MINUTE).quote()
        other.says = [sell(qty_max=MICRO), buy(fair=None)]
        told = bench.propose(buy(qty_max=MICRO), buy(fair=510_000 + turn), close())
        for released in [fact.order for fact in told if isinstance(fact, OrderReleased)]:
            if turn % 3:
                bench.accept(released, filled=released.qty)
                bench.fill(released)
            else:
                bench.answer(released, Refused("insufficient_balance", ""))
    return bench


def test_no_name_repeats_within_a_ledger() -> None:
    names = names_of(a_busy_hour("0" * 16).facts)
    assert len(names) > 60
    assert len(set(names)) == len(names)


def test_no_name_repeats_when_the_ledger_was_lost_and_all_begins_again() -> None:
    """Same account, same quotes, same decisions: only the eighty random bits differ."""
    first, second = a_busy_hour("0" * 16), a_busy_hour("0" * 15 + "1")
    assert kinds(first.facts) == kinds(second.facts)
    assert not set(names_of(first.facts)) & set(names_of(second.facts))


def test_the_same_inputs_give_the_same_facts() -> None:
    assert a_busy_hour("0" * 16).records == a_busy_hour("0" * 16).records


def test_an_order_id_is_in_the_venues_alphabet_and_a_code_can_be_read_out() -> None:
    bench = a_busy_hour("0" * 16)
    for fact in bench.of(OrderReleased):
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", fact.order.order_id)
    for fact in bench.of(IntentProposed) + bench.of(IntentRefused):
        assert is_human_code(fact.intent.code)
        assert re.fullmatch(r"i-[0-9a-f]{16}", fact.intent.intent_id)


def test_decisions_are_counted_on_after_a_restart() -> None:
    bench = Bench()
    bench.release(qty_max=MICRO)
    before = set(names_of(bench.facts))
    bench.restart()
    bench.show(MARKET)
    told = bench.later(SECOND).propose(buy(qty_max=MICRO))
    assert not before & set(names_of(told))
    assert bench.of(IntentRefused)[-1].intent.decision == 2


def test_every_order_hangs_on_the_intent_that_was_proposed_before_it() -> None:
    bench = a_busy_hour("0" * 16)
    proposed: dict[str, Any] = {}
    for fact in bench.facts:
        if isinstance(fact, IntentProposed):
            proposed[fact.intent.intent_id] = fact.intent
        elif isinstance(fact, OrderReleased):
            intent = proposed.pop(fact.order.intent_id)
            same = (
                "instrument",
                "side",
                "type",
                "price",
                "qty",
                "time_in_force",
                "expires_ts",
                "stop_price",
                "post_only",
            )
            assert all(getattr(fact.order, name) == getattr(intent, name) for name in same)
            assert fact.digest == order_digest(fact.order)
            assert fact.assent == "autonomous"
            assert intent.qty > 0
    assert not proposed


def test_the_numbers_of_a_decision_are_in_its_fact() -> None:
    bench = Bench()
    bench.later(SECOND).quote(bid=480_000, ask=500_000)
    quoted = bench.now
    bench.later(2 * SECOND)
    bench.take(StreamProven("sim", bench.now))
    proven = bench.now
    told = bench.later(SECOND).propose(
        buy(qty_max=4 * MICRO, fair=600_000, scores=(Score("dvs", 800_000),), reason="cheap", life_ns=MINUTE)
    )
    fact = next(fact for fact in told if isinstance(fact, IntentProposed))
    qty = 1_000 * MICRO
    assert fact.quote == QuoteTaken(480_000, qty, 500_000, qty, quoted, quoted, proven)
    intent = fact.intent
    assert (intent.qty, intent.fee, intent.worst_loss) == (4 * MICRO, 80_000, 2_080_000)
    assert (intent.fair, intent.edge) == (600_000, 82_500)
    assert (intent.strategy, intent.reason, intent.scores) == ("scripted", "cheap", (Score("dvs", 800_000),))
    assert intent.expires_ts == bench.now + MINUTE


def test_an_exit_that_trades_at_once_may_only_reduce() -> None:
    for time_in_force, reduce_only in (("ioc", True), ("gtc", False)):
        bench = Bench()
        bench.hold(qty_max=MICRO)
        told = bench.propose(close(time_in_force=time_in_force))
        assert next(f for f in told if isinstance(f, OrderReleased)).order.reduce_only == reduce_only
        assert not bench.of(OrderReleased)[0].order.reduce_only


def test_an_instrument_is_listed_before_its_first_intent_and_again_when_it_changed() -> None:
    bench = Bench()
    assert not bench.of(InstrumentListed)
    assert kinds(bench.propose(buy(fair=None))) == ["InstrumentListed", "IntentRefused"]
    assert kinds(bench.propose(buy())) == ["IntentProposed", "OrderReleased"]
    finer = a_market(prices=DECI_CENT)
    assert kinds(bench.take(InstrumentSeen(finer, bench.now))) == ["InstrumentListed"]
    assert bench.take(InstrumentSeen(finer, bench.now)) == []
    assert bench.state.find_instrument(MARKET.id) == finer


def test_a_cancel_by_a_strategy_is_an_intent_and_moves_no_quantity() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    told = bench.propose(buy(action="cancel", order_id=order.order_id, price=0, reason="changed my mind"))
    assert kinds(told) == ["IntentProposed", "CancelReleased"]
    assert [(f.order_id, f.by, f.why) for f in told if isinstance(f, CancelReleased)] == [
        (order.order_id, "scripted", "changed my mind")
    ]
    assert told[0].intent.qty == told[0].intent.worst_loss == 0  # type: ignore[union-attr]


def test_a_cancel_that_names_another_market_than_its_orders_is_refused() -> None:
    second = a_market("KXTEST-26JAN05-B49.5")
    bench = Bench(markets=(MARKET, second))
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    told = bench.propose(buy(action="cancel", order_id=order.order_id, price=0, instrument=second.id))
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["order_form"]
    assert bench.order(order).cancel == ""


# --- refused once per change ---------------------------------------------------------------------------


def test_the_same_refusal_is_recorded_once_and_then_counted() -> None:
    bench = Bench()
    assert len([f for f in bench.propose(buy(fair=None)) if isinstance(f, IntentRefused)]) == 1
    for _ in range(5):
        assert bench.later(SECOND).propose(buy(fair=None)) == []
    bench.take(StreamProven("sim", bench.now))
    bench.halt("clock_jump")
    changed = bench.propose(buy(fair=None))
    assert [(f.reason, f.repeats) for f in changed if isinstance(f, IntentRefused)] == [("level", 5)]
    assert bench.propose(buy(fair=None)) == []


def test_each_strategy_market_action_and_side_has_a_refusal_of_its_own() -> None:
    second = a_market("KXTEST-26JAN05-B49.5")
    bench = Bench(markets=(MARKET, second), strategies=(other := Scripted("other"),))
    other.says = [buy(fair=None)]
    told = bench.propose(buy(fair=None), sell(fair=None), buy(fair=None, instrument=second.id), close())
    refused = [fact.intent for fact in told if isinstance(fact, IntentRefused)]
    assert len({(i.strategy, i.instrument, i.action, i.side) for i in refused}) == len(refused) == 5


def test_a_refusal_after_a_release_is_recorded_anew() -> None:
    bench = Bench()
    bench.propose(buy(fair=None))
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Refused("no", ""))
    assert "IntentRefused" in kinds(bench.propose(buy(fair=None)))


@given(st.lists(st.sampled_from((None, 500_000, 520_000)), min_size=1, max_size=12))
def test_records_and_counts_together_are_all_refusals(estimates: list[int | None]) -> None:
    """Without an estimate or below the edge: the failing rules are the same, so only the first is recorded."""
    bench = Bench()
    for fair in estimates:
        bench.propose(buy(fair=fair))
    bench.halt("clock_jump")
    bench.propose(buy(fair=None))
    refused = bench.of(IntentRefused)
    assert [fact.repeats for fact in refused] == [0, len(estimates) - 1]


def test_an_entry_whose_strategy_does_not_run_any_more_is_taken_off_and_one_that_runs_is_left() -> None:
    bench = Bench()
    (order,) = [fact.order for fact in bench.propose(buy()) if isinstance(fact, OrderReleased)]
    bench.accept(order)
    bench.restart()
    assert "CancelReleased" not in kinds(bench.cycle())
    bench.restart(Scripted("renamed"))
    (called_back,) = [fact for fact in bench.cycle() if isinstance(fact, CancelReleased)]
    assert (called_back.order_id, called_back.by) == (order.order_id, "desk")
    assert "CancelReleased" not in kinds(bench.cycle()), "asked once, while the answer is on its way"
