"""Announced changes of fees: read whole, or not at all."""

import pytest
from tests.venue.kalshi.answers import body, changed

from assent.model.units import SECOND
from assent.venue.kalshi import wire_fees
from assent.venue.kalshi.fees import FeeChange
from assent.venue.kalshi.wire import Rejection

SERIES = {
    "series_fee_change_arr": [
        {
            "id": "1", "series_ticker": "KXRAIN", "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 0.5,
            "scheduled_ts": "2026-09-21T14:13:20Z",
        }
    ]
}  # fmt: skip
EVENTS = {
    "event_fee_changes": [
        {
            "id": "2", "event_ticker": "KXRAIN-1", "series_ticker": "KXRAIN", "fee_type_override": None,
            "fee_multiplier_override": None, "scheduled_ts": "2026-09-21T14:13:20Z",
        }
    ],
    "cursor": "",
}  # fmt: skip
AT = 1_790_000_000 * SECOND


def test_a_series_and_an_event_change_are_read() -> None:
    assert wire_fees.series_changes(body(SERIES)) == (
        FeeChange("series", "KXRAIN", AT, "quadratic_with_maker_fees", 500_000),
    )
    page = wire_fees.event_change_page(body(EVENTS))
    assert not isinstance(page, Rejection)
    assert page.rows == (FeeChange("event", "KXRAIN-1", AT, None, None),)


@pytest.mark.parametrize("field", ["series_ticker", "fee_type", "fee_multiplier", "scheduled_ts"])
def test_one_row_that_cannot_be_read_spoils_the_list(field: str) -> None:
    assert isinstance(
        wire_fees.series_changes(body(changed(SERIES, "series_fee_change_arr", 0, field, to=[]))), Rejection
    )


def test_an_empty_list_announces_nothing() -> None:
    assert wire_fees.series_changes(body({"series_fee_change_arr": None})) == ()
