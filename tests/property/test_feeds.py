"""Anything at all from a feed or a venue: kept out and counted, or refused by the encoder; never a fact as it is."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, buy
from tests.model.support import HOSTILE, T0, anything

from assent.desk.desk import Desk
from assent.model import inputs
from assent.model.facts import InputRejected, encode_fact
from assent.model.inputs import Accepted, Input, QuoteSeen, input_fault, quote_fault
from assent.model.orders import Correction, Fill
from assent.model.units import MICRO


def a_bench() -> tuple[Bench, Any, Fill]:
    bench = Bench()
    order = bench.release(qty_max=10 * MICRO)
    fill = bench.a_fill(order, MICRO, fee=0)
    bench.take(inputs.FillSeen(fill, bench.now))
    return bench, order, fill


def market_inputs(bench: Bench, order: Any, fill: Fill) -> list[Input]:
    now, name = bench.now, MARKET.id
    return [
        inputs.BarSeen(name, 490_000, 500_000, 480_000, 500_000, 0, now, now),
        inputs.ForecastSeen(name, 500_000, "model", now, now),
        inputs.PhaseSeen(name, "paused", now, now),
        inputs.SettlementSeen(name, "scalar", 500_000, now, now),
        inputs.StreamProven("sim", now),
        inputs.CashSeen(5, "deposit", now),
        inputs.RejectionSeen("market_data_crossed", "sim", name, now),
    ]


def order_inputs(bench: Bench, order: Any, fill: Fill) -> list[Input]:
    now, name = bench.now, order.order_id
    return [
        inputs.FillSeen(msgspec.structs.replace(fill, fill_id="another"), now),
        inputs.CorrectionSeen(Correction(fill.fill_id, 490_000, MICRO, 0, now), now),
        inputs.SendAnswered(name, Accepted("v", 0, MICRO), now),
        inputs.OrderClosedSeen(name, "expired", MICRO, now),
        inputs.AccountSeen(bench.state.cash, (inputs.Holding(MARKET.id, MICRO),), (), "sim", now, now),
    ]


def planted(inp: Any, name: str, thing: Any) -> Any:
    """The input with one field, or one field of what it carries, replaced."""
    for inner in ("fill", "correction", "outcome"):
        carried = getattr(inp, inner, None)
        if carried is not None and name in carried.__struct_fields__:
            return msgspec.structs.replace(inp, **{inner: msgspec.structs.replace(carried, **{name: thing})})
    return msgspec.structs.replace(inp, **{name: thing})


NUMBERS = {
    "BarSeen": ("open", "high", "low", "close", "volume", "start_ts"),
    "ForecastSeen": ("probability_ppm",),
    "SettlementSeen": ("value", "result"),
    "CashSeen": ("amount", "reference", "transfer_id"),
    "PhaseSeen": ("phase",),
    "RejectionSeen": ("source", "detail"),
    "FillSeen": ("price", "qty", "fee", "side", "instrument"),
    "CorrectionSeen": ("price", "qty", "fee", "venue_ts"),
    "SendAnswered": ("filled", "remaining", "venue_order_id"),
    "OrderClosedSeen": ("filled", "why"),
    "AccountSeen": ("cash", "source"),
}


def facts_of(bench: Bench, inp: Any) -> list[Any]:
    facts = list(bench.desk.handle(bench.now, inp))
    for fact in facts:
        encode_fact(fact)
    return facts


@pytest.mark.parametrize("kind", ["BarSeen", "ForecastSeen", "SettlementSeen"])
def test_hostile_market_data_is_counted_and_the_desk_lives(kind: str) -> None:
    for name in (name for name in NUMBERS[kind] if name != "result"):
        for thing in HOSTILE:
            bench, order, fill = a_bench()
            inp = next(i for i in market_inputs(bench, order, fill) if type(i).__name__ == kind)
            told = facts_of(bench, planted(inp, name, thing))
            assert not told or all(isinstance(fact, InputRejected) for fact in told) or type(thing) is int
            assert bench.cycle() is not None


def door_and_desk(inp: Any, bench: Bench) -> bool:
    """As the runtime does it: what does not survive its own bytes is kept out, the rest reaches the desk."""
    if input_fault(inp):
        return False
    facts_of(bench, inp)
    return True


@given(st.sampled_from(sorted(NUMBERS)), st.integers(0, 5), anything)
def test_what_passes_the_door_never_breaks_the_desk_and_every_fact_of_it_has_bytes(
    kind: str, field: int, thing: Any
) -> None:
    bench, order, fill = a_bench()
    offered = market_inputs(bench, order, fill) + order_inputs(bench, order, fill)
    inp = next(i for i in offered if type(i).__name__ == kind)
    name = NUMBERS[kind][field % len(NUMBERS[kind])]
    door_and_desk(planted(inp, name, thing), bench)
    assert sum(bench.state.accounts.values()) == 0
    bench.cycle()


@pytest.mark.parametrize("kind", sorted(NUMBERS))
def test_every_hostile_thing_is_stopped_at_the_door_or_handled_by_the_desk(kind: str) -> None:
    for name in NUMBERS[kind]:
        for thing in HOSTILE:
            bench, order, fill = a_bench()
            offered = market_inputs(bench, order, fill) + order_inputs(bench, order, fill)
            inp = next(i for i in offered if type(i).__name__ == kind)
            if door_and_desk(planted(inp, name, thing), bench):
                assert type(thing) in (int, str)


@pytest.mark.parametrize("kind", sorted(NUMBERS))
def test_what_is_honest_passes_the_door(kind: str) -> None:
    bench, order, fill = a_bench()
    offered = market_inputs(bench, order, fill) + order_inputs(bench, order, fill)
    assert door_and_desk(next(i for i in offered if type(i).__name__ == kind), bench)


@given(st.lists(st.tuples(anything, anything, anything, anything), max_size=6))
def test_a_quote_reaches_a_fact_only_if_it_is_true(quotes: list[tuple[Any, Any, Any, Any]]) -> None:
    bench = Bench()
    for values in quotes:
        quote = QuoteSeen(MARKET.id, *values, bench.now, bench.now)
        if quote_fault(MARKET, quote) is None:
            bench.take(quote)
        bench.propose(buy(qty_max=10_000))


def test_a_desk_without_a_seal_states_nothing() -> None:
    desk = Desk()
    with pytest.raises(Exception, match="seal_is_first_and_once"):
        desk.handle(T0, inputs.CashSeen(1, "deposit", T0))
