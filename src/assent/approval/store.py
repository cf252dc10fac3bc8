"""The file of credentials: one small SQLite database that the desk's process and the console's use at the same time.

Promises that whatever is changed is on the disk, whole, before it is answered; that of two who use the same code at the
same moment one succeeds; and that a file that is not ours, not whole or not for us alone lets nobody in. A write-ahead
log, so that nobody who only looks waits for somebody who writes: the desk must not wait for a browser.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from assent.approval.errors import AccessBusy, AccessDamaged, AccessError, AccessForeign, AccessUnwritable
from assent.approval.place import FILE_MODE, Known, looked_at, place_of, require_same

BUSY_MS: Final = 250
APPLICATION_ID: Final = 0x41535341  # 'ASSA'
FORMAT: Final = 1

_SCOPES: Final = (
    "scopes TEXT NOT NULL CHECK (scopes IN ('view', 'approve', 'operate', 'view approve', 'view operate', "
    "'approve operate', 'view approve operate'))"
)
_HASH: Final = (
    "mark BLOB PRIMARY KEY CHECK (length(mark) = 8), "
    "whole BLOB NOT NULL CHECK (length(whole) = 32 AND substr(whole, 1, 8) = mark)"
)
_FROM: Final = "TEXT REFERENCES tokens ON DELETE CASCADE"
_TABLES: Final = {
    "tokens": (
        f"name TEXT PRIMARY KEY, {_SCOPES}, life INTEGER, issued INTEGER NOT NULL, rotated INTEGER, ends INTEGER, "
        "used INTEGER"
    ),
    # Of a token: the one in use and, while a rotation overlaps, the one before it.
    "secrets": f"{_HASH}, name {_FROM} NOT NULL, generation INTEGER NOT NULL, ends INTEGER",
    "sessions": (
        f"{_HASH}, identity TEXT NOT NULL, token {_FROM}, {_SCOPES}, begun INTEGER NOT NULL, used INTEGER NOT NULL, "
        "ends INTEGER NOT NULL"
    ),
    "logins": (
        f"{_HASH}, identity TEXT NOT NULL, token {_FROM}, {_SCOPES}, begun INTEGER NOT NULL, used INTEGER, "
        "ends INTEGER NOT NULL"
    ),
    "factors": (
        "person TEXT PRIMARY KEY, seed BLOB NOT NULL CHECK (length(seed) = 20), enrolled INTEGER NOT NULL, "
        "step INTEGER NOT NULL"
    ),
    "wrong": "id INTEGER PRIMARY KEY, kind TEXT NOT NULL, who TEXT NOT NULL, sign BLOB, at INTEGER NOT NULL",
    "locks": "kind TEXT NOT NULL, who TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (kind, who)",
}
# Compared with what a file says about itself: a column or a trigger that we did not make is not ours to trust.
SCHEMA: Final = {name: f"CREATE TABLE {name} ({columns}) STRICT" for name, columns in _TABLES.items()}
# What a connection must be like, and does not believe it is until it has asked.
_SETTINGS: Final = (
    ("busy_timeout", BUSY_MS),
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL: a code that was used stays used through a power cut
    ("fullfsync", 1),  # on macOS a plain fsync stops at the drive's cache
    ("checkpoint_fullfsync", 1),
    ("foreign_keys", 1),
    ("secure_delete", 1),  # what is forgotten is overwritten
    ("trusted_schema", 0),
    ("cell_size_check", 1),
)
_BESIDE: Final = ("-wal", "-shm", "-journal")
_UNREADABLE: Final = (sqlite3.Error, UnicodeError, OverflowError, MemoryError)  # what a damaged file makes it raise


class Store:
    """One process's hold on the file. Its threads take turns; between processes SQLite's own locks stand."""

    def __init__(self, place: Path, known: Known, connection: sqlite3.Connection) -> None:
        self.place = place
        self._known = known
        self._connection = connection
        self._turn = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`; a new, empty one where there is none: it lets nobody in."""
        place = place_of(path)
        with ExitStack() as undo, _in_our_words(place):
            if looked_at(place) is None:
                _create(place)
            known = looked_at(place)
            if known is None:
                raise AccessUnwritable(f"{place} vanished while it was opened")
            _require_ours(place)
            connection = _connect(place)
            undo.callback(connection.close)
            _apply_settings(connection)
            _require_whole(connection, place)
            require_same(place, known)
            undo.pop_all()
        return cls(place, known, connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Look, without waiting for whoever writes."""
        with self._turn, _in_our_words(self.place):
            self._require_open()
            yield self._connection

    @contextmanager
    def writing(self, *, patient: bool = True) -> Iterator[sqlite3.Connection]:
        """Look and change, as one step that happens wholly or not at all, and one after the other.

        Without patience `AccessBusy` comes at once where another process is at it.
        """
        with self._turn, _in_our_words(self.place):
            self._require_open()
            self._begin(BUSY_MS if patient else 0)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:  # boundary: only to leave no transaction open; raised again as it is
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def overwrite(self) -> None:
        """Bring what was changed into the database and cut the log, so that what was forgotten stands nowhere.

        While the other process looks, the log is cut at a later time: at the latest when both have ended.
        """
        with self.reading() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        with self._turn:
            self._closed = True
            self._connection.close()

    def _begin(self, wait_ms: int) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {wait_ms}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def _require_open(self) -> None:
        if self._closed:
            raise AccessUnwritable(f"{self.place} is closed")
        require_same(self.place, self._known)


def _create(place: Path) -> None:
    """A new file appears under its name at once and whole. Two processes that both find none make one."""
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # for a moment, and of the folder: a lock file would be one more to lose
        if looked_at(place) is not None:
            return
        draft = place.with_name(place.name + ".new")
        # A log left by a file that was taken away must never be replayed into this one.
        for leftover in (draft, *(of.with_name(of.name + end) for of in (draft, place) for end in _BESIDE)):
            leftover.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE))
        connection = _connect(draft)
        try:
            connection.execute("PRAGMA journal_mode = wal").fetchall()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            for statement in SCHEMA.values():
                connection.execute(statement)
            connection.execute("COMMIT")
        finally:
            connection.close()
        draft.rename(place)
        os.fsync(folder)
    finally:
        os.close(folder)


def _connect(place: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{place.as_uri()}?mode=rw", uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )


def _require_ours(place: Path) -> None:
    """Say what a foreign file is, from its first bytes and then its own words, before anything writes to it."""
    with place.open("rb") as file:
        start = file.read(16)
    if start != b"SQLite format 3\0":
        raise AccessForeign(str(place), "it is no SQLite database" if start else "it is empty")
    connection = sqlite3.connect(f"{place.as_uri()}?mode=ro", uri=True, timeout=BUSY_MS / 1000, isolation_level=None)
    try:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        said = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT 100"))
    finally:
        connection.close()
    if mark != APPLICATION_ID:
        raise AccessForeign(str(place), "another program's database")
    if found != FORMAT:
        raise AccessForeign(str(place), f"of format {found}, and this build knows format {FORMAT}")
    if said != SCHEMA:
        raise AccessDamaged(str(place), "its tables are not as we made them")


def _require_whole(connection: sqlite3.Connection, place: Path) -> None:
    """Every page, every index, every column's own condition, and nothing that belongs to a token that is not there."""
    answers = [answer for (answer,) in connection.execute("PRAGMA integrity_check(1)")]
    if answers != ["ok"]:
        raise AccessDamaged(str(place), "; ".join(map(str, answers)))
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise AccessDamaged(str(place), "something in it came from a token that is not there")


def _apply_settings(connection: sqlite3.Connection) -> None:
    for name, wanted in _SETTINGS:
        connection.execute(f"PRAGMA {name} = {wanted}").fetchall()
    for name, wanted in _SETTINGS:
        found = connection.execute(f"PRAGMA {name}").fetchone()
        if found != (wanted,):
            raise AccessUnwritable(f"SQLite {sqlite3.sqlite_version} does not take {name} = {wanted} here")


@contextmanager
def _in_our_words(place: Path) -> Iterator[None]:
    """What SQLite and the system say about the file, said as one of our few errors; never with what it holds."""
    try:
        yield
    except AccessError:
        raise
    except (OSError, *_UNREADABLE) as error:
        raise _translated(error, place) from error


def _translated(error: Exception, place: Path) -> AccessError:
    if isinstance(error, OSError):
        return AccessUnwritable(f"{place}: {error.strerror}")
    if not isinstance(error, sqlite3.Error):
        return AccessDamaged(str(place), "it holds what cannot be read")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return AccessBusy(str(place), str(error))
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT}:
        return AccessDamaged(str(place), str(error))
    return AccessUnwritable(f"{place}: {error}")
