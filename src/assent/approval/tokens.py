"""Tokens: a name, what it may do, and a secret that programs send with each request.

A token is known by its name, for ever the same in the ledger and in the constitution; its secret is replaced by
rotation. Of a token at most two secrets hold at once: the new one and, where a rotation says so, the one before it.
What was once seen to be over stays over, whatever a clock does later.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

from assent.approval import values
from assent.approval.errors import AccessAskedWrongly, AccessFull
from assent.approval.secret import Chance, Print, new_secret
from assent.approval.values import Holder, TokenShown
from assent.model.errors import require
from assent.model.text import shown
from assent.model.units import DAY, MINUTE, format_duration

TOKENS_MAX: Final = 100
LIFE_MIN_NS: Final = MINUTE
LIFE_MAX_NS: Final = 3_650 * DAY
OVERLAP_MAX_NS: Final = 7 * DAY
KEPT_NS: Final = 30 * DAY  # so long a token that is over still stands in the list, to say why it is refused
USED_EVERY_NS: Final = MINUTE  # the last use is known to the minute: writing down each would make a write of every look


class Row(NamedTuple):
    """A secret of a token, as the file holds it."""

    whole: bytes
    name: str
    scopes: str
    ends: int | None
    used: int | None


def issue(db: sqlite3.Connection, chance: Chance, name: str, scopes: Iterable[str], now: int, life: int | None) -> str:
    values.require_name(name)
    written = values.written_scopes(values.require_scopes(scopes))
    if life is not None and not LIFE_MIN_NS <= life <= LIFE_MAX_NS:
        raise _wrong_span("The life of a token", life, LIFE_MIN_NS, LIFE_MAX_NS)
    db.execute("DELETE FROM tokens WHERE name = ? AND name NOT IN (SELECT name FROM secrets)", (name,))
    if db.execute("SELECT 1 FROM tokens WHERE name = ?", (name,)).fetchone():
        raise AccessAskedWrongly(
            f"There is a token {name} already",
            why="Its name stands for whoever holds it, so it is not given twice",
            todo="Take another name; or rotate that token for a new secret; or revoke it first",
        )
    _require_room(db)
    ends = None if life is None else now + life
    db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, NULL, ?, NULL)", (name, written, life, now, ends))
    return _give(db, chance, name, ends)


def rotate(db: sqlite3.Connection, chance: Chance, name: str, now: int, overlap: int) -> str:
    """A new secret for the same token, with a whole life. What came from the old one ends with it."""
    if not 0 <= overlap <= OVERLAP_MAX_NS:
        raise _wrong_span("The overlap of a rotation", overlap, 0, OVERLAP_MAX_NS)
    life = _life_of(db, name)
    # Of two that hold, the one that was being replaced already dies now.
    db.execute(
        "DELETE FROM secrets WHERE name = ?1 AND mark NOT IN "
        "(SELECT mark FROM secrets WHERE name = ?1 ORDER BY generation DESC LIMIT 1)",
        (name,),
    )
    until = now + overlap
    if overlap:
        db.execute("UPDATE secrets SET ends = min(ifnull(ends, ?2), ?2) WHERE name = ?1", (name, until))
    else:
        db.execute("DELETE FROM secrets WHERE name = ?", (name,))
    for table in ("sessions", "logins"):
        db.execute(f"UPDATE {table} SET ends = min(ends, ?2) WHERE token = ?1", (name, until))  # noqa: S608 - ours
    ends = None if life is None else now + life
    db.execute("UPDATE tokens SET rotated = ?2, ends = ?3 WHERE name = ?1", (name, now, ends))
    return _give(db, chance, name, ends)


def revoke(db: sqlite3.Connection, name: str) -> None:
    """The token, its secrets, and all sessions and login codes that came from it, at once."""
    _life_of(db, name)
    db.execute("DELETE FROM tokens WHERE name = ?", (name,))


def listed(db: sqlite3.Connection) -> tuple[TokenShown, ...]:
    rows = db.execute(
        "SELECT name, scopes, issued, rotated, ends, used, (SELECT CASE WHEN count(*) > 1 THEN min(ends) END "
        "FROM secrets WHERE secrets.name = tokens.name) FROM tokens ORDER BY name"
    )
    return tuple(
        TokenShown(
            name=name, scopes=frozenset(scopes.split()), issued=issued, rotated=rotated, ends=ends, old_ends=old_ends,
            used=used,
        )
        for name, scopes, issued, rotated, ends, used, old_ends in rows
    )  # fmt: skip


def row_of(db: sqlite3.Connection, seen: Print) -> Row | None:
    """The row of the token whose secret this is, compared as a whole."""
    found = db.execute(
        "SELECT whole, name, scopes, secrets.ends, used FROM secrets JOIN tokens USING (name) WHERE mark = ?",
        (seen.mark,),
    ).fetchone()
    return Row._make(found) if found is not None and seen.is_of(found[0]) else None


def holder_of(row: Row) -> Holder:
    return Holder(identity=f"token:{row.name}", scopes=frozenset(row.scopes.split()))


def is_over(row: Row, now: int) -> bool:
    return row.ends is not None and row.ends <= now


def last_use_is_old(row: Row, now: int) -> bool:
    return row.used is None or abs(now - row.used) >= USED_EVERY_NS


def touch(db: sqlite3.Connection, seen: Print, now: int) -> None:
    used = now // USED_EVERY_NS * USED_EVERY_NS
    db.execute("UPDATE tokens SET used = ? WHERE name = (SELECT name FROM secrets WHERE mark = ?)", (used, seen.mark))


def first_end(db: sqlite3.Connection, name: str, scopes: frozenset[str]) -> int | None:
    """When what comes from this token must end: with whichever of its secrets ends first, as it may come from that."""
    row = db.execute(
        "SELECT scopes, min(secrets.ends) FROM tokens JOIN secrets USING (name) WHERE name = ? GROUP BY name", (name,)
    ).fetchone()
    if row is None:
        raise _unknown(db, name)
    if not scopes <= set(row[0].split()):
        raise AccessAskedWrongly(
            f"The token {name} has the scopes {row[0]}",
            why="What comes from a token may never do more than the token",
            todo="Ask for these scopes or fewer",
        )
    return None if row[1] is None else int(row[1])


def sweep(db: sqlite3.Connection, now: int) -> None:
    db.execute("DELETE FROM secrets WHERE ends <= ?", (now,))
    db.execute(
        "DELETE FROM tokens WHERE name NOT IN (SELECT name FROM secrets) AND ifnull(ends, 0) <= ?", (now - KEPT_NS,)
    )


def _give(db: sqlite3.Connection, chance: Chance, name: str, ends: int | None) -> str:
    secret, kept = new_secret("token", chance)
    before = db.execute("SELECT ifnull(max(generation), 0) FROM secrets WHERE name = ?", (name,)).fetchone()[0]
    insert_secret(db, "secrets", (kept.mark, kept.whole, name, before + 1, ends))
    return secret


def insert_secret(db: sqlite3.Connection, table: str, row: tuple[object, ...]) -> None:
    """Keep a new one; its mark stands first. One that was drawn before was not drawn by chance: others may have it."""
    drawn_before = db.execute(f"SELECT 1 FROM {table} WHERE mark = ?", row[:1]).fetchone()  # noqa: S608 - ours
    require(not drawn_before, "access_chance_repeats")
    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - ours


def _require_room(db: sqlite3.Connection) -> None:
    db.execute(
        "DELETE FROM tokens WHERE name NOT IN (SELECT name FROM secrets) AND (SELECT count(*) FROM tokens) >= ?",
        (TOKENS_MAX,),
    )
    if db.execute("SELECT count(*) FROM tokens").fetchone()[0] >= TOKENS_MAX:
        raise AccessFull(
            f"There are {TOKENS_MAX} tokens",
            why="So many cannot be kept an eye on, and a table without an end would fill the disk",
            todo="Revoke those that are no longer used: the list shows when each was last",
        )


def _life_of(db: sqlite3.Connection, name: object) -> int | None:
    """The life that a token was issued with; there is such a token."""
    known = values.is_name(name)
    row = db.execute("SELECT life FROM tokens WHERE name = ?", (name,)).fetchone() if known else None
    if row is None:
        raise _unknown(db, name)
    life: int | None = row[0]
    return life


def _unknown(db: sqlite3.Connection, name: object) -> AccessAskedWrongly:
    names = ", ".join(known for (known,) in db.execute("SELECT name FROM tokens ORDER BY name LIMIT 20"))
    return AccessAskedWrongly(
        f"There is no token {shown(name)}",
        why=f"There are: {names}" if names else "There is none at all",
        todo="Give the name of one of these" if names else "Issue one first",
    )


def _wrong_span(what: str, span: int, least: int, most: int) -> AccessAskedWrongly:
    return AccessAskedWrongly(
        f"{what} would be {format_duration(span)}",
        why="A secret that is forgotten must not hold for ever, and one that is over at once is none",
        todo=f"Take {format_duration(least)} to {format_duration(most)}",
    )
