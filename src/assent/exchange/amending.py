"""Amending a resting order: whether it may become what is asked, the change itself, and the note of it.

The quantity of an amendment is the new total, what has filled already included. A refusal leaves the order as it
stands, in its place. Taking it off the book and matching it again is the core's work.
"""

import msgspec

from assent.exchange.accounts import Order
from assent.exchange.admission import wrong_parameters
from assent.exchange.markets import Market
from assent.exchange.types import Amendment, Changed, ChangeKind, NewOrder, Rejected


def refuse_amendment(order: Order, market: Market, new: Amendment, now: int) -> Rejected | None:
    """The first reason against it, in the sequence in which a new order would meet them."""
    account, terms = order.account, _terms(order, new)
    wrong = _wrong_terms(terms, kept_expiry=terms.expires_ts == order.terms.expires_ts, now=now)
    if wrong is not None:
        return wrong
    renamed = terms.client_order_id != order.terms.client_order_id
    if renamed and account.history is not None and terms.client_order_id in account.history.consumed:
        return Rejected("order_already_exists", f"client order id {terms.client_order_id!r} was used before")
    if market.status != "active":
        code = "trading_is_paused" if market.status == "inactive" else "market_inactive"
        return Rejected(code, f"market {terms.market} is {market.status}")
    if new.price != order.price and new.price not in market.prices:
        return Rejected("invalid_price", f"price {new.price} is not on the grid of {terms.market}")
    filled = order.qty - order.remaining
    if new.qty <= filled or new.qty % market.spec.qty_step:
        return Rejected("invalid_order_size", f"{filled} has filled; the total cannot become {new.qty}")
    return _refuse_at_the_book(order, market, new)


def take_over(order: Order, new: Amendment) -> None:
    """Make the order what was asked. It must not stand on the book at another price meanwhile."""
    terms, filled = _terms(order, new), order.qty - order.remaining
    history = order.account.history
    if history is not None and terms.client_order_id != order.terms.client_order_id:
        history.consume(terms.client_order_id)
    order.terms = terms
    order.price = new.price
    order.qty = new.qty
    order.remaining = new.qty - filled
    if history is not None:
        history.remember(order)


def note_change(order: Order, kind: ChangeKind, ts: int) -> None:
    """Write down how the order stands after its owner's word, where its member may ask about its past."""
    history = order.account.history
    if history is None:
        return
    view = order.view()
    total = order.qty if kind != "cancel" else view.filled
    history.changes.append(
        Changed(
            order.order_id, view.client_order_id, kind, order.price, total, view.remaining, view.expires_ts, ts
        )
    )  # fmt: skip


def _terms(order: Order, new: Amendment) -> NewOrder:
    return msgspec.structs.replace(
        order.terms,
        price=new.price,
        qty=new.qty,
        expires_ts=new.expires_ts,
        client_order_id=order.terms.client_order_id if new.client_order_id is None else new.client_order_id,
    )


def _wrong_terms(terms: NewOrder, *, kept_expiry: bool, now: int) -> Rejected | None:
    """A kept expiry is in the future, or the order would not rest any more."""
    return wrong_parameters(msgspec.structs.replace(terms, expires_ts=None) if kept_expiry else terms, now)


def _refuse_at_the_book(order: Order, market: Market, new: Amendment) -> Rejected | None:
    """Post-only, own orders and the balance, asked of a draft in the order's stead."""
    account = order.account
    draft = Order(order.order_id, account, _terms(order, new), market.maker_rate, order.created_ts)
    draft.remaining = new.qty - (order.qty - order.remaining)
    crosses = new.price != order.price and market.book.crosses(draft)
    if crosses:
        draft.fee_rate = market.taker_rate
        if order.terms.post_only:
            return Rejected("invalid_order", "post only cross")
        if any(met.account is account for met in market.book.opposite_of(draft).within(new.price)):
            return Rejected("self_cross_attempt", "an order of the same account rests within the new price")
    before = dict(account.resting)
    held = order.held
    account.unrest(order)
    covered = account.covers(draft)
    account.rest(order, held)
    account.resting = before
    return None if covered else Rejected("insufficient_balance", f"cash {account.cash} does not cover it amended so")
