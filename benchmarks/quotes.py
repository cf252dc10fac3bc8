"""The quotes of workload W3: 1,000,000 top-of-book updates on 50 binary markets, with a fair value for each.

`ASSENT_BENCH_DATA` names a folder with the reference `quotes.csv` (columns ts_ns, market, bid_c, ask_c, fair_bp), whose
orders and P&L are known. Without it a stream of the same shape is made from a seed; then there is nothing to compare
the answers with, and the report says so.
"""

import csv
import os
import pathlib
import random
from collections.abc import Iterator

from assent.model.inputs import QuoteSeen

MARKETS = 50
START = 1_577_836_800_000_000_000
CENT = 10_000
SIZE = 1_000 * 1_000_000

Row = tuple[int, int, int, int, int]


def names() -> list[str]:
    return [f"M{number:02d}" for number in range(MARKETS)]


def load(limit: int) -> tuple[list[QuoteSeen], list[int], bool]:
    """Quotes, the fair value that goes with each (micros), and whether they are the reference data."""
    folder = os.environ.get("ASSENT_BENCH_DATA")
    rows = _reference(pathlib.Path(folder) / "quotes.csv") if folder else _made(limit)
    markets = names()
    quotes, fairs = [], []
    for ts, market, bid, ask, fair in rows:
        quotes.append(QuoteSeen(markets[market], bid * CENT, SIZE, ask * CENT, SIZE, ts, ts))
        fairs.append(fair * 100)
        if len(quotes) == limit:
            break
    return quotes, fairs, folder is not None


def _reference(path: pathlib.Path) -> Iterator[Row]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield int(row["ts_ns"]), int(row["market"]), int(row["bid_c"]), int(row["ask_c"]), int(row["fair_bp"])


def _made(limit: int, seed: int = 7) -> Iterator[Row]:
    """A reflected walk for each market, and a fair value that wanders around it."""
    stream = random.Random(seed)
    mids = [stream.uniform(0.2, 0.8) for _ in range(MARKETS)]
    errors = [0.0] * MARKETS
    for number in range(limit):
        market = number % MARKETS
        mid = mids[market] + stream.gauss(0, 0.004)
        mid = 0.10 - mid if mid < 0.05 else 1.90 - mid if mid > 0.95 else mid
        mids[market] = mid
        errors[market] = 0.95 * errors[market] + stream.gauss(0, 0.012)
        half = stream.randint(1, 2)
        bid = min(max(round(mid * 100) - half, 1), 98)
        ask = max(min(round(mid * 100) + half, 99), bid + 1)
        fair = round(min(max(mid + errors[market], 0.01), 0.99) * 10_000)
        yield START + number * 1_000_000, market, bid, ask, fair + (fair % 100 == 0)
