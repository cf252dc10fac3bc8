"""The door of the market: what cannot be true gets a registered code, and nothing hostile gets through or raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import HOSTILE, T0, TAPERED, a_future, a_market, anything

from assent.model.inputs import BarSeen, QuoteSeen, bar_fault, quote_fault
from assent.model.instruments import Instrument, price_fits
from assent.model.reasons import REASONS
from assent.model.units import MICRO, VALUE_MAX, is_time, is_value

MARKET = a_market()
FIELDS = ("bid", "bid_qty", "ask", "ask_qty", "source_ts", "received_ts")
GOOD = QuoteSeen(MARKET.id, 510_000, MICRO, 520_000, 2 * MICRO, T0, T0)


def a_quote(**changes: Any) -> QuoteSeen:
    values = {field: getattr(GOOD, field) for field in QuoteSeen.__struct_fields__}
    return QuoteSeen(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bid": None, "bid_qty": None},
        {"ask": None, "ask_qty": None},
        {"bid": None, "bid_qty": None, "ask": None, "ask_qty": None},
        {"bid": 10_000, "ask": 990_000},
        {"bid_qty": 10_000, "ask_qty": VALUE_MAX},
    ],
)
def test_an_honest_quote_is_let_in(changes: dict[str, Any]) -> None:
    assert quote_fault(MARKET, a_quote(**changes)) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bid": float("nan")}, "market_data_not_a_number"),
        ({"bid": 510_000.0}, "market_data_not_a_number"),
        ({"bid": True}, "market_data_not_a_number"),
        ({"ask": "0.52"}, "market_data_not_a_number"),
        ({"ask_qty": False}, "market_data_not_a_number"),
        ({"bid": None}, "market_data_not_a_number"),
        ({"ask_qty": None}, "market_data_not_a_number"),
        ({"bid": VALUE_MAX + 1}, "market_data_huge"),
        ({"ask_qty": 10**30}, "market_data_huge"),
        ({"bid": 0}, "market_data_not_positive"),
        ({"bid": -10_000}, "market_data_not_positive"),
        ({"bid_qty": 0}, "market_data_not_positive"),
        ({"ask_qty": -1}, "market_data_not_positive"),
        ({"bid": 515_000}, "market_data_off_grid"),
        ({"ask": MICRO}, "market_data_off_grid"),
        ({"ask": 2 * MICRO}, "market_data_off_grid"),
        ({"bid": 520_000}, "market_data_crossed"),
        ({"bid": 530_000}, "market_data_crossed"),
        ({"source_ts": -1}, "market_data_bad_time"),
        ({"source_ts": float(T0)}, "market_data_bad_time"),
        ({"received_ts": None}, "market_data_bad_time"),
        ({"received_ts": 10**19}, "market_data_bad_time"),
    ],
)
def test_each_lie_has_its_code(changes: dict[str, Any], code: str) -> None:
    assert quote_fault(MARKET, a_quote(**changes)) == code


def is_true(instrument: Instrument, quote: QuoteSeen) -> bool:
    """A second reading of the rules, written as they are told."""
    for price, qty in ((quote.bid, quote.bid_qty), (quote.ask, quote.ask_qty)):
        if price is None and qty is None:
            continue
        if {type(price), type(qty)} != {int}:
            return False
        if not (0 < price <= VALUE_MAX and 0 < qty <= VALUE_MAX and price_fits(instrument, price)):  # type: ignore[operator]
            return False
    times = (quote.source_ts, quote.received_ts)
    if any(type(ts) is not int or ts < 0 or ts >= 7_258_118_400 * 10**9 for ts in times):
        return False
    return quote.bid is None or quote.ask is None or quote.bid < quote.ask


grid_price = st.integers(min_value=0, max_value=100).map(lambda cents: cents * 10_000)
a_price = st.one_of(grid_price, st.none(), anything)
a_qty = st.one_of(st.integers(min_value=-10_000, max_value=10**7), st.none(), anything)
a_time = st.one_of(st.just(T0), anything)


@given(
    st.sampled_from((MARKET, a_market(prices=TAPERED), a_future())),
    st.builds(QuoteSeen, st.just(MARKET.id), a_price, a_qty, a_price, a_qty, a_time, a_time),
)
def test_any_object_in_any_field_gets_a_registered_code_or_is_true(instrument: Instrument, quote: QuoteSeen) -> None:
    fault = quote_fault(instrument, quote)
    assert fault is None or REASONS[fault].family == "market data"
    assert (fault is None) == is_true(instrument, quote)


@pytest.mark.parametrize("field", FIELDS)
def test_one_hostile_field_is_enough_to_keep_a_quote_out(field: str) -> None:
    for value in HOSTILE:
        if type(value) is int and value >= 0 and field.endswith("_ts"):
            continue
        if type(value) is int and value > 0 and field.endswith("_qty"):
            continue
        fault = quote_fault(MARKET, a_quote(**{field: value}))
        assert fault in REASONS, f"{field}={type(value).__name__}"


# --- bars ----------------------------------------------------------------------------------------------

GOOD_BAR = BarSeen(MARKET.id, 490_000, 510_000, 480_000, 500_000, 0, T0, T0)
BAR_FIELDS = [field for field in BarSeen.__struct_fields__ if field != "instrument"]


def a_bar(**changes: Any) -> BarSeen:
    return BarSeen(**({field: getattr(GOOD_BAR, field) for field in BarSeen.__struct_fields__} | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"volume": 7}, None),
        ({"high": 500_000, "low": 490_000}, None),
        ({"open": 0.49}, "market_data_not_a_number"),
        ({"volume": True}, "market_data_not_a_number"),
        ({"close": None}, "market_data_not_a_number"),
        ({"high": VALUE_MAX + 1}, "market_data_huge"),
        ({"low": 0}, "market_data_not_positive"),
        ({"volume": -1}, "market_data_not_positive"),
        ({"high": 490_000}, "market_data_crossed"),
        ({"low": 500_000}, "market_data_crossed"),
        ({"open": 485_000}, "market_data_off_grid"),
        ({"start_ts": -1}, "market_data_bad_time"),
        ({"received_ts": 1.0}, "market_data_bad_time"),
    ],
)
def test_each_untrue_bar_has_its_code(changes: dict[str, Any], code: str | None) -> None:
    assert bar_fault(MARKET, a_bar(**changes)) == code


@given(st.sampled_from(BAR_FIELDS), st.one_of(anything, grid_price))
def test_any_object_in_any_field_of_a_bar_gets_a_registered_code_or_is_true(field: str, value: Any) -> None:
    fault = bar_fault(MARKET, a_bar(**{field: value}))
    assert fault is None or REASONS[fault].family == "market data"
    assert fault is not None or type(value) is int


def first_fault(instrument: Instrument, bar: BarSeen) -> str | None:
    """What is asked of a bar, one thing after the other."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    if any(type(number) is not int for number in (*prices, bar.volume)):
        return "market_data_not_a_number"
    if not all(is_value(number) for number in (*prices, bar.volume)):
        return "market_data_huge"
    if bar.low <= 0 or bar.volume < 0:
        return "market_data_not_positive"
    if bar.low > min(prices) or bar.high < max(prices):
        return "market_data_crossed"
    if not all(price_fits(instrument, price) for price in prices):
        return "market_data_off_grid"
    return None if is_time(bar.start_ts) and is_time(bar.received_ts) else "market_data_bad_time"


tapered_price = st.integers(min_value=-2, max_value=1_002).map(lambda steps: steps * 1_000)
number = st.one_of(
    st.just(500_000), tapered_price, st.sampled_from((True, 1.0, VALUE_MAX, VALUE_MAX + 1, -VALUE_MAX - 1))
)


@given(
    st.sampled_from((a_market(), a_market(prices=TAPERED), a_future())),
    st.lists(tapered_price, min_size=4, max_size=4),
    st.dictionaries(st.sampled_from(BAR_FIELDS), number, max_size=2),
)
def test_a_bar_is_judged_by_the_first_thing_that_is_wrong_with_it(
    instrument: Instrument, prices: list[int], changes: dict[str, Any]
) -> None:
    low, open_, close, high = sorted(prices)
    bar = a_bar(**({"open": open_, "high": high, "low": low, "close": close} | changes))
    assert bar_fault(instrument, bar) == first_fault(instrument, bar)
