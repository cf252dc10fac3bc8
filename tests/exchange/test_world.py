"""A simulated day: enough of it, fair and sometimes wrong, whole in itself, and the same every time."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from tests.exchange.support import numbers

from assent.exchange.accounts import History
from assent.exchange.fees import TAKER_COEFFICIENT, trade_fee
from assent.exchange.types import DAY, MICRO, Event, ForecastPublished, MarketChanged, TopChanged, Traded
from assent.exchange.weather import Weather
from assent.exchange.world import WORLD_VERSION, World

A_DAY = 20_458
HOUR = DAY // 24

# What seed 7 lives through until 06:00. Another digest is another world: give it a new WORLD_VERSION.
MORNING_OF_SEED_7 = {1: "31c1d1b1381ab70468490f48e16e7c56c102ed2b40d66bf0933d5f960d8a7c2d"}


def a_world(seed: int) -> World:
    return World(seed, A_DAY, owner="desk", cash=100 * MICRO, history=History())


def events_until(world: World, ts_of_day: int) -> list[Event]:
    world.step_until(world.start_ts + ts_of_day)
    return world.exchange.drain()


def digest(events: list[Event]) -> str:
    return hashlib.sha256(msgspec.json.encode(events)).hexdigest()


@pytest.fixture(scope="module", params=[1, 2, 3])
def lived(request: pytest.FixtureRequest) -> tuple[World, list[Event]]:
    world = a_world(request.param)
    return world, events_until(world, DAY - 1)


def test_a_day_has_at_least_sixty_thousand_tops_spread_over_its_six_markets(lived: tuple[World, list[Event]]) -> None:
    _, events = lived
    tops = Counter(event.market for event in events if isinstance(event, TopChanged))
    assert sum(tops.values()) >= 60_000
    assert len(tops) == 6
    assert min(tops.values()) >= 5_000
    assert sum(isinstance(event, Traded) for event in events) >= 1_000


def test_a_day_offers_edges_that_a_forecast_can_see(lived: tuple[World, list[Event]]) -> None:
    _, events = lived
    asks: dict[str, int | None] = {}
    edges = 0
    for event in events:
        if isinstance(event, TopChanged):
            asks[event.market] = event.ask
        elif isinstance(event, ForecastPublished):
            ask = asks.get(event.market)
            if ask is not None:
                fee = trade_fee(TAKER_COEFFICIENT, MICRO, MICRO, ask)
                edges += event.probability_ppm - ask - fee > 30_000
    assert edges >= 15


def test_events_come_in_time_numbered_without_a_hole_and_never_crossed(lived: tuple[World, list[Event]]) -> None:
    _, events = lived
    seqs = numbers(events)
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    times = [event.ts for event in events]
    assert times == sorted(times)
    for event in events:
        if isinstance(event, TopChanged):
            assert event.bid is None or event.ask is None or event.bid < event.ask
            assert (event.bid is None) == (event.bid_qty == 0)
            assert (event.ask is None) == (event.ask_qty == 0)


def test_a_day_ends_settled_with_one_winner_and_all_the_money_in_place(lived: tuple[World, list[Event]]) -> None:
    world, events = lived
    views = world.exchange.markets()
    assert [view.status for view in views] == ["settled"] * 6
    assert sorted(view.value or 0 for view in views) == [0] * 5 + [MICRO]
    world.exchange.check()
    assert world.exchange.audit().collateral == 0
    assert world.next_event_ts() is None
    life = ("initialized", "active", "closed", "determined", "settled")
    assert Counter(e.status for e in events if isinstance(e, MarketChanged)) == dict.fromkeys(life, 6)


def test_the_public_forecast_is_what_the_query_says() -> None:
    world = a_world(5)
    events = [event for event in events_until(world, HOUR) if isinstance(event, ForecastPublished)]
    assert len(events) == 6 * 6
    for event in events:
        assert world.forecast(event.market, event.ts) == event.probability_ppm
        assert world.forecast(event.market, event.ts + DAY // 1440) == event.probability_ppm


def test_forecasts_are_right_about_as_often_as_they_say() -> None:
    """What was said of the winners, against what a calibrated forecaster would have said of them on average."""
    said_of_winners = expected = 0
    for day in range(300):
        weather = Weather(1, day)
        for bracket in weather.ladder:
            said = weather.forecast_ppm(bracket, 720)
            said_of_winners += said if bracket.holds(weather.degrees) else 0
            expected += said * said // MICRO
    assert abs(said_of_winners - expected) < expected // 10


def test_how_the_time_is_cut_into_steps_changes_nothing() -> None:
    whole = a_world(4)
    pieces = a_world(4)
    for minute in range(120):
        pieces.step_until(pieces.start_ts + minute * HOUR // 60 + 12_345)
    assert digest(events_until(whole, 2 * HOUR)) == digest(events_until(pieces, 2 * HOUR))


def test_seed_7_lives_through_the_world_of_this_version() -> None:
    assert digest(events_until(a_world(7), 6 * HOUR)) == MORNING_OF_SEED_7[WORLD_VERSION]


def test_neither_hash_seed_nor_time_zone_nor_locale_changes_the_world() -> None:
    program = (
        "from tests.exchange.test_world import a_world, digest, events_until, HOUR\n"
        "print(digest(events_until(a_world(7), 6 * HOUR)))"
    )
    for changed in (
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Apia", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
    ):
        run = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env=os.environ | changed,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == MORNING_OF_SEED_7[WORLD_VERSION]
