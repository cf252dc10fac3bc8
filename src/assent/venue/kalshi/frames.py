"""What Kalshi's websocket says, as values: strict where money stands, tolerant elsewhere, and never an exception.

`decode` answers one `Frame` for whatever came. A field that money depends on and that is missing, twice there, of
another type, or written unlike the venue documents it makes the frame's body a `Rejection`; what could still be read of
its head (type, sid, seq) is kept, because a refused frame in a sequence is a hole in that sequence. Fields that we do
not know are ignored, types that we do not know become `Unread`.

Prices of a book's no side are taken as they come: our subscriptions always ask for YES prices.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from assent.model.text import shown
from assent.model.units import MICRO
from assent.venue.kalshi import messages, numbers, shapes
from assent.venue.keys import repeated_key

# A book of every price on the finest grid, both sides, is under half a megabyte.
FRAME_SIZE_MAX: Final = 4 * 1024 * 1024
DETAIL_LENGTH_MAX: Final = 200


class _KeptOut(Exception):
    """A field that may not be: the reason and what stood there. It never leaves this module."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.rejection = messages.Rejection(code, detail[:DETAIL_LENGTH_MAX])


# Prices and sizes repeat all day: what was read once is looked up.
_read_dollars = lru_cache(maxsize=32_768)(numbers.dollars)
_read_count = lru_cache(maxsize=32_768)(numbers.count)
_read_signed_count = lru_cache(maxsize=32_768)(numbers.signed_count)


def _known(value: int | None, field: str, text: object) -> int:
    if value is None:
        raise _KeptOut("market_data_not_a_number", f"{field} is {text!r}, not written as the venue documents it")
    return value


def _price(text: str, field: str) -> int:
    """A price at which an order can rest: strictly between nothing and a dollar."""
    value = _known(_read_dollars(text), field, text)
    if not 0 < value < MICRO:
        raise _KeptOut("malformed_input", f"{field} is {text!r}; a price lies between 0 and 1 dollar")
    return value


def _edge_price(text: str, field: str) -> int:
    """A price that may also say that there is none: 0 or 1 dollar."""
    value = _known(_read_dollars(text), field, text)
    if value > MICRO:
        raise _KeptOut("malformed_input", f"{field} is {text!r}; a price lies between 0 and 1 dollar")
    return value


def _money(text: str, field: str) -> int:
    return _known(_read_dollars(text), field, text)


def _signed_money(text: str, field: str) -> int:
    return _known(numbers.signed_dollars(text), field, text)


def _count(text: str, field: str) -> int:
    return _known(_read_count(text), field, text)


def _signed_count(text: str, field: str) -> int:
    return _known(_read_signed_count(text), field, text)


def _ms(value: int | None) -> int:
    return 0 if value is None else _known(numbers.milliseconds(value), "a time in ms", value)


def _seconds(value: int | None) -> int:
    return 0 if value is None else _known(numbers.seconds(value), "a time in seconds", value)


def _side(outcome: messages.Outcome, book: messages.BookSide) -> messages.BookSide:
    """Both words say one thing. Where they disagree, the direction of money is unknown."""
    if (outcome == "yes") != (book == "bid"):
        raise _KeptOut("malformed_input", f"outcome_side {outcome!r} contradicts book_side {book!r}")
    return book


def _subscribed(msg: shapes.Subscribed) -> messages.Subscribed:
    return messages.Subscribed(msg.channel, msg.sid)


def _done(msg: shapes.Done | list[shapes.Subscribed]) -> messages.Done | messages.Listed:
    if isinstance(msg, list):
        return messages.Listed(tuple(_subscribed(each) for each in msg))
    return messages.Done(tuple(msg.market_tickers or ()))


def _unsubscribed(_msg: object) -> messages.Unsubscribed:
    return messages.Unsubscribed()


def _error(msg: shapes.Error) -> messages.CommandRefused:
    return messages.CommandRefused(msg.code, msg.msg[:DETAIL_LENGTH_MAX])


def _levels(pairs: list[tuple[str, str]] | None, field: str) -> tuple[messages.Level, ...]:
    return tuple((_price(price, field), _count(size, field)) for price, size in pairs or ())


def _snapshot(msg: shapes.Snapshot) -> messages.Snapshot:
    bids = _levels(msg.yes_dollars_fp, "yes_dollars_fp")
    asks = _levels(msg.no_dollars_fp, "no_dollars_fp")
    return messages.Snapshot(msg.market_ticker, bids, asks, _ms(msg.ts_ms))


def _delta(msg: shapes.Delta) -> messages.Delta:
    price = _price(msg.price_dollars, "price_dollars")
    change = _signed_count(msg.delta_fp, "delta_fp")
    return messages.Delta(msg.market_ticker, msg.side, price, change, _ms(msg.ts_ms), msg.client_order_id or "")


def _ticker(msg: shapes.Ticker) -> messages.Ticker:
    return messages.Ticker(
        msg.market_ticker,
        _edge_price(msg.price_dollars, "price_dollars"),
        _edge_price(msg.yes_bid_dollars, "yes_bid_dollars"),
        _count(msg.yes_bid_size_fp, "yes_bid_size_fp"),
        _edge_price(msg.yes_ask_dollars, "yes_ask_dollars"),
        _count(msg.yes_ask_size_fp, "yes_ask_size_fp"),
        _ms(msg.ts_ms),
    )


def _trade(msg: shapes.Trade) -> messages.Trade:
    return messages.Trade(
        msg.trade_id,
        msg.market_ticker,
        _price(msg.yes_price_dollars, "yes_price_dollars"),
        _count(msg.count_fp, "count_fp"),
        _side(msg.taker_outcome_side, msg.taker_book_side),
        msg.is_block_trade,
        _ms(msg.ts_ms),
    )


def _fill(msg: shapes.Fill) -> messages.Fill:
    return messages.Fill(
        msg.trade_id,
        msg.order_id,
        msg.client_order_id or "",
        msg.market_ticker,
        _side(msg.outcome_side, msg.book_side),
        _price(msg.yes_price_dollars, "yes_price_dollars"),
        _count(msg.count_fp, "count_fp"),
        # A rebate would be negative; the venue documents none, but a fill is never refused for being cheap.
        _signed_money(msg.fee_cost, "fee_cost"),
        msg.is_taker,
        _signed_count(msg.post_position_fp, "post_position_fp"),
        msg.exchange_index,
        msg.subaccount or 0,
        _ms(msg.ts_ms),
    )


def _order(msg: shapes.Order) -> messages.OrderUpdate:
    initial = _count(msg.initial_count_fp, "initial_count_fp")
    filled = _count(msg.fill_count_fp, "fill_count_fp")
    remaining = _count(msg.remaining_count_fp, "remaining_count_fp")
    fees = _signed_money(msg.taker_fees_dollars, "taker_fees_dollars") + _signed_money(
        msg.maker_fees_dollars, "maker_fees_dollars"
    )
    return messages.OrderUpdate(
        msg.order_id,
        msg.client_order_id or "",
        msg.ticker,
        msg.status,
        _side(msg.outcome_side, msg.book_side),
        _price(msg.yes_price_dollars, "yes_price_dollars"),
        initial,
        filled,
        remaining,
        fees,
        msg.last_update_reason or "",
        msg.order_group_id or "",
        msg.exchange_index or 0,
        msg.subaccount_number or 0,
        _ms(msg.created_ts_ms),
        _ms(msg.last_updated_ts_ms),
    )


def _position(msg: shapes.Position) -> messages.Position:
    return messages.Position(
        msg.market_ticker,
        _signed_count(msg.position_fp, "position_fp"),
        _signed_money(msg.position_cost_dollars, "position_cost_dollars"),
        _signed_money(msg.realized_pnl_dollars, "realized_pnl_dollars"),
        _signed_money(msg.fees_paid_dollars, "fees_paid_dollars"),
        msg.subaccount or 0,
    )


def _lifecycle(msg: shapes.Lifecycle) -> messages.Lifecycle:
    value = None if msg.settlement_value is None else _edge_price(msg.settlement_value, "settlement_value")
    bands = tuple(
        messages.PriceBand(_edge_price(b.start, "start"), _edge_price(b.end, "end"), _price(b.step, "step"))
        for b in msg.price_ranges or ()
    )
    return messages.Lifecycle(
        msg.event_type,
        msg.market_ticker,
        msg.result or "",
        value,
        _seconds(msg.open_ts),
        _seconds(msg.close_ts),
        _seconds(msg.determination_ts),
        _seconds(msg.settled_ts),
        msg.exchange_index,
        bands,
    )


def _event(msg: shapes.Event) -> messages.EventListed:
    return messages.EventListed(msg.event_ticker, msg.series_ticker, msg.title or "", msg.exchange_index or 0)


def _group(msg: shapes.Group) -> messages.GroupUpdate:
    limit = None if msg.contracts_limit_fp is None else _count(msg.contracts_limit_fp, "contracts_limit_fp")
    return messages.GroupUpdate(msg.event_type, msg.order_group_id, limit, _ms(msg.ts_ms))


class _Kind(NamedTuple):
    """How one type of frame is read, and what its head must carry."""

    decode: Callable[[msgspec.Raw], Any]
    read: Callable[[Any], messages.Body]
    sid: bool = True
    seq: bool = False


def _as(shape: Any) -> Callable[[msgspec.Raw], Any]:
    return msgspec.json.Decoder(shape).decode


_KINDS: Final = {
    "subscribed": _Kind(_as(shapes.Subscribed), _subscribed, sid=False),
    "ok": _Kind(_as(shapes.Done | list[shapes.Subscribed] | None), lambda msg: _done(msg or shapes.Done()), sid=False),
    "unsubscribed": _Kind(_as(Any), _unsubscribed),
    "error": _Kind(_as(shapes.Error), _error, sid=False),
    "orderbook_snapshot": _Kind(_as(shapes.Snapshot), _snapshot, seq=True),
    "orderbook_delta": _Kind(_as(shapes.Delta), _delta, seq=True),
    "ticker": _Kind(_as(shapes.Ticker), _ticker),
    "trade": _Kind(_as(shapes.Trade), _trade),
    "fill": _Kind(_as(shapes.Fill), _fill),
    "user_order": _Kind(_as(shapes.Order), _order),
    "market_position": _Kind(_as(shapes.Position), _position),
    "market_lifecycle_v2": _Kind(_as(shapes.Lifecycle), _lifecycle),
    "event_lifecycle": _Kind(_as(shapes.Event), _event),
    "order_group_updates": _Kind(_as(shapes.Group), _group),
}


_head = msgspec.json.Decoder(shapes.Head).decode


def decode(raw: bytes | str) -> messages.Frame:
    """The one value that these bytes mean. Total: anything at all gets an answer."""
    if len(raw) > FRAME_SIZE_MAX:
        return _headless("market_data_huge", f"a frame of {len(raw):,} bytes; at most {FRAME_SIZE_MAX:,} are read")
    try:
        head = _head(raw)
        sent_ts = _ms(head.sending_ts_ms)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _headless("malformed_input", f"no frame: {error}")
    except _KeptOut as kept_out:
        return messages.Frame("", None, None, 0, 0, kept_out.rejection)
    return messages.Frame(head.type, head.sid, head.seq, head.id, sent_ts, _body(raw, head))


def _body(raw: bytes | str, head: shapes.Head) -> messages.Body:
    try:
        twice = repeated_key(raw)
        if twice is not None:
            return messages.Rejection("malformed_input", shown(f"the key {twice} stands twice in one object"))
        kind = _KINDS.get(head.type)
        if kind is None:
            return messages.Unread()
        if (kind.sid and head.sid is None) or (kind.seq and head.seq is None):
            return messages.Rejection("malformed_input", f"{head.type} without its sid or seq")
        return kind.read(kind.decode(head.msg))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return messages.Rejection("malformed_input", f"{head.type}: {error}"[:DETAIL_LENGTH_MAX])
    except _KeptOut as kept_out:
        return kept_out.rejection


def _headless(code: str, detail: str) -> messages.Frame:
    return messages.Frame("", None, None, 0, 0, messages.Rejection(code, detail[:DETAIL_LENGTH_MAX]))
