"""Second factors: one seed a person, each step accepted once, too many wrong tries locked out.

The seed itself must be kept, since the digits are computed from it: it is the one secret in the file that a reader of
the file could use. All else about it happens in one transaction, so that neither a second process nor a restart can be
used to try once more or to use a step twice.
"""

import sqlite3
from typing import Final

from assent.approval import lockout, values
from assent.approval.errors import AccessAskedWrongly, AccessFull
from assent.approval.lockout import FACTOR
from assent.approval.secret import Chance, draw
from assent.approval.totp import SEED_BYTES, STEP_NS, matching_steps, uri_of, written_seed
from assent.approval.values import (
    FACTOR_LOCKED,
    FACTOR_MISSING,
    FACTOR_REPLAYED,
    FACTOR_WRONG,
    Enrolment,
    FactorShown,
)
from assent.model.text import shown

PEOPLE_MAX: Final = 100
NEVER: Final = -1


def enrol(db: sqlite3.Connection, chance: Chance, person: str, now: int) -> Enrolment:
    values.require_person(person)
    if db.execute("SELECT 1 FROM factors WHERE person = ?", (person,)).fetchone():
        raise AccessAskedWrongly(
            f"{person} has a second factor already",
            why="A second one in its place would be a way around the first",
            todo="If the phone is lost, forget that factor first, then enrol anew",
        )
    if db.execute("SELECT count(*) FROM factors").fetchone()[0] >= PEOPLE_MAX:
        raise AccessFull(
            f"{PEOPLE_MAX} people have a second factor",
            why="One desk has not that many approvers, and a table without an end would fill the disk",
            todo="Forget the factors of those who left",
        )
    seed = draw(chance, SEED_BYTES)
    db.execute("INSERT INTO factors VALUES (?, ?, ?, ?)", (person, seed, now, NEVER))
    return Enrolment(person=person, uri=uri_of(person, seed), secret=written_seed(seed))


def forget(db: sqlite3.Connection, person: str) -> None:
    """The seed is overwritten in the file; the wrong tries were tries at that seed, so they go with it."""
    if not values.is_person(person) or not db.execute("DELETE FROM factors WHERE person = ?", (person,)).rowcount:
        raise AccessAskedWrongly(
            f"{shown(person)} has no second factor",
            why="There is nothing to forget",
            todo="Look at who has one, and give that name",
        )
    lockout.forget_all(db, FACTOR, person)


def check(db: sqlite3.Connection, person: object, digits: object, now: int) -> str | None:
    """None: these are this person's digits, and nobody used them before. Else the code of the refusal."""
    if not values.is_person(person) or digits is None or digits == "":
        return FACTOR_MISSING
    row = db.execute("SELECT seed, step FROM factors WHERE person = ?", (person,)).fetchone()
    if row is None:
        return FACTOR_MISSING
    name = str(person)
    if lockout.locked_until(db, FACTOR, name, now) is not None:
        return FACTOR_LOCKED
    steps = matching_steps(row[0], digits if isinstance(digits, str) else "", now)
    if not steps:
        lockout.count_wrong(db, FACTOR, name, now)
        return FACTOR_WRONG
    taken = db.execute("UPDATE factors SET step = ?2 WHERE person = ?1 AND step < ?2", (name, steps[0])).rowcount
    if not taken:
        return FACTOR_REPLAYED
    lockout.forget_wrong(db, FACTOR, name)
    return None


def listed(db: sqlite3.Connection, now: int) -> tuple[FactorShown, ...]:
    rows = db.execute("SELECT person, enrolled, step FROM factors ORDER BY person").fetchall()
    return tuple(
        FactorShown(
            person=person,
            enrolled=enrolled,
            used=None if step == NEVER else step * STEP_NS,
            locked_until=lockout.locked_until(db, FACTOR, person, now),
        )
        for person, enrolled, step in rows
    )
