"""Wrong tries are counted, and too many of them lock out for a while: across restarts, and for all processes together.

Counted per person for the second factor, per source for credentials. What is kept is bounded: where there are too many,
the oldest gives way. While a person is locked out no digits are looked at: a lock tells nothing about what was tried.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from assent.model.text import identity as inert
from assent.model.units import MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """So many wrong tries within `window` lock out for `lock`. `rows`: how many tries, and locks, are kept of all."""

    kind: str
    tries: int
    window: int
    lock: int
    rows: int


FACTOR: Final = Guard(kind="factor", tries=5, window=15 * MINUTE, lock=15 * MINUTE, rows=1_000)
SOURCE: Final = Guard(kind="source", tries=10, window=15 * MINUTE, lock=15 * MINUTE, rows=1_000)


def locked_until(db: sqlite3.Connection, guard: Guard, who: str, now: int) -> int | None:
    """When the lock ends; None where there is none. At that very time it has ended."""
    row = db.execute("SELECT until FROM locks WHERE kind = ? AND who = ?", (guard.kind, inert(who))).fetchone()
    if row is None or row[0] <= now:
        return None
    if row[0] <= now + guard.lock:
        return int(row[0])
    _sweep(db, guard, now)
    return now + guard.lock


def count_wrong(db: sqlite3.Connection, guard: Guard, who: str, now: int, sign: bytes | None = None) -> None:
    """One more wrong try. With a sign, the same mistake made again counts once: a forgotten script is no guesser."""
    who = inert(who)
    _sweep(db, guard, now)
    if sign is not None:
        db.execute("DELETE FROM wrong WHERE kind = ? AND who = ? AND sign = ?", (guard.kind, who, sign))
    db.execute("INSERT INTO wrong (kind, who, sign, at) VALUES (?, ?, ?, ?)", (guard.kind, who, sign, now))
    found = db.execute("SELECT count(*) FROM wrong WHERE kind = ? AND who = ?", (guard.kind, who)).fetchone()
    if found[0] >= guard.tries:
        forget_wrong(db, guard, who)
        db.execute("INSERT OR REPLACE INTO locks VALUES (?, ?, ?)", (guard.kind, who, now + guard.lock))
    db.execute(
        "DELETE FROM wrong WHERE id IN "
        "(SELECT id FROM wrong WHERE kind = ? ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)",
        (guard.kind, guard.rows),
    )
    db.execute(
        "DELETE FROM locks WHERE kind = ?1 AND who IN "
        "(SELECT who FROM locks WHERE kind = ?1 ORDER BY until DESC LIMIT -1 OFFSET ?2)",
        (guard.kind, guard.rows),
    )


def forget_wrong(db: sqlite3.Connection, guard: Guard, who: str) -> None:
    """After a right one the count begins anew. A lock that stands is left."""
    db.execute("DELETE FROM wrong WHERE kind = ? AND who = ?", (guard.kind, inert(who)))


def forget_all(db: sqlite3.Connection, guard: Guard, who: str) -> None:
    forget_wrong(db, guard, who)
    db.execute("DELETE FROM locks WHERE kind = ? AND who = ?", (guard.kind, inert(who)))


def _sweep(db: sqlite3.Connection, guard: Guard, now: int) -> None:
    """What is over goes; what a clock that ran ahead has written, counts as written now, so that it ends as well."""
    db.execute("DELETE FROM locks WHERE kind = ? AND until <= ?", (guard.kind, now))
    db.execute("UPDATE locks SET until = ?2 WHERE kind = ?1 AND until > ?2", (guard.kind, now + guard.lock))
    db.execute("DELETE FROM wrong WHERE kind = ? AND at <= ?", (guard.kind, now - guard.window))
    db.execute("UPDATE wrong SET at = ?2 WHERE kind = ?1 AND at > ?2", (guard.kind, now))
