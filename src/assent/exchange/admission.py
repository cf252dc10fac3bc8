"""Admission: the checks an order meets before it reaches a book, in the venue's sequence.

Parameters, duplicate id, market, pause, price, size; the balance and the post-only and fill-or-kill checks need the
order itself and follow in the core. A refusal here changes nothing: even the client order id stays free.
"""

import re

from assent.exchange.accounts import Account
from assent.exchange.markets import Market
from assent.exchange.types import ExchangeStatus, NewOrder, Rejected

LARGEST = 10**15
LARGEST_TS = 2**63 - 1
SIDES = ("buy", "sell")
TIFS = ("gtc", "ioc", "fok")
SELF_TRADES = ("cancel_taker", "cancel_maker")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def admit(new: NewOrder, account: Account, markets: dict[str, Market], now: int) -> Market | Rejected:
    """The market this order goes to, or the first reason against it."""
    wrong = wrong_parameters(new, now)
    if wrong is not None:
        return wrong
    history = account.history
    if history is not None and new.client_order_id in history.consumed:
        return Rejected("order_already_exists", f"client order id {new.client_order_id!r} was used before")
    market = markets.get(new.market)
    if market is None:
        return Rejected("market_not_found", f"no market {new.market!r} is listed")
    if market.status != "active":
        code = "trading_is_paused" if market.status == "inactive" else "market_inactive"
        return Rejected(code, f"market {new.market} is {market.status}")
    if new.price not in market.prices:
        return Rejected("invalid_price", f"price {new.price} is not on the grid of {new.market}")
    if new.qty <= 0 or new.qty % market.spec.qty_step:
        step = market.spec.qty_step
        return Rejected("invalid_order_size", f"quantity {new.qty} is not a positive multiple of {step}")
    return market


def wrong_parameters(new: NewOrder, now: int) -> Rejected | None:
    """What is wrong with the order as such, whatever the state of the exchange."""
    if not _well_typed(new):
        return Rejected("invalid_parameters", f"a field has a wrong type or an absurd size: {new!r}")
    if new.side not in SIDES:
        return Rejected("invalid_parameters", f"side {new.side!r} is neither buy nor sell")
    if new.client_order_id is not None and not _CLIENT_ID.fullmatch(new.client_order_id):
        return Rejected("invalid_parameters", f"client order id {new.client_order_id!r} needs 1-64 of A-Z a-z 0-9 _ -")
    if new.tif not in TIFS:
        return Rejected("invalid_parameters", f"time in force {new.tif!r} is none of gtc, ioc, fok")
    if new.self_trade not in SELF_TRADES:
        return Rejected("invalid_parameters", f"self trade {new.self_trade!r} is none of {SELF_TRADES}")
    if new.expires_ts is not None and (new.tif != "gtc" or new.expires_ts <= now):
        return Rejected("invalid_parameters", f"the expiry {new.expires_ts} needs gtc and a time after now ({now})")
    if new.post_only and new.tif != "gtc":
        return Rejected("invalid_order", f"a post-only order has to rest, so it cannot be {new.tif}")
    if new.reduce_only and new.tif != "ioc":
        return Rejected("invalid_order", "reduce_only can only be used with ioc orders")
    return None


def paused(status: ExchangeStatus) -> Rejected:
    """What the exchange as a whole says while it rests."""
    code = "exchange_is_paused" if status == "paused" else "trading_is_paused"
    return Rejected(code, f"the whole exchange is {status}")


def refuse_transfer(account: Account, amount: int, reference: str) -> Rejected | None:
    """What stands against moving this money, if anything does."""
    if not is_transfer(amount, reference) or amount % account.precision:
        return Rejected("invalid_parameters", f"{amount!r} is no amount that moves, or {reference!r} no short text")
    available = account.cash - account.held()
    if amount + available < 0:
        return Rejected("insufficient_balance", f"{-amount} was to leave, {available} is free")
    return None


def is_transfer(amount: object, reference: object) -> bool:
    """Whether this could be a transfer at all."""
    moves = type(amount) is int and 0 < abs(amount) <= LARGEST
    return moves and type(reference) is str and reference.isascii() and reference.isprintable() and len(reference) <= 80


def is_order_id(order_id: object) -> bool:
    return type(order_id) is str and order_id.isascii()


def _well_typed(new: NewOrder) -> bool:
    # Constructing a Struct checks nothing, and a float or a bool would slip through every later comparison.
    return (
        is_whole(new.price, LARGEST)
        and is_whole(new.qty, LARGEST)
        and is_order_id(new.market)
        and (new.client_order_id is None or is_order_id(new.client_order_id))
        and (new.expires_ts is None or is_whole(new.expires_ts, LARGEST_TS))
        and _is_bool(new.post_only)
        and _is_bool(new.reduce_only)
    )


def is_whole(value: object, largest: int) -> bool:
    """A whole number within reason; neither a float nor a bool is one."""
    return type(value) is int and -largest <= value <= largest


def _is_bool(value: object) -> bool:
    return value is True or value is False
