"""The ledger on disk: SQLite, one table, one writer, one transaction and one fsync for each batch.

Promises that a batch is on the disk, whole, when `append` returns; that any doubt about a write stops the store for
good; and that a file which is not this format of ledger is refused before it is opened for writing. Never repairs,
never retries a commit, never makes a file unless told to.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Final, Self

from assent.ledger import verify
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import EMPTY, Entry, Head, Record, extend
from assent.ledger.errors import LedgerBusy, LedgerCorrupt, LedgerError, LedgerMismatch, LedgerMissing, LedgerUnwritable
from assent.ledger.lease import Lease
from assent.ledger.place import require_regular_file, true_name

PathLike = str | os.PathLike[str]

BUSY_MS: Final = 1000
LOG_RESERVE_BYTES: Final = 8 << 20
PAGE_BYTES: Final = 8192
RECORDS_A_PAGE: Final = 1000

INSERT: Final = "INSERT INTO ledger(seq, prev_hash, ts, kind, version, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
ROWS_AT_ONCE: Final = 20  # in one statement: a tenth less time for each row than one by one, and no gain beyond
INSERT_MANY: Final = INSERT + ", (?, ?, ?, ?, ?, ?, ?)" * (ROWS_AT_ONCE - 1)
HEAD: Final = "SELECT seq, hash, ts FROM ledger ORDER BY seq DESC LIMIT 1"
RECORDS: Final = (
    "SELECT seq, prev_hash, ts, kind, version, body, hash FROM ledger WHERE seq BETWEEN ? AND ? ORDER BY seq"
)
# What a writer's connection must be like, and does not believe it is until it has asked.
SETTINGS: Final = (
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL: the log is synced at every commit
    ("fullfsync", 1),  # on macOS a plain fsync stops at the drive's cache
    ("checkpoint_fullfsync", 1),
    ("wal_autocheckpoint", 0),  # a checkpoint in the middle of a commit is a stall: checkpoints happen when idle
    ("busy_timeout", BUSY_MS),
    ("recursive_triggers", 1),  # so that REPLACE meets the trigger that refuses DELETE
    ("trusted_schema", 0),
    ("cell_size_check", 1),
)


class SqliteReader:
    """Reads a ledger, also while its writer is at work. Cheap to open: do not keep one for long."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def head(self) -> Head:
        with _in_our_words(self.path):
            return _read_head(self._connection)

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        end = self.head().seq
        return _read_records(self._connection, self.path, max(first, 1), end if last is None else min(last, end))

    def close(self) -> None:
        self._connection.close()


class SqliteStore:
    """The writer. Made by `open`; stops for good at the first write that is not certain."""

    def __init__(self, connection: sqlite3.Connection, head: Head, lease: Lease, *, owns_lease: bool) -> None:
        self.path = lease.path
        self._connection = connection
        self._head = head
        self._lease = lease
        self._owns_lease = owns_lease
        self._stopped = ""

    @classmethod
    def open(cls, path: PathLike, *, create: bool = False, lease: Lease | None = None) -> Self:
        """The ledger at `path`, for writing.

        Takes the lease before it looks at anything; a caller who already holds it hands it in and keeps it.
        `create` allows a new, empty ledger where there is no file; what is there is never replaced.
        """
        held = lease or Lease.take(path)
        with ExitStack() as undo:
            if lease is None:
                undo.callback(held.release)
            place = held.path
            if place != true_name(Path(path)) or not held.held:
                raise LedgerBusy(str(path), f"A lease on {held.path}{'' if held.held else ', already given back,'}")
            if create and not place.exists():
                _create(place)
            open_reader(place).close()  # refuses a file of another kind before it is opened for writing
            connection, head = _connect_for_writing(place)
            undo.pop_all()
        return cls(connection, head, held, owns_lease=lease is None)

    def append(self, batch: Sequence[Entry]) -> Head:
        if self._stopped:
            raise LedgerUnwritable(f"The ledger {self.path} takes no more records: {self._stopped}")
        if not batch:
            return self._head
        rows, head = extend(self._head, batch)
        # Stopped until proven done: an interruption anywhere below leaves a store that refuses, not one that guesses.
        self._stopped = "an append was interrupted"
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            whole = len(rows) - len(rows) % ROWS_AT_ONCE
            for start in range(0, whole, ROWS_AT_ONCE):
                execute(INSERT_MANY, list(chain.from_iterable(rows[start : start + ROWS_AT_ONCE])))
            self._connection.executemany(INSERT, rows[whole:])
            execute("COMMIT")
        except sqlite3.Error as error:
            raise self._stop(error) from error
        self._head = head
        self._stopped = ""
        return head

    def head(self) -> Head:
        return self._head

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        end = self._head.seq  # never beyond what was acknowledged
        return _read_records(self._connection, self.path, max(first, 1), end if last is None else min(last, end))

    def checkpoint(self) -> None:
        """Move the log into the database, so that the log is used again from its start. Readers only delay it."""
        if self._stopped:
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            raise self._stop(error) from error

    def close(self) -> None:
        self._stopped = self._stopped or "it is closed"
        self._connection.close()
        if self._owns_lease:
            self._lease.release()

    def _stop(self, error: sqlite3.Error) -> LedgerError:
        """No append after this one. What is on the disk is for the next start to find out."""
        translated = _translated(error, self.path, seq=self._head.seq + 1)
        self._stopped = f"it stopped at {error}"
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as second:
                translated.add_note(f"The rollback was refused too: {second}")
        return translated


def open_reader(path: PathLike) -> SqliteReader:
    """The ledger at `path`, for reading. Makes no file, and refuses anything that is not a ledger of this format."""
    place = true_name(Path(path))
    require_regular_file(place)
    if not place.exists():
        raise LedgerMissing(str(place), remains=left_of(place))
    with ExitStack() as undo, _in_our_words(place):
        connection = verify.connect(place)
        undo.callback(connection.close)
        _require_ledger(connection, place)
        undo.pop_all()
    return SqliteReader(place, connection)


def _require_ledger(connection: sqlite3.Connection, place: Path) -> None:
    """Say what a foreign file is by its own mark; leave everything finer to the verifier's reading of the schema."""
    try:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name LIMIT 5")]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise LedgerMismatch("format", "an Assent ledger", "not an SQLite database") from error
        raise
    if mark != verify.APPLICATION_ID:
        other = f"another SQLite database (tables: {', '.join(names)})" if names else "an empty file"
        raise LedgerMismatch("format", "an Assent ledger", other)
    if found != verify.FORMAT:
        raise LedgerMismatch("format version", verify.FORMAT, found)
    fault = verify.check_schema(connection)
    if fault:
        raise LedgerCorrupt(fault.seq, fault.what, path=str(place))


def _connect_for_writing(place: Path) -> tuple[sqlite3.Connection, Head]:
    with ExitStack() as undo, _in_our_words(place):
        connection = sqlite3.connect(
            f"{place.as_uri()}?mode=rw", uri=True, timeout=BUSY_MS / 1000, isolation_level=None
        )
        undo.callback(connection.close)
        _apply_settings(connection)
        connection.execute("BEGIN IMMEDIATE")  # proves that the file takes writes and that nobody else is at it
        answers = [answer for (answer,) in connection.execute("PRAGMA quick_check(1)")]
        connection.execute("ROLLBACK")
        if answers != ["ok"]:  # damage that shows in no record yet, but that the next append would spread
            raise LedgerCorrupt(None, f"{verify.MALFORMED}: {'; '.join(answers)}", path=str(place))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        _reserve_log(place)
        head = _read_head(connection)
        undo.pop_all()
    return connection, head


def _apply_settings(connection: sqlite3.Connection) -> None:
    for name, wanted in SETTINGS:
        connection.execute(f"PRAGMA {name} = {wanted}").fetchall()
    for name, wanted in SETTINGS:
        found = connection.execute(f"PRAGMA {name}").fetchone()
        if found != (wanted,):
            raise LedgerUnwritable(
                f"SQLite {sqlite3.sqlite_version} does not take {name} = {wanted}: it answers {found}",
                why="Without it a record that was acknowledged could be lost or changed",
                todo="Use the SQLite that comes with CPython, on a local disk",
            )


def _reserve_log(place: Path) -> None:
    """Give the empty log its blocks now: overwriting them later syncs faster by a third than growing the file.

    SQLite ignores what stands in a log behind its last frame, and zeros are no frame. Only ever done to an empty log.
    """
    log = os.open(place.with_name(place.name + "-wal"), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if os.fstat(log).st_size == 0:
            os.write(log, bytes(LOG_RESERVE_BYTES))
            os.fsync(log)
    finally:
        os.close(log)


def left_of(place: Path) -> list[str]:
    """The files that only lie beside a ledger. Where the ledger is not, they say that there was one."""
    return [name.name for name in (*_beside(place), anchors_of(place)) if name.exists()]


def _create(place: Path) -> None:
    """A new ledger appears under its name at once and whole: a crash while making it leaves nothing of that name."""
    if remains := left_of(place):
        raise LedgerMissing(str(place), remains=remains)
    draft = place.with_name(place.name + ".new")
    with _in_our_words(place):
        for leftover in (draft, *_beside(draft)):
            leftover.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        connection = sqlite3.connect(f"{draft.as_uri()}?mode=rw", uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = wal").fetchall()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")
            connection.execute(f"PRAGMA application_id = {verify.APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {verify.FORMAT}")
            for statement in verify.SCHEMA.values():
                connection.execute(statement)
            connection.execute("COMMIT")
        finally:
            connection.close()
        draft.rename(place)
        _sync_directory(place.parent)


def _beside(place: Path) -> tuple[Path, ...]:
    """What SQLite keeps next to a database: a log left by one file must never be replayed into another."""
    return tuple(place.with_name(place.name + end) for end in ("-wal", "-shm", "-journal"))


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_head(connection: sqlite3.Connection) -> Head:
    row = connection.execute(HEAD).fetchone()
    return EMPTY if row is None else Head(*row)


def _read_records(connection: sqlite3.Connection, path: Path, first: int, last: int) -> Iterator[Record]:
    """Page by page: a statement that stays open would keep the log from being used again."""
    for start in range(first, last + 1, RECORDS_A_PAGE):
        with _in_our_words(path):
            page = connection.execute(RECORDS, (start, min(start + RECORDS_A_PAGE - 1, last))).fetchall()
        yield from map(Record._make, page)


@contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    """What SQLite and the system say about a file, said as one of our few errors."""
    try:
        yield
    except (OSError, *verify.UNREADABLE) as error:
        raise _translated(error, path) from error


def _translated(error: Exception, path: Path, *, seq: int | None = None) -> LedgerError:
    """By SQLite's primary result code; what is no error of SQLite's or the system's is damage that broke its answer."""
    if isinstance(error, OSError):
        return LedgerUnwritable(f"{path}: {error.strerror}")
    if not isinstance(error, sqlite3.Error):
        return LedgerCorrupt(seq, f"{verify.MALFORMED}: {error}", path=str(path))
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return LedgerBusy(str(path), f"Another program ({error})")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return LedgerCorrupt(seq, str(error), path=str(path))
    if code == sqlite3.SQLITE_CONSTRAINT:
        return LedgerCorrupt(seq, f"a record stands there that this writer did not write ({error})", path=str(path))
    return LedgerUnwritable(f"{path}: {error}")
