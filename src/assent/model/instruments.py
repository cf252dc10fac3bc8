"""What can be traded: binary contracts and futures, with their grids, payout rule and fee schedule.

An instrument is listed in the ledger before the first intent on it, so that every later record can be read without
asking the venue what the thing was.
"""

from typing import Literal

import msgspec

from assent.model.grids import PriceGrid, QtyGrid
from assent.model.units import MICRO, is_time

# Who moves the money at the end: the venue by itself, or we by a claim.
Payout = Literal["automatic", "claim"]


class QuadraticFee(msgspec.Struct, frozen=True, tag="quadratic", gc=False):
    """rate x contracts x P x (1-P), each trade rounded up to `fee_step`, the balance change down to `balance_step`."""

    taker_ppm: int
    maker_ppm: int
    fee_step: int = 100
    balance_step: int = 100


class PerContractFee(msgspec.Struct, frozen=True, tag="per_contract", gc=False):
    """The same amount of money for each contract and side."""

    amount: int


FeeSchedule = QuadraticFee | PerContractFee


class BinaryContract(msgspec.Struct, frozen=True, tag="binary", gc=False):
    """Pays one dollar when its question resolves to yes, nothing when to no, or a fixed part when scalar."""

    id: str
    venue: str
    event: str
    series: str
    title: str
    prices: PriceGrid
    quantities: QtyGrid
    fees: FeeSchedule
    close_ts: int
    exclusive_group: str = ""
    payout: Payout = "automatic"
    source_digest: str = ""


class Future(msgspec.Struct, frozen=True, tag="future", gc=False):
    """Gains `multiplier` money for each whole point that the price moves; no cash is paid at entry."""

    id: str
    venue: str
    event: str
    series: str
    title: str
    prices: PriceGrid
    quantities: QtyGrid
    fees: FeeSchedule
    close_ts: int
    multiplier: int
    payout: Payout = "automatic"
    source_digest: str = ""


Instrument = BinaryContract | Future


def price_fits(instrument: Instrument, price: int) -> bool:
    """On the grid, and a price: nothing and one dollar are the ends of a binary contract's life, not prices."""
    if type(instrument) is BinaryContract and not 0 < price < MICRO:
        return False
    return instrument.prices.holds(price)


def instrument_fault(instrument: Instrument) -> str | None:
    """Why this description cannot be traded on, or None."""
    for name in ("id", "venue", "event", "series"):
        text = getattr(instrument, name)
        if not text or not text.isprintable() or len(text) > 120:
            return f"{name} {text[:40]!r} is empty, too long or not printable"
    grid_fault = instrument.prices.fault() or instrument.quantities.fault()
    if grid_fault:
        return grid_fault
    if not is_time(instrument.close_ts):
        return f"close time {instrument.close_ts} is not a time"
    if type(instrument) is BinaryContract:
        if any(band.high > MICRO for band in instrument.prices.bands):
            return "a binary contract's price cannot be above one dollar"
    elif type(instrument) is Future and instrument.multiplier <= 0:
        return f"multiplier {instrument.multiplier} is not positive"
    return _fee_fault(instrument.fees)


def _fee_fault(fees: FeeSchedule) -> str | None:
    if type(fees) is QuadraticFee:
        if min(fees.taker_ppm, fees.maker_ppm) < 0 or min(fees.fee_step, fees.balance_step) <= 0:
            return f"fee schedule {fees!r} has a negative rate or a step that is not positive"
    elif type(fees) is PerContractFee and fees.amount < 0:
        return f"fee {fees.amount} per contract is negative"
    return None
