"""Places in the queue, whole books of several markets, and what never changes here."""

from typing import Any

from tests.exchange.kalshi.support import Venue, ask
from tests.exchange.kalshi.test_orders import ORDERS, code, create
from tests.exchange.support import MARKET

from assent.exchange.kalshi.app import ROOT


def position(venue: Venue, order_id: str, member: str = "ann") -> Any:
    return venue.call("GET", f"/portfolio/orders/{order_id}/queue_position", member=member)


def test_a_place_counts_better_prices_and_earlier_orders_and_nothing_else() -> None:
    venue = Venue()
    venue.floor.buy("bob", 53, 1)
    venue.floor.buy("bob", 52, 2.5)
    mine = create(venue).json["order_id"]
    venue.floor.buy("bob", 52, 7)
    venue.floor.buy("bob", 51, 7)
    venue.floor.sell("bob", 60, 7)
    assert position(venue, mine).json == {"queue_position_fp": "3.50"}
    venue.floor.sell("cat", 52, 3)
    assert position(venue, mine).json == {"queue_position_fp": "0.50"}
    venue.floor.sell("cat", 52, 0.5)
    assert position(venue, mine).json == {"queue_position_fp": "0.00"}


def test_an_order_that_does_not_rest_has_no_place() -> None:
    venue = Venue()
    mine = create(venue).json["order_id"]
    assert code(position(venue, mine, "bob")) == (404, "not_found")
    assert code(position(venue, "nothing")) == (404, "not_found")
    venue.call("DELETE", f"{ORDERS}/{mine}", member="ann")
    assert code(position(venue, mine)) == (404, "not_found")
    assert position(venue, mine, "ann").status == 404


def test_all_places_are_told_at_once_and_filtered_by_market_or_event() -> None:
    venue = Venue()
    first = create(venue).json["order_id"]
    second = create(venue, price="0.40").json["order_id"]

    def read(**query: Any) -> Any:
        told = venue.call("GET", "/portfolio/orders/queue_positions", query=query, member="ann").json
        return [(row["order_id"], row["market_ticker"], row["queue_position_fp"]) for row in told["queue_positions"]]

    both = [(first, MARKET, "0.00"), (second, MARKET, "2.00")]
    assert read() == read(market_tickers=f"X,{MARKET}") == read(event_ticker="KXTEST-26JAN05") == both
    assert read(market_tickers="X") == read(event_ticker="X") == read(subaccount=1) == []


def test_several_books_are_told_whole_and_unknown_markets_left_out() -> None:
    venue = Venue()
    venue.floor.buy("bob", 40, 1)
    one = ask(venue.app, "GET", ROOT + "/markets/orderbooks", query=f"tickers=X&tickers={MARKET}&tickers={MARKET}")
    single = venue.get(f"/markets/{MARKET}/orderbook").json
    assert one.json == {"orderbooks": [{"ticker": MARKET} | single]}
    for query in ("", "tickers=", "&".join(f"tickers=X{number}" for number in range(101))):
        assert ask(venue.app, "GET", ROOT + "/markets/orderbooks", query=query).status == 400, query


def test_fees_never_change_here_and_an_event_has_no_pictures() -> None:
    venue = Venue()
    assert venue.get("/series/fee_changes").json == {"series_fee_change_arr": []}
    assert venue.get("/events/fee_changes").json == {"event_fee_changes": [], "cursor": ""}
    assert venue.get("/events/fee_changes", limit=0).status == 400
    assert venue.get("/series/fee_changes", show_historical="maybe").status == 400
    told = venue.get("/events/KXTEST-26JAN05/metadata").json
    assert [row["market_ticker"] for row in told["market_details"]] == [MARKET]
    assert code(venue.get("/events/X/metadata")) == (404, "event_not_found")
