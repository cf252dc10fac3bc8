"""Browser sessions, and the one-time codes by which they begin.

A session ends after a while without use, after its whole life, by hand, and with the token that it came from. A code
begins one session and no second, also when two processes are shown it at the same moment.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

from assent.approval import tokens, values
from assent.approval.errors import AccessFull
from assent.approval.secret import Chance, Print, new_secret, page_text_of
from assent.approval.tokens import insert_secret
from assent.approval.values import CREDENTIAL_REFUSED, Holder, Refusal, Session, SessionShown
from assent.model.units import HOUR, MINUTE

SESSION_LIFE_NS: Final = 12 * HOUR
SESSION_IDLE_NS: Final = 30 * MINUTE
SESSION_USED_EVERY_NS: Final = MINUTE
CLOCK_STEP_NS: Final = 5 * MINUTE  # so far a clock may be set back without anybody having to sign in again
LOGIN_LIFE_NS: Final = 3 * MINUTE
LOGIN_KEPT_NS: Final = HOUR  # so long it is known what became of a code, to say so to whoever shows it again
# Of one identity, the one that was begun or used longest ago gives way; of all together no more are begun.
EACH_MAX: Final = 10
ALL_MAX: Final = 1_000

LOGIN_USED: Final = Refusal(
    code=CREDENTIAL_REFUSED,
    words="this code was used already; if that was not you, end all sessions and find out who saw it",
)
LOGIN_OVER: Final = Refusal(code=CREDENTIAL_REFUSED, words="this code is over; ask for a new one")
SESSION_OVER: Final = Refusal(code=CREDENTIAL_REFUSED, words="this session is over; sign in again")


class Row(NamedTuple):
    """A session, as the file holds it."""

    whole: bytes
    identity: str
    scopes: str
    used: int
    ends: int


def offer(db: sqlite3.Connection, chance: Chance, identity: str, scopes: Iterable[str], now: int) -> str:
    """A code that begins a session of this identity, once, within `LOGIN_LIFE_NS`."""
    identity, token = values.require_identity(identity)
    wanted = values.require_scopes(scopes)
    ends = now + LOGIN_LIFE_NS
    if token is not None:
        ends = min(ends, tokens.first_end(db, token, wanted) or ends)
    _make_room(db, "logins", identity)
    code, kept = new_secret("login", chance)
    insert_secret(
        db,
        "logins",
        (kept.mark, kept.whole, identity, token, values.written_scopes(wanted), now, None, ends),
    )
    return code


def is_offered(db: sqlite3.Connection, seen: Print) -> bool:
    """Whether this is the code of a login that nobody has used; `redeem` alone says whether it still holds."""
    row = db.execute("SELECT whole FROM logins WHERE mark = ? AND used IS NULL", (seen.mark,)).fetchone()
    return row is not None and seen.is_of(row[0])


def redeem(db: sqlite3.Connection, chance: Chance, seen: Print, now: int) -> Session | Refusal | None:
    """The session that this code begins; None where nobody knows it.

    Of two who show it at once one finds it unused: the statement decides. A code that comes too late is used up as
    well, so that no clock that is set back makes it good again.
    """
    row = db.execute("SELECT whole, identity, token, scopes, ends FROM logins WHERE mark = ?", (seen.mark,)).fetchone()
    if row is None or not seen.is_of(row[0]):
        return None
    _whole, identity, token, written, login_ends = row
    unused = db.execute("UPDATE logins SET used = ?2 WHERE mark = ?1 AND used IS NULL", (seen.mark, now)).rowcount
    if not unused:
        return LOGIN_USED
    if not now < login_ends <= now + LOGIN_LIFE_NS + CLOCK_STEP_NS:
        return LOGIN_OVER
    scopes = frozenset(written.split())
    ends = now + SESSION_LIFE_NS
    if token is not None:
        ends = min(ends, tokens.first_end(db, token, scopes) or ends)
    _make_room(db, "sessions", identity)
    secret, kept = new_secret("session", chance)
    insert_secret(
        db,
        "sessions",
        (kept.mark, kept.whole, identity, token, written, now, now, ends),
    )
    csrf = page_text_of(secret)
    return Session(secret=secret, csrf=csrf, holder=Holder(identity=identity, scopes=scopes, session=csrf), ends=ends)


def row_of(db: sqlite3.Connection, seen: Print) -> Row | None:
    """The row of the session whose secret this is, compared as a whole."""
    found = db.execute(
        "SELECT whole, identity, scopes, used, ends FROM sessions WHERE mark = ?", (seen.mark,)
    ).fetchone()
    return Row._make(found) if found is not None and seen.is_of(found[0]) else None


def holder_of(row: Row, secret: str) -> Holder:
    return Holder(identity=row.identity, scopes=frozenset(row.scopes.split()), session=page_text_of(secret))


def is_over(row: Row, now: int) -> bool:
    """Also one that would last longer than any: it was begun by a clock that ran ahead."""
    return row.ends <= now or now - row.used >= SESSION_IDLE_NS or row.ends - now > SESSION_LIFE_NS + CLOCK_STEP_NS


def last_use_is_old(row: Row, now: int) -> bool:
    return abs(now - row.used) >= SESSION_USED_EVERY_NS


def touch(db: sqlite3.Connection, seen: Print, now: int) -> None:
    db.execute("UPDATE sessions SET used = ? WHERE mark = ?", (now, seen.mark))


def end(db: sqlite3.Connection, seen: Print) -> bool:
    return bool(db.execute("DELETE FROM sessions WHERE mark = ? AND whole = ?", (seen.mark, seen.whole)).rowcount)


def end_all(db: sqlite3.Connection, identity: str | None) -> int:
    """Every session, or every one of an identity, and the codes that could still begin one."""
    if identity is not None:
        values.require_identity(identity)
    db.execute("DELETE FROM logins WHERE ?1 IS NULL OR identity = ?1", (identity,))
    return db.execute("DELETE FROM sessions WHERE ?1 IS NULL OR identity = ?1", (identity,)).rowcount


def listed(db: sqlite3.Connection, now: int) -> tuple[SessionShown, ...]:
    rows = db.execute(
        "SELECT identity, scopes, begun, used, ends FROM sessions WHERE ends > ?1 AND used > ?1 - ?2 "
        "ORDER BY identity, begun",
        (now, SESSION_IDLE_NS),
    )
    return tuple(
        SessionShown(identity=identity, scopes=frozenset(scopes.split()), begun=begun, used=used, ends=ends)
        for identity, scopes, begun, used, ends in rows
    )


def sweep(db: sqlite3.Connection, now: int) -> None:
    db.execute(
        "DELETE FROM sessions WHERE ends <= ?1 OR used <= ?1 - ?2 OR ends > ?1 + ?3",
        (now, SESSION_IDLE_NS, SESSION_LIFE_NS + CLOCK_STEP_NS),
    )
    db.execute("DELETE FROM logins WHERE ends <= ?", (now - LOGIN_KEPT_NS,))


def _make_room(db: sqlite3.Connection, table: str, identity: str) -> None:
    db.execute(
        f"DELETE FROM {table} WHERE mark IN (SELECT mark FROM {table} WHERE identity = ? "  # noqa: S608 - ours
        "ORDER BY ifnull(used, begun) DESC, begun DESC LIMIT -1 OFFSET ?)",
        (identity, EACH_MAX - 1),
    )
    if db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] >= ALL_MAX:  # noqa: S608 - ours
        raise AccessFull(
            f"There are {ALL_MAX} {table} at once",
            why="So many people do not sign in to one desk, and a table without an end would fill the disk",
            todo="End them all, and look for who makes them",
        )
