"""The hidden truth: integers only, the same everywhere, and fair."""

import math
from random import Random

import pytest

from assent.exchange.normal import PPB, draw, half_table, mass_below
from assent.exchange.weather import DEGREE, MINUTES, Weather, event_suffix, stream

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


def test_exactly_one_bracket_of_the_ladder_holds_any_temperature() -> None:
    ladder = Weather(7, DAY).ladder
    assert len({bracket.suffix for bracket in ladder}) == 6
    for degrees in range(-30, 130):
        assert sum(bracket.holds(degrees) for bracket in ladder) == 1


def test_the_probabilities_of_a_ladder_sum_to_one() -> None:
    weather = Weather(7, DAY)
    for minute in range(0, MINUTES, 60):
        total = sum(b.probability_ppm(weather.means[minute], weather.sigmas[minute]) for b in weather.ladder)
        assert 999_990 <= total <= 1_000_000


def test_what_is_known_is_a_martingale_that_ends_at_the_truth() -> None:
    """Averaged over many days, no hour of the forecast is biased, and its stated spread is the real one."""
    noon = MINUTES // 2
    errors = []
    for day in range(400):
        weather = Weather(3, day)
        errors.append((weather.degrees * DEGREE - weather.means[noon]) / weather.sigmas[noon])
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum(error * error for error in errors) / len(errors))
    assert abs(mean) < 0.15
    assert 0.9 < spread < 1.1


def test_a_day_is_named_in_utc() -> None:
    assert event_suffix(DAY) == "26JAN05"
    assert event_suffix(0) == "70JAN01"
