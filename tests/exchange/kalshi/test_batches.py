"""Several orders in one request: each for itself, and the price of all of them beforehand."""

from typing import Any

from tests.exchange.kalshi.support import Answer, Venue
from tests.exchange.kalshi.test_buckets import LimitedVenue
from tests.exchange.kalshi.test_orders import ORDERS, a_body, code, create

BATCH = ORDERS + "/batched"


def place(venue: Venue, *changes: dict[str, Any]) -> Answer:
    return venue.call("POST", BATCH, body={"orders": [a_body(**each) for each in changes]}, member="ann")


def withdraw(venue: Venue, *items: dict[str, Any]) -> Answer:
    return venue.call("DELETE", BATCH, body={"orders": list(items)}, member="ann")


def test_each_order_of_a_batch_has_its_own_result_and_a_refused_one_stops_no_other() -> None:
    venue = Venue()
    venue.floor.sell("cat", 52, 1)
    answer = place(
        venue,
        {"client_order_id": "one"},
        {"client_order_id": "one"},
        {"ticker": "NOTHING", "client_order_id": "two"},
        {"price": "0.40", "post_only": True},
        {"price": "0.52000"},
        {"exchange_index": 2},
    )
    assert answer.status == 201
    first, again, nothing, rests, many, elsewhere = answer.json["orders"]
    assert (first["error"], first["fill_count"], first["remaining_count"]) == (None, "1.00", "1.00")
    assert first["average_fill_price"] == "0.5200"
    assert again == {
        "client_order_id": "one",
        "error": {"code": "order_already_exists", "message": "order already exists"},
    }
    assert (nothing["client_order_id"], nothing["error"]["code"]) == ("two", "market_not_found")
    assert (rests["error"], rests["remaining_count"]) == (None, "2.00")
    assert many["error"]["details"] == "invalid price: invalid dollar precision: -5"
    assert elsewhere["error"]["code"] == "invalid_parameters"
    assert len(venue.floor.exchange.resting("ann")) == 2


def test_each_cancel_of_a_batch_has_its_own_result() -> None:
    venue = Venue()
    order_id = create(venue, client_order_id="one").json["order_id"]
    bobs = create(venue, "bob", price="0.40").json["order_id"]
    answer = withdraw(
        venue,
        {"order_id": order_id, "market_ticker": "X"},
        {"order_id": order_id},
        {"order_id": bobs},
        {"order_id": "nothing"},
        {"order_id": order_id, "exchange_index": 3},
    )
    first, *others = answer.json["orders"]
    assert (answer.status, first["reduced_by"], first["error"], first["ts_ms"]) == (200, "2.00", None, 10_000)
    assert {row["error"]["code"] for row in others} == {"not_found"}
    assert [row["order_id"] for row in others] == [order_id, bobs, "nothing", order_id]
    assert {row["reduced_by"] for row in others} == {"0.00"}
    assert len(venue.floor.exchange.resting("bob")) == 1


def test_a_batch_that_cannot_be_decoded_does_nothing_at_all() -> None:
    venue = Venue()
    for body in ({"orders": [a_body(), a_body(count=2)]}, {"orders": {}}, {}, [], b"{"):
        answer = venue.call("POST", BATCH, body=body, member="ann")
        assert (answer.status, answer.json["code"]) == (400, "bad_request"), body
    for body in ({"orders": [{"order_id": 5}]}, {"orders": [{}]}):
        answer = venue.call("DELETE", BATCH, body=body, member="ann")
        assert (answer.status, answer.json["code"]) == (400, "bad_request"), body
    assert venue.floor.exchange.resting("ann") == []


def test_an_empty_batch_is_refused() -> None:
    venue = Venue()
    assert code(place(venue)) == (400, "invalid_parameters")
    assert code(withdraw(venue)) == (400, "invalid_parameters")


def test_a_batch_pays_for_each_item_and_is_refused_whole_when_it_does_not_fit() -> None:
    venue = LimitedVenue()
    refused = place(venue, *[{"price": "0.10"}] * 11)
    assert (refused.status, refused.json) == (429, {"error": "too many requests"})
    assert venue.floor.exchange.resting("ann") == []
    assert place(venue, *[{"price": "0.10"}] * 9).status == 201
    assert withdraw(venue, *[{"order_id": "none"}] * 6).status == 429
    assert withdraw(venue, *[{"order_id": "none"}] * 5).status == 200
    assert withdraw(venue, {"order_id": "none"}).status == 429


def test_a_batch_of_nothing_pays_for_one_item() -> None:
    venue = LimitedVenue()
    statuses = [venue.call("POST", BATCH, body=body, member="ann").status for body in (b"{", {"orders": []}) * 5]
    assert statuses == [400] * 10
    assert place(venue, {}).status == 429


def test_the_batches_of_the_first_version_are_gone() -> None:
    answer = Venue().call("POST", "/portfolio/orders/batched", body={"orders": []}, member="ann")
    assert code(answer) == (410, "deprecated_v1_order_endpoint")
