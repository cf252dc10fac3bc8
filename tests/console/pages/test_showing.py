"""Numbers and times are exact where it matters, and foreign text is seen for what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.pages import worlds

from assent.console.pages import showing
from assent.console.pages.cards import card_of
from assent.console.pages.curve import curve_of, figure_of
from assent.console.pages.lists import ROWS_A_PAGE, page_of
from assent.console.pages.shell import own_address
from assent.model.units import DAY, MICRO


@given(st.text(st.characters(), max_size=900))
def test_whatever_comes_from_outside_comes_out_printable_and_bounded(text: str) -> None:
    told = showing.pieces(text)
    shown = "".join(piece.text for piece in told)
    shown.encode("utf-8")
    assert all(char == " " or showing._prints(char) for char in shown)
    kept = "".join(piece.text for piece in told if not piece.escaped)
    assert len(kept) <= showing.OUTSIDE_MAX


@pytest.mark.parametrize(
    "text", ["Will it rain?", "Élan à Tōkyō", "سيكون", "東京 48°", "a < b & c > d", "'quoted' \"twice\""]
)
def test_honest_text_is_left_alone(text: str) -> None:
    assert showing.pieces(text) == [showing.Piece(text, escaped=False)]


@pytest.mark.parametrize(
    ("text", "seen"),
    [("\u202eabc", "\\u202e"), ("a\u200bb", "\\u200b"), ("\x1b[31m", "\\x1b"), ("\ud800", "\\ud800"), ("a\nb", "\\n")],
)
def test_what_hides_is_shown(text: str, seen: str) -> None:
    assert showing.Piece(seen, escaped=True) in showing.pieces(text)


def test_numbers_for_the_eye() -> None:
    assert showing.percent(197_000) == "19.7 %"
    assert showing.percent(None) == "-"
    assert showing.percent_width(2 * MICRO) == "100.00"
    assert showing.percent_width(-1) == "0.00"
    assert showing.signed(2_480_000) == "+$2.48"
    assert showing.signed(-100) == "-$0.0001"
    assert showing.near(worlds.NOW - DAY, worlds.NOW) == "11-17 11:06:40"
    assert showing.iso(worlds.NOW) == "2026-11-18T11:06:40.000Z"


def test_a_price_of_no_is_what_is_missing_to_a_dollar_and_worse_means_worse_for_the_person() -> None:
    buys = worlds.card(2, price_then=470_000, price_last=480_000)
    assert buys.asked is not None
    shown = card_of(buys, buys.asked, worlds.NOW, "t")
    assert (shown.price_then, shown.price_last, shown.drift_words) == (530_000, 520_000, "0.01 better")
    sells = worlds.card(1, words="sell YES at 0.48", price_then=470_000, price_last=460_000)
    assert sells.asked is not None
    assert card_of(sells, sells.asked, worlds.NOW, "t").drift_words == "0.01 worse"


def test_a_cards_mark_changes_with_what_it_shows_and_not_with_time() -> None:
    card = worlds.card(1)
    assert card.asked is not None
    first, later = (card_of(card, card.asked, worlds.NOW + add, "t") for add in (0, 5))
    assert first.mark == later.mark
    assert first.answer != later.answer
    moved = worlds.card(1, price_last=1)
    assert moved.asked is not None
    assert card_of(moved, moved.asked, worlds.NOW, "t").mark != first.mark


@pytest.mark.parametrize("count", [0, 1, 2, 120])
def test_a_curve_of_any_length_can_be_drawn(count: int) -> None:
    curve, figure = curve_of(worlds.line(count)), figure_of(worlds.line(count))
    assert bool(curve.equity_path) == bool(figure["data"]) == bool(count)
    assert "nan" not in curve.equity_path + curve.fall_path
    if count == 120:
        assert curve.equity_path.startswith("M0 ")
        assert "H1000V" in curve.equity_path
        assert not [trace for trace in figure["data"] if "gl" in trace["type"]]


def test_pages_of_a_list_hold_every_row_once() -> None:
    rows = list(range(2 * ROWS_A_PAGE + 7))
    seen: list[int] = []
    for number in ("1", "2", "3"):
        shown, pager = page_of(rows, {"page": number, "find": "a&b"}, "/console/intents")
        seen.extend(shown)
    assert seen == rows[::-1]
    assert not pager.older
    assert pager.newer == "/console/intents?find=a%26b&page=2"
    assert page_of(rows, {"page": "-1"}, "/x")[0] == page_of(rows, {"page": "junk"}, "/x")[0] == tuple(rows[:-51:-1])
    assert page_of([], {"page": "9"}, "/x")[0] == ()


@pytest.mark.parametrize(
    "address",
    ["/console//x", "//x", "https://x", "/console/..%2f\\x", "/other", "/console/\n", "/console/" + "x" * 600],
)
def test_only_our_own_addresses_are_led_back_to(address: str) -> None:
    assert own_address(address) == "/console/"
