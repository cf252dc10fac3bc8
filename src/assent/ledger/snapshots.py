"""What markets looked like: a recorder's own file beside the ledger, for study and for backtests, never for a decision.

Three projections. `markets` holds each market as it was described last; `snapshots` its top at each look, a side that
was empty as NULL; `rejects` what could not be read, kept apart. All of them name the raw answer by its SHA-256, and the
answer itself is kept once, so that whatever was read wrongly can be read again. Times are UTC milliseconds, prices and
sizes whole millionths.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from assent.model.errors import AssentError

APPLICATION_ID: Final = 0x41535352  # 'ASSR'
BUSY_S: Final = 5
_SCHEMA: Final = f"""
PRAGMA journal_mode = WAL;
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE IF NOT EXISTS raw (digest TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS markets (
    ticker TEXT PRIMARY KEY, event TEXT NOT NULL, title TEXT NOT NULL, phase TEXT NOT NULL, close_ms INTEGER NOT NULL,
    result TEXT, seen_ms INTEGER NOT NULL, digest TEXT NOT NULL REFERENCES raw
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots (
    ticker TEXT NOT NULL, ts_ms INTEGER NOT NULL, bid INTEGER, bid_qty INTEGER, ask INTEGER, ask_qty INTEGER,
    digest TEXT NOT NULL REFERENCES raw, PRIMARY KEY (ticker, ts_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejects (
    ts_ms INTEGER NOT NULL, ticker TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES raw
) STRICT;
"""

_NEWEST: Final = "SELECT * FROM snapshots ORDER BY ts_ms DESC, ticker LIMIT ?"
_NEWEST_OF: Final = "SELECT * FROM snapshots WHERE ticker = ? ORDER BY ts_ms DESC LIMIT ?"
_COUNTS: Final = {
    "markets": "SELECT count(*) FROM markets",
    "snapshots": "SELECT count(*) FROM snapshots",
    "rejects": "SELECT count(*) FROM rejects",
}


class MarketRow(NamedTuple):
    """A market as it was described."""

    ticker: str
    event: str
    title: str
    phase: str
    close_ms: int
    result: str | None


class TopRow(NamedTuple):
    """The top of one book; None where a side is empty."""

    bid: int | None
    bid_qty: int | None
    ask: int | None
    ask_qty: int | None


class Shown(NamedTuple):
    """A snapshot as it is shown again."""

    ticker: str
    ts_ms: int
    top: TopRow
    digest: str


class Snapshots:
    """The file of one recorder. One process writes it; whoever reads it at the same time is not in its way."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "Snapshots":
        """The file, made where there is none. One that is something else is not touched."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
            (found,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and found != APPLICATION_ID:
                connection.close()
                raise AssentError(f"{path} is no recorder's file; it stays as it is. Move it away, or record elsewhere")
            connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise AssentError(
                f"{path} cannot be used as a recorder's file: {error}; move it away to begin anew"
            ) from error
        return cls(connection)

    def market(self, ts_ms: int, row: MarketRow, body: bytes) -> None:
        """A market as it is described now; an older description gives way."""
        values = (*row, ts_ms, self._keep(body))
        self._connection.execute("INSERT OR REPLACE INTO markets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def snapshot(self, ts_ms: int, ticker: str, top: TopRow, body: bytes) -> None:
        """One look at one book."""
        values = (ticker, ts_ms, *top, self._keep(body))
        self._connection.execute("INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def reject(self, ts_ms: int, ticker: str, code: str, detail: str, body: bytes) -> None:
        """An answer that could not be read, as it came."""
        values = (ts_ms, ticker, code, detail, self._keep(body))
        self._connection.execute("INSERT INTO rejects VALUES (?, ?, ?, ?, ?)", values)

    def shown(self, ticker: str = "", *, limit: int) -> list[Shown]:
        """The newest snapshots, of one market or of all, the newest first."""
        rows = self._rows(_NEWEST_OF if ticker else _NEWEST, [ticker, limit] if ticker else [limit])
        return [Shown(row[0], row[1], TopRow(*row[2:6]), row[6]) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many rows each projection holds."""
        return {name: next(self._rows(question, []))[0] for name, question in _COUNTS.items()}

    def close(self) -> None:
        self._connection.close()

    def _keep(self, body: bytes) -> str:
        digest = sha256(body).hexdigest()
        self._connection.execute("INSERT OR IGNORE INTO raw VALUES (?, ?)", (digest, body))
        return digest

    def _rows(self, question: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        yield from self._connection.execute(question, values)
