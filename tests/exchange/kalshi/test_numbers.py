"""The wire's numbers: the decimals of today, and nothing read that was not written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.numbers import Unreadable


def test_numbers_leave_with_the_decimals_of_today() -> None:
    assert numbers.price(520_000) == "0.5200"
    assert numbers.price(520_100) == "0.5201"
    assert numbers.cost(17_500) == "0.017500"
    assert numbers.cost(-1) == "-0.000001"
    assert numbers.count(12_500_000) == "12.50"
    assert numbers.count(-10_000) == "-0.01"


def test_a_number_that_does_not_fit_its_decimals_is_a_bug_and_not_rounded() -> None:
    with pytest.raises(ValueError, match="4 decimals"):
        numbers.price(520_050)
    with pytest.raises(ValueError, match="2 decimals"):
        numbers.count(5_000)


def test_cents_are_cut_off_towards_zero() -> None:
    assert [numbers.cents(micros) for micros in (19_999, 20_000, -19_999)] == [1, 2, -1]


@pytest.mark.parametrize(
    ("ts", "text"),
    [
        (1_790_000_000_000_000_000, "2026-09-21T14:13:20Z"),
        (1_790_000_000_456_000_000, "2026-09-21T14:13:20.456Z"),
        (1_790_000_000_000_010_999, "2026-09-21T14:13:20.00001Z"),
    ],
)
def test_an_instant_drops_the_trailing_zeros_of_its_fraction(ts: int, text: str) -> None:
    assert numbers.instant(ts) == text


@given(st.integers(0, 10**13))
def test_what_was_written_reads_back_to_the_last_micro(number: int) -> None:
    assert numbers.read_price(numbers.price(number * 100)) == number * 100
    assert numbers.read_count(numbers.count(number * 10_000)) == number * 10_000


@pytest.mark.parametrize("text", ["", ".5", "5.", "-1", "+1", "1e3", "0x1", " 1", "NaN", "1,5", "\u0661", "9" * 13])
def test_what_is_not_a_plain_decimal_is_unreadable(text: str) -> None:
    assert numbers.read_price(text) == Unreadable(text, None)


def test_too_many_decimals_are_counted_and_not_cut() -> None:
    assert numbers.read_price("0.52000") == Unreadable("0.52000", 5)
    assert numbers.read_count("1.000") == Unreadable("1.000", 3)
