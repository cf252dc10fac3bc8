"""Two tiers: what is over moves from one to the other, and is never in both and never in none."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Venue
from tests.exchange.kalshi.test_orders import code, create
from tests.exchange.support import MARKET, TIMER

from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MICRO, SECOND

KEPT = 100 * SECOND
ORDERS_KEPT = 20 * SECOND


def settled() -> Venue:
    """Ann traded, cancelled and let one more rest; then the market paid."""
    venue = Venue(Settings(live_ns=KEPT, live_orders_ns=ORDERS_KEPT))
    venue.floor.sell("bob", 52, 3)
    create(venue, count="3")
    venue.floor.settle("yes", MICRO)
    return venue


def read(venue: Venue, path: str, **query: Any) -> Any:
    answer = venue.call("GET", path, query=query, member="ann")
    assert answer.status == 200, answer
    return answer.json


def lists(venue: Venue, tier: str) -> dict[str, int]:
    """How many rows of each kind a tier tells."""
    own = "/portfolio/" if tier == "live" else "/historical/"
    public = "/markets" if tier == "live" else "/historical/markets"
    trades = "/markets/trades" if tier == "live" else "/historical/trades"
    return {
        "orders": len(read(venue, own + "orders")["orders"]),
        "fills": len(read(venue, own + "fills")["fills"]),
        "positions": len(read(venue, own + "positions", settlement_status="all")["market_positions"]),
        "markets": len(read(venue, public)["markets"]),
        "trades": len(read(venue, trades)["trades"]),
    }


def test_what_is_over_is_live_at_first_and_historical_later_and_always_somewhere() -> None:
    venue = settled()
    everything = dict.fromkeys(("orders", "fills", "positions", "markets", "trades"), 1)
    nothing = dict.fromkeys(everything, 0)
    assert venue.floor.now == 70 * SECOND
    assert (lists(venue, "live"), lists(venue, "historical")) == (everything | {"orders": 0}, nothing | {"orders": 1})
    venue.floor.now = 111 * SECOND
    moved = {"orders": 1, "fills": 1, "trades": 1}
    assert lists(venue, "historical") == nothing | moved
    assert lists(venue, "live") == everything | dict.fromkeys(moved, 0)
    venue.floor.now = 171 * SECOND
    assert (lists(venue, "live"), lists(venue, "historical")) == (nothing, everything)


def test_the_cutoff_says_where_the_tiers_meet() -> None:
    venue = settled()
    venue.floor.now = 130 * SECOND + 5
    assert read(venue, "/historical/cutoff") == {
        "market_settled_ts": "1970-01-01T00:00:30Z",
        "trades_created_ts": "1970-01-01T00:00:30Z",
        "orders_updated_ts": "1970-01-01T00:01:50Z",
        "market_positions_last_updated_ts": "1970-01-01T00:00:30Z",
    }


def test_ids_are_the_same_in_both_tiers() -> None:
    venue = settled()
    fill, trade = read(venue, "/portfolio/fills")["fills"], venue.get("/markets/trades").json["trades"]
    venue.floor.now = 500 * SECOND
    assert read(venue, "/historical/fills")["fills"] == fill
    assert venue.get("/historical/trades").json["trades"] == trade
    assert read(venue, "/historical/orders")["orders"][0]["order_id"] == fill[0]["order_id"]


def test_what_rests_or_is_held_stays_live_for_ever() -> None:
    venue = Venue(Settings(live_ns=KEPT, live_orders_ns=ORDERS_KEPT))
    venue.floor.sell("bob", 52, 1)
    create(venue, count="3")
    venue.floor.now = 900 * SECOND
    assert lists(venue, "live") == {"orders": 1, "fills": 0, "positions": 1, "markets": 1, "trades": 0}
    assert lists(venue, "historical") == {"orders": 0, "fills": 1, "positions": 0, "markets": 0, "trades": 1}


def test_a_moved_order_or_market_is_found_by_its_name_only_in_its_tier() -> None:
    venue = settled()
    order_id = read(venue, "/historical/orders")["orders"][0]["order_id"]
    assert code(venue.call("GET", f"/portfolio/orders/{order_id}", member="ann")) == (404, "not_found")
    assert code(venue.get(f"/historical/markets/{MARKET}")) == (404, "market_not_found")
    live = venue.get(f"/markets/{MARKET}").json["market"]
    venue.floor.now = 500 * SECOND
    assert code(venue.get(f"/markets/{MARKET}")) == (404, "market_not_found")
    assert venue.get(f"/historical/markets/{MARKET}").json["market"] == live
    assert venue.get("/events/KXTEST-26JAN05").json["markets"] == []
    assert venue.get("/events", with_nested_markets="true").json["events"][0]["markets"] == []


def test_candles_move_with_their_market_and_drop_their_suffixes() -> None:
    venue = settled()
    span = {"start_ts": 0, "end_ts": 1_000, "period_interval": 1}
    live, old = f"/series/KXTEST/markets/{MARKET}/candlesticks", f"/historical/markets/{MARKET}/candlesticks"
    assert code(venue.get(old, **span)) == (404, "market_not_found")
    (before,) = venue.get(live, **span).json["candlesticks"]
    venue.floor.now = 500 * SECOND
    assert code(venue.get(live, **span)) == (404, "market_not_found")
    assert venue.get("/markets/candlesticks", market_tickers=MARKET, **span).json["markets"] == []
    (row,) = venue.get(old, **span).json["candlesticks"]
    assert (
        (row["volume"], row["open_interest"]) == (before["volume_fp"], before["open_interest_fp"]) == ("3.00", "3.00")
    )
    assert row["yes_bid"]["open"] == before["yes_bid"]["open_dollars"]
    assert set(row["price"]) == {"open", "low", "high", "close", "mean", "previous"}
    assert venue.get(old).status == 400


@pytest.mark.parametrize("what", ["fills", "orders", "positions"])
def test_own_history_needs_a_signature_and_is_nobody_elses(what: str) -> None:
    venue = settled()
    venue.floor.now += TIMER + KEPT
    path = f"/historical/{what}"
    assert venue.get(path).status == 401
    key = "market_positions" if what == "positions" else what
    assert len(read(venue, path)[key]) == len(read(venue, path, ticker=MARKET)[key]) == 1
    assert read(venue, path, ticker="X")[key] == []
    assert venue.call("GET", path, query={"limit": 0}, member="ann").status == 400
