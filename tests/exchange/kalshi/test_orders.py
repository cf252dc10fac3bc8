"""Orders over the wire: what is taken, what is refused and how, and what each answer says."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Answer, Venue
from tests.exchange.support import MARKET

from assent.exchange.types import MICRO, SECOND

ORDERS = "/portfolio/events/orders"


def a_body(**changes: Any) -> dict[str, Any]:
    body = {
        "ticker": MARKET,
        "side": "bid",
        "count": "2.00",
        "price": "0.5200",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
    return body | changes


def create(venue: Venue, member: str = "ann", **changes: Any) -> Answer:
    return venue.call("POST", ORDERS, body=a_body(**changes), member=member)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def test_a_resting_order_is_acknowledged_without_a_status() -> None:
    venue = Venue()
    venue.floor.now += 456_000_000
    answer = create(venue, client_order_id="one", side="ask", price="0.61", count="12.5", post_only=True)
    assert answer.status == 201
    told = answer.json
    order_id = told.pop("order_id")
    assert told == {"client_order_id": "one", "fill_count": "0.00", "remaining_count": "12.50", "ts_ms": 10_456}
    book = venue.get(f"/markets/{MARKET}/orderbook").json["orderbook_fp"]
    assert book == {"yes_dollars": [], "no_dollars": [["0.3900", "12.50"]]}
    assert venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]["status"] == "resting"


def test_a_fill_is_acknowledged_with_its_average_price_and_fee() -> None:
    venue = Venue()
    venue.floor.sell("cat", 50, 1)
    venue.floor.sell("cat", 52, 1)
    told = create(venue, count="3").json
    assert (told["fill_count"], told["remaining_count"]) == ("2.00", "1.00")
    assert told["average_fill_price"] == "0.5100"
    # 0.0175 for the one at 0.50; 0.07 * 0.52 * 0.48 = 0.017472, so 0.0175 as well.
    assert told["average_fee_paid"] == "0.0175"


def test_an_order_that_may_not_wait_leaves_nothing_behind() -> None:
    venue = Venue()
    venue.floor.sell("cat", 52, 1)
    part = create(venue, time_in_force="immediate_or_cancel").json
    none = create(venue, time_in_force="immediate_or_cancel").json
    assert (part["fill_count"], part["remaining_count"]) == ("1.00", "0.00")
    assert (none["fill_count"], none["remaining_count"]) == ("0.00", "0.00")
    assert "average_fill_price" not in none


def test_a_client_id_is_used_up_for_good_and_its_order_not_shown_again() -> None:
    venue = Venue()
    first = create(venue, client_order_id="once")
    again = create(venue, client_order_id="once")
    assert again.json == {"error": {"code": "order_already_exists", "message": "order already exists"}}
    assert again.status == 409
    venue.call("DELETE", f"{ORDERS}/{first.json['order_id']}", member="ann")
    assert code(create(venue, client_order_id="once", price="0.10")) == (409, "order_already_exists")
    killed = create(venue, client_order_id="killed", time_in_force="fill_or_kill")
    assert code(killed) == (409, "fill_or_kill_insufficient_resting_volume")
    assert code(create(venue, client_order_id="killed")) == (409, "order_already_exists")
    assert create(venue, "bob", client_order_id="once", price="0.10").status == 201


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"price": "0.525"}, (400, "invalid_price")),
        ({"price": "0"}, (400, "invalid_price")),
        ({"price": "1.00"}, (400, "invalid_price")),
        ({"price": "0.52000"}, (400, "invalid_order")),
        ({"price": "cheap"}, (400, "invalid_parameters")),
        ({"count": "0"}, (400, "invalid_order_size")),
        ({"count": "1.005"}, (400, "invalid_order_size")),
        ({"ticker": "NOTHING"}, (404, "market_not_found")),
        ({"client_order_id": "a.b"}, (400, "invalid_parameters")),
        ({"expiration_time": 5}, (400, "invalid_parameters")),
        ({"expiration_time": 10**30}, (400, "invalid_parameters")),
        ({"expiration_time": 10**15}, (400, "invalid_parameters")),
        ({"expiration_time": 500, "time_in_force": "immediate_or_cancel"}, (400, "invalid_parameters")),
        ({"reduce_only": True}, (400, "invalid_order")),
        ({"count": "100000"}, (400, "insufficient_balance")),
        ({"order_group_id": "g"}, (404, "order_group_not_found")),
        ({"subaccount": 3}, (400, "invalid_parameters")),
        ({"exchange_index": 2}, (400, "invalid_parameters")),
        ({"order_group_id": "00000003-0000-5000-8000-000000000001"}, (404, "order_group_not_found")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_order_that_cannot_be_taken_is_refused_by_its_code(changes: dict[str, Any], expected: Any) -> None:
    answer = create(Venue(), **changes)
    told = answer.json
    assert (answer.status, told.get("error", told)["code"]) == expected


@pytest.mark.parametrize(
    "changes", [{"count": 2}, {"price": 0.52}, {"side": "yes"}, {"time_in_force": "GTT"}, {"post_only": "yes"}]
)
def test_a_body_of_other_types_is_refused_flat_by_the_decoder(changes: dict[str, Any]) -> None:
    answer = create(Venue(), **changes)
    assert (answer.status, answer.json["code"]) == (400, "bad_request")
    assert next(iter(changes)) in answer.json["details"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_body_that_is_no_order_is_refused_flat(body: bytes) -> None:
    answer = Venue().call("POST", ORDERS, body=body, member="ann")
    assert (answer.status, answer.json["code"]) == (400, "bad_request")


def test_too_many_decimals_are_told_as_the_wire_tells_them() -> None:
    told = create(Venue(), price="0.52000").json["error"]
    assert told["details"] == "invalid price: invalid dollar precision: -5"


def test_a_post_only_order_that_would_cross_is_refused_with_details() -> None:
    venue = Venue()
    venue.floor.sell("cat", 52, 1)
    assert create(venue, post_only=True).json == {
        "error": {"code": "invalid_order", "message": "invalid order", "details": "post only cross"}
    }


def test_pauses_refuse_orders_and_a_trading_pause_still_cancels() -> None:
    venue = Venue()
    order_id = create(venue).json["order_id"]
    other_id = create(venue).json["order_id"]
    venue.floor.exchange.pause(venue.floor.now, whole=False)
    assert code(create(venue)) == (409, "trading_is_paused")
    assert venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann").status == 200
    venue.floor.exchange.pause(venue.floor.now, whole=True)
    assert code(create(venue)) == (409, "exchange_is_paused")
    assert code(venue.call("DELETE", f"{ORDERS}/{other_id}", member="ann")) == (409, "exchange_is_paused")


def test_after_its_close_a_market_takes_no_orders() -> None:
    venue = Venue()
    order_id = create(venue).json["order_id"]
    venue.floor.now = 2_000 * SECOND
    assert code(create(venue)) == (400, "market_inactive")
    assert code(venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann")) == (404, "not_found")


def test_a_cancel_says_by_how_much_and_the_second_finds_nothing() -> None:
    venue = Venue()
    order_id = create(venue, client_order_id="one").json["order_id"]
    first = venue.call("DELETE", f"{ORDERS}/{order_id}", query={"market_ticker": MARKET}, member="ann")
    second = venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann")
    assert first.json == {"order_id": order_id, "reduced_by": "2.00", "ts_ms": 10_000}
    assert (second.status, second.json) == (404, {"error": {"code": "not_found", "message": "not found"}})


def test_nobody_can_cancel_or_see_what_is_not_theirs() -> None:
    venue = Venue()
    order_id = create(venue).json["order_id"]
    assert code(venue.call("DELETE", f"{ORDERS}/{order_id}", member="bob")) == (404, "not_found")
    assert code(venue.call("GET", f"/portfolio/orders/{order_id}", member="bob")) == (404, "not_found")
    assert venue.call("DELETE", f"{ORDERS}/{order_id}").status == 401
    assert venue.get(f"/markets/{MARKET}").json["market"]["yes_bid_size_fp"] == "2.00"


@pytest.mark.parametrize("query", [{"subaccount": 3}, {"exchange_index": 2}])
def test_an_order_is_not_found_on_another_subaccount_or_shard(query: dict[str, int]) -> None:
    venue = Venue()
    order_id = create(venue).json["order_id"]
    assert venue.call("DELETE", f"{ORDERS}/{order_id}", query=query, member="ann").status == 404


def test_cancelling_all_leaves_the_book_to_the_others() -> None:
    venue = Venue()
    create(venue)
    create(venue, price="0.40")
    create(venue, "bob", price="0.30")
    answer = venue.call("DELETE", ORDERS, member="ann")
    assert (answer.status, answer.headers, answer.body) == (204, {}, b"")
    book = venue.get(f"/markets/{MARKET}/orderbook").json["orderbook_fp"]
    assert book["yes_dollars"] == [["0.3000", "2.00"]]


def test_a_decrease_keeps_the_place_in_the_queue_and_frees_the_money() -> None:
    venue = Venue()
    order_id = create(venue, client_order_id="one").json["order_id"]
    create(venue, "bob")
    answer = venue.call("POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_by": "0.5"}, member="ann")
    assert answer.json == {"order_id": order_id, "client_order_id": "one", "remaining_count": "1.50", "ts_ms": 10_000}
    answer = venue.call("POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_to": "1"}, member="ann")
    assert answer.json["remaining_count"] == "1.00"
    assert venue.floor.exchange.balance("ann").reserved == 520_000
    venue.floor.sell("cat", 52, 1)
    shown = venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]
    assert (shown["status"], shown["fill_count_fp"], shown["initial_count_fp"]) == ("executed", "1.00", "2.00")
    venue.floor.exchange.check()


def test_a_decrease_to_nothing_is_a_cancel() -> None:
    venue = Venue()
    order_id = create(venue).json["order_id"]
    answer = venue.call("POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_to": "0"}, member="ann")
    assert answer.json["remaining_count"] == "0.00"
    assert venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]["status"] == "canceled"
    again = venue.call("POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_to": "0"}, member="ann")
    assert code(again) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "invalid_parameters"),
        ({"reduce_by": "1", "reduce_to": "1"}, "invalid_parameters"),
        ({"reduce_by": "2.01"}, "invalid_order_size"),
        ({"reduce_by": "0"}, "invalid_order_size"),
        ({"reduce_to": "3"}, "invalid_order_size"),
        ({"reduce_to": "x"}, "invalid_order_size"),
    ],
)
def test_a_decrease_that_is_none_changes_nothing(body: dict[str, str], expected: str) -> None:
    venue = Venue()
    order_id = create(venue).json["order_id"]
    answer = venue.call("POST", f"{ORDERS}/{order_id}/decrease", body=body, member="ann")
    assert code(answer) == (400, expected)
    assert venue.get(f"/markets/{MARKET}").json["market"]["yes_bid_size_fp"] == "2.00"


def test_who_meets_an_own_order_stops_or_sends_it_away_as_asked() -> None:
    venue = Venue()
    own = create(venue, side="ask").json["order_id"]
    venue.floor.sell("cat", 52, 2)
    stopped = create(venue).json
    went_on = create(venue, self_trade_prevention_type="maker").json
    assert (stopped["fill_count"], stopped["remaining_count"]) == ("0.00", "0.00")
    assert (went_on["fill_count"], went_on["remaining_count"]) == ("2.00", "0.00")
    shown = venue.call("GET", f"/portfolio/orders/{own}", member="ann").json["order"]
    assert (shown["status"], shown["fill_count_fp"]) == ("canceled", "0.00")
    venue.floor.exchange.check()


def test_an_order_expires_at_its_second() -> None:
    venue = Venue()
    order_id = create(venue, expiration_time=20).json["order_id"]
    venue.floor.now = 20 * SECOND
    shown = venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]
    assert (shown["status"], shown["expiration_time"]) == ("canceled", "1970-01-01T00:00:20Z")


def test_money_over_the_wire_adds_up_to_the_last_micro() -> None:
    venue = Venue(cash=100 * MICRO)
    venue.floor.sell("cat", 99, 2)
    create(venue, price="0.99", count="1")
    create(venue, price="0.99", count="1")
    told = venue.call("GET", "/portfolio/balance", member="ann").json
    assert (told["balance"], told["balance_dollars"]) == (9_801, "98.0186")
