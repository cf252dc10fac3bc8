"""Series, events and markets as rows: today's fields and no others.

A field that the venue removed in 2026 (integer prices, `tick_size`, `liquidity_dollars` and their kin) is never served,
whatever an older client or an older specification asks for.
"""

from decimal import Decimal

from assent.exchange.grid import CENTI_CENT, DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT
from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.cutoffs import is_archived
from assent.exchange.kalshi.errors import Row
from assent.exchange.types import MICRO, SECOND, MarketView, PriceBand, Status

SHARD = 0
CATEGORY = "Simulation"
LABELS: dict[tuple[PriceBand, ...], str] = {
    LINEAR_CENT: "linear_cent",
    DECI_CENT: "deci_cent",
    TAPERED_DECI_CENT: "tapered_deci_cent",
    CENTI_CENT: "center_centi_edge_centi_cent",
}
# Of a grid that has no name there; the ranges beside it are what counts.
UNNAMED = "custom"
STATUS_WORDS: dict[Status, str] = {
    "initialized": "initialized",
    "active": "active",
    "inactive": "inactive",
    "closed": "closed",
    "determined": "determined",
    "settled": "finalized",
}


def market_row(box: Box, view: MarketView, now: int) -> Row:
    spec, past = view.spec, box.past[view.spec.ticker]
    before = past.a_day_ago(now)
    row: Row = {
        "ticker": spec.ticker,
        "event_ticker": spec.event,
        "market_type": "binary",
        "title": spec.title,
        "subtitle": "",
        "yes_sub_title": spec.title,
        "no_sub_title": spec.title,
        "created_time": numbers.instant(past.created_ts),
        "updated_time": numbers.instant(past.updated_ts),
        "open_time": numbers.instant(spec.open_ts),
        "close_time": numbers.instant(spec.close_ts),
        "expiration_time": numbers.instant(spec.close_ts),
        "latest_expiration_time": numbers.instant(spec.close_ts),
        "settlement_timer_seconds": spec.settlement_timer_ns // SECOND,
        "settlement_bounds_type": "default",
        "status": STATUS_WORDS[view.status],
        "last_price_dollars": _price(view.last_price),
        "previous_yes_bid_dollars": _price(before.bid if before else None),
        "previous_yes_ask_dollars": _price(before.ask if before else None),
        "previous_price_dollars": _price(before.price if before else None),
        "volume_fp": numbers.count(view.volume),
        "volume_24h_fp": numbers.count(past.volume_of_a_day(now)),
        "open_interest_fp": numbers.count(view.open_interest),
        "notional_value_dollars": numbers.price(MICRO),
        "result": view.result or "",
        "can_close_early": True,
        "expiration_value": "",
        "rules_primary": f"If the outcome is {spec.title}, then the market resolves to Yes.",
        "rules_secondary": "",
        "price_level_structure": LABELS.get(view.price_bands, UNNAMED),
        "price_ranges": [_range(band) for band in view.price_bands],
        "exchange_index": SHARD,
    }
    row.update(_quotes(view, quoted=past.quoted))
    if view.value is not None:
        row["settlement_value_dollars"] = numbers.price(view.value)
    if past.settled_ts is not None:
        row["settlement_ts"] = numbers.instant(past.settled_ts)
    return row


def event_row(box: Box, views: list[MarketView], now: int, *, nested: bool) -> Row:
    spec = views[0].spec
    row: Row = {
        "event_ticker": spec.event,
        "series_ticker": spec.series,
        "title": spec.event,
        "sub_title": "",
        "collateral_return_type": "MECNET" if spec.mutually_exclusive else "",
        "mutually_exclusive": spec.mutually_exclusive,
        "category": CATEGORY,
        "strike_period": "",
        "product_metadata": None,
        "settlement_sources": [],
        "last_updated_ts": _updated(box, views),
        "fee_type_override": None,
        "fee_multiplier_override": None,
        "exchange_index": SHARD,
    }
    if nested:
        row["markets"] = [market_row(box, view, now) for view in views if not is_archived(box, view, now)]
    return row


def series_row(box: Box, views: list[MarketView], *, with_volume: bool) -> Row:
    spec = views[0].spec
    row: Row = {
        "ticker": spec.series,
        "title": spec.series,
        "category": CATEGORY,
        "categories": [CATEGORY],
        "tags": None,
        "frequency": "daily",
        "settlement_sources": None,
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": spec.fee_type,
        "fee_multiplier": Decimal(spec.fee_multiplier_ppm) / MICRO,
        "additional_prohibitions": None,
        "product_metadata": None,
        "last_updated_ts": _updated(box, views),
        "exchange_index": SHARD,
    }
    if with_volume:
        row["volume_fp"] = numbers.count(sum(view.volume for view in views))
    return row


def _quotes(view: MarketView, *, quoted: bool) -> Row:
    """Both sides, NO always the complement of YES. A side that is not there has a stand-in price and no size."""
    bid = view.bid or 0
    ask = view.ask or (MICRO if quoted else 0)
    return {
        "yes_bid_dollars": numbers.price(bid),
        "yes_bid_size_fp": numbers.count(view.bid_qty),
        "yes_ask_dollars": numbers.price(ask),
        "yes_ask_size_fp": numbers.count(view.ask_qty),
        "no_bid_dollars": numbers.price(MICRO - ask),
        "no_ask_dollars": numbers.price(MICRO - bid),
    }


def _price(micros: int | None) -> str:
    return numbers.price(micros or 0)


def _range(band: PriceBand) -> Row:
    return {
        "start": numbers.price(band.low),
        "end": numbers.price(band.high),
        "step": numbers.price(band.step),
    }


def _updated(box: Box, views: list[MarketView]) -> str:
    return numbers.instant(max(box.past[view.spec.ticker].updated_ts for view in views))
