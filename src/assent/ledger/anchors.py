"""Anchors: heads written down beside the ledger, so that a cut tail or a ledger written anew shows.

A chain proves that nothing inside it changed; only a head kept elsewhere proves that it still reaches as far as it
did. One JSON line an anchor, synced when `append` returns; a line that a crash left unfinished was never promised.
Anchors beside the ledger catch accidents and old backups; copy them to another machine to catch the host itself.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from assent.ledger import verify
from assent.ledger.chain import Head
from assent.ledger.errors import EntryRefused, LedgerCorrupt, LedgerUnwritable
from assent.ledger.port import Reader
from assent.ledger.verify import Anchor

FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
READ_BYTES = 65_536


def anchors_of(ledger: str | os.PathLike[str]) -> Path:
    """The anchors' file that belongs to a ledger's path."""
    place = Path(ledger)
    return place.with_name(place.name + ".anchors")


class AnchorFile:
    """Appends anchors. Used by the ledger's writer only, under its lease."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._descriptor = os.open(self.path, FLAGS, 0o600)
            self._drop_unfinished_line()
        except OSError as error:
            raise LedgerUnwritable(f"The anchors {self.path} cannot be opened: {error.strerror}") from error

    def append(self, ledger_id: str, head: Head) -> Anchor:
        """Write the head down, durably. Only for a head that the store has acknowledged."""
        if head.seq < 1:
            raise EntryRefused("seq", head.seq, "1 or more: an empty ledger has nothing to hold on to")
        anchor = Anchor(ledger_id, head.seq, head.hash, head.ts)
        line = json.dumps({**anchor._asdict(), "hash": head.hash.hex()}).encode() + b"\n"
        try:
            written = os.write(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            raise LedgerUnwritable(f"The anchors {self.path} take no more lines: {error.strerror}") from error
        if written != len(line):
            raise LedgerUnwritable(f"The anchors {self.path} took {written} of {len(line)} bytes: the disk is full")
        return anchor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _drop_unfinished_line(self) -> None:
        """What stands behind the last line's end was never promised, and would spoil the next line."""
        size = os.fstat(self._descriptor).st_size
        end = size
        while end:
            begin = max(0, end - READ_BYTES)
            found = os.pread(self._descriptor, end - begin, begin).rfind(b"\n")
            if found >= 0:
                end = begin + found + 1
                break
            end = begin
        if end < size:
            os.ftruncate(self._descriptor, end)


def read_anchors(path: str | os.PathLike[str]) -> Iterator[Anchor]:
    """Every anchor in the file, first to last; none if there is no file. `LedgerCorrupt` at a line that is not one."""
    place = Path(path)
    if not place.exists():
        return
    for line, anchor in verify.read_anchors(place):
        if anchor is None:
            raise LedgerCorrupt(None, f"line {line} of {place} is not an anchor", path=str(place))
        yield anchor


def check_anchors(ledger: Reader, ledger_id: str, path: str | os.PathLike[str]) -> int:
    """How many anchors the ledger still contains; `LedgerCorrupt` at the first that it does not."""
    place = Path(path)
    if not place.exists():
        return 0

    def lookup(seq: int) -> tuple[bytes, int] | None:
        record = next(ledger.records(seq, seq), None)
        return None if record is None else (record.hash, record.ts)

    held, fault = verify.check_anchors(verify.read_anchors(place), ledger_id, ledger.head().seq, lookup)
    if fault:
        raise LedgerCorrupt(fault.seq, fault.what, path=str(place))
    return held
