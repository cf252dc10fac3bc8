"""The adapter's reading of the wire against the exchange's writing of it: two readings of one set of facts."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.exchange.kalshi.support import Answer
from tests.exchange.kalshi.test_orders import ORDERS
from tests.exchange.kalshi.test_specification import a_day

from assent.venue.kalshi import wire_account, wire_markets, wire_orders
from assent.venue.kalshi.wire import Page, Rejection

READINGS: dict[tuple[str, str], Callable[[bytes], Any]] = {
    ("get", "/exchange/status"): wire_markets.exchange_status,
    ("get", "/series"): wire_markets.series_page,
    ("get", "/series/{series_ticker}"): wire_markets.series,
    ("get", "/events"): wire_markets.event_page,
    ("get", "/events/{event_ticker}"): wire_markets.event,
    ("get", "/markets"): wire_markets.market_page,
    ("get", "/markets/{ticker}"): wire_markets.market,
    ("get", "/markets/{ticker}/orderbook"): wire_markets.orderbook,
    ("get", "/markets/trades"): wire_markets.trade_page,
    ("get", "/historical/markets"): wire_markets.market_page,
    ("get", "/historical/markets/{ticker}"): wire_markets.market,
    ("get", "/historical/trades"): wire_markets.trade_page,
    ("get", "/historical/orders"): wire_orders.order_page,
    ("get", "/historical/fills"): wire_orders.fill_page,
    ("get", "/historical/positions"): wire_account.position_page,
    ("post", ORDERS): wire_orders.placed,
    ("post", ORDERS + "/{order_id}/amend"): wire_orders.amended,
    ("post", ORDERS + "/{order_id}/decrease"): wire_orders.decreased,
    ("delete", ORDERS + "/{order_id}"): wire_orders.cancelled,
    ("get", "/portfolio/orders"): wire_orders.order_page,
    ("get", "/portfolio/orders/{order_id}"): wire_orders.order,
    ("get", "/portfolio/fills"): wire_orders.fill_page,
    ("get", "/portfolio/positions"): wire_account.position_page,
    ("get", "/portfolio/settlements"): wire_account.settlement_page,
    ("get", "/portfolio/balance"): wire_account.balance,
}


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, str], Answer]:
    return a_day()[1]


@pytest.mark.parametrize("asked", READINGS, ids=" ".join)
def test_the_adapter_believes_whatever_the_exchange_says(answers: Any, asked: tuple[str, str]) -> None:
    read = READINGS[asked](answers[asked].body)
    assert not isinstance(read, Rejection), read
    if isinstance(read, Page):
        assert read.rows
        assert not read.rejected


def test_both_readings_give_the_same_money(answers: Any) -> None:
    balance = wire_account.balance(answers["get", "/portfolio/balance"].body)
    fills = wire_orders.fill_page(answers["get", "/portfolio/fills"].body)
    placed = wire_orders.placed(answers["post", ORDERS].body)
    assert not isinstance(balance, Rejection)
    assert not isinstance(fills, Rejection)
    assert not isinstance(placed, Rejection)
    # Three at 0.52, and 0.07 * 3 * 0.52 * 0.48 = 0.052416 of fee, up to the next hundredth of a cent.
    assert balance.balance == 1_000_000_000 - 1_560_000 - 52_500
    assert [(fill.price, fill.qty, fill.fee) for fill in fills.rows] == [(520_000, 3_000_000, 52_500)]
    assert (placed.filled, placed.remaining) == (3_000_000, 2_000_000)
