"""What one day has to offer: each event with its markets, its hidden number, its hours and how lively it is.

Two ladders of daily highs, exclusive as the venue's are; a staircase of thresholds for one afternoon, which is not; a
council's decision, with news at set hours and an announcement at a set one; and a game between two teams, traded while
it is played and closed when it ends. All of it is invented. To add an event: write a function that makes a `Happening`
of (seed, day), and name it in `HAPPENINGS`.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from assent.exchange.normal import draw
from assent.exchange.truth import MINUTES, UNIT, Bracket, Truth, Unfolding, calendar_date, event_suffix, stream

HIGH_SERIES = "KXHIGHSIM"
HILLS_SERIES = "KXHIGHHILLSIM"
NOON_SERIES = "KXTEMPSIM"
RATE_SERIES = "KXRATESIM"
GAME_SERIES = "KXGAMESIM"
SERIES = (HIGH_SERIES, HILLS_SERIES, NOON_SERIES, RATE_SERIES, GAME_SERIES)

# Minutes of the day. The last market closes at 23:55 and is determined at 23:57.
LADDER_CLOSES, LADDER_DECIDED = 1435, 1437
NOON_CLOSES, NOON_DECIDED = 900, 903
RATE_CLOSES, RATE_DECIDED = 835, 840
TIP_OFF, GAME_MINUTES_LEAST, GAME_MINUTES_SPAN = 1110, 130, 30

# What the weather teaches: every minute a little, each hour an observation, four times a day a model run.
WEATHER_MINUTE, WEATHER_OBSERVATION, WEATHER_MODEL_RUN, WEATHER_LAST = 50, 330, 750, 600
OBSERVATION_MINUTE = 57
MODEL_RUN_MINUTES = (277, 637, 997, 1357)
NOON_LAST = 300

# A council moves by steps of a quarter of a percent. News at 08:30 (prices), 10:00 (jobs), 11:45 (a speech), 13:10
# (a leak).
RATE_NEWS = {510: 420, 600: 330, 705: 240, 790: 300}
RATE_MINUTE, RATE_LAST = 9, 260

# How many minutes lie between two published forecasts.
FORECAST_EVERY, GAME_FORECAST_EVERY = 10, 2

# Points of the home team's lead: a game learns only while it is played. A lead of nothing at the end is a tie.
GAME_MINUTE, GAME_LAST = 920, 700
GAME_STRENGTH = 4_000

_MONTHLY_HIGH = (39, 42, 50, 61, 71, 80, 85, 83, 76, 65, 54, 44)
_HILLS_COOLER = 9
_SIGMA_SEASON = 6 * UNIT


class Happening(NamedTuple):
    """One event of one day. Minutes are those of the day.

    `closes` is the latest that trading may go on, as listed; `decided` is when the number is known and its markets are
    determined, which may be earlier. `lag` is how many minutes late a maker hears the news. `tempo[m]` is how busy the
    crowd is in minute m, in percent of a usual day.
    """

    series: str
    event: str
    brackets: tuple[Bracket, ...]
    exclusive: bool
    truth: Truth
    closes: int
    decided: int
    lag: int
    tempo: tuple[int, ...]

    @property
    def tickers(self) -> list[str]:
        return [f"{self.event}-{bracket.suffix}" for bracket in self.brackets]

    @property
    def quiet_from(self) -> int:
        """From when on nobody trades it."""
        return min(self.closes, self.decided)


def programme(seed: int, day: int) -> tuple[Happening, ...]:
    """Everything that happens on this day, in the order in which it is listed."""
    return tuple(happening(seed, day) for happening in HAPPENINGS)


def daily_high(seed: int, day: int, *, series: str = HIGH_SERIES, place: str = "", cooler: int = 0) -> Happening:
    """The day's high in a town: two open ends around four rungs of two degrees, of which exactly one is right."""
    random = stream(seed, day, series)
    expected = (_MONTHLY_HIGH[calendar_date(day).month - 1] - cooler) * UNIT + draw(random, _SIGMA_SEASON)
    learned = [_weather_at(minute) for minute in range(MINUTES)]
    truth = Truth(
        random,
        Unfolding(expected, learned, WEATHER_LAST),
        forecasts=_forecasts(seed, day, series),
        every=FORECAST_EVERY,
    )
    return Happening(
        series=series,
        event=f"{series}-{event_suffix(day)}",
        brackets=_ladder((expected + UNIT // 2) // UNIT, f"High temperature{place}"),
        exclusive=True,
        truth=truth,
        closes=LADDER_CLOSES,
        decided=LADDER_DECIDED,
        lag=3,
        tempo=_tempo(48),
    )


def hills_high(seed: int, day: int) -> Happening:
    return daily_high(seed, day, series=HILLS_SERIES, place=" in the hills", cooler=_HILLS_COOLER)


def afternoon(seed: int, day: int) -> Happening:
    """The temperature at three in the afternoon: five thresholds, of which several may be right, or none."""
    random = stream(seed, day, NOON_SERIES)
    expected = _MONTHLY_HIGH[calendar_date(day).month - 1] * UNIT + draw(random, _SIGMA_SEASON)
    learned = [_weather_at(minute) if minute < NOON_CLOSES else 0 for minute in range(MINUTES)]
    truth = Truth(
        random,
        Unfolding(expected, learned, NOON_LAST),
        forecasts=stream(seed, day, f"{NOON_SERIES}/forecast"),
        every=10,
    )
    centre = (expected + UNIT // 2) // UNIT
    steps = (centre - 4, centre - 2, centre, centre + 2, centre + 4)
    return Happening(
        series=NOON_SERIES,
        event=f"{NOON_SERIES}-{event_suffix(day)}15",
        brackets=tuple(Bracket(f"T{t}", f"At 15:00 it has more than {t} degrees", t + 1, None) for t in steps),
        exclusive=False,
        truth=truth,
        closes=NOON_CLOSES,
        decided=NOON_DECIDED,
        lag=3,
        tempo=_tempo(48),
    )


def rate_decision(seed: int, day: int) -> Happening:
    """What a council does to its rate: four answers, exactly one of them right, announced at two."""
    random = stream(seed, day, RATE_SERIES)
    expected = -UNIT // 2 + draw(random, 6 * UNIT // 10)
    learned = [_rate_at(minute) for minute in range(MINUTES)]
    truth = Truth(
        random,
        Unfolding(expected, learned, RATE_LAST),
        forecasts=stream(seed, day, f"{RATE_SERIES}/forecast"),
        every=10,
    )
    busy = [minute for news in RATE_NEWS for minute in range(news, news + 30)]
    return Happening(
        series=RATE_SERIES,
        event=f"{RATE_SERIES}-{event_suffix(day)}",
        brackets=(
            Bracket("CUT50", "The rate is cut by half a percent or more", None, -2),
            Bracket("CUT25", "The rate is cut by a quarter of a percent", -1, -1),
            Bracket("HOLD", "The rate is held", 0, 0),
            Bracket("HIKE", "The rate is raised", 1, None),
        ),
        exclusive=True,
        truth=truth,
        closes=RATE_CLOSES,
        decided=RATE_DECIDED,
        lag=2,
        tempo=_tempo(30, busy=busy, busy_percent=90),
    )


def game(seed: int, day: int) -> Happening:
    """A game between two teams. It is listed until late and ends when it ends; at a tie both sides are paid half."""
    random = stream(seed, day, GAME_SERIES)
    expected = draw(random, GAME_STRENGTH)
    final = TIP_OFF + GAME_MINUTES_LEAST + (random.getrandbits(32) * GAME_MINUTES_SPAN >> 32)
    learned = [GAME_MINUTE if TIP_OFF <= minute < final else 0 for minute in range(MINUTES)]
    truth = Truth(
        random,
        Unfolding(expected, learned, GAME_LAST),
        forecasts=_forecasts(seed, day, GAME_SERIES),
        every=GAME_FORECAST_EVERY,
    )
    return Happening(
        series=GAME_SERIES,
        event=f"{GAME_SERIES}-{event_suffix(day)}RIVHAR",
        brackets=(
            Bracket("HAR", "Harbour beats River", 1, None, tie=0),
            Bracket("RIV", "River beats Harbour", None, -1, tie=0),
        ),
        exclusive=True,
        truth=truth,
        closes=LADDER_CLOSES,
        decided=final,
        lag=1,
        tempo=_tempo(12, busy=range(TIP_OFF, final), busy_percent=135),
    )


HAPPENINGS: tuple[Callable[[int, int], Happening], ...] = (daily_high, hills_high, afternoon, rate_decision, game)


def _forecasts(seed: int, day: int, series: str) -> Random:
    return stream(seed, day, f"{series}/forecast")


def _tempo(percent: int, *, busy: Iterable[int] = (), busy_percent: int = 0) -> tuple[int, ...]:
    tempo = [percent] * MINUTES
    for minute in busy:
        tempo[minute] = busy_percent
    return tuple(tempo)


def _weather_at(minute: int) -> int:
    if minute in MODEL_RUN_MINUTES:
        return WEATHER_MODEL_RUN
    return WEATHER_OBSERVATION if minute % 60 == OBSERVATION_MINUTE else WEATHER_MINUTE


def _rate_at(minute: int) -> int:
    if minute in RATE_NEWS:
        return RATE_NEWS[minute]
    return RATE_MINUTE if minute < RATE_CLOSES else 0


def _ladder(centre: int, what: str) -> tuple[Bracket, ...]:
    """Two open ends around four rungs of two degrees, like the venue's daily-high ladders."""
    low, high = centre - 5, centre + 4
    ends = (
        Bracket(f"T{low + 1}", f"{what} below {low + 1} degrees", None, low),
        Bracket(f"T{high - 1}", f"{what} above {high - 1} degrees", high, None),
    )
    rungs = tuple(
        Bracket(f"B{floor}.5", f"{what} {floor} to {floor + 1} degrees", floor, floor + 1)
        for floor in range(low + 1, high, 2)
    )
    return (ends[0], *rungs, ends[1])
