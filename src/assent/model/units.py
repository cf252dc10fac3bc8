"""Integers at scale 10^-6 ("micros") for every price, quantity and amount of money, with directed rounding.

For a one-dollar binary contract a price in micros is also its probability in parts per million. Costs, fees and worst
cases round up, proceeds round down: rounding must never favour us. `Decimal` appears only where text comes in or goes
out; a float never does.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from assent.model.errors import AssentError

MICRO = 1_000_000
MICRO_SQUARED = MICRO * MICRO
# Beyond this a JSON reader that uses doubles would lose digits; nothing honest on our venues comes near it.
VALUE_MAX = 9_000_000_000_000_000
VALUE_DIGITS_MAX = 10
# The year 2200, in nanoseconds: no time on our ledgers comes near it.
TIME_END = 7_258_118_400_000_000_000
_ONE_MICRO = Decimal("0.000001")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# The units in which a duration is written, the smallest first.
UNITS: Final[Mapping[str, int]] = {"ms": SECOND // 1_000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def mul_up(a: int, b: int) -> int:
    """a x b for two micros, rounded towards plus infinity: for costs and worst cases."""
    return -(-a * b // MICRO)


def mul_down(a: int, b: int) -> int:
    """a x b for two micros, rounded towards minus infinity: for proceeds."""
    return a * b // MICRO


def share_up(part: int, whole: int, of: int) -> int:
    """of x part / whole, rounded up."""
    return -(-of * part // whole)


def share_down(part: int, whole: int, of: int) -> int:
    """of x part / whole, rounded down."""
    return of * part // whole


def up_to_step(value: int, step: int) -> int:
    """The smallest multiple of `step` that is not below `value`."""
    return -(-value // step) * step


def down_to_step(value: int, step: int) -> int:
    """The largest multiple of `step` that is not above `value`."""
    return value // step * step


def is_value(value: object) -> bool:
    """A whole number within our bounds. A bool is not a number here, and neither is 1.0."""
    return type(value) is int and -VALUE_MAX <= value <= VALUE_MAX


def is_time(value: object) -> bool:
    """Whole nanoseconds between 1970 and 2200."""
    return type(value) is int and 0 <= value < TIME_END


def parse_micros(text: str, what: str = "value") -> int:
    """Exact micros from decimal text such as "0.52"; anything that would need rounding is refused."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise AssentError(f"{what} is {text!r}, which is not a decimal number; write it like 0.52") from None
    if not number.is_finite():
        raise AssentError(f"{what} is {text!r}; only finite numbers are allowed")
    # By its size first: an exponent like 1e999999 must be refused, not computed.
    if number.adjusted() > VALUE_DIGITS_MAX:
        raise AssentError(f"{what} is {text[:40]!r}: larger than anything this software handles")
    kept = number.quantize(_ONE_MICRO) if number else Decimal(0)
    if kept != number:
        raise AssentError(f"{what} is {text[:40]!r}: more than six decimals cannot be held exactly")
    micros = int(kept * MICRO)
    if abs(micros) > VALUE_MAX:
        raise AssentError(f"{what} is {text[:40]!r}: larger than anything this software handles")
    return micros


def format_micros(value: int, decimals: int = 2) -> str:
    """Decimal text with at least `decimals` places and as many more as the value needs: nothing is rounded away."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), MICRO)
    digits = f"{rest:06d}".rstrip("0").ljust(decimals, "0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def format_money(value: int) -> str:
    """Dollars with sign and thousands: `-$1,234.50`."""
    text = format_micros(abs(value), 2)
    whole, _, rest = text.partition(".")
    return f"{'-' if value < 0 else ''}${int(whole):,}.{rest}"


def format_qty(value: int) -> str:
    """Contracts without needless zeros: `12`, `0.5`."""
    return format_micros(value, 0)


def format_percent(ppm: int) -> str:
    """Parts per million as a file says them: `12.5%`."""
    return format_micros(ppm * 100, 0) + "%"


def format_bps(bps: int) -> str:
    """Basis points as a file says them: `50bps`."""
    return f"{bps}bps"


def format_duration(ns: int) -> str:
    """The shortest exact form: `90s`, `10m`, `250ms`."""
    for unit, size in reversed(list(UNITS.items())):
        if ns and ns % size == 0:
            return f"{ns // size}{unit}"
    return f"{ns // UNITS['ms']}ms"
