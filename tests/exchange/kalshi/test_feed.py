"""What each channel says, to whom, and under which number."""

from typing import Any

import pytest
from tests.exchange.kalshi.test_connection import OTHER, Member
from tests.exchange.support import CENT, MARKET, TIMER, a_spec

from assent.exchange.grid import DECI_CENT
from assent.exchange.groups import CreateGroup, GroupView, TriggerGroup
from assent.exchange.kalshi.ids import wire_id
from assent.exchange.kalshi.messages import market_id
from assent.exchange.types import MICRO, SECOND, Amendment


class Listener(Member):
    """Ann, subscribed; `told` gives what has come since."""

    def __init__(self, *channels: str, **params: Any) -> None:
        super().__init__()
        self.floor = self.venue.floor
        self.ask("subscribe", channels=list(channels), **params)

    def told(self) -> list[Any]:
        """All frames since, without the answer that brings them."""
        self.venue.box.remember()
        return self.say({"cmd": "list_subscriptions"})[:-1]

    def messages(self) -> list[Any]:
        return [frame["msg"] for frame in self.told()]


def picked(row: Any, *names: str) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)


# --- books ---------------------------------------------------------------------------------------------


def test_a_book_begins_whole_and_goes_on_by_its_changes() -> None:
    member = Member()
    member.venue.floor.buy("bob", 40, 2)
    member.venue.floor.sell("cat", 52, 3)
    _, book = member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET, use_yes_price=True)
    assert book == {
        "type": "orderbook_snapshot",
        "sid": 1,
        "seq": 1,
        "msg": {
            "market_ticker": MARKET,
            "market_id": market_id(MARKET),
            "yes_dollars_fp": [["0.4000", "2.00"]],
            "no_dollars_fp": [["0.5200", "3.00"]],
        },
    }
    member.venue.floor.buy("bob", 52, 1)
    (delta, _) = member.ask("list_subscriptions")
    assert (delta["type"], delta["sid"], delta["seq"]) == ("orderbook_delta", 1, 2)
    assert delta["msg"] == {
        "market_ticker": MARKET,
        "market_id": market_id(MARKET),
        "price_dollars": "0.5200",
        "delta_fp": "-1.00",
        "side": "no",
        "ts": "1970-01-01T00:00:10Z",
        "ts_ms": 10_000,
    }


def test_the_no_side_stands_at_no_prices_unless_yes_prices_are_asked_for() -> None:
    for params, price in (({}, "0.4800"), ({"use_yes_price": False}, "0.4800"), ({"use_yes_price": True}, "0.5200")):
        member = Member()
        member.venue.floor.sell("cat", 52, 3)
        _, book = member.ask("subscribe", channels=["orderbook_delta"], market_ticker=MARKET, **params)
        assert book["msg"]["no_dollars_fp"] == [[price, "3.00"]]
        member.venue.floor.sell("cat", 52, 1)
        assert member.ask("list_subscriptions")[0]["msg"]["price_dollars"] == price


def test_the_best_level_is_the_last_on_both_scales() -> None:
    for yes_price in (True, False):
        member = Member()
        for cents in (40, 42, 41):
            member.venue.floor.buy("bob", cents, 1)
            member.venue.floor.sell("cat", cents + 10, 1)
        params = {"channels": ["orderbook_delta"], "market_ticker": MARKET, "use_yes_price": yes_price}
        msg = member.ask("subscribe", **params)[1]["msg"]
        assert [price for price, _ in msg["yes_dollars_fp"]] == ["0.4000", "0.4100", "0.4200"]
        asks = ["0.5200", "0.5100", "0.5000"] if yes_price else ["0.4800", "0.4900", "0.5000"]
        assert [price for price, _ in msg["no_dollars_fp"]] == asks


def test_only_who_brought_a_change_about_sees_what_it_called_its_order() -> None:
    ann = Listener("orderbook_delta", market_ticker=MARKET)
    ann.floor.sell("ann", 52, 3, client_order_id="hers")
    ann.floor.buy("bob", 52, 1, client_order_id="his")
    ann.floor.sell("bob", 53, 2, client_order_id="another")
    ann.floor.buy("ann", 53, 4, tif="ioc", self_trade="cancel_maker", client_order_id="takes")
    ann.floor.buy("ann", 30, 1, client_order_id=None)
    changes = [picked(msg, "delta_fp", "client_order_id", "subaccount") for msg in ann.messages()]
    assert changes == [
        ("3.00", "hers", 0),
        ("-1.00", None, None),
        ("2.00", None, None),
        ("-2.00", "hers", 0),
        ("-2.00", "takes", 0),
        ("1.00", None, 0),
    ]


def test_a_sequence_runs_over_all_markets_of_its_subscription() -> None:
    ann = Listener("orderbook_delta", market_tickers=[MARKET, OTHER])
    for market in (MARKET, OTHER, OTHER, MARKET):
        ann.floor.buy("bob", 40, 1, market=market)
    told = ann.told()
    assert [frame["seq"] for frame in told] == [3, 4, 5, 6]
    assert [frame["msg"]["market_ticker"] for frame in told] == [MARKET, OTHER, OTHER, MARKET]


# --- what is public ------------------------------------------------------------------------------------


def test_a_trade_is_told_once_and_numbered() -> None:
    ann = Listener("trade")
    ann.floor.sell("bob", 52, 2)
    ann.floor.sell("cat", 52, 2)
    ann.floor.buy("bob", 52, 3, self_trade="cancel_maker")
    first = ann.told()
    assert [frame["seq"] for frame in first] == [1]
    assert picked(
        first[0]["msg"],
        "market_ticker",
        "yes_price_dollars",
        "no_price_dollars",
        "count_fp",
        "taker_outcome_side",
        "taker_book_side",
        "is_block_trade",
        "ts",
        "ts_ms",
    ) == (MARKET, "0.5200", "0.4800", "2.00", "yes", "bid", False, 10, 10_000)
    assert ann.venue.get("/markets/trades").json["trades"][0]["trade_id"] == first[0]["msg"]["trade_id"]


def test_a_ticker_is_told_when_a_market_changed_and_only_once_for_a_step() -> None:
    ann = Listener("ticker", market_ticker=MARKET)
    ann.floor.sell("bob", 52, 5)
    ann.floor.buy("cat", 52, 2)
    ann.floor.buy("cat", 45, 4)
    ann.floor.buy("cat", 45, 4, market=OTHER)
    (frame,) = ann.told()
    assert "seq" not in frame
    assert frame["msg"] == {
        "market_ticker": MARKET,
        "market_id": market_id(MARKET),
        "price_dollars": "0.5200",
        "yes_bid_dollars": "0.4500",
        "yes_ask_dollars": "0.5200",
        "yes_bid_size_fp": "4.00",
        "yes_ask_size_fp": "3.00",
        "last_trade_size_fp": "2.00",
        "volume_fp": "2.00",
        "open_interest_fp": "2.00",
        "dollar_volume": 1,
        "dollar_open_interest": 1,
        "ts": 10,
        "ts_ms": 10_000,
        "time": "1970-01-01T00:00:10Z",
    }
    assert ann.told() == []


def test_a_side_without_orders_has_no_size_in_a_ticker() -> None:
    ann = Listener("ticker")
    ann.floor.sell("bob", 52, 5)
    (msg,) = ann.messages()
    assert picked(msg, "yes_bid_dollars", "yes_bid_size_fp") == ("0.0000", "0.00")
    ann.floor.exchange.cancel(ann.floor.now, "bob", ann.floor.exchange.resting("bob")[0].order_id)
    (msg,) = ann.messages()
    assert picked(msg, "yes_ask_dollars", "yes_ask_size_fp") == ("1.0000", "0.00")


def test_a_market_lives_through_its_announced_life_without_a_word_and_the_rest_is_told() -> None:
    ann = Listener("market_lifecycle_v2", market_ticker="filters are not known here")
    exchange, now = ann.floor.exchange, ann.floor.now
    spec = a_spec("KXNEW-1", event="KXNEW", open_ts=now + SECOND, close_ts=now + 500 * SECOND)
    exchange.list_market(now, spec)
    exchange.list_market(now, a_spec("KXNEW-2", event="KXNEW", open_ts=now + SECOND, close_ts=now + 500 * SECOND))
    event, first, second = ann.told()
    assert (event["type"], event["seq"], event["msg"]["event_ticker"]) == ("event_lifecycle", 1, "KXNEW")
    assert picked(first["msg"], "event_type", "market_ticker", "open_ts", "close_ts", "exchange_index") == (
        "created", "KXNEW-1", 11, 510, 0,
    )  # fmt: skip
    assert first["msg"]["price_level_structure"] == "linear_cent"
    assert first["msg"]["additional_metadata"]["event_ticker"] == "KXNEW"
    assert (second["seq"], second["msg"]["market_ticker"]) == (3, "KXNEW-2")
    exchange.advance(now + 2 * SECOND)
    assert ann.told() == []
    exchange.pause_market(now + 2 * SECOND, "KXNEW-1")
    exchange.resume_market(now + 3 * SECOND, "KXNEW-1")
    exchange.move_close(now + 3 * SECOND, "KXNEW-1", now + 400 * SECOND)
    exchange.set_price_bands(now + 3 * SECOND, "KXNEW-1", DECI_CENT)
    exchange.determine(now + 4 * SECOND, "KXNEW-1", "scalar", 310_000)
    exchange.advance(now + 4 * SECOND + TIMER)
    paused, resumed, moved, grid, determined, settled = ann.messages()
    assert picked(paused, "event_type", "is_deactivated") == ("deactivated", True)
    assert picked(resumed, "event_type", "is_deactivated") == ("activated", False)
    assert picked(moved, "event_type", "close_ts") == ("close_date_updated", 410)
    assert picked(grid, "event_type", "price_level_structure", "price_ranges") == (
        "price_level_structure_updated", "deci_cent", [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}],
    )  # fmt: skip
    assert picked(determined, "event_type", "result", "settlement_value", "determination_ts") == (
        "determined", "scalar", "0.3100", 14,
    )  # fmt: skip
    assert picked(settled, "event_type", "market_ticker", "settled_ts") == ("settled", "KXNEW-1", 74)
    exchange.advance(now + 600 * SECOND)
    assert ann.told() == []


# --- what is private -----------------------------------------------------------------------------------


def test_each_fill_is_told_to_its_owner_with_the_position_after_it() -> None:
    ann = Listener("fill")
    ann.floor.sell("bob", 52, 2)
    ann.floor.sell("bob", 53, 2)
    taken = ann.floor.buy("ann", 53, 3, client_order_id="takes")
    ann.floor.buy("bob", 40, 9)
    ann.floor.sell("ann", 40, 5)
    frames = ann.told()
    assert [picked(frame["msg"], "count_fp", "post_position_fp", "book_side", "is_taker") for frame in frames] == [
        ("2.00", "2.00", "bid", True),
        ("1.00", "3.00", "bid", True),
        ("5.00", "-2.00", "ask", True),
    ]
    assert picked(frames[0]["msg"], "order_id", "client_order_id", "fee_cost", "yes_price_dollars", "ts_ms") == (
        wire_id(taken.order_id), "takes", "0.035000", "0.5200", 10_000,
    )  # fmt: skip
    assert all("seq" not in frame for frame in frames)
    rows = ann.venue.call("GET", "/portfolio/fills", member="ann").json["fills"]
    assert [row["trade_id"] for row in reversed(rows)] == [frame["msg"]["trade_id"] for frame in frames]


def test_a_position_that_has_paid_within_the_same_step_was_held_after_its_fill() -> None:
    ann = Listener("fill", "market_positions")
    ann.floor.sell("bob", 52, 2)
    ann.floor.buy("ann", 52, 2)
    ann.floor.settle("yes", MICRO)
    fill, position = ann.messages()
    assert fill["post_position_fp"] == "2.00"
    assert picked(position, "position_fp", "position_cost_dollars", "realized_pnl_dollars") == (
        "0.00", "0.000000", "0.960000",
    )  # fmt: skip


def test_a_channel_of_ones_own_may_be_limited_to_some_markets() -> None:
    ann = Listener("fill", "user_orders", "market_positions", market_ticker=OTHER)
    ann.floor.sell("bob", 52, 2)
    ann.floor.buy("ann", 52, 2)
    assert ann.told() == []
    ann.floor.sell("bob", 52, 2, market=OTHER)
    ann.floor.buy("ann", 52, 2, market=OTHER)
    assert [frame["type"] for frame in ann.told()] == ["fill", "user_order", "market_position"]


def test_an_order_is_told_at_each_station_of_its_life() -> None:
    ann = Listener("user_orders")
    exchange = ann.floor.exchange
    names = ("status", "fill_count_fp", "remaining_count_fp", "last_update_reason")
    rests = ann.floor.buy("ann", 40, 5, client_order_id="hers", expires_ts=900 * SECOND)
    (new,) = ann.messages()
    assert picked(new, *names) == ("resting", "0.00", "5.00", "")
    assert picked(new, "order_id", "client_order_id", "ticker", "book_side", "is_yes", "expiration_ts_ms") == (
        wire_id(rests.order_id), "hers", MARKET, "bid", True, 900_000,
    )  # fmt: skip
    ann.floor.sell("bob", 40, 2)
    (filled,) = ann.messages()
    assert picked(filled, *names) == ("resting", "2.00", "3.00", "Trade")
    assert picked(filled, "maker_fill_cost_dollars", "taker_fill_cost_dollars") == ("0.800000", "0.000000")
    exchange.decrease(ann.floor.now, "ann", rests.order_id, by=MICRO)
    (less,) = ann.messages()
    assert picked(less, *names) == ("resting", "2.00", "2.00", "Decrease")
    exchange.amend_order(ann.floor.now, "ann", rests.order_id, Amendment(40 * CENT, 4 * MICRO, None, "renamed"))
    (renamed,) = ann.messages()
    assert picked(renamed, "client_order_id", "expiration_ts_ms", *names[2:]) == ("renamed", None, "2.00", "Amend")
    exchange.cancel(ann.floor.now, "ann", rests.order_id)
    (gone,) = ann.messages()
    assert picked(gone, *names) == ("canceled", "2.00", "0.00", "Decrease")


@pytest.mark.parametrize(
    ("terms", "status", "reason"),
    [
        ({"tif": "ioc"}, "canceled", ""),
        ({"tif": "ioc", "reduce_only": True}, "canceled", "ReduceOnlyCancel"),
        ({"expires_ts": 11 * SECOND}, "canceled", "ExpiryCancel"),
        ({}, "canceled", "CloseCancel"),
    ],
)
def test_an_order_that_ends_by_itself_says_why(terms: dict[str, Any], status: str, reason: str) -> None:
    ann = Listener("user_orders")
    ann.floor.submit("ann", ann.floor.order("buy", 40, 5, **terms))
    ann.floor.exchange.advance(1_000 * SECOND)
    (msg,) = ann.messages()
    assert picked(msg, "status", "last_update_reason") == (status, reason)


def test_an_order_that_takes_and_is_done_is_told_as_done() -> None:
    ann = Listener("user_orders")
    ann.floor.sell("bob", 52, 2)
    ann.floor.buy("ann", 52, 2)
    (msg,) = ann.messages()
    assert picked(msg, "status", "fill_count_fp", "last_update_reason", "taker_fees_dollars") == (
        "executed", "2.00", "Trade", "0.035000",
    )  # fmt: skip


def test_a_position_is_told_after_its_fills_as_the_books_show_it() -> None:
    ann = Listener("market_positions")
    ann.floor.sell("bob", 52, 3)
    ann.floor.buy("ann", 52, 2)
    ann.floor.buy("ann", 52, 1)
    (frame,) = ann.told()
    assert "seq" not in frame
    row = ann.venue.call("GET", "/portfolio/positions", member="ann").json["market_positions"][0]
    assert picked(frame["msg"], "market_ticker", "position_fp", "realized_pnl_dollars", "fees_paid_dollars") == picked(
        row, "ticker", "position_fp", "realized_pnl_dollars", "fees_paid_dollars"
    )
    assert picked(frame["msg"], "position_cost_dollars", "volume_fp") == ("1.560000", "3.00")


def test_a_corrected_trade_tells_the_position_again() -> None:
    ann = Listener("market_positions")
    ann.floor.sell("bob", 52, 3)
    ann.floor.buy("ann", 52, 3)
    ann.told()
    trade_id = ann.venue.box.histories["ann"].fills[0].fill_id
    ann.floor.exchange.correct_trade(ann.floor.now, trade_id, 52 * CENT, 2 * MICRO)
    (msg,) = ann.messages()
    assert picked(msg, "position_fp", "position_cost_dollars") == ("2.00", "1.040000")
    ann.floor.exchange.correct_trade(ann.floor.now, trade_id, 52 * CENT, 0)
    (msg,) = ann.messages()
    assert picked(msg, "position_fp", "position_cost_dollars") == ("0.00", "0.000000")


def test_a_trade_that_was_taken_back_within_the_same_step_has_left_nothing() -> None:
    ann = Listener("fill", "market_positions")
    ann.floor.sell("bob", 52, 3)
    taken = ann.floor.buy("ann", 52, 3)
    ann.floor.exchange.correct_trade(ann.floor.now, ann.venue.box.histories["ann"].fills[0].fill_id, 52 * CENT, 0)
    fill, position = ann.messages()
    assert picked(fill, "order_id", "count_fp", "post_position_fp") == (wire_id(taken.order_id), "3.00", "0.00")
    assert position["position_fp"] == "0.00"


def test_a_payout_that_is_amended_tells_the_position_and_the_end_again() -> None:
    ann = Listener("market_positions", "market_lifecycle_v2")
    ann.floor.sell("bob", 52, 1)
    ann.floor.buy("ann", 52, 1)
    ann.floor.settle("yes", MICRO)
    ann.told()
    ann.floor.exchange.amend(ann.floor.now, MARKET, "no", 0)
    lifecycle, position = ann.messages()
    assert picked(lifecycle, "event_type", "market_ticker") == ("settled", MARKET)
    assert picked(position, "realized_pnl_dollars", "position_fp") == ("-0.520000", "0.00")


def test_what_becomes_of_an_order_group_is_told_to_its_owner_alone() -> None:
    ann = Listener("order_group_updates", "user_orders")
    exchange, now = ann.floor.exchange, ann.floor.now
    made = exchange.command_group(now, "ann", CreateGroup(50 * MICRO))
    exchange.command_group(now, "bob", CreateGroup(50 * MICRO))
    assert isinstance(made, GroupView)
    ann.floor.buy("ann", 40, 1, group=made.group)
    exchange.command_group(now, "ann", TriggerGroup(made.group))
    created, triggered, order = ann.told()
    assert (created["type"], created["seq"], triggered["seq"]) == ("order_group_updates", 1, 2)
    group = wire_id(made.group)
    assert created["msg"] == {
        "event_type": "created", "order_group_id": group, "contracts_limit_fp": "50.00", "ts_ms": 10_000,
    }  # fmt: skip
    assert triggered["msg"] == {"event_type": "triggered", "order_group_id": group, "ts_ms": 10_000}
    assert picked(order["msg"], "status", "order_group_id") == ("canceled", group)


def test_nothing_is_gathered_while_nobody_listens() -> None:
    ann = Listener("user_orders")
    feed = ann.venue.app._websockets._feed
    feed.leave(ann.connection)
    ann.floor.buy("ann", 40, 5)
    ann.venue.box.remember()
    feed.join(ann.connection)
    assert ann.told() == []
