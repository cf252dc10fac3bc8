"""The awkward lives of markets, ordered from the boxed exchange and lived through by a whole desk over the sim adapter.

At the end of each the two books are compared by the desk itself: what it halts for, if anything, is part of the test.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assent.desk.desk import Desk
from assent.desk.strategy import View
from assent.exchange import acts
from assent.exchange.boxed import BoxedExchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.types import DAY, PriceBand
from assent.ledger.memory import MemoryStore
from assent.model import facts
from assent.model.constitution import Constitution
from assent.model.facts import Fact
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import MICRO, MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.recovery import Identity, opening_inputs
from assent.runtime.runtime import Runtime
from assent.venue.sim.adapter import SimVenue

START = 20_458 * DAY + 60 * MINUTE
CASH = 1_000 * MICRO
SERIES = "KXHIGHSIM"
LIMITS = Constitution(
    series=(SERIES,), edge_min=1, risk_per_trade_max=10 * MICRO, open_positions_max=10, total_exposure_max=100 * MICRO,
    quote_proof_age_max=30 * SECOND,
)  # fmt: skip
IDENTITY = Identity("paper", "sim", "sim", "desk", LIMITS)
# A grid of ten cents, on which an order at a cent does not lie.
DIMES = (PriceBand(0, MICRO, 100_000),)


class Shopper:
    """Takes one contract of the first market that offers it, and rests one far below in the second."""

    name = "shopper"

    def __init__(self, life_ns: int | None) -> None:
        self.taken = self.rested = ""
        self._life_ns = life_ns

    def on_quote(self, _view: View, seen: QuoteSeen) -> list[Proposal] | None:
        if not self.taken and seen.ask is not None and 100_000 < seen.ask < 800_000 and (seen.ask_qty or 0) >= MICRO:
            self.taken = seen.instrument
            return [Proposal(seen.instrument, price=seen.ask, fair=MICRO, qty_max=MICRO)]
        if self.taken and not self.rested and seen.instrument != self.taken and (seen.bid or 0) > 50_000:
            self.rested = seen.instrument
            return [
                Proposal(
                    seen.instrument, price=10_000, fair=MICRO, qty_max=MICRO, time_in_force="gtc", life_ns=self._life_ns
                )
            ]
        return None


class Day:
    """One desk at one boxed exchange; `drill` is told once both orders stand."""

    def __init__(self, path: Path | None = None, *, life_ns: int | None = None) -> None:
        self.path = path
        self.store = MemoryStore()
        self.records: list[tuple[int, Fact]] = []
        self.exchange = self._open()
        self.shopper = Shopper(life_ns)
        self.desk = Desk([self.shopper])
        self.now = START

    def live(self, *drills: Callable[["Day"], None], after: int = 3 * MINUTE) -> "Day":
        """Wait until both orders stand, then do each drill and live on for a while."""
        virtual.run(self._live(drills, after))
        return self

    def restart(self) -> None:
        """Another process with the same ledger and the same venue."""
        self.exchange.close()
        self.exchange = self._open()
        self.desk = Desk([self.shopper])
        self.desk.restore(self.records)

    def act(self, act: acts.Act, *, after: int = 0) -> None:
        self.now = max(self.now, self.exchange.now) + after
        self.exchange.carry_out(self.now, act)

    def of(self, kind: type) -> list[Any]:
        return [fact for _, fact in self.records if type(fact) is kind]

    def order(self, instrument: str) -> Any:
        (released,) = [f for f in self.of(facts.OrderReleased) if f.order.instrument == instrument]
        return self.desk.state.find_order(released.order.order_id)

    def books_agree(self) -> bool:
        exchange, state = self.exchange, self.desk.state
        assert exchange.audit()
        held = {name: position.qty for name, position in state.positions.items()}
        return (state.cash, held, state.accounts["fees"]) == (
            exchange.balance().cash, exchange.positions(), exchange.balance().fees_paid
        )  # fmt: skip

    def _open(self) -> BoxedExchange:
        return BoxedExchange.open(self.path, seed=7, start_ts=START, account="desk", cash=CASH)

    async def _live(self, drills: tuple[Callable[["Day"], None], ...], after: int) -> None:
        clock = VirtualClock(max(self.now, self.exchange.lived_until))
        venue = SimVenue(self.exchange, clock, name="sim")
        runtime = Runtime(
            desk=self.desk, store=self.store, venue=venue, clock=clock, cycle_ns=SECOND, observers=(self._note,)
        )  # fmt: skip
        opening = opening_inputs(
            self.desk, IDENTITY, ledger_id="0" * 16, build="test", state_dir=None, now=clock.now()
        )  # fmt: skip

        async def until() -> str:
            while not (self.of(facts.FillBooked) and len(self.of(facts.OrderAccepted)) == 2):
                await clock.sleep(SECOND)
            for drill in drills:
                self.now = clock.now()
                drill(self)
                await clock.sleep(after)
            await clock.sleep(after)
            return "enough"

        await runtime.run(opening, until=until)
        self.now = clock.now()

    def _note(self, _seq: int, ts: int, fact: Fact) -> None:
        self.records.append((ts, fact))


def determine(day: Day, market: str, value: int) -> None:
    day.act(acts.Determine(market, {0: "no", MICRO: "yes"}.get(value, "scalar"), value))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, MICRO, 333_300])
def test_a_market_that_ends_early_pays_and_ends_the_order_that_rests_in_it(value: int) -> None:
    def drill(day: Day) -> None:
        determine(day, day.shopper.taken, value)
        determine(day, day.shopper.rested, value)

    day = Day().live(drill)
    assert [f.value for f in day.of(facts.MarketSettled)] == [value, value]
    assert day.order(day.shopper.rested).status == "closed"
    assert day.books_agree()
    assert not day.desk.state.halts


def test_all_markets_of_an_exclusive_event_may_end_in_yes_or_none_of_them() -> None:
    for value in (MICRO, 0):

        def drill(day: Day, value: int = value) -> None:
            for view in day.exchange.markets():
                determine(day, view.spec.ticker, value)

        day = Day().live(drill)
        assert {f.value for f in day.of(facts.MarketSettled)} == {value}
        assert day.books_agree()


def test_an_outcome_that_the_venue_amends_is_compensated_and_told() -> None:
    day = Day().live(
        lambda day: determine(day, day.shopper.taken, MICRO),
        lambda day: day.act(acts.Amend(day.shopper.taken, "scalar", 250_000)),
    )
    assert [(f.value, f.payout) for f in day.of(facts.SettlementCorrected)] == [(250_000, -750_000)]
    assert day.books_agree()
    assert day.desk.state.halts.keys() == {"settlement_changed"}


def test_an_outcome_amended_while_we_were_away_is_compensated_at_the_next_start(tmp_path: Path) -> None:
    day = Day(tmp_path / "journal").live(lambda day: determine(day, day.shopper.taken, MICRO))
    assert [f.value for f in day.of(facts.MarketSettled)] == [MICRO]
    day.act(acts.Amend(day.shopper.taken, "no", 0), after=SECOND)
    day.restart()
    day.live()
    assert [(f.value, f.payout) for f in day.of(facts.SettlementCorrected)] == [(0, -MICRO)]
    assert day.books_agree()


@pytest.mark.parametrize("qty", [0, 500_000])
@pytest.mark.parametrize("settle", [False, True])
def test_a_fill_that_the_venue_takes_back_is_taken_back_here(qty: int, settle: bool) -> None:
    def end(day: Day) -> None:
        determine(day, day.shopper.taken, 333_300)

    def take_back(day: Day) -> None:
        (fill,) = day.exchange.fills()
        day.act(acts.CorrectTrade(fill.fill_id, 100_000, qty))

    day = Day().live(*(end, take_back) if settle else (take_back,))
    assert [f.correction.qty for f in day.of(facts.FillCorrected)] == [qty]
    assert day.books_agree()
    assert not day.desk.state.halts


def test_corrections_made_while_we_were_away_come_with_the_books(tmp_path: Path) -> None:
    day = Day(tmp_path / "journal").live()
    (fill,) = day.exchange.fills()
    day.act(acts.CorrectTrade(fill.fill_id, 100_000, 500_000), after=SECOND)
    day.act(acts.CorrectTrade(fill.fill_id, 120_000, 250_000), after=SECOND)
    day.restart()
    day.live()
    assert day.desk.state.held(day.shopper.taken) == 250_000
    assert day.books_agree()
    assert not day.desk.state.halts


def test_an_order_off_a_new_grid_is_taken_off_the_book() -> None:
    day = Day().live(lambda day: day.act(acts.ChangeGrid(day.shopper.rested, DIMES)))
    assert [f.why for f in day.of(facts.CancelReleased)] == ["its price is off the market's new grid"]
    assert day.order(day.shopper.rested).status == "closed"
    assert day.exchange.open_orders() == []


def test_a_finer_grid_leaves_the_order_where_it_is() -> None:
    day = Day().live(lambda day: day.act(acts.ChangeGrid(day.shopper.rested, (PriceBand(0, MICRO, 5_000),))))
    assert day.order(day.shopper.rested).status == "working"
    assert [view.price_bands for view in day.exchange.markets()].count(LINEAR_CENT) == len(day.exchange.markets()) - 1


@pytest.mark.parametrize("whole", [False, True])
def test_a_pause_of_the_exchange_pauses_every_market_and_ends(whole: bool) -> None:
    def look(day: Day) -> None:
        phases.append({market.phase for market in day.desk.markets.values()})

    phases: list[set[Any]] = []
    pause = acts.PauseExchange(whole=whole)
    day = Day().live(lambda day: day.act(pause), look, lambda day: day.act(acts.ResumeExchange()), look)
    assert phases == [{"paused"}, {"open"}]
    # Others take their quotes away, so nothing bids for what we hold: a halt, which takes our entry off where it can.
    assert {f.why for f in day.of(facts.CancelReleased)} <= {"halted: mark_missing"}
    assert day.order(day.shopper.rested).status == ("working" if whole else "closed")
    assert day.books_agree()


def test_an_order_in_a_market_that_was_paused_is_cancelled_by_the_venue_when_it_reopens() -> None:
    day = Day().live(
        lambda day: day.act(acts.PauseMarket(day.shopper.rested)),
        lambda day: day.act(acts.ResumeMarket(day.shopper.rested)),
    )
    assert [f.why for f in day.of(facts.OrderClosed) if f.order_id == day.order(day.shopper.rested).order.order_id] == [
        "reopen_cancel"
    ]
    assert not day.desk.state.halts


def test_an_order_that_expires_ends_once_at_both_sides() -> None:
    day = Day(life_ns=MINUTE).live()
    order = day.order(day.shopper.rested)
    assert (order.status, day.exchange.open_orders()) == ("closed", [])
    assert [f.why for f in day.of(facts.OrderClosed) if f.order_id == order.order.order_id] == ["expiry_cancel"]
    assert day.books_agree()
    assert not day.desk.state.halts


def test_a_close_that_moves_is_known_to_the_desk() -> None:
    def drill(day: Day) -> None:
        day.act(acts.MoveClose(day.shopper.taken, day.now + MINUTE))

    day = Day().live(drill)
    market = day.desk.markets[day.shopper.taken]
    assert market.phase == "closed"
    assert market.instrument.close_ts < START + DAY // 2
    assert day.of(facts.InstrumentListed)[-1].instrument == market.instrument
