"""Our frames against the venue's published description of its websocket, both ways.

The description lies outside the project: ASSENT_SHARED_VENUES names its folder. Where it is older than the venue of
today, or says too much, the difference stands in one table with its reason; one that is gone must leave the table.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.exchange.kalshi.outline import section
from tests.exchange.kalshi.test_connection import OTHER, REFUSED
from tests.exchange.kalshi.test_feed import Listener
from tests.exchange.support import MARKET, TIMER, a_spec

from assent.exchange.grid import DECI_CENT
from assent.exchange.groups import CreateGroup, DeleteGroup, GroupView, LimitGroup, ResetGroup, TriggerGroup
from assent.exchange.kalshi.channels import CHANNELS, ERRORS
from assent.exchange.types import MICRO, SECOND

FOLDER = os.environ.get("ASSENT_SHARED_VENUES", "")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="ASSENT_SHARED_VENUES does not name the folder of kalshi_asyncapi.yaml: nothing was compared"
)

# Each type of frame and its schema; an answer with a list has one of its own.
SCHEMAS = {
    "subscribed": "subscribedResponsePayload",
    "unsubscribed": "unsubscribedResponsePayload",
    "ok": "okResponsePayload",
    "ok, a list": "listSubscriptionsResponsePayload",
    "error": "errorResponsePayload",
    "orderbook_snapshot": "orderbookSnapshotPayload",
    "orderbook_delta": "orderbookDeltaPayload",
    "ticker": "tickerPayload",
    "trade": "tradePayload",
    "fill": "fillPayload",
    "user_order": "userOrderPayload",
    "market_position": "marketPositionPayload",
    "market_lifecycle_v2": "marketLifecycleV2Payload",
    "event_lifecycle": "eventLifecyclePayload",
    "order_group_updates": "orderGroupUpdatesPayload",
}

# (schema, what differs): reason. `+` before a field: we send it and the description does not know it.
SEQUENCED = "the venue numbers these too; the description forgets it"
ANSWER = "an answer about a subscription says which and where, newer than the description"
DIFFERENCES: dict[tuple[str, str], str] = {
    ("tradePayload", "+seq"): SEQUENCED,
    ("marketLifecycleV2Payload", "+seq"): SEQUENCED,
    ("eventLifecyclePayload", "+seq"): SEQUENCED,
    ("orderbookSnapshotPayload", "+id"): "the answer to get_snapshot carries its command",
    ("errorResponsePayload", "+sid"): ANSWER,
    ("errorResponsePayload", "+seq"): ANSWER,
    ("userOrderPayload", "+msg.exchange_index"): "newer than the description",
    ("userOrderPayload", "+msg.last_update_reason"): "newer than the description",
}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    loaded: dict[str, Any] = section((Path(FOLDER) / "kalshi_asyncapi.yaml").read_text(), "schemas", 2)
    # Real tickers have a point in them, as the description's own examples do.
    del loaded["marketTicker"]["pattern"]
    return loaded


def every_frame() -> list[Any]:
    """A life in which each type of frame comes with each of its optional fields."""
    member = Listener(*CHANNELS, market_tickers=[MARKET, OTHER])
    floor = member.floor
    frames = member.ask("subscribe", channels=["orderbook_delta"], market_ticker="KXNEW-1")
    floor.sell("bob", 52, 3)
    floor.buy("ann", 52, 2, client_order_id="takes")
    floor.buy("ann", 40, 5, client_order_id="rests", expires_ts=900 * SECOND)
    floor.sell("bob", 40, 2)
    exchange = floor.exchange
    group = exchange.command_group(floor.now, "ann", CreateGroup(5 * MICRO))
    assert isinstance(group, GroupView)
    for word in (LimitGroup(group.group, 4 * MICRO), TriggerGroup(group.group), ResetGroup(group.group)):
        exchange.command_group(floor.now, "ann", word)
    floor.buy("ann", 30, 1, group=group.group)
    exchange.command_group(floor.now, "ann", DeleteGroup(group.group))
    frames += member.told()
    exchange.list_market(floor.now, a_spec("KXNEW-1", event="KXNEW", open_ts=floor.now + SECOND))
    floor.now += SECOND
    exchange.pause_market(floor.now, MARKET)
    exchange.resume_market(floor.now, MARKET)
    exchange.move_close(floor.now, MARKET, 800 * SECOND)
    exchange.set_price_bands(floor.now, MARKET, DECI_CENT)
    floor.settle("scalar", 310_000)
    frames += member.told()
    exchange.advance(floor.now + TIMER)
    frames += member.ask("update_subscription", sid=1, action="add_markets", market_ticker="KXNEW-2")
    frames += member.ask("update_subscription", sid=1, action="get_snapshot", market_ticker=OTHER)
    frames += member.ask("list_subscriptions")
    for _, command in REFUSED:
        frames += member.say(command)
    frames += member.ask("unsubscribe", sids=[1, 2])
    return frames


def kind(frame: Any) -> str:
    return "ok, a list" if isinstance(frame.get("msg"), list) else frame["type"]


def differences(schemas: dict[str, Any], name: str, frame: Any) -> Iterator[tuple[str, str]]:
    document = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    for error in jsonschema.Draft202012Validator(document).iter_errors(frame):
        where = ".".join(str(each) for each in error.path if not isinstance(each, int))
        yield name, f"{where} {error.message}"
    yield from ((name, f"+{field}") for field in unknown(schemas, schemas[name], frame, ""))


def unknown(schemas: dict[str, Any], schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """Fields that the description does not know. When a frame was sent may stand on any of them."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]] | {}
    if isinstance(value, list):
        for row in value:
            yield from unknown(schemas, schema.get("items", {}), row, path)
    elif isinstance(value, dict) and "properties" in schema:
        for field, inner in value.items():
            if field not in schema["properties"]:
                yield path + field
            else:
                yield from unknown(schemas, schema["properties"][field], inner, f"{path}{field}.")


def test_every_frame_is_what_the_description_says_but_for_the_table(schemas: dict[str, Any]) -> None:
    frames = every_frame()
    assert {kind(frame) for frame in frames} == set(SCHEMAS)
    found = {each for frame in frames for each in differences(schemas, SCHEMAS[kind(frame)], frame)}
    assert found == set(DIFFERENCES)


def test_every_lifecycle_event_that_the_box_knows_is_described(schemas: dict[str, Any]) -> None:
    told = {frame["msg"]["event_type"] for frame in every_frame() if frame["type"] == "market_lifecycle_v2"}
    described = set(schemas["marketLifecycleV2Payload"]["properties"]["msg"]["properties"]["event_type"]["enum"])
    # Nothing about a market of the box can be reworded.
    assert described - told == {"metadata_updated"}


def test_the_channels_and_the_errors_are_those_of_the_description(schemas: dict[str, Any]) -> None:
    params = schemas["subscribeCommandPayload"]["properties"]["params"]["properties"]
    assert set(params["channels"]["items"]["enum"]) - set(CHANNELS) == {"cfbenchmarks_value", "pyth_value"}
    text = (Path(FOLDER) / "kalshi_asyncapi.yaml").read_text()
    codes = section(text, "x-error-codes", 0)["codes"]
    named = {row["code"]: row["name"] for row in codes}
    assert {code: named[code] for code in ERRORS} == ERRORS
    assert set(named) - set(ERRORS) == {6, 9, 10, 16, 17, 18, 23, 24, 28}


def test_a_wrong_type_a_missing_and_an_unknown_field_would_be_found(schemas: dict[str, Any]) -> None:
    frame = {"type": "trade", "sid": 0, "msg": {"trade_id": 5, "nonsense": {}}}
    found = {what for _, what in differences(schemas, "tradePayload", frame)}
    assert {"sid 0 is less than the minimum of 1", "msg.trade_id 5 is not of type 'string'", "+msg.nonsense"} <= found
    assert "msg 'count_fp' is a required property" in found
