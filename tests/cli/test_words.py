"""Numbers, times and foreign text for people: exact where it must be, inert always."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.support import HOSTILE

from assent.cli.words import clipped, in_unit, line, plain, share, span, table, time_left, when
from assent.model.levels import Level
from assent.model.reasons import REASONS
from assent.model.units import HOUR, MICRO, MINUTE, SECOND


@given(st.text())
def test_whatever_comes_in_nothing_that_acts_on_a_terminal_goes_out(text: str) -> None:
    assert all(char == "\n" or " " <= char <= "~" for char in plain(text))
    assert all(" " <= char <= "~" for char in line(text))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == line(text) == text


def test_an_escape_is_shown_not_hidden() -> None:
    assert plain(HOSTILE) == r"evil \x1b[2J\x1b[31m\x9b1m \u202e title"


@pytest.mark.parametrize(
    ("ts", "text"),
    [
        (0, "1970-01-01 00:00:00.000"),
        (1_767_571_200 * SECOND + 999_999_999, "2026-01-05 00:00:00.999"),
        (None, "-"),
    ],
)
def test_a_time_is_utc_to_the_millisecond_and_never_rounded_up(ts: int | None, text: str) -> None:
    assert when(ts) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"), (999, "999 ns"), (250 * SECOND // 1000, "250 ms"), (SECOND * 3 // 2, "1.5 s"),
        (90 * SECOND, "1.5 m"), (HOUR, "1 h"), (10 * MINUTE, "10 m"), (-SECOND, "-1 s"),
    ],
)  # fmt: skip
def test_a_duration_takes_the_unit_that_fits_it(ns: int, text: str) -> None:
    assert span(ns) == text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("money", 1_234_500_000, "$1,234.50"), ("price", 17_500, "0.0175"), ("qty", 12 * MICRO, "12"),
        ("count", 3, "3"), ("ppm", 612_345, "61.2345 %"), ("duration", 10 * SECOND, "10 s"), ("flag", 1, "1"),
        ("level", 2, "HALTED"), ("level", 9, "9"), ("money", None, "-"),
    ],
)  # fmt: skip
def test_a_measured_value_is_shown_in_its_unit(unit: str, value: int | None, text: str) -> None:
    assert in_unit(unit, value) == text


def test_every_unit_of_every_reason_can_be_shown() -> None:
    assert all(in_unit(reason.unit, int(Level.HALTED)) for reason in REASONS.values())


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (-SECOND, "0 s"),
        (1, "1 s"),
        (119 * SECOND, "119 s"),
        (120 * SECOND, "2 min 0 s"),
        (3_555 * SECOND, "59 min 15 s"),
    ],
)
def test_what_is_left_to_answer_is_told_to_the_second(ns: int, text: str) -> None:
    assert time_left(ns) == text


def test_a_share_is_exact() -> None:
    assert [share(ppm) for ppm in (0, 1, 500_000, MICRO)] == ["0 %", "0.0001 %", "50 %", "100 %"]


def test_a_table_is_aligned_and_its_cells_stay_on_their_line() -> None:
    rows = table([("a", "1"), ("long", "22"), ("b\nc", "333")], head=("name", "n"), right=(1,))
    assert rows == ["name    n", "a       1", "long   22", r"b\nc  333"]


def test_a_table_of_nothing_is_nothing() -> None:
    assert table([]) == []


def test_what_is_cut_says_so() -> None:
    assert [clipped("abcdef", 5), clipped("abcde", 5)] == ["ab...", "abcde"]
