"""The ledger on disk: what it refuses to open, what it refuses to write, and when it stops."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.ledgers import write_ledger

from assent.ledger import sqlite, verify
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import EMPTY, Entry
from assent.ledger.check import check_ledger
from assent.ledger.contract import a_seal, some_entries
from assent.ledger.errors import (
    EntryRefused,
    LedgerBusy,
    LedgerCorrupt,
    LedgerError,
    LedgerMismatch,
    LedgerMissing,
    LedgerUnwritable,
)
from assent.ledger.lease import Lease
from assent.ledger.sqlite import SqliteStore, open_reader

OPENERS: tuple[Callable[[Path], object], ...] = (SqliteStore.open, open_reader)
each_opener = pytest.mark.parametrize("opener", OPENERS, ids=["writer", "reader"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0)


# --------------------------------------------------------------------------------------------------- opening


@each_opener
def test_opening_never_makes_a_file(opener: Callable[[Path], object], path: Path) -> None:
    with pytest.raises(LedgerMissing):
        opener(path)
    assert not path.exists()
    with pytest.raises(LedgerMissing):
        opener(path.parent / "nowhere" / "ledger.sqlite")


def test_a_new_ledger_is_private_and_whole(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    assert store.head() == EMPTY
    assert path.stat().st_mode & 0o777 == 0o600
    assert {entry.name for entry in path.parent.iterdir()} == {
        "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.sqlite.lock",
    }  # fmt: skip
    assert (path.parent / "ledger.sqlite-wal").stat().st_mode & 0o777 == 0o600
    store.close()
    assert {entry.name for entry in path.parent.iterdir()} == {"ledger.sqlite", "ledger.sqlite.lock"}


def test_the_name_of_a_new_ledger_is_on_the_disk_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    SqliteStore.open(path, create=True).close()
    assert path.parent.stat().st_ino in synced


def test_create_opens_what_is_there_and_replaces_nothing(path: Path) -> None:
    records = write_ledger(path, 20)
    store = SqliteStore.open(path, create=True)
    assert list(store.records()) == records
    store.close()


def test_a_crash_while_creating_leaves_no_ledger_and_does_not_hinder_the_next(path: Path) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(b"half a database")
    draft.with_name(draft.name + "-wal").write_bytes(b"half a log")
    SqliteStore.open(path, create=True).close()
    assert not draft.exists()
    assert path.exists()


@pytest.mark.parametrize("left", ["-wal", "-shm", "-journal", ".anchors"])
def test_a_new_ledger_does_not_begin_among_the_remains_of_an_old_one(left: str, path: Path) -> None:
    remains = path.with_name(path.name + left)
    remains.write_bytes(b"something")
    with pytest.raises(LedgerMissing, match=f"though {remains.name} lies there"):
        SqliteStore.open(path, create=True)
    assert not path.exists()
    assert remains.read_bytes() == b"something"


@each_opener
def test_a_foreign_file_is_refused_and_not_touched(opener: Callable[[Path], object], path: Path) -> None:
    legacy = raw(path)
    legacy.execute("PRAGMA journal_mode = wal")
    legacy.execute("CREATE TABLE trades(id INTEGER)")
    legacy.close()
    before = path.read_bytes()
    with pytest.raises(LedgerMismatch, match="tables: trades") as caught:
        opener(path)
    assert caught.value.field == "format"
    assert path.read_bytes() == before
    for content, found in ((b"", "an empty file"), (b"text, and rather a lot of it\n" * 99, "not an SQLite database")):
        path.write_bytes(content)
        with pytest.raises(LedgerMismatch, match=found):
            opener(path)
        assert path.read_bytes() == content


@each_opener
def test_a_newer_format_is_refused(opener: Callable[[Path], object], path: Path) -> None:
    write_ledger(path, 3)
    newer = raw(path)
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(LedgerMismatch, match="format version is 2, expected 1"):
        opener(path)


@each_opener
def test_links_and_directories_are_refused(opener: Callable[[Path], object], path: Path) -> None:
    write_ledger(path, 3)
    link = path.parent / "link.sqlite"
    link.symlink_to(path)
    for wrong in (link, path.parent):
        with pytest.raises(LedgerMismatch, match="file type"):
            opener(wrong)


@each_opener
@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER ledger_is_never_cut",
        "CREATE INDEX second ON ledger(ts)",
        "CREATE TABLE stranger(x)",
        "ALTER TABLE ledger ADD COLUMN extra TEXT",
    ],
)
def test_another_schema_is_refused(opener: Callable[[Path], object], change: str, path: Path) -> None:
    write_ledger(path, 3)
    connection = raw(path)
    connection.execute(change)
    connection.close()
    with pytest.raises(LedgerCorrupt):
        opener(path)


def test_damaged_pages_are_refused_by_the_writer(path: Path) -> None:
    write_ledger(path, 400)
    image = bytearray(path.read_bytes())
    image[32:40] = (3).to_bytes(4, "big") + (1).to_bytes(4, "big")  # page 3, in use, declared free
    path.write_bytes(image)
    assert verify.verify(path).intact
    with pytest.raises(LedgerCorrupt, match="malformed"):
        SqliteStore.open(path)


def test_settings_that_do_not_take_effect_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ledger(path, 3)
    monkeypatch.setattr(sqlite, "SETTINGS", (*sqlite.SETTINGS, ("page_size", 512)))
    with pytest.raises(LedgerUnwritable, match="does not take page_size = 512"):
        SqliteStore.open(path)
    monkeypatch.undo()
    SqliteStore.open(path).close()  # the refused opening kept neither lease nor lock


def test_a_writer_has_the_settings_that_durability_needs(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    found = {
        name: store._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "wal_autocheckpoint", "recursive_triggers", "busy_timeout")
    }
    assert found == {
        "journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0, "recursive_triggers": 1, "busy_timeout": 1000,
    }  # fmt: skip
    store.close()


# --------------------------------------------------------------------------------------------- one writer


def test_a_second_writer_is_refused_and_a_reader_is_not(path: Path) -> None:
    write_ledger(path, 5)
    store = SqliteStore.open(path)
    with pytest.raises(LedgerBusy, match=str(os.getpid())):
        SqliteStore.open(path)
    reader = open_reader(path)
    assert reader.head() == store.head()
    reader.close()
    store.close()
    SqliteStore.open(path).close()


def test_a_lease_that_was_handed_in_is_kept(path: Path) -> None:
    write_ledger(path, 5)
    lease = Lease.take(path)
    SqliteStore.open(path, lease=lease).close()
    assert lease.held
    with pytest.raises(LedgerBusy):
        SqliteStore.open(path)
    with pytest.raises(LedgerBusy, match="A lease on"):
        SqliteStore.open(path.with_name("other.sqlite"), lease=lease)
    lease.release()
    with pytest.raises(LedgerBusy, match="already given back"):
        SqliteStore.open(path, lease=lease)


def test_a_lock_of_another_program_stops_the_writer_within_the_time_allowed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ledger(path, 5)
    store = SqliteStore.open(path)
    store._connection.execute("PRAGMA busy_timeout = 20")
    other = raw(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerBusy, match="Another program"):
        store.append(some_entries(1, ts=store.head().ts))
    other.execute("ROLLBACK")
    other.close()
    with pytest.raises(LedgerUnwritable, match="takes no more records"):
        store.append(some_entries(1, ts=store.head().ts))
    assert store.head().seq == 5
    store.close()


def test_a_record_written_behind_the_writers_back_stops_it(path: Path) -> None:
    write_ledger(path, 5)
    store = SqliteStore.open(path)
    other = raw(path)
    other.execute("INSERT INTO ledger SELECT seq + 1, hash, ts, kind, version, body, hash FROM ledger WHERE seq = 5")
    other.close()
    with pytest.raises(LedgerCorrupt, match="did not write") as caught:
        store.append(some_entries(1, ts=store.head().ts))
    assert caught.value.seq == 6
    store.close()


def test_a_reader_never_holds_up_the_writer(path: Path) -> None:
    write_ledger(path, 5)
    store = SqliteStore.open(path)
    reader = open_reader(path)
    half_read = reader.records()
    next(half_read)
    for _ in range(5):
        store.append(some_entries(50, ts=store.head().ts))
        store.checkpoint()
    assert [record.seq for record in half_read] == [2, 3, 4, 5]
    assert reader.head().seq == 255
    reader.close()
    store.close()


# -------------------------------------------------------------------------------------------- append-only


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET body = x'00' WHERE seq = 3",
        "UPDATE ledger SET ts = ts",
        "DELETE FROM ledger WHERE seq = 5",
        "DELETE FROM ledger",
        "REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 3",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 5",
        "INSERT INTO ledger SELECT * FROM ledger WHERE seq = 5",
        "INSERT INTO ledger SELECT seq + 1, hash, ts, 7, version, 'text', hash FROM ledger WHERE seq = 5",
    ],
)
def test_the_table_itself_refuses_change(change: str, path: Path) -> None:
    records = write_ledger(path, 5)
    store = SqliteStore.open(path)
    with pytest.raises(sqlite3.IntegrityError):
        store._connection.execute(change)
    assert list(store.records()) == records
    store.close()


def test_a_batch_is_one_transaction(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    store.append([a_seal()])
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)
    store.append(some_entries(45))
    store._connection.set_trace_callback(None)
    assert [s for s in statements if not s.startswith("INSERT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert check_ledger(path).records == 46
    store.close()


def test_the_log_has_its_blocks_before_the_first_record(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size == sqlite.LOG_RESERVE_BYTES
    store.append([a_seal()])
    for _ in range(50):
        store.append(some_entries(50, ts=store.head().ts))
    store.checkpoint()
    store.append(some_entries(50, ts=store.head().ts))
    assert log.stat().st_size == sqlite.LOG_RESERVE_BYTES
    in_use = log.read_bytes()
    sqlite._reserve_log(path)
    assert log.read_bytes() == in_use
    store.close()


# ----------------------------------------------------------------------------------------------- bad disks


def append_for_ever(store: SqliteStore) -> None:
    while True:
        store.append(some_entries(20, ts=store.head().ts))


def test_a_full_disk_stops_the_store_and_keeps_what_was_acknowledged(path: Path) -> None:
    write_ledger(path, 5)
    store = SqliteStore.open(path)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(LedgerUnwritable, match="full"):
        append_for_ever(store)
    acknowledged = store.head()
    assert acknowledged.seq > 5
    for batch in (some_entries(1, ts=acknowledged.ts), []):
        with pytest.raises(LedgerUnwritable, match="takes no more records"):
            store.append(batch)
    store.checkpoint()
    assert [record.seq for record in store.records()] == list(range(1, acknowledged.seq + 1))
    store.close()
    again = SqliteStore.open(path)
    assert again.head() == acknowledged
    again.append(some_entries(20, ts=acknowledged.ts))
    again.close()
    assert check_ledger(path).records == acknowledged.seq + 20


FILL_UP = """
import resource, sys
from assent.ledger.contract import a_seal, some_entries
from assent.ledger.errors import LedgerUnwritable
from assent.ledger.sqlite import SqliteStore
store = SqliteStore.open(sys.argv[1], create=True)
store.append([a_seal()])
resource.setrlimit(resource.RLIMIT_FSIZE, (9 << 20, 9 << 20))
try:
    while True:
        head = store.append(some_entries(500, ts=store.head().ts))
        print(head.seq, head.hash.hex(), flush=True)
except LedgerUnwritable as error:
    print("stopped", flush=True)
try:
    store.append(some_entries(1, ts=store.head().ts))
except LedgerUnwritable:
    print("stays stopped", flush=True)
"""


def test_a_disk_that_fills_in_the_middle_of_a_commit_loses_nothing_acknowledged(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILL_UP, path], capture_output=True, text=True, timeout=60, check=True)
    *acknowledged, stopped, stays = done.stdout.splitlines()
    assert (stopped, stays) == ("stopped", "stays stopped")
    seq, digest = acknowledged[-1].split()
    report = verify.verify(path)
    assert report.intact
    assert report.records >= int(seq)
    reader = open_reader(path)
    assert next(reader.records(int(seq))).hash.hex() == digest
    reader.close()


def test_a_disk_without_room_makes_no_ledger(path: Path) -> None:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))
    try:
        with pytest.raises(LedgerUnwritable):
            SqliteStore.open(path, create=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert not path.exists()
    SqliteStore.open(path, create=True).close()


def test_an_interrupted_append_leaves_a_store_that_refuses(path: Path) -> None:
    write_ledger(path, 5)
    store = SqliteStore.open(path)
    store._connection.close()
    store._connection = Interrupting(path)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        store.append(some_entries(1, ts=store.head().ts))
    with pytest.raises(LedgerUnwritable, match="was interrupted"):
        store.append(some_entries(1, ts=store.head().ts))
    store.close()
    again = SqliteStore.open(path)
    assert again.head().seq == 5
    again.close()


class Interrupting:
    """A connection in whose commit somebody presses Ctrl-C."""

    def __init__(self, path: Path) -> None:
        self._real = raw(path)

    def execute(self, statement: str, values: object = ()) -> object:
        if statement == "COMMIT":
            raise KeyboardInterrupt
        return self._real.execute(statement, values)

    def executemany(self, statement: str, rows: object) -> object:
        return self._real.executemany(statement, rows)

    def close(self) -> None:
        self._real.close()


OPEN_AS_NOBODY = """
import os, sys, urllib.parse
from assent.ledger.errors import LedgerUnwritable
from assent.ledger.sqlite import SqliteStore, open_reader
if os.getuid() == 0:  # for root, permissions mean nothing
    os.setgid(65534)
    os.setuid(65534)
try:
    {"read": open_reader, "write": SqliteStore.open}[sys.argv[1]](sys.argv[2]).close()
except LedgerUnwritable:
    sys.exit(7)
"""


def open_as_nobody(path: Path, purpose: str) -> int:
    command = [sys.executable, "-c", OPEN_AS_NOBODY, purpose, str(path)]
    return subprocess.run(command, timeout=30, check=False).returncode


def test_a_read_only_file_or_directory_is_refused() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory, path = Path(name), Path(name) / "ledger.sqlite"
        write_ledger(path, 5)
        path.with_name(path.name + ".lock").chmod(0o666)
        for directory_mode, file_mode, refused in (
            (0o555, 0o444, 7),
            (0o777, 0o444, 7),
            (0o555, 0o666, 7),
            (0o777, 0o666, 0),
        ):
            directory.chmod(directory_mode)
            path.chmod(file_mode)
            assert open_as_nobody(path, "write") == refused
            assert open_as_nobody(path, "read") == 0  # reading needs no right to write
            assert {entry.name for entry in directory.iterdir()} == {"ledger.sqlite", "ledger.sqlite.lock"}


# --------------------------------------------------------------------------------------------------- errors


def test_every_error_says_what_why_and_what_to_do() -> None:
    errors: list[LedgerError] = [
        LedgerCorrupt(7, "its content does not give its hash", path="/desk/ledger.sqlite"),
        LedgerCorrupt(None, "a trigger is missing"),
        LedgerBusy("/desk/ledger.sqlite", "Another process (pid 7)"),
        LedgerUnwritable("The disk is full"),
        LedgerMissing("/desk/ledger.sqlite"),
        LedgerMismatch("mode", "live", "paper"),
        EntryRefused("body", b"x" * 1000, "at most that"),
    ]
    for error in errors:
        assert all(part and part in str(error) for part in (error.what, error.why, error.todo))
        assert len(str(error)) < 500
    assert len({type(error).code for error in errors}) == 6


def test_an_entry_refused_by_the_chain_does_not_stop_the_store(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    store.append([a_seal(ts=9)])
    with pytest.raises(EntryRefused):
        store.append([Entry(8, "Early", 1, b"{}")])
    store.append([Entry(9, "Same", 1, b"{}")])
    store.close()
    assert check_ledger(path).records == 2
    assert anchors_of(path).exists() is False
