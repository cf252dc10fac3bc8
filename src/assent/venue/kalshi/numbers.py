"""Kalshi's numbers and times as our integers: exactly, or not at all.

The venue writes money as dollar strings, sizes as fixed-point strings, some leftovers as whole cents, and time in four
ways. Each reader takes whatever a decoder produced and answers an integer within our bounds, or None where the value
is not written as the venue documents it: a sign where none may stand, a blank, an exponent, other digits, a JSON number
in a string's place. Nothing is rounded, and no float is ever made. What a None means is the caller's to say: only the
caller knows the field.
"""

import re
from datetime import UTC, datetime
from typing import Final

from assent.model.units import MICRO, SECOND, VALUE_MAX, is_time

_MILLISECOND: Final = SECOND // 1_000
_CENT: Final = MICRO // 100
_CENTI_CENT: Final = _CENT // 100
_PRICE_STEP: Final = MICRO // 10_000
_COUNT_STEP: Final = MICRO // 100

# Written out instead of \d, which would take digits of any script; ten whole digits are more than our bound needs.
_DOLLARS: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,9})\.([0-9]{2,6})")
_COUNT: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,2}))?")
_RATIO: Final = re.compile(r"()(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,6}))?")
_RFC3339: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NumberText(str):
    """A JSON number with a fraction or an exponent, as it was written: what the decoder keeps instead of a float."""

    __slots__ = ()


def dollars(value: object) -> int | None:
    """Micros from a dollar string with 2 to 6 decimals such as "0.5200"; never negative."""
    return _unsigned(_DOLLARS, value)


def signed_dollars(value: object) -> int | None:
    """Micros from a dollar string that may be negative: a profit, a change."""
    return _fixed(_DOLLARS, value)


def count(value: object) -> int | None:
    """Micros of contracts from a fixed-point string with at most two decimals such as "12.50"; never negative."""
    return _unsigned(_COUNT, value)


def signed_count(value: object) -> int | None:
    """Micros of contracts that may be negative: a position (NO is negative), a change of a level."""
    return _fixed(_COUNT, value)


def cents(value: object) -> int | None:
    """Micros from a whole number of cents: balances, a settlement's revenue. It may be negative."""
    return _scaled(value, _CENT)


def centi_cents(value: object) -> int | None:
    """Micros from a whole number of hundredths of a cent: transfers between shards."""
    return _scaled(value, _CENTI_CENT)


def ppm(value: object) -> int | None:
    """Parts per million from a ratio such as a fee multiplier: 1, 0.5; with at most six decimals, never negative."""
    if type(value) is int:
        return value * MICRO if 0 <= value <= VALUE_MAX // MICRO else None
    return _fixed(_RATIO, str(value)) if type(value) in (str, NumberText) else None


def seconds(value: object) -> int | None:
    """Nanoseconds from whole Unix seconds."""
    return _time(value, SECOND)


def milliseconds(value: object) -> int | None:
    """Nanoseconds from whole Unix milliseconds."""
    return _time(value, _MILLISECOND)


def rfc3339(value: object) -> int | None:
    """Nanoseconds from UTC text ending in Z, with a fraction of any length up to nine digits or none."""
    match = _RFC3339.fullmatch(value) if type(value) is str else None
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    try:
        # A calendar is needed, a clock is not: the epoch is subtracted in whole days and seconds.
        passed = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
    except ValueError:
        return None
    ts = (passed.days * 86_400 + passed.seconds) * SECOND + int((match[7] or "").ljust(9, "0"))
    return ts if is_time(ts) else None


def price_text(micros: int) -> str | None:
    """A YES price as a request writes it, four decimals; None unless it lies strictly between nothing and a dollar."""
    if not 0 < micros < MICRO or micros % _PRICE_STEP:
        return None
    return f"0.{micros // _PRICE_STEP:04d}"


def count_text(micros: int) -> str | None:
    """Contracts as a request writes them, two decimals; None for nothing, too much, or less than a hundredth over."""
    if not 0 < micros <= VALUE_MAX or micros % _COUNT_STEP:
        return None
    whole, rest = divmod(micros // _COUNT_STEP, 100)
    return f"{whole}.{rest:02d}"


def _fixed(form: re.Pattern[str], value: object) -> int | None:
    match = form.fullmatch(value) if type(value) is str else None
    if match is None:
        return None
    micros = int(match[2]) * MICRO + int((match[3] or "").ljust(6, "0"))
    if micros > VALUE_MAX:
        return None
    return -micros if match[1] else micros


def _unsigned(form: re.Pattern[str], value: object) -> int | None:
    # The text, not the sum, decides: "-0.00" has a sign where none may stand.
    return None if type(value) is str and value.startswith("-") else _fixed(form, value)


def _scaled(value: object, unit: int) -> int | None:
    return value * unit if type(value) is int and abs(value) <= VALUE_MAX // unit else None


def _time(value: object, unit: int) -> int | None:
    # A bool is an int to Python, and no time to us.
    return value * unit if type(value) is int and is_time(value * unit) else None
