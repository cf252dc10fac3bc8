"""What the venue takes back: a trade that was not what it said, an outcome that was paid and then changed.

Everything is compensated, nothing is forgotten: the old money is taken back whole, the new one is booked beside it.
A member may owe money afterwards, if it has spent what is taken back.
"""

from typing import NamedTuple

from assent.exchange.accounts import Account, Order, revenue_of
from assent.exchange.fees import fill_cost, trade_fee
from assent.exchange.types import MICRO, Corrected, Settled, Settlement


class Leg(NamedTuple):
    """One member's part of a trade, and the fee that it paid."""

    order: Order
    fee: int


class Trade(NamedTuple):
    """What two orders did with each other, as it stands by now."""

    trade_id: str
    price: int
    qty: int
    legs: tuple[Leg, ...]


class Payout(NamedTuple):
    """What a position brought at settlement; the venue keeps as a fee what its precision cannot express."""

    paid: int
    fee: int


def payout(position: int, value: int, precision: int) -> Payout:
    owed = position * value // MICRO if position > 0 else -position * (MICRO - value) // MICRO
    fee = owed % precision
    return Payout(owed - fee, fee)


def correct_leg(leg: Leg, old: Trade, price: int, qty: int, settled: tuple[dict[str, int], int] | None) -> Leg:
    """Make this member's part what it really was. `settled`: the positions that were paid, and at what value."""
    order, account = leg.order, leg.order.account
    sign = 1 if order.is_buy else -1
    position = settled[0].get(account.account_id, 0) if settled else account.positions.get(order.terms.market, 0)
    between = position - sign * old.qty
    after = between + sign * qty
    taken_back = revenue_of(position, -sign * old.qty, old.price)
    revenue = revenue_of(between, sign * qty, price)
    fee = _fee(order, revenue, price, qty)
    account.cash += taken_back + revenue + leg.fee - fee
    account.fees_paid += fee - leg.fee
    order.fees += fee - leg.fee
    if settled is None:
        account.move(order.terms.market, after - position)
    else:
        positions, value = settled
        positions[account.account_id] = after
        _pay_difference(account, payout(position, value, account.precision), payout(after, value, account.precision))
    return Leg(order, fee)


def resettle(account: Account, position: int, old_value: int, told: Settled) -> None:
    """Take back what a position was paid, and pay it by the venue's newer word."""
    before, after = payout(position, old_value, account.precision), payout(position, told.value, account.precision)
    _pay_difference(account, before, after)
    if account.history is not None:
        account.history.settlements.append(
            Settlement(told.market, told.result, told.value, position, after.paid, after.fee, told.ts, told.seq)
        )


def row(leg: Leg, trade: Trade, ts: int, seq: int) -> Corrected:
    """What the member is told, and may ask for later."""
    terms = leg.order.terms
    return Corrected(
        fill_id=trade.trade_id,
        order_id=leg.order.order_id,
        client_order_id=terms.client_order_id,
        market=terms.market,
        price=trade.price,
        qty=trade.qty,
        fee=leg.fee,
        ts=ts,
        seq=seq,
    )


def _pay_difference(account: Account, before: Payout, after: Payout) -> None:
    account.cash += after.paid - before.paid
    account.fees_paid += after.fee - before.fee


def _fee(order: Order, revenue: int, price: int, qty: int) -> int:
    coefficient, multiplier = order.fee_rate
    if not qty:
        return 0
    trade = trade_fee(coefficient, multiplier, qty, price) if coefficient else 0
    return fill_cost(revenue, trade, 0, order.account.precision).fee
