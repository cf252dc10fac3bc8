"""Observe: the whole road, and at its end an order that would be released. Nothing can send it, nothing is at stake."""

from typing import Any

import pytest
from msgspec import structs
from tests.desk.support import MARKET, WIDE, Bench, Scripted, buy, kinds, limits, sell
from tests.model.support import a_future

from assent.desk.exposure import total_exposure
from assent.desk.fold import evolve
from assent.desk.story import find, tell
from assent.model.errors import InvariantBroken
from assent.model.exits import Exits
from assent.model.facts import (
    CancelReleased,
    ConstitutionChanged,
    Fact,
    IntentProposed,
    IntentRefused,
    LookRequested,
    OrderReleased,
)
from assent.model.inputs import CancelAsked, ConstitutionOffered, LookAnswered, QuoteSeen
from assent.model.orders import Order, order_digest
from assent.model.units import MICRO, MINUTE, SECOND
from assent.model.would import AckSimulated, WouldOrderEnded, WouldRelease


def watching(**values: Any) -> Bench:
    return Bench(mode="observe", constitution=limits(**values))


def would(bench: Bench, **terms: Any) -> Order:
    found = [fact.order for fact in bench.propose(buy(**{"qty_max": MICRO} | terms)) if isinstance(fact, WouldRelease)]
    assert len(found) == 1, bench.facts[-1]
    return found[0]


def ends(facts: list[Fact]) -> list[str]:
    return [fact.why for fact in facts if isinstance(fact, WouldOrderEnded)]


def test_an_idea_that_passes_ends_in_an_order_that_would_be_released_and_an_answer_that_is_simulated() -> None:
    bench = watching()
    told = bench.propose(buy(qty_max=MICRO))
    assert kinds(told) == ["InstrumentListed", "IntentProposed", "WouldRelease", "AckSimulated"]
    order = told[2].order  # type: ignore[union-attr]
    assert (told[2].digest, told[2].assent) == (order_digest(order), "autonomous")  # type: ignore[union-attr]
    assert told[3] == AckSimulated(order.order_id, MICRO)


def test_the_order_is_the_one_that_paper_would_release() -> None:
    paper, observe = Bench(ledger="1" * 16), Bench(mode="observe", ledger="1" * 16)
    assert would(observe) == paper.release(qty_max=MICRO)


def test_what_may_not_rest_ends_with_its_answer() -> None:
    told = watching().propose(buy(qty_max=MICRO, time_in_force="ioc"))
    assert kinds(told)[-3:] == ["WouldRelease", "AckSimulated", "WouldOrderEnded"]
    assert [fact.remaining for fact in told if isinstance(fact, AckSimulated)] == [0]


def test_nothing_of_it_is_money_position_or_exposure() -> None:
    bench = watching(total_exposure_max=MICRO, open_positions_max=1)
    before = bench.state.cash
    would(bench)
    state = bench.state
    assert (state.cash, state.reserved(), state.positions, state.orders) == (before, 0, {}, {})
    assert total_exposure(state) == 0


def test_it_counts_where_orders_are_counted() -> None:
    bench = watching(orders_per_day_max=2, entries_per_hour_max=1_000)
    would(bench)
    refused = [fact.reason for fact in bench.propose(buy(qty_max=MICRO)) if isinstance(fact, IntentRefused)]
    assert refused == ["one_open_intent"]
    bench.take(CancelAsked("", "ann", bench.now))
    would(bench)
    bench.take(CancelAsked("", "ann", bench.now))
    refused = [fact.reason for fact in bench.propose(buy(qty_max=MICRO)) if isinstance(fact, IntentRefused)]
    assert refused == ["orders_per_day"]
    assert bench.state.pace.orders == 2


def test_a_real_release_cannot_be_folded_into_a_ledger_of_observe() -> None:
    bench = watching()
    order = would(bench)
    with pytest.raises(InvariantBroken) as broken:
        evolve(bench.state, bench.now, OrderReleased(order, order_digest(order), "autonomous"))
    assert broken.value.code == "released_in_observe"


def test_what_would_be_released_cannot_be_folded_anywhere_else() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    with pytest.raises(InvariantBroken) as broken:
        evolve(bench.state, bench.now, WouldRelease(order, order_digest(order), "autonomous"))
    assert broken.value.code == "would_release_outside_observe"


def test_no_order_has_a_permit_in_observe_even_if_one_were_there() -> None:
    bench = watching()
    order = would(bench)
    bench.state.orders[order.order_id] = structs.replace(bench.state.would[order.order_id], status="released")
    assert bench.permit(order, bench.now) == "no_order_path"


# --- its end -----------------------------------------------------------------------------------------------


def test_it_ends_with_its_own_life() -> None:
    bench = watching()
    would(bench, life_ns=3 * SECOND)
    assert ends(bench.later(3 * SECOND - 1).cycle()) == []
    assert ends(bench.later(1).cycle()) == ["its life is over"]
    assert not bench.state.would


def test_without_a_life_of_its_own_it_ends_after_five_minutes() -> None:
    bench = watching()
    would(bench)
    assert ends(bench.later(5 * MINUTE - 1).cycle()) == []
    assert ends(bench.later(1).cycle()) == ["nothing was filled for long enough"]


def _halt(bench: Bench) -> None:
    bench.halt()


def _close(bench: Bench) -> None:
    bench.show(MARKET, phase="closed")


def _settle(bench: Bench) -> None:
    bench.settle("yes")


def _tighten(bench: Bench) -> None:
    bench.take(ConstitutionOffered(structs.replace(WIDE, edge_min=30_000), bench.now))
    assert bench.of(ConstitutionChanged)


@pytest.mark.parametrize(
    ("happens", "why"),
    [(_halt, "halted: operator"), (_close, "its market has closed"), (_settle, "its market has settled"),
     (_tighten, "limits were tightened after its release")],
)  # fmt: skip
def test_it_ends_where_a_real_one_would_be_taken_off(happens: Any, why: str) -> None:
    bench = watching()
    would(bench)
    happens(bench)
    assert ends(bench.cycle()) == [why]


def test_its_strategy_takes_it_off_and_no_cancel_is_released() -> None:
    bench = watching()
    order = would(bench)
    told = bench.propose(buy(action="cancel", order_id=order.order_id, price=0, reason="changed my mind"))
    assert kinds(told) == ["IntentProposed", "WouldOrderEnded"]
    assert ends(told) == ["changed my mind"]
    assert not bench.of(CancelReleased)


def test_a_strategy_takes_off_only_its_own() -> None:
    other = Scripted("other")
    bench = Bench(mode="observe", strategies=(other,))
    order = would(bench)
    other.says = [buy(action="cancel", order_id=order.order_id, price=0)]
    assert [f.reason for f in bench.cycle() if isinstance(f, IntentRefused)] == ["order_form"]


def test_a_person_takes_one_off() -> None:
    bench = watching()
    order = would(bench)
    assert ends(bench.take(CancelAsked("another", "ann", bench.now))) == []
    assert ends(bench.take(CancelAsked(order.order_id, "ann", bench.now))) == ["ann asked"]


def test_the_legs_of_a_bracket_would_be_released_and_end_with_their_entry() -> None:
    bench = Bench(
        mode="observe", constitution=limits(risk_per_trade_max=100 * MICRO), cash=100_000 * MICRO,
        markets=(a_future(),),
    )  # fmt: skip
    bench.bar(5_000)
    terms: Any = {
        "instrument": "MESTEST", "price": 5_000 * MICRO, "fair": 5_010 * MICRO, "qty_max": MICRO, "type": "market",
        "exits": Exits(stop_price=4_997 * MICRO), "time_in_force": "gtc",
    }  # fmt: skip
    told = bench.propose(buy(**terms))
    assert kinds(told).count("WouldRelease") == 2
    assert bench.state.pace.orders == 1
    assert ends(bench.take(CancelAsked(bench.of(WouldRelease)[0].order.order_id, "ann", bench.now))) == [
        "ann asked", "its entry would have ended",
    ]  # fmt: skip


def test_it_survives_a_restart_as_a_real_one_would() -> None:
    bench = watching()
    order = would(bench)
    bench.restart()
    assert list(bench.state.would) == [order.order_id]
    bench.match()
    bench.show(MARKET)
    assert ends(bench.later(5 * MINUTE).cycle()) == ["nothing was filled for long enough"]


def test_a_strategy_sees_it_as_one_of_its_orders() -> None:
    bench = watching()
    order = would(bench)
    assert bench.desk.view.busy(MARKET.id)
    assert [one.order_id for one in bench.desk.view.open_orders(MARKET.id)] == [order.order_id]


# --- the last look, and the story ---------------------------------------------------------------------------


def test_the_last_look_stands_on_this_road_too() -> None:
    bench = watching(look_proof_age_max=0).later(1)
    asked = next(f for f in bench.propose(sell(qty_max=MICRO)) if isinstance(f, LookRequested))
    quote = QuoteSeen(MARKET.id, 490_000, MICRO, 500_000, MICRO, bench.now, bench.now)
    told = bench.take(LookAnswered(asked.intent_id, quote, "", bench.now))
    assert kinds(told) == ["WouldRelease", "AckSimulated"]


def test_its_story_says_would() -> None:
    bench = watching()
    order = would(bench)
    records = [(seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1)]
    assert find(records, order.order_id) == (order.intent_id,)
    story = tell(records, order.intent_id)
    assert story is not None
    assert (story.verdict, story.order, story.money) == ("would be released", order, None)
    assert [type(step.fact).__name__ for step in story.steps] == ["WouldRelease", "AckSimulated"]
    assert bench.of(IntentProposed)
