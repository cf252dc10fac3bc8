"""How pages show numbers, times and foreign text: the filters of the templates.

Amounts arrive as whole micros and times as whole nanoseconds; nothing is rounded away on a page except where a filter
says so. Text from outside is split into what prints and what is shown as its escape, so that a control character, a
mark that turns the writing direction or an invisible one is seen for what it is.
"""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from assent.model.units import DAY, MICRO, SECOND
from assent.model.words import in_unit, money, price, share, span, when

# Longer than any honest title; the whole of it is in the ledger, and there in the record.
OUTSIDE_MAX: Final = 300
# Marks that pile up on one letter beyond this would cover the lines above and below.
_MARKS_MAX: Final = 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = SECOND // 1_000


class Piece(NamedTuple):
    """A run of foreign text: as it is, or shown as an escape."""

    text: str
    escaped: bool


def pieces(text: object, most: int = OUTSIDE_MAX) -> list[Piece]:
    """Foreign text in runs, at most `most` characters of it; what was cut is counted."""
    whole = str(text)
    kept = whole[:most]
    runs: list[tuple[list[str], bool]] = []
    marks = 0
    for char in kept:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        hidden = marks > _MARKS_MAX or not _prints(char)
        if not runs or runs[-1][1] != hidden:
            runs.append(([], hidden))
        runs[-1][0].append(_escape(char) if hidden else char)
    told = [Piece("".join(chars), hidden) for chars, hidden in runs]
    return [*told, Piece(f" … {len(whole) - len(kept)} more characters", True)] if len(whole) > len(kept) else told


def _prints(char: str) -> bool:
    """A letter, mark, number, sign or the plain space. Format characters turn directions and join what is apart."""
    return char == " " or unicodedata.category(char)[0] in "LMNPS"


def _escape(char: str) -> str:
    return ascii(char)[1:-1]


def iso(ts: int) -> str:
    return f"{_moment(ts):%Y-%m-%dT%H:%M:%S}.{ts % SECOND // _MILLISECOND:03d}Z"


def to_second(ts: int) -> str:
    return f"{_moment(ts):%Y-%m-%d %H:%M:%S}"


def day(ts: int) -> str:
    return f"{_moment(ts):%Y-%m-%d}"


def clock(ts: int) -> str:
    """The time of day alone, for a column whose day is known."""
    return f"{_moment(ts):%H:%M:%S}"


def near(ts: int, now: int) -> str:
    """The time of day, with the day where it is another than today's."""
    return clock(ts) if ts // DAY == now // DAY else f"{_moment(ts):%m-%d %H:%M:%S}"


def ms(ts: int) -> int:
    return ts // _MILLISECOND


def percent(ppm: int | None) -> str:
    """Parts per million as percent to one decimal, for the eye; the exact numbers stand beside it."""
    if ppm is None:
        return "-"
    tenths = (abs(ppm) + 500) // 1_000
    return f"{'-' if ppm < 0 and tenths else ''}{tenths // 10}.{tenths % 10} %"


def percent_width(ppm: int) -> str:
    """Parts per million as the width of a bar out of 100."""
    inside = max(0, min(MICRO, ppm))
    return f"{inside // 10_000}.{inside % 10_000 // 100:02d}"


def signed(micros: int | None) -> str:
    """Money with its sign, so that a gain is told from a loss without colour."""
    return f"+{money(micros)}" if micros is not None and micros > 0 else money(micros)


def short(name: str, kept: int = 12) -> str:
    """The beginning of an id or a digest; the whole stands on the page of its own."""
    return name if len(name) <= kept else f"{name[:kept]}…"


def spaced(digest: str) -> str:
    """A digest in groups of eight, as one compares it by eye."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))


def waiting_words(pending: int) -> str:
    """How many intents wait, as a sentence."""
    return "1 intent waits for assent" if pending == 1 else f"{pending} intents wait for assent"


def capitalised(text: str) -> str:
    """With a capital at the beginning; the rest, tickers and all, as it is."""
    return text[:1].upper() + text[1:]


def _moment(ts: int) -> datetime:
    return _EPOCH + timedelta(seconds=ts // SECOND)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "pieces": pieces, "iso": iso, "clock": clock, "to_second": to_second, "near": near, "day": day, "ms": ms,
    "when": when, "span": span, "money": money, "price": price, "share": share, "signed": signed,
    "qty": lambda value: in_unit("qty", value), "unit": lambda value, unit: in_unit(unit, value),
    "percent": percent, "percent_width": percent_width, "short": short, "spaced": spaced, "capitalised": capitalised,
}  # fmt: skip
