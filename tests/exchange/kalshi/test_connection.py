"""Commands and their answers: what is taken, what is refused and with which number, and how a sequence runs."""

import json
from typing import Any

import pytest
from tests.exchange.kalshi.support import Venue
from tests.exchange.support import MARKET, a_spec

from assent.exchange.kalshi.channels import CHANNELS, ERRORS, OVERFLOW, Habits
from assent.exchange.kalshi.commands import COMMAND_SIZE_MAX
from assent.exchange.kalshi.connection import Connection
from assent.exchange.kalshi.messages import market_id
from assent.exchange.types import SECOND

OTHER = "KXTEST-26JAN05-T49"


class Member:
    """Ann on her connection, without a socket."""

    def __init__(self, **habits: Any) -> None:
        self.venue = Venue()
        self.venue.floor.exchange.list_market(10 * SECOND, a_spec(OTHER, open_ts=10 * SECOND))
        self.venue.box.live_until(10 * SECOND)
        self.connection = Connection("ann", self.venue.box, Habits(**habits), lambda: None)
        self.venue.app._websockets._feed.join(self.connection)
        self.now = 10 * SECOND
        self.number = 0

    def say(self, command: Any) -> list[Any]:
        self.connection.obey(command if isinstance(command, str) else json.dumps(command), self.now)
        found = []
        while (frame := self.connection.next_frame(self.now)) is not None:
            found.append(json.loads(frame))
            del found[-1]["sending_ts_ms"]
        return found

    def ask(self, cmd: str, **params: Any) -> list[Any]:
        self.number += 1
        return self.say({"id": self.number, "cmd": cmd, "params": params})

    def error(self, command: Any) -> tuple[int, str]:
        frame = self.say(command)[-1]
        assert frame["type"] == "error", frame
        return frame["msg"]["code"], frame["msg"]["msg"]


def subscribe(**params: Any) -> dict[str, Any]:
    return {"id": 9, "cmd": "subscribe", "params": params}


def update(**params: Any) -> dict[str, Any]:
    return {"id": 9, "cmd": "update_subscription", "params": params}


# The books have sid 1, the lifecycle 2, the tickers 3, all of them.
REFUSED: list[tuple[int, Any]] = [
    (1, "no json"),
    (1, "[]"),
    (1, "[" * 100_000),
    (1, '{"id": "one", "cmd": "list_subscriptions"}'),
    (1, '{"id": true, "cmd": "list_subscriptions"}'),
    (1, '{"id": -1, "cmd": "list_subscriptions"}'),
    (1, "x" * (COMMAND_SIZE_MAX + 1)),
    (2, {"id": 9, "cmd": "subscribe"}),
    (2, {"id": 9, "cmd": "unsubscribe", "params": []}),
    (3, subscribe()),
    (3, subscribe(channels=[])),
    (3, subscribe(channels="trade")),
    (4, {"id": 9, "cmd": "unsubscribe", "params": {}}),
    (4, {"id": 9, "cmd": "unsubscribe", "params": {"sids": []}}),
    (5, {"id": 9, "cmd": "resubscribe", "params": {}}),
    (5, {"id": 9}),
    (5, {"id": 9, "cmd": ["subscribe"]}),
    (7, {"id": 9, "cmd": "unsubscribe", "params": {"sids": [1, 77]}}),
    (7, update(sid=77, action="add_markets", market_ticker=MARKET)),
    (8, subscribe(channels=["trade", "cfbenchmarks_value"])),
    (8, subscribe(channels=[["trade"]])),
    (11, subscribe(channels=["trade"], market_ticker=MARKET, market_tickers=[MARKET])),
    (11, subscribe(channels=["trade"], market_tickers=MARKET)),
    (11, subscribe(channels=["trade"], market_tickers=[1])),
    (11, subscribe(channels=["trade"], market_ticker="x" * 129)),
    (11, subscribe(channels=["trade"], market_id=market_id(MARKET))),
    (11, subscribe(channels=["ticker"], market_id=market_id(MARKET), market_ticker=MARKET)),
    (11, subscribe(channels=["trade"], use_yes_price="true")),
    (11, subscribe(channels=["orderbook_delta"], market_ticker=MARKET, use_yes_price=False)),
    (11, subscribe(channels=["communications"], shard_factor="2")),
    (11, {"id": 9, "cmd": "unsubscribe", "params": {"sids": ["1"]}}),
    (11, update(sid=3, action="delete_markets", market_ticker=MARKET)),
    (12, update(action="add_markets", market_ticker=MARKET)),
    (12, update(sid=1, sids=[1], action="add_markets", market_ticker=MARKET)),
    (12, update(sids=[1, 2], action="add_markets", market_ticker=MARKET)),
    (12, update(sid="1", action="add_markets", market_ticker=MARKET)),
    (13, update(sid=1, action="subscribe_indices", market_ticker=MARKET)),
    (13, update(sid=2, action="add_markets", market_ticker=MARKET)),
    (13, update(sid=3, action="get_snapshot", market_ticker=MARKET)),
    (14, subscribe(channels=["trade", "orderbook_delta"])),
    (14, subscribe(channels=["trade"], market_tickers=[])),
    (14, update(sid=1, action="add_markets")),
    (14, update(sid=1, action="get_snapshot", market_ids=[market_id(MARKET)])),
    (15, update(sid=1, market_ticker=MARKET)),
    (19, subscribe(channels=["communications"], shard_factor=0, shard_key=0)),
    (20, subscribe(channels=["communications"], shard_key=0)),
    (21, subscribe(channels=["communications"], shard_factor=2, shard_key=2)),
    (22, subscribe(channels=["communications"], shard_factor=101, shard_key=0)),
    (26, subscribe(channels=["trade"], market_tickers=["A", "B", "C", "D"])),
    (26, update(sid=1, action="add_markets", market_tickers=["A", "B", "C"])),
]


@pytest.mark.parametrize(("code", "command"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_command_is_refused_with_its_number_and_changes_nothing(code: int, command: Any) -> None:
    member = Member(markets=3)
    member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET, use_yes_price=True)
    member.ask("subscribe", channels=["market_lifecycle_v2", "ticker"])
    before = member.ask("list_subscriptions")[0]["msg"]
    assert member.error(command) == (code, ERRORS[code])
    assert member.ask("list_subscriptions")[0]["msg"] == before
    after = member.ask("update_subscription", sid=1, action="delete_markets", market_ticker="nothing")
    assert after[0]["msg"] == {"market_tickers": [MARKET]}


def test_every_error_in_the_table_can_happen() -> None:
    # The overflow needs a reader that is slow, and too many commands a second that is short: both stand on their own.
    assert {code for code, _ in REFUSED} | {OVERFLOW, 27} == set(ERRORS)


def test_an_error_carries_the_id_of_its_command_and_the_sid_of_its_subscription() -> None:
    member = Member()
    member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
    assert member.say("no json") == [{"type": "error", "msg": {"code": 1, "msg": ERRORS[1]}}]
    assert member.say(subscribe(channels=["nothing"]))[0]["id"] == 9
    (frame,) = member.say(update(sid=1, market_ticker=MARKET))
    assert (frame["id"], frame["sid"], frame["seq"]) == (9, 1, 2)


def test_too_many_commands_in_a_second_are_refused_until_the_next() -> None:
    member = Member(commands=3)
    for _ in range(3):
        assert member.ask("list_subscriptions")[0]["type"] == "ok"
    assert member.error({"id": 9, "cmd": "list_subscriptions"}) == (27, ERRORS[27])
    member.now += SECOND
    assert member.ask("list_subscriptions")[0]["type"] == "ok"


def test_an_id_of_zero_is_none() -> None:
    (frame,) = Member().say({"id": 0, "cmd": "subscribe", "params": {"channels": ["trade"]}})
    assert frame == {"type": "subscribed", "msg": {"channel": "trade", "sid": 1}}


def test_one_command_for_several_channels_is_answered_for_each() -> None:
    member = Member()
    told = member.ask("subscribe", channels=["trade", "orderbook_delta", "fill"], market_tickers=[MARKET, OTHER])
    kinds = [(frame["type"], frame.get("id"), frame["msg"].get("sid", frame.get("sid"))) for frame in told]
    assert kinds == [
        ("subscribed", 1, 1),
        ("subscribed", 1, 2),
        ("orderbook_snapshot", None, 2),
        ("orderbook_snapshot", None, 2),
        ("subscribed", 1, 3),
    ]
    assert member.ask("list_subscriptions")[0] == {
        "type": "ok",
        "id": 2,
        "msg": [
            {"channel": "trade", "sid": 1},
            {"channel": "orderbook_delta", "sid": 2},
            {"channel": "fill", "sid": 3},
        ],
    }


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_can_be_subscribed_to_and_left(channel: str) -> None:
    member = Member()
    assert member.ask("subscribe", channels=[channel], market_ticker=MARKET)[0]["type"] == "subscribed"
    (gone,) = member.ask("unsubscribe", sids=[1])
    assert (gone["type"], gone["id"], gone["sid"]) == ("unsubscribed", 2, 1)
    assert gone["seq"] >= 1
    assert member.ask("list_subscriptions")[0]["msg"] == []


def test_subscribing_again_keeps_the_sid_and_sends_only_the_books_that_are_new() -> None:
    member = Member()
    member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
    again, book = member.ask("subscribe", channels=["orderbook_delta"], market_tickers=[MARKET, OTHER])
    assert again["msg"] == {"channel": "orderbook_delta", "sid": 1}
    assert (book["seq"], book["msg"]["market_ticker"]) == (2, OTHER)


def test_a_sid_is_not_used_again() -> None:
    member = Member()
    member.ask("subscribe", channels=["trade"])
    member.ask("unsubscribe", sids=[1])
    assert member.ask("subscribe", channels=["trade"])[0]["msg"]["sid"] == 2


def test_markets_are_added_and_taken_out_and_all_that_are_left_are_told() -> None:
    member = Member()
    member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
    added, book = member.ask("update_subscription", sids=[1], action="add_markets", market_tickers=[MARKET, OTHER])
    assert added == {"type": "ok", "id": 2, "sid": 1, "seq": 2, "msg": {"market_tickers": [MARKET, OTHER]}}
    assert (book["seq"], book["msg"]["market_ticker"], "id" in book) == (3, OTHER, False)
    (left,) = member.ask("update_subscription", sid=1, action="delete_markets", market_ticker=MARKET)
    assert left["msg"] == {"market_tickers": [OTHER]}
    member.venue.floor.buy("bob", 40, 1)
    member.venue.floor.buy("bob", 41, 1, market=OTHER)
    (delta,) = member.say({"id": 9, "cmd": "list_subscriptions"})[:1]
    assert (delta["type"], delta["msg"]["market_ticker"], delta["seq"]) == ("orderbook_delta", OTHER, 5)


def test_a_subscription_to_every_market_has_what_is_added_already() -> None:
    member = Member()
    member.ask("subscribe", channels=["ticker"])
    (frame,) = member.ask("update_subscription", sid=1, action="add_markets", market_ticker=MARKET)
    assert (frame["type"], frame["msg"]) == ("ok", {})


def test_a_subscription_to_some_markets_is_widened_to_all_by_naming_none() -> None:
    member = Member()
    member.ask("subscribe", channels=["trade"], market_ticker=OTHER)
    member.ask("subscribe", channels=["trade"])
    member.venue.floor.sell("bob", 52, 1)
    member.venue.floor.buy("cat", 52, 1)
    member.venue.box.remember()
    assert member.ask("list_subscriptions")[0]["type"] == "trade"


def test_what_was_asked_for_is_sent_however_much_it_is() -> None:
    member = Member(waiting=2)
    floor = member.venue.floor
    tickers = [f"KXMANY-{number}" for number in range(20)]
    for ticker in tickers:
        floor.exchange.list_market(floor.now, a_spec(ticker, open_ts=floor.now))
    floor.exchange.advance(floor.now)
    told = member.ask("subscribe", channels=["orderbook_delta"], market_tickers=tickers)
    assert [frame["type"] for frame in told] == ["subscribed"] + ["orderbook_snapshot"] * 20
    for ticker in tickers[:2]:
        floor.buy("bob", 40, 1, market=ticker)
    assert [frame["type"] for frame in member.ask("list_subscriptions")] == ["orderbook_delta"] * 2 + ["ok"]


def test_a_client_may_do_without_the_list_of_markets() -> None:
    member = Member()
    member.ask("subscribe", channels=["ticker"], market_ticker=MARKET, skip_ticker_ack=True)
    (frame,) = member.ask("update_subscription", sid=1, action="add_markets", market_ticker=OTHER)
    assert frame["msg"] == {}


def test_a_snapshot_that_is_asked_for_carries_the_command_and_a_number_of_the_sequence() -> None:
    member = Member()
    member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
    member.venue.floor.buy("bob", 40, 2)
    delta, *books = member.ask("update_subscription", sid=1, action="get_snapshot", market_tickers=[OTHER, MARKET])
    assert delta["seq"] == 2
    assert [(book["id"], book["seq"], book["msg"]["market_ticker"]) for book in books] == [
        (2, 3, OTHER),
        (2, 4, MARKET),
    ]
    assert books[1]["msg"]["yes_dollars_fp"] == [["0.4000", "2.00"]]
    # Asking for a book does not subscribe to it.
    member.venue.floor.buy("bob", 40, 2, market=OTHER)
    assert member.ask("list_subscriptions")[0]["type"] == "ok"


def test_answers_may_take_no_numbers_of_their_own() -> None:
    member = Member(answers_count=False)
    member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET)
    added, book = member.ask("update_subscription", sid=1, action="add_markets", market_ticker=OTHER)
    assert (added["seq"], book["seq"]) == (1, 2)


def test_a_ticker_that_nobody_has_listed_is_taken_and_quiet_until_it_is_listed() -> None:
    member = Member()
    (only,) = member.ask("subscribe", channels=["orderbook_delta"], market_ticker="KXNEW")
    assert only["type"] == "subscribed"
    assert member.ask("update_subscription", sid=1, action="get_snapshot", market_ticker="KXNEW") == []
    floor = member.venue.floor
    floor.exchange.list_market(floor.now, a_spec("KXNEW", open_ts=floor.now))
    floor.exchange.advance(floor.now)
    member.venue.box.remember()
    floor.buy("bob", 40, 2, market="KXNEW")
    book, delta, _ = member.ask("list_subscriptions")
    assert (book["type"], book["seq"], "yes_dollars_fp" in book["msg"]) == ("orderbook_snapshot", 1, False)
    assert (delta["type"], delta["seq"]) == ("orderbook_delta", 2)


def test_tickers_can_be_asked_for_by_the_id_of_the_market_and_begin_as_they_stand() -> None:
    member = Member()
    member.venue.floor.buy("bob", 40, 2)
    member.venue.box.remember()
    both = [market_id(MARKET), market_id("KXNOTHING")]
    _, row = member.ask("subscribe", channels=["ticker"], market_ids=both, send_initial_snapshot=True)
    assert (row["type"], row["msg"]["market_ticker"], row["msg"]["yes_bid_dollars"]) == ("ticker", MARKET, "0.4000")
    assert "seq" not in row
