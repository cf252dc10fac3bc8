"""The venue's own books about us."""

import pytest
from tests.venue.kalshi import answers
from tests.venue.kalshi.answers import body

from assent.model.units import MICRO
from assent.venue.kalshi import numbers, wire_account
from assent.venue.kalshi.wire import Page, Rejection
from assent.venue.kalshi.wire_account import Balance, Position, Settlement, ShardBalance


def position(**fields: object) -> Position | Rejection:
    read = wire_account.position_page(body({"market_positions": [answers.POSITION_ROW | fields]}))
    assert isinstance(read, Page)
    return read.rows[0] if read.rows else read.rejected[0]


def settlement(**fields: object) -> Settlement | Rejection:
    read = wire_account.settlement_page(body({"settlements": [answers.SETTLEMENT_ROW | fields]}))
    assert isinstance(read, Page)
    return read.rows[0] if read.rows else read.rejected[0]


def code_of(read: object) -> str:
    assert isinstance(read, Rejection), read
    return read.code


def test_no_contracts_are_a_position_below_nothing() -> None:
    read = position()
    assert isinstance(read, Position)
    assert (read.qty, read.realized, read.fees) == (-2 * MICRO, -100_000, 33_400)


def test_a_position_of_the_first_api_is_refused_as_such() -> None:
    assert code_of(position(position_fp=None, position=-2)) == "legacy_shape"


@pytest.mark.parametrize("qty", ["2", "+2.00", "2.001", -2, None, "2e0"])
def test_a_position_that_cannot_be_read_is_never_taken_for_none(qty: object) -> None:
    read = position(position_fp=qty)
    if qty == "2":
        assert isinstance(read, Position)
        assert read.qty == 2 * MICRO
    else:
        assert code_of(read) in {"bad_qty", "missing_field"}


@pytest.mark.parametrize(
    ("result", "cents", "value"),
    [
        ("yes", 100, MICRO),
        ("yes", None, MICRO),
        ("no", 0, 0),
        ("no", None, 0),
        ("scalar", 37, 370_000),
        ("scalar", None, None),
    ],
)
def test_a_settlement_says_what_one_yes_was_worth(result: str, cents: object, value: object) -> None:
    read = settlement(market_result=result, value=cents)
    assert isinstance(read, Settlement)
    assert (read.result, read.value, read.revenue) == (result, value, 2 * MICRO)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"market_result": "void"}, "unknown_word"),
        ({"market_result": "yes", "value": 0}, "contradiction"),
        ({"market_result": "scalar", "value": 101}, "contradiction"),
        ({"market_result": "scalar", "value": -1}, "contradiction"),
        ({"revenue": 2.5}, "bad_cents"),
        ({"revenue": "200"}, "bad_cents"),
        ({"settled_time": "yesterday"}, "bad_time"),
        ({"yes_count_fp": None, "yes_count": 37}, "legacy_shape"),
    ],
)
def test_a_settlement_that_cannot_be_true_is_kept_out(fields: dict[str, object], code: str) -> None:
    assert code_of(settlement(**fields)) == code


def test_the_balance_is_the_exact_one_and_told_for_each_shard() -> None:
    read = wire_account.balance(body(answers.BALANCE))
    assert isinstance(read, Balance)
    assert (read.balance, read.positions_value) == (98_018_600, 1_980_000)
    assert read.shards == (ShardBalance(0, 98_018_600),)


def test_a_balance_below_nothing_is_cut_towards_nothing() -> None:
    read = wire_account.balance(body(answers.BALANCE | {"balance": -1, "balance_dollars": "-0.0186"}))
    assert isinstance(read, Balance)
    assert read.balance == -18_600


@pytest.mark.parametrize("cents", [9_800, 9_803, 98, 980_186])
def test_cents_and_dollars_that_differ_by_a_cent_or_more_contradict_each_other(cents: int) -> None:
    assert code_of(wire_account.balance(body(answers.BALANCE | {"balance": cents}))) == "contradiction"


def test_a_difference_of_exactly_one_cent_is_no_rounding() -> None:
    told = answers.BALANCE | {"balance": 9_801, "balance_dollars": "98.0200"}
    assert code_of(wire_account.balance(body(told))) == "contradiction"


def test_a_balance_without_its_exact_amount_is_not_guessed_from_cents() -> None:
    assert code_of(wire_account.balance(body(answers.without(answers.BALANCE, "balance_dollars")))) == "missing_field"


def test_the_read_model_says_how_old_it_is() -> None:
    assert wire_account.read_model_ts(body(answers.AS_OF)) == numbers.rfc3339("2026-01-15T14:02:18.848643Z")
    assert code_of(wire_account.read_model_ts(b"{}")) == "missing_field"
