"""What the venue does beyond its timetable: trades taken back, outcomes amended, pauses, a close that moves."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.support import CENT, CLOSES, MARKET, TIMER, Floor, accepted

from assent.exchange import acts
from assent.exchange.boxed import BoxedExchange
from assent.exchange.grid import DECI_CENT, LINEAR_CENT
from assent.exchange.types import (
    DAY,
    MICRO,
    MINUTE,
    SECOND,
    Accepted,
    CloseMoved,
    Determined,
    ExchangeChanged,
    ExchangeError,
    FillCorrected,
    MarketChanged,
    NewOrder,
    OrderClosed,
    PriceBand,
    Rejected,
    Settled,
)


def traded(floor: Floor, cents: float = 40, contracts: float = 10) -> str:
    """Bob sells to Ann; the trade's id."""
    floor.buy("ann", cents, contracts)
    floor.sell("bob", cents, contracts)
    return floor.histories["ann"].fills[-1].fill_id


def money(floor: Floor) -> tuple[int, ...]:
    return tuple(floor.cash(name) for name in ("ann", "bob", "cat"))


# --- trades taken back -----------------------------------------------------------------------------------


def test_a_busted_trade_gives_both_sides_back_every_micro() -> None:
    floor = Floor()
    before = money(floor)
    trade = traded(floor)
    floor.exchange.correct_trade(floor.now, trade, 40 * CENT, 0)
    assert money(floor) == before
    assert floor.position("ann") == floor.position("bob") == 0
    assert floor.exchange.balance("bob").fees_paid == 0
    floor.exchange.check()


def test_a_corrected_trade_counts_as_what_it_really_was() -> None:
    floor, plain = Floor(), Floor()
    trade = traded(floor)
    floor.exchange.correct_trade(floor.now, trade, 35 * CENT, 4 * MICRO)
    plain.buy("ann", 35, 4)
    plain.sell("bob", 35, 4)
    assert money(floor) == money(plain)
    assert floor.position("ann") == -floor.position("bob") == 4 * MICRO
    floor.exchange.check()


def test_both_members_are_told_and_may_ask_and_an_order_counts_what_it_once_executed() -> None:
    floor = Floor()
    trade = traded(floor)
    floor.exchange.drain()
    floor.exchange.correct_trade(floor.now, trade, 40 * CENT, 0)
    told = floor.events(FillCorrected)
    assert [(e.account, e.corrected.fill_id, e.corrected.qty) for e in told] == [("bob", trade, 0), ("ann", trade, 0)]
    assert floor.histories["ann"].corrections == [told[1].corrected]
    assert floor.histories["ann"].views()[0].filled == 10 * MICRO


@pytest.mark.parametrize("value", [0, MICRO, 333_300])
def test_a_trade_taken_back_after_settlement_costs_what_it_would_have_without_it(value: int) -> None:
    result = {0: "no", MICRO: "yes"}.get(value, "scalar")
    floor, plain = Floor(), Floor()
    traded(floor, 60, 3)
    trade = traded(floor)
    traded(plain, 60, 3)
    for each in (floor, plain):
        each.settle(result, value)
    floor.exchange.correct_trade(floor.now, trade, 40 * CENT, 0)
    assert money(floor) == money(plain)
    floor.exchange.check()


def test_a_correction_of_a_correction_stands() -> None:
    floor, plain = Floor(), Floor()
    trade = traded(floor)
    for cents, contracts in ((30, 5), (35, 2)):
        floor.exchange.correct_trade(floor.now, trade, cents * CENT, contracts * MICRO)
    plain.buy("ann", 35, 2)
    plain.sell("bob", 35, 2)
    assert money(floor) == money(plain)


def test_whose_money_was_taken_back_has_no_orders_on_the_book() -> None:
    """Ann gained by closing and lent the gain to an order; the gain never was."""
    floor = Floor(cash=11 * MICRO)
    floor.buy("ann", 10, 10)
    floor.sell("bob", 10, 10)
    floor.buy("cat", 90, 10)
    floor.sell("ann", 90, 10)
    profitable = floor.histories["ann"].fills[-1].fill_id
    resting = floor.buy("ann", 50, 30)
    floor.exchange.drain()
    floor.exchange.correct_trade(floor.now, profitable, 90 * CENT, 0)
    assert [(e.order_id, e.reason) for e in floor.events(OrderClosed)] == [(resting.order_id, "margin_cancel")]
    floor.exchange.check()


@pytest.mark.parametrize(
    ("trade", "price", "qty"),
    [("T999", 40 * CENT, 0), (None, 40 * CENT, 11 * MICRO), (None, 40 * CENT, 1), (None, 0, 0), (None, 7, MICRO)],
)
def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(trade: str | None, price: int, qty: int) -> None:
    floor = Floor()
    real = traded(floor)
    before = money(floor)
    with pytest.raises(ExchangeError):
        floor.exchange.correct_trade(floor.now, trade or real, price, qty)
    assert money(floor) == before


steps = st.lists(
    st.tuples(
        st.sampled_from(("buy", "sell")), st.integers(1, 99), st.integers(1, 40), st.sampled_from(("ann", "bob", "cat"))
    ),
    min_size=4,
    max_size=14,
)


@given(
    steps, st.lists(st.tuples(st.integers(0, 50), st.integers(1, 99), st.integers(0, 40)), max_size=4), st.booleans()
)
def test_no_correction_makes_or_loses_a_micro(trades: Any, corrections: Any, after: bool) -> None:
    floor = Floor()
    for side, cents, hundredths, name in trades:
        floor.submit(name, floor.order(side, cents, hundredths / 100))
    if after:
        floor.settle("scalar", 333_300)
    known = floor.histories["ann"].fills
    for which, cents, hundredths in corrections:
        if known:
            fill = known[which % len(known)]
            latest = [c.qty for c in floor.histories["ann"].corrections if c.fill_id == fill.fill_id] or [fill.qty]
            qty = min(latest[-1], hundredths * 10_000)
            floor.exchange.correct_trade(floor.now, fill.fill_id, cents * CENT, qty)
        floor.exchange.check()


# --- outcomes amended ------------------------------------------------------------------------------------


def test_an_outcome_amended_before_it_is_paid_is_paid_once_as_amended() -> None:
    floor = Floor()
    traded(floor)
    cash = floor.cash("ann")
    floor.exchange.determine(floor.now, MARKET, "yes", MICRO)
    floor.exchange.amend(floor.now + SECOND, MARKET, "scalar", 250_000)
    assert [(e.result, e.value) for e in floor.events(Determined)] == [("yes", MICRO), ("scalar", 250_000)]
    floor.exchange.advance(floor.now + TIMER)
    assert floor.cash("ann") == cash + 2_500_000
    assert len(floor.histories["ann"].settlements) == 1


@pytest.mark.parametrize(("first", "then"), [(MICRO, 0), (0, MICRO), (333_300, MICRO), (MICRO, 123_400)])
def test_an_outcome_amended_after_it_was_paid_is_compensated(first: int, then: int) -> None:
    names = {0: "no", MICRO: "yes"}
    floor, plain = Floor(), Floor()
    for each, value in ((floor, first), (plain, then)):
        traded(each, 40, 0.07)
        each.settle(names.get(value, "scalar"), value)
    floor.exchange.drain()
    floor.exchange.amend(floor.now, MARKET, names.get(then, "scalar"), then)
    assert money(floor) == money(plain)
    assert [(e.value) for e in floor.events(Settled)] == [then]
    assert [row.value for row in floor.histories["ann"].settlements] == [first, then]
    floor.exchange.check()


def test_there_is_nothing_to_amend_before_a_result() -> None:
    floor = Floor()
    with pytest.raises(ExchangeError, match="no result to amend"):
        floor.exchange.amend(floor.now, MARKET, "yes", MICRO)


# --- pauses ----------------------------------------------------------------------------------------------


def test_a_trading_pause_takes_no_orders_lets_cancel_and_keeps_what_rests() -> None:
    floor = Floor()
    stays, goes = floor.buy("ann", 40, 1), floor.buy("ann", 41, 1)
    floor.exchange.drain()
    floor.exchange.pause(floor.now, whole=False)
    assert floor.refused("bob", floor.order("sell", 40, 1)) == "trading_is_paused"
    assert not isinstance(floor.exchange.cancel(floor.now, "ann", goes.order_id), Rejected)
    floor.exchange.resume(floor.now)
    assert [e.status for e in floor.events(ExchangeChanged)] == ["trading_paused", "open"]
    assert [view.order_id for view in floor.exchange.resting("ann")] == [stays.order_id]
    assert accepted(floor.submit("bob", floor.order("sell", 40, 1))).filled == MICRO


def test_a_whole_pause_does_not_even_cancel_but_the_clock_runs_on() -> None:
    floor = Floor()
    order = floor.buy("ann", 40, 1, expires_ts=floor.now + MINUTE)
    floor.exchange.pause(floor.now, whole=True)
    answer = floor.exchange.cancel(floor.now, "ann", order.order_id)
    assert isinstance(answer, Rejected)
    assert answer.code == "exchange_is_paused"
    assert floor.refused("bob", floor.order("sell", 40, 1)) == "exchange_is_paused"
    assert floor.refused("bob", floor.order("sell", 40, 1, tif="never")) == "invalid_parameters"
    floor.exchange.advance(floor.now + MINUTE)
    assert floor.exchange.resting("ann") == []


def test_a_pause_of_what_is_paused_is_a_bug() -> None:
    floor = Floor()
    floor.exchange.pause(floor.now, whole=True)
    with pytest.raises(ExchangeError, match="already"):
        floor.exchange.pause(floor.now, whole=True)


# --- a close that moves ----------------------------------------------------------------------------------


@pytest.mark.parametrize("moved", [CLOSES - 100 * SECOND, CLOSES + 100 * SECOND])
def test_a_market_closes_when_it_was_last_said_to(moved: int) -> None:
    floor = Floor()
    floor.exchange.move_close(floor.now, MARKET, moved)
    assert [e.close_ts for e in floor.events(CloseMoved)] == [moved]
    floor.exchange.advance(moved - 1)
    assert floor.events(MarketChanged) == []
    floor.exchange.advance(max(moved, CLOSES))
    assert [(e.status, e.ts) for e in floor.events(MarketChanged)] == [("closed", moved)]
    with pytest.raises(ExchangeError, match="cannot be moved"):
        floor.exchange.move_close(floor.exchange.now, MARKET, moved + DAY)


@pytest.mark.parametrize("when", [0, 1])
def test_a_close_in_the_past_is_a_bug(when: int) -> None:
    floor = Floor()
    with pytest.raises(ExchangeError):
        floor.exchange.move_close(floor.now, MARKET, when)


# --- as data, and in the journal ---------------------------------------------------------------------------

MIDNIGHT = 20_458 * DAY
HOUR = 60 * MINUTE


def opened(path: Path | None, **more: Any) -> BoxedExchange:
    return BoxedExchange.open(path, seed=7, start_ts=MIDNIGHT, account="desk", cash=1_000 * MICRO, **more)


def drilled(exchange: BoxedExchange) -> str:
    """Buy something, then let the venue do each of its acts once; the market of it all."""
    now = MIDNIGHT + HOUR
    exchange.step_until(now)
    market = next(v.spec.ticker for v in exchange.markets() if v.ask is not None and v.ask_qty >= MICRO)
    other = next(v.spec.ticker for v in exchange.markets() if v.spec.ticker != market)
    ask = exchange.top(market).ask
    assert isinstance(exchange.submit(now, NewOrder("c-1", market, "buy", ask or 0, MICRO, tif="ioc")), Accepted)
    trade = exchange.fills()[-1].fill_id
    doings: list[acts.Act] = [
        acts.PauseMarket(other), acts.ResumeMarket(other), acts.PauseExchange(whole=True), acts.ResumeExchange(),
        acts.ChangeGrid(other, DECI_CENT), acts.MoveClose(other, now + 3 * HOUR),
        acts.CorrectTrade(trade, 10 * CENT, 500_000), acts.Determine(market, "scalar", 333_300),
    ]  # fmt: skip
    for act in doings:
        now += MINUTE
        exchange.carry_out(now, act)
    exchange.step_until(now + 2 * MINUTE)
    exchange.carry_out(now + 3 * MINUTE, acts.Amend(market, "yes", MICRO))
    return market


def picture(exchange: BoxedExchange) -> Any:
    return (
        exchange.balance(), exchange.positions(), exchange.orders(), exchange.fills(), exchange.corrections(),
        exchange.settlements(), exchange.markets(), exchange.status, exchange.audit(),
    )  # fmt: skip


@pytest.mark.usefixtures("one_event")
@pytest.mark.parametrize("later", [0, 2 * DAY])
@pytest.mark.parametrize("replay", [False, True])
def test_a_journal_remembers_what_the_venue_did(tmp_path: Path, later: int, replay: bool) -> None:
    path, until = tmp_path / "journal", MIDNIGHT + 5 * HOUR + later
    exchange = opened(path)
    drilled(exchange)
    exchange.step_until(until)
    expected = picture(exchange)
    assert [row.value for row in exchange.settlements()] == [333_300, MICRO]
    assert [row.qty for row in exchange.corrections()] == [500_000]
    exchange.close()
    again = opened(path, replay_everything=replay)
    again.catch_up(until)
    assert picture(again) == expected
    again.close()


def test_a_refused_act_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    exchange = opened(path)
    exchange.step_until(MIDNIGHT + HOUR)
    market = exchange.markets()[0].spec.ticker
    size = path.stat().st_size
    for act in (
        acts.ResumeMarket(market), acts.ResumeExchange(), acts.Determine(market, "yes", 5),
        acts.CorrectTrade("T1", 1, 1), acts.ChangeGrid(market, (PriceBand(0, MICRO, 7),)), acts.PauseMarket("KXNEVER"),
        acts.Amend(market, "no", 0),
    ):  # fmt: skip
        with pytest.raises(ExchangeError):
            exchange.carry_out(MIDNIGHT + HOUR, act)
    assert path.stat().st_size == size
    view = exchange.market(market)
    assert view is not None
    assert (view.status, view.price_bands) == ("active", LINEAR_CENT)
    exchange.close()
