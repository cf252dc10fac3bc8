"""What Kalshi announces of its fees: changes of a series' words, and of those that an event has for itself.

A row that cannot be read is a change that we would not see coming, so a list of them is read whole or not at all.
"""

from collections.abc import Callable

from assent.venue.kalshi.fees import FeeChange
from assent.venue.kalshi.wire import NAME, RATIO, TEXT, TIME, Page, Rejection, Row, answer, page


def series_changes(body: bytes) -> tuple[FeeChange, ...] | Rejection:
    """The list has no pages."""
    return answer(body, lambda top: _each(top, "series_fee_change_arr", _series))


def event_change_page(body: bytes) -> Page[FeeChange] | Rejection:
    return page(body, "event_fee_changes", _event)


def _each(top: Row, key: str, build: Callable[[Row], FeeChange]) -> tuple[FeeChange, ...]:
    return tuple(build(Row(item, f"{key}[{place}]")) for place, item in enumerate(top.items(key)))


def _series(row: Row) -> FeeChange:
    return FeeChange(
        "series",
        row.need("series_ticker", NAME),
        row.need("scheduled_ts", TIME),
        row.need("fee_type", TEXT),
        row.need("fee_multiplier", RATIO),
    )


def _event(row: Row) -> FeeChange:
    """Null gives the event back to its series."""
    return FeeChange(
        "event",
        row.need("event_ticker", NAME),
        row.need("scheduled_ts", TIME),
        row.maybe("fee_type_override", TEXT),
        row.maybe("fee_multiplier_override", RATIO),
    )
