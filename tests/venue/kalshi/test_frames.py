"""Frames of the websocket: read exactly or kept out with a reason, and never an exception."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.reasons import REASONS
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi import messages
from assent.venue.kalshi.frames import FRAME_SIZE_MAX, decode

MS = SECOND // 1_000
SENT = 1_790_000_000_500

DELTA = {
    "market_ticker": "KXFED-26SEP-T4.25",
    "market_id": "m",
    "price_dollars": "0.960",
    "delta_fp": "-54.00",
    "side": "yes",
    "ts": "2026-09-21T14:13:20.1Z",
    "ts_ms": 1_790_000_000_100,
}
SNAPSHOT = {
    "market_ticker": "KXFED-26SEP-T4.25",
    "market_id": "m",
    "yes_dollars_fp": [["0.0800", "300.00"], ["0.2200", "333.50"]],
}
FILL = {
    "trade_id": "t-1",
    "order_id": "o-1",
    "client_order_id": "mine-1",
    "market_ticker": "KXFED-26SEP-T4.25",
    "exchange_index": 2,
    "is_taker": True,
    "side": "no",
    "action": "sell",
    "purchased_side": "no",
    "outcome_side": "no",
    "book_side": "ask",
    "yes_price_dollars": "0.7500",
    "count_fp": "2.78",
    "fee_cost": "0.017500",
    "post_position_fp": "-5.00",
    "ts": 1_790_000_000,
    "ts_ms": 1_790_000_000_100,
}
ORDER = {
    "order_id": "o-1",
    "user_id": "u",
    "ticker": "KXFED-26SEP-T4.25",
    "exchange_index": 1,
    "status": "resting",
    "outcome_side": "yes",
    "book_side": "bid",
    "yes_price_dollars": "0.3500",
    "initial_count_fp": "10.00",
    "fill_count_fp": "4.00",
    "remaining_count_fp": "6.00",
    "taker_fees_dollars": "0.0100",
    "maker_fees_dollars": "0.002500",
    "client_order_id": "mine-1",
    "created_ts_ms": 1_790_000_000_000,
    "last_update_reason": "",
}
POSITION = {
    "user_id": "u",
    "market_ticker": "KXFED-26SEP-T4.25",
    "position_fp": "-100.00",
    "position_cost_dollars": "50.0000",
    "realized_pnl_dollars": "-10.0000",
    "fees_paid_dollars": "1.0000",
    "position_fee_cost_dollars": "0.5000",
    "volume_fp": "15.00",
}
TICKER = {
    "market_ticker": "KXFED-26SEP-T4.25",
    "market_id": "m",
    "price_dollars": "0.4800",
    "yes_bid_dollars": "0.4500",
    "yes_ask_dollars": "1.0000",
    "yes_bid_size_fp": "300.00",
    "yes_ask_size_fp": "0.00",
    "ts_ms": 1_790_000_000_100,
}
TRADE = {
    "trade_id": "t-9",
    "market_ticker": "KXFED-26SEP-T4.25",
    "yes_price_dollars": "0.3600",
    "no_price_dollars": "0.6400",
    "count_fp": "136.00",
    "taker_outcome_side": "no",
    "taker_book_side": "ask",
    "is_block_trade": False,
    "ts_ms": 1_790_000_000_100,
}
DETERMINED = {
    "event_type": "determined",
    "market_ticker": "KXFED-26SEP-T4.25",
    "result": "scalar",
    "settlement_value": "0.3333",
    "determination_ts": 1_790_000_000,
}
GROUP = {"event_type": "limit_updated", "order_group_id": "g", "contracts_limit_fp": "150.00", "ts_ms": 1}


def body(kind: str, msg: object, **head: object) -> messages.Body:
    frame = {"type": kind, "sid": 3, "seq": 7, "sending_ts_ms": SENT, "msg": msg, **head}
    return decode(json.dumps(frame).encode()).body


def test_a_delta_is_read_in_micros_and_nanoseconds() -> None:
    raw = json.dumps({"type": "orderbook_delta", "sid": 3, "seq": 7, "sending_ts_ms": SENT, "msg": DELTA})
    delta = messages.Delta("KXFED-26SEP-T4.25", "yes", 960_000, -54 * MICRO, 1_790_000_000_100 * MS, "")
    assert decode(raw) == messages.Frame("orderbook_delta", 3, 7, 0, SENT * MS, delta)
    assert decode(raw.encode() + b"\n").body == delta


def test_a_side_that_a_snapshot_does_not_name_is_empty() -> None:
    assert body("orderbook_snapshot", SNAPSHOT) == messages.Snapshot(
        "KXFED-26SEP-T4.25", ((80_000, 300 * MICRO), (220_000, 333_500_000)), (), 0
    )


def test_what_is_ours_is_read_whole() -> None:
    at = 1_790_000_000_100 * MS
    assert body("fill", FILL) == messages.Fill(
        "t-1", "o-1", "mine-1", "KXFED-26SEP-T4.25", "ask", 750_000, 2_780_000, 17_500, True, -5 * MICRO, 2, 0, at
    )
    assert body("user_order", ORDER) == messages.OrderUpdate(
        order_id="o-1",
        client_order_id="mine-1",
        ticker="KXFED-26SEP-T4.25",
        status="resting",
        side="bid",
        price=350_000,
        initial=10 * MICRO,
        filled=4 * MICRO,
        remaining=6 * MICRO,
        fees=12_500,
        reason="",
        order_group_id="",
        exchange_index=1,
        subaccount=0,
        created_ts=1_790_000_000_000 * MS,
        updated_ts=0,
    )
    assert body("market_position", POSITION) == messages.Position(
        "KXFED-26SEP-T4.25", -100 * MICRO, 50 * MICRO, -10 * MICRO, MICRO, 0
    )
    assert body("order_group_updates", GROUP) == messages.GroupUpdate("limit_updated", "g", 150 * MICRO, MS)


def test_what_is_public_is_read_whole() -> None:
    at = 1_790_000_000_100 * MS
    assert body("ticker", TICKER) == messages.Ticker("KXFED-26SEP-T4.25", 480_000, 450_000, 300 * MICRO, MICRO, 0, at)
    assert body("trade", TRADE) == messages.Trade("t-9", "KXFED-26SEP-T4.25", 360_000, 136 * MICRO, "ask", False, at)
    event = {"event_ticker": "KXFED-26SEP", "series_ticker": "KXFED", "title": "Fed", "exchange_index": 0}
    assert body("event_lifecycle", event) == messages.EventListed("KXFED-26SEP", "KXFED", "Fed", 0)


def test_a_market_s_life_carries_its_result_and_its_grid() -> None:
    determined = body("market_lifecycle_v2", DETERMINED)
    assert isinstance(determined, messages.Lifecycle)
    assert (determined.result, determined.settlement_value) == ("scalar", 333_300)
    assert determined.determined_ts == 1_790_000_000 * SECOND
    bands = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
    grid = {"event_type": "price_level_structure_updated", "market_ticker": "A", "price_ranges": bands}
    changed = body("market_lifecycle_v2", grid)
    assert isinstance(changed, messages.Lifecycle)
    assert changed.bands == (messages.PriceBand(0, MICRO, 1_000),)


def test_answers_to_commands_are_told_apart() -> None:
    assert body("subscribed", {"channel": "fill", "sid": 4}) == messages.Subscribed("fill", 4)
    assert body("ok", {"market_tickers": ["A", "B"]}) == messages.Done(("A", "B"))
    assert body("ok", [{"channel": "fill", "sid": 4}]) == messages.Listed((messages.Subscribed("fill", 4),))
    assert body("error", {"code": 8, "msg": "Unknown channel name"}) == messages.CommandRefused(
        8, "Unknown channel name"
    )
    assert decode(b'{"type":"unsubscribed","id":4,"sid":1,"seq":40}').body == messages.Unsubscribed()
    assert decode(b'{"type":"ok","id":4}').body == messages.Done(())


def test_a_type_that_is_new_to_us_keeps_its_place_in_the_sequence() -> None:
    assert decode(b'{"type":"orderbook_parity","sid":1,"seq":4,"msg":[1]}') == messages.Frame(
        "orderbook_parity", 1, 4, 0, 0, messages.Unread()
    )


@pytest.mark.parametrize(
    ("kind", "good", "field", "bad"),
    [
        ("orderbook_delta", DELTA, "price_dollars", "1.0000"),
        ("orderbook_delta", DELTA, "price_dollars", "0.0000"),
        ("orderbook_delta", DELTA, "price_dollars", "-0.5000"),
        ("orderbook_delta", DELTA, "price_dollars", 0.96),
        ("orderbook_delta", DELTA, "price_dollars", "9.6e-1"),
        ("orderbook_delta", DELTA, "delta_fp", "1.005"),
        ("orderbook_delta", DELTA, "delta_fp", "99999999999.00"),
        ("orderbook_delta", DELTA, "side", "maybe"),
        ("orderbook_delta", DELTA, "ts_ms", -1),
        ("orderbook_snapshot", SNAPSHOT, "yes_dollars_fp", [["0.5000"]]),
        ("orderbook_snapshot", SNAPSHOT, "yes_dollars_fp", [["0.5000", "-1.00"]]),
        ("fill", FILL, "book_side", "bid"),
        ("fill", FILL, "order_id", "a/b?c"),
        ("fill", FILL, "trade_id", "\u0442-1"),
        ("fill", FILL, "market_ticker", "KX A"),
        ("user_order", ORDER, "order_id", "a\n"),
        ("user_order", ORDER, "ticker", ""),
        ("fill", FILL, "outcome_side", "scalar"),
        ("fill", FILL, "count_fp", ""),
        ("fill", FILL, "fee_cost", None),
        ("fill", FILL, "is_taker", "true"),
        ("user_order", ORDER, "status", "pending_cancel"),
        ("user_order", ORDER, "remaining_count_fp", "-6.00"),
        ("market_position", POSITION, "position_fp", "many"),
        ("market_lifecycle_v2", DETERMINED, "result", "void"),
        ("market_lifecycle_v2", DETERMINED, "settlement_value", "1.0001"),
        ("order_group_updates", GROUP, "event_type", "paused"),
        ("trade", TRADE, "taker_book_side", "bid"),
        ("ticker", TICKER, "yes_bid_dollars", "2.0000"),
    ],
)
def test_a_field_that_money_depends_on_is_refused_with_a_reason(
    kind: str, good: dict[str, object], field: str, bad: object
) -> None:
    assert not isinstance(body(kind, good), messages.Rejection)
    for broken in ({**good, field: bad}, {key: value for key, value in good.items() if key != field}):
        if field in {"ts_ms", "yes_dollars_fp", "result", "settlement_value"} and field not in broken:
            continue
        refused = body(kind, broken)
        assert isinstance(refused, messages.Rejection), f"{field} {broken.get(field)!r}"
        assert refused.code in REASONS


def test_a_refused_frame_keeps_its_place_in_the_sequence() -> None:
    frame = decode(json.dumps({"type": "orderbook_delta", "sid": 3, "seq": 7, "msg": {**DELTA, "side": "?"}}))
    assert (frame.sid, frame.seq) == (3, 7)


def test_a_key_that_stands_twice_is_refused_wherever_it_stands() -> None:
    raw = json.dumps({"type": "orderbook_delta", "sid": 3, "seq": 7, "msg": DELTA})
    inside = raw.replace('"side": "yes"', '"side": "no", "s\\u0069de": "yes"')
    outside = raw.replace('"sid": 3', '"sid": 4, "sid": 3')
    for doubled in (inside, outside):
        assert doubled != raw
        refused = decode(doubled).body
        assert isinstance(refused, messages.Rejection)
        assert "twice" in refused.detail


def test_a_book_frame_without_its_number_is_refused() -> None:
    for head in ({"sid": 3}, {"seq": 7}):
        frame = decode(json.dumps({"type": "orderbook_delta", "msg": DELTA, **head}))
        assert isinstance(frame.body, messages.Rejection)


def test_a_frame_beyond_any_honest_size_is_not_read() -> None:
    refused = decode(b" " * (FRAME_SIZE_MAX + 1)).body
    assert isinstance(refused, messages.Rejection)
    assert refused.code == "market_data_huge"


def test_what_nests_without_an_end_is_refused() -> None:
    frame = b'{"type":"x","sid":1,"seq":1,"msg":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert isinstance(decode(frame).body, messages.Rejection)


KINDS = {
    "orderbook_delta": DELTA,
    "orderbook_snapshot": SNAPSHOT,
    "fill": FILL,
    "user_order": ORDER,
    "market_position": POSITION,
    "ticker": TICKER,
    "trade": TRADE,
    "market_lifecycle_v2": DETERMINED,
    "order_group_updates": GROUP,
    "subscribed": {"channel": "fill", "sid": 4},
    "ok": {"market_tickers": ["A"]},
    "error": {"code": 1, "msg": ""},
    "event_lifecycle": {"event_ticker": "E", "series_ticker": "S"},
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_get_an_answer(raw: bytes | str) -> None:
    assert isinstance(decode(raw), messages.Frame)


@given(st.data())
def test_any_value_in_any_field_gets_an_answer(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    msg = dict(KINDS[kind])
    for field in data.draw(st.lists(st.sampled_from(sorted(msg)), max_size=3)):
        msg[field] = data.draw(anything)
    head = {"type": kind, "sid": 1, "seq": 1, **data.draw(st.dictionaries(st.sampled_from(["sid", "seq"]), anything))}
    frame = decode(json.dumps({**head, "msg": msg}))
    assert isinstance(frame, messages.Frame)
    if isinstance(frame.body, messages.Rejection):
        assert frame.body.code in REASONS


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 400), st.binary(max_size=3))
def test_any_damage_to_a_good_frame_gets_an_answer(kind: str, at: int, instead: bytes) -> None:
    raw = json.dumps({"type": kind, "sid": 1, "seq": 1, "msg": KINDS[kind]}).encode()
    assert isinstance(decode(raw[:at] + instead + raw[at + 1 :]), messages.Frame)
