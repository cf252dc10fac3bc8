"""Translation between the boxed exchange's words and ours. Pure; nothing is computed but names and shapes."""

from assent.exchange import types as box
from assent.model.books import OpenOrder
from assent.model.grids import Band, PriceGrid, QtyGrid
from assent.model.inputs import (
    CashSeen,
    ForecastSeen,
    Input,
    MarketPhase,
    OrderClosedSeen,
    QuoteSeen,
    SettlementSeen,
)
from assent.model.instruments import BinaryContract
from assent.model.orders import Correction, Fill, Order
from assent.model.units import MICRO
from assent.venue.sim.fees import schedule

QTY_MOST = 1_000_000 * MICRO

PHASES: dict[str, MarketPhase] = {
    "initialized": "closed",
    "active": "open",
    "inactive": "paused",
    "closed": "closed",
    "determined": "determined",
    "settled": "settled",
}


def instrument(view: box.MarketView, *, venue: str) -> BinaryContract:
    """What the exchange lists, as we know things."""
    spec = view.spec
    return BinaryContract(
        id=spec.ticker,
        venue=venue,
        event=spec.event,
        series=spec.series,
        title=spec.title,
        prices=PriceGrid(tuple(Band(band.low, band.high, band.step) for band in view.price_bands)),
        quantities=QtyGrid(spec.qty_step, spec.qty_step, QTY_MOST),
        fees=schedule(spec.fee_type, spec.fee_multiplier_ppm),
        close_ts=spec.close_ts,
        exclusive_group=spec.event if spec.mutually_exclusive else "",
    )


def new_order(order: Order) -> box.NewOrder:
    """Our order in the exchange's words. `day` and market orders do not exist there."""
    if order.type != "limit" or order.time_in_force == "day":
        raise ValueError(f"the exchange takes limit orders (gtc, ioc, fok), not {order.type} {order.time_in_force}")
    return box.NewOrder(
        client_order_id=order.order_id,
        market=order.instrument,
        side=order.side,
        price=order.price,
        qty=order.qty,
        tif=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        expires_ts=order.expires_ts,
    )


def fill(seen: box.Fill) -> Fill:
    return Fill(
        fill_id=seen.fill_id,
        order_id=seen.client_order_id or seen.order_id,
        instrument=seen.market,
        side=seen.side,
        price=seen.price,
        qty=seen.qty,
        fee=seen.fee,
        taker=seen.is_taker,
        venue_ts=seen.ts,
    )


def open_order(seen: box.OrderView) -> OpenOrder:
    name = seen.client_order_id or seen.order_id
    return OpenOrder(name, seen.order_id, seen.market, seen.side, seen.price, seen.remaining, seen.filled)


def correction(seen: box.Corrected) -> Correction:
    return Correction(fill_id=seen.fill_id, price=seen.price, qty=seen.qty, fee=seen.fee, venue_ts=seen.ts)


def quote(event: box.TopChanged, now: int) -> QuoteSeen:
    return QuoteSeen(
        event.market,
        event.bid,
        event.bid_qty if event.bid is not None else None,
        event.ask,
        event.ask_qty if event.ask is not None else None,
        event.ts,
        now,
    )


def phase(status: box.Status, exchange: box.ExchangeStatus) -> MarketPhase:
    """A market that would trade does not while the whole exchange is paused."""
    own = PHASES[status]
    return "paused" if own == "open" and exchange != "open" else own


def public(event: box.ForecastPublished | box.Settled, now: int) -> Input:
    """What everybody may know."""
    if isinstance(event, box.Settled):
        return settlement(event, now)
    return ForecastSeen(event.market, event.probability_ppm, event.source, event.ts, now)


def settlement(event: box.Settled | box.Settlement, now: int) -> SettlementSeen:
    return SettlementSeen(event.market, event.result, event.value, event.ts, now)


def transfer(event: box.Transferred, now: int) -> CashSeen:
    return CashSeen(event.amount, event.reference, now, event.transfer_id)


def closed_order(event: box.OrderClosed, now: int) -> OrderClosedSeen:
    return OrderClosedSeen(event.client_order_id or event.order_id, event.reason, event.filled, now)
