"""Our answers against the venue's published specification, field by field, both ways.

The specification lies outside the project: ASSENT_SHARED_VENUES names its folder. It is older than the venue of today,
so what differs stands in one table with its reason; a difference that is gone must leave the table.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.exchange.kalshi.support import Answer, Venue
from tests.exchange.support import MARKET

from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MICRO, SECOND

FOLDER = os.environ.get("ASSENT_SHARED_VENUES", "")
SPECIFICATION = Path(FOLDER) / "kalshi_openapi.json"
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="ASSENT_SHARED_VENUES does not name the folder of kalshi_openapi.json: nothing was compared"
)

FIXED_POINT = "the whole row is still specified with integer cents and counts; those fields went in 2026"
NEWER = "newer than the specification at hand"

# (where, field): reason. `-` before a field: the specification wants it and we do not serve it; `+`: we serve it.
DIFFERENCES: dict[tuple[str, str], str] = {
    ("Market", "+settlement_bounds_type"): NEWER + " (October 2026)",
    ("EventData", "-available_on_brokers"): "deprecated there, and not among today's fields",
    ("Series", "+categories"): NEWER,
    ("OrderGroup", "+contracts_limit_fp"): NEWER,
    ("OrderGroup", "+exchange_index"): NEWER,
    ("OrderQueuePosition", "+queue_position_fp"): FIXED_POINT,
    ("OrderQueuePosition", "-queue_position"): FIXED_POINT,
    **{
        ("Order", f"-{name}"): FIXED_POINT
        for name in (
            "yes_price", "no_price", "fill_count", "remaining_count", "initial_count", "taker_fees", "maker_fees",
            "taker_fill_cost", "maker_fill_cost", "queue_position",
        )
    },
    **{
        ("Order", f"+{name}"): NEWER
        for name in (
            "outcome_side", "book_side", "initial_count_fp", "fill_count_fp", "remaining_count_fp",
            "subaccount_number", "exchange_index", "last_update_reason",
        )
    },
}  # fmt: skip
# Lists that have no rows in this box.
EMPTY = {
    ("get", "/account/limits"): ["grants"],
    ("get", "/series/fee_changes"): ["series_fee_change_arr"],
    ("get", "/events/fee_changes"): ["event_fee_changes"],
    ("get", "/events/{event_ticker}/metadata"): ["settlement_sources"],
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SPECIFICATION.read_text())
    return loaded


def a_day() -> tuple[Venue, dict[tuple[str, str], Answer]]:
    """One answer of each kind: with rows in every list, an order filled in part, and a market that paid."""
    venue = Venue(cash=1_000 * MICRO)
    venue.floor.sell("bob", 52, 3)
    groups = "/portfolio/order_groups"
    grouped = venue.call("POST", groups + "/create", body={"contracts_limit": 100}, member="ann")
    group_id = grouped.json["order_group_id"]
    body = {
        "ticker": MARKET, "side": "bid", "count": "5", "price": "0.52", "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross", "client_order_id": "one", "expiration_time": 900,
        "order_group_id": group_id,
    }  # fmt: skip
    orders = "/portfolio/events/orders"
    created = venue.call("POST", orders, body=body, member="ann")
    order_id = created.json["order_id"]
    answers = {
        ("post", orders): created,
        ("post", orders + "/{order_id}/decrease"): venue.call(
            "POST", f"{orders}/{order_id}/decrease", body={"reduce_by": "1"}, member="ann"
        ),
        ("post", orders + "/{order_id}/amend"): venue.call(
            "POST",
            f"{orders}/{order_id}/amend",
            body={"ticker": MARKET, "side": "bid", "price": "0.52", "count": "4.50"},
            member="ann",
        ),
        ("post", groups + "/create"): grouped,
        ("get", groups): venue.call("GET", groups, member="ann"),
        ("get", groups + "/{order_group_id}"): venue.call("GET", f"{groups}/{group_id}", member="ann"),
        ("get", "/account/limits"): venue.call("GET", "/account/limits", member="ann"),
        ("get", "/account/endpoint_costs"): venue.get("/account/endpoint_costs"),
        ("get", "/exchange/user_data_timestamp"): venue.get("/exchange/user_data_timestamp"),
        ("get", "/exchange/status"): venue.get("/exchange/status"),
        ("get", "/exchange/schedule"): venue.get("/exchange/schedule"),
        ("get", "/series"): venue.get("/series", include_volume="true"),
        ("get", "/series/{series_ticker}"): venue.get("/series/KXTEST"),
        ("get", "/events"): venue.get("/events", with_nested_markets="true"),
        ("get", "/events/{event_ticker}"): venue.get("/events/KXTEST-26JAN05"),
        ("get", "/markets/{ticker}/orderbook"): venue.get(f"/markets/{MARKET}/orderbook"),
        ("get", "/markets/trades"): venue.get("/markets/trades"),
    }
    for what in ("balance", "orders", "fills", "positions"):
        answers["get", f"/portfolio/{what}"] = venue.call("GET", f"/portfolio/{what}", member="ann")
    answers["get", "/portfolio/orders/{order_id}"] = venue.call("GET", f"/portfolio/orders/{order_id}", member="ann")
    answers["post", orders + "/batched"] = placed = venue.call(
        "POST",
        orders + "/batched",
        body={"orders": [body | {"client_order_id": "two", "count": "1"}, body | {"ticker": "X"}]},
        member="ann",
    )
    second = placed.json["orders"][0]["order_id"]
    answers["delete", orders + "/batched"] = venue.call(
        "DELETE", orders + "/batched", body={"orders": [{"order_id": second}, {"order_id": second}]}, member="ann"
    )
    queue = "/portfolio/orders/{order_id}/queue_position"
    answers["get", queue] = venue.call("GET", f"/portfolio/orders/{order_id}/queue_position", member="ann")
    queues = "/portfolio/orders/queue_positions"
    answers["get", queues] = venue.call("GET", queues, member="ann")
    answers["delete", orders + "/{order_id}"] = venue.call("DELETE", f"{orders}/{order_id}", member="ann")
    venue.floor.settle("yes", MICRO)
    for what in ("reset", "trigger"):
        answers["put", f"{groups}/{{order_group_id}}/{what}"] = venue.call(
            "PUT", f"{groups}/{group_id}/{what}", body={}, member="ann"
        )
    answers["put", groups + "/{order_group_id}/limit"] = venue.call(
        "PUT", f"{groups}/{group_id}/limit", body={"contracts_limit_fp": "7.00"}, member="ann"
    )
    answers["delete", groups + "/{order_group_id}"] = venue.call("DELETE", f"{groups}/{group_id}", member="ann")
    answers["get", "/portfolio/settlements"] = venue.call("GET", "/portfolio/settlements", member="ann")
    span = {"start_ts": 0, "end_ts": 60, "period_interval": 1}
    series = "/series/{series_ticker}"
    for path, real in (
        (series + "/markets/{ticker}/candlesticks", f"/series/KXTEST/markets/{MARKET}/candlesticks"),
        (series + "/events/{ticker}/candlesticks", "/series/KXTEST/events/KXTEST-26JAN05/candlesticks"),
        ("/markets/candlesticks", "/markets/candlesticks"),
    ):
        answers["get", path] = venue.get(real, market_tickers=MARKET, **span)
    for path in ("/series/fee_changes", "/events/fee_changes", "/historical/cutoff", "/markets/orderbooks"):
        answers["get", path] = venue.get(path, tickers=MARKET)
    answers["get", "/events/{event_ticker}/metadata"] = venue.get("/events/KXTEST-26JAN05/metadata")
    answers["get", "/markets"] = venue.get("/markets")
    answers["get", "/markets/{ticker}"] = venue.get(f"/markets/{MARKET}")
    venue.box.settings = Settings(live_ns=0, live_orders_ns=0)
    venue.floor.now += SECOND
    for what in ("markets", "trades", "fills", "orders", "positions"):
        answers["get", f"/historical/{what}"] = venue.call("GET", f"/historical/{what}", member="ann")
    for what in ("", "/candlesticks"):
        path = "/historical/markets/{ticker}" + what
        answers["get", path] = venue.get(f"/historical/markets/{MARKET}{what}", **span)
    return venue, answers


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A schema and its name, with the references before it followed."""
    name = ""
    while True:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = document["components"]["schemas"][name]
        elif len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        else:
            return name, schema


def differences(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Fields that one side has and the other does not, and values of the wrong type."""
    nullable = schema.get("nullable", False)
    name, schema = resolved(document, schema)
    where = name or where
    if value is None:
        if not (nullable or schema.get("nullable", False)):
            yield where, "null"
        return
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        yield from ((where, f"-{field}") for field in schema.get("required", ()) if field not in value)
        yield from ((where, f"+{field}") for field in value if field not in known)
        for field in value.keys() & known.keys():
            yield from differences(document, known[field], value[field], f"{where}.{field}")
    elif isinstance(value, list) and "items" in schema:
        for row in value:
            yield from differences(document, schema["items"], row, where)
    else:
        plain = {key: schema[key] for key in ("type", "enum", "format", "minimum", "maximum") if key in schema}
        if not jsonschema.Draft202012Validator(plain).is_valid(value):
            yield where, f"value {value!r}"


def test_every_answer_is_what_the_specification_says_but_for_the_table(document: dict[str, Any]) -> None:
    _, answers = a_day()
    found: set[tuple[str, str]] = set()
    for (method, path), answer in answers.items():
        responses = document["paths"][path][method]["responses"]
        assert str(answer.status) in responses, (method, path, answer)
        schema = responses[str(answer.status)]["content"]["application/json"]["schema"]
        found |= set(differences(document, schema, answer.json, path))
    assert found == set(DIFFERENCES)


def test_no_list_was_compared_while_it_was_empty() -> None:
    _, answers = a_day()
    for (method, path), answer in answers.items():
        empty = [name for name, value in answer.json.items() if value == []]
        assert empty == EMPTY.get((method, path), []), (method, path, empty)


def test_a_wrong_type_and_a_missing_field_would_be_found(document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/CreateOrderV2Response"}
    wrong = {"order_id": 5, "fill_count": "0.00", "ts_ms": 1, "status": "resting"}
    assert sorted(differences(document, schema, wrong, "")) == [
        ("CreateOrderV2Response", "+status"),
        ("CreateOrderV2Response", "-remaining_count"),
        ("CreateOrderV2Response.order_id", "value 5"),
    ]
