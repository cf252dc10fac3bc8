"""The records of a ledger by stream: an index in a file of its own, which may be thrown away at any time.

It is read from the ledger by whoever asks, never written by whoever trades, and knows the last record that it has read
by number and hash. What does not fit its ledger, or is damaged, is made anew; where no file can be written it is made
in memory. Nothing may be decided on it: it answers questions of people.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from assent.ledger.chain import Record
from assent.ledger.port import Reader
from assent.ledger.streams import Mention, streams_of
from assent.ledger.verify import UNREADABLE
from assent.model.errors import AssentError

FORMAT: Final = 1
RECORDS_A_TURN: Final = 5_000
LAST_CHARACTER: Final = "\U0010ffff"
BUSY_S: Final = 5
APPLICATION_ID: Final = 0x41535356  # 'ASSV': nothing else is ever thrown away
_SCHEMA: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE IF NOT EXISTS read_to (
    one INTEGER PRIMARY KEY CHECK (one = 1), format INTEGER NOT NULL, first BLOB NOT NULL, seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS records (
    stream TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (stream, value, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS learned (
    key TEXT NOT NULL, stream TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key, stream, value)
) STRICT, WITHOUT ROWID;
"""
# A file that cannot be used now, and would not become better by being thrown away.
_NOT_OURS_TO_MEND: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM,
    )
)  # fmt: skip
_CLEAR: Final = "DELETE FROM read_to; DELETE FROM records; DELETE FROM learned;"


def views_of(ledger: str | os.PathLike[str]) -> Path:
    """The index's file that belongs to a ledger's path."""
    place = Path(ledger)
    return place.with_name(place.stem + ".views.sqlite")


class Views:
    """The index of one ledger, up to date with it when `open` returns, unless it is to be read on by and by."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # What this turn has looked up or learned, by key; the same key is asked for by each record of one life.
        self._keys: dict[str, frozenset[Mention]] = {}

    @classmethod
    def open(cls, path: Path, reader: Reader, *, whole: bool = True) -> "Views":
        """From the file if it is usable, else from a new one, else in memory. The ledger is only read.

        Not `whole`: nothing is read yet, `read_on` does it, and any thread may use the index, one at a time.
        """
        for _attempt in range(2):
            try:
                connection = _connect(path, one_thread=whole)
            except sqlite3.Error:
                break
            views = cls(connection)
            try:
                views._begin(reader, whole=whole)
            except UNREADABLE as error:
                views.close()
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _NOT_OURS_TO_MEND:
                    break
                _throw_away(path)
            except AssentError:  # it is the ledger that cannot be read
                views.close()
                raise
            else:
                return views
        views = cls(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=whole))
        views._begin(reader, whole=whole)
        return views

    def read_on(self, reader: Reader) -> int:
        """Read at most some thousand records more; the number of the last record that is in the index now."""
        self._turn(reader)
        row = self._connection.execute("SELECT seq FROM read_to").fetchone()
        return 0 if row is None else int(row[0])

    def find(self, stream: str, value: str, *, first: int = 1, last: int | None = None) -> Iterator[int]:
        """The numbers of the stream's records between two others, both included, in order."""
        rows = self._connection.execute(
            "SELECT seq FROM records WHERE stream = ? AND value = ? AND seq >= ? AND seq <= ? ORDER BY seq",
            (stream, value, first, (1 << 62) if last is None else last),
        )
        return (seq for (seq,) in rows)

    def newest(self, stream: str, value: str, *, before: int, most: int) -> list[int]:
        """The numbers of the stream's newest records before another one, in order."""
        rows = self._connection.execute(
            "SELECT seq FROM records WHERE stream = ? AND value = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (stream, value, before, most),
        )
        return [seq for (seq,) in rows][::-1]

    def beginning(self, stream: str, begin: str, *, most: int) -> list[str]:
        """Values of a stream that begin so."""
        rows = self._connection.execute(
            "SELECT DISTINCT value FROM records WHERE stream = ? AND value >= ? AND value < ? ORDER BY value LIMIT ?",
            (stream, begin, begin + LAST_CHARACTER, most),
        )
        return [value for (value,) in rows]

    def values(self, stream: str, like: str, *, most: int = 200) -> list[str]:
        """Values of a stream that begin like this one, for advice."""
        rows = self._connection.execute(
            "SELECT DISTINCT value FROM records WHERE stream = ? AND value >= ? ORDER BY value LIMIT ?",
            (stream, like[:1], most),
        )
        return [value for (value,) in rows]

    def close(self) -> None:
        self._connection.close()

    def _begin(self, reader: Reader, *, whole: bool) -> None:
        """Read on from where it stood, some thousand records in each transaction."""
        self._connection.executescript(_SCHEMA)
        if self._connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
        while whole and self._turn(reader):
            pass

    def _turn(self, reader: Reader) -> bool:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")  # two who ask at once read on one after the other
        try:
            begun = self._read_to(reader)
            last = self._add(reader.records(begun + 1, begun + RECORDS_A_TURN))
            if last is not None:
                first = next(reader.records(1, 1)).hash
                connection.execute(
                    "INSERT OR REPLACE INTO read_to VALUES (1, ?, ?, ?, ?)", (FORMAT, first, last.seq, last.hash)
                )
            connection.execute("COMMIT")
        except BaseException:  # boundary: only to leave no transaction open; raised again as it is
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return last is not None

    def _read_to(self, reader: Reader) -> int:
        """The record up to which this index holds; 0, and an empty index, when it is not this ledger's."""
        row = self._connection.execute("SELECT format, first, seq, hash FROM read_to").fetchone()
        if row is not None:
            found, first, seq, head = row
            ours = [record.hash for record in (*reader.records(1, 1), *reader.records(seq, seq))]
            if (found, [first, head]) == (FORMAT, ours):
                return int(seq)
        for statement in _CLEAR.split(";")[:-1]:
            self._connection.execute(statement)
        return 0

    def _add(self, records: Iterator[Record]) -> Record | None:
        """Index these; return the last of them."""
        self._keys = {}
        last: Record | None = None
        rows: list[tuple[str, str, int]] = []
        learned: list[tuple[str, str, str]] = []
        for last in records:
            mentions, kept = streams_of(last.kind, last.version, last.ts, last.body, self._known)
            rows += [(stream, value, last.seq) for stream, value in mentions]
            for key, found in kept.items():
                if not self._known(key):
                    self._keys[key] = found
                    learned += [(key, stream, value) for stream, value in found]
        self._connection.executemany("INSERT OR IGNORE INTO records VALUES (?, ?, ?)", rows)
        self._connection.executemany("INSERT INTO learned VALUES (?, ?, ?)", learned)
        return last

    def _known(self, key: str) -> frozenset[Mention]:
        known = self._keys.get(key)
        if known is None:
            rows = self._connection.execute("SELECT stream, value FROM learned WHERE key = ?", (key,))
            known = self._keys[key] = frozenset(rows.fetchall())
        return known


def _connect(path: Path, *, one_thread: bool) -> sqlite3.Connection:
    """The file, if it is an index or can become one. `sqlite3.Error` where it is somebody else's, or cannot be made."""
    if path.is_symlink():
        raise sqlite3.Error("a link may lead anywhere")
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=one_thread)
    connection.text_factory = lambda found: found.decode(errors="replace")
    try:
        connection.execute("PRAGMA synchronous = OFF")  # what a crash destroys is made anew
        marked = connection.execute("PRAGMA application_id").fetchone()[0]
        foreign = marked not in (0, APPLICATION_ID)
    except UNREADABLE:  # no database at all: whoever tries to use it finds out
        foreign = False
    if foreign:
        connection.close()
        raise sqlite3.Error("another program's file")
    return connection


def _throw_away(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            path.with_name(path.name + end).unlink()
