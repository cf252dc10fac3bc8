"""What the console's reading costs: from a commit to the page that knows of it, and each answer that a page needs.

python -m benchmarks.console [RECORDS]

One ledger as a desk leaves it that has traded for a while and asks people about a hundred ideas; another with as long a
past as a desk gets in months. Memory and the time to read it are those of a process that does nothing else.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from assent.config import Settings, load
from assent.console.reading.show import intents
from assent.console.reading.tail import Tail
from assent.desk.strategy import Proposals, View
from assent.ledger.chain import Entry
from assent.ledger.sqlite import SqliteStore
from assent.model.facts import SCHEMA_VERSION, EquityMarked, encode_fact
from assent.model.inputs import InstrumentSeen, PhaseSeen, QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import DAY, MICRO
from benchmarks.figure import Figure
from benchmarks.ready import CENT, LIMITS, MARKETS, Past, Scalper, a_market

FACTS = 10_000
WAITING = 100
RECORDS = 100_000
COMMITS = 40
RUNS = 50
ASKED_AT = 80 * CENT
DESK = """
[desk]
name = "bench"
account = "bench"
[scope]
series = ["KXHIGHSIM"]
[constitution]
approvals = ["open from 0.50 needs 1"]
approvers = ["ada=os:ada"]
approval_life = "1d"
{limits}
[[strategy]]
name = "threshold"
"""


class Asker(Scalper):
    """Trades like the scalper, and has an idea that needs a person at eighty cents."""

    def on_quote(self, view: View, quote: QuoteSeen) -> Proposals:
        if quote.ask == ASKED_AT:
            return (Proposal(instrument=quote.instrument, price=ASKED_AT, fair=95 * CENT, qty_max=MICRO),)
        return super().on_quote(view, quote)


class Waiting(Past):
    """A past, at whose end people are asked about many ideas."""

    def ask(self, count: int) -> None:
        for number in range(MARKETS, MARKETS + count):
            market, ts = a_market(number), self._ts
            self._take(InstrumentSeen(market, ts))
            self._take(PhaseSeen(market.id, "open", ts, ts))
            self._take(QuoteSeen(market.id, 78 * CENT, 9 * MICRO, ASKED_AT, 9 * MICRO, ts, ts))
        self._writer.commit()
        if len(self._desk.state.asked) != count:
            raise RuntimeError(f"{len(self._desk.state.asked)} of {count} ideas wait: {self._desk.state.level}")


def settings_in(folder: Path) -> Settings:
    folder.mkdir()
    limits = "\n".join(f"{key} = {value}" for key, value in LIMITS.items())
    (folder / "assent.toml").write_text(DESK.format(limits=limits), encoding="utf-8")
    return load(folder, plugins=False)


def write(settings: Settings, records: int, waiting: int) -> None:
    settings.state_dir.mkdir(parents=True, mode=0o700)
    store = SqliteStore.open(settings.ledger_path, create=True)
    try:
        past = Waiting(settings, store, begin_ts=time.time_ns() - 200 * DAY, strategy=Asker())
        past.live(records)
        past.ask(waiting)
    finally:
        store.close()


def answers(path: Path) -> list[Figure]:
    """How long each thing takes that a page asks for."""
    tail = Tail(path, now=time.time_ns, name="bench")
    while tail.poll():
        pass
    while tail._chores.turn():  # noqa: SLF001 - what the thread does, without its pauses
        pass
    snapshot, book = tail.snapshot, tail._follower.book  # noqa: SLF001 - the parts are measured one by one
    waits = snapshot.intents.pending[WAITING // 2].intent.intent_id
    done = snapshot.intents.rows[10].intent_id
    moment, maker = tail._moment(), tail._maker  # noqa: SLF001
    questions: dict[str, tuple[Callable[[], object], float]] = {
        "everything that the pages show": (lambda: maker.make(book, moment, snapshot), 20),
        "  of it the cards of those that wait": (lambda: intents(book, moment.desk_ts), 0),
        "the story of one that waits": (lambda: tail.story(waits), 50),
        "the story of one that is over": (lambda: tail.story(done), 50),
        "a page of fifty records": (lambda: tail.records(limit=50), 20),
        "a page of one market's records": (
            lambda: tail.records(stream="instrument", value=a_market(3).id, limit=50), 20,
        ),
        "one record whole": (lambda: tail.record(snapshot.seq // 2), 5),
    }  # fmt: skip
    note = f"{snapshot.seq:,} records, {len(snapshot.intents.pending)} wait"
    found = [Figure(words, _ms(question), "ms", goal, "less", note) for words, (question, goal) in questions.items()]
    tail.stop()
    return found


def commits(path: Path) -> list[Figure]:
    """From the return of a commit until whoever waits holds the snapshot with its record."""
    store, took = SqliteStore.open(path), []
    with Tail(path, now=time.time_ns) as tail:
        _shows(tail, store.head().seq)
        for number in range(COMMITS):
            fact = EquityMarked(equity=number, cash=number, exposure=0)
            store.append([Entry(store.head().ts, "EquityMarked", SCHEMA_VERSION, encode_fact(fact))])
            began = time.perf_counter()
            _shows(tail, store.head().seq)
            took.append((time.perf_counter() - began) * 1e3)
            time.sleep(0.013)
    store.close()
    note = f"longest of {COMMITS}: {max(took):.0f} ms; load {os.getloadavg()[0]:.1f}"
    return [Figure("from a commit to the snapshot with it", median(took), "ms", 200, "less", note)]


def _shows(tail: Tail, seq: int) -> None:
    snapshot = tail.snapshot
    while snapshot.seq < seq:
        snapshot = tail.wait(snapshot.version, 10.0)


def idle(path: Path) -> list[Figure]:
    """What following costs while nothing is written."""
    tail = Tail(path, now=time.time_ns)
    while tail.poll():
        pass
    began = time.process_time()
    for _ in range(1_000):
        tail.poll()
    tail.stop()
    return [Figure("a look at a ledger that is quiet", (time.process_time() - began) * 1e3, "µs", 1_000, "less")]


def start(path: Path) -> list[Figure]:
    """A process that reads the ledger and nothing else."""
    said = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.console", "inside", str(path)], check=True, capture_output=True, text=True
    ).stdout
    told = json.loads(said)
    note = f"{told['records']:,} records"
    busy = f"{note}; {told['cpu']:.2f} s of the processor's time; load {os.getloadavg()[0]:.1f}"
    return [
        Figure("a long ledger read", told["seconds"], "s", 2, "less", busy),
        Figure("memory after it", told["mib"], "MiB", 100, "less", note),
    ]


def inside(path: Path) -> int:
    tail = Tail(path, now=time.time_ns)
    began, busy = time.perf_counter(), time.process_time()
    while tail.poll():
        pass
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    print(json.dumps({"records": tail.snapshot.seq, "seconds": seconds, "cpu": cpu, "mib": _peak_mib()}))
    return 0


def _peak_mib() -> float:
    """Of this program alone: what `getrusage` says begins with the size of the process that started it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say how much memory a process has held")


def _ms(question: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        question()
        taken.append((time.perf_counter() - began) * 1e3)
    return median(taken)


def figures(records: int = RECORDS, facts: int = FACTS) -> list[Figure]:
    """On a ledger of `facts` records, and how a process fares with one of `records`."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = settings_in(Path(folder) / "short"), settings_in(Path(folder) / "long")
        write(short, facts, WAITING)
        write(long, records, WAITING)
        near = short.ledger_path
        return [*commits(near), *answers(near), *idle(near), *start(long.ledger_path)]


def main() -> int:
    if sys.argv[1:2] == ["inside"]:
        return inside(Path(sys.argv[2]))
    for figure in figures(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS):
        goal = f" (goal {figure.goal:g})" if figure.goal else ""
        print(f"{figure.name:<44}{figure.value:>10,.3f} {figure.unit}{goal}  {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
