"""What the fill model makes of a market that somebody else's venue tells of, and of an order of ours.

Shared by whoever plays orders on paper over a real market: the paper account, and observe's shadow book.
"""

from typing import Final

from assent.exchange import paper
from assent.exchange.types import NewOrder
from assent.model.inputs import (
    AccountSeen,
    AccountUnavailable,
    CashSeen,
    CorrectionSeen,
    FillSeen,
    Input,
    InstrumentSeen,
    OrderClosedSeen,
    PhaseSeen,
    QuoteLost,
    QuoteSeen,
    SettlementSeen,
)
from assent.model.instruments import BinaryContract, Instrument, QuadraticFee
from assent.model.orders import Order

# A real account's own news, which paper has none of.
OF_AN_ACCOUNT: Final = (FillSeen, CorrectionSeen, OrderClosedSeen, CashSeen, AccountSeen, AccountUnavailable)
_OVER: Final = frozenset(("closed", "determined", "settled"))


def playable(instrument: Instrument) -> bool:
    """Only what pays by the venue's own quadratic fee can be played on paper: no other fee is known here."""
    return type(instrument) is BinaryContract and type(instrument.fees) is QuadraticFee


def take_in(exchange: paper.PaperExchange, item: Input, now: int) -> list[paper.Event]:
    """The fill model hears it; what happened to our orders."""
    if type(item) is InstrumentSeen:
        _list(exchange, item.instrument)
    elif type(item) is QuoteSeen:
        top = paper.Top(item.bid, item.bid_qty or 0, item.ask, item.ask_qty or 0)
        return exchange.quote(item.instrument, top, now)
    elif type(item) is QuoteLost:
        return exchange.quote(item.instrument, paper.Top(), now)
    elif type(item) is PhaseSeen:
        return exchange.phase(item.instrument, now, is_open=item.phase == "open", is_over=item.phase in _OVER)
    elif type(item) is SettlementSeen:
        return exchange.settle(item.instrument, item.value, now)
    return []


def fault_of(order: Order, instrument: Instrument | None) -> str | None:
    """Why the fill model cannot play this order, in words for people, or None."""
    if order.type != "limit" or order.time_in_force == "day":
        return f"paper takes limit orders (gtc, ioc, fok), not {order.type} {order.time_in_force}"
    if instrument is not None and not instrument.prices.holds(order.price):
        return "invalid_price"
    return None


def asked(order: Order) -> NewOrder:
    return NewOrder(
        client_order_id=order.order_id,
        market=order.instrument,
        side=order.side,
        price=order.price,
        qty=order.qty,
        tif=order.time_in_force,  # type: ignore[arg-type]
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        expires_ts=order.expires_ts,
    )


def _list(exchange: paper.PaperExchange, instrument: Instrument) -> None:
    if type(instrument) is BinaryContract and type(instrument.fees) is QuadraticFee:
        fees = instrument.fees
        exchange.list_market(instrument.id, paper.Terms(fees.taker_ppm, fees.maker_ppm, fees.balance_step))
