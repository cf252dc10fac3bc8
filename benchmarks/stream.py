"""Kalshi's deltas on one core: how many a second from the bytes of a frame to a quote, duplicate keys checked.

python -m benchmarks.stream [DELTAS]

First the stream alone, then the whole road that `assent run` is wired of: connection, stream, adapter, inbox, loop,
watchdog and a desk whose strategy has nothing to do, over a ledger on the disk.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter, process_time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.desk.strategy import View
from assent.model.inputs import QuoteSeen
from assent.model.units import SECOND
from assent.venue.kalshi.events import Proven, QuoteKnown
from assent.venue.kalshi.stream import Stream
from benchmarks.figure import Figure
from benchmarks.release import Room, a_room, until, until_quoted
from benchmarks.venue import MARKETS, START, TICKERS, Frames

DELTAS = 150_000
GOAL = 5_000
# Deltas reach the stream a tenth of a millisecond apart.
STEP_NS = SECOND // 10_000
# So many are handed to the socket at once, and so many may wait there.
HANDED = 1_000
ROOM = 10_000
# One of the last so many deltas changes the top of its book.
LAST_WITHIN = 100


def changes(frames: Frames, deltas: int) -> list[bytes]:
    return [frames.change(number * STEP_NS) for number in range(1, deltas + 1)]


def alone(deltas: int) -> Figure:
    """Run all deltas through one stream; every book has to be fresh at the end, or the figure means nothing."""
    frames = Frames(START)
    snapshots, played = frames.snapshots(), changes(frames, deltas)
    stream = Stream()
    stream.watch(TICKERS, START)
    stream.opened(START)
    stream.received(b'{"type":"subscribed","id":1,"msg":{"channel":"orderbook_delta","sid":1}}', START)
    for raw in snapshots:
        stream.received(raw, START)
    quotes = proofs = 0
    now = START
    began, worked = perf_counter(), process_time()
    for raw in played:
        now += STEP_NS
        for output in stream.received(raw, now):
            quotes += type(output) is QuoteKnown
            proofs += type(output) is Proven
    wall, cpu = perf_counter() - began, process_time() - worked
    if stream.place() != (1, MARKETS + deltas) or not stream.fresh(TICKERS[0], now):
        raise RuntimeError("the stream lost its sequence: nothing was measured")
    note = f"{quotes:,} quotes, {proofs:,} proofs, {MARKETS} markets"
    return Figure("Kalshi deltas, bytes to quote", deltas / wall, "/s", GOAL, "more", note, deltas / cpu)


class Idle:
    """A strategy that has nothing to do."""

    name = "idle"

    def on_quote(self, _view: View, _quote: QuoteSeen) -> None:
        return None


async def _through_the_desk(folder: Path, deltas: int) -> Figure:
    frames = Frames(START)
    snapshots, played = frames.snapshots(), changes(frames, deltas)
    found: list[Figure] = []
    async with AsyncExitStack() as stack:
        here = await a_room(folder, Ed25519PrivateKey.generate(), Idle(), snapshots, stack)

        async def play() -> str:
            await until_quoted(here)
            found.append(await _played(here, played))
            return "everything was measured"

        await here.rooms.runtime.run(here.rooms.opening, until=play)
    return found[0]


async def _played(here: Room, played: list[bytes]) -> Figure:
    """As fast as they are taken, until the desk has handled the last of them."""
    runtime, player = here.rooms.runtime, here.transport.player
    conflated, handled = runtime.inbox.conflated, runtime.loop.quotes
    began, worked = perf_counter(), process_time()
    for batch in _batches(played):
        player.play(batch)
        await until(lambda: player.waiting <= ROOM)
    await until(lambda: not player.waiting and not len(runtime.inbox))
    wall, cpu = perf_counter() - began, process_time() - worked
    last = max(quote.source_ts for quote in (here.desk.markets[name].quote for name in TICKERS) if quote is not None)
    if here.desk.state.halts or last < START + (len(played) - LAST_WITHIN) * STEP_NS:
        raise RuntimeError(f"halts {list(here.desk.state.halts)}, last quote of {last}: nothing was measured")
    handled, conflated = runtime.loop.quotes - handled, runtime.inbox.conflated - conflated
    note = f"{handled:,} quotes handled, {conflated:,} overtaken in the inbox"
    count = len(played)
    return Figure("Kalshi deltas, bytes to idle desk", count / wall, "/s", GOAL, "more", note, count / cpu)


def _batches(played: list[bytes]) -> Iterable[list[bytes]]:
    return (played[start : start + HANDED] for start in range(0, len(played), HANDED))


def through_the_desk(deltas: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_through_the_desk(Path(folder), deltas))


def figures(deltas: int = DELTAS) -> list[Figure]:
    return [alone(deltas), through_the_desk(deltas)]


def main() -> int:
    for figure in figures(int(sys.argv[1]) if len(sys.argv) > 1 else DELTAS):
        print(f"{figure.name}: {figure.value:,.0f}{figure.unit} ({figure.by_cpu:,.0f} by CPU time); {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
