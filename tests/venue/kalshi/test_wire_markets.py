"""What the venue tells everybody, in our words."""

from typing import Any

import pytest
from tests.venue.kalshi import answers
from tests.venue.kalshi.answers import body

from assent.model.grids import Band
from assent.model.instruments import BinaryContract, QuadraticFee, price_fits
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi import wire_markets
from assent.venue.kalshi.wire import Rejection
from assent.venue.kalshi.wire_markets import Book, FeeWords, Level, Market

FEES = QuadraticFee(70_000, 17_500)


def listed(**fields: object) -> Market:
    read = wire_markets.market(body({"market": answers.MARKET_ROW | fields}))
    assert isinstance(read, Market), read
    return read


def why_not(**fields: object) -> tuple[str, str]:
    read = wire_markets.market(body({"market": answers.MARKET_ROW | fields}))
    assert isinstance(read, Rejection), read
    return read.code, read.path


def event() -> wire_markets.Event:
    read = wire_markets.event(body(answers.EVENT))
    assert isinstance(read, wire_markets.EventAnswer)
    return read.event


def test_a_market_carries_its_top_of_book_its_times_and_its_phase() -> None:
    market = listed()
    assert (market.bid, market.bid_qty) == (470_000, 3 * MICRO)
    assert (market.ask, market.ask_qty) == (520_000, 12_500_000)
    assert market.phase == "open"
    assert market.close_ts % SECOND == SECOND // 2


def test_the_price_ranges_make_the_grid_and_leave_out_nothing_and_one_dollar() -> None:
    grid = listed().prices
    assert grid.bands == (Band(1_000, 100_000, 1_000), Band(100_000, 900_000, 10_000), Band(900_000, 999_000, 1_000))
    assert not grid.holds(0)
    assert not grid.holds(MICRO)


def test_ranges_in_any_order_make_the_same_grid() -> None:
    backwards = list(reversed(answers.MARKET_ROW["price_ranges"]))
    assert listed(price_ranges=backwards).prices == listed().prices


@pytest.mark.parametrize(
    "ranges",
    [
        [],
        None,
        [{"start": "0.0000", "end": "1.0000", "step": "0.0000"}],
        [{"start": "0.5000", "end": "0.5000", "step": "0.0100"}],
        [{"start": "0.9000", "end": "0.1000", "step": "0.0100"}],
        [
            {"start": "0.0000", "end": "0.1050", "step": "0.0100"},
            {"start": "0.1050", "end": "1.0000", "step": "0.0100"},
        ],
        [
            {"start": "0.0000", "end": "0.4000", "step": "0.0100"},
            {"start": "0.6000", "end": "1.0000", "step": "0.0100"},
        ],
        [
            {"start": "0.0000", "end": "0.6000", "step": "0.0100"},
            {"start": "0.4000", "end": "1.0000", "step": "0.0100"},
        ],
        [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}] * 200,
    ],
)
def test_ranges_with_holes_overlaps_or_no_steps_are_no_grid(ranges: object) -> None:
    assert why_not(price_ranges=ranges) == ("bad_grid", "market.price_ranges")


@pytest.mark.parametrize(("ask", "no_bid"), [("1.0000", "0.0000"), ("0.0000", "1.0000")])
def test_the_size_says_whether_a_side_exists_and_the_sentinel_price_does_not(ask: str, no_bid: str) -> None:
    asked = {"yes_ask_dollars": ask, "yes_ask_size_fp": "0.00", "no_bid_dollars": no_bid}
    bid = {"yes_bid_dollars": "0.0000", "yes_bid_size_fp": "0.00", "no_ask_dollars": "1.0000"}
    empty = listed(**asked, **bid)
    assert (empty.bid, empty.bid_qty, empty.ask, empty.ask_qty) == (None, None, None, None)


def test_a_side_with_a_size_has_a_price_that_can_be_traded_at() -> None:
    code, path = why_not(yes_ask_dollars="1.0000", no_bid_dollars="0.0000")
    assert (code, path) == ("contradiction", "market.yes_ask_dollars+yes_ask_size_fp")


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("initialized", "closed"),
        ("active", "open"),
        ("inactive", "paused"),
        ("closed", "closed"),
        ("determined", "determined"),
        ("disputed", "determined"),
        ("amended", "determined"),
        ("finalized", "settled"),
    ],
)
def test_each_status_is_one_of_our_phases(status: str, phase: str) -> None:
    assert listed(status=status).phase == phase


def test_a_word_that_decides_about_money_must_be_one_we_know() -> None:
    assert why_not(status="open") == ("unknown_word", "market.status")
    assert why_not(result="void") == ("unknown_word", "market.result")


def test_what_we_cannot_count_the_money_of_is_not_listed() -> None:
    assert why_not(market_type="scalar") == ("unsupported", "market.market_type")
    assert why_not(notional_value_dollars="10.0000") == ("unsupported", "market.notional_value_dollars")
    assert why_not(settlement_bounds_type="floor") == ("unsupported", "market.settlement_bounds_type")
    assert listed(settlement_bounds_type="default") == listed()


def test_yes_and_no_prices_that_do_not_make_one_dollar_contradict_each_other() -> None:
    assert why_not(no_ask_dollars="0.4700")[0] == "contradiction"


def test_a_result_and_its_worth_must_agree() -> None:
    assert listed(result="yes", settlement_value_dollars="1.0000").value == MICRO
    assert listed(result="scalar", settlement_value_dollars="0.3700").value == 370_000
    assert why_not(result="no", settlement_value_dollars="1.0000")[0] == "contradiction"


def test_a_market_of_the_first_api_is_refused_as_such() -> None:
    old = {name: value for name, value in answers.MARKET_ROW.items() if not name.endswith("_fp")} | {"yes_bid": 47}
    read = wire_markets.market(body({"market": old}))
    assert isinstance(read, Rejection)
    assert (read.code, read.path) == ("legacy_shape", "market.yes_bid")


def test_a_market_and_its_event_make_a_contract_that_can_be_traded() -> None:
    contract = wire_markets.contract(listed(), event(), FEES, venue="kalshi")
    assert isinstance(contract, BinaryContract)
    assert (contract.series, contract.event, contract.exclusive_group) == ("KXRAIN", "KXRAIN-26NOV20", "KXRAIN-26NOV20")
    assert price_fits(contract, 999_000)
    assert not price_fits(contract, 501_000)
    assert contract.quantities.holds(10_000)


def test_a_market_of_another_event_makes_no_contract() -> None:
    made = wire_markets.contract(listed(event_ticker="KXSNOW-26NOV20"), event(), FEES, venue="kalshi")
    assert isinstance(made, Rejection)
    assert made.code == "contradiction"


def test_other_rules_under_the_same_ticker_have_another_digest() -> None:
    assert listed().rules_digest == listed(status="closed").rules_digest
    assert listed().rules_digest != listed(rules_primary="It snows.").rules_digest


def test_fee_words_are_kept_as_the_venue_says_them() -> None:
    series = wire_markets.series(body(answers.SERIES))
    assert isinstance(series, wire_markets.Series)
    assert series.fees == FeeWords("quadratic_with_maker_fees", 500_000)
    assert event().fees == FeeWords(None, None)


def test_markets_may_stand_beside_their_event_or_within_it() -> None:
    beside = wire_markets.event(body(answers.EVENT))
    within = wire_markets.event(body({"event": answers.EVENT_ROW | {"markets": [answers.MARKET_ROW]}}))
    assert isinstance(beside, wire_markets.EventAnswer)
    assert beside == within
    assert len(beside.markets.rows) == 1


def test_a_no_bid_is_a_yes_ask_at_one_dollar_less_its_price() -> None:
    assert wire_markets.orderbook(body(answers.BOOK)) == Book(
        bids=(Level(470_000, 3 * MICRO), Level(450_000, 7 * MICRO)),
        asks=(Level(520_000, 3_250_000), Level(540_000, MICRO)),
    )


@pytest.mark.parametrize(
    "sent", [{"orderbook": {}}, {"orderbook_fp": {"yes_dollars": None}}, {"orderbook": {"no": None}}]
)
def test_a_side_that_is_absent_or_null_is_empty(sent: dict[str, Any]) -> None:
    assert wire_markets.orderbook(body(sent)) == Book((), ())


@pytest.mark.parametrize(
    ("yes", "no", "code"),
    [
        ([["0.5200", "1.00"]], [["0.4800", "1.00"]], "crossed_book"),
        ([["0.5200", "1.00"], ["0.520", "2.00"]], [], "contradiction"),
        ([["0.0000", "1.00"]], [], "contradiction"),
        ([], [["1.0000", "1.00"]], "contradiction"),
        ([["0.5200", "0.00"]], [], "contradiction"),
        ([["0.5200", "-1.00"]], [], "bad_qty"),
        ([[52, 1]], [], "bad_price"),
        ([["0.5200"]], [], "wrong_type"),
        ("0.5200", [], "wrong_type"),
    ],
)
def test_a_book_that_cannot_be_is_rejected(yes: object, no: object, code: str) -> None:
    read = wire_markets.orderbook(body({"orderbook_fp": {"yes_dollars": yes, "no_dollars": no}}))
    assert isinstance(read, Rejection)
    assert read.code == code


def test_a_book_in_cents_is_of_the_first_api() -> None:
    read = wire_markets.orderbook(body({"orderbook": {"yes": [[47, 3]], "no": None}}))
    assert isinstance(read, Rejection)
    assert (read.code, read.path) == ("legacy_shape", "orderbook.yes")


def test_a_trade_says_which_way_the_taker_went_in_terms_of_yes() -> None:
    read = wire_markets.trade_page(body(answers.TRADE_PAGE))
    assert not isinstance(read, Rejection)
    assert [(trade.taker_side, trade.price, trade.qty) for trade in read.rows] == [("buy", 520_000, 2 * MICRO)]
    contrary = answers.TRADE_ROW | {"taker_book_side": "ask"}
    torn = wire_markets.trade_page(body({"trades": [contrary]}))
    assert not isinstance(torn, Rejection)
    assert [rejection.code for rejection in torn.rejected] == ["contradiction"]


def test_the_exchange_says_for_each_shard_whether_it_trades() -> None:
    status = wire_markets.exchange_status(body(answers.STATUS))
    assert isinstance(status, wire_markets.ExchangeStatus)
    assert not status.trading_active
    assert [(shard.exchange_index, shard.trading_active) for shard in status.shards] == [(0, False), (2, True)]
    least = wire_markets.exchange_status(b'{"exchange_active":true,"trading_active":true}')
    assert isinstance(least, wire_markets.ExchangeStatus)
    assert least.shards == ()
