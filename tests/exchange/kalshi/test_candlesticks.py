"""Candles: what belongs to a period, what a quiet one shows, how much may be asked for."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Answer, Venue
from tests.exchange.support import MARKET, OPENS, a_spec

from assent.exchange.kalshi.candles import PERIODS, Candles
from assent.exchange.types import MICRO, MINUTE, SECOND, TopChanged

HOURS = 3_600
ONE = f"/series/KXTEST/markets/{MARKET}/candlesticks"


def ask(venue: Venue, path: str = ONE, **query: Any) -> Answer:
    return venue.get(path, **({"start_ts": 0, "end_ts": 10**9, "period_interval": 1} | query))


def candles(venue: Venue, **query: Any) -> Any:
    return ask(venue, **query).json["candlesticks"]


def traded() -> Venue:
    """Within the first minute quotes and two trades, nothing in the second, one trade in the third."""
    venue = Venue(close_ts=20 * 24 * 60 * MINUTE)
    venue.floor.buy("ann", 40, 5)
    venue.floor.sell("bob", 50, 5)
    venue.floor.buy("cat", 45, 1)
    venue.floor.sell("bob", 45, 1)
    venue.floor.buy("cat", 50, 2)
    to(venue, 150 * SECOND)
    venue.floor.sell("bob", 40, 3)
    to(venue, 200 * SECOND)
    return venue


def to(venue: Venue, now: int) -> None:
    venue.floor.now = now
    venue.box.live_until(now)


def test_a_candle_tells_where_quotes_and_prices_went() -> None:
    first, quiet, third = candles(traded())
    assert [row["end_period_ts"] for row in (first, quiet, third)] == [60, 120, 180]
    assert first["yes_bid"] == {
        "open_dollars": "0.4000", "low_dollars": "0.4000", "high_dollars": "0.4500", "close_dollars": "0.4000",
    }  # fmt: skip
    assert (first["yes_ask"]["open_dollars"], first["yes_ask"]["close_dollars"]) == ("1.0000", "0.5000")
    assert first["price"] == {
        "open_dollars": "0.4500", "low_dollars": "0.4500", "high_dollars": "0.5000", "close_dollars": "0.5000",
        "mean_dollars": "0.4833", "previous_dollars": None, "min_dollars": None, "max_dollars": None,
    }  # fmt: skip
    assert (first["volume_fp"], first["open_interest_fp"], third["open_interest_fp"]) == ("3.00", "3.00", "6.00")
    assert (third["price"]["previous_dollars"], third["price"]["close_dollars"]) == ("0.5000", "0.4000")


def test_a_quiet_candle_carries_the_quotes_and_has_no_price_of_its_own() -> None:
    _, quiet, _ = candles(traded())
    assert (quiet["volume_fp"], quiet["open_interest_fp"]) == ("0.00", "3.00")
    assert set(quiet["yes_bid"].values()) == {"0.4000"}
    assert {name for name, value in quiet["price"].items() if value is not None} == {"previous_dollars"}


def test_what_happens_at_the_end_of_a_period_belongs_to_it() -> None:
    venue = Venue()
    for second in (60, 61):
        to(venue, second * SECOND)
        venue.floor.buy("ann", 40, 1)
        venue.floor.sell("bob", 40, 1)
    to(venue, 120 * SECOND)
    assert [row["volume_fp"] for row in candles(venue)] == ["1.00", "1.00"]


def test_only_what_ends_within_the_span_is_told_and_only_when_it_is_over() -> None:
    venue = traded()
    assert [row["end_period_ts"] for row in candles(venue, start_ts=60, end_ts=179)] == [60, 120]
    assert [row["end_period_ts"] for row in candles(venue, start_ts=61)] == [120, 180]
    to(venue, 240 * SECOND - 1)
    assert len(candles(venue)) == 3
    to(venue, 240 * SECOND)
    assert len(candles(venue)) == 4
    assert candles(venue, period_interval=60) == []
    assert candles(venue, start_ts=241) == []


def test_hours_and_eastern_days_add_their_minutes_up() -> None:
    venue = traded()
    to(venue, 48 * HOURS * SECOND)
    hour = candles(venue, period_interval=60)[0]
    day, next_day = candles(venue, period_interval=1_440)
    assert (hour["end_period_ts"], day["end_period_ts"], next_day["end_period_ts"]) == (HOURS, 5 * HOURS, 29 * HOURS)
    assert hour["volume_fp"] == day["volume_fp"] == "6.00"
    assert (hour["price"]["low_dollars"], hour["price"]["high_dollars"]) == ("0.4000", "0.5000")
    assert (next_day["volume_fp"], next_day["price"]["previous_dollars"]) == ("0.00", "0.4000")


def test_the_candle_before_the_first_carries_the_last_price_and_none_of_its_own() -> None:
    venue = traded()
    synthetic, real = candles(venue, start_ts=100, end_ts=120, include_latest_before_start="true")
    assert (synthetic["end_period_ts"], real["end_period_ts"]) == (120, 120)
    assert (synthetic["price"]["previous_dollars"], synthetic["price"]["close_dollars"]) == ("0.5000", None)
    assert len(candles(venue, start_ts=0, end_ts=60, include_latest_before_start="true")) == 1


def test_a_closed_market_has_no_candles_after_its_end() -> None:
    venue = traded()
    venue.floor.exchange.determine(venue.floor.now, MARKET, "yes", MICRO)
    to(venue, 100 * MINUTE)
    assert [row["end_period_ts"] for row in candles(venue)] == [60, 120, 180, 240]


def test_a_market_that_was_never_quoted_has_no_candles() -> None:
    venue = Venue()
    assert candles(venue) == []
    assert candles(venue, include_latest_before_start="true") == []


def two_markets() -> Venue:
    venue = traded()
    other = a_spec("KXTEST-26JAN05-T50", open_ts=venue.floor.now + SECOND, close_ts=20 * 24 * 60 * MINUTE)
    venue.floor.exchange.list_market(venue.floor.now, other)
    to(venue, 201 * SECOND)
    venue.floor.buy("ann", 30, 1, market="KXTEST-26JAN05-T50")
    to(venue, 300 * SECOND)
    return venue


def test_several_markets_are_told_in_one_answer_and_unknown_ones_left_out() -> None:
    told = ask(two_markets(), "/markets/candlesticks", market_tickers=f"KXTEST-26JAN05-T50,X,{MARKET}").json["markets"]
    assert [(row["market_ticker"], len(row["candlesticks"])) for row in told] == [
        ("KXTEST-26JAN05-T50", 2),
        (MARKET, 5),
    ]


def test_an_event_tells_all_its_markets_side_by_side() -> None:
    told = ask(two_markets(), "/series/KXTEST/events/KXTEST-26JAN05/candlesticks").json
    assert told["market_tickers"] == [MARKET, "KXTEST-26JAN05-T50"]
    assert [len(rows) for rows in told["market_candlesticks"]] == [5, 2]
    assert told["adjusted_end_ts"] == 10**9
    assert ask(Venue(), "/series/KXTEST/events/X/candlesticks").json["error"]["code"] == "event_not_found"
    assert ask(Venue(), "/series/X/events/KXTEST-26JAN05/candlesticks").status == 404


def test_too_many_candles_are_refused_and_those_of_an_event_cut_at_their_end() -> None:
    venue = two_markets()
    to(venue, 10_000 * MINUTE)
    assert len(candles(venue)) == 10_000
    assert len(ask(venue, "/markets/candlesticks", market_tickers="KXTEST-26JAN05-T50").json["markets"]) == 1
    both = ask(venue, "/markets/candlesticks", market_tickers=f"KXTEST-26JAN05-T50,{MARKET}")
    assert (both.status, both.json["msg"][:27]) == (400, "Parameter validation failed")
    told = ask(venue, "/series/KXTEST/events/KXTEST-26JAN05/candlesticks").json
    assert told["adjusted_end_ts"] == 2_500 * 60
    assert [rows[-1]["end_period_ts"] for rows in told["market_candlesticks"]] == [2_500 * 60] * 2
    to(venue, 10_001 * MINUTE)
    assert ask(venue).status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_ts": ""}, {"end_ts": ""}, {"period_interval": ""}, {"period_interval": 5}, {"start_ts": "now"},
        {"start_ts": 2, "end_ts": 1}, {"include_latest_before_start": "maybe"},
    ],
)  # fmt: skip
def test_a_span_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    assert ask(Venue(), **wrong).json["msg"].startswith("Parameter validation failed")


def test_a_market_is_found_only_under_its_series_and_a_batch_names_at_least_one() -> None:
    venue = Venue()
    assert ask(venue, f"/series/X/markets/{MARKET}/candlesticks").json["error"]["code"] == "market_not_found"
    assert ask(venue, "/series/KXTEST/markets/X/candlesticks").json["error"]["code"] == "market_not_found"
    assert ask(venue, "/markets/candlesticks").status == 400
    assert ask(venue, "/markets/candlesticks", market_tickers=",".join(map(str, range(101)))).status == 400


def test_old_candles_are_forgotten() -> None:
    kept = Candles()
    for minute in range(PERIODS[1].kept + 5):
        kept.quote(TopChanged(MARKET, 400_000, MICRO, None, 0, OPENS + minute * MINUTE, minute))
    assert kept.bounds(1) == (6, PERIODS[1].kept + 5)
    assert kept.bounds(60) == (1, 49)


def test_a_market_that_has_long_settled_keeps_its_hours_and_days_and_no_minutes() -> None:
    venue = traded()
    kept = venue.box.past[MARKET].candles
    hours = kept.bounds(60)
    kept.forget_minutes()
    assert (kept.bounds(1), kept.bounds(60)) == (None, hours)
    venue.floor.buy("ann", 41, 1)
    venue.box.remember()
    assert kept.bounds(1) == (4, 4)
