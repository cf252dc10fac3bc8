"""The bars of workloads W1 and W2: 1,000,000 minutes of one future, tick 0.25, multiplier 5.

`ASSENT_BENCH_DATA` names a folder with the reference `bars.csv` (columns ts, open, high, low, close, volume), whose
orders and P&L are known. Without it a walk of the same shape is made from a seed, and nothing can be compared.
"""

import csv
import os
import pathlib
import random
from collections.abc import Iterator

from assent.model.grids import Band, PriceGrid, QtyGrid
from assent.model.inputs import BarSeen
from assent.model.instruments import Future, PerContractFee
from assent.model.units import MICRO, MINUTE

START = 1_577_836_800_000_000_000
TICK = 250_000
NAME = "MESZ4"
FUTURE = Future(
    id=NAME, venue="bench", event=NAME, series="MES", title="A micro future on an index",
    prices=PriceGrid((Band(0, 100_000 * MICRO, TICK),)), quantities=QtyGrid(MICRO, MICRO, 100 * MICRO),
    fees=PerContractFee(620_000), close_ts=4_000_000_000_000_000_000, multiplier=5 * MICRO,
)  # fmt: skip

Row = tuple[int, int, int, int, int]


def load(limit: int) -> tuple[list[BarSeen], bool]:
    """Bars, and whether they are the reference data."""
    folder = os.environ.get("ASSENT_BENCH_DATA")
    rows = _reference(pathlib.Path(folder) / "bars.csv") if folder else _made()
    bars = []
    for number, (open_, high, low, close, volume) in zip(range(limit), rows, strict=False):
        ts = START + number * MINUTE
        bars.append(BarSeen(NAME, open_, high, low, close, volume, ts, ts + MINUTE))
    return bars, folder is not None


def _reference(path: pathlib.Path) -> Iterator[Row]:
    """Prices in the file have at most two decimals, all on the tick."""
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for _, open_, high, low, close, volume in rows:
            yield _micros(open_), _micros(high), _micros(low), _micros(close), int(float(volume))


def _micros(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * MICRO + int(rest.ljust(6, "0"))


def _made(seed: int = 7) -> Iterator[Row]:
    stream = random.Random(seed)
    price = 5_000 * MICRO
    while True:
        open_ = price
        price = max(1_000 * MICRO, price + round(stream.gauss(0, 3)) * TICK)
        high = max(open_, price) + stream.randint(0, 4) * TICK
        low = min(open_, price) - stream.randint(0, 4) * TICK
        yield open_, high, low, price, stream.randint(1, 2_000)
