"""A simulated day: enough of it, fair and sometimes wrong, whole in itself, and the same every time."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.exchange.conftest import Smaller
from tests.exchange.support import numbers

from assent.exchange.accounts import History
from assent.exchange.fees import TAKER_COEFFICIENT, trade_fee
from assent.exchange.grid import DECI_CENT
from assent.exchange.programme import GAME_SERIES, HAPPENINGS, HIGH_SERIES, SERIES, Happening, game
from assent.exchange.types import (
    DAY,
    MICRO,
    MINUTE,
    Event,
    ForecastPublished,
    GridChanged,
    MarketChanged,
    TopChanged,
    Traded,
)
from assent.exchange.world import WORLD_VERSION, World

A_DAY = 20_458
HOUR = DAY // 24

# What seed 7 lives through until 06:00. Another digest is another world: give it a new WORLD_VERSION.
MORNING_OF_SEED_7 = {2: "b6b64f96ce705c0547f3b8a3580756009ccb86faf2075e259fb596b0fb5bec64"}


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


def test_a_day_has_quotes_and_trades_in_every_one_of_its_many_markets(lived: tuple[World, list[Event]]) -> None:
    world, events = lived
    tops = Counter(event.market for event in events if isinstance(event, TopChanged))
    markets = [ticker for happening in world.happenings for ticker in happening.tickers]
    assert len(markets) >= 20
    assert set(tops) == set(markets)
    assert sum(tops.values()) >= 150_000
    assert min(tops.values()) >= 1_500
    trades = Counter(event.market for event in events if isinstance(event, Traded))
    assert min(trades[ticker] for ticker in markets) >= 3
    assert {happening.series for happening in world.happenings} == set(SERIES)


def test_a_day_offers_edges_that_a_forecast_can_see_in_every_event(lived: tuple[World, list[Event]]) -> None:
    world, events = lived
    asks: dict[str, int | None] = {}
    edges: Counter[str] = Counter()
    for event in events:
        if isinstance(event, TopChanged):
            asks[event.market] = event.ask
        elif isinstance(event, ForecastPublished):
            ask = asks.get(event.market)
            if ask is not None:
                fee = trade_fee(TAKER_COEFFICIENT, MICRO, MICRO, ask)
                edges[event.market.split("-")[0]] += event.probability_ppm - ask - fee > 30_000
    assert sum(edges.values()) >= 30
    assert all(edges[happening.series] for happening in world.happenings)


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


def test_a_day_ends_settled_as_its_truths_say_and_all_the_money_is_in_place(lived: tuple[World, list[Event]]) -> None:
    world, events = lived
    views = {view.spec.ticker: view for view in world.exchange.markets()}
    assert {view.status for view in views.values()} == {"settled"}
    for happening in world.happenings:
        for ticker, bracket in zip(happening.tickers, happening.brackets, strict=True):
            assert (views[ticker].result, views[ticker].value) == bracket.outcome(happening.truth.number)
        if happening.exclusive:
            assert sum(views[ticker].value or 0 for ticker in happening.tickers) == MICRO
    world.exchange.check()
    assert world.exchange.audit().collateral == 0
    assert world.next_event_ts() is None
    life = Counter(e.status for e in events if isinstance(e, MarketChanged))
    for status in ("initialized", "closed", "determined", "settled"):
        assert life[status] == len(views)
    assert life["active"] == len(views) + life["inactive"], "whatever paused came back"


def test_each_event_ends_at_its_own_hour_and_the_game_before_it_would_have_closed(
    lived: tuple[World, list[Event]],
) -> None:
    world, events = lived
    closed = {e.market: e.ts - world.start_ts for e in events if isinstance(e, MarketChanged) and e.status == "closed"}
    for happening in world.happenings:
        for ticker in happening.tickers:
            assert closed[ticker] == happening.quiet_from * MINUTE
    game = world.happenings[-1]
    assert game.quiet_from < game.closes


def test_a_tie_pays_both_sides_half(days_of: Smaller) -> None:
    days_of(HIGH_SERIES, GAME_SERIES)
    day = next(day for day in range(1_000) if game(1, day).truth.number == 0)
    world = World(1, day, owner="desk", cash=0, history=History())
    world.step_until(world.start_ts + DAY - 1)
    views = [view for view in world.exchange.markets() if view.spec.series == GAME_SERIES]
    assert [(view.result, view.value) for view in views] == [("scalar", MICRO // 2)] * 2
    world.exchange.check()


def test_a_market_pauses_the_exchange_halts_and_a_grid_gets_finer(lived: tuple[World, list[Event]]) -> None:
    world, events = lived
    opened = world.start_ts + HOUR
    paused = Counter(e.ts for e in events if isinstance(e, MarketChanged) and e.status == "inactive")
    back = Counter(e.ts for e in events if isinstance(e, MarketChanged) and e.status == "active" and e.ts > opened)
    assert sorted(paused.values()) == sorted(back.values())
    first, second = sorted(paused)
    assert paused[first] == 1
    assert paused[second] >= 10, "the whole exchange, as far as it is still open"
    (finer,) = [e for e in events if isinstance(e, GridChanged)]
    assert finer.price_bands == DECI_CENT
    later = [e for e in events if isinstance(e, TopChanged) and e.market == finer.market and e.ts > finer.ts]
    assert any(price is not None and price % 10_000 for e in later for price in (e.bid, e.ask)), "and is used"
    assert finer.ts < world.start_ts + world.happenings[0].closes * MINUTE


def test_the_public_forecast_is_what_the_query_says() -> None:
    world = a_world(5)
    events = [event for event in events_until(world, HOUR) if isinstance(event, ForecastPublished)]
    assert len(events) == sum(60 // h.truth.every * len(h.brackets) for h in world.happenings)
    for event in events:
        assert world.forecast(event.market, event.ts) == event.probability_ppm
        assert world.forecast(event.market, event.ts + MINUTE) == event.probability_ppm


@pytest.mark.parametrize("event", HAPPENINGS)
def test_forecasts_are_right_about_as_often_as_they_say(event: Callable[[int, int], Happening]) -> None:
    """What was said of what came true, against what a calibrated forecaster would have said of it on average."""
    paid = expected = 0
    for day in range(300):
        happening = event(1, day)
        for bracket in happening.brackets:
            said = happening.truth.forecast_ppm(bracket, 720)
            paid += said * bracket.outcome(happening.truth.number)[1] // MICRO
            expected += said * said // MICRO
    assert abs(paid - expected) < expected // 8


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
