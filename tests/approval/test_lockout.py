"""Whoever guesses at credentials is told to wait; a forgotten script is no guesser, and nobody locks the owner out."""

from pathlib import Path

import pytest
from tests.approval.people import NOW, begun, held, refused

from assent.approval import Access, lockout
from assent.approval.factors import PEOPLE_MAX
from assent.approval.lockout import SOURCE, Guard
from assent.model.units import DAY, MINUTE

HERE = "192.0.2.1"
LOCK = 15 * MINUTE


def guesses(access: Access, count: int, now: int = NOW, source: str = HERE) -> list[str]:
    return [refused(access.check(f"guess {n}", now, source=source)).code for n in range(count)]


def test_the_tenth_different_guess_locks_the_source_out(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    assert guesses(access, 9) == ["credential_refused"] * 9
    held(access.check(secret, NOW, source=HERE))
    refused(access.check("guess 9", NOW, source=HERE))
    locked = refused(access.check("guess 10", NOW, source=HERE))
    assert (locked.code, locked.until) == ("credential_locked", NOW + LOCK)


def test_guesses_from_the_owners_own_machine_never_lock_the_owner_out(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    code = access.offer_login("os:ada", ["view"], NOW)
    guesses(access, 30)
    held(access.check(secret, NOW, source=HERE))
    session = begun(access.redeem(code, NOW, source=HERE))
    held(access.check(session.secret, NOW, source=HERE))
    assert guesses(access, 1) == ["credential_locked"], "and a right one forgives no wrong ones"


def test_what_is_over_or_used_is_not_right_for_one_who_is_locked_out(access: Access) -> None:
    code, secret = access.offer_login("os:ada", ["view"], NOW), access.issue("t", ["view"], NOW, life_ns=MINUTE)
    begun(access.redeem(code, NOW, source=HERE))
    guesses(access, 10)
    for found in (access.redeem(code, NOW, source=HERE), access.check(secret, NOW + MINUTE, source=HERE)):
        assert refused(found).code == "credential_locked"


def test_the_lock_is_of_the_source_alone(access: Access) -> None:
    guesses(access, 10)
    assert guesses(access, 1, source="192.0.2.2") == ["credential_refused"]
    assert refused(access.check("guess", NOW)).code == "credential_refused"


def test_the_lock_ends_at_its_end_and_not_before(access: Access) -> None:
    guesses(access, 10)
    assert guesses(access, 1, NOW + LOCK - 1) == ["credential_locked"]
    assert guesses(access, 1, NOW + LOCK) == ["credential_refused"]


def test_a_login_code_is_guarded_by_the_same_count(access: Access) -> None:
    for n in range(5):
        refused(access.redeem(f"guess {n}", NOW, source=HERE))
    guesses_more = [refused(access.check(f"other guess {n}", NOW, source=HERE)).code for n in range(5)]
    assert guesses_more == ["credential_refused"] * 5
    assert refused(access.redeem("one more", NOW, source=HERE)).code == "credential_locked"
    assert refused(access.redeem("one more", NOW)).code == "credential_refused"


def test_the_same_mistake_made_again_is_one_mistake(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    old, new = secret, access.rotate("t", NOW)
    for _ in range(50):
        assert refused(access.check(old, NOW, source=HERE)).code == "credential_refused"
    held(access.check(new, NOW, source=HERE))


def test_what_was_right_once_is_no_guess(access: Access) -> None:
    for n in range(12):
        code = access.offer_login(f"os:user{n}", ["view"], NOW)
        begun(access.redeem(code, NOW, source=HERE))
        assert refused(access.redeem(code, NOW, source=HERE)).code == "credential_refused"


def test_guesses_outlive_a_restart_and_are_counted_by_both_processes(place: Path) -> None:
    desk, console = Access.open(place), Access.open(place)
    for n in range(5):
        refused(desk.check(f"guess {n}", NOW, source=HERE))
        refused(console.check(f"other guess {n}", NOW, source=HERE))
    desk.close()
    console.close()
    assert refused(Access.open(place).check("guess", NOW, source=HERE)).code == "credential_locked"


def test_guesses_count_only_within_their_window(access: Access) -> None:
    guesses(access, 9)
    assert guesses(access, 2, NOW + LOCK) == ["credential_refused"] * 2


def test_a_lock_set_by_a_clock_that_ran_ahead_ends_as_if_it_had_begun_now(access: Access) -> None:
    guesses(access, 10, NOW + 365 * DAY)
    assert refused(access.check("guess", NOW, source=HERE)).until == NOW + LOCK
    assert guesses(access, 1, NOW + LOCK) == ["credential_refused"]


@pytest.mark.parametrize("source", ["", "a" * 100_000, "\ud800", "'; DROP TABLE locks; --", "::1\x00", "\x1b[2J"])
def test_any_text_may_be_a_source(access: Access, source: str) -> None:
    assert guesses(access, 10, source=source) == ["credential_refused"] * 10
    assert refused(access.check("x", NOW, source=source)).code == "credential_locked"


def test_long_sources_that_differ_stay_different(access: Access) -> None:
    guesses(access, 10, source="a" * 500 + "b")
    assert guesses(access, 1, source="a" * 500 + "c") == ["credential_refused"]


def test_what_is_kept_of_sources_is_bounded_and_never_takes_a_persons_lock_with_it(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Guard(kind=SOURCE.kind, tries=SOURCE.tries, window=SOURCE.window, lock=SOURCE.lock, rows=20)
    monkeypatch.setattr("assent.approval.access.SOURCE", few)
    access.enrol("ada", NOW)
    for _ in range(5):
        access.check_factor("ada", "no digits", NOW)
    for n in range(30):
        guesses(access, 10, NOW + n, source=f"locked {n}")
        guesses(access, 3, NOW + n, source=f"counted {n}")
    for n in range(10):
        guesses(access, 3, NOW + 30, source=f"counted later {n}")
    with access._store.reading() as db:
        tries = db.execute("SELECT kind, count(*) FROM wrong GROUP BY kind").fetchall()
        locks = db.execute("SELECT kind, count(*) FROM locks GROUP BY kind ORDER BY kind").fetchall()
    assert (tries, locks) == ([("source", 20)], [("factor", 1), ("source", 20)])
    assert refused(access.check("x", NOW + 30, source="locked 29")).code == "credential_locked"
    assert access.check_factor("ada", "123456", NOW) == "second_factor_locked"


def test_a_guard_of_persons_keeps_more_than_there_can_be() -> None:
    assert lockout.FACTOR.rows >= PEOPLE_MAX * lockout.FACTOR.tries
