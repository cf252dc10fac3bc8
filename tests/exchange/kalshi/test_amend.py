"""Amending over the wire: the total counts what has filled, and the place in the queue is kept or lost."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Answer, Venue
from tests.exchange.kalshi.test_orders import ORDERS, code, create
from tests.exchange.support import MARKET

from assent.exchange.types import SECOND


def amend(venue: Venue, order_id: str, member: str = "ann", **changes: Any) -> Answer:
    body = {"ticker": MARKET, "side": "bid", "price": "0.52", "count": "2.00"} | changes
    return venue.call("POST", f"{ORDERS}/{order_id}/amend", body=body, member=member)


def shown(venue: Venue, order_id: str) -> dict[str, Any]:
    row = venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]
    venue.floor.exchange.check()
    return dict(row)


def resting(venue: Venue, **changes: Any) -> str:
    return str(create(venue, **changes).json["order_id"])


def test_another_price_alone_tells_no_counts() -> None:
    venue = Venue()
    order_id = resting(venue, client_order_id="one")
    answer = amend(venue, order_id, price="0.50")
    assert answer.json == {
        "order_id": order_id, "client_order_id": "one", "remaining_count": None, "fill_count": None,
        "average_fill_price": None, "average_fee_paid": None, "ts_ms": 10_000,
    }  # fmt: skip
    assert venue.get(f"/markets/{MARKET}/orderbook").json["orderbook_fp"]["yes_dollars"] == [["0.5000", "2.00"]]
    assert venue.floor.exchange.balance("ann").reserved == 1_000_000


def test_the_count_is_the_total_and_not_what_remains() -> None:
    venue = Venue()
    order_id = resting(venue, count="3")
    venue.floor.sell("cat", 52, 2)
    told = amend(venue, order_id, count="5").json
    assert (told["remaining_count"], told["fill_count"]) == ("3.00", "0.00")
    assert code(amend(venue, order_id, count="2")) == (400, "invalid_order_size")
    row = shown(venue, order_id)
    assert (row["initial_count_fp"], row["fill_count_fp"], row["remaining_count_fp"]) == ("5.00", "2.00", "3.00")


def test_a_smaller_order_that_has_filled_in_part_counts_right() -> None:
    venue = Venue()
    order_id = resting(venue, count="5")
    venue.floor.sell("cat", 52, 2)
    assert amend(venue, order_id, count="3").json["remaining_count"] == "1.00"
    row = shown(venue, order_id)
    assert (row["initial_count_fp"], row["fill_count_fp"], row["remaining_count_fp"]) == ("3.00", "2.00", "1.00")
    venue.floor.sell("cat", 52, 1)
    assert shown(venue, order_id)["status"] == "executed"


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"count": "1"}, "ann"),
        ({"expiration_time": 500}, "ann"),
        ({"count": "2"}, "ann"),
        ({"count": "3"}, "bob"),
    ],
    ids=["smaller", "expiry", "as it was", "larger"],
)
def test_only_growing_or_moving_loses_the_place_in_the_queue(changes: dict[str, Any], first: str) -> None:
    venue = Venue()
    order_id = resting(venue)
    create(venue, "bob")
    assert amend(venue, order_id, **changes).status == 200
    venue.floor.sell("cat", 52, 1)
    assert [bool(venue.floor.position(name)) for name in ("ann", "bob")] == [first == "ann", first == "bob"]
    venue.floor.exchange.check()


def test_an_amendment_that_crosses_trades_as_a_taker() -> None:
    venue = Venue()
    venue.floor.sell("cat", 55, 1)
    order_id = resting(venue)
    told = amend(venue, order_id, price="0.60").json
    assert (told["fill_count"], told["remaining_count"], told["average_fill_price"]) == ("1.00", "1.00", "0.5500")
    assert told["average_fee_paid"] == "0.0174"
    assert shown(venue, order_id)["taker_fees_dollars"] == "0.017400"
    assert venue.floor.exchange.top(MARKET).bid == 600_000


def test_an_expiry_is_kept_moved_or_taken_away() -> None:
    venue = Venue()
    kept, moved, freed = (resting(venue, expiration_time=20) for _ in range(3))
    amend(venue, kept, count="1")
    amend(venue, moved, expiration_time=30)
    amend(venue, freed, expiration_time=0)
    venue.floor.now = 20 * SECOND
    assert [shown(venue, each)["status"] for each in (kept, moved, freed)] == ["canceled", "resting", "resting"]
    venue.floor.now = 30 * SECOND
    assert [shown(venue, each)["status"] for each in (moved, freed)] == ["canceled", "resting"]
    assert shown(venue, freed)["expiration_time"] is None


def test_a_new_client_id_is_used_up_as_well() -> None:
    venue = Venue()
    order_id = resting(venue, client_order_id="one")
    resting(venue, client_order_id="two", price="0.10")
    assert code(amend(venue, order_id, updated_client_order_id="two")) == (409, "order_already_exists")
    told = amend(venue, order_id, client_order_id="one", updated_client_order_id="three").json
    assert told["client_order_id"] == "three"
    for used in ("one", "three"):
        assert code(create(venue, client_order_id=used)) == (409, "order_already_exists")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ticker": "X"}, (400, "order_ticker_mismatch")),
        ({"side": "ask"}, (400, "order_side_mismatch")),
        ({"client_order_id": "x"}, (400, "order_id_and_client_order_id_mismatch")),
        ({"price": "0.525"}, (400, "invalid_price")),
        ({"price": "0.52000"}, (400, "invalid_order")),
        ({"price": "0.55"}, (400, "invalid_order")),
        ({"count": "0"}, (400, "invalid_order_size")),
        ({"count": "5000"}, (400, "insufficient_balance")),
        ({"expiration_time": 5}, (400, "invalid_parameters")),
        ({"expiration_time": -5}, (400, "invalid_parameters")),
        ({"exchange_index": 1}, (404, "not_found")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_refused_amendment_leaves_the_order_in_its_place(changes: dict[str, Any], expected: Any) -> None:
    venue = Venue()
    venue.floor.sell("cat", 55, 1)
    order_id = resting(venue, post_only=True)
    create(venue, "bob")
    before, money = shown(venue, order_id), venue.floor.exchange.balance("ann")
    assert code(amend(venue, order_id, **changes)) == expected
    assert (shown(venue, order_id), venue.floor.exchange.balance("ann")) == (before, money)
    venue.floor.sell("cat", 52, 1)
    assert venue.floor.position("ann") == 1_000_000


def test_an_order_is_not_amended_into_one_of_the_same_account() -> None:
    venue = Venue()
    resting(venue, side="ask", price="0.60")
    order_id = resting(venue)
    assert code(amend(venue, order_id, price="0.60")) == (400, "self_cross_attempt")


def test_nothing_is_amended_that_does_not_rest_or_belongs_to_another_or_during_a_pause() -> None:
    venue = Venue()
    order_id = resting(venue)
    assert code(amend(venue, order_id, "bob")) == (404, "not_found")
    venue.floor.exchange.pause_market(venue.floor.now, MARKET)
    assert code(amend(venue, order_id, price="0.50")) == (409, "trading_is_paused")
    venue.floor.exchange.pause(venue.floor.now, whole=False)
    assert code(amend(venue, order_id, price="0.50")) == (409, "trading_is_paused")
    venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann")
    assert code(amend(venue, order_id, price="0.50")) == (404, "not_found")
