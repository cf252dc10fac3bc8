"""From a frame to the order that leaves, without a human: the whole live path, fsync included.

python -m benchmarks.release [RELEASES]

The clock starts when the bytes of a websocket frame are handed to the connection, and stops when the transport has
been asked to send the create and has had its signed bytes read back and permitted, after the facts of the decision are
on the disk. Between the two lies what `assent run` is wired of: connection, stream, adapter, inbox, loop, desk with
every rule, watchdog, SQLite with FULL, executor, permit, throttle, signer. The frames that lead to an order come among
others, in bursts as a socket has them. What one raw commit costs on this disk is measured in the same seconds.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter, perf_counter_ns
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assent.app.around import kalshi, way_to
from assent.app.wiring import Around, Rooms, wire
from assent.config import Settings, load, template_path
from assent.desk.desk import Desk
from assent.desk.strategy import Proposals, Strategy, View
from assent.model.constitution import Constitution
from assent.model.facts import Fact, OrderReleased
from assent.model.inputs import Input, QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND
from assent.runtime.clock import ScaledClock
from assent.runtime.recovery import take_lease
from assent.runtime.watchdog import Watchdog
from assent.venue.kalshi.pace import Patience
from assent.venue.kalshi.signing import Method, Signer, load_signer
from benchmarks.figure import Figure
from benchmarks.venue import ACCOUNT, KEY_ID, SERIES, START, TICKERS, AtOnce, Frames

RELEASES = 2_000
WARM_UP = 50
# So many frames come at once, one of which leads to an order, and so much later the next ones.
BURST = 10
EVERY_S = 0.002
# By the venue's clock they are further apart: however slow this machine is, nothing looks like a backlog.
SENT_APART = SECOND // 20
LEAVES_WITHIN_S = 5
RAW_BODY = b"x" * 2_500
HALF = MICRO // 2
TEN = 10 * MICRO
LEDGER_ID = "bench00000000000"
Key = Ed25519PrivateKey | Any


class Buyer:
    """Takes what is offered at half a dollar, once each time that it is."""

    name = "buyer"

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def on_quote(self, _view: View, quote: QuoteSeen) -> Proposals:
        if quote.ask != HALF:
            self._asked.discard(quote.instrument)
            return None
        if quote.instrument in self._asked:
            return None
        self._asked.add(quote.instrument)
        return (Proposal(instrument=quote.instrument, price=HALF, fair=HALF + 70_000, qty_max=TEN),)


class Marks:
    """When the order that is under way reached which door: an observer of committed facts, among others."""

    def __init__(self) -> None:
        self.taken_up = self.decided = self.committed = self.signing = self.signed = 0

    def __call__(self, _seq: int, _ts: int, fact: Fact) -> None:
        if type(fact) is OrderReleased:
            self.committed = perf_counter_ns()


class WatchedDesk(Desk):
    """The very desk, and when it took up the quote that led to a release."""

    def __init__(self, marks: Marks, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._marks = marks

    def handle(self, ts: int, inp: Input) -> list[Fact]:
        began = perf_counter_ns()
        facts = super().handle(ts, inp)
        if any(type(fact) is OrderReleased for fact in facts):
            self._marks.taken_up, self._marks.decided = began, perf_counter_ns()
        return facts


class WatchedSigner:
    """The very signer, and when it signed."""

    def __init__(self, signer: Signer, marks: Marks) -> None:
        self._signer = signer
        self._marks = marks
        self.websocket_headers = signer.websocket_headers

    def headers(self, method: Method, target: str, now: int) -> dict[str, str]:
        self._marks.signing = perf_counter_ns()
        headers = self._signer.headers(method, target, now)
        self._marks.signed = perf_counter_ns()
        return headers


class Way(NamedTuple):
    """Where the time of one release went, in nanoseconds."""

    whole: int
    decode: int
    turn: int
    desk: int
    commit: int
    permit: int
    sign: int
    send: int


PLACES = {
    "decode": "decode, book, adapter",
    "turn": "rest of the burst, inbox, turn of the loop",
    "desk": "desk: strategy, every rule, intent, order",
    "commit": "commit: encode, chain, one transaction with fsync",
    "permit": "executor, permit, body, throttle",
    "sign": "sign",
    "send": "to the transport, its bytes read back",
}


class Measured(NamedTuple):
    """What came of one run."""

    ways: list[Way]
    frames: int
    seconds: float
    raw_ns: list[int]


def limits() -> Constitution:
    """Every rule runs, and none of them stands in the way."""
    return Constitution(
        series=(SERIES,), edge_min=30_000, risk_per_trade_max=20 * MICRO, open_positions_max=5,
        total_exposure_max=100 * MICRO, quote_proof_age_max=10 * SECOND, look_proof_age_max=2 * SECOND,
    )  # fmt: skip


def settings_in(folder: Path) -> Settings:
    """What the shipped template says of a desk that sends, with limits of ours."""
    shipped = template_path("kalshi-box")
    own = {"desk.name": "bench", "desk.account": ACCOUNT, "desk.dry_run": False, "forecasts.url": "off"}
    settings = load(shipped.parent, overrides=own, file_name=shipped.name)
    return replace(settings, root=folder, constitution=limits())


class Room(NamedTuple):
    """A desk that is wired as `assent run` wires it, and what it stands in."""

    rooms: Rooms
    transport: AtOnce
    marks: Marks
    desk: Desk


async def a_room(folder: Path, key: Key, strategy: Strategy, snapshots: list[bytes], stack: AsyncExitStack) -> Room:
    settings, marks = settings_in(folder), Marks()
    clock = ScaledClock(START, 1)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer: Any = WatchedSigner(load_signer(KEY_ID, pem), marks)
    transport = AtOnce(key.public_key(), clock, snapshots)
    stack.push_async_callback(transport.close)
    lease = take_lease(settings.ledger_path, now=clock.now())
    stack.callback(lease.release)
    watchdog = Watchdog.start(settings.state_dir, [strategy.name])
    stack.callback(watchdog.close)
    desk = WatchedDesk(marks, (strategy,), cell=watchdog.cell)
    around = Around(partial(kalshi, settings, way_to(transport, signer, clock, Patience()), clock), clock)
    rooms = wire(settings, desk, around, lease=lease, ledger_id=LEDGER_ID, watchdog=watchdog, observers=(marks,))
    stack.callback(rooms.opened.close)
    return Room(rooms, transport, marks, desk)


async def until(met: Callable[[], bool], *, every_s: float = 0) -> None:
    """Look again and again, from outside, where nobody would set an event."""
    while not met():  # noqa: ASYNC110 - the desk must be the very one, without a bell of ours in it
        await asyncio.sleep(every_s)


async def until_quoted(here: Room) -> None:
    """Ready, and with a quote of every market from the stream."""
    markets = here.desk.markets

    def quoted() -> bool:
        return here.rooms.runtime.ready and all(name in markets and markets[name].quote is not None for name in TICKERS)

    await until(quoted, every_s=0.01)


def bursts(frames: Frames, releases: int) -> Iterator[tuple[list[bytes], bytes]]:
    """Frames that come together, and the one among them that offers something; the next ones take it back first."""
    rng = Random(11)
    offered = ""
    for number in range(releases):
        at_ns = number * SENT_APART
        place = rng.randrange(1, BURST)
        together: list[bytes] = []
        for turn in range(BURST):
            if turn == 0 and offered:
                together.append(frames.delta(offered, "no", 50, -100, at_ns))
            elif turn == place:
                offered = TICKERS[number % len(TICKERS)]
                together.append(frames.delta(offered, "no", 50, 100, at_ns))
            else:
                together.append(frames.change(at_ns))
        yield together, together[place]


async def measure(folder: Path, key: Key, releases: int) -> Measured:
    """Run one desk and let it release so many orders."""
    frames = Frames(START)
    snapshots = frames.snapshots()
    played = list(bursts(frames, WARM_UP + releases))
    async with AsyncExitStack() as stack:
        here = await a_room(folder, key, Buyer(), snapshots, stack)
        raw = RawCommits(folder / "raw.sqlite")
        stack.callback(raw.close)
        ways: list[Way] = []
        taken: list[float] = []

        async def play() -> str:
            await until_quoted(here)
            began = perf_counter()
            for together, offer in played:
                ways.append(await one(here, together, offer))
                if len(ways) % 5 == 0:
                    raw.commit()
                await asyncio.sleep(EVERY_S)
            taken.append(perf_counter() - began)
            return "everything was measured"

        await here.rooms.runtime.run(here.rooms.opening, until=play)
    return Measured(ways[WARM_UP:], len(played) * BURST, taken[0], raw.taken)


async def one(here: Room, together: list[bytes], offer: bytes) -> Way:
    """Hand over a burst, and wait until the order that it leads to is asked to leave."""
    transport, marks = here.transport, here.marks
    player = transport.player
    player.marked = offer
    transport.asked.clear()
    player.play(together)
    try:
        async with asyncio.timeout(LEAVES_WITHIN_S):
            await transport.asked.wait()
    except TimeoutError:
        refused = dict(here.rooms.tally.refusals)
        halts = list(here.desk.state.halts)
        raise RuntimeError(f"no order left: nothing was measured; refused {refused}, halts {halts}") from None
    # Where it was the last frame before the others got their turn, the desk was quicker than the connection.
    decoded = min(player.taken_ns, marks.taken_up)
    times = (
        player.handed_ns, decoded, marks.taken_up, marks.decided, marks.committed, marks.signing, marks.signed,
        transport.asked_ns,
    )  # fmt: skip
    return Way(times[-1] - times[0], *(after - at for at, after in pairwise(times)))


class RawCommits:
    """One row of the size of a decision and its release, in a transaction of its own, as raw sqlite3 does it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA wal_autocheckpoint=0")
        self._connection.execute("CREATE TABLE raw(seq INTEGER PRIMARY KEY, body BLOB)")
        self.taken: list[int] = []

    def commit(self) -> None:
        began = perf_counter_ns()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO raw(body) VALUES (?)", (RAW_BODY,))
        self._connection.execute("COMMIT")
        self.taken.append(perf_counter_ns() - began)

    def close(self) -> None:
        self._connection.close()


def p50(taken: list[int]) -> float:
    """In milliseconds."""
    return median(taken) / 1e6


def p99(taken: list[int]) -> float:
    """In milliseconds."""
    return quantiles(taken, n=100)[98] / 1e6


KEYS: dict[str, Callable[[], Key]] = {
    "Ed25519": Ed25519PrivateKey.generate,
    "RSA 2048": lambda: generate_private_key(65_537, 2_048),
}


def figures(releases: int = RELEASES) -> list[Figure]:
    """With either kind of key that the venue hands out, and where the time goes with the first."""
    found: list[Figure] = []
    for kind, make in KEYS.items():
        with tempfile.TemporaryDirectory() as folder:
            measured = asyncio.run(measure(Path(folder), make(), releases))
        whole = [way.whole for way in measured.ways]
        load = os.getloadavg()[0]
        raw = f"raw commit in the same seconds {p50(measured.raw_ns):.2f} and {p99(measured.raw_ns):.2f} ms"
        rate = f"{measured.frames / measured.seconds:,.0f} deltas/s beside; load {load:.1f}"
        note = f"{len(whole):,} releases; {rate}"
        found += [
            Figure(f"frame to release, {kind}, p50", p50(whole), "ms", 0.6, "less", note),
            Figure(f"frame to release, {kind}, p99", p99(whole), "ms", 3, "less", raw),
        ]
        parts = {words: [getattr(way, place) for way in measured.ways] for place, words in PLACES.items()}
        parts["all of it but the commit"] = [way.whole - way.commit for way in measured.ways]
        for words, part in parts.items():
            found.append(Figure(f"  {words}", p50(part) * 1e3, "µs", 0, "less", f"p99 {p99(part) * 1e3:,.0f} µs"))
    return found


def main() -> int:
    releases = int(sys.argv[1]) if len(sys.argv) > 1 else RELEASES
    for figure in figures(releases):
        goal = f" (goal {figure.goal:g})" if figure.goal else ""
        print(f"{figure.name:<56}{figure.value:>10,.3f} {figure.unit}{goal}  {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
