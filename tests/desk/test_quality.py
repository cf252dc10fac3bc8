"""Price and quality at their edges: what is missing refuses, and each minimum lets exactly its own value through."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, buy, close, kinds, limits, sell

from assent.desk.norms import SAMPLES_LEAST
from assent.model.facts import IntentRefused
from assent.model.intents import Score
from assent.model.units import MICRO, SECOND


def released(idea: Any, **values: Any) -> bool:
    return "OrderReleased" in kinds(Bench(constitution=limits(**values)).propose(idea))


@pytest.mark.parametrize(
    "scores", [(), (Score("eqs", MICRO),), (Score("confidence", 749_999),), (Score("confidence", MICRO + 1),)]
)
def test_a_confidence_that_is_missing_low_or_impossible_refuses(scores: tuple[Score, ...]) -> None:
    assert not released(buy(scores=scores), confidence_min=750_000)
    assert not released(buy(scores=scores), scores_min=(Score("confidence", 750_000),))


def test_scores_that_just_reach_their_minimum_pass() -> None:
    both = (Score("dvs", 800_000), Score("confidence", 750_000))
    assert released(buy(scores=both), confidence_min=750_000, scores_min=(Score("dvs", 800_000),))
    assert not released(buy(scores=both), scores_min=(Score("dvs", 800_000), Score("eqs", 1)))


def test_of_two_scores_by_one_name_the_lower_counts() -> None:
    twice = (Score("confidence", MICRO), Score("confidence", 700_000))
    assert not released(buy(scores=twice), confidence_min=750_000)


@pytest.mark.parametrize(("ev_min", "trades"), [(165_000, True), (165_001, False)])
def test_the_expected_gain_is_measured_against_the_cost(ev_min: int, trades: bool) -> None:
    """One contract at fifty: ten cents of gain, 1.75 of fee."""
    assert released(buy(qty_max=MICRO), ev_min=ev_min) == trades


@pytest.mark.parametrize(("ev_min", "trades"), [(161_764, True), (161_765, False)])
def test_for_no_the_cost_is_what_no_costs(ev_min: int, trades: bool) -> None:
    """NO at 51 cents: ten cents of gain, a fee of 1.7493 rounded up to 1.75: 8.25 / 51."""
    assert released(sell(qty_max=MICRO), ev_min=ev_min) == trades


def test_the_band_holds_its_own_ends() -> None:
    assert released(buy(), price_min=500_000, price_max=500_000)


def test_one_sided_markets_have_no_spread_and_that_refuses() -> None:
    bench = Bench(constitution=limits(spread_max=20_000))
    bench.quote(bid=None)
    told = bench.propose(buy())
    assert [f.reason for f in told if isinstance(f, IntentRefused)] == ["spread"]


def test_without_enough_cycles_there_is_no_norm_and_that_refuses() -> None:
    bench = Bench(constitution=limits(spread_ratio_max=3 * MICRO))
    for _ in range(SAMPLES_LEAST - 3):
        bench.cycle()
    assert "IntentRefused" in kinds(bench.propose(buy()))
    assert "OrderReleased" in kinds(bench.later(SECOND).propose(buy()))


def test_a_norm_is_soft_and_a_restart_waits_for_a_new_one() -> None:
    bench = Bench(constitution=limits(spread_ratio_max=3 * MICRO))
    for _ in range(SAMPLES_LEAST):
        bench.cycle()
    bench.restart()
    bench.match()
    bench.show(MARKET)
    assert "IntentRefused" in kinds(bench.propose(buy()))


def test_with_the_favourite_nothing_more_is_asked() -> None:
    bench = Bench(constitution=limits(favourite_from=800_000, favourite_edge_min=150_000))
    bench.quote(bid=800_000, ask=810_000)
    assert "OrderReleased" in kinds(bench.propose(buy(price=810_000, fair=880_000)))
    bench.quote(bid=190_000, ask=200_000)
    assert "IntentRefused" in kinds(bench.propose(buy(price=200_000, fair=300_000)))


def test_leaving_is_never_held_and_needs_no_score_and_no_band() -> None:
    strict = {"confidence_min": 900_000, "price_min": 495_000, "spread_max": 10_000, "ev_min": 100_000}
    bench = Bench(constitution=limits(**strict))
    bench.hold(scores=(Score("confidence", MICRO),))
    assert "OrderReleased" in kinds(bench.propose(close(hold=True)))
