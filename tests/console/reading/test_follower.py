"""Whatever becomes of the file: told as a state with what to do, and read again as soon as it is well."""

import os
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from tests.console.reading.ledgers import NOW, Growing, followed, write_world
from tests.ledger.ledgers import unguarded

from assent.console.reading import follower as following
from assent.console.reading.follower import STEPS_BEFORE_ANEW, STEPS_BETWEEN_LOOKS, Follower
from assent.ledger.errors import LedgerUnwritable
from assent.ledger.sqlite import SqliteStore

A, B = "0" * 15 + "a", "0" * 15 + "b"


def stepped(follower: Follower, steps: int = 2) -> Follower:
    for _ in range(steps):
        follower.step()
    return follower


def test_a_ledger_that_is_not_there_yet_is_awaited(tmp_path: Path) -> None:
    follower = stepped(Follower(tmp_path / "state" / "l.sqlite", lambda: NOW), 5)
    assert (follower.source.standing, follower.source.shown_seq) == ("missing", 0)
    assert "There is no ledger at" in follower.source.what
    assert follower.source.todo
    (tmp_path / "state").mkdir()
    assert stepped(follower, STEPS_BETWEEN_LOOKS).source.standing == "missing"
    write_world(tmp_path / "state" / "l.sqlite")
    assert stepped(follower).source.standing == "following"
    assert follower.book.head.seq == follower.source.shown_seq > 100


def test_a_ledger_without_a_record_is_empty_and_not_in_trouble(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "l.sqlite", create=True)
    follower = stepped(Follower(tmp_path / "l.sqlite", lambda: NOW))
    assert (follower.source.standing, follower.source.what) == ("empty", "")
    store.close()


def test_each_growth_is_seen_at_the_next_step_and_a_quiet_file_costs_no_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = Growing(tmp_path / "l.sqlite").grow(40)
    follower = stepped(Follower(growing.path, lambda: NOW))
    opened: list[Path] = []
    real = following.open_reader
    monkeypatch.setattr(following, "open_reader", lambda path: opened.append(path) or real(path))
    for count in (1, 7, 60):
        growing.grow(count)
        assert follower.step()
        assert follower.book.head == growing.store.head()
        assert (follower.source.standing, follower.source.head_seq) == ("following", growing.store.head().seq)
    stepped(follower, 3 * STEPS_BETWEEN_LOOKS)
    assert len(opened) <= 3 + 3 + 3 + 1
    growing.close()


def test_a_change_that_leaves_no_trace_is_found_before_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_trace_of", lambda _path: (None, None))
    growing = Growing(tmp_path / "l.sqlite").grow(40)
    follower = stepped(Follower(growing.path, lambda: NOW))
    growing.grow(5)
    assert stepped(follower, STEPS_BETWEEN_LOOKS).book.head == growing.store.head()
    growing.close()


def test_a_desk_that_stops_and_starts_again_is_followed_through(tmp_path: Path) -> None:
    """Its log goes with a clean end, and the file is read as one that nobody writes; then the log is there again."""
    growing = Growing(tmp_path / "l.sqlite").grow(60)
    follower = stepped(Follower(growing.path, lambda: NOW))
    growing.close()
    assert not (tmp_path / "l.sqlite-wal").exists()
    assert stepped(follower).source.standing == "following"
    growing.store = SqliteStore.open(growing.path)
    growing.grow(30)
    assert stepped(follower).book.head == growing.store.head()
    assert follower.source.turned == ()
    growing.close()


def test_a_long_ledger_is_read_in_handfuls_and_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RECORDS_A_STEP", 50)
    path = write_world(tmp_path / "l.sqlite")
    follower = Follower(path, lambda: NOW)
    follower.step()
    assert (follower.source.standing, follower.source.shown_seq) == ("catching up", 50)
    assert follower.source.head_seq > 150
    while follower.source.standing == "catching up":
        follower.step()
    assert (follower.source.standing, follower.source.shown_seq) == ("following", follower.source.head_seq)


def test_another_ledger_in_its_place_is_told_and_read_from_its_beginning(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 300, ledger=A)
    follower, other = followed(path), write_world(tmp_path / "other.sqlite", 2, 500, ledger=B)
    was = follower.book.head.seq
    os.replace(other, path)
    stepped(follower)
    assert follower.source.standing == "following"
    assert follower.book.head == followed(path).book.head
    assert follower.edition == 1
    [turned] = follower.source.turned
    assert (turned.turn, turned.ts) == ("replaced", NOW)
    assert A in turned.what
    assert str(was) in turned.what


def test_a_ledger_that_was_cut_is_told_and_shown_as_it_is_now(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite").grow(80)
    growing.close()
    shutil.copy(growing.path, tmp_path / "older")
    growing.store = SqliteStore.open(growing.path)
    growing.grow(40).close()
    follower = followed(growing.path)
    assert follower.book.head.seq == 120
    os.replace(tmp_path / "older", growing.path)
    stepped(follower)
    assert (follower.source.standing, follower.source.shown_seq) == ("following", 80)
    [turned] = follower.source.turned
    assert turned.turn == "cut"
    assert "ends at record 80 now; it had 120" in turned.what


def test_a_ledger_that_was_written_anew_is_told(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 300, ledger=A)
    follower, other = followed(path), write_world(tmp_path / "other.sqlite", 2, 900, ledger=A)
    os.replace(other, path)
    stepped(follower)
    assert [turned.turn for turned in follower.source.turned] == ["rewritten"]
    assert follower.book.head == followed(path).book.head


def test_a_ledger_that_vanishes_leaves_what_was_read_and_says_so(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite")
    follower = followed(path)
    known = follower.book.head
    path.unlink()
    stepped(follower, 30)
    assert (follower.source.standing, follower.source.shown_seq) == ("missing", known.seq)
    assert [turned.turn for turned in follower.source.turned] == ["gone"]
    assert follower.book.head == known


def test_a_record_that_was_changed_is_named_and_a_mended_file_is_read_again(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite")
    shutil.copy(path, tmp_path / "good")
    connection = sqlite3.connect(path, isolation_level=None)
    with unguarded(connection):
        connection.execute('UPDATE ledger SET body = CAST(\'{"type":"DeskStopped"}\' AS BLOB) WHERE seq = 90')
    connection.close()
    follower = stepped(Follower(path, lambda: NOW), 6)
    assert follower.source.standing == "unreadable"
    assert "seq 90" in follower.source.what
    assert "evidence" in follower.source.todo
    os.replace(tmp_path / "good", path)
    stepped(follower, STEPS_BEFORE_ANEW + 3)
    assert follower.source.standing == "following"
    assert follower.book.head == followed(path).book.head


def test_what_does_not_fold_is_not_folded_over_and_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_world(tmp_path / "l.sqlite")
    connection = sqlite3.connect(path, isolation_level=None)
    with unguarded(connection):
        connection.execute("UPDATE ledger SET kind = 'DeskStopped' WHERE seq = 90")
    connection.close()
    follower = stepped(Follower(path, lambda: NOW), 6)
    reads: list[int] = []
    monkeypatch.setattr(following, "open_reader", lambda _path: reads.append(1))
    stepped(follower, 2 * STEPS_BEFORE_ANEW)
    assert reads == []


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\x00" + bytes(4000)])
def test_a_file_of_another_kind_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "l.sqlite"
    path.write_bytes(content)
    follower = stepped(Follower(path, lambda: NOW), 4)
    assert follower.source.standing == "unreadable"
    assert follower.source.what
    assert follower.source.why


def test_a_torn_file_is_a_state_whatever_page_is_missing(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite")
    whole = path.read_bytes()
    shown = followed(path).book.head.seq
    for cut in range(4096, len(whole), 8192 * 3):
        path.write_bytes(whole[:cut] + os.urandom(200))
        follower = stepped(Follower(path, lambda: NOW), 6)
        assert follower.source.standing in ("unreadable", "following", "catching up")
        assert follower.source.shown_seq <= shown


def test_one_reading_that_goes_wrong_is_tried_again_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_world(tmp_path / "l.sqlite")
    follower = followed(path)
    real, calls = following.open_reader, []

    def once(place: Path) -> object:
        calls.append(place)
        if len(calls) == 1:
            raise LedgerUnwritable(f"{place}: unable to open database file")
        return real(place)

    monkeypatch.setattr(following, "open_reader", once)
    os.utime(path)
    before = follower.source
    assert not follower.step()
    assert follower.source == before
    stepped(follower)
    assert follower.source.standing == "following"
    assert len(calls) >= 2


def test_a_folder_that_may_not_be_read_is_told_and_read_again_once_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_world(tmp_path / "l.sqlite")
    follower = followed(path)

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as during:
        during.setattr(following, "open_reader", refuse)
        os.utime(path)
        stepped(follower, 4)
        assert follower.source.standing == "unreadable"
        assert "Permission denied" in follower.source.what
        assert follower.source.shown_seq == follower.book.head.seq
    assert stepped(follower, STEPS_BETWEEN_LOOKS).source.standing == "following"


def test_following_leaves_the_ledger_as_it_is_and_nothing_beside_it(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite")
    before, names = path.read_bytes(), sorted(one.name for one in tmp_path.iterdir())
    stepped(followed(path), 3 * STEPS_BETWEEN_LOOKS)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == names


def test_a_writer_that_starts_and_ends_under_our_eyes_is_never_in_the_way_nor_we_in_its(tmp_path: Path) -> None:
    """A desk that stops leaves no log; whoever looks at that moment must not make it fail, nor see damage."""
    growing = Growing(tmp_path / "l.sqlite", 2, 500).grow(30)
    follower, standings, over = Follower(growing.path, lambda: NOW), set(), threading.Event()

    def follow() -> None:
        while not over.is_set():
            follower.step()
            standings.add(follower.source.standing)

    thread = threading.Thread(target=follow)
    thread.start()
    while growing.left:
        growing.grow(9).close()
        growing.store = SqliteStore.open(growing.path)
    head = growing.store.head()
    growing.close()
    over.set()
    thread.join()
    stepped(follower, STEPS_BETWEEN_LOOKS)
    assert follower.book.head == head
    assert standings <= {"following", "missing", "busy"}
    assert follower.source.turned == ()
