"""The ledger as it is folded for the pages: the desk's own fold, and beside it what pages need of the past.

One record at a time, each exactly once. Whatever is kept besides the state is bounded; what is older stands in the
file. A record that does not follow from those before it raises, and the book is worth nothing from then on: whoever
feeds it begins a new one.
"""

from array import array
from collections import Counter, deque
from typing import Final

import msgspec

from assent.console.reading.equity import EquityLine
from assent.console.reading.listing import Intents, Orders
from assent.desk import worth
from assent.desk.fold import evolve
from assent.desk.halt_history import HaltFact, HaltHistory
from assent.desk.state import State
from assent.desk.story import LANDMARKS
from assent.ledger.chain import EMPTY, Head, Record
from assent.ledger.errors import LedgerCorrupt, LedgerNotJudged
from assent.ledger.sealed import digest_fault
from assent.model.change import LimitChange
from assent.model.facts import (
    CashMoved,
    ConstitutionChanged,
    DeskStarted,
    DeskStopped,
    EquityMarked,
    Fact,
    IntentRefused,
    StateMarked,
    decode_fact,
)

HALTS_KEPT: Final = 500
CHANGES_KEPT: Final = 200
OTHER_STATE: Final = "the state that it marks is not the one that the records before it fold to"


class Amended(msgspec.Struct, frozen=True):
    """One recorded change of the limits."""

    seq: int
    ts: int
    digest: str
    how: str
    by: str
    reason: str
    changes: tuple[LimitChange, ...]


class Run(msgspec.Struct, frozen=True):
    """The last start that the ledger tells of, and how it ended, if it did in good order."""

    seq: int
    ts: int
    build: str
    strategies: tuple[str, ...]
    stopped_ts: int | None = None
    stopped_why: str = ""


class Book:
    """Everything up to `head`. `build`: this program's own, to tell a ledger of another version from a changed one."""

    def __init__(self, build: str = "") -> None:
        self.build = build
        self.state = State()
        self.head: Head = EMPTY
        self.intents = Intents()
        self.orders = Orders()
        self.halts = HaltHistory()
        self.equity = EquityLine()
        self.run: Run | None = None
        self.amended: deque[Amended] = deque(maxlen=CHANGES_KEPT)
        self.refusals: Counter[str] = Counter()
        # How many digests of the state, written down by the desk while it ran, agreed with this fold.
        self.states_agreed = 0
        self.landmarks = array("Q")

    def add(self, record: Record) -> None:
        """Fold one more record; `LedgerCorrupt` where it is not the next one, or says what cannot be."""
        seq, prev_hash, ts, kind, version, body, digest = record
        if seq != self.head.seq + 1 or prev_hash != self.head.hash:
            raise LedgerCorrupt(seq, f"it does not continue record {self.head.seq}")
        fact = decode_fact(kind, version, body)
        if type(fact) is StateMarked:
            self._compare(seq, fact)
        evolve(self.state, ts, fact)
        fault = digest_fault(record)
        if fault:
            raise LedgerCorrupt(seq, fault)
        self.intents.add(self.state, seq, ts, fact)
        self.orders.add(self.state, fact)
        self._keep(seq, ts, fact)
        self.head = Head(seq, digest, ts)

    def refresh(self) -> None:
        """Bring the rows up to date: once after each handful of records, not after each record."""
        self.intents.refresh(self.state)
        self.orders.refresh(self.state)
        self.halts.forget_all_but(HALTS_KEPT)

    def _compare(self, seq: int, fact: StateMarked) -> None:
        if (fact.seq, fact.digest) != (self.state.seq, self.state.digest()):
            wrote = self._wrote()
            if fact.seq == self.state.seq and self.build and wrote not in ("", self.build):
                raise LedgerNotJudged(seq, wrote=wrote, here=self.build)
            raise LedgerCorrupt(seq, OTHER_STATE)
        self.states_agreed += 1

    def _wrote(self) -> str:
        """The version that was at work by the records so far."""
        if self.run is not None:
            return self.run.build
        return self.state.seal.build if self.state.seal else ""

    def _keep(self, seq: int, ts: int, fact: Fact) -> None:
        kind = type(fact)
        if kind in LANDMARKS:
            self.landmarks.append(seq)
        if kind is EquityMarked or kind is CashMoved:
            self._mark(ts)
        elif isinstance(fact, HaltFact):
            self.halts.add(seq, ts, fact)
        elif isinstance(fact, IntentRefused):
            self.refusals[fact.reason] += 1
        elif isinstance(fact, DeskStarted):
            self.run = Run(seq, ts, fact.build, fact.strategies)
        elif isinstance(fact, DeskStopped) and self.run is not None:
            self.run = msgspec.structs.replace(self.run, stopped_ts=ts, stopped_why=fact.why)
        elif isinstance(fact, ConstitutionChanged):
            self.amended.append(Amended(seq, ts, fact.digest, fact.how, fact.by, fact.reason, fact.changes))

    def _mark(self, ts: int) -> None:
        equity, drawn = worth.equity_now(self.state), worth.drawdown(self.state)
        if equity is not None:
            self.equity.add(ts, equity, max(0, drawn.amount) if drawn else 0)
