"""A file that is not ours, not whole, or not for us alone lets nobody in, and its owner is told what to do."""

import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.approval.people import NOW, held, phone, refused

from assent.approval import SCOPES, Access, AccessError
from assent.approval.errors import (
    AccessDamaged,
    AccessForeign,
    AccessPlaceRefused,
    AccessReplaced,
    AccessUnwritable,
)
from assent.approval.sessions import SESSION_IDLE_NS
from assent.approval.store import SCHEMA
from assent.model.units import MINUTE


def everything(access: Access, secret: str, session: str) -> None:
    """Each thing that the room does, once; what it answers does not matter here."""
    access.check(secret, NOW, source="192.0.2.1")
    access.check(session, NOW, source="192.0.2.1")
    access.check("nonsense", NOW, source="192.0.2.1")
    access.check_factor("ada", "123456", NOW)
    access.tokens(), access.sessions(NOW), access.factors(NOW)
    access.redeem(access.offer_login("os:ada", ["view"], NOW), NOW)
    access.issue("another", ["view"], NOW)
    access.rotate("another", NOW)
    access.revoke("another")
    access.enrol("bob", NOW)
    access.forget_factor("bob")
    access.end_all()


def in_use(place: Path) -> tuple[str, str]:
    """A closed file with something of everything in it; a token's secret and a session's."""
    access = Access.open(place)
    for n in range(30):
        access.issue(f"token-{n}", ["view"], NOW)
    secret = access.issue("t", list(SCOPES), NOW)
    session = access.redeem(access.offer_login("token:t", ["view"], NOW), NOW)
    access.enrol("ada", NOW)
    access.check_factor("ada", "nonsense", NOW)
    access.check("nonsense", NOW, source="192.0.2.1")
    access.close()
    return secret, getattr(session, "secret", "")


# ---------------------------------------------------------------------------------------------- permissions


def test_a_new_file_and_what_lies_beside_it_is_for_its_owner_alone_whatever_the_umask(place: Path) -> None:
    before = os.umask(0)
    try:
        access = Access.open(place)
        access.issue("t", ["view"], NOW)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.parent.iterdir()}
    assert modes == {place.name: 0o600, place.name + "-wal": 0o600, place.name + "-shm": 0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_touch_is_refused_with_what_to_do(place: Path, mode: int) -> None:
    Access.open(place).close()
    place.chmod(mode)
    with pytest.raises(AccessPlaceRefused, match=f"mode {mode:o}.*chmod 600 {place}"):
        Access.open(place)
    place.chmod(0o600)
    Access.open(place).close()


def test_a_file_that_others_may_touch_is_refused_also_while_it_is_in_use(access: Access, place: Path) -> None:
    secret = access.issue("t", ["view"], NOW)
    place.chmod(0o640)
    with pytest.raises(AccessPlaceRefused, match="Others may read or change"):
        access.check(secret, NOW)
    place.chmod(0o600)
    held(access.check(secret, NOW))


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777, 0o770])
def test_a_folder_in_which_others_may_write_is_refused(place: Path, mode: int) -> None:
    place.parent.chmod(mode)
    with pytest.raises(AccessPlaceRefused, match=f"mode {mode:o}.*chmod go-w"):
        Access.open(place)
    assert not place.exists()


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o750, 0o711])
def test_a_folder_that_others_may_only_read_will_do(place: Path, mode: int) -> None:
    place.parent.chmod(mode)
    Access.open(place).close()


def test_a_folder_that_is_not_there_is_not_made(place: Path) -> None:
    with pytest.raises(AccessPlaceRefused, match="mkdir -m 700"):
        Access.open(place.parent / "none" / "access.sqlite")
    (place.parent / "file").write_bytes(b"")
    with pytest.raises(AccessPlaceRefused):
        Access.open(place.parent / "file" / "access.sqlite")


@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_a_file_with_a_second_name_is_refused(place: Path, make: Callable[[Path, Path], None]) -> None:
    Access.open(place).close()
    other = place.with_name("other.sqlite")
    make(place, other)
    with pytest.raises(AccessPlaceRefused, match="no plain file with one name"):
        Access.open(other)


def test_what_is_no_file_is_refused(place: Path) -> None:
    place.mkdir()
    with pytest.raises(AccessPlaceRefused):
        Access.open(place)
    os.mkfifo(place.with_name("pipe"), 0o600)
    with pytest.raises(AccessPlaceRefused):
        Access.open(place.with_name("pipe"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_folder_of_another_user_is_refused(place: Path) -> None:
    os.chown(place.parent, 12345, 12345)
    with pytest.raises(AccessPlaceRefused, match="belongs to another user"):
        Access.open(place)


# ------------------------------------------------------------------------------------------ taken away, put back


def test_a_file_that_was_taken_away_lets_nobody_in_any_more(access: Access, place: Path) -> None:
    secret = access.issue("t", ["view"], NOW)
    place.unlink()
    with pytest.raises(AccessReplaced, match="it was taken away"):
        access.check(secret, NOW)


def test_a_file_put_in_the_place_of_the_open_one_is_noticed(access: Access, place: Path) -> None:
    secret = access.issue("t", ["view"], NOW)
    other = place.with_name("other.sqlite")
    Access.open(other).close()
    other.rename(place)
    with pytest.raises(AccessReplaced, match="another lies in its place"):
        access.check(secret, NOW)


def test_a_new_file_does_not_take_over_what_an_old_one_left_beside_it(place: Path) -> None:
    old = Access.open(place)
    secret = old.issue("t", ["view"], NOW)
    kept = place.with_name("kept")
    shutil.copy(place.with_name(place.name + "-wal"), kept)
    old.close()
    place.unlink()
    kept.rename(place.with_name(place.name + "-wal"))
    refused(Access.open(place).check(secret, NOW))


def test_a_draft_left_by_a_crash_is_in_nobodys_way(place: Path) -> None:
    place.with_name(place.name + ".new").write_bytes(b"half a file")
    Access.open(place).issue("t", ["view"], NOW)
    assert not place.with_name(place.name + ".new").exists()


def test_a_closed_one_answers_nobody(place: Path) -> None:
    access = Access.open(place)
    access.close()
    access.close()
    with pytest.raises(AccessUnwritable, match="is closed"):
        access.tokens()


# ------------------------------------------------------------------------------------------ foreign and damaged


def written(place: Path, content: bytes) -> Path:
    place.write_bytes(content)
    place.chmod(0o600)
    return place


@pytest.mark.parametrize("content", [b"", b"x", b"{}" * 5000, b"SQLite format 2\0" + bytes(5000)])
def test_a_file_of_another_kind_is_refused_and_left_as_it_is(place: Path, content: bytes) -> None:
    written(place, content)
    with pytest.raises(AccessForeign, match="is no file of credentials"):
        Access.open(place)
    assert place.read_bytes() == content


def test_another_programs_database_is_refused_and_left_as_it_is(place: Path) -> None:
    other = sqlite3.connect(place)
    other.executescript("CREATE TABLE tokens (name TEXT); INSERT INTO tokens VALUES ('mine');")
    other.close()
    place.chmod(0o600)
    before = place.read_bytes()
    with pytest.raises(AccessForeign, match="another program's database"):
        Access.open(place)
    assert place.read_bytes() == before


def test_a_format_that_this_build_does_not_know_is_refused(place: Path) -> None:
    Access.open(place).close()
    changed(place, "PRAGMA user_version = 2")
    with pytest.raises(AccessForeign, match="format 2"):
        Access.open(place)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER back AFTER DELETE ON tokens BEGIN INSERT INTO locks VALUES ('source', 'x', 1); END",
        "CREATE VIEW shown AS SELECT * FROM factors",
        "CREATE TABLE more (x TEXT)",
        "DROP TABLE locks",
        "ALTER TABLE tokens ADD COLUMN extra TEXT",
        "CREATE INDEX fast ON sessions (identity)",
    ],
)
def test_tables_that_are_not_as_we_made_them_are_refused(place: Path, change: str) -> None:
    Access.open(place).close()
    changed(place, change)
    with pytest.raises(AccessDamaged, match="not as we made them"):
        Access.open(place)


def test_what_no_table_of_ours_could_hold_is_refused(place: Path) -> None:
    in_use(place)
    changed(place, "PRAGMA ignore_check_constraints = 1; UPDATE tokens SET scopes = 'view approve operate everything'")
    with pytest.raises(AccessDamaged):
        Access.open(place)


def test_what_came_from_a_token_that_is_not_there_is_refused(place: Path) -> None:
    in_use(place)
    changed(place, "PRAGMA foreign_keys = 0; DELETE FROM tokens WHERE name = 't'")
    with pytest.raises(AccessDamaged, match="a token that is not there"):
        Access.open(place)


def changed(place: Path, script: str) -> None:
    other = sqlite3.connect(place)
    other.executescript(script)
    other.close()


@pytest.mark.parametrize("kept", [16, 50, 100, 1000, 4096, 5000, 20_000])
def test_a_file_that_was_cut_is_refused(place: Path, kept: int) -> None:
    in_use(place)
    written(place, place.read_bytes()[:kept])
    with pytest.raises((AccessDamaged, AccessForeign)):
        Access.open(place)


def fault_of(place: Path, secret: str, session: str) -> AccessError | None:
    """What comes of using the file as it is: nothing, or an error of ours."""
    try:
        access = Access.open(place)
    except AccessError as error:
        return error
    try:
        everything(access, secret, session)
    except AccessError as error:
        return error
    finally:
        access.close()
    return None


def test_bytes_that_were_changed_anywhere_never_end_in_a_traceback(place: Path) -> None:
    """Whatever was damaged, there is an answer or an error that teaches."""
    secret, session = in_use(place)
    whole = place.read_bytes()
    chance = random.Random(6238)
    refusals = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for at in chance.sample(range(len(whole)), chance.choice((1, 1, 1, 4, 64, 512))):
            damaged[at] = chance.randrange(256)
        written(place, bytes(damaged))
        fault = fault_of(place, secret, session)
        if fault is not None:
            refusals += 1
            assert str(fault).startswith(str(place))
            assert secret not in str(fault)
        for beside in place.parent.iterdir():
            if beside != place:
                beside.unlink()
    assert 20 < refusals < 200, "damage is found, and not everything is damage"


def test_a_page_that_is_lost_while_the_file_is_in_use_is_an_error_that_teaches(place: Path) -> None:
    secret, session = in_use(place)
    access = Access.open(place)
    with place.open("r+b") as file:
        file.truncate(4096)
    with pytest.raises(AccessError, match=r"is damaged|access\.sqlite"):
        everything(access, secret, session)


def test_every_error_says_what_why_and_what_to_do(place: Path) -> None:
    written(place, b"x")
    with pytest.raises(AccessForeign) as error:
        Access.open(place)
    assert error.value.code == "access_foreign"
    assert all((error.value.what, error.value.why, error.value.todo))


def test_a_disk_that_takes_nothing_keeps_nobody_out_and_accepts_nothing_that_must_be_used_up(place: Path) -> None:
    """The owner can still look and halt; a code that could not be marked as used is not accepted."""
    secret, session = in_use(place)
    access = Access.open(place)
    ada = access.enrol("cyd", NOW)
    code = access.offer_login("os:ada", ["view"], NOW)
    access._store._connection.execute("PRAGMA query_only = 1")
    held(access.check(secret, NOW))
    held(access.check(session, NOW + 5 * MINUTE))
    refused(access.check(session, NOW + SESSION_IDLE_NS))
    for act in (lambda: access.redeem(code, NOW), lambda: access.check_factor("cyd", phone(ada, NOW), NOW)):
        with pytest.raises(AccessUnwritable, match="readonly"):
            act()


def test_after_an_error_nothing_is_half_done(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    with pytest.raises(AccessError):
        access.issue("t", ["view"], NOW, life_ns=1)
    with pytest.raises(AccessError):
        access.enrol("ada", NOW)
    access.issue("t", ["view"], NOW)
    assert access.check_factor("ada", phone(ada, NOW), NOW) is None


def test_every_table_is_strict() -> None:
    assert {"tokens", "secrets", "sessions", "logins", "factors", "wrong", "locks"} == SCHEMA.keys()
    assert all(sql.endswith(" STRICT") for sql in SCHEMA.values())
