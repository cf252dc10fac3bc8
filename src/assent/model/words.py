"""Numbers, times and foreign text as a person reads them, always inert in a terminal and on a page.

Amounts arrive as micros, durations and times as nanoseconds. `plain` is the one way for text from a ledger, a venue
or a file to the screen: control characters, escapes and look-alikes become visible.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from assent.model.levels import Level
from assent.model.units import DAY, HOUR, MINUTE, SECOND, format_micros, format_money, format_qty

NOTHING: Final = "-"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS: Final = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (SECOND // 1_000, "ms"), (1_000, "us"))


def plain(text: object) -> str:
    """Printable ASCII and line ends; everything else is shown as an escape."""
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(
        char if char == "\n" or (char.isascii() and char.isprintable()) else char.encode("unicode_escape").decode()
        for char in shown
    )


def line(text: object) -> str:
    """Like `plain`, on one line."""
    return plain(text).replace("\n", "\\n")


def clipped(text: str, width: int) -> str:
    """At most `width` characters, with a sign that there was more."""
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."


def when(ts: int | None) -> str:
    """A time to the millisecond, in UTC. Exact nanoseconds are in the JSON."""
    if ts is None:
        return NOTHING
    seconds, rest = divmod(ts, SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}"


def span(ns: int) -> str:
    """A duration in the unit that fits it, rounded to a tenth: `250 ms`, `1.5 s`, `2.0 h`."""
    sign, size = ("-" if ns < 0 else ""), abs(ns)
    for step, unit in _STEPS:
        if size >= step:
            tenths = (size * 10 + step // 2) // step
            return f"{sign}{tenths // 10}.{tenths % 10} {unit}" if tenths % 10 else f"{sign}{tenths // 10} {unit}"
    return f"{sign}{size} ns"


def share(ppm: int) -> str:
    """Parts per million as percent, exact."""
    return f"{format_micros(ppm * 100, 0)} %"


def money(micros: int | None) -> str:
    return NOTHING if micros is None else format_money(micros)


def cents(micros: int) -> str:
    """An amount to the cent for a column of many, rounded half up. Exact micros are in the JSON."""
    size = (abs(micros) + 5_000) // 10_000
    return f"{'-' if micros < 0 and size else ''}{size // 100}.{size % 100:02d}"


def price(micros: int | None) -> str:
    return NOTHING if micros is None else format_micros(micros)


_UNITS: Final[Mapping[str, Callable[[int], str]]] = {
    "money": format_money,
    "price": format_micros,
    "qty": format_qty,
    "count": str,
    "ppm": share,
    "duration": span,
    "flag": str,
    "level": lambda value: Level(value).name if value in set(Level) else str(value),
}


def in_unit(unit: str, value: int | None) -> str:
    """A measured value or a limit in the unit of its rule."""
    return NOTHING if value is None else _UNITS[unit](value)
