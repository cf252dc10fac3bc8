"""A hidden number, and how the world comes to know it: a temperature, a decision of a council, the score of a game.

The expected number moves minute by minute, by what is learned at each, and ends exactly at the truth: a martingale, so
nobody who only knows it can profit from its past. What is published is a noisy reading of it. Depends on
(seed, day, name) alone; nothing a trader does may ever change it.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import isqrt
from random import Random
from typing import NamedTuple

from assent.exchange.normal import PPB, draw, mass_below
from assent.exchange.types import DAY, MICRO, MINUTE, Result

MINUTES = 1440
# The number is whole in the end; what is expected of it is counted in thousandths.
UNIT = 1_000
HALF_DOLLAR = MICRO // 2

# A published forecast errs by an error of the day plus one that fades, both as parts of all there is to learn.
FORECAST_DAY_PERMILLE = 90
FORECAST_PERMILLE = 70
FORECAST_MEMORY_PERCENT = 80

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Bracket(NamedTuple):
    """What one market asks: does the number lie between these, both included? An open end is None.

    At `tie` neither side has won, and each is paid half a dollar.
    """

    suffix: str
    title: str
    low: int | None
    high: int | None
    tie: int | None = None

    def outcome(self, number: int) -> tuple[Result, int]:
        """How the market ends, and what one YES is paid."""
        if number == self.tie:
            return "scalar", HALF_DOLLAR
        return ("yes", MICRO) if self.holds(number) else ("no", 0)

    def holds(self, number: int) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def probability_ppm(self, mean: int, sigma: int) -> int:
        """What YES is worth, in parts per million: the chance that the whole number falls in here."""
        below_high = PPB if self.high is None else mass_below(self.high * UNIT + UNIT // 2 - mean, sigma)
        below_low = 0 if self.low is None else mass_below(self.low * UNIT - UNIT // 2 - mean, sigma)
        mass = below_high - below_low
        if self.tie is not None:
            at = self.tie * UNIT - mean
            mass += (mass_below(at + UNIT // 2, sigma) - mass_below(at - UNIT // 2, sigma)) // 2
        return mass // 1_000


class Unfolding(NamedTuple):
    """How a number becomes known: what is expected at midnight, and standard deviations in thousandths of a unit.

    `learned` is what each minute of the day teaches; `last` is what only the end tells.
    """

    expected: int
    learned: Sequence[int]
    last: int


def stream(seed: int, day: int, name: str) -> Random:
    """A random stream of its own for each (seed, day, participant)."""
    digest = hashlib.sha256(f"{seed}/{day}/{name}".encode()).digest()
    return Random(int.from_bytes(digest[:16]))


def calendar_date(day: int) -> date:
    return datetime.fromtimestamp(0, UTC).date() + timedelta(days=day)


def event_suffix(day: int) -> str:
    when = calendar_date(day)
    return f"{when.year % 100:02d}{_MONTHS[when.month - 1]}{when.day:02d}"


def minute_of(ts: int) -> int:
    return ts % DAY // MINUTE


class Truth:
    """`means[m]` and `sigmas[m]` are what a perfect forecaster would say at minute m of the day.

    `total` is the standard deviation of everything there is to learn: opinions about the number err by parts of it.
    """

    __slots__ = ("every", "means", "number", "readings", "sigmas", "total")

    def __init__(self, random: Random, unfolding: Unfolding, *, forecasts: Random, every: int) -> None:
        mean = unfolding.expected
        left = sum(sigma * sigma for sigma in unfolding.learned) + unfolding.last**2
        self.total = isqrt(left)
        self.every = every
        self.means: list[int] = []
        self.sigmas: list[int] = []
        for sigma in unfolding.learned:
            mean += draw(random, sigma) if sigma else 0
            left -= sigma * sigma
            self.means.append(mean)
            self.sigmas.append(isqrt(left))
        self.number = (mean + draw(random, unfolding.last) + UNIT // 2) // UNIT
        self.readings = _readings(forecasts, self.means[::every], self.total)

    def forecast_ppm(self, bracket: Bracket, minute: int) -> int:
        """What was last published for this bracket at this minute of the day."""
        last = minute // self.every
        return bracket.probability_ppm(self.readings[last], self.sigmas[last * self.every])


def _readings(random: Random, means: Sequence[int], total: int) -> list[int]:
    """What a forecaster makes of it, one reading for each publication."""
    bias = draw(random, total * FORECAST_DAY_PERMILLE // 1_000)
    fading, keep = total * FORECAST_PERMILLE // 1_000, FORECAST_MEMORY_PERCENT
    fresh = isqrt(fading**2 * (10_000 - keep * keep) // 10_000)
    error = draw(random, fading)
    readings = []
    for mean in means:
        readings.append(mean + bias + error)
        faded = abs(error) * keep // 100
        error = (faded if error >= 0 else -faded) + draw(random, fresh)
    return readings
