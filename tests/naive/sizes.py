"""How much: the largest quantity on the grid that loses no more than it may at its worst, fees and all."""

from functools import lru_cache
from typing import Any, NamedTuple

from tests.naive.arithmetic import (
    ONE,
    down,
    fee_of,
    kelly_part,
    largest,
    most_fee,
    most_lost,
    on_grid,
    up,
    worth_of,
)
from tests.naive.books import Books


class Size(NamedTuple):
    """A quantity, the most it costs in fees and loses in all, what it promises, the cap, and the cap that left none."""

    qty: int = 0
    fee: int = 0
    loss: int | None = None
    edge: int | None = None
    cap: int | None = None
    cut: str = ""


def size_of(books: Books, market: Any, proposal: Any) -> Size:
    if market is None or not on_grid(market, proposal.price):
        return Size()
    if proposal.action == "open":
        return _entry(books, market, proposal)
    return _exit(books, market, proposal) if proposal.action == "close" else Size(loss=0)


def risk_cap(books: Books, market: Any, proposal: Any) -> int:
    """The least of what the constitution names; nothing, where it asks for the equity and there is none."""
    limits, usual = books.limits, type(books.limits)()
    caps = [limits.risk_per_trade_max]
    part, kelly = limits.risk_fraction_max, limits.kelly_fraction_max
    if part == usual.risk_fraction_max and kelly == usual.kelly_fraction_max and not limits.risk_tiers:
        return caps[0]
    equity = books.equity()
    if equity is None or equity <= 0:
        return 0
    if part != usual.risk_fraction_max:
        caps.append(down(equity * part, ONE))
    caps += [tier.risk_max for tier in limits.risk_tiers if equity < tier.below]
    if kelly != usual.kelly_fraction_max:
        stake = kelly_part(market, proposal.side, proposal.price, proposal.fair)
        caps.append(down(down(equity * kelly, ONE) * stake, ONE))
    return min(caps)


@lru_cache(maxsize=4096)
def affordable(market: Any, side: str, price: int, most: int, cap: int) -> int:
    """The largest quantity that loses no more than this. The same idea is judged again and again, so it is kept."""
    return largest(market, most, lambda some: most_lost(market, side, price, some) <= cap)


def _entry(books: Books, market: Any, proposal: Any) -> Size:
    side, price, limits = proposal.side, proposal.price, books.limits
    cap = risk_cap(books, market, proposal)
    most = market.quantities.most if proposal.qty_max is None else proposal.qty_max
    qty, cut = affordable(market, side, price, most, cap), ""
    if qty > limits.order_qty_max:
        qty = largest(market, limits.order_qty_max, lambda _: True)
        cut = "" if qty else "order_qty"
    if qty and worth_of(side, price, qty) > limits.order_notional_max:
        qty = largest(market, qty, lambda some: worth_of(side, price, some) <= limits.order_notional_max)
        cut = "" if qty else "order_notional"
    judged = qty or market.quantities.least
    edge = None
    if proposal.fair is not None:
        gain = proposal.fair - price if side == "buy" else price - proposal.fair
        edge = gain - up(fee_of(market, side, price, judged) * ONE, judged)
    return Size(
        qty, most_fee(market, side, price, judged), most_lost(market, side, price, judged), edge, cap, cut
    )  # fmt: skip


def _exit(books: Books, market: Any, proposal: Any) -> Size:
    """What is held on the other side, less what is on its way out already."""
    other = "sell" if proposal.side == "buy" else "buy"
    held = books.held_on(proposal.instrument, other).qty
    if not held:
        return Size()
    leaving = sum(order.rest for order in books.open_orders(market.id) if order.terms.side == proposal.side)
    wanted = max(0, held - leaving)
    if proposal.qty_max is not None:
        wanted = min(wanted, proposal.qty_max)
    qty = largest(market, wanted, lambda _: True)
    fee = most_fee(market, proposal.side, proposal.price, qty) if qty else 0
    return Size(qty, fee, fee)
