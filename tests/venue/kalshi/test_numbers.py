"""The venue's numbers become our integers exactly, or are refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.units import MICRO, SECOND, VALUE_MAX, is_time, is_value
from assent.venue.kalshi import numbers
from assent.venue.kalshi.numbers import NumberText

READERS = (
    numbers.dollars,
    numbers.signed_dollars,
    numbers.count,
    numbers.signed_count,
    numbers.cents,
    numbers.centi_cents,
    numbers.ppm,
    numbers.seconds,
    numbers.milliseconds,
    numbers.rfc3339,
)

# What no text of the venue holds: signs, blanks, exponents, special values, the digits of other scripts, separators.
NEVER = (
    "",
    " ",
    "NaN",
    "inf",
    "Infinity",
    "+0.52",
    " 0.52",
    "0.52 ",
    "0.52\n",
    "0.5e1",
    "1E2",
    "0_1.00",
    "1,000.00",
    ".52",
    "0.",
    "00.52",
    "0.1234567",
    "0x10",
    "\u0660.\u0665\u0662",
    "\uff10.\uff15\uff12",
    "--1.00",
    "- 1.00",
    "9000000000.000001",
    "99999999999.00",
)
NEVER_A_NUMBER = (None, True, False, 0.5, float("nan"), Decimal("0.52"), b"0.52", [], {}, object())


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0.52", 520_000),
        ("0.525", 525_000),
        ("0.5200", 520_000),
        ("0.017500", 17_500),
        ("0.0000", 0),
        ("1.0000", MICRO),
    ],
)
def test_a_dollar_string_becomes_micros_exactly(text: str, micros: int) -> None:
    assert numbers.dollars(text) == micros
    assert numbers.signed_dollars(text) == micros


@pytest.mark.parametrize(
    ("text", "micros"), [("3.00", 3 * MICRO), ("0.01", 10_000), ("61.6", 61_600_000), ("7", 7 * MICRO)]
)
def test_a_fixed_point_count_becomes_micros_exactly(text: str, micros: int) -> None:
    assert numbers.count(text) == micros
    assert numbers.signed_count("-" + text) == -micros


def test_a_sign_is_refused_where_none_may_stand() -> None:
    for text in ("-0.52", "-0.00", "-1.00"):
        assert numbers.dollars(text) is None
        assert numbers.count(text) is None
    assert numbers.signed_dollars("-0.52") == -520_000
    assert numbers.signed_count("-0.00") == 0
    assert numbers.ppm("-0.5") is None


def test_a_dollar_string_has_two_to_six_decimals_and_a_count_at_most_two() -> None:
    assert numbers.dollars("1") is None
    assert numbers.dollars("0.5") is None
    assert numbers.count("0.001") is None


@pytest.mark.parametrize("text", NEVER)
def test_text_that_the_venue_never_writes_is_refused_by_every_reader(text: str) -> None:
    assert [reader(text) for reader in READERS] == [None] * len(READERS)


@pytest.mark.parametrize("value", NEVER_A_NUMBER)
def test_a_value_of_another_type_is_refused_by_every_reader(value: object) -> None:
    assert [reader(value) for reader in READERS] == [None] * len(READERS)


def test_a_json_number_does_not_pass_for_a_dollar_string() -> None:
    assert numbers.dollars(NumberText("0.52")) is None
    assert numbers.count(NumberText("3.00")) is None
    assert numbers.dollars(1) is None


def test_cents_and_hundredths_of_cents_are_whole_numbers() -> None:
    assert numbers.cents(4559) == 45_590_000
    assert numbers.cents(-1) == -10_000
    assert numbers.centi_cents(1) == 100
    assert numbers.cents("4559") is None
    assert numbers.cents(VALUE_MAX) is None


def test_a_multiplier_is_read_from_its_text_and_never_through_a_float() -> None:
    assert numbers.ppm(1) == MICRO
    assert numbers.ppm(0) == 0
    assert numbers.ppm(NumberText("0.5")) == 500_000
    assert numbers.ppm("0.000001") == 1
    assert numbers.ppm(NumberText("5e-1")) is None
    assert numbers.ppm(0.5) is None
    assert numbers.ppm(-1) is None


def test_the_four_ways_to_write_a_time_agree() -> None:
    ts = 1_790_000_000 * SECOND
    assert numbers.seconds(1_790_000_000) == ts
    assert numbers.milliseconds(1_790_000_000_456) == ts + 456_000_000
    assert numbers.rfc3339("2026-09-21T14:13:20Z") == ts
    assert numbers.rfc3339("2026-09-21T14:13:20.456Z") == ts + 456_000_000


def test_a_fraction_of_a_second_may_have_lost_its_trailing_zeros() -> None:
    whole = numbers.rfc3339("2026-01-14T20:18:17Z")
    assert whole is not None
    assert numbers.rfc3339("2026-01-14T20:18:17.19985Z") == whole + 199_850_000
    assert numbers.rfc3339("2026-01-14T20:18:17.123456789Z") == whole + 123_456_789


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00z",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "\u0662026-01-01T00:00:00Z",
    ],
)
def test_a_time_outside_our_age_or_in_another_form_is_refused(text: str) -> None:
    assert numbers.rfc3339(text) is None


def test_a_request_writes_prices_with_four_decimals_and_counts_with_two() -> None:
    assert numbers.price_text(610_000) == "0.6100"
    assert numbers.price_text(100) == "0.0001"
    assert numbers.count_text(12_500_000) == "12.50"
    assert numbers.count_text(10_000) == "0.01"


def test_what_a_request_cannot_say_exactly_is_refused() -> None:
    assert [numbers.price_text(micros) for micros in (0, MICRO, -100, 520_050, 1)] == [None] * 5
    assert [numbers.count_text(micros) for micros in (0, -10_000, 10_001, VALUE_MAX + 10_000)] == [None] * 4


@given(st.integers(1, 9_999).map(lambda steps: steps * 100))
def test_every_price_that_is_written_reads_back_as_itself(micros: int) -> None:
    text = numbers.price_text(micros)
    assert text is not None
    assert numbers.dollars(text) == micros


@given(st.integers(1, VALUE_MAX // 10_000).map(lambda steps: steps * 10_000))
def test_every_count_that_is_written_reads_back_as_itself(micros: int) -> None:
    text = numbers.count_text(micros)
    assert text is not None
    assert numbers.count(text) == micros


@given(st.from_regex(r"[-+]?[0-9]{1,11}(\.[0-9]{0,8})?", fullmatch=True))
def test_a_reader_agrees_with_decimal_arithmetic_wherever_it_answers(text: str) -> None:
    for reader in (numbers.dollars, numbers.signed_dollars, numbers.count, numbers.signed_count, numbers.ppm):
        micros = reader(text)
        assert micros is None or micros == Decimal(text) * MICRO


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary())
def test_no_value_makes_a_reader_raise_or_leave_its_bounds(value: object) -> None:
    for reader in READERS:
        answer = reader(value)
        assert answer is None or is_value(answer) or is_time(answer)
