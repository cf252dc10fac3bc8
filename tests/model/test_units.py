"""Rounding never favours us, and text becomes a number exactly or not at all."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import HOSTILE

from assent.model.errors import AssentError, InvariantBroken, require
from assent.model.units import (
    MICRO,
    VALUE_MAX,
    down_to_step,
    format_micros,
    format_money,
    format_qty,
    is_time,
    is_value,
    mul_down,
    mul_up,
    parse_micros,
    share_down,
    share_up,
    up_to_step,
)

amounts = st.integers(min_value=-VALUE_MAX, max_value=VALUE_MAX)
positive = st.integers(min_value=1, max_value=VALUE_MAX)


@given(amounts, amounts)
def test_a_product_rounded_up_is_not_below_and_rounded_down_not_above_the_exact_one(a: int, b: int) -> None:
    exact = Fraction(a * b, MICRO)
    assert exact <= mul_up(a, b) < exact + 1
    assert exact - 1 < mul_down(a, b) <= exact


@given(st.integers(min_value=0, max_value=VALUE_MAX), positive, amounts)
def test_a_share_rounds_in_the_direction_of_its_name(part: int, whole: int, of: int) -> None:
    exact = Fraction(of * part, whole)
    assert exact <= share_up(part, whole, of) < exact + 1
    assert exact - 1 < share_down(part, whole, of) <= exact


@given(amounts, st.integers(min_value=1, max_value=10**9))
def test_a_step_is_reached_from_both_sides(value: int, step: int) -> None:
    up, down = up_to_step(value, step), down_to_step(value, step)
    assert down <= value <= up
    assert up % step == down % step == 0
    assert up - value < step
    assert value - down < step


@given(amounts, amounts)
def test_what_is_paid_is_never_less_than_what_the_same_trade_brings(price: int, qty: int) -> None:
    assert mul_up(price, qty) >= mul_down(price, qty)
    assert mul_up(-price, qty) == -mul_down(price, qty)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0.52", 520_000),
        ("1", MICRO),
        ("-0", 0),
        ("-0.000001", -1),
        ("0.000001", 1),
        (" 0.5 ", 500_000),
        ("9000000000", VALUE_MAX),
        ("1e3", 1_000 * MICRO),
        ("0.5200000000000", 520_000),
    ],
)
def test_decimal_text_becomes_exact_micros(text: str, micros: int) -> None:
    assert parse_micros(text) == micros


@pytest.mark.parametrize(
    "text",
    ["NaN", "-nan", "sNaN", "Infinity", "-inf", "1e309", "1e30", "9000000000.000001", "0.0000001", "0.1234567", "1e-7",
     "", " ", "0,5", "0x10", "five", "1.2.3", "--1", "0.5$", "\x000.5", "\U0001d7d8.5x", "1e", "True"],
)  # fmt: skip
def test_text_that_is_no_exact_bounded_number_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(AssentError, match="edge_min is "):
        parse_micros(text, "edge_min")


def test_a_long_tail_of_decimals_is_refused_like_a_short_one() -> None:
    with pytest.raises(AssentError):
        parse_micros("0.5200000000000000000000000000000001")


def test_an_exponent_beyond_all_bounds_is_refused_and_not_computed() -> None:
    for text in ("1e999999", "-1e999999", "1e1000000000"):
        with pytest.raises(AssentError):
            parse_micros(text)


@given(amounts, st.integers(min_value=0, max_value=6))
def test_what_is_shown_can_be_read_back_exactly(value: int, decimals: int) -> None:
    assert parse_micros(format_micros(value, decimals)) == value
    assert parse_micros(format_qty(value)) == value
    assert parse_micros(format_money(value).replace("$", "").replace(",", "")) == value


def test_money_and_quantities_are_shown_as_people_write_them() -> None:
    assert format_money(-1_234_500_000) == "-$1,234.50"
    assert format_money(17_500) == "$0.0175"
    assert [format_qty(qty) for qty in (12 * MICRO, 500_000, 0)] == ["12", "0.5", "0"]
    assert format_micros(0, 0) == "0"


@pytest.mark.parametrize("value", [v for v in HOSTILE if type(v) is not int], ids=lambda value: type(value).__name__)
def test_only_a_plain_whole_number_is_a_value_or_a_time(value: object) -> None:
    assert not is_value(value)
    assert not is_time(value)


def test_a_value_and_a_time_have_bounds() -> None:
    assert is_value(VALUE_MAX)
    assert is_value(-VALUE_MAX)
    assert not is_value(VALUE_MAX + 1)
    assert not is_value(-VALUE_MAX - 1)
    assert is_time(0)
    assert not is_time(-1)
    assert not is_time(7_258_118_400_000_000_000)


def test_a_broken_promise_names_its_code_and_its_values() -> None:
    require(True, "fine")
    with pytest.raises(InvariantBroken, match="time_went_back: ts=1, last=2") as broken:
        require(0, "time_went_back", ts=1, last=2)
    assert broken.value.code == "time_went_back"
    assert broken.value.values == {"ts": 1, "last": 2}
