"""Shards: money here and a market there, and writes that have to say where they go."""

import json
from typing import Any

import pytest
from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, Venue
from tests.exchange.kalshi.test_groups import GROUPS
from tests.exchange.kalshi.test_orders import ORDERS, code, create
from tests.exchange.support import MARKET, a_spec

from assent.exchange.accounts import History
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.buckets import BASIC
from assent.exchange.kalshi.channels import Habits
from assent.exchange.kalshi.connection import Connection
from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MICRO, SECOND

COIN = "KXCOIN-26JAN05-T1"


class ShardedVenue(Venue):
    """Coins are on shard 2, tennis would be on 3. Ann has 1000 dollars on shard 0 and 50 on 2, Bob all of his on 0."""

    def __init__(self) -> None:
        super().__init__()
        floor = self.floor
        history = floor.histories["ann@2"] = History()
        floor.exchange.open_account("ann@2", 50 * MICRO, history)
        spec = a_spec(COIN, series="KXCOIN", event="KXCOIN-26JAN05", open_ts=floor.now + SECOND)
        floor.exchange.list_market(floor.now, spec)
        floor.now += SECOND
        floor.exchange.advance(floor.now)
        shards = Settings(shards={"KXCOIN": 2, "KXTENNIS": 3})
        self.box = Box(floor.exchange, floor.histories, floor.exchange.advance, shards)
        self.keys = Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),))
        self.app = App(self.box, self.keys, lambda: self.floor.now)

    def read(self, what: str, **query: Any) -> Any:
        answer = self.call("GET", f"/portfolio/{what}", query=query, member="ann")
        assert answer.status == 200, answer
        return answer.json


def test_a_market_its_event_and_its_series_say_where_they_are() -> None:
    venue = ShardedVenue()
    assert venue.get(f"/markets/{COIN}").json["market"]["exchange_index"] == 2
    assert venue.get("/events/KXCOIN-26JAN05").json["event"]["exchange_index"] == 2
    assert venue.get("/series/KXCOIN").json["series"]["exchange_index"] == 2
    assert venue.get(f"/markets/{MARKET}").json["market"]["exchange_index"] == 0
    rows = venue.get("/exchange/status").json["exchange_index_statuses"]
    assert [row["exchange_index"] for row in rows] == [0, 2, 3]
    assert "exchange_index_statuses" not in Venue().get("/exchange/status").json


def test_an_order_is_paid_by_the_money_on_its_own_shard() -> None:
    venue = ShardedVenue()
    assert code(create(venue, ticker=COIN, count="200", price="0.52")) == (400, "insufficient_balance")
    assert create(venue, ticker=COIN, count="90", price="0.52").status == 201
    assert create(venue, count="1500", price="0.52").status == 201
    balance = venue.read("balance")
    assert balance["balance_dollars"] == "1050.0000"
    assert balance["balance_breakdown"] == [
        {"exchange_index": 0, "balance": "1000.0000"},
        {"exchange_index": 2, "balance": "50.0000"},
    ]
    assert venue.read("balance", exchange_index=2)["balance"] == 5_000
    assert venue.read("balance", subaccount=1)["balance_breakdown"] == []


def test_who_has_put_nothing_on_a_shard_finds_no_money_there() -> None:
    venue = ShardedVenue()
    venue.box.histories.pop("ann@2")
    assert code(create(venue, ticker=COIN)) == (400, "insufficient_balance")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ticker": COIN}, 201),
        ({"ticker": COIN, "exchange_index": -1}, 201),
        ({"ticker": COIN, "exchange_index": 2}, 201),
        ({"exchange_index": 0}, 201),
        ({"ticker": COIN, "exchange_index": 0}, (404, "market_not_found")),
        ({"exchange_index": 2}, (404, "market_not_found")),
        ({"ticker": COIN, "exchange_index": 1}, (400, "invalid_parameters")),
    ],
    ids=str,
)
def test_a_create_goes_where_its_index_or_its_ticker_says(changes: dict[str, Any], expected: Any) -> None:
    answer = create(ShardedVenue(), **changes)
    assert (answer.status if answer.status == 201 else code(answer)) == expected


def test_a_cancel_that_names_no_market_looks_on_shard_0() -> None:
    venue = ShardedVenue()
    order_id = create(venue, ticker=COIN).json["order_id"]

    def cancel(**query: Any) -> int:
        return venue.call("DELETE", f"{ORDERS}/{order_id}", query=query, member="ann").status

    assert [cancel(), cancel(exchange_index=0), cancel(market_ticker=MARKET), cancel(market_ticker="X")] == [404] * 4
    assert len(venue.floor.exchange.resting("ann@2")) == 1
    assert cancel(market_ticker=COIN) == 200


def test_a_decrease_and_a_batch_need_the_market_and_an_amendment_has_it() -> None:
    venue = ShardedVenue()
    order_id = create(venue, ticker=COIN).json["order_id"]
    path = f"{ORDERS}/{order_id}"
    body = {"reduce_by": "0.5"}
    assert venue.call("POST", path + "/decrease", body=body, member="ann").status == 404
    assert venue.call("POST", path + "/decrease", body=body | {"market_ticker": COIN}, member="ann").status == 200
    amended = {"ticker": COIN, "side": "bid", "price": "0.40", "count": "1"}
    assert venue.call("POST", path + "/amend", body=amended, member="ann").json["remaining_count"] == "1.00"
    wrong = amended | {"ticker": MARKET}
    assert venue.call("POST", path + "/amend", body=wrong, member="ann").status == 404
    items = [{"order_id": order_id}, {"order_id": order_id, "market_ticker": COIN}]
    told = venue.call("DELETE", ORDERS + "/batched", body={"orders": items}, member="ann").json["orders"]
    assert [row["reduced_by"] for row in told] == ["0.00", "1.00"]


def test_own_lists_are_of_all_shards_unless_one_is_asked_for() -> None:
    venue = ShardedVenue()
    venue.floor.sell("bob", 52, 2)
    venue.floor.sell("bob", 30, 2, market=COIN)
    here, there = create(venue, count="2").json["order_id"], create(venue, ticker=COIN, count="2").json["order_id"]
    rests = create(venue, ticker=COIN, price="0.10").json["order_id"]
    assert [(row["order_id"], row["exchange_index"]) for row in venue.read("orders")["orders"]] == [
        (rests, 2), (there, 2), (here, 0),
    ]  # fmt: skip
    for what, key in (("fills", "fills"), ("positions", "market_positions")):
        assert sorted(row["exchange_index"] for row in venue.read(what)[key]) == [0, 2]
        assert [row["exchange_index"] for row in venue.read(what, exchange_index=2)[key]] == [2]
        assert venue.read(what, exchange_index=3)[key] == []
    assert {row["user_id"] for row in venue.read("orders")["orders"]} == {"ann"}
    assert venue.read(f"orders/{rests}")["order"]["exchange_index"] == 2
    assert venue.read(f"orders/{rests}/queue_position") == {"queue_position_fp": "0.00"}
    assert [row["order_id"] for row in venue.read("orders/queue_positions")["queue_positions"]] == [rests]
    first = venue.read("orders", limit=2)
    assert [row["order_id"] for row in venue.read("orders", cursor=first["cursor"])["orders"]] == [here]


def test_cancelling_all_is_on_all_shards() -> None:
    venue = ShardedVenue()
    create(venue)
    create(venue, ticker=COIN)
    assert venue.call("DELETE", ORDERS, member="ann").status == 204
    assert venue.floor.exchange.resting("ann") == venue.floor.exchange.resting("ann@2") == []


def test_a_group_stands_on_one_shard_and_takes_only_orders_of_that_one() -> None:
    venue = ShardedVenue()
    body = {"contracts_limit": 5, "exchange_index": 2}
    made = venue.call("POST", GROUPS + "/create", body=body, member="ann").json
    group = made["order_group_id"]
    assert made["exchange_index"] == 2
    assert code(create(venue, order_group_id=group)) == (404, "order_group_not_found")
    assert create(venue, ticker=COIN, order_group_id=group).status == 201
    assert len(venue.call("GET", f"{GROUPS}/{group}", member="ann").json["orders"]) == 1
    trigger = f"{GROUPS}/{group}/trigger"
    assert venue.call("PUT", trigger, body={}, member="ann").status == 404
    assert venue.call("PUT", trigger, query={"exchange_index": 2}, body={}, member="ann").status == 200
    assert venue.floor.exchange.resting("ann@2") == []
    nobody = venue.call("POST", GROUPS + "/create", body=body | {"exchange_index": 3}, member="ann")
    assert code(nobody) == (400, "invalid_parameters")


def limited() -> ShardedVenue:
    venue = ShardedVenue()
    venue.app = App(venue.box, venue.keys, lambda: venue.floor.now, tier=BASIC)
    return venue


def test_a_shard_that_is_named_has_a_bucket_of_its_own() -> None:
    venue = limited()
    there = {"ticker": COIN, "price": "0.01", "count": "1"}
    assert [create(venue, exchange_index=2, **there).status for _ in range(11)] == [201] * 10 + [429]
    assert [create(venue, exchange_index=0, price="0.01").status for _ in range(11)] == [201] * 10 + [429]


def test_what_is_routed_by_its_ticker_is_billed_to_every_shard() -> None:
    venue = limited()
    there = {"ticker": COIN, "price": "0.01", "count": "1"}
    assert [create(venue, **there).status for _ in range(5)] == [201] * 5
    assert [create(venue, exchange_index=2, **there).status for _ in range(6)] == [201] * 5 + [429]
    assert create(venue, **there).status == 429
    assert [create(venue, exchange_index=0, price="0.01").status for _ in range(6)] == [201] * 5 + [429]


def test_a_batch_is_billed_to_shard_0_whatever_it_says() -> None:
    venue = limited()
    items = [{"order_id": "none", "exchange_index": 2}] * 50
    assert venue.call("DELETE", ORDERS + "/batched", body={"orders": items}, member="ann").status == 200
    assert create(venue, exchange_index=0).status == 429
    assert create(venue, ticker=COIN, exchange_index=2).status == 201
    assert venue.call("POST", ORDERS, body=b"{", member="ann").status == 429


def test_a_websocket_tells_a_member_of_all_its_shards() -> None:
    venue = ShardedVenue()
    connection = Connection("ann", venue.box, Habits(), lambda: None)
    venue.app._websockets._feed.join(connection)
    wanted = {"channels": ["fill", "user_orders", "market_positions"]}
    connection.obey(json.dumps({"id": 1, "cmd": "subscribe", "params": wanted}), venue.floor.now)
    venue.floor.sell("bob", 30, 2, market=COIN)
    create(venue, ticker=COIN, count="2")
    told = {}
    while (frame := connection.next_frame(venue.floor.now)) is not None:
        read = json.loads(frame)
        told[read["type"]] = read["msg"]
    assert (told["fill"]["market_ticker"], told["fill"]["exchange_index"]) == (COIN, 2)
    assert (told["user_order"]["user_id"], told["user_order"]["exchange_index"]) == ("ann", 2)
    assert (told["market_position"]["user_id"], told["market_position"]["position_fp"]) == ("ann", "2.00")
