"""Price grids: which prices a market takes. Piecewise, and changeable while the market lives.

A boundary between two bands belongs to both. Steps are whole hundredths of a cent, so that price times
quantity is always a whole number of micros and no rule of the exchange ever has to round a cost.
"""

from functools import cache

from assent.exchange.types import MICRO, ExchangeError, PriceBand

PRICE_UNIT = 100

LINEAR_CENT = (PriceBand(0, MICRO, 10_000),)
DECI_CENT = (PriceBand(0, MICRO, 1_000),)
CENTI_CENT = (PriceBand(0, MICRO, 100),)
TAPERED_DECI_CENT = (
    PriceBand(0, 100_000, 1_000),
    PriceBand(100_000, 900_000, 10_000),
    PriceBand(900_000, MICRO, 1_000),
)


@cache
def prices(bands: tuple[PriceBand, ...]) -> frozenset[int]:
    """Every price the grid takes. Only ever asked for membership, so its order can decide nothing."""
    if not bands:
        raise ExchangeError("a price grid needs at least one band")
    for band in bands:
        if not 0 <= band.low < band.high <= MICRO:
            raise ExchangeError(f"price band {band}: low and high must lie in order between 0 and {MICRO}")
        if band.step <= 0 or band.step % PRICE_UNIT or band.low % PRICE_UNIT:
            raise ExchangeError(f"price band {band}: low and step must be whole multiples of {PRICE_UNIT}")
        if (band.high - band.low) % band.step:
            raise ExchangeError(f"price band {band}: the step does not divide the band")
    taken = {p for band in bands for p in range(band.low, band.high + 1, band.step)}
    return frozenset(taken - {0, MICRO})
