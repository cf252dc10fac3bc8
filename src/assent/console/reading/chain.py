"""How far the ledger's chain and its anchors were found to hold: walked by and by, with the verifier's own steps.

A page says "verified up to record N", and means it: every hash from the first record on was worked out again here, in
handfuls with pauses in between, and after a while all of it anew, since a file may be changed behind our back.
"""

import os
from collections.abc import Callable
from typing import Final

import msgspec

from assent.ledger import verify
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import EMPTY, Head, Record
from assent.ledger.sqlite import SqliteReader
from assent.model.units import HOUR

RECORDS_A_TURN: Final = 2_000
AGAIN_NS: Final = HOUR


class Anchored(msgspec.Struct, frozen=True):
    """A head that was written down beside the ledger."""

    seq: int
    hash: str
    ts: int


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`verified_seq` is how far the chain was walked and holds; `whole` when that is the end of what is shown, and
    `whole_ts` when the last walk from beginning to end was over. A fault names the first record that does not hold."""

    verified_seq: int = 0
    verified_hash: str = ""
    whole: bool = False
    whole_ts: int | None = None
    fault_seq: int | None = None
    fault: str = ""
    anchors: int = 0
    last_anchor: Anchored | None = None
    anchors_fault: str = ""


class Verifier:
    """Walks one ledger's chain, a handful of records in each turn."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.status = ChainStatus()
        self._now = now
        self._edition = 0
        self._at: Head = EMPTY
        # Where the walk over everything again is, while there is one.
        self._again: Head | None = None
        self._anchors_seen: tuple[int, int] | None = None

    def turn(self, reader: SqliteReader, edition: int, end: int, ledger_id: str) -> bool:
        """Walk on towards record `end`; whether there is more to do at once. `edition` tells one file from another."""
        if edition != self._edition:
            self._edition, self.status = edition, ChainStatus()
            self._at, self._again, self._anchors_seen = EMPTY, None, None
        if not self._holds():
            return False
        if self._at.seq < end:
            self._at = self._walk(reader, self._at, end)
        elif self._again is not None or self._is_time():
            again = self._walk(reader, self._again or EMPTY, self._at.seq)
            if not self._holds():
                self._at = again
            elif again.seq < self._at.seq:
                self._again = again
            else:
                self._again = None
                self._change(whole_ts=self._now())
        whole = self._at.seq >= end > 0 and self._holds()
        if whole and self.status.whole_ts is None:
            self._change(whole_ts=self._now())
        self._change(verified_seq=self._at.seq, verified_hash=self._at.hash.hex(), whole=whole)
        self._look_at_anchors(reader, ledger_id)
        return (self._at.seq < end or self._again is not None) and self._holds()

    def _holds(self) -> bool:
        return not self.status.fault

    def _is_time(self) -> bool:
        since = self.status.whole_ts
        return since is not None and self._now() - since >= AGAIN_NS

    def _walk(self, reader: SqliteReader, at: Head, end: int) -> Head:
        """A handful on from there; how far it holds."""
        last = min(end, at.seq + RECORDS_A_TURN)
        records: list[Record] = list(reader.records(at.seq + 1, last))
        walk = verify.walk_chain(records, at)
        fault = walk.fault
        if fault is None and walk.seq < last:
            fault = verify.Finding(walk.seq + 1, "missing: the ledger ends before it")
        if fault is not None:
            self._change(fault_seq=fault.seq, fault=fault.what)
        held = walk.seq - at.seq
        return Head(walk.seq, walk.hash, records[held - 1].ts) if held else at

    def _look_at_anchors(self, reader: SqliteReader, ledger_id: str) -> None:
        """Whenever there are new ones: does the ledger still hold every head that was written down?"""
        path = anchors_of(reader.path)
        try:
            found = os.stat(path)
        except OSError:
            return
        seen = found.st_mtime_ns, found.st_size
        if seen == self._anchors_seen or not ledger_id:
            return
        lines = list(verify.read_anchors(path))
        last = reader.head().seq

        def lookup(seq: int) -> tuple[bytes, int] | None:
            record = next(reader.records(seq, seq), None)
            return None if record is None else (record.hash, record.ts)

        held, fault = verify.check_anchors(lines, ledger_id, last, lookup)
        newest = next((anchor for _, anchor in reversed(lines) if anchor is not None), None)
        self._anchors_seen = seen
        self._change(
            anchors=held,
            last_anchor=Anchored(newest.seq, newest.hash.hex(), newest.ts) if newest else None,
            anchors_fault=fault.what if fault else "",
        )

    def _change(self, **changes: object) -> None:
        changed = msgspec.structs.replace(self.status, **changes)
        self.status = self.status if changed == self.status else changed
