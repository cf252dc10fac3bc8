"""Clients that others wrote, unchanged, over a socket: they sign, call and parse against the box.

Whatever they can do here they do at the venue in the same words. They sign with RSA only and by the real clock, so the
box is served by that clock too. The venue's own client is older than most of the rows: it reads only what has not
changed since.
"""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kalshi_python_sync
import pykalshi
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kalshi_python_sync.exceptions import NotFoundException
from pykalshi.enums import Action, CandlestickPeriod, OrderStatus, Side
from pykalshi.exceptions import AuthenticationError, InsufficientFundsError, KalshiAPIError, ResourceNotFoundError
from tests.exchange.kalshi.support import ANN_KEY, BOB_KEY
from tests.exchange.support import CENT, a_spec

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.kalshi.app import ROOT, App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.websocket import PATH
from assent.exchange.types import MICRO, MINUTE, NewOrder

# The client writes tickers in capitals.
TICKER = "KXTEST-26JAN05-T47"


class Served:
    """An exchange of this hour behind a real server on loopback."""

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        now = time.time_ns()
        self.exchange = Exchange()
        histories = {name: History() for name in ("ann", "bob")}
        for name, history in histories.items():
            self.exchange.open_account(name, 100 * MICRO, history)
        self.exchange.open_account("maker", 10_000 * MICRO)
        self.exchange.list_market(now, a_spec(TICKER, open_ts=now, close_ts=now + 60 * MINUTE))
        maker = NewOrder(client_order_id=None, market=TICKER, side="sell", price=52 * CENT, qty=3 * MICRO)
        self.exchange.submit(now, "maker", maker)
        box = Box(self.exchange, histories, self.exchange.advance)
        members = (Member(ANN_KEY, key, "ann"), Member(BOB_KEY, key, "bob"))
        app = App(box, Keys(members), time.time_ns)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", http="h11", ws_ping_interval=10))
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.base, self.feed = f"http://{address}{ROOT}", f"ws://{address}{PATH}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def start(self) -> None:
        self._thread.start()
        until = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[rsa.RSAPublicKey, Path]:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    path = tmp_path_factory.mktemp("key") / "key.pem"
    form = serialization.PrivateFormat.TraditionalOpenSSL
    path.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return private.public_key(), path


@pytest.fixture
def served(key_file: tuple[rsa.RSAPublicKey, Path]) -> Iterator[Served]:
    server = Served(key_file[0])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(served: Served, key_file: tuple[rsa.RSAPublicKey, Path]) -> Iterator[pykalshi.KalshiClient]:
    with pykalshi.KalshiClient(ANN_KEY, str(key_file[1]), api_base=served.base, max_retries=0) as made:
        yield made


@pytest.fixture
def official(served: Served, key_file: tuple[rsa.RSAPublicKey, Path]) -> kalshi_python_sync.KalshiClient:
    settings: Any = kalshi_python_sync.Configuration(host=served.base)
    settings.api_key_id, settings.private_key_pem = ANN_KEY, key_file[1].read_text()
    return kalshi_python_sync.KalshiClient(settings)


def test_a_strangers_client_reads_what_is_public(client: pykalshi.KalshiClient) -> None:
    assert client.exchange.is_trading()
    assert client.exchange.get_schedule()["standard_hours"]
    market = client.get_market(TICKER)
    assert (market.data.yes_ask_dollars, market.data.yes_ask_size_fp) == ("0.5200", "3.00")
    assert [each.ticker for each in client.get_markets(fetch_all=True)] == [TICKER]
    assert client.get_event(market.data.event_ticker).data.mutually_exclusive
    assert [event.data.event_ticker for event in client.get_events()] == [market.data.event_ticker]
    assert client.get_series("KXTEST").data.ticker == "KXTEST"
    book = market.get_orderbook()
    assert (book.best_yes_bid, str(book.best_no_bid)) == (None, "0.4800")
    assert client.get_trades() == []


def test_a_strangers_client_trades_cancels_and_reads_its_books(client: pykalshi.KalshiClient) -> None:
    taken = client.portfolio.place_order(TICKER, Action.BUY, Side.YES, "1.00", yes_price_dollars="0.52")
    assert taken.data.fill_count_fp == "1.00"
    rests = client.portfolio.place_order(
        TICKER, Action.BUY, Side.NO, "4.00", no_price_dollars="0.30", client_order_id="once", post_only=True
    )
    assert (rests.data.status, rests.data.remaining_count_fp) == (OrderStatus.RESTING, "4.00")
    shown = client.portfolio.get_order(rests.order_id)
    assert (shown.data.book_side, shown.data.yes_price_dollars, shown.data.client_order_id) == ("ask", "0.7000", "once")
    less = client.portfolio.decrease_order(rests.order_id, reduce_by_fp="1.00")
    assert less.data.remaining_count_fp == "3.00"
    moved = client.portfolio.amend_order(rests.order_id, price_dollars="0.75")
    assert moved.data.order_id == rests.order_id
    assert client.portfolio.get_order(rests.order_id).data.yes_price_dollars == "0.7500"
    client.portfolio.cancel_order(rests.order_id)
    assert client.portfolio.get_order(rests.order_id).status == OrderStatus.CANCELED
    assert len(client.portfolio.get_orders()) == 2
    fill = client.portfolio.get_fills()[0]
    assert (fill.book_side, fill.count_fp, fill.fee_cost_dollars) == ("bid", "1.00", "0.017500")
    position = client.portfolio.get_positions()[0]
    assert (position.position_fp, position.fees_paid_dollars) == ("1.00", "0.017500")
    assert client.portfolio.get_balance().balance == 9_946
    assert client.portfolio.get_settlements() == []
    assert client.get_trades()[0].trade_id == fill.trade_id


def test_a_strangers_client_knows_our_refusals_by_their_codes(client: pykalshi.KalshiClient) -> None:
    def place(**changes: str) -> None:
        values = {"count_fp": "1.00", "yes_price_dollars": "0.10", "client_order_id": "once"} | changes
        client.portfolio.place_order(TICKER, Action.BUY, Side.YES, **values)

    place()
    with pytest.raises(KalshiAPIError) as duplicate:
        place()
    assert (duplicate.value.status_code, duplicate.value.error_code) == (409, "order_already_exists")
    with pytest.raises(InsufficientFundsError):
        place(count_fp="5000.00", client_order_id="rich")
    with pytest.raises(ResourceNotFoundError):
        client.portfolio.cancel_order("nothing")
    with pytest.raises(ResourceNotFoundError):
        client.get_market("NOTHING")


def test_a_strangers_client_with_another_key_is_turned_away(served: Served, tmp_path: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    path = tmp_path / "other.pem"
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(other.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    with (
        pykalshi.KalshiClient(ANN_KEY, str(path), api_base=served.base, max_retries=0) as client,
        pytest.raises(AuthenticationError),
    ):
        client.portfolio.get_balance()


def test_a_strangers_client_places_and_cancels_several_orders_at_once(client: pykalshi.KalshiClient) -> None:
    item = {"ticker": TICKER, "action": "buy", "side": "yes", "count_fp": "1.00"}
    placed = client.portfolio.batch_place_orders([item | {"yes_price_dollars": price} for price in ("0.10", "0.11")])
    assert [order.data.remaining_count_fp for order in placed] == ["1.00", "1.00"]
    assert client.portfolio.get_queue_position(placed[0].order_id).queue_position_fp == "1.00"
    places = client.portfolio.get_queue_positions(market_tickers=[TICKER])
    assert [place.queue_position_fp for place in places] == ["1.00", "0.00"]
    gone = client.portfolio.batch_cancel_orders([order.order_id for order in placed])
    assert [order.order_id for order in gone] == [order.order_id for order in placed]
    assert client.portfolio.get_orders(status=OrderStatus.RESTING) == []


def test_a_strangers_client_keeps_an_order_group(client: pykalshi.KalshiClient) -> None:
    group = client.portfolio.create_order_group("2.00")
    order = client.portfolio.place_order(
        TICKER, Action.BUY, Side.YES, "1.00", yes_price_dollars="0.10", order_group_id=group.id
    )
    assert client.portfolio.get_order_group(group.id).orders == [order.order_id]
    client.portfolio.update_order_group_limit(group.id, "3.00")
    client.portfolio.trigger_order_group(group.id)
    (shown,) = client.portfolio.get_order_groups()
    assert (shown.id, shown.contracts_limit_fp, shown.is_auto_cancel_enabled) == (group.id, "3.00", True)
    assert client.portfolio.get_order(order.order_id).status == OrderStatus.CANCELED
    client.portfolio.reset_order_group(group.id)
    assert client.portfolio.get_order_group(group.id).is_auto_cancel_enabled is False


def test_a_strangers_client_reads_candles_and_history(served: Served, client: pykalshi.KalshiClient) -> None:
    market = client.get_market(TICKER)
    now = time.time_ns() // 10**9
    assert market.get_candlesticks(now - 3_600, now, CandlestickPeriod.ONE_MINUTE).candlesticks == []
    batch = client.get_candlesticks_batch([TICKER], now - 3_600, now)
    assert batch[TICKER].candlesticks == []
    assert client.history.get_cutoff().market_settled_ts
    assert client.history.get_fills() == client.history.get_orders() == client.history.get_trades() == []
    assert client.history.get_markets() == []
    assert client.api_keys.get_limits().usage_tier == "unlimited"


def test_the_venues_own_client_reads_what_has_not_changed(official: kalshi_python_sync.KalshiClient) -> None:
    exchange = kalshi_python_sync.ExchangeApi(official)
    assert exchange.get_exchange_status().trading_active
    assert exchange.get_user_data_timestamp().as_of_time.timestamp() == pytest.approx(time.time(), abs=5)
    assert exchange.get_series_fee_changes().series_fee_change_arr == []
    event = TICKER.rsplit("-", 1)[0]
    metadata = kalshi_python_sync.EventsApi(official).get_event_metadata(event)
    assert [each.market_ticker for each in metadata.market_details] == [TICKER]


def test_the_venues_own_client_keeps_an_order_group(official: kalshi_python_sync.KalshiClient) -> None:
    groups = kalshi_python_sync.OrderGroupsApi(official)
    made = groups.create_order_group(contracts_limit=5)
    assert [each.id for each in groups.get_order_groups().order_groups or []] == [made.order_group_id]
    groups.reset_order_group(made.order_group_id)
    assert groups.get_order_group(made.order_group_id).orders == []
    groups.delete_order_group(made.order_group_id)
    with pytest.raises(NotFoundException):
        groups.get_order_group(made.order_group_id)
