"""The ground under all readers: decoding, cursors, the four shapes of an error; and nothing that was sent can hurt."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.venue.kalshi import answers
from tests.venue.kalshi.answers import body

from assent.model.reasons import REASONS
from assent.model.units import is_time, is_value
from assent.venue.kalshi import wire, wire_account, wire_markets, wire_orders
from assent.venue.kalshi.wire import Page, Rejection, VenueError

Reader = Callable[[bytes], Any]

READERS: list[tuple[Reader, dict[str, Any]]] = [
    (wire_markets.series, answers.SERIES),
    (wire_markets.series_page, answers.SERIES_PAGE),
    (wire_markets.event, answers.EVENT),
    (wire_markets.event_page, answers.EVENT_PAGE),
    (wire_markets.market, answers.MARKET),
    (wire_markets.market_page, answers.MARKET_PAGE),
    (wire_markets.orderbook, answers.BOOK),
    (wire_markets.orderbook_page, answers.BOOK_PAGE),
    (wire_markets.trade_page, answers.TRADE_PAGE),
    (wire_markets.exchange_status, answers.STATUS),
    (wire_orders.placed, answers.PLACED),
    (wire_orders.amended, answers.AMENDED),
    (wire_orders.decreased, answers.DECREASED),
    (wire_orders.cancelled, answers.CANCELLED),
    (wire_orders.placed_batch, answers.PLACED_BATCH),
    (wire_orders.cancelled_batch, answers.CANCELLED_BATCH),
    (wire_orders.order, answers.ORDER),
    (wire_orders.order_page, answers.ORDER_PAGE),
    (wire_orders.fill_page, answers.FILL_PAGE),
    (wire_account.position_page, answers.POSITION_PAGE),
    (wire_account.settlement_page, answers.SETTLEMENT_PAGE),
    (wire_account.balance, answers.BALANCE),
    (wire_account.read_model_ts, answers.AS_OF),
]
each_reader = pytest.mark.parametrize(("reader", "example"), READERS, ids=[pair[0].__name__ for pair in READERS])

HOSTILE_NUMBERS = (None, True, False, 0, -1, 1, 10**18, -(10**18), 10**30, 0.5)
HOSTILE_TEXTS = (
    *("", "0.5200", "-0.5200", "1.0000", "1.0001", "NaN", "1e3", "9999999999.99", "-9999999999.99", "99999999999.00"),
    *(
        "8999999999.000000",
        "yes",
        "ask",
        "finalized",
        "2026-02-30T00:00:00Z",
        "\x1b[2J\n",
        "\u0661.\u0660\u0660",
        "a" * 500,
    ),
)
HOSTILE_SHAPES = ([], {}, [[]], [["0.5", "1"]], {"code": 1}, {"order": {}}, [None])
HOSTILE = st.sampled_from([*HOSTILE_NUMBERS, *HOSTILE_TEXTS, *HOSTILE_SHAPES])


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything within."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield (*path, key)
        yield from places(item, (*path, key))


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def check_is_harmless(read: object) -> None:
    for leaf in leaves(msgspec.to_builtins(read)):
        if isinstance(leaf, str):
            assert leaf.isascii()
            assert leaf.isprintable()
            assert len(leaf) <= wire.CURSOR_MAX
        else:
            assert leaf is None or type(leaf) is bool or is_value(leaf) or is_time(leaf)


def rejections(read: object) -> list[Rejection]:
    if isinstance(read, Rejection):
        return [read]
    if isinstance(read, Page):
        return [*read.rejected, *(found for row in read.rows for found in rejections(row))]
    if isinstance(read, tuple):
        return [item for item in read if isinstance(item, Rejection)]
    return rejections(read.markets) if isinstance(read, wire_markets.EventAnswer) else []


@each_reader
def test_a_sound_answer_is_read_whole(reader: Reader, example: dict[str, Any]) -> None:
    read = reader(body(example))
    assert rejections(read) == []
    check_is_harmless(read)


@each_reader
def test_a_field_that_we_do_not_know_is_passed_over(reader: Reader, example: dict[str, Any]) -> None:
    assert reader(body(example | {"new_since_thursday": {"a": [1.5]}})) == reader(body(example))


@each_reader
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_answer_never_raises_and_never_yields_a_value_out_of_range(
    reader: Reader, example: dict[str, Any], data: st.DataObject
) -> None:
    made = example
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(places(made), key=repr) or [("a",)]))
        if path != ("a",):
            drop = data.draw(st.booleans())
            made = answers.without(made, *path) if drop else answers.changed(made, *path, to=data.draw(HOSTILE))
    read = reader(body(made))
    check_is_harmless(read)
    assert all(REASONS[rejection.code].family == "venue" for rejection in rejections(read))


@each_reader
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_damaged_bytes_never_raise(reader: Reader, example: dict[str, Any], data: st.DataObject) -> None:
    whole = body(example)
    place = data.draw(st.integers(0, len(whole) - 1))
    cut = whole[:place] + data.draw(st.binary(max_size=4)) + whole[place + data.draw(st.integers(0, 5)) :]
    check_is_harmless(reader(cut))


@each_reader
@pytest.mark.parametrize(
    "sent", [b"", b"null", b"[]", b"1", b'"text"', b"<html>", b"\xff", b"[" * 100_000, b"1" * 5_000]
)
def test_an_answer_of_quite_another_kind_is_rejected(reader: Reader, example: dict[str, Any], sent: bytes) -> None:
    read = reader(sent)
    assert isinstance(read, Rejection)
    assert read.code in {"answer_not_json", "wrong_type"}


@pytest.mark.parametrize("sent", [b'{"a":1,"a":2}', b'{"b":[{"a":1,"\\u0061":2}]}', b'{"a":"x:y","c":{"d":":","d":1}}'])
def test_a_key_that_stands_twice_is_rejected(sent: bytes) -> None:
    decoded = wire.decode(sent)
    assert isinstance(decoded, Rejection)
    assert decoded.code == "duplicate_key"


def test_colons_and_quotes_within_text_are_no_keys() -> None:
    value = {"a:b": 'x":"y', "c\\": ':\\"', "d": [{"a": {}}, {"a": ":"}]}
    assert wire.decode(body(value)) == value


def test_an_answer_beyond_all_measure_is_not_even_decoded() -> None:
    decoded = wire.decode(b" " * (wire.BODY_MAX + 1))
    assert isinstance(decoded, Rejection)
    assert decoded.code == "answer_too_large"


def test_a_fraction_stays_the_text_that_was_written() -> None:
    assert wire.decode(b"[0.10, 1e5, 7]") == ["0.10", "1e5", 7]


@pytest.mark.parametrize("last", [{"cursor": ""}, {"cursor": None}, {}])
def test_an_empty_a_null_and_an_absent_cursor_all_end_the_list(last: dict[str, Any]) -> None:
    read = wire_orders.fill_page(body({"fills": []} | last))
    assert read == Page((), (), "")


@pytest.mark.parametrize("cursor", ["a b", "x\n", "a" * 5_000, 7, "a&b=c"])
def test_a_cursor_that_the_venue_never_makes_rejects_the_page(cursor: object) -> None:
    read = wire_orders.fill_page(body({"fills": [], "cursor": cursor}))
    assert isinstance(read, Rejection)
    assert read.code == "bad_cursor"


def test_a_page_without_its_list_is_not_an_empty_page() -> None:
    read = wire_orders.order_page(b"{}")
    assert read == Rejection("missing_field", "orders", "None")


def test_one_row_that_cannot_be_read_does_not_hide_the_others() -> None:
    bad = answers.FILL_ROW | {"fee_cost": -1}
    read = wire_orders.fill_page(body({"fills": [answers.FILL_ROW, bad]}))
    assert isinstance(read, Page)
    assert len(read.rows) == 1
    assert read.rejected == (Rejection("bad_money", "fills[1].fee_cost", "-1"),)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (
            {"error": {"code": "invalid_order", "message": "invalid order", "details": "post only cross"}},
            VenueError("invalid_order", "invalid order", "post only cross"),
        ),
        (
            {"error": {"code": "order_already_exists", "message": "order already exists", "service": "exchange"}},
            VenueError("order_already_exists", "order already exists", ""),
        ),
        (
            {"code": "bad_request", "message": "bad request", "details": "cannot unmarshal number"},
            VenueError("bad_request", "bad request", "cannot unmarshal number"),
        ),
        ({"msg": "Parameter validation failed"}, VenueError("parameter_validation", "Parameter validation failed", "")),
        ({"error": "too many requests"}, VenueError("too_many_requests", "too many requests", "")),
        ({"code": "MARKET_INACTIVE", "message": None}, VenueError("market_inactive", "", "")),
    ],
)
def test_each_of_the_four_error_shapes_becomes_one_value(sent: dict[str, Any], known: VenueError) -> None:
    assert wire.error(body(sent)) == known


@pytest.mark.parametrize("sent", [b"", b"<html>502</html>", b"{}", b"[]", b'{"error":null}', b'{"error":{"code":""}}'])
def test_a_no_that_cannot_be_read_is_still_a_no(sent: bytes) -> None:
    assert wire.error(sent).code == "unreadable"


@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "message", "details", "msg"]), inner)
        ),
    ).map(body)
)
def test_no_error_body_raises_or_carries_anything_harmful(sent: bytes) -> None:
    check_is_harmless(wire.error(sent))


def test_what_no_one_can_read_is_shown_so_that_a_person_can() -> None:
    assert wire.error(b"<html>\x00\xff\\Bad Gateway</html>").details == "<html>...Bad Gateway</html>"
    assert wire.error(b"").details == "nothing"
