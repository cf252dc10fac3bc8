"""The one door of this room: who somebody is, proven. Tokens, sessions, one-time codes, second factors.

Promises that a secret is answered once, to whoever asked for it, and can never be read again; that whatever is not
exactly right is a `Refusal`, whatever bytes it is made of; and that a broken file is an `AccessError`, which lets
nobody in. The desk's process and the console's each open the same file and agree. Times come in, in nanoseconds;
nothing here reads a clock, decides what somebody may do, or knows what an order is.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from sqlite3 import Connection
from typing import Final, Self

from assent.approval import factors, lockout, sessions, tokens
from assent.approval.errors import AccessBusy, AccessUnwritable
from assent.approval.lockout import SOURCE
from assent.approval.secret import RANDOM, Chance, Print, print_of, sign_of
from assent.approval.store import Store
from assent.approval.values import (
    CREDENTIAL_LOCKED,
    CREDENTIAL_REFUSED,
    Enrolment,
    FactorShown,
    Holder,
    Refusal,
    Session,
    SessionShown,
    TokenShown,
)
from assent.model.errors import require
from assent.model.units import is_time

UNKNOWN: Final = Refusal(
    code=CREDENTIAL_REFUSED, words="nobody here knows this credential: it is wrong, or was revoked"
)
TOKEN_OVER: Final = Refusal(
    code=CREDENTIAL_REFUSED, words="this token's secret is over; take the new one, or rotate it"
)


class Access:
    """The credentials of one desk. May be used by several threads, and by several processes at once."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance

    @classmethod
    def open(cls, path: str | PathLike[str], *, chance: Chance = RANDOM) -> Self:
        """The file at `path`; where there is none, a new one that lets nobody in."""
        return cls(Store.open(Path(path)), chance)

    def close(self) -> None:
        self._store.close()

    # ---------------------------------------------------------------------------------------------- tokens

    def issue(self, name: str, scopes: Iterable[str], now: int, *, life_ns: int | None = None) -> str:
        """A new token; its secret, shown once. Without a life it holds until it is revoked."""
        with self._changing(now) as db:
            return tokens.issue(db, self._chance, name, scopes, now, life_ns)

    def rotate(self, name: str, now: int, *, overlap_ns: int = 0) -> str:
        """A new secret for a token. The old one, and the sessions from it, end at once or with the overlap."""
        with self._changing(now) as db:
            return tokens.rotate(db, self._chance, name, now, overlap_ns)

    def revoke(self, name: str) -> None:
        """End a token, and the sessions and login codes that came from it."""
        with self._store.writing() as db:
            tokens.revoke(db, name)

    def tokens(self) -> tuple[TokenShown, ...]:
        with self._store.reading() as db:
            return tokens.listed(db)

    # --------------------------------------------------------------------------------------------- sessions

    def offer_login(self, identity: str, scopes: Iterable[str], now: int) -> str:
        """A code that begins one session, for `os:NAME` or `token:NAME`. It goes into an address, so it lives short."""
        with self._changing(now) as db:
            return sessions.offer(db, self._chance, identity, scopes, now)

    def redeem(self, code: object, now: int, *, source: str | None = None) -> Session | Refusal:
        """The session that a login code begins; the code is used up. `source`: where wrong ones are counted."""
        _require_time(now)
        seen = print_of(code)
        if seen is not None and seen.kind != "login":
            seen = None
        with self._store.reading() as db:
            locked = None if seen is not None and sessions.is_offered(db, seen) else _locked(db, source, now)
        if locked:
            return locked
        with self._store.writing() as db:
            found = sessions.redeem(db, self._chance, seen, now) if seen is not None else None
            if found is None:
                _count_wrong(db, source, code, now)
            _sweep(db, now)
        return found or UNKNOWN

    def end_session(self, secret: object) -> bool:
        """Whether there was such a session; now there is none."""
        seen = print_of(secret)
        if seen is None:
            return False
        with self._store.writing() as db:
            return sessions.end(db, seen)

    def end_all(self, identity: str | None = None) -> int:
        """End every session and login code, or those of one identity; how many sessions there were."""
        with self._store.writing() as db:
            return sessions.end_all(db, identity)

    def sessions(self, now: int) -> tuple[SessionShown, ...]:
        with self._store.reading() as db:
            return sessions.listed(db, now)

    # ----------------------------------------------------------------------------------------- credentials

    def check(self, secret: object, now: int, *, source: str | None = None) -> Holder | Refusal:
        """Who shows this token or session. What is right is answered without waiting for another process.

        `source` says where it came from, and wrong ones from there are counted; None counts nothing. Too many of them
        lock out whatever else is wrong, never what is right: no one can guess a secret of ours, but anyone on the
        owner's machine, a page in his browser too, could show ten wrong ones and so keep him from his own desk.
        """
        _require_time(now)
        seen = print_of(secret)
        with self._store.reading() as db:
            found, last_use_is_old = _look(db, seen, secret, now)
            locked = None if isinstance(found, Holder) else _locked(db, source, now)
        if locked:
            return locked
        if found is None:
            if source is not None:
                with self._changing(now) as db:
                    _count_wrong(db, source, secret, now)
            return UNKNOWN
        # What is over is swept, so no clock makes it hold again; what is used is written down, for the list and for
        # idleness. Neither changes this answer, so nobody waits for it, and a full disk does not keep the owner out.
        with suppress(AccessBusy, AccessUnwritable):
            if isinstance(found, Refusal):
                with self._store.writing(patient=False) as db:
                    _sweep(db, now)
            elif last_use_is_old and seen is not None:
                with self._store.writing(patient=False) as db:
                    (tokens if seen.kind == "token" else sessions).touch(db, seen, now)
        return found

    # -------------------------------------------------------------------------------------- second factors

    def enrol(self, person: str, now: int) -> Enrolment:
        """A second factor for a person of the constitution who has none; its seed, shown once."""
        with self._changing(now) as db:
            return factors.enrol(db, self._chance, person, now)

    def forget_factor(self, person: str) -> None:
        """The person has none any more: the phone is lost, or somebody left."""
        with self._store.writing() as db:
            factors.forget(db, person)
        self._store.overwrite()

    def factors(self, now: int) -> tuple[FactorShown, ...]:
        with self._store.reading() as db:
            return factors.listed(db, now)

    def check_factor(self, person: object, digits: object, now: int) -> str | None:
        """None where these are the person's digits and were not used before; else the code of the refusal."""
        _require_time(now)
        with self._store.writing() as db:
            return factors.check(db, person, digits, now)

    # -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self, now: int) -> Iterator[Connection]:
        """One change, after everything that is over has been swept."""
        _require_time(now)
        with self._store.writing() as db:
            _sweep(db, now)
            yield db


def _look(db: Connection, seen: Print | None, secret: object, now: int) -> tuple[Holder | Refusal | None, bool]:
    """Who it is, and whether their last use should be written down anew."""
    if seen is None:
        return None, False
    if seen.kind == "token":
        token = tokens.row_of(db, seen)
        if token is None:
            return None, False
        if tokens.is_over(token, now):
            return TOKEN_OVER, False
        return tokens.holder_of(token), tokens.last_use_is_old(token, now)
    session = sessions.row_of(db, seen) if seen.kind == "session" else None
    if session is None:
        return None, False
    if sessions.is_over(session, now):
        return sessions.SESSION_OVER, False
    return sessions.holder_of(session, str(secret)), sessions.last_use_is_old(session, now)


def _locked(db: Connection, source: str | None, now: int) -> Refusal | None:
    until = None if source is None else lockout.locked_until(db, SOURCE, source, now)
    if until is None:
        return None
    words = "too many wrong credentials came from there; it is not looked at for a while"
    return Refusal(code=CREDENTIAL_LOCKED, words=words, until=until)


def _count_wrong(db: Connection, source: str | None, secret: object, now: int) -> None:
    if source is not None:
        lockout.count_wrong(db, SOURCE, source, now, sign_of(secret))


def _sweep(db: Connection, now: int) -> None:
    tokens.sweep(db, now)
    sessions.sweep(db, now)


def _require_time(now: int) -> None:
    require(is_time(now), "access_time", now=now)
