"""What the market tells us is kept only if it can be true, shown only then, and never a fact by itself."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, buy, kinds
from tests.model.support import T0, a_market

from assent.desk.strategy import View
from assent.model.facts import InputRejected, InstrumentListed, IntentRefused
from assent.model.inputs import (
    BarSeen,
    ForecastSeen,
    Input,
    InstrumentSeen,
    PhaseSeen,
    QuoteLost,
    QuoteSeen,
    StreamProven,
)
from assent.model.units import DAY, MICRO


class Watcher:
    """Notes what it is shown."""

    name = "watcher"

    def __init__(self) -> None:
        self.seen: list[Input] = []

    def on_quote(self, _view: View, quote: QuoteSeen) -> None:
        self.seen.append(quote)

    def on_bar(self, _view: View, bar: BarSeen) -> None:
        self.seen.append(bar)

    def on_forecast(self, _view: View, forecast: ForecastSeen) -> None:
        self.seen.append(forecast)


def watched() -> tuple[Bench, Watcher]:
    watcher = Watcher()
    bench = Bench(strategies=(watcher,))
    watcher.seen.clear()
    return bench, watcher


def a_bar(name: str = MARKET.id, **changes: Any) -> BarSeen:
    values = {"open": 490_000, "high": 500_000, "low": 480_000, "close": 500_000, "volume": 0} | changes
    return BarSeen(instrument=name, start_ts=T0, received_ts=T0, **values)


def a_forecast(name: str = MARKET.id, ppm: Any = 600_000) -> ForecastSeen:
    return ForecastSeen(name, ppm, "model", T0, T0)


def test_what_is_true_is_shown_to_the_strategies_and_leaves_no_fact() -> None:
    bench, watcher = watched()
    quote = QuoteSeen(MARKET.id, 490_000, MICRO, 500_000, MICRO, T0, T0)
    told: list[Input] = [quote, a_bar(), a_forecast(ppm=0), a_forecast(ppm=MICRO)]
    assert [bench.take(inp) for inp in told] == [[], [], [], []]
    assert watcher.seen == told
    assert bench.desk.markets[MARKET.id].quote == quote
    assert bench.desk.markets[MARKET.id].forecast == told[-1]


@pytest.mark.parametrize(
    "inp",
    [
        a_bar("KXNEVER"),
        a_forecast("KXNEVER"),
        PhaseSeen("KXNEVER", "open", T0, T0),
        QuoteSeen("KXNEVER", 490_000, MICRO, 500_000, MICRO, T0, T0),
    ],
    ids=lambda inp: type(inp).__name__,
)
def test_a_market_that_was_never_listed_does_not_exist(inp: Input) -> None:
    bench, watcher = watched()
    assert [fact.code for fact in bench.take(inp) if isinstance(fact, InputRejected)] == ["market_data_unlisted"]
    assert watcher.seen == []
    assert list(bench.desk.markets) == [MARKET.id]


@pytest.mark.parametrize("ppm", [-1, MICRO + 1, 0.5, float("nan"), True, "0.5", None])
def test_a_forecast_that_is_no_probability_is_neither_kept_nor_shown(ppm: Any) -> None:
    bench, watcher = watched()
    bench.take(a_forecast(ppm=500_000))
    told = bench.take(a_forecast(ppm=ppm))
    assert [fact.code for fact in told if isinstance(fact, InputRejected)] == ["market_data_bad_forecast"]
    assert [inp.probability_ppm for inp in watcher.seen] == [500_000]  # type: ignore[union-attr]
    assert bench.desk.markets[MARKET.id].forecast == a_forecast(ppm=500_000)


@pytest.mark.parametrize("changes", [{"low": 495_000}, {"volume": -1}, {"open": 485_000}, {"close": 0.5}])
def test_a_bar_that_cannot_be_true_is_not_shown(changes: dict[str, Any]) -> None:
    bench, watcher = watched()
    assert kinds(bench.take(a_bar(**changes))) == ["InputRejected"]
    assert watcher.seen == []


def test_a_description_that_contradicts_itself_lists_nothing_and_replaces_nothing() -> None:
    bench = Bench()
    for market in (a_market("KXNEW", close_ts=-1), a_market(close_ts=-1)):
        assert kinds(bench.take(InstrumentSeen(market, bench.now))) == ["InputRejected"]
    assert list(bench.desk.markets) == [MARKET.id]
    assert bench.desk.markets[MARKET.id].instrument == MARKET
    assert bench.state.rejections["market_data_bad_instrument"] == 2


def test_a_new_description_counts_at_once_and_is_a_fact_only_where_the_ledger_knew_the_old_one() -> None:
    bench = Bench()
    changed = a_market(title="Another title")
    assert bench.take(InstrumentSeen(changed, bench.now)) == []
    assert bench.desk.markets[MARKET.id].instrument == changed
    bench.release(qty_max=MICRO)
    assert kinds(bench.take(InstrumentSeen(MARKET, bench.now))) == ["InstrumentListed"]
    assert [fact.instrument.title for fact in bench.of(InstrumentListed)] == [changed.title, MARKET.title]


def test_a_proof_never_goes_back() -> None:
    bench = Bench()
    bench.take(StreamProven("sim", T0 + 9))
    bench.take(StreamProven("sim", T0 + 5))
    taken = bench.desk.streams.taken(bench.desk.markets[MARKET.id])
    assert taken is not None
    assert taken.proven_ts == T0 + 9


# --- what is over ---------------------------------------------------------------------------------------


def test_a_settled_market_is_forgotten_on_the_day_after_the_next_and_its_outcome_is_not() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order, filled=order.qty, remaining=0)
    bench.fill(order)
    bench.later(MARKET.close_ts - bench.now)
    bench.settle("yes")
    bench.later(DAY // 2).cycle()
    assert MARKET.id in bench.desk.markets, "a fill may still come late"
    bench.later(DAY).cycle()
    assert MARKET.id not in bench.desk.markets
    assert bench.state.find_instrument(MARKET.id) == MARKET
    assert bench.state.archive.outcomes[MARKET.id].result == "yes"


def test_a_market_that_is_not_settled_or_still_held_is_never_forgotten() -> None:
    held, waiting = a_market("KXHELD"), a_market("KXWAITS")
    bench = Bench(markets=(MARKET, held, waiting))
    order = bench.release(instrument=held.id, qty_max=MICRO)
    bench.accept(order, filled=order.qty, remaining=0)
    bench.fill(order)
    for name in (MARKET.id, held.id):
        bench.take(PhaseSeen(name, "settled", bench.now, bench.now))
    bench.later(MARKET.close_ts + 3 * DAY - bench.now).cycle()
    assert set(bench.desk.markets) == {held.id, waiting.id}


def test_what_was_refused_of_a_forgotten_market_is_forgotten_with_it() -> None:
    bench = Bench()
    bench.propose(buy(fair=1))
    assert bench.desk.refused
    bench.later(MARKET.close_ts - bench.now)
    bench.settle("no")
    bench.scripted.says = None
    bench.later(2 * DAY).cycle()
    assert bench.desk.refused == {}


def test_a_quote_that_was_taken_back_decides_nothing_until_another_comes() -> None:
    bench = Bench()
    bench.quote()
    assert bench.take(QuoteLost(MARKET.id, "a gap in the sequence", bench.now)) == []
    refused = [fact for fact in bench.propose(buy()) if isinstance(fact, IntentRefused)]
    assert [fact.quote for fact in refused] == [None]
    bench.quote()
    assert "OrderReleased" in kinds(bench.propose(buy()))


def test_a_loss_on_a_market_that_was_never_listed_is_nothing() -> None:
    assert Bench().take(QuoteLost("KXNEVER", "connected anew", T0)) == []
