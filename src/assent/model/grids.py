"""Where a price or a quantity may lie. Grids belong to an instrument and may change while it trades.

A price grid is a list of bands (low, high, step); a price is valid when some band holds it on its step. Neighbouring
bands share their boundary, so it does not matter which one owns it.
"""

import msgspec


class Band(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """From `low` to `high`, both included, in steps of `step` counted from zero."""

    low: int
    high: int
    step: int


class PriceGrid(msgspec.Struct, frozen=True, array_like=True):
    bands: tuple[Band, ...]

    def holds(self, price: int) -> bool:
        for band in self.bands:  # noqa: SIM110 - asked for each quote: a plain loop takes half of any()'s time
            if band.low <= price <= band.high and price % band.step == 0:
                return True
        return False

    def hold(self, open_: int, high: int, low: int, close: int) -> bool:
        """Whether all four prices of a bar lie on the grid: mostly one band holds the whole bar."""
        for band in self.bands:
            if band.low <= low and high <= band.high:
                step = band.step
                if not (open_ % step or high % step or low % step or close % step):
                    return True
        return self.holds(open_) and self.holds(high) and self.holds(low) and self.holds(close)

    def down(self, price: int) -> int | None:
        """The highest grid price that is not above `price`."""
        below = [min(price, band.high) // band.step * band.step for band in self.bands if band.low <= price]
        valid = [candidate for candidate in below if self.holds(candidate)]
        return max(valid, default=None)

    def up(self, price: int) -> int | None:
        """The lowest grid price that is not below `price`."""
        above = [-(-max(price, band.low) // band.step) * band.step for band in self.bands if band.high >= price]
        valid = [candidate for candidate in above if self.holds(candidate)]
        return min(valid, default=None)

    def fault(self) -> str | None:
        """Why this cannot be a grid, or None."""
        if not self.bands:
            return "a price grid needs at least one band"
        for band in self.bands:
            if not (0 <= band.low < band.high and band.step > 0):
                return f"band {band.low}..{band.high} step {band.step} is not a range with a positive step"
        return None


class QtyGrid(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Quantities are multiples of `step`, from `least` to `most`."""

    step: int
    least: int
    most: int

    def holds(self, qty: int) -> bool:
        return self.least <= qty <= self.most and qty % self.step == 0

    def down(self, qty: int) -> int:
        """The largest allowed quantity that is not above `qty`; zero when none fits. Never rounded up."""
        fitted = min(qty, self.most) // self.step * self.step
        return fitted if fitted >= self.least else 0

    def fault(self) -> str | None:
        """Why this cannot be a grid, or None."""
        if self.step <= 0 or not 0 < self.least <= self.most:
            return f"quantity step {self.step}, least {self.least}, most {self.most} do not make a grid"
        return None


CENT_GRID = PriceGrid((Band(10_000, 990_000, 10_000),))
WHOLE_CONTRACTS = QtyGrid(1_000_000, 1_000_000, 1_000_000_000_000)
HUNDREDTHS = QtyGrid(10_000, 10_000, 1_000_000_000_000)
