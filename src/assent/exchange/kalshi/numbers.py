"""The wire's way of writing numbers and times: fixed-point strings out, strictly read strings in.

Everything inside is micros and nanoseconds; a number leaves with the decimals that the venue writes today and comes in
with no more than it takes. Nothing here rounds in silence: the one division that cuts is named for it.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from assent.exchange.types import MICRO, QTY_STEP, SECOND

MICROS_PER_CENT = 10_000
MILLISECOND = 1_000_000
PRICE_UNIT = 100
PRICE_DECIMALS = 4
_DECIMAL = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,18}))?")


class Unreadable(NamedTuple):
    """Why a string is not the number that was asked for. `decimals` is set if it only has too many of them."""

    text: str
    decimals: int | None


def price(micros: int) -> str:
    """Dollars with four decimals: `0.5200`."""
    return _fixed(micros, PRICE_UNIT, 4)


def cost(micros: int) -> str:
    """Dollars with six decimals, as fees and costs are written: `0.017500`."""
    return _fixed(micros, 1, 6)


def count(qty: int) -> str:
    """Contracts with two decimals: `12.50`."""
    return _fixed(qty, QTY_STEP, 2)


def cents(micros: int) -> int:
    """Whole cents, what is below a cent cut off: the venue truncates here, towards zero."""
    return micros // MICROS_PER_CENT if micros >= 0 else -(-micros // MICROS_PER_CENT)


def instant(ts: int) -> str:
    """RFC 3339 in UTC with microseconds, trailing zeros of the fraction dropped as the venue does."""
    seconds, rest = divmod(ts, SECOND)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{rest // 1_000:06d}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def milliseconds(ts: int) -> int:
    return ts // MILLISECOND


def read_price(text: str) -> int | Unreadable:
    """A price in micros; whether it stands on a grid is the market's question."""
    return _read(text, PRICE_DECIMALS)


def read_count(text: str) -> int | Unreadable:
    """Contracts in micros; at most two decimals."""
    return _read(text, 2)


def _fixed(micros: int, unit: int, decimals: int) -> str:
    if micros % unit:
        raise ValueError(f"{micros} micros cannot be written with {decimals} decimals")
    sign = "-" if micros < 0 else ""
    whole, rest = divmod(abs(micros), MICRO)
    return f"{sign}{whole}.{rest // unit:0{decimals}d}"


def _read(text: str, decimals: int) -> int | Unreadable:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return Unreadable(text, None)
    whole, fraction = found[1], found[2] or ""
    if len(fraction) > decimals:
        return Unreadable(text, len(fraction))
    return int(whole) * MICRO + int(fraction.ljust(6, "0"))
