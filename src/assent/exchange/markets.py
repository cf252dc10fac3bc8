"""A market and its life: initialized, active (and inactive), closed, determined, settled.

The table says which step may follow which; the core walks it. There is no "void": a cancelled event settles at a
scalar value. A market must never know who trades in it.
"""

import msgspec

from assent.exchange.book import NO_TOP, Book, Top
from assent.exchange.fees import MAKER_COEFFICIENT, TAKER_COEFFICIENT
from assent.exchange.grid import PRICE_UNIT, prices
from assent.exchange.types import (
    MICRO,
    QTY_STEP,
    ExchangeError,
    MarketSpec,
    MarketView,
    PriceBand,
    Result,
    Status,
)

NEXT: dict[Status, tuple[Status, ...]] = {
    "initialized": ("active", "closed"),
    "active": ("inactive", "closed"),
    "inactive": ("active", "closed"),
    "closed": ("determined",),
    "determined": ("settled",),
    "settled": (),
}


class Market:
    __slots__ = (
        "bands",
        "book",
        "last_price",
        "listed_ts",
        "maker_rate",
        "prices",
        "result",
        "settled_ts",
        "spec",
        "status",
        "taker_rate",
        "top",
        "value",
        "volume",
    )

    def __init__(self, spec: MarketSpec, listed_ts: int) -> None:
        if not spec.open_ts < spec.close_ts:
            raise ExchangeError(f"market {spec.ticker} would close ({spec.close_ts}) before it opens ({spec.open_ts})")
        if spec.qty_step <= 0 or spec.qty_step % QTY_STEP:
            raise ExchangeError(f"market {spec.ticker}: the quantity step must be a multiple of {QTY_STEP}")
        self.spec = spec
        self.listed_ts = listed_ts
        self.settled_ts: int | None = None
        self.status: Status = "initialized"
        self.bands = spec.price_bands
        self.prices = prices(spec.price_bands)
        self.taker_rate = (TAKER_COEFFICIENT, spec.fee_multiplier_ppm)
        self.maker_rate = (MAKER_COEFFICIENT[spec.fee_type], spec.fee_multiplier_ppm)
        self.book = Book()
        self.top: Top = NO_TOP
        self.last_price: int | None = None
        self.volume = 0
        self.result: Result | None = None
        self.value: int | None = None

    def become(self, status: Status) -> None:
        if status not in NEXT[self.status]:
            raise ExchangeError(f"market {self.spec.ticker} is {self.status} and cannot become {status}")
        self.status = status

    def regrid(self, bands: tuple[PriceBand, ...]) -> None:
        """A new grid for new orders. What already rests stays where it is, on the grid or not."""
        self.prices = prices(bands)
        self.bands = bands

    def must_allow(self, result: Result, value: int) -> None:
        """Yes pays a dollar, no nothing, scalar something between: anything else is refused."""
        allowed = {"yes": value == MICRO, "no": value == 0, "scalar": 0 < value < MICRO}
        if not allowed[result] or value % PRICE_UNIT:
            raise ExchangeError(f"market {self.spec.ticker}: result {result} cannot pay {value} for one YES")

    def decide(self, result: Result, value: int) -> None:
        """Write the result down."""
        self.become("determined")
        self.result = result
        self.value = value

    def move_close(self, close_ts: int) -> None:
        if self.status not in ("initialized", "active", "inactive"):
            raise ExchangeError(f"market {self.spec.ticker} is {self.status}: its close cannot be moved any more")
        if close_ts <= self.spec.open_ts:
            raise ExchangeError(f"market {self.spec.ticker} would close ({close_ts}) before it opens")
        self.spec = msgspec.structs.replace(self.spec, close_ts=close_ts)

    def view(self, open_interest: int) -> MarketView:
        return MarketView(
            spec=self.spec,
            status=self.status,
            price_bands=self.bands,
            bid=self.top.bid,
            bid_qty=self.top.bid_qty,
            ask=self.top.ask,
            ask_qty=self.top.ask_qty,
            last_price=self.last_price,
            volume=self.volume,
            open_interest=open_interest,
            result=self.result,
            value=self.value,
            listed_ts=self.listed_ts,
            settled_ts=self.settled_ts,
        )
