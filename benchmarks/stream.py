"""Kalshi's stream on one core: deltas a second from the bytes of a frame to a quote, duplicate keys checked.

python -m benchmarks.stream [DELTAS]
"""

import json
import sys
from random import Random
from time import perf_counter, process_time

from assent.model.units import SECOND
from assent.venue.kalshi.events import Proven, QuoteKnown
from assent.venue.kalshi.stream import Stream
from benchmarks.figure import Figure

DELTAS = 300_000
MARKETS = 200
LEVELS = 30
START = 1_790_000_000 * SECOND
# Deltas reach the stream a tenth of a millisecond apart.
STEP_NS = SECOND // 10_000


def frames(deltas: int) -> tuple[list[bytes], list[bytes]]:
    """Snapshots of every market, then changes of levels that never cross or empty a book."""
    rng = Random(7)
    tickers = [f"KXBENCH-26NOV21-T{number}" for number in range(MARKETS)]
    snapshots = []
    for seq, ticker in enumerate(tickers, 1):
        bids = [[f"0.{cents:02d}00", "1000000.00"] for cents in range(50 - LEVELS, 50)]
        asks = [[f"0.{cents:02d}00", "1000000.00"] for cents in range(51, 51 + LEVELS)]
        msg = {"market_ticker": ticker, "yes_dollars_fp": bids, "no_dollars_fp": asks}
        snapshots.append({"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": msg})
    changes = []
    for seq in range(MARKETS + 1, MARKETS + 1 + deltas):
        on_bids = rng.random() < 0.5
        depth = min(int(rng.expovariate(0.4)), LEVELS - 1)
        sent_ms = (START + (seq - MARKETS) * STEP_NS) // 1_000_000
        msg = {
            "market_ticker": rng.choice(tickers),
            "market_id": "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1",
            "price_dollars": f"0.{49 - depth if on_bids else 51 + depth:02d}00",
            "delta_fp": f"{rng.choice([-1, 1]) * rng.randint(1, 500)}.00",
            "side": "yes" if on_bids else "no",
            "ts": "2026-09-21T14:13:20.123Z",
            "ts_ms": sent_ms,
        }
        changes.append({"type": "orderbook_delta", "sid": 1, "seq": seq, "sending_ts_ms": sent_ms, "msg": msg})
    return [json.dumps(each).encode() for each in snapshots], [json.dumps(each).encode() for each in changes]


def measure(deltas: int) -> Figure:
    """Run all deltas through one stream; every book has to be fresh at the end, or the figure means nothing."""
    snapshots, changes = frames(deltas)
    stream = Stream()
    stream.watch([f"KXBENCH-26NOV21-T{number}" for number in range(MARKETS)], START)
    stream.opened(START)
    stream.received(b'{"type":"subscribed","id":1,"msg":{"channel":"orderbook_delta","sid":1}}', START)
    for raw in snapshots:
        stream.received(raw, START)
    quotes = proofs = 0
    now = START
    began, worked = perf_counter(), process_time()
    for raw in changes:
        now += STEP_NS
        for output in stream.received(raw, now):
            quotes += type(output) is QuoteKnown
            proofs += type(output) is Proven
    wall, cpu = perf_counter() - began, process_time() - worked
    if stream.place() != (1, MARKETS + deltas) or not stream.fresh("KXBENCH-26NOV21-T0", now):
        raise SystemExit("the stream lost its sequence: nothing was measured")
    note = f"{quotes:,} quotes, {proofs:,} proofs, {MARKETS} markets"
    return Figure("Kalshi deltas, bytes to quote", deltas / wall, "/s", 0, "more", note, deltas / cpu)


def main() -> int:
    figure = measure(int(sys.argv[1]) if len(sys.argv) > 1 else DELTAS)
    print(f"{figure.name}: {figure.value:,.0f}{figure.unit} ({figure.by_cpu:,.0f} by CPU time); {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
