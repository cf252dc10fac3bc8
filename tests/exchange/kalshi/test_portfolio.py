"""A member's own reads: rows as the wire shows them, adding up to the exchange's own books."""

from typing import Any

from tests.exchange.kalshi.support import Venue
from tests.exchange.support import MARKET

from assent.exchange.kalshi.statement import Statement, Until
from assent.exchange.types import MINUTE


def read(venue: Venue, what: str, member: str = "ann", **query: Any) -> Any:
    answer = venue.call("GET", f"/portfolio/{what}", query=query, member=member)
    assert answer.status == 200, answer
    return answer.json


def traded() -> Venue:
    """Ann bought 3 at 0.45 as taker, then sold 1 at 0.60 as maker."""
    venue = Venue()
    venue.floor.sell("bob", 45, 3)
    venue.floor.buy("ann", 45, 3)
    venue.floor.sell("ann", 60, 2)
    venue.floor.buy("cat", 60, 1)
    return venue


def test_own_reads_need_a_signature() -> None:
    venue = Venue()
    for what in ("balance", "orders", "orders/x", "fills", "positions", "settlements"):
        assert venue.get(f"/portfolio/{what}").status == 401, what


def test_an_order_shows_direction_counts_and_costs_and_no_removed_field() -> None:
    newest, oldest = read(traded(), "orders")["orders"]
    assert (oldest["book_side"], oldest["outcome_side"], oldest["status"]) == ("bid", "yes", "executed")
    assert (oldest["taker_fill_cost_dollars"], oldest["maker_fill_cost_dollars"]) == ("1.350000", "0.000000")
    # 0.07 * 3 * 0.45 * 0.55 = 0.051975, up to the next hundredth of a cent.
    assert (oldest["taker_fees_dollars"], oldest["maker_fees_dollars"]) == ("0.052000", "0.000000")
    assert (newest["book_side"], newest["outcome_side"], newest["status"]) == ("ask", "no", "resting")
    assert (newest["initial_count_fp"], newest["fill_count_fp"], newest["remaining_count_fp"]) == (
        "2.00",
        "1.00",
        "1.00",
    )
    assert newest["maker_fill_cost_dollars"] == "0.400000"
    assert not {"yes_price", "no_price", "count", "fill_count", "remaining_count", "queue_position"} & newest.keys()


def test_orders_are_filtered_and_told_in_pages() -> None:
    venue = traded()
    assert len(read(venue, "orders", status="resting")["orders"]) == 1
    assert len(read(venue, "orders", ticker="X")["orders"]) == 0
    assert len(read(venue, "orders", event_ticker="KXTEST-26JAN05,X")["orders"]) == 2
    assert len(read(venue, "orders", min_ts=11)["orders"]) == 0
    assert len(read(venue, "orders", subaccount=1)["orders"]) == 0
    assert len(read(venue, "orders", exchange_index=0)["orders"]) == 2
    first = read(venue, "orders", limit=1)
    second = read(venue, "orders", limit=1, cursor=first["cursor"])
    assert [row["status"] for row in first["orders"] + second["orders"]] == ["resting", "executed"]
    assert second["cursor"] == ""
    assert venue.call("GET", "/portfolio/orders", query={"status": "open"}, member="ann").status == 400


def test_a_fill_names_its_trade_and_its_order_and_no_client_id() -> None:
    venue = traded()
    newest, oldest = read(venue, "fills")["fills"]
    trades = venue.get("/markets/trades").json["trades"]
    assert [newest["fill_id"], oldest["trade_id"]] == [row["trade_id"] for row in trades]
    assert newest["order_id"] == read(venue, "orders")["orders"][0]["order_id"]
    assert (newest["is_taker"], newest["fee_cost"]) == (False, "0.000000")
    assert (oldest["is_taker"], oldest["fee_cost"], oldest["count_fp"]) == (True, "0.052000", "3.00")
    assert (newest["book_side"], newest["outcome_side"], newest["yes_price_dollars"]) == ("ask", "no", "0.6000")
    assert "client_order_id" not in newest
    assert len(read(venue, "fills", order_id=newest["order_id"])["fills"]) == 1
    assert len(read(venue, "fills", order_id="unknown")["fills"]) == 0


def test_a_position_is_signed_and_carries_its_cost_and_gain() -> None:
    venue = traded()
    ann, bob = (read(venue, "positions", name)["market_positions"][0] for name in ("ann", "bob"))
    assert (ann["position_fp"], ann["market_exposure_dollars"]) == ("2.00", "0.900000")
    assert (ann["realized_pnl_dollars"], ann["fees_paid_dollars"]) == ("0.150000", "0.052000")
    assert (bob["position_fp"], bob["market_exposure_dollars"]) == ("-3.00", "1.650000")
    event = read(venue, "positions")["event_positions"][0]
    assert (event["event_exposure_dollars"], event["total_cost_shares_fp"]) == ("0.900000", "4.00")


def test_positions_are_filtered_and_stand_on_subaccount_0() -> None:
    venue = traded()
    venue.floor.buy("bob", 60, 1)
    venue.floor.buy("bob", 70, 2)
    venue.floor.sell("ann", 70, 1)
    assert read(venue, "positions", count_filter="position")["market_positions"] == []
    assert len(read(venue, "positions", count_filter="total_traded")["market_positions"]) == 1
    assert read(venue, "positions", subaccount=1)["market_positions"] == []


def test_a_position_that_crosses_zero_starts_with_a_new_cost() -> None:
    venue = Venue()
    venue.floor.sell("bob", 40, 1)
    venue.floor.buy("ann", 40, 1)
    venue.floor.buy("bob", 70, 3)
    venue.floor.sell("ann", 70, 3)
    shown = read(venue, "positions")["market_positions"][0]
    assert (shown["position_fp"], shown["market_exposure_dollars"], shown["realized_pnl_dollars"]) == (
        "-2.00",
        "0.600000",
        "0.300000",
    )


def test_cash_is_what_was_put_in_less_cost_plus_gain_less_fees() -> None:
    venue = traded()
    read(venue, "balance")
    holding = venue.box.statements["ann"].holdings[MARKET]
    assert venue.floor.cash("ann") == 1_000_000_000 - holding.cost + holding.realized - holding.fees
    assert holding.position == venue.floor.position("ann")


def test_a_settled_position_moves_to_the_settlements() -> None:
    venue = traded()
    venue.floor.settle("yes", 1_000_000)
    assert read(venue, "positions")["market_positions"] == []
    assert read(venue, "positions", settlement_status="settled")["market_positions"][0]["position_fp"] == "0.00"
    row = read(venue, "settlements")["settlements"][0]
    assert (row["market_result"], row["yes_count_fp"], row["no_count_fp"]) == ("yes", "2.00", "0.00")
    assert (row["yes_total_cost_dollars"], row["revenue"], row["value"]) == ("0.900000", 200, 100)
    loser = read(venue, "settlements", "bob")["settlements"][0]
    assert (loser["no_count_fp"], loser["no_total_cost_dollars"], loser["revenue"]) == ("3.00", "1.650000", 0)


def test_a_later_word_about_a_market_replaces_its_settlement() -> None:
    venue = traded()
    venue.floor.settle("yes", 1_000_000)
    read(venue, "settlements")
    venue.floor.now += MINUTE
    venue.floor.exchange.amend(venue.floor.now, MARKET, "no", 0)
    rows = read(venue, "settlements")["settlements"]
    assert [(row["market_result"], row["revenue"]) for row in rows] == [("no", 0)]
    holding = venue.box.statements["ann"].paid[MARKET].holding
    assert venue.floor.cash("ann") == 1_000_000_000 + holding.realized - holding.fees


def test_the_balance_counts_cents_down_and_positions_at_what_they_would_bring() -> None:
    venue = traded()
    venue.floor.buy("cat", 41, 5)
    told = read(venue, "balance")
    assert (told["balance_dollars"], told["balance"]) == ("999.1980", 99_919)
    assert told["portfolio_value"] == 82
    assert told["balance_breakdown"] == [{"exchange_index": 0, "balance": "999.1980"}]
    assert told["updated_ts"] == 10


def test_a_statement_takes_up_each_row_once() -> None:
    venue = traded()
    history = venue.floor.histories["ann"]
    statement = Statement()
    for _ in range(3):
        statement.take_up(history, Until.now(history))
    assert statement.holdings[MARKET].position == 2_000_000
