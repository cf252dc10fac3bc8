"""A feed that others wrote, unchanged, on the boxed websocket: it connects, subscribes, and keeps its book by it.

It signs with RSA, runs in a thread of its own, and looks a no side up at NO prices. Where it connects to is a constant
of the venue's in it, so the address is the one thing that is set from here.
"""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pykalshi
import pytest
from pykalshi.enums import Action, Side
from pykalshi.feed import Feed, FillMessage, OrderbookSnapshotMessage, PositionMessage, UserOrderMessage
from pykalshi.orderbook import OrderbookManager
from tests.exchange.kalshi.support import ANN_KEY, BOB_KEY
from tests.exchange.kalshi.test_witness import TICKER, Served, key_file, served

__all__ = ["key_file", "served"]


class Heard:
    """A feed with a book and a list of all that came."""

    def __init__(self, client: pykalshi.KalshiClient, address: str) -> None:
        self.feed: Feed = client.feed()
        self.feed._ws_url = address
        self.book = OrderbookManager(TICKER)
        self.snapshots = self.deltas = 0
        self.own: list[str] = []
        self.messages: list[Any] = []
        self.feed.on("orderbook_delta", self._take)
        for channel in ("fill", "user_orders", "market_positions", "ticker", "trade"):
            self.feed.on(channel, self.messages.append)

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    def _take(self, message: Any) -> None:
        if isinstance(message, OrderbookSnapshotMessage):
            self.snapshots += 1
            self.book.apply_snapshot(message.yes_dollars, message.no_dollars)
        else:
            self.deltas += 1
            self.book.apply_delta(message.side, message.price_dollars, message.delta_fp)
            if message.client_order_id is not None:
                self.own.append(message.client_order_id)


@pytest.fixture
def clients(served: Served, key_file: Any) -> Iterator[tuple[pykalshi.KalshiClient, pykalshi.KalshiClient]]:
    with (
        pykalshi.KalshiClient(ANN_KEY, str(key_file[1]), api_base=served.base, max_retries=0) as ann,
        pykalshi.KalshiClient(BOB_KEY, str(key_file[1]), api_base=served.base, max_retries=0) as bob,
    ):
        yield ann, bob


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def in_numbers(levels: Any) -> dict[Decimal, Decimal]:
    return {Decimal(price): Decimal(qty) for price, qty in levels}


def test_a_strangers_feed_keeps_the_book_of_the_box_and_hears_of_its_own_orders(served: Served, clients: Any) -> None:
    ann, bob = clients
    heard = Heard(ann, served.feed)
    heard.feed.subscribe("orderbook_delta", market_ticker=TICKER)
    for channel in ("fill", "user_orders", "market_positions", "ticker", "trade"):
        heard.feed.subscribe(channel)
    rng = Random(5)
    with heard.feed:
        until(lambda: heard.snapshots == 1 and len(heard.feed._sids) == 6)
        for number in range(60):
            client = rng.choice([ann, bob])
            client.portfolio.place_order(
                TICKER,
                Action.BUY,
                rng.choice([Side.YES, Side.NO]),
                f"{rng.randint(1, 200) / 100:.2f}",
                yes_price_dollars=f"0.{rng.randint(45, 55)}",
                client_order_id=f"order-{number}" if client is ann else None,
            )
        ends = client.portfolio.place_order(TICKER, Action.BUY, Side.YES, "0.77", yes_price_dollars="0.01")
        until(lambda: Decimal(heard.book.yes.get("0.0100", "0")) == Decimal(ends.data.remaining_count_fp))
        fills = ann.portfolio.get_fills(fetch_all=True)
        until(lambda: len(heard.of(FillMessage)) == len(fills))
        until(lambda: any(order.last_updated_ts_ms for order in heard.of(UserOrderMessage)))
        shown = ann.get_market(TICKER).get_orderbook()
        assert in_numbers(heard.book.yes.items()) == in_numbers(shown.orderbook.yes_dollars)
        assert in_numbers(heard.book.no.items()) == in_numbers(shown.orderbook.no_dollars)
        assert heard.deltas >= 60
        assert len(fills) > 5
        assert {message.trade_id for message in heard.of(FillMessage)} == {fill.trade_id for fill in fills}
        assert {order.client_order_id for order in heard.of(UserOrderMessage)} >= set(heard.own) > set()
        position = ann.portfolio.get_positions()[0]
        until(lambda: heard.of(PositionMessage)[-1].position_fp == position.position_fp)
        assert heard.feed.reconnect_count == 0


def test_a_strangers_feed_unsubscribes_and_hears_no_more(served: Served, clients: Any) -> None:
    ann, bob = clients
    heard = Heard(ann, served.feed)
    heard.feed.subscribe("orderbook_delta", market_ticker=TICKER)
    heard.feed.subscribe("trade")
    with heard.feed:
        until(lambda: len(heard.feed._sids) == 2)
        heard.feed.unsubscribe("orderbook_delta", market_ticker=TICKER)
        # A trade that comes after it shows that the other subscription lives on and this one does not.
        time.sleep(0.1)
        bob.portfolio.place_order(TICKER, Action.BUY, Side.YES, "1.00", yes_price_dollars="0.52")
        until(lambda: len(heard.messages) == 1)
        assert heard.deltas == 0
