"""Follows one ledger's file step by step, without a thread and without a clock of its own.

Each step looks at the file's names and times, and opens it, read-only and for a moment, only when they changed. It
notices a file that is not there yet, that grew, that was cut, that was replaced by another ledger or written anew, and
one that cannot be read, and it begins again as soon as the file is well.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from assent.console.reading.book import Book
from assent.console.reading.source import TURNS_KEPT, Source, Standing, Turn, Turned, not_folding, trouble
from assent.ledger.chain import seal_of
from assent.ledger.errors import LedgerError
from assent.ledger.sqlite import SqliteReader, open_reader
from assent.ledger.verify import log_of
from assent.model.errors import InvariantBroken

RECORDS_A_STEP: Final = 4_000
# Steps after which the file is read although nothing about it seems to have changed: times of files can be coarse.
STEPS_BETWEEN_LOOKS: Final = 10
STEPS_BEFORE_ANEW: Final = 300
# A reading may meet a writer that is just beginning or ending; only the second that goes wrong counts.
STRIKES: Final = 2

Trace = tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]


class Follower:
    """What has been read so far, and how the file stands."""

    def __init__(self, path: Path, now: Callable[[], int], *, build: str = "") -> None:
        self.path = path
        self.book = Book(build)
        self.source = Source("missing", str(path), what=f"There is no ledger at {path} yet")
        # Counts the books that were begun: what belongs to another one is void.
        self.edition = 0
        self._now = now
        self._trace: Trace | None = None
        self._steps = 0
        self._strikes = 0
        self._spoiled = False

    def step(self) -> bool:
        """Read on, at most a few thousand records. Whether anything is different from before."""
        trace = _trace_of(self.path)
        self._steps += 1
        if not self._due(trace):
            return False
        # Once more after every change: two changes may bear the same time.
        self._trace = trace if self._trace in (None, trace) else None
        self._steps = 0
        before = self.source, self.book.head
        try:
            self._read()
        except (LedgerError, OSError) as error:
            self._strikes += 1
            self._trace = trace if self._strikes >= STRIKES else None
            if self._strikes >= STRIKES or before[0].standing in ("missing", "empty"):
                self._tell(error)
        else:
            self._strikes = 0 if self.source.standing != "catching up" else self._strikes
        return (self.source, self.book.head) != before

    def _due(self, trace: Trace) -> bool:
        if self._spoiled and self._strikes >= STRIKES:
            # To fold all of it again is dear, and what does not fold now will not fold by itself.
            return trace != self._trace and self._steps >= STEPS_BEFORE_ANEW
        return self.source.standing == "catching up" or trace != self._trace or self._steps >= STEPS_BETWEEN_LOOKS

    def _read(self) -> None:
        reader = open_reader(self.path)
        try:
            head = reader.head()
            if self._spoiled or self._turned(reader, head.seq):
                self._begin_anew()
            self._add(reader, head.seq)
        finally:
            reader.close()

    def _add(self, reader: SqliteReader, last: int) -> None:
        book = self.book
        seq = book.head.seq
        for record in reader.records(seq + 1, min(last, seq + RECORDS_A_STEP)):
            try:
                book.add(record)
            except (InvariantBroken, msgspec.MsgspecError, KeyError) as error:
                self._spoiled = True
                raise not_folding(record.seq, error) from error
            except LedgerError:
                self._spoiled = True
                raise
        book.refresh()
        seq = book.head.seq
        standing: Standing = "empty" if not last else "following" if seq >= last else "catching up"
        self.source = Source(standing, str(self.path), seq, last, turned=self.source.turned)

    def _turned(self, reader: SqliteReader, last: int) -> bool:
        """Whether the file does not hold what was read from it."""
        known = self.book.head
        if not known.seq:
            return False
        at = next(reader.records(known.seq, known.seq), None)
        if at is not None and at.hash == known.hash:
            return False
        self._note(*_what_turned(reader, self.book, last))
        return True

    def _begin_anew(self) -> None:
        self.book = Book(self.book.build)
        self.edition += 1
        self._spoiled = False

    def _tell(self, error: LedgerError | OSError) -> None:
        found = trouble(error)
        if found.standing == "missing" and self.book.head.seq and self.source.standing != "missing":
            self._note("gone", f"The ledger at {self.path} is gone; what is shown is what was read of it")
        self.source = msgspec.structs.replace(self.source, **msgspec.structs.asdict(found))

    def _note(self, turn: Turn, what: str) -> None:
        turned = (*self.source.turned, Turned(turn, self._now(), what))[-TURNS_KEPT:]
        self.source = msgspec.structs.replace(self.source, turned=turned)


def _what_turned(reader: SqliteReader, book: Book, last: int) -> tuple[Turn, str]:
    """Which of the three it is, by the seal and by the length."""
    first = next(reader.records(1, 1), None)
    seal, known = book.state.seal, book.head
    ours = seal.ledger_id if seal else ""
    if first is not None and seal_of(first)["ledger_id"] != ours:
        return "replaced", f"Another ledger lies there now; the one before, {ours}, had {known.seq} records"
    if last < known.seq:
        return "cut", f"The ledger ends at record {last} now; it had {known.seq} when it was read before"
    return "rewritten", f"Record {known.seq} is not the one that was read before: the ledger was written anew"


def _trace_of(path: Path) -> Trace:
    """What changes whenever a record is added: who the file and its log are, how long, and when last written."""
    return _mark_of(path), _mark_of(log_of(path))


def _mark_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
