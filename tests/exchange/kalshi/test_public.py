"""What anybody may read: books, markets, events, series and trades as the wire shows them today."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Venue
from tests.exchange.support import MARKET, a_spec

from assent.exchange.grid import TAPERED_DECI_CENT
from assent.exchange.kalshi.box import Box
from assent.exchange.types import DAY, MICRO, MINUTE, SECOND

REMOVED = {
    "yes_bid", "yes_ask", "no_bid", "no_ask", "last_price", "volume", "open_interest", "tick_size", "category",
    "risk_limit_cents", "response_price_units", "fractional_trading_enabled", "liquidity", "liquidity_dollars",
    "notional_value", "series_ticker",
}  # fmt: skip


def market(venue: Venue, ticker: str = MARKET) -> dict[str, Any]:
    return dict(venue.get(f"/markets/{ticker}").json["market"])


def with_markets(count: int, **changes: Any) -> Venue:
    venue = Venue()
    for number in range(count):
        venue.floor.exchange.list_market(venue.floor.now, a_spec(f"M-{number}", open_ts=venue.floor.now, **changes))
    return venue


def test_the_book_lists_bids_of_both_sides_and_the_best_comes_last() -> None:
    venue = Venue()
    venue.floor.buy("ann", 47, 3)
    venue.floor.buy("ann", 45, 1)
    venue.floor.sell("bob", 52, 3)
    venue.floor.sell("bob", 54, 1.25)
    answer = venue.get(f"/markets/{MARKET}/orderbook").json
    assert answer == {
        "orderbook_fp": {
            "yes_dollars": [["0.4500", "1.00"], ["0.4700", "3.00"]],
            "no_dollars": [["0.4600", "1.25"], ["0.4800", "3.00"]],
        }
    }
    best = venue.get(f"/markets/{MARKET}/orderbook", depth=1).json["orderbook_fp"]
    assert best == {"yes_dollars": [["0.4700", "3.00"]], "no_dollars": [["0.4800", "3.00"]]}
    assert venue.get(f"/markets/{MARKET}/orderbook", depth=101).status == 400


def test_what_is_not_listed_is_not_found() -> None:
    venue = Venue()
    assert [venue.get(path).status for path in ("/markets/X", "/markets/X/orderbook", "/events/X", "/series/X")] == [
        404
    ] * 4


def test_a_market_shows_todays_fields_and_none_that_were_removed() -> None:
    venue = Venue(price_bands=TAPERED_DECI_CENT)
    venue.floor.buy("ann", 47, 3)
    shown = market(venue)
    assert not REMOVED & shown.keys()
    assert (shown["yes_bid_dollars"], shown["yes_bid_size_fp"], shown["no_ask_dollars"]) == ("0.4700", "3.00", "0.5300")
    assert (shown["yes_ask_dollars"], shown["yes_ask_size_fp"], shown["no_bid_dollars"]) == ("1.0000", "0.00", "0.0000")
    assert shown["price_level_structure"] == "tapered_deci_cent"
    assert shown["price_ranges"][0] == {"start": "0.0000", "end": "0.1000", "step": "0.0010"}
    assert (shown["status"], shown["result"], shown["settlement_bounds_type"]) == ("active", "", "default")


def test_a_market_that_nobody_ever_quoted_has_its_own_stand_in_prices() -> None:
    shown = market(Venue())
    assert (shown["yes_bid_dollars"], shown["yes_ask_dollars"], shown["no_bid_dollars"]) == (
        "0.0000",
        "0.0000",
        "1.0000",
    )


def test_a_market_goes_from_active_to_finalized_with_its_value() -> None:
    venue = Venue()
    venue.floor.exchange.determine(venue.floor.now, MARKET, "scalar", 250_000)
    assert (market(venue)["status"], market(venue)["settlement_value_dollars"]) == ("determined", "0.2500")
    assert [row["status"] for row in venue.get("/markets", status="closed").json["markets"]] == ["determined"]
    venue.floor.now += MINUTE
    shown = market(venue)
    assert (shown["status"], shown["result"], shown["settlement_ts"]) == ("finalized", "scalar", "1970-01-01T00:01:10Z")


def test_volume_and_prices_of_a_day_ago_leave_and_come_after_a_day() -> None:
    venue = Venue(close_ts=3 * DAY)
    venue.floor.sell("bob", 45, 3)
    venue.floor.buy("ann", 45, 1)
    before = market(venue)
    venue.floor.now += DAY + MINUTE
    after = market(venue)
    assert (before["volume_24h_fp"], before["previous_price_dollars"]) == ("1.00", "0.0000")
    assert (after["volume_24h_fp"], after["volume_fp"]) == ("0.00", "1.00")
    assert (after["previous_price_dollars"], after["previous_yes_ask_dollars"]) == ("0.4500", "0.4500")


def test_pages_tell_every_market_once_even_if_one_is_listed_meanwhile() -> None:
    venue = with_markets(5)
    told: list[str] = []
    cursor = ""
    for _ in range(10):
        answer = venue.get("/markets", limit=2, cursor=cursor).json
        told += [row["ticker"] for row in answer["markets"]]
        if len(told) == 2:
            venue.floor.exchange.list_market(venue.floor.now, a_spec("M-late", open_ts=venue.floor.now))
        cursor = answer["cursor"]
        if not cursor:
            break
    assert told == ["M-4", "M-3", "M-2", "M-1", "M-0", MARKET]


@pytest.mark.parametrize("cursor", ["garbage", "!!", "cm93Og", "\u00e4"])
def test_a_cursor_that_cannot_be_read_gives_the_first_page(cursor: str) -> None:
    venue = with_markets(2)
    assert venue.get("/markets", cursor=cursor).json == venue.get("/markets").json


def test_markets_are_filtered_by_what_is_asked() -> None:
    venue = with_markets(2, event="OTHER-1", series="OTHER")

    def tickers(**query: Any) -> list[str]:
        return [row["ticker"] for row in venue.get("/markets", **query).json["markets"]]

    assert tickers(event_ticker="OTHER-1") == ["M-1", "M-0"]
    assert tickers(series_ticker="KXTEST") == [MARKET]
    assert tickers(tickers=f"M-0,{MARKET}") == ["M-0", MARKET]
    assert tickers(mve_filter="only") == []
    assert tickers(status="open", mve_filter="exclude") == ["M-1", "M-0", MARKET]
    assert tickers(min_close_ts=10**9) == []
    assert tickers(max_close_ts=10**9) == ["M-1", "M-0", MARKET]
    assert venue.get("/markets", status="open", min_close_ts=1).status == 400
    assert len(tickers(min_updated_ts=10)) == 3
    assert tickers(min_updated_ts=11) == []
    assert venue.get("/markets", status="open", min_updated_ts=1).status == 400


def test_an_event_holds_its_markets_beside_it_or_within_it() -> None:
    venue = with_markets(2)
    beside = venue.get("/events/KXTEST-26JAN05").json
    within = venue.get("/events/KXTEST-26JAN05", with_nested_markets="true").json
    assert len(beside["markets"]) == 3
    assert "markets" not in beside["event"]
    assert within["event"]["markets"] == beside["markets"]
    assert beside["event"]["collateral_return_type"] == "MECNET"


def test_an_event_is_open_while_any_of_its_markets_is() -> None:
    venue = with_markets(1)
    venue.floor.exchange.determine(venue.floor.now, MARKET, "no", 0)
    for status, count in (("open", 1), ("closed", 1), ("settled", 0)):
        assert len(venue.get("/events", status=status).json["events"]) == count, status


def test_events_are_filtered_by_close_and_by_change() -> None:
    venue = with_markets(1, event="OTHER-1", close_ts=2_000 * SECOND)

    def events(**query: Any) -> list[str]:
        return [row["event_ticker"] for row in venue.get("/events", **query).json["events"]]

    assert events(min_close_ts=1_000) == ["OTHER-1", "KXTEST-26JAN05"]
    assert events(min_close_ts=1_001) == ["OTHER-1"]
    assert events(tickers="KXTEST-26JAN05") == ["KXTEST-26JAN05"]
    venue.floor.now += 5 * SECOND
    venue.floor.exchange.pause_market(venue.floor.now, MARKET)
    assert events(min_updated_ts=15) == ["KXTEST-26JAN05"]


def test_a_series_says_how_its_fees_are_counted() -> None:
    venue = Venue(fee_type="quadratic_with_maker_fees", fee_multiplier_ppm=MICRO // 2)
    shown = venue.get("/series/KXTEST", include_volume="true").json["series"]
    assert (shown["fee_type"], shown["fee_multiplier"], shown["volume_fp"]) == (
        "quadratic_with_maker_fees",
        0.5,
        "0.00",
    )
    assert [row["ticker"] for row in venue.get("/series").json["series"]] == ["KXTEST"]


def test_trades_come_newest_first_and_say_who_took() -> None:
    venue = Venue()
    venue.floor.sell("bob", 45, 3)
    venue.floor.buy("ann", 45, 1)
    venue.floor.buy("ann", 40, 1)
    venue.floor.now += 10**9
    venue.floor.sell("bob", 40, 0.5)
    first = venue.get("/markets/trades", limit=1).json
    second = venue.get("/markets/trades", limit=1, cursor=first["cursor"]).json
    newest, oldest = first["trades"][0], second["trades"][0]
    assert (newest["yes_price_dollars"], newest["no_price_dollars"], newest["count_fp"]) == ("0.4000", "0.6000", "0.50")
    assert (newest["taker_book_side"], newest["taker_outcome_side"]) == ("ask", "no")
    assert (oldest["taker_book_side"], oldest["taker_outcome_side"]) == ("bid", "yes")
    assert second["cursor"] == ""
    assert len(venue.get("/markets/trades", min_ts=11).json["trades"]) == 1
    assert len(venue.get("/markets/trades", max_ts=10).json["trades"]) == 1
    assert venue.get("/markets/trades", ticker="X").json["trades"] == []


def test_a_pause_shows_in_the_status_of_the_exchange() -> None:
    venue = Venue()
    shown = [venue.get("/exchange/status").json]
    venue.floor.exchange.pause(venue.floor.now, whole=False)
    shown.append(venue.get("/exchange/status").json)
    venue.floor.exchange.pause(venue.floor.now, whole=True)
    shown.append(venue.get("/exchange/status").json)
    assert [(each["exchange_active"], each["trading_active"]) for each in shown] == [
        (True, True),
        (True, False),
        (False, False),
    ]


def test_the_schedule_rests_on_thursdays_from_three_to_five() -> None:
    hours = Venue().get("/exchange/schedule").json["schedule"]["standard_hours"][0]
    assert hours["thursday"] == [
        {"open_time": "00:00", "close_time": "03:00"},
        {"open_time": "05:00", "close_time": "00:00"},
    ]
    assert hours["friday"] == [{"open_time": "00:00", "close_time": "00:00"}]


def test_a_box_that_is_opened_late_knows_what_is_listed() -> None:
    venue = with_markets(1)
    venue.floor.exchange.drain()
    box = Box(venue.floor.exchange, venue.floor.histories, venue.floor.exchange.advance)
    assert [view.spec.ticker for view in box.markets().values()] == ["M-0", MARKET]
