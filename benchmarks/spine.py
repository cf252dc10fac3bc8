"""The figures of the spine: one line each, with the goal and the ratio reached. Medians of several runs in one process.

A figure that depends on the machine stands beside a floor measured in the same run: the bare callback loop for the
desk, raw sqlite3 for the ledger.
"""

import gc
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType

from assent.desk.candidate import Candidate
from assent.desk.desk import Desk
from assent.desk.gate import judge
from assent.ledger.chain import Entry
from assent.ledger.memory import MemoryStore
from assent.ledger.sqlite import SqliteStore
from assent.ledger.verify import verify
from assent.model.facts import SCHEMA_VERSION, decode_fact
from assent.model.inputs import BarSeen, QuoteSeen
from assent.model.intents import Proposal
from benchmarks import bars, quotes, w1, w2, w3
from benchmarks.figure import Figure
from benchmarks.futures import Answer
from benchmarks.peers import over_peers

RUNS = 3


def all_figures(events: int, say: Callable[[str], None]) -> list[Figure]:
    """Measure everything; `say` is told what is going on."""
    say(f"loading {events:,} quotes")
    stream, fairs, reference = quotes.load(events)
    gc.collect()
    gc.freeze()
    figures: list[Figure] = []
    for measure in (floor_loop, w3_memory, w3_sqlite, idle_quote, full_gate):
        say(measure.__name__)
        figures.extend(measure(stream, fairs, reference=reference))
    del stream, fairs
    for workload, goals in FUTURES:
        say(workload.__name__)
        figures.extend(on_bars(workload, goals, events))
    say("peers, if there are any")
    figures.extend(over_peers(figures, events))
    for other in (durable_append, verify_and_restore, cold_commands):
        say(other.__name__)
        figures.extend(other())
    return figures


def floor_loop(stream: list[QuoteSeen], _fairs: list[int], **_: bool) -> list[Figure]:
    """A bare Python callback on each quote, deciding nothing."""

    def callback(_view: object, quote: QuoteSeen) -> None:
        if quote.bid >= quote.ask:
            raise ValueError("crossed")

    def once() -> float:
        started = time.perf_counter()
        for quote in stream:
            callback(None, quote)
        return len(stream) / (time.perf_counter() - started)

    return [Figure("floor: bare callback loop", median(once() for _ in range(RUNS)), "events/s", 0, "more")]


def w3_memory(stream: list[QuoteSeen], fairs: list[int], *, reference: bool) -> list[Figure]:
    answers = [w3.run(stream, fairs, MemoryStore()) for _ in range(RUNS)]
    rate, by_cpu = rates(answers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    held = peak - _rss_of_data(stream)
    return [
        Figure("W3, memory ledger", rate, "events/s", 2e6, "more", w3.verdict(answers[0], reference=reference), by_cpu),
        Figure("memory beside the quotes after W3", held, "MiB", 150, "less", f"peak {peak:.0f} MiB with them"),
    ]


def w3_sqlite(stream: list[QuoteSeen], fairs: list[int], *, reference: bool) -> list[Figure]:
    answers = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore.open(Path(folder) / "w3.sqlite", create=True)
            answers.append(w3.run(stream, fairs, store))
            store.close()
    rate, by_cpu = rates(answers)
    note = w3.verdict(answers[0], reference=reference)
    return [Figure("W3, SQLite FULL, batched", rate, "events/s", 1.5e6, "more", note, by_cpu)]


def rates(answers: list[w3.Answer] | list[Answer]) -> tuple[float, float]:
    """Events a second, the median of several runs: by the wall, and by the CPU."""
    by_wall = median(answer.events / answer.taken.wall for answer in answers)
    return by_wall, median(answer.events / answer.taken.cpu for answer in answers)


# Goals with the ledger in memory and with SQLite.
FUTURES = ((w1, (1e6, 0.8e6)), (w2, (0.3e6, 0.2e6)))


def on_bars(workload: ModuleType, goals: tuple[float, float], events: int) -> list[Figure]:
    """A futures workload with both ledgers, beside a bare callback loop over the same bars."""
    stream, reference = bars.load(min(events, workload.EVENTS))
    reference = reference and len(stream) == workload.EVENTS
    gc.collect()
    gc.freeze()
    name = workload.__name__.rpartition(".")[2].upper()
    floors, memory, disk = [], [], []
    for _ in range(RUNS):
        floors.append(len(stream) / _timed(lambda: _call_for_each(stream)))
        memory.append(workload.run(stream, MemoryStore()))
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore.open(Path(folder) / "l.sqlite", create=True)
            disk.append(workload.run(stream, store))
            store.close()
    floor = median(floors)
    figures = [Figure(f"{name}, floor: bare callback loop", floor, "events/s", 0, "more")]
    for ledger, answers, goal in (("memory ledger", memory, goals[0]), ("SQLite FULL, batched", disk, goals[1])):
        rate, by_cpu = rates(answers)
        note = f"{floor / rate:.1f} floor loops; {workload.verdict(answers[0], reference=reference)}"
        figures.append(Figure(f"{name}, {ledger}", rate, "events/s", goal, "more", note, by_cpu))
    return figures


def _call_for_each(stream: list[BarSeen]) -> None:
    def callback(_view: object, bar: BarSeen) -> None:
        if bar.high < bar.low:
            raise ValueError("upside down")

    for bar in stream:
        callback(None, bar)


def idle_quote(stream: list[QuoteSeen], fairs: list[int], **_: bool) -> list[Figure]:
    """One quote through `desk.handle` when the strategy has nothing to do."""

    class Idle:
        name = "idle"

        def on_quote(self, _view: object, _quote: QuoteSeen) -> None:
            return None

    desk, _ = w3.fresh_desk(fairs, MemoryStore(), (Idle(),))
    handle, taken = desk.handle, []
    for quote in stream[:200_000]:
        started = time.perf_counter_ns()
        handle(quote.received_ts, quote)
        taken.append(time.perf_counter_ns() - started)
    empty = []
    for _ in range(50_000):
        started = time.perf_counter_ns()
        empty.append(time.perf_counter_ns() - started)
    return [Figure("one idle quote, median", (median(taken) - median(empty)) / 1e3, "µs", 0.5, "less")]


def full_gate(stream: list[QuoteSeen], fairs: list[int], **_: bool) -> list[Figure]:
    """Candidate, every rule with its evidence, on a desk that holds five positions."""
    desk, writer = w3.fresh_desk(fairs, MemoryStore())
    _trade_until_full(desk, writer, stream)
    name = next(name for name in quotes.names() if name not in desk.state.positions)
    market = desk.markets[name]
    quote = desk.streams.taken(market)
    proposal = Proposal(instrument=name, side="buy", price=quote.ask, fair=quote.ask + 70_000, qty_max=w3.TEN)
    taken = []
    for _ in range(20_000):
        started = time.perf_counter_ns()
        candidate = Candidate(
            state=desk.state, now=desk.now, strategy="fair-value", proposal=proposal, market=market, quote=quote
        )
        judge(candidate)
        taken.append(time.perf_counter_ns() - started)
    return [Figure("full gate with evidence, median", median(taken) / 1e3, "µs", 10, "less")]


def _trade_until_full(desk: Desk, writer: w3.Writer, stream: list[QuoteSeen]) -> None:
    for quote in stream:
        for fact in desk.handle(quote.received_ts, quote):
            if type(fact).__name__ == "OrderReleased":
                w3.fill(desk, writer, fact.order, quote.received_ts)
        if len(desk.state.positions) == w3.MOST_OPEN:
            return


def durable_append() -> list[Figure]:
    """Ours against raw sqlite3 with the same rows, settings and batch size, turn by turn."""
    figures = []
    for batch, rounds in ((1, 400), (100, 60)):
        ratios, rates = [], []
        for _ in range(RUNS):
            ours, raw = _append_ours(batch, rounds), _append_raw(batch, rounds)
            ratios.append(ours / raw)
            rates.append(ours)
        name, note = f"durable append, {batch} a commit, of raw sqlite3", f"{median(rates):,.0f} records/s"
        figures.append(Figure(name, median(ratios), "x", 0.9, "more", note))
    return figures


def _entries(count: int) -> list[Entry]:
    seal = dict.fromkeys(("ledger_id", "mode", "venue", "environment", "account", "constitution_digest"), "x")
    first = Entry(1, "LedgerOpened", 1, json.dumps(seal).encode())
    body = json.dumps({"type": "Noted", "text": "x" * 280}).encode()
    return [first] + [Entry(number, "Noted", 1, body) for number in range(2, count + 1)]


def _append_ours(batch: int, rounds: int) -> float:
    entries = _entries(batch * rounds)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder) / "l.sqlite", create=True)
        started = time.perf_counter()
        for at in range(0, len(entries), batch):
            store.append(entries[at : at + batch])
        seconds = time.perf_counter() - started
        store.close()
    return len(entries) / seconds


def _append_raw(batch: int, rounds: int) -> float:
    body, digest = b"x" * 310, b"x" * 32
    rows = [(seq, digest, seq, "Noted", 1, body, digest) for seq in range(1, batch * rounds + 1)]
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "raw.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(
            "CREATE TABLE t(seq INTEGER PRIMARY KEY, prev BLOB, ts INT, kind TEXT, v INT, body BLOB, hash BLOB) STRICT"
        )
        started = time.perf_counter()
        for at in range(0, len(rows), batch):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", rows[at : at + batch])
            connection.execute("COMMIT")
        seconds = time.perf_counter() - started
        connection.close()
    return len(rows) / seconds


def verify_and_restore() -> list[Figure]:
    """A ledger of W3's facts: verified by the stand-alone program, folded by the desk."""
    stream, fairs, _ = quotes.load(1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "l.sqlite"
        store = SqliteStore.open(place, create=True)
        w3.run(stream, fairs, store)
        records = list(store.records())
        store.close()
        verified = median(_timed(lambda: verify(place, None)) for _ in range(RUNS))
    restored = median(_timed(lambda: _restore(records)) for _ in range(RUNS))
    return [
        Figure("verify", len(records) / verified, "records/s", 500e3, "more", f"{len(records):,} records of W3"),
        Figure("restore", len(records) / restored, "facts/s", 300e3, "more", "decoded and folded"),
    ]


def _restore(records: list) -> None:
    Desk(()).restore((record.ts, decode_fact(record.kind, SCHEMA_VERSION, record.body)) for record in records)


def cold_commands() -> list[Figure]:
    """Whole processes, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        desk = os.path.join(folder, "desk")
        _command("init", desk, "--template", "kalshi-paper")
        _command("run", desk, "--for", "1m", "--speed", "600", "--non-interactive")
        shown = median(_timed(lambda: _command("--help")) for _ in range(7))
        status = median(_timed(lambda: _command("status", "-C", desk, "--json")) for _ in range(7))
    return [
        Figure("assent --help", shown * 1e3, "ms", 150, "less"),
        Figure("assent status --json", status * 1e3, "ms", 250, "less"),
    ]


def _command(*words: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "assent", *words], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 6):
        raise RuntimeError(f"assent {' '.join(words)} ended with {done.returncode}: {done.stderr[-500:]}")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _rss_of_data(stream: list[QuoteSeen]) -> float:
    """What the quotes themselves take: each is one struct with six integers of its own."""
    each = sys.getsizeof(stream[0]) + sum(sys.getsizeof(value) for value in (stream[0].source_ts, stream[0].bid))
    return (sys.getsizeof(stream) + len(stream) * each) / 2**20
