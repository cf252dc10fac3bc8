"""The read model: what own reads say while they trail behind, and after the venue has corrected something."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Venue
from tests.exchange.kalshi.test_orders import ORDERS, create
from tests.exchange.support import MARKET, TIMER

from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MICRO, SECOND

MILLISECOND = SECOND // 1_000
LAG = 400 * MILLISECOND


def read(venue: Venue, what: str, **query: Any) -> Any:
    answer = venue.call("GET", f"/portfolio/{what}", query=query, member="ann")
    assert answer.status == 200, answer
    return answer.json


def as_of(venue: Venue) -> str:
    told: str = venue.get("/exchange/user_data_timestamp").json["as_of_time"]
    return told


def slow() -> Venue:
    return Venue(Settings(read_lag_ns=LAG))


def test_a_cancelled_order_still_reads_as_resting_while_a_second_cancel_finds_nothing() -> None:
    venue = slow()
    order_id = create(venue).json["order_id"]
    venue.floor.now += SECOND
    assert read(venue, f"orders/{order_id}")["order"]["status"] == "resting"
    assert venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann").status == 200
    venue.floor.now += 360 * MILLISECOND
    assert read(venue, f"orders/{order_id}")["order"]["status"] == "resting"
    assert venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann").status == 404
    venue.floor.now += 40 * MILLISECOND
    assert read(venue, f"orders/{order_id}")["order"]["status"] == "canceled"


def test_a_new_order_is_not_found_by_a_read_that_comes_too_soon() -> None:
    venue = slow()
    order_id = create(venue).json["order_id"]
    assert venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").status == 404
    assert read(venue, "orders")["orders"] == []
    venue.floor.now += LAG
    assert len(read(venue, "orders")["orders"]) == 1


def test_all_of_one_moment_is_shown_together() -> None:
    venue = slow()
    venue.floor.sell("bob", 52, 2)
    create(venue)
    for _ in range(2):
        told = (
            len(read(venue, "orders")["orders"]),
            len(read(venue, "fills")["fills"]),
            len(read(venue, "positions")["market_positions"]),
            read(venue, "balance")["balance"] < 100_000,
        )
        assert told in ((0, 0, 0, False), (1, 1, 1, True))
        venue.floor.now += LAG
    assert told == (1, 1, 1, True)


def test_the_public_book_and_the_money_that_an_order_needs_are_never_late() -> None:
    venue = slow()
    create(venue, price="0.50", count="1999")
    assert read(venue, "balance")["balance_dollars"] == "1000.0000"
    assert venue.get(f"/markets/{MARKET}").json["market"]["yes_bid_size_fp"] == "1999.00"
    assert create(venue, price="0.50", count="100").json["error"]["code"] == "insufficient_balance"


def test_as_of_time_tells_how_old_the_reads_are() -> None:
    venue = slow()
    assert as_of(venue) == "1970-01-01T00:00:10Z"
    venue.floor.now += 5 * SECOND
    assert as_of(venue) == "1970-01-01T00:00:14.6Z"
    assert as_of(Venue()) == "1970-01-01T00:00:10Z"


def test_what_happened_between_two_far_requests_is_shown_as_it_was_the_lag_ago() -> None:
    venue = slow()
    create(venue, expiration_time=20)
    venue.floor.now = 20 * SECOND + LAG - 1
    assert read(venue, "orders")["orders"][0]["status"] == "resting"
    venue.floor.now += LAG // 8
    assert read(venue, "orders")["orders"][0]["status"] == "canceled"


def test_nothing_waits_longer_than_the_lag() -> None:
    venue = slow()
    for _ in range(50):
        create(venue, price="0.01", count="1")
        venue.floor.now += 100 * MILLISECOND
        read(venue, "orders")
    assert len(venue.box.reads._waiting) < 20
    venue.floor.now += LAG
    assert len(read(venue, "orders")["orders"]) == 50


def test_orders_are_told_newest_first_however_they_ended() -> None:
    venue = Venue()
    venue.floor.sell("cat", 52, 1)
    for tif in ("good_till_canceled", "immediate_or_cancel", "good_till_canceled", "immediate_or_cancel"):
        create(venue, price="0.40", time_in_force=tif)
    numbers = [row["order_id"] for row in read(venue, "orders")["orders"]]
    assert numbers == sorted(numbers, reverse=True)


def corrected(price: int, qty: int, *, settled: bool = False) -> Venue:
    """Ann bought 3 at 0.52, and it was really `qty` at `price`."""
    venue = Venue()
    venue.floor.sell("bob", 52, 3)
    create(venue, count="3")
    trade_id = venue.floor.histories["ann"].fills[0].fill_id
    if settled:
        venue.floor.settle("yes", MICRO)
    venue.floor.exchange.correct_trade(venue.floor.now, trade_id, price, qty)
    return venue


def test_a_corrected_fill_stands_as_it_is_now() -> None:
    venue = corrected(500_000, 2 * MICRO)
    (fill,) = read(venue, "fills")["fills"]
    assert (fill["count_fp"], fill["yes_price_dollars"], fill["fee_cost"]) == ("2.00", "0.5000", "0.035000")
    (position,) = read(venue, "positions")["market_positions"]
    assert (position["position_fp"], position["market_exposure_dollars"]) == ("2.00", "1.000000")
    assert read(venue, "balance")["balance_dollars"] == "998.9650"


def test_a_fill_that_was_taken_back_is_told_no_more() -> None:
    venue = corrected(520_000, 0)
    assert read(venue, "fills")["fills"] == []
    assert read(venue, "positions")["market_positions"] == []
    assert read(venue, "balance")["balance_dollars"] == "1000.0000"
    assert read(venue, "orders")["orders"][0]["fill_count_fp"] == "3.00"


@pytest.mark.parametrize(("qty", "revenue", "realized"), [(2, 200, "0.960000"), (0, 0, "0.000000")])
def test_a_settlement_is_told_as_if_the_correction_had_come_before_it(qty: int, revenue: int, realized: str) -> None:
    venue = corrected(520_000, qty * MICRO, settled=True)
    (paid,) = read(venue, "settlements")["settlements"]
    assert (paid["revenue"], paid["yes_count_fp"]) == (revenue, f"{qty}.00")
    (flat,) = read(venue, "positions", settlement_status="settled")["market_positions"]
    assert flat["realized_pnl_dollars"] == realized
    spent = MICRO * 1_000 - venue.floor.cash("ann")
    assert spent == round((float(flat["fees_paid_dollars"]) - float(realized)) * MICRO)


def test_a_correction_is_as_late_as_everything_else() -> None:
    venue = slow()
    venue.floor.sell("bob", 52, 3)
    create(venue, count="3")
    venue.floor.now += TIMER
    assert read(venue, "fills")["fills"][0]["count_fp"] == "3.00"
    venue.floor.exchange.correct_trade(venue.floor.now, venue.floor.histories["ann"].fills[0].fill_id, 520_000, MICRO)
    assert read(venue, "fills")["fills"][0]["count_fp"] == "3.00"
    venue.floor.now += LAG
    assert read(venue, "fills")["fills"][0]["count_fp"] == "1.00"
