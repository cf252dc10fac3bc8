"""Whatever is shown is short printable ASCII, even where the thing itself fights back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import HOSTILE, anything

from assent.model.text import SHOWN_MAX, shown


class TerminalRepr:
    def __repr__(self) -> str:
        return "\x1b[2J\x1b]0;owned\x07\r\nrefused: 0\u202e\ud800"


class ExitRepr:
    def __repr__(self) -> str:
        raise SystemExit(0)


class AlmostText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "\x1b[2J two\nlines"


ODDLY_NAMED: Any = type("\x1b[31mN\u00f6", (), {"__repr__": lambda self: 1 / 0})


def is_inert(text: str, most: int = SHOWN_MAX) -> bool:
    return type(text) is str and text.isascii() and text.isprintable() and len(text) <= most


@given(st.one_of(anything, st.text()), st.integers(min_value=4, max_value=200))
def test_anything_is_shown_as_short_printable_ascii(thing: Any, most: int) -> None:
    assert is_inert(shown(thing), SHOWN_MAX)
    assert is_inert(shown(thing, most), most)


@pytest.mark.parametrize(
    "thing", [TerminalRepr(), ExitRepr(), AlmostText("x"), ODDLY_NAMED(), *HOSTILE], ids=lambda t: type(t).__name__
)
def test_a_thing_that_fights_back_is_shown_all_the_same(thing: Any) -> None:
    assert is_inert(shown(thing))
    assert is_inert(shown([thing]))


@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\'\""), max_size=SHOWN_MAX)
)
def test_plain_text_is_shown_as_itself(text: str) -> None:
    assert shown(text) == text


def test_what_was_cut_says_so() -> None:
    assert shown("x" * 500) == "x" * (SHOWN_MAX - 3) + "..."
    assert shown("two\nlines") == "two\\nlines"
