"""The exchange's fee words, read into a schedule. Rates only: what a trade costs is `model.fees`' to compute."""

from assent.exchange.types import FeeType
from assent.model.instruments import QuadraticFee
from assent.model.units import MICRO

TAKER_PPM = 70_000
# What a resting order pays, as a part of the taker's rate.
MAKER_SHARE_PPM: dict[FeeType, int] = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 250_000,
    "quadratic_with_combo_maker_fees": 500_000,
}


def schedule(fee_type: FeeType, multiplier_ppm: int) -> QuadraticFee:
    """Rates rounded up, since an estimate must not be too small."""
    taker = -(-TAKER_PPM * multiplier_ppm // MICRO)
    maker = -(-taker * MAKER_SHARE_PPM[fee_type] // MICRO)
    return QuadraticFee(taker_ppm=taker, maker_ppm=maker)
