"""Buy what is worth more than it costs: fees counted, both sides, exits, and silence where nothing honest is known."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import KALSHI_FEES, T0, a_market

from assent.desk.market import Market
from assent.desk.state import Position, State
from assent.desk.strategy import View
from assent.model.fees import fee_per_contract
from assent.model.inputs import ForecastSeen, QuoteSeen
from assent.model.intents import Proposal, proposal_fault
from assent.model.units import HOUR, MICRO, MINUTE, SECOND
from assent.strategy.estimates import ESTIMATES, Consensus, Forecast
from assent.strategy.testing import Bench
from assent.strategy.threshold import OPTIONS, Threshold, build

MARKET = a_market()
CENT = 10_000


class Window:
    """A view on one market, as a strategy would be handed it."""

    def __init__(self, *, fair: int | None = 600_000, age: int = 0, held: int = 0) -> None:
        self.state = State()
        if held:
            self.state.positions[MARKET.id] = Position(qty=held, cost=abs(held) // 2)
        market = Market(MARKET)
        if fair is not None:
            market.forecast = ForecastSeen(MARKET.id, fair, "model", T0, T0)
        self.market = market
        self.view = View(self.state, {MARKET.id: market})
        self.view.now = T0 + age

    def ask(self, strategy: Threshold, bid: int | None, ask: int | None, qty: int = 5 * MICRO) -> list[Proposal]:
        quote = QuoteSeen(
            MARKET.id, bid, None if bid is None else qty, ask, None if ask is None else 2 * qty, T0, T0
        )  # fmt: skip
        self.market.quote = quote
        proposals = list(strategy.on_quote(self.view, quote) or ())
        assert all(proposal_fault(proposal) is None for proposal in proposals)
        return proposals


def a_threshold(**changes: int) -> Threshold:
    settings: dict[str, Any] = {"edge_min": 3 * CENT, "exit_edge": 2 * CENT} | changes
    return Threshold("threshold", Forecast(20 * MINUTE), **settings)


@pytest.mark.parametrize(("fair", "buys"), [(547_499, False), (547_500, True), (900_000, True)])
def test_yes_is_bought_at_the_ask_when_the_edge_is_there_after_the_fee(fair: int, buys: bool) -> None:
    """Fifty cents, a fee of 1.75, three cents of edge: worth it from 54.75."""
    proposals = Window(fair=fair).ask(a_threshold(), 490_000, 500_000)
    assert bool(proposals) == buys
    if buys:
        (idea,) = proposals
        assert (idea.action, idea.side, idea.price, idea.fair, idea.qty_max) == (
            "open", "buy", 500_000, fair, 10 * MICRO
        )  # fmt: skip


@pytest.mark.parametrize(("fair", "sells"), [(442_508, False), (442_507, True), (100_000, True)])
def test_no_is_bought_at_the_bid_when_the_edge_is_there_after_the_fee(fair: int, sells: bool) -> None:
    proposals = Window(fair=fair).ask(a_threshold(), 490_000, 500_000)
    assert bool(proposals) == sells
    if sells:
        (idea,) = proposals
        assert (idea.action, idea.side, idea.price, idea.qty_max) == ("open", "sell", 490_000, 5 * MICRO)


@pytest.mark.parametrize("sides", [(None, None), (490_000, None), (None, 500_000)])
def test_a_side_that_is_empty_is_not_traded_against(sides: tuple[int | None, int | None]) -> None:
    proposals = Window(fair=600_000).ask(a_threshold(), *sides)
    assert [idea.side for idea in proposals] == (["buy"] if sides[1] else [])
    proposals = Window(fair=300_000).ask(a_threshold(), *sides)
    assert [idea.side for idea in proposals] == (["sell"] if sides[0] else [])


@given(
    st.integers(min_value=0, max_value=MICRO),
    st.integers(min_value=1, max_value=98),
    st.integers(min_value=1, max_value=20),
    st.integers(min_value=0, max_value=10).map(lambda cents: cents * CENT),
)
def test_an_idea_always_promises_the_edge_after_the_fee_and_only_one_side(
    fair: int, bid: int, spread: int, edge: int
) -> None:
    ask = min(bid + spread, 99)
    proposals = Window(fair=fair).ask(a_threshold(edge_min=edge), bid * CENT, ask * CENT)
    assert len(proposals) <= 1
    for idea in proposals:
        gain = fair - idea.price if idea.side == "buy" else idea.price - fair
        assert gain - fee_per_contract(KALSHI_FEES, idea.price) >= edge
        assert idea.price == (ask if idea.side == "buy" else bid) * CENT


@pytest.mark.parametrize(("bid", "leaves"), [(530_000, False), (540_000, True)])
def test_what_is_held_is_given_back_when_the_market_pays_more_than_it_is_worth(bid: int, leaves: bool) -> None:
    """Worth fifty, two cents more wanted, a fee of 1.74: not at 53, at 54."""
    proposals = Window(fair=500_000, held=MICRO).ask(a_threshold(), bid, 560_000)
    assert [(i.action, i.side, i.price) for i in proposals] == ([("close", "sell", bid)] if leaves else [])


@pytest.mark.parametrize(("ask", "leaves"), [(470_000, False), (460_000, True)])
def test_no_that_is_held_is_given_back_at_the_ask(ask: int, leaves: bool) -> None:
    proposals = Window(fair=500_000, held=-MICRO).ask(a_threshold(), 440_000, ask)
    assert [(i.action, i.side, i.price) for i in proposals] == ([("close", "buy", ask)] if leaves else [])


@pytest.mark.parametrize("held", [MICRO, -MICRO])
def test_while_something_is_held_nothing_is_added(held: int) -> None:
    for fair in (0, 300_000, 600_000, MICRO):
        proposals = Window(fair=fair, held=held).ask(a_threshold(), 490_000, 500_000)
        assert all(idea.action == "close" for idea in proposals)
        assert all((idea.side == "sell") == (held > 0) for idea in proposals)


@pytest.mark.parametrize(("held", "bid", "ask"), [(MICRO, None, 500_000), (-MICRO, 490_000, None)])
def test_there_is_no_leaving_into_an_empty_side(held: int, bid: int | None, ask: int | None) -> None:
    for fair in (0, MICRO):
        assert Window(fair=fair, held=held).ask(a_threshold(), bid, ask) == []


def test_without_a_forecast_it_is_silent() -> None:
    for held in (0, MICRO, -MICRO):
        assert Window(fair=None, held=held).ask(a_threshold(), 10_000, 20_000) == []


@pytest.mark.parametrize(("age", "speaks"), [(20 * MINUTE, True), (20 * MINUTE + 1, False)])
def test_a_stale_forecast_is_silence(age: int, speaks: bool) -> None:
    assert bool(Window(age=age).ask(a_threshold(), 490_000, 500_000)) == speaks


def test_a_market_that_is_not_listed_costs_more_than_anything_is_worth() -> None:
    window = Window()
    window.view = View(window.state, {})
    quote = QuoteSeen(MARKET.id, 10_000, MICRO, 20_000, MICRO, T0, T0)
    assert not a_threshold().on_quote(window.view, quote)


# --- estimates -----------------------------------------------------------------------------------------


def test_a_consensus_is_halfway_between_the_forecast_and_the_middle() -> None:
    window = Window(fair=600_000)
    window.ask(a_threshold(), 390_000, 410_000)
    assert Consensus(HOUR).probability_ppm(window.view, MARKET.id) == 500_000


@pytest.mark.parametrize("sides", [(None, 410_000), (390_000, None), (None, None)])
def test_a_consensus_needs_both_sides_of_the_book(sides: tuple[int | None, int | None]) -> None:
    window = Window(fair=600_000)
    window.ask(a_threshold(), *sides)
    assert Consensus(HOUR).probability_ppm(window.view, MARKET.id) is None


@given(
    st.integers(min_value=0, max_value=MICRO), st.integers(min_value=1, max_value=98),
    st.integers(min_value=0, max_value=2 * HOUR),
)  # fmt: skip
def test_every_estimate_is_a_probability_or_silent(fair: int, bid: int, age: int) -> None:
    window = Window(fair=fair, age=age)
    window.ask(a_threshold(), bid * CENT, (bid + 1) * CENT)
    for make in ESTIMATES.values():
        estimate = make(HOUR).probability_ppm(window.view, MARKET.id)
        assert (estimate is None) == (age > HOUR)
        assert estimate is None or (type(estimate) is int and 0 <= estimate <= MICRO)
        assert make(HOUR).probability_ppm(window.view, "KXNEVER") is None


# --- settings ------------------------------------------------------------------------------------------


def test_what_is_not_set_takes_its_default() -> None:
    strategy = build("mine", {})
    defaults = {option.key: option.default for option in OPTIONS}
    assert (strategy.name, strategy.edge_min, strategy.exit_edge) == (
        "mine", defaults["edge_min"], defaults["exit_edge"]
    )  # fmt: skip
    assert isinstance(strategy.estimate, Forecast)
    assert strategy.estimate.age_max == defaults["forecast_age_max"]


def test_what_is_set_is_used() -> None:
    strategy = build("mine", {"estimate": "consensus", "edge_min": 1, "exit_edge": 2, "forecast_age_max": SECOND})
    assert (strategy.edge_min, strategy.exit_edge) == (1, 2)
    assert isinstance(strategy.estimate, Consensus)
    assert strategy.estimate.forecast.age_max == SECOND


def test_every_option_has_bounds_that_hold_its_default_and_a_sentence() -> None:
    for option in OPTIONS:
        assert option.sentence.endswith(".")
        if option.kind == "choice":
            assert option.default in option.choices == tuple(ESTIMATES)
        else:
            assert option.least <= int(option.default) <= option.most


def test_what_is_already_on_its_way_out_is_not_proposed_again() -> None:
    bench = Bench(build("mine", {}))
    bench.forecast("0.60")
    (entry,) = bench.quote(bid="0.45", ask="0.47").orders
    bench.fill(entry)
    (leaving,) = bench.quote(bid="0.80", ask="0.82").orders
    assert (leaving.side, leaving.price) == ("sell", 800_000)
    assert bench.quote(bid="0.81", ask="0.83").proposals == ()
