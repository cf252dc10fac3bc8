"""The hidden truth: integers only, the same everywhere, and fair."""

import math
from collections.abc import Callable
from random import Random

import pytest

from assent.exchange.normal import PPB, draw, half_table, mass_below
from assent.exchange.programme import HAPPENINGS, Happening, game
from assent.exchange.truth import MINUTES, UNIT, event_suffix, stream
from assent.exchange.types import MICRO

Event = Callable[[int, int], Happening]

DAY = 20_458


def test_the_normal_table_is_right_to_the_last_digit() -> None:
    for step, mass in enumerate(half_table()):
        assert abs(mass - PPB * math.erf(step / 100 / math.sqrt(2)) / 2) < 0.51


@pytest.mark.parametrize("distance", [0, 1, 333, 1_000, 2_500, 9_999])
def test_the_mass_below_mirrors_around_the_mean(distance: int) -> None:
    assert mass_below(distance, 1_000) + mass_below(-distance, 1_000) == PPB
    exact = PPB * (1 + math.erf(distance / 1_000 / math.sqrt(2))) / 2
    assert abs(mass_below(distance, 1_000) - exact) < 10_000


def test_draws_have_the_mean_and_the_spread_they_were_asked_for() -> None:
    random = Random(1)
    draws = [draw(random, 1_000) for _ in range(20_000)]
    assert abs(sum(draws) / len(draws)) < 20
    assert abs(math.sqrt(sum(d * d for d in draws) / len(draws)) - 1_000) < 20


def test_streams_differ_by_seed_day_and_name_and_by_nothing_else() -> None:
    firsts = {
        stream(*key).getrandbits(64) for key in [(1, 2, "a"), (1, 2, "b"), (1, 3, "a"), (2, 2, "a"), (12, 2, "a")]
    }
    assert len(firsts) == 5
    assert stream(1, 2, "a").getrandbits(64) == stream(1, 2, "a").getrandbits(64)


@pytest.mark.parametrize("happening", [event(7, DAY) for event in HAPPENINGS], ids=lambda event: event.series)
def test_as_many_brackets_hold_as_the_event_says(happening: Happening) -> None:
    """Exactly one where they exclude each other; a tie pays a dollar over both sides; thresholds pay from one side."""
    assert len({bracket.suffix for bracket in happening.brackets}) == len(happening.brackets)
    for number in range(-130, 131):
        outcomes = [bracket.outcome(number) for bracket in happening.brackets]
        assert sum(value for _, value in outcomes) == MICRO or not happening.exclusive
        for result, value in outcomes:
            assert {"yes": value == MICRO, "no": value == 0, "scalar": value == MICRO // 2}[result]
        if not happening.exclusive:
            assert [value for _, value in outcomes] == sorted((value for _, value in outcomes), reverse=True)


@pytest.mark.parametrize("event", [event for event in HAPPENINGS if event(7, DAY).exclusive])
def test_the_probabilities_of_an_exclusive_event_sum_to_one(event: Event) -> None:
    happening = event(7, DAY)
    truth = happening.truth
    for minute in range(0, MINUTES, 60):
        total = sum(b.probability_ppm(truth.means[minute], truth.sigmas[minute]) for b in happening.brackets)
        assert 999_990 <= total <= 1_000_000


@pytest.mark.parametrize("event", HAPPENINGS)
def test_what_is_known_is_a_martingale_that_ends_at_the_truth(event: Event) -> None:
    """Averaged over many days, no hour of what is expected is biased, and its stated spread is the real one."""
    errors = []
    for day in range(250):
        truth = event(3, day).truth
        # The number is whole in the end, so its own rounding spreads it a little more.
        spread_of_it = math.sqrt(truth.sigmas[MINUTES // 2] ** 2 + UNIT**2 / 12)
        errors.append((truth.number * UNIT - truth.means[MINUTES // 2]) / spread_of_it)
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum(error * error for error in errors) / len(errors))
    assert abs(mean) < 0.15
    assert 0.9 < spread < 1.1


def test_nothing_is_learned_of_an_event_after_its_end_and_all_of_it_by_then() -> None:
    for event in HAPPENINGS:
        happening = event(7, DAY)
        truth, end = happening.truth, min(happening.quiet_from, MINUTES - 1)
        if happening.decided < happening.closes or not happening.exclusive:
            assert set(truth.means[end:]) == {truth.means[end]}
        assert truth.sigmas[end] < truth.total


def test_a_tie_is_rare_and_happens() -> None:
    ties = sum(game(1, day).truth.number == 0 for day in range(400))
    assert 1 <= ties <= 40


def test_a_day_is_named_in_utc() -> None:
    assert event_suffix(DAY) == "26JAN05"
    assert event_suffix(0) == "70JAN01"
