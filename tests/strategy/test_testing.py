"""The bench that we ship is the real desk: it trades, refuses, fills, settles and stops as a run would."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from assent.desk.proposing import PROPOSALS_MAX
from assent.desk.strategy import Proposals, View
from assent.model.facts import StrategyStopped
from assent.model.inputs import ForecastSeen, QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import MICRO
from assent.strategy.estimates import Forecast
from assent.strategy.testing import LIMITS, MARKET, Bench, a_market, limits
from assent.strategy.threshold import Threshold


def a_threshold() -> Threshold:
    return Threshold("threshold", Forecast(60 * 10**9), edge_min=30_000, exit_edge=20_000)


class Says:
    """Proposes whatever it was given, at each quote."""

    def __init__(self, *ideas: object) -> None:
        self.name = "says"
        self.ideas = ideas

    def on_quote(self, view: View, quote: QuoteSeen) -> Proposals:
        return self.ideas  # type: ignore[return-value]


def test_an_idea_is_heard_judged_and_released_at_once() -> None:
    bench = Bench(a_threshold())
    assert not bench.forecast("0.60").proposals
    told = bench.quote(bid="0.48", ask="0.50")
    (idea,), (intent,), (order,) = told.proposals, told.intents, told.orders
    assert (idea.price, intent.price, order.price) == (500_000, 500_000, 500_000)
    assert order.qty == 19 * MICRO, "ten dollars at most, fees counted, whole contracts"
    assert str(told) == "proposed: open buy at 0.50, worth 0.60\nreleased: buy 19 at 0.50, $9.50 before fees"


def test_a_refusal_tells_its_code_and_what_it_means() -> None:
    told = Bench(Says(Proposal(instrument=MARKET, price=500_000, fair=510_000))).quote(bid="0.48", ask="0.50")
    assert (told.reasons, told.orders) == (["edge"], ())
    assert "refused: edge (The expected gain after fees is below" in str(told)


def test_the_limits_of_the_bench_may_be_others() -> None:
    idea = Says(Proposal(instrument=MARKET, price=500_000, fair=600_000))
    told = Bench(idea, limits=limits(risk_per_trade_max=0)).quote(bid="0.48", ask="0.50")
    assert told.reasons == ["risk_per_trade"]
    assert limits() == LIMITS == structs.replace(limits(edge_min=1), edge_min=LIMITS.edge_min)


def test_too_little_cash_refuses() -> None:
    bench = Bench(a_threshold(), cash="3.00")
    bench.forecast("0.60")
    assert bench.quote(bid="0.48", ask="0.50").reasons == ["funds"]


def test_a_fill_is_held_and_a_settlement_pays_with_fees_counted() -> None:
    bench = Bench(a_threshold())
    bench.forecast("0.60")
    (order,) = bench.quote(bid="0.48", ask="0.50").orders
    bench.fill(order)
    assert bench.held() == 19 * MICRO
    assert bench.cash == (1_000 - 19 // 2) * MICRO - MICRO // 2 - 332_500
    bench.settle("yes")
    assert (bench.held(), bench.cash) == (0, 1_009_167_500)


def test_a_part_of_an_order_may_be_filled() -> None:
    bench = Bench(a_threshold())
    bench.forecast("0.60")
    (order,) = bench.quote(bid="0.48", ask="0.50").orders
    bench.fill(order, qty="4")
    assert bench.held() == 4 * MICRO
    bench.settle("no")
    assert bench.cash < 998 * MICRO


def test_time_passes_only_when_it_is_told_to() -> None:
    bench = Bench(a_threshold())
    bench.forecast("0.60")
    bench.wait(seconds=61)
    assert not bench.quote(bid="0.48", ask="0.50").proposals


def test_two_markets_are_told_apart() -> None:
    bench = Bench(a_threshold(), markets=("RAIN-A", "RAIN-B"))
    bench.forecast("0.60", market="RAIN-B")
    assert not bench.quote(bid="0.48", ask="0.50", market="RAIN-A").proposals
    (order,) = bench.quote(bid="0.48", ask="0.50", market="RAIN-B").orders
    assert order.instrument == "RAIN-B"
    assert a_market("RAIN-B").id == "RAIN-B"


def test_a_side_may_be_empty() -> None:
    bench = Bench(a_threshold())
    bench.forecast("0.60")
    assert not bench.quote(bid="0.48").proposals
    assert not bench.quote().proposals
    assert bench.quote(ask="0.50").proposals


def test_a_strategy_that_raises_is_stopped_and_says_why() -> None:
    class Breaks:
        name = "breaks"

        def on_forecast(self, view: View, forecast: ForecastSeen) -> Proposals:
            raise ZeroDivisionError("by nothing")

    told = Bench(Breaks()).forecast("0.60")
    assert told.stopped == "ZeroDivisionError: by nothing"
    assert str(told) == "stopped: ZeroDivisionError: by nothing"
    assert any(isinstance(fact, StrategyStopped) for fact in told.facts)


@pytest.mark.parametrize("nonsense", ["buy", 1.0, None])
def test_nonsense_is_heard_and_stops_it(nonsense: object) -> None:
    told = Bench(Says(nonsense)).quote(bid="0.48", ask="0.50")
    assert told.proposals == (nonsense,)
    assert "not a Proposal" in told.stopped
    assert "which is no Proposal" in str(told)


def test_too_many_ideas_are_too_many_here_as_well() -> None:
    def endless() -> Iterator[Proposal]:
        while True:
            yield Proposal(instrument=MARKET, price=500_000, fair=600_000)

    class Endless:
        name = "endless"

        def on_quote(self, view: View, quote: QuoteSeen) -> Proposals:
            return endless()

    told = Bench(Endless()).quote(bid="0.48", ask="0.50")
    assert f"more than {PROPOSALS_MAX} proposals" in told.stopped


def test_a_strategy_of_cycles_is_asked_at_each_cycle() -> None:
    class Counts:
        name = "counts"
        cycles = 0

        def on_cycle(self, view: View) -> Proposals:
            self.cycles += 1
            return None

    counts = Counts()
    bench = Bench(counts)
    assert str(bench.cycle()) == "nothing was proposed"
    bench.cycle()
    assert counts.cycles == 2


def test_the_bench_begins_with_equal_books() -> None:
    bench = Bench(a_threshold(), cash="250.00")
    assert bench.cash == 250 * MICRO
    assert bench.held() == 0
    assert bench.desk.state.level.name == "TRADING"
