"""One writer: a lock that a process holds until it dies, taken before anything of the ledger is read.

`flock` on a file of its own beside the ledger, so that no other handle's closing can drop it, and so that the kernel
gives it back however the holder ends. The lock file is never removed: removing it would let two processes lock two
files of the same name. What is written into it only serves the message.
"""

import errno
import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from assent.ledger.errors import LedgerBusy, LedgerUnwritable
from assent.ledger.place import writable_place

FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
NOTE_BYTES_MAX = 4096


class Lease:
    """The right to write one ledger. Not inherited by children; ends with `release` or with the process."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: str | os.PathLike[str], *, started_ts: int | None = None) -> Self:
        """The lease on the ledger at `path`, at once or never. `started_ts` goes into the others' message."""
        place = writable_place(Path(path))
        lock = lock_of(place)
        try:
            descriptor = os.open(lock, FLAGS, 0o600)
        except OSError as error:
            raise LedgerUnwritable(f"The lease {lock} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            note = json.dumps({"pid": os.getpid(), "started_ts": started_ts}).encode() + b"\n"
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note, 0)
        except OSError as error:
            os.close(descriptor)
            if error.errno in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}:
                raise LedgerBusy(str(place), describe_holder(lock)) from error
            raise LedgerUnwritable(f"The lease {lock} cannot be taken: {error.strerror}") from error
        return cls(place, descriptor)

    @property
    def held(self) -> bool:
        return self._descriptor >= 0

    def release(self) -> None:
        """Give the lease back. A second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lock_of(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".lock")


def describe_holder(lock: Path) -> str:
    """The holder in words, from what it wrote; a note that cannot be read is no reason to doubt the lock."""
    try:
        with lock.open("rb") as file:
            note = json.loads(file.read(NOTE_BYTES_MAX))
        pid, started_ts = int(note["pid"]), note["started_ts"]
        since = "" if started_ts is None else f", since {datetime.fromtimestamp(started_ts // 10**9, UTC):%F %TZ}"
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return "Another process"
    return f"Another process (pid {pid}{since})"
