"""The hidden truth of one day: a high temperature, and how the world comes to know it.

The expected high moves minute by minute, in small steps, hourly observations and a few large model runs, and ends
exactly at the truth: a martingale, so nobody who only knows it can profit from its past. What is published is a
noisy reading of it. Depends on (seed, day) alone; nothing a trader does may ever change the weather.
"""

import hashlib
from datetime import UTC, date, datetime, timedelta
from math import isqrt
from random import Random
from typing import NamedTuple

from assent.exchange.normal import PPB, draw, mass_below
from assent.exchange.types import DAY, MINUTE

MINUTES = 1440
FORECAST_EVERY_MINUTES = 10
FORECAST_SOURCE = "sim-weather-desk"
DEGREE = 1_000

# Standard deviations in thousandths of a degree: what the world learns at a minute of that kind.
SIGMA_MINUTE = 50
SIGMA_OBSERVATION = 330
SIGMA_MODEL_RUN = 750
SIGMA_LAST = 600
OBSERVATION_MINUTE = 57
MODEL_RUN_MINUTES = (277, 637, 997, 1357)

# A published forecast errs by an error of the day plus one that fades over about an hour.
SIGMA_FORECAST_DAY = 120
SIGMA_FORECAST = 140
FORECAST_MEMORY_PERCENT = 80

_MONTHLY_HIGH = (39, 42, 50, 61, 71, 80, 85, 83, 76, 65, 54, 44)
_SIGMA_SEASON = 6 * DEGREE
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Bracket(NamedTuple):
    """One rung of the ladder: whole degrees, both ends included; an open end is None."""

    suffix: str
    title: str
    low: int | None
    high: int | None

    def holds(self, degrees: int) -> bool:
        return (self.low is None or degrees >= self.low) and (self.high is None or degrees <= self.high)

    def probability_ppm(self, mean: int, sigma: int) -> int:
        """The chance that the high, rounded to whole degrees, falls in here."""
        below_high = PPB if self.high is None else mass_below(self.high * DEGREE + DEGREE // 2 - mean, sigma)
        below_low = 0 if self.low is None else mass_below(self.low * DEGREE - DEGREE // 2 - mean, sigma)
        return (below_high - below_low) // 1_000


def stream(seed: int, day: int, name: str) -> Random:
    """A random stream of its own for each (seed, day, participant)."""
    digest = hashlib.sha256(f"{seed}/{day}/{name}".encode()).digest()
    return Random(int.from_bytes(digest[:16]))


def calendar_date(day: int) -> date:
    return datetime.fromtimestamp(0, UTC).date() + timedelta(days=day)


def event_suffix(day: int) -> str:
    when = calendar_date(day)
    return f"{when.year % 100:02d}{_MONTHS[when.month - 1]}{when.day:02d}"


class Weather:
    """`means[m]` and `sigmas[m]` are what a perfect forecaster would say at minute m of the day."""

    __slots__ = ("day", "degrees", "forecast_means", "ladder", "means", "sigmas")

    def __init__(self, seed: int, day: int) -> None:
        self.day = day
        random = stream(seed, day, "weather")
        normal = _MONTHLY_HIGH[calendar_date(day).month - 1] * DEGREE
        mean = normal + draw(random, _SIGMA_SEASON)
        left = sum(_sigma_at(minute) ** 2 for minute in range(MINUTES)) + SIGMA_LAST**2
        self.ladder = _ladder((mean + DEGREE // 2) // DEGREE)
        self.means: list[int] = []
        self.sigmas: list[int] = []
        for minute in range(MINUTES):
            sigma = _sigma_at(minute)
            mean += draw(random, sigma)
            left -= sigma * sigma
            self.means.append(mean)
            self.sigmas.append(isqrt(left))
        self.degrees = (mean + draw(random, SIGMA_LAST) + DEGREE // 2) // DEGREE
        self.forecast_means = _readings(stream(seed, day, "forecast"), self.means)

    def forecast_ppm(self, bracket: Bracket, minute: int) -> int:
        """What was last published for this bracket at this minute of the day."""
        last = minute - minute % FORECAST_EVERY_MINUTES
        return bracket.probability_ppm(self.forecast_means[last // FORECAST_EVERY_MINUTES], self.sigmas[last])


def minute_of(ts: int) -> int:
    return ts % DAY // MINUTE


def _sigma_at(minute: int) -> int:
    if minute in MODEL_RUN_MINUTES:
        return SIGMA_MODEL_RUN
    return SIGMA_OBSERVATION if minute % 60 == OBSERVATION_MINUTE else SIGMA_MINUTE


def _readings(random: Random, means: list[int]) -> list[int]:
    bias = draw(random, SIGMA_FORECAST_DAY)
    keep = FORECAST_MEMORY_PERCENT
    fresh = isqrt(SIGMA_FORECAST**2 * (10_000 - keep * keep) // 10_000)
    error = draw(random, SIGMA_FORECAST)
    readings = []
    for mean in means[::FORECAST_EVERY_MINUTES]:
        readings.append(mean + bias + error)
        faded = abs(error) * keep // 100
        error = (faded if error >= 0 else -faded) + draw(random, fresh)
    return readings


def _ladder(centre: int) -> tuple[Bracket, ...]:
    """Two open ends around four rungs of two degrees, like the venue's daily-high ladders."""
    low, high = centre - 5, centre + 4
    ends = (
        Bracket(f"T{low + 1}", f"High temperature below {low + 1} degrees", None, low),
        Bracket(f"T{high - 1}", f"High temperature above {high - 1} degrees", high, None),
    )
    rungs = tuple(
        Bracket(f"B{floor}.5", f"High temperature {floor} to {floor + 1} degrees", floor, floor + 1)
        for floor in range(low + 1, high, 2)
    )
    return (ends[0], *rungs, ends[1])
