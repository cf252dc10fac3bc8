"""Losses: at, below and above each limit; what shifts a baseline; what ends a halt, and when; and that none is soft."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, buy, close, kinds, limits
from tests.model.support import FREE, T0, a_market

from assent.desk import worth
from assent.desk.fold import fold
from assent.model.facts import EquityMarked, HaltCleared, HaltRaised, IntentRefused
from assent.model.inputs import CashSeen
from assent.model.levels import Level
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND

NEXT_DAY = (T0 // DAY + 1) * DAY
FREE_MARKET = a_market(fees=FREE, close_ts=T0 + 90 * DAY)
BESIDE = a_market("KXTEST-26JAN05-B49.5", fees=FREE, close_ts=T0 + 90 * DAY)


def desk(**values: Any) -> Bench:
    """Ten contracts at fifty of a hundred dollars, marked at fifty."""
    bench = Bench(
        constitution=limits(quote_proof_age_max=HOUR, **values), cash=100 * MICRO, markets=(FREE_MARKET, BESIDE)
    )
    bench.quote(MARKET.id, 500_000, 510_000)
    for _ in range(10):
        bench.hold(qty_max=MICRO)
    bench.cycle()
    assert bench.state.equity == 100 * MICRO
    return bench


def fall(bench: Bench, cents: int) -> list[Any]:
    """The bid falls by so many cents: ten times as many of loss."""
    bid = 500_000 - cents * 10_000
    bench.quote(MARKET.id, bid, bid + 10_000)
    return bench.cycle()


def at(bench: Bench, ts: int) -> list[Any]:
    bench.later(ts - bench.now)
    return bench.cycle()


LOSSES = {"daily_loss": "daily_loss", "weekly_loss": "weekly_loss", "monthly_loss": "monthly_loss"}


@pytest.mark.parametrize("cause", LOSSES)
@pytest.mark.parametrize(
    "values", [{"max": 1_000_000}, {"fraction_max": 10_000}, {"max": 1_000_000, "fraction_max": 20_000}]
)
@pytest.mark.parametrize(("cents", "halts"), [(9, False), (10, True), (11, True)])
def test_a_loss_halts_at_and_above_its_limit_and_not_below(
    cause: str,
    values: dict[str, int],
    cents: int,
    halts: bool,
) -> None:
    bench = desk(**{f"{cause}_{key}": value for key, value in values.items()})
    told = fall(bench, cents)
    assert [f.cause for f in told if isinstance(f, HaltRaised)] == ([cause] if halts else [])
    assert bench.state.level == (Level.REDUCING if halts else Level.TRADING)


@pytest.mark.parametrize(("bid", "halts"), [(500_000, False), (490_000, True), (480_000, True)])
def test_a_drawdown_is_measured_from_the_peak(bid: int, halts: bool) -> None:
    """Up by ten cents a contract to 101 dollars; one per cent of that is a dollar and one cent."""
    bench = desk(drawdown_fraction_max=10_000)
    fall(bench, -10)
    assert bench.state.worth.peak == 101 * MICRO
    bench.quote(MARKET.id, bid, bid + 10_000)
    assert ("HaltRaised" in kinds(bench.cycle())) == halts


def test_a_halt_for_a_loss_stands_right_after_the_mark_that_shows_it() -> None:
    told = kinds(fall(desk(daily_loss_max=MICRO), 20))
    assert told.index("HaltRaised") == told.index("EquityMarked") + 1


def test_a_halted_day_still_lets_the_position_go() -> None:
    bench = desk(daily_loss_max=MICRO)
    fall(bench, 20)
    assert "IntentRefused" in kinds(bench.propose(buy(instrument=BESIDE.id)))
    assert "OrderReleased" in kinds(bench.propose(close(price=300_000)))


@pytest.mark.parametrize(
    ("cause", "ends"),
    [
        ("daily_loss", datetime(2026, 1, 6, tzinfo=UTC)),
        ("weekly_loss", datetime(2026, 1, 12, tzinfo=UTC)),
        ("monthly_loss", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_the_calendar_ends_a_loss_on_record_and_not_a_nanosecond_early(cause: str, ends: datetime) -> None:
    bench = desk(**{f"{cause}_max": MICRO})
    fall(bench, 20)
    boundary = int(ends.timestamp()) * SECOND
    assert not [f for f in at(bench, boundary - 1) if isinstance(f, HaltCleared)]
    assert [(f.cause, f.by) for f in at(bench, boundary) if isinstance(f, HaltCleared)] == [(cause, "desk")]
    assert bench.state.level == Level.TRADING
    bench.quote(BESIDE.id)
    assert "OrderReleased" in kinds(bench.propose(buy(instrument=BESIDE.id, qty_max=MICRO)))


def test_the_day_after_a_losing_day_begins_at_what_is_left() -> None:
    bench = desk(daily_loss_max=MICRO)
    fall(bench, 20)
    at(bench, NEXT_DAY)
    assert not [f for f in fall(bench, 29) if isinstance(f, HaltRaised)]
    assert [f.cause for f in fall(bench, 30) if isinstance(f, HaltRaised)] == ["daily_loss"]


def test_what_was_lost_overnight_counts_as_todays() -> None:
    bench = desk(daily_loss_max=MICRO)
    bench.later(NEXT_DAY - bench.now)
    assert [f.cause for f in fall(bench, 10) if isinstance(f, HaltRaised)] == ["daily_loss"]


@pytest.mark.parametrize("amount", [50 * MICRO, -50 * MICRO])
@pytest.mark.parametrize("cents", [0, 9, 10])
def test_the_owners_own_transfers_are_no_gain_and_no_loss(amount: int, cents: int) -> None:
    bench = desk(daily_loss_max=MICRO, weekly_loss_max=MICRO, monthly_loss_max=MICRO)
    bench.take(CashSeen(amount, "transfer", bench.now))
    lost = worth.loss_of(bench.state, "day", bench.now)
    assert lost is not None
    assert lost.amount == 0
    fall(bench, cents)
    assert {f.cause for f in bench.of(HaltRaised)} == (set(LOSSES) if cents == 10 else set())


def test_a_withdrawal_after_the_peak_is_no_drawdown() -> None:
    bench = desk(drawdown_fraction_max=100_000)
    bench.take(CashSeen(-60 * MICRO, "withdrawal", bench.now))
    bench.cycle()
    assert not bench.of(HaltRaised)
    assert bench.state.worth.peak == 40 * MICRO


def test_a_drawdown_waits_for_a_person_who_begins_a_new_peak() -> None:
    bench = desk(drawdown_fraction_max=20_000)
    assert [(f.cause, f.reset) for f in fall(bench, 20) if isinstance(f, HaltRaised)] == [("drawdown", "human")]
    at(bench, NEXT_DAY)
    assert bench.state.level == Level.REDUCING
    bench.match()
    bench.resume("drawdown")
    bench.cycle()
    assert (bench.state.level, bench.state.worth.peak) == (Level.TRADING, 98 * MICRO)


def test_nobody_lifts_a_daily_loss_before_its_day_is_over() -> None:
    bench = desk(daily_loss_max=MICRO)
    fall(bench, 20)
    bench.match()
    assert kinds(bench.resume("daily_loss")) == ["ResumeRefused"]


def lose(bench: Bench, number: int, result: Any = "no") -> None:
    market = a_market(f"KXTEST-26JAN05-L{number}", fees=FREE, close_ts=T0 + 90 * DAY)
    bench.show(market)
    bench.hold(instrument=market.id, qty_max=MICRO)
    bench.settle(result, name=market.id)


def test_losing_trades_in_a_row_pause_until_the_next_day_and_a_winner_breaks_the_row() -> None:
    bench = desk(losing_streak_max=2)
    lose(bench, 1)
    lose(bench, 2, "yes")
    lose(bench, 3)
    bench.cycle()
    assert (bench.state.worth.streak, bench.of(HaltRaised)) == (1, [])
    lose(bench, 4)
    assert [f.cause for f in bench.cycle() if isinstance(f, HaltRaised)] == ["loss_streak"]
    assert "HaltCleared" in kinds(at(bench, NEXT_DAY))
    assert bench.state.worth.streak == 0


def test_a_trade_that_only_paid_its_fees_was_lost() -> None:
    bench = Bench()
    order = bench.hold(qty_max=MICRO)
    bench.quote(bid=500_000, ask=510_000)
    leaving = next(f.order for f in bench.propose(close(price=500_000)) if hasattr(f, "order"))
    bench.accept(leaving, filled=order.qty)
    bench.fill(leaving)
    assert bench.state.worth.streak == 1
    assert bench.state.worth.trades == {}


def test_after_a_losing_trade_the_desk_cools_down() -> None:
    bench = desk(cool_down_min=MINUTE)
    lose(bench, 1)
    idea = buy(instrument=BESIDE.id, qty_max=MICRO)
    bench.later(MINUTE - 1)
    assert [f.reason for f in bench.propose(idea) if isinstance(f, IntentRefused)] == ["cooldown_active"]
    bench.later(1)
    assert "OrderReleased" in kinds(bench.propose(idea))


def test_baselines_peak_and_streak_survive_a_restart() -> None:
    bench = desk(daily_loss_max=5 * MICRO)
    fall(bench, 7)
    lose(bench, 1)
    before = bench.state.worth
    bench.restart()
    assert bench.state.worth == before
    assert fold(bench.records).worth == before


def test_an_account_without_money_is_not_halted_for_a_part_of_nothing() -> None:
    bench = Bench(constitution=limits(daily_loss_fraction_max=10_000, drawdown_fraction_max=10_000), cash=0)
    bench.cycle()
    assert bench.of(EquityMarked)
    assert not bench.of(HaltRaised)
    assert "daily_loss_guard" in [
        c.rule for f in bench.propose(buy()) if isinstance(f, IntentRefused) for c in f.checks if not c.ok
    ]


def test_the_rules_own_worst_is_part_of_the_days_loss() -> None:
    """Ninety cents lost of a dollar: ten cents are left to lose, fees none."""
    bench = desk(daily_loss_max=MICRO)
    fall(bench, 9)
    told = bench.propose(buy(instrument=BESIDE.id, price=500_000, qty_max=210_000))
    assert [f.reason for f in told if isinstance(f, IntentRefused)] == ["daily_loss_guard"]
    assert "OrderReleased" in kinds(bench.propose(buy(instrument=BESIDE.id, price=500_000, qty_max=200_000)))


@given(st.integers(min_value=0, max_value=200 * 365))
def test_periods_are_those_of_the_calendar(day: int) -> None:
    then = datetime.fromtimestamp(day * 86_400, UTC)
    after = datetime.fromtimestamp((day + 1) * 86_400, UTC)
    ts = day * DAY
    assert (worth.period("week", ts + DAY) != worth.period("week", ts)) == (after.weekday() == 0)
    assert (worth.period("month", ts + DAY) != worth.period("month", ts)) == (after.month != then.month)
    assert worth.period("day", ts + DAY - 1) == worth.period("day", ts)
