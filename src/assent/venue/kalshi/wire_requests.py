"""Our orders in Kalshi's words: the bodies and paths of create, amend, decrease and cancel, as canonical bytes.

The same order makes the same bytes: fields in one fixed order, nothing optional unless it says something. What the
venue would refuse, or would take for something else than we mean, is not written at all but comes back as a
`Rejection`. Each cancel and decrease names its market: an order id alone is looked for on the first shard only.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from assent.model.orders import Order
from assent.model.text import shown
from assent.model.units import SECOND
from assent.venue.kalshi import numbers
from assent.venue.kalshi.wire import SHARD_MAX, Rejection, is_name

SelfTradePrevention = Literal["taker_at_cross", "maker"]

ORDERS_PATH: Final = "/portfolio/events/orders"
BATCH_MAX: Final = 1_000
BOOK_SIDES: Final[Mapping[str, str]] = {"buy": "bid", "sell": "ask"}
TIMES_IN_FORCE: Final[Mapping[str, str]] = {
    "gtc": "good_till_canceled",
    "ioc": "immediate_or_cancel",
    "fok": "fill_or_kill",
}
# A dot in a client order id is refused by the venue; 64 is the shortest limit that any of its gateways sets.
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every order of one account on one shard, beside what the order itself says. `group_limit`, in
    micro-contracts, is that of the group that each order is put into; 0: into none."""

    self_trade_prevention: SelfTradePrevention = "taker_at_cross"
    cancel_on_pause: bool = False
    group_limit: int = 0
    order_group: str = ""
    subaccount: int | None = None
    exchange_index: int | None = None


class _Create(msgspec.Struct, omit_defaults=True):
    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    expiration_time: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_order_on_pause: bool = False
    order_group_id: str = ""
    subaccount: int | None = None
    exchange_index: int | None = None


class _Amend(msgspec.Struct, omit_defaults=True):
    ticker: str
    client_order_id: str
    side: str
    price: str
    count: str
    exchange_index: int | None = None


class _Decrease(msgspec.Struct, omit_defaults=True):
    market_ticker: str
    reduce_by: str
    exchange_index: int | None = None


class _Cancel(msgspec.Struct, omit_defaults=True):
    order_id: str
    market_ticker: str
    subaccount: int | None = None
    exchange_index: int | None = None


_encode: Final = msgspec.json.Encoder().encode


def create(order: Order, terms: Terms, *, now: int) -> bytes | Rejection:
    """The body of one create."""
    made = _create(order, terms, now)
    return made if isinstance(made, Rejection) else _encode(made)


def create_batch(orders: Sequence[Order], terms: Terms, *, now: int) -> bytes | Rejection:
    """The body of a batch of creates; one that cannot be written keeps the whole batch back."""
    made = [_create(order, terms, now) for order in orders]
    return _batch(made)


def amend(order: Order, *, price: int, total: int, terms: Terms) -> bytes | Rejection:
    """The body of an amend. `total` is what was filled already together with what shall rest from now on."""
    changed = msgspec.structs.replace(order, price=price, qty=total)
    texts = _texts(changed)
    if isinstance(texts, Rejection):
        return texts
    fault = _terms_fault(terms)
    if fault is not None:
        return fault
    side, price_text, count = texts
    return _encode(_Amend(order.instrument, order.order_id, side, price_text, count, terms.exchange_index))


def decrease(order: Order, *, by: int, terms: Terms) -> bytes | Rejection:
    """The body of a decrease, which keeps the order's place in the queue. `by` is what is taken off."""
    text = numbers.count_text(by)
    if text is None or by >= order.qty:
        return Rejection("bad_qty", "reduce_by", f"{by} of an order over {order.qty}: cancel it instead")
    if not is_name(order.instrument):
        return Rejection("bad_name", "market_ticker", shown(order.instrument))
    fault = _terms_fault(terms)
    if fault is not None:
        return fault
    return _encode(_Decrease(order.instrument, text, terms.exchange_index))


def cancel_path(venue_order_id: str, order: Order, terms: Terms) -> str | Rejection:
    """Path and query of one cancel, without the API's root. The query is sent but not signed."""
    made = _cancel(venue_order_id, order, terms)
    if isinstance(made, Rejection):
        return made
    query = f"market_ticker={made.market_ticker.replace('+', '%2B')}"
    for name, value in (("subaccount", made.subaccount), ("exchange_index", made.exchange_index)):
        query += f"&{name}={value}" if value is not None else ""
    return f"{ORDERS_PATH}/{made.order_id}?{query}"


def change_path(venue_order_id: str, change: Literal["amend", "decrease"], terms: Terms) -> str | Rejection:
    """Path and query of one amend or decrease. Their bodies do not carry the subaccount; without it the venue looks on
    the primary one."""
    if not is_name(venue_order_id):
        return Rejection("bad_name", "order_id", shown(venue_order_id))
    fault = _terms_fault(terms)
    if fault is not None:
        return fault
    query = f"?subaccount={terms.subaccount}" if terms.subaccount is not None else ""
    return f"{ORDERS_PATH}/{venue_order_id}/{change}{query}"


def cancel_batch(orders: Sequence[tuple[str, Order]], terms: Terms) -> bytes | Rejection:
    """The body of a batch of cancels: pairs of the venue's order id and our order."""
    return _batch([_cancel(venue_order_id, order, terms) for venue_order_id, order in orders])


def _batch(made: Sequence[_Create | _Cancel | Rejection]) -> bytes | Rejection:
    for place, item in enumerate(made):
        if isinstance(item, Rejection):
            return Rejection(item.code, f"orders[{place}].{item.path}", item.detail)
    if not 0 < len(made) <= BATCH_MAX:
        return Rejection("too_many_rows", "orders", f"{len(made)} orders in one batch, 1 to {BATCH_MAX} may be")
    return _encode({"orders": made})


def _create(order: Order, terms: Terms, now: int) -> _Create | Rejection:
    texts = _texts(order)
    if isinstance(texts, Rejection):
        return texts
    side, price, count = texts
    fault = _kind_fault(order) or _terms_fault(terms)
    if fault is not None:
        return fault
    expires = None
    if order.expires_ts is not None:
        # Rounded down: an order that ends a moment early does no harm, one that lives on may.
        expires = order.expires_ts // SECOND
        if expires * SECOND <= now:
            return Rejection("bad_time", "expiration_time", f"{order.expires_ts} is not after now, {now}")
    return _Create(
        ticker=order.instrument,
        client_order_id=order.order_id,
        side=side,
        count=count,
        price=price,
        time_in_force=TIMES_IN_FORCE[order.time_in_force],
        self_trade_prevention_type=terms.self_trade_prevention,
        expiration_time=expires,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        cancel_order_on_pause=terms.cancel_on_pause,
        order_group_id=terms.order_group,
        subaccount=terms.subaccount,
        exchange_index=terms.exchange_index,
    )


def _texts(order: Order) -> tuple[str, str, str] | Rejection:
    """Side, price and count as the venue writes them."""
    if not is_name(order.instrument):
        return Rejection("bad_name", "ticker", shown(order.instrument))
    if not _CLIENT_ID.fullmatch(order.order_id):
        return Rejection("bad_name", "client_order_id", shown(order.order_id))
    price, count = numbers.price_text(order.price), numbers.count_text(order.qty)
    if price is None:
        return Rejection("bad_price", "price", f"{order.price} micros cannot be written with four decimals")
    if count is None:
        return Rejection("bad_qty", "count", f"{order.qty} micros cannot be written with two decimals")
    return BOOK_SIDES[order.side], price, count


def _kind_fault(order: Order) -> Rejection | None:
    """Combinations that the venue refuses, or that do not exist there."""
    ioc, rests = order.time_in_force == "ioc", order.time_in_force == "gtc"
    faults = (
        (order.type == "limit", "type", f"{order.type}: the venue takes limit orders only"),
        (order.time_in_force in TIMES_IN_FORCE, "time_in_force", f"{order.time_in_force} does not exist there"),
        (rests or order.expires_ts is None, "expiration_time", "only an order that rests can expire"),
        (rests or not order.post_only, "post_only", "only an order that rests can be post-only"),
        (ioc or not order.reduce_only, "reduce_only", "the venue takes it with immediate-or-cancel only"),
    )
    for holds, path, detail in faults:
        if not holds:
            return Rejection("unsupported", path, detail)
    return None


def _terms_fault(terms: Terms) -> Rejection | None:
    if terms.order_group and not is_name(terms.order_group):
        return Rejection("bad_name", "order_group_id", shown(terms.order_group))
    if terms.subaccount is not None and not 0 <= terms.subaccount <= 63:
        return Rejection("bad_number", "subaccount", f"{terms.subaccount} is not between 0 and 63")
    if terms.exchange_index is not None and not -1 <= terms.exchange_index <= SHARD_MAX:
        return Rejection("bad_number", "exchange_index", f"{terms.exchange_index} is not a shard")
    return None


def _cancel(venue_order_id: str, order: Order, terms: Terms) -> _Cancel | Rejection:
    if not is_name(venue_order_id):
        return Rejection("bad_name", "order_id", shown(venue_order_id))
    if not is_name(order.instrument):
        return Rejection("bad_name", "market_ticker", shown(order.instrument))
    return _terms_fault(terms) or _Cancel(venue_order_id, order.instrument, terms.subaccount, terms.exchange_index)
