"""From `assent run` to a desk that is ready, with a long past: live at an exchange in the box, over loopback.

python -m benchmarks.ready [RECORDS]

The past is what the very desk has recorded of trading for months, sealed as the desk that starts. Every start is the
command itself in a process of its own, and counts until the desk says that it is ready. One more start, with a clock at
its doors, tells where the time goes.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from assent.app.wiring import identity_of
from assent.config import Settings, load
from assent.desk.desk import Desk
from assent.desk.strategy import Proposals, Strategy, View
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.sqlite import SqliteStore
from assent.model.facts import OrderReleased
from assent.model.grids import CENT_GRID, WHOLE_CONTRACTS
from assent.model.inputs import (
    Accepted,
    AccountSeen,
    FillSeen,
    Input,
    InstrumentSeen,
    PhaseSeen,
    QuoteSeen,
    SendAnswered,
    TimePassed,
)
from assent.model.instruments import BinaryContract, PerContractFee
from assent.model.intents import Proposal
from assent.model.orders import Fill, Order
from assent.model.units import DAY, MICRO, MINUTE
from assent.runtime.control import ask
from assent.runtime.recovery import opening_inputs
from benchmarks.figure import Figure
from benchmarks.w3 import Writer

RECORDS = 100_000
STARTS = 3
GOAL_S = 3.0
WAIT_S = 60
LEDGER_ID = "bench00000000000"
POLL_S = 0.01
CASH = 1_000 * MICRO
CENT = 10_000
FEE = CENT
SERIES = "KXHIGHSIM"
MARKETS = 20
# The trades of the past lie so far apart.
APART = MINUTE
# What the shipped limits would not let a desk do so often.
LIMITS = {
    "trades_per_market_day_max": '"off"', "entries_per_hour_max": '"off"', "entry_gap_min": '"off"',
    "notional_per_day_max": '"off"', "orders_per_day_max": "100000",
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------- the past


class Scalper:
    """Buys at 40 cents, and leaves two cents higher: what both fees take."""

    name = "scalper"

    def on_quote(self, _view: View, quote: QuoteSeen) -> Proposals:
        if quote.ask == 40 * CENT:
            return (Proposal(instrument=quote.instrument, price=40 * CENT, fair=60 * CENT, qty_max=MICRO),)
        if quote.bid == 42 * CENT:
            return (Proposal(instrument=quote.instrument, action="close", side="sell", price=42 * CENT, qty_max=MICRO),)
        return None


class Past:
    """A desk that lives through months in seconds, and keeps what `assent run` would keep."""

    def __init__(
        self, settings: Settings, store: SqliteStore, *, begin_ts: int, strategy: Strategy | None = None
    ) -> None:
        self._store = store
        self._anchors = AnchorFile(anchors_of(store.path))
        self._writer = Writer(store)
        self._desk = Desk((strategy or Scalper(),))
        self._ts = begin_ts
        self._records = 0
        opening = opening_inputs(
            self._desk, identity_of(settings), ledger_id=LEDGER_ID, build="bench", state_dir=None, now=begin_ts
        )
        for inp in (*opening, self._account()):
            self._take(inp)
        for number in range(MARKETS):
            self._take(InstrumentSeen(a_market(number), begin_ts))
            self._take(PhaseSeen(a_market(number).id, "open", begin_ts, begin_ts))

    def live(self, records: int) -> int:
        """Trade until so many records are written; the desk is flat then, with the cash that it had."""
        number = 0
        while self._records < records:
            if number > records:
                raise RuntimeError("the limits let the past hardly trade")
            name = a_market(number % MARKETS).id
            for bid, ask_price in ((38, 40), (42, 44)):
                self._ts += APART
                self._take(TimePassed(self._ts))
                self._take(QuoteSeen(name, bid * CENT, 100 * MICRO, ask_price * CENT, 100 * MICRO, self._ts, self._ts))
            if number % MARKETS == 0:
                self._take(self._account())
                self._anchor()
            number += 1
        self._anchor()
        self._anchors.close()
        state = self._desk.state
        if state.positions or state.orders or state.halts or state.cash != CASH:
            raise RuntimeError(f"the past is not as it should be: cash {state.cash}, halts {list(state.halts)}")
        return self._records

    def _account(self) -> AccountSeen:
        return AccountSeen(CASH, (), (), "kalshi", self._ts, self._ts)

    def _anchor(self) -> None:
        self._writer.commit()
        self._anchors.append(LEDGER_ID, self._store.head())

    def _take(self, inp: Input) -> None:
        facts = self._desk.handle(self._ts, inp)
        self._records += len(facts)
        self._writer.keep(self._ts, facts)
        for fact in facts:
            if type(fact) is OrderReleased:
                self._fill(fact.order)

    def _fill(self, order: Order) -> None:
        name, ts = order.order_id, self._ts
        self._take(SendAnswered(name, Accepted(f"v-{name}", order.qty, 0), ts))
        self._take(
            FillSeen(
                Fill(fill_id=f"f-{name}", order_id=name, instrument=order.instrument, side=order.side,
                     price=order.price, qty=order.qty, fee=FEE, taker=True, venue_ts=ts),
                ts,
            )
        )  # fmt: skip


def a_market(number: int) -> BinaryContract:
    return BinaryContract(
        id=f"{SERIES}-26JAN01-B{number}", venue="kalshi", event=f"{SERIES}-26JAN01", series=SERIES,
        title="a market", prices=CENT_GRID, quantities=WHOLE_CONTRACTS, fees=PerContractFee(FEE),
        close_ts=4_000_000_000_000_000_000,
    )  # fmt: skip


def write_past(settings: Settings, records: int) -> int:
    """The ledger of a desk that has traded until a moment ago."""
    begin_ts = time.time_ns() - 200 * DAY
    settings.state_dir.mkdir(parents=True, mode=0o700)
    store = SqliteStore.open(settings.ledger_path, create=True)
    try:
        return Past(settings, store, begin_ts=begin_ts).live(records)
    finally:
        store.close()


# ----------------------------------------------------------------------------------------------- the box and the desk


class Box(NamedTuple):
    """An exchange in the box that answers."""

    url: str
    key_id: str
    key_file: str


@contextmanager
def a_box(folder: Path) -> Iterator[Box]:
    """`assent exchange kalshi` until the block ends."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "assent", "exchange", "kalshi", "--dir", str(folder), "--port", "0", "--json",
         "--account", "kalshi-box", "--key-type", "ed25519"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = process.stdout.readline() if process.stdout else ""
        if not said:
            raise RuntimeError("the box did not start: nothing was measured")
        told = json.loads(said)
        yield Box(told["url"].removesuffix("/trade-api/v2"), told["key"]["key_id"], told["key"]["private_file"])
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=WAIT_S)
        process.kill()
        process.wait()


def a_desk(folder: Path, box: Box) -> Settings:
    """From the template, as a desk that sends to this box."""
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "assent", "init", str(folder), "--template", "kalshi-box"],
        check=True, capture_output=True,
    )  # fmt: skip
    values = LIMITS | {
        "dry_run": "false", "url": '"off"', "box_url": f'"{box.url}"', "key_id": f'"{box.key_id}"',
        "key_file": f'"{box.key_file}"',
    }  # fmt: skip
    path = folder / "assent.toml"
    text = path.read_text(encoding="utf-8")
    for key, value in values.items():
        text, count = re.subn(rf'^{key} = ("[^"]*"|\w+)', f"{key} = {value}", text, flags=re.MULTILINE)
        if count != 1:
            raise RuntimeError(f"{key} stands {count} times in the template")
    path.write_text(text, encoding="utf-8")
    return load(folder)


def start(settings: Settings, *command: str) -> tuple[float, str]:
    """Seconds from the start of the process until the desk says that it is ready; what it said on standard error."""
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *command, "run", str(settings.root), "--non-interactive", "--confirm-live", settings.account],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        status = _until_ready(settings, process)
        seconds = time.perf_counter() - began
    finally:
        process.terminate()
        _, said = process.communicate(timeout=WAIT_S)
    if status is None:
        raise RuntimeError(f"the desk did not come up: {said[-500:]}")
    if status["halts"]:
        raise RuntimeError(f"the desk is halted by {[halt['cause'] for halt in status['halts']]}: nothing was measured")
    return seconds, said


def _until_ready(settings: Settings, process: "subprocess.Popen[str]") -> dict[str, Any] | None:
    patience = time.perf_counter() + WAIT_S
    while time.perf_counter() < patience and process.poll() is None:
        answer = ask(settings.control_path, {"cmd": "status"})
        if answer and answer.get("ok") and answer["status"]["ready"]:
            return dict(answer["status"])
        time.sleep(POLL_S)
    return None


# ------------------------------------------------------------------------------------------------- where the time goes


class Span(NamedTuple):
    """Something that a start does, in milliseconds."""

    what: str
    ms: float


def inside(began_ns: int, words: list[str]) -> int:
    """The command in this process, with a clock at its doors; tells each span on standard error when it is ready."""
    spans = [Span("Python, imports of this program", (time.time_ns() - began_ns) / 1e6)]
    began = time.perf_counter()
    from assent.app import live  # noqa: PLC0415 - what it costs to import is a part of a start
    from assent.cli.main import main as command  # noqa: PLC0415
    from assent.runtime import reconcile, recovery  # noqa: PLC0415
    from assent.runtime.runtime import Runtime  # noqa: PLC0415
    from assent.venue.kalshi.adapter import KalshiVenue  # noqa: PLC0415

    spans.append(Span("imports of a live run", (time.perf_counter() - began) * 1e3))
    _watch(live, "watched_desk", "watchdog's process", spans)
    _watch(recovery, "check_ledger", "verify every record", spans)
    _watch(recovery.SqliteStore, "open", "open for writing: quick_check, checkpoint", spans)
    _watch(recovery, "restore", "restore: decode and fold", spans)
    _watch(KalshiVenue, "connect", "connect: status, limits, markets in scope", spans)
    _watch(reconcile, "match_books", "reconcile: two readings of the books", spans)

    def tell() -> None:
        seconds = (time.time_ns() - began_ns) / 1e6
        sys.stderr.write(json.dumps([*spans, Span("from the start to ready", seconds)]) + "\n")

    _watch(Runtime, "start_up", "start-up, with the reconciliation", spans, after=tell)
    return command(words)


def _watch(owner: Any, name: str, what: str, spans: list[Span], *, after: Callable[[], None] = lambda: None) -> None:
    """Note how long each call takes; `after` it, do this as well."""
    watched = getattr(owner, name)

    def note(began: float) -> None:
        spans.append(Span(what, (time.perf_counter() - began) * 1e3))
        after()

    async def awaited(*args: Any, **given: Any) -> Any:
        began = time.perf_counter()
        try:
            return await watched(*args, **given)
        finally:
            note(began)

    def called(*args: Any, **given: Any) -> Any:
        began = time.perf_counter()
        try:
            return watched(*args, **given)
        finally:
            note(began)

    setattr(owner, name, awaited if asyncio.iscoroutinefunction(watched) else called)


def figures(records: int = RECORDS, starts: int = STARTS) -> list[Figure]:
    """The command several times, and once more with a clock at its doors."""
    with tempfile.TemporaryDirectory() as folder, a_box(Path(folder) / "box") as box:
        settings = a_desk(Path(folder) / "desk", box)
        written = write_past(settings, records)
        seconds = [start(settings, "-m", "assent")[0] for _ in range(starts)]
        _, said = start(settings, "-m", "benchmarks.ready", "inside", str(time.time_ns()))
    spans = [Span(*span) for line in said.splitlines() if line.startswith("[") for span in json.loads(line)]
    note = f"{written:,} records; {min(seconds):.2f} to {max(seconds):.2f} in {starts}; load {os.getloadavg()[0]:.1f}"
    found = [Figure("start to ready, live at the box", median(seconds), "s", GOAL_S, "less", note)]
    return found + [Figure(f"  {span.what}", span.ms, "ms", 0, "less") for span in spans]


def main() -> int:
    if sys.argv[1:2] == ["inside"]:
        return inside(int(sys.argv[2]), sys.argv[3:])
    for figure in figures(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS):
        print(f"{figure.name:<56}{figure.value:>10,.2f} {figure.unit}  {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
