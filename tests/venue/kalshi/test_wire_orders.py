"""What the venue says of our orders: only in the second API's shapes, and only when its fields agree."""

from typing import Any

import pytest
from tests.venue.kalshi import answers
from tests.venue.kalshi.answers import body

from assent.model.orders import Fill
from assent.model.units import MICRO
from assent.venue.kalshi import numbers, wire_orders
from assent.venue.kalshi.wire import Page, Rejection, VenueError
from assent.venue.kalshi.wire_orders import Cancelled, ListedFill, ListedOrder, Placed


def listed_order(**fields: object) -> ListedOrder | Rejection:
    return wire_orders.order(body({"order": answers.ORDER_ROW | fields}))


def listed_fill(**fields: object) -> ListedFill | Rejection:
    read = wire_orders.fill_page(body({"fills": [answers.FILL_ROW | fields]}))
    assert isinstance(read, Page)
    return read.rows[0] if read.rows else read.rejected[0]


def why(read: object) -> tuple[str, str]:
    assert isinstance(read, Rejection), read
    return read.code, read.path


def test_an_order_that_was_taken_says_what_was_filled_and_what_rests() -> None:
    read = wire_orders.placed(body(answers.PLACED))
    assert isinstance(read, Placed)
    assert (read.filled, read.remaining, read.average_price) == (2 * MICRO, 10_500_000, 610_000)
    assert read.ts == numbers.milliseconds(1_790_000_000_456)


def test_the_averages_are_absent_when_nothing_was_filled() -> None:
    unfilled = {k: v for k, v in answers.PLACED.items() if not k.startswith("average")} | {"fill_count": "0.00"}
    read = wire_orders.placed(body(unfilled))
    assert isinstance(read, Placed)
    assert read.average_price is None
    assert read.average_fee is None


@pytest.mark.parametrize("field", ["order_id", "fill_count", "remaining_count", "ts_ms"])
def test_an_answer_to_a_create_without_one_of_its_fields_is_not_an_acceptance(field: str) -> None:
    assert why(wire_orders.placed(body(answers.without(answers.PLACED, field)))) == ("missing_field", field)


def test_a_price_only_amend_leaves_the_sizes_out() -> None:
    read = wire_orders.amended(body(answers.AMENDED))
    assert isinstance(read, wire_orders.Amended)
    assert (read.filled, read.remaining) == (None, None)
    sized = wire_orders.amended(body(answers.AMENDED | {"remaining_count": "3.00", "fill_count": "1.00"}))
    assert isinstance(sized, wire_orders.Amended)
    assert (sized.filled, sized.remaining) == (MICRO, 3 * MICRO)


def test_a_cancel_says_how_much_rested_and_a_decrease_how_much_still_does() -> None:
    cancelled, decreased = (
        wire_orders.cancelled(body(answers.CANCELLED)),
        wire_orders.decreased(body(answers.DECREASED)),
    )
    assert isinstance(cancelled, Cancelled)
    assert cancelled.reduced_by == 10_500_000
    assert isinstance(decreased, wire_orders.Decreased)
    assert decreased.remaining == 4 * MICRO


def test_each_item_of_a_batch_has_its_own_outcome_in_its_own_place() -> None:
    outcomes = wire_orders.placed_batch(body(answers.PLACED_BATCH))
    assert isinstance(outcomes, tuple)
    assert isinstance(outcomes[0], Placed)
    assert outcomes[1] == VenueError("insufficient_balance", "insufficient balance", "")
    cancels = wire_orders.cancelled_batch(body(answers.CANCELLED_BATCH))
    assert isinstance(cancels, tuple)
    assert isinstance(cancels[0], Cancelled)
    assert cancels[1] == VenueError("not_found", "", "")


def test_an_item_that_cannot_be_read_keeps_its_place_in_the_batch() -> None:
    torn = {"orders": [{"order_id": "x", "error": None}, answers.PLACED, None, {"order_id": "y", "error": "?"}]}
    outcomes = wire_orders.placed_batch(body(torn))
    assert isinstance(outcomes, tuple)
    assert why(outcomes[0]) == ("missing_field", "orders[0].fill_count")
    assert isinstance(outcomes[1], Placed)
    assert why(outcomes[2]) == ("wrong_type", "orders[2]")
    assert outcomes[3] == VenueError("?", "?", "")


def test_an_order_is_read_by_its_book_side_and_not_by_the_words_of_the_first_api() -> None:
    read = listed_order()
    assert isinstance(read, ListedOrder)
    assert (read.side, read.price) == ("sell", 610_000)
    assert listed_order(side="no", action="buy") == read
    assert (read.initial, read.filled, read.remaining) == (12_500_000, 2 * MICRO, 10_500_000)
    assert (read.cost, read.fees) == (780_000, 33_400)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"outcome_side": "yes"}, "contradiction"),
        ({"no_price_dollars": "0.6100"}, "contradiction"),
        ({"status": "executed"}, "contradiction"),
        ({"remaining_count_fp": "0.00"}, "contradiction"),
        ({"status": "pending"}, "unknown_word"),
        ({"book_side": "yes"}, "unknown_word"),
        ({"book_side": None}, "missing_field"),
        ({"taker_fees_dollars": 0.0334}, "bad_money"),
        ({"taker_fees_dollars": "8000000000.00", "maker_fees_dollars": "8000000000.00"}, "bad_money"),
        ({"ticker": "../orders"}, "bad_name"),
    ],
)
def test_an_order_that_contradicts_itself_or_speaks_in_unknown_words_is_kept_out(
    fields: dict[str, object], code: str
) -> None:
    assert why(listed_order(**fields))[0] == code


def test_an_order_that_another_program_sent_is_read_whatever_it_called_it() -> None:
    read = listed_order(client_order_id="my bot\x1b[2J " + "x" * 300, order_group_id="")
    assert isinstance(read, ListedOrder)
    assert read.client_order_id.isprintable()
    assert len(read.client_order_id) <= 120
    unnamed = listed_order(client_order_id="")
    assert isinstance(unnamed, ListedOrder)
    assert unnamed.client_order_id == ""


def test_times_on_which_nothing_hangs_may_be_unreadable() -> None:
    read = listed_order(created_time="0001-01-01T00:00:00Z", last_update_time=7)
    assert isinstance(read, ListedOrder)
    assert (read.created_ts, read.updated_ts) == (None, None)


def test_a_fill_becomes_ours_once_its_order_is_known() -> None:
    read = listed_fill()
    assert isinstance(read, ListedFill)
    made = wire_orders.fill(read, "our-order")
    assert made == Fill(
        fill_id="2f6f0c1e-7d1b-4f4e-9a53-0a5c9c3a1f10",
        order_id="our-order",
        instrument="KXRAIN-26NOV20-T1.5",
        side="sell",
        price=610_000,
        qty=2 * MICRO,
        fee=33_400,
        taker=True,
        venue_ts=read.ts,
    )


def test_a_fill_without_a_readable_creation_time_takes_its_seconds() -> None:
    read = listed_fill(created_time=None)
    assert isinstance(read, ListedFill)
    assert read.ts == numbers.seconds(1_795_168_800)
    assert why(listed_fill(created_time=None, ts=None)) == ("missing_field", "fills[0].ts")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"trade_id": "another"}, "contradiction"),
        ({"market_ticker": "KXOTHER"}, "contradiction"),
        ({"outcome_side": "yes"}, "contradiction"),
        ({"no_price_dollars": "0.4000"}, "contradiction"),
        ({"yes_price_dollars": "1.0000", "no_price_dollars": "0.0000"}, "contradiction"),
        ({"count_fp": "0.00"}, "contradiction"),
        ({"count_fp": "-2.00"}, "bad_qty"),
        ({"count_fp": 2}, "bad_qty"),
        ({"fee_cost": "-0.033400"}, "bad_money"),
        ({"fee_cost": None}, "missing_field"),
        ({"is_taker": "true"}, "bad_flag"),
    ],
)
def test_a_fill_that_cannot_be_true_is_kept_out(fields: dict[str, object], code: str) -> None:
    assert why(listed_fill(**fields))[0] == code


V1_ORDER: dict[str, Any] = {
    "order_id": "o", "ticker": "KXRAIN", "side": "yes", "action": "buy", "status": "resting", "type": "limit",
    "yes_price": 30, "no_price": 70, "yes_price_dollars": "0.3000", "no_price_dollars": "0.7000",
    "initial_count": 2, "fill_count": 0, "remaining_count": 2,
}  # fmt: skip


def test_the_first_apis_orders_and_fills_are_refused_as_legacy() -> None:
    assert why(wire_orders.order(body({"order": V1_ORDER}))) == ("legacy_shape", "order.initial_count")
    assert why(wire_orders.placed(body({"order": V1_ORDER}))) == ("legacy_shape", "order")
    assert why(wire_orders.cancelled(body({"order": V1_ORDER, "reduced_by": 2})))[0] == "legacy_shape"
    batch = wire_orders.cancelled_batch(body({"orders": [{"order": V1_ORDER, "order_id": "", "error": None}]}))
    assert isinstance(batch, tuple)
    assert why(batch[0]) == ("legacy_shape", "orders[0].order")
    old_fill = {"fill_id": "f", "order_id": "o", "ticker": "KXRAIN", "count": 2, "price": 0.3, "yes_price": 30}
    fills = wire_orders.fill_page(body({"fills": [old_fill]}))
    assert isinstance(fills, Page)
    assert why(fills.rejected[0]) == ("legacy_shape", "fills[0].count")
