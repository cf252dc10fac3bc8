"""Where in a ledger to begin and to end: at a record's number, or at a time, UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from assent.model.units import DAY, SECOND

if TYPE_CHECKING:
    from assent.ledger.sqlite import SqliteReader

DIGITS_MAX: Final = 18
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?Z?", re.ASCII)


class Place(NamedTuple):
    """A record's number, or the first and the last nanosecond of what a time names."""

    seq: int | None
    begins: int = 0
    ends: int = 0


class Bound(click.ParamType[Place]):
    """A number of a record, a date, or a date and a time."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, Place):
            return value
        text = str(value).strip()
        if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and int(text) > 0:
            return Place(int(text))
        moment = _moment(text) if _TIME.fullmatch(text) else None
        if moment is None:
            self.fail(f"{value!r} is no record's number and no time such as 2026-01-05 or 2026-01-05T14:30", param, ctx)
        begins = (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
        return Place(None, begins, begins + (DAY if len(text.rstrip("Z")) == len("2026-01-05") else SECOND) - 1)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.rstrip("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None


def places_of(reader: "SqliteReader", begin: Place | None, end: Place | None) -> tuple[int, int | None]:
    """The numbers of the first and the last record between two places. Time never goes back in a ledger."""
    first = 1 if begin is None else begin.seq or _first_at(reader, begin.begins)
    last = None if end is None else end.seq or _first_at(reader, end.ends + 1) - 1
    return first, last


def _first_at(reader: "SqliteReader", ts: int) -> int:
    """The number of the first record that is not older; one beyond the end when all are."""
    low, high = 1, reader.head().seq + 1
    while low < high:
        middle = (low + high) // 2
        record = next(reader.records(middle, middle), None)
        low, high = (middle + 1, high) if record is not None and record.ts < ts else (low, middle)
    return low
