"""Pace: what counts, over which stretch, where its edges lie, and that a restart forgets nothing."""

from typing import Any

import pytest
from tests.desk.support import Bench, buy, close, kinds, limits
from tests.model.support import T0, a_market

from assent.desk import pace
from assent.model.constitution import RELEASES_MOST, Constitution
from assent.model.facts import IntentRefused
from assent.model.inputs import NotSent, Refused, Unknown
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND

NEXT_DAY = (T0 // DAY + 1) * DAY
MARKETS = tuple(a_market(f"KXTEST-26JAN05-B{n}", close_ts=T0 + 90 * DAY) for n in range(40, 52))


def desk(**values: Any) -> Bench:
    return Bench(constitution=limits(quote_proof_age_max=HOUR, open_positions_max=1_000, **values), markets=MARKETS)


def enter(bench: Bench, number: int, **terms: Any) -> str:
    """`released`, the primary reason against it, or `as before`: only counted."""
    facts = bench.propose(buy(**({"instrument": MARKETS[number].id, "qty_max": MICRO} | terms)))
    reasons = [fact.reason for fact in facts if isinstance(fact, IntentRefused)]
    return reasons[0] if reasons else "released" if "OrderReleased" in kinds(facts) else "as before"


def show_again(bench: Bench, ts: int) -> None:
    bench.later(ts - bench.now)
    for market in MARKETS:
        bench.quote(market.id)


@pytest.mark.parametrize("outcome", [Unknown("no answer"), NotSent("halted"), Refused("no", "")])
def test_what_was_released_counts_whatever_became_of_it(outcome: Any) -> None:
    bench = desk(orders_per_day_max=1)
    bench.answer(bench.release(instrument=MARKETS[0].id, qty_max=MICRO), outcome)
    assert enter(bench, 1) == "orders_per_day"


def test_what_was_refused_does_not_count() -> None:
    bench = desk(orders_per_day_max=1, entries_per_hour_max=1, entry_gap_min=MINUTE)
    assert [enter(bench, 0, fair=None) for _ in range(3)] == ["edge", "as before", "as before"]
    assert enter(bench, 0) == "released"


def test_a_day_ends_at_midnight_utc_and_not_a_nanosecond_before() -> None:
    bench = desk(orders_per_day_max=1, notional_per_day_max=500_000, trades_per_market_day_max=1)
    show_again(bench, NEXT_DAY - 30 * MINUTE)
    assert enter(bench, 0) == "released"
    show_again(bench, NEXT_DAY - 1)
    assert enter(bench, 1) == "orders_per_day"
    show_again(bench, NEXT_DAY)
    assert enter(bench, 1) == "released"


def test_an_hour_is_rolling_and_knows_no_midnight() -> None:
    bench = desk(entries_per_hour_max=1)
    show_again(bench, NEXT_DAY - MINUTE)
    assert enter(bench, 0) == "released"
    show_again(bench, NEXT_DAY + 59 * MINUTE - 1)
    assert enter(bench, 1) == "entries_per_hour"
    show_again(bench, NEXT_DAY + 59 * MINUTE)
    assert enter(bench, 1) == "released"


def test_a_cycle_is_a_stretch_of_its_length_that_ends_now() -> None:
    bench = desk(orders_per_cycle_max=2, cycle_length=10 * SECOND)
    assert [enter(bench, n) for n in range(3)] == ["released", "released", "max_orders_per_cycle_guard"]
    bench.later(10 * SECOND - 1)
    assert enter(bench, 2) == "as before"
    bench.later(1)
    assert enter(bench, 2) == "released"


def test_the_notional_of_a_cycle_stops_exactly_at_its_limit() -> None:
    for cap, last in ((1_000_000, "released"), (999_999, "max_notional_per_cycle_guard")):
        bench = desk(notional_per_cycle_max=cap)
        assert enter(bench, 0) == "released"
        assert enter(bench, 1) == last


def test_the_gap_between_entries_ends_at_its_own_length() -> None:
    bench = desk(entry_gap_min=MINUTE)
    assert enter(bench, 0) == "released"
    bench.later(MINUTE - 1)
    assert enter(bench, 1) == "entry_gap"
    bench.later(1)
    assert enter(bench, 1) == "released"


def test_leaving_is_never_slowed_down_and_counts_as_an_order_but_not_as_an_entry() -> None:
    bench = desk(orders_per_day_max=2, entries_per_hour_max=2, entry_gap_min=0)
    bench.hold(instrument=MARKETS[0].id, qty_max=MICRO)
    assert "OrderReleased" in kinds(bench.propose(close(instrument=MARKETS[0].id)))
    assert (bench.state.pace.orders, sum(bench.state.pace.entries.values())) == (2, 1)
    assert enter(bench, 1) == "orders_per_day"


def test_a_restart_forgets_no_release() -> None:
    bench = desk(orders_per_day_max=3)
    for number in range(3):
        enter(bench, number)
    before = bench.state.pace
    bench.restart()
    assert bench.state.pace == before
    assert len(before.recent) == before.orders == 3


def test_what_is_remembered_one_by_one_is_bounded_and_a_full_memory_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "RELEASES_MOST", 2)
    bench = desk(notional_per_cycle_max=100 * MICRO)
    assert [enter(bench, n) for n in range(3)] == ["released", "released", "max_notional_per_cycle_guard"]
    assert len(bench.state.pace.recent) == 2


def test_no_limit_in_force_can_ask_for_more_than_is_remembered() -> None:
    assert Constitution().orders_per_cycle_max == Constitution().entries_per_hour_max == RELEASES_MOST
