"""The verifier as a stranger meets it: alone, on a copied file, with exit codes that can be trusted."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.ledger.ledgers import VERIFIER, in_memory, report_on, run_verifier, unguarded, write_ledger

from assent.ledger import verify
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import Entry, Head, Record, record_hash
from assent.ledger.contract import a_seal, some_entries
from assent.ledger.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def anchor(path: Path, record: Record) -> None:
    anchors = AnchorFile(anchors_of(path))
    anchors.append("L-0", Head(record.seq, record.hash, record.ts))
    anchors.close()


def damage(path: Path, change: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    with unguarded(connection):
        connection.executescript(change)
    connection.close()


def test_an_intact_ledger_exits_0(path: Path) -> None:
    records = write_ledger(path, 40)
    done = run_verifier(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{path}: intact: 40 records, head {records[-1].hash.hex()}")
    assert "no anchors" in done.stdout


def test_a_damaged_one_exits_1_and_names_the_first_bad_record(path: Path) -> None:
    write_ledger(path, 40)
    damage(path, "UPDATE ledger SET version = version + 1 WHERE seq IN (31, 13)")
    done = run_verifier(path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "first bad record: seq 13: its content does not give its hash" in done.stdout
    assert "seq 31" not in done.stdout


def test_json_tells_the_same(path: Path) -> None:
    records = write_ledger(path, 40, seed=3)
    answer = json.loads(run_verifier(path, "--json").stdout)
    assert answer == {
        "intact": True, "path": str(path), "ledger_id": "L-3", "records": 40, "head": records[-1].hash.hex(),
        "anchors": 0, "findings": [],
    }  # fmt: skip
    damage(path, "DELETE FROM ledger WHERE seq = 20")
    answer = json.loads(run_verifier(path, "--json").stdout)
    assert (answer["intact"], answer["records"]) == (False, 19)
    assert answer["findings"] == [{"seq": 20, "what": "missing: the next record is seq 21"}]


def test_wrong_usage_exits_2(path: Path) -> None:
    write_ledger(path, 3)
    for arguments in ([], [path, "--nonsense"], [path, path], [path.parent], [path.with_name("none")],
                      [path, "--anchors", path.with_name("none")]):  # fmt: skip
        done = run_verifier(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr
        assert "Traceback" not in done.stderr


def test_it_needs_nothing_but_itself_and_the_file(path: Path, tmp_path: Path) -> None:
    write_ledger(path, 10)
    away = tmp_path / "elsewhere"
    away.mkdir()
    program = shutil.copy(VERIFIER, away / "checker.py")
    copied = shutil.copy(path, away / "a copy? 100% #1.sqlite")
    assert Path(program).read_bytes() == VERIFIER.read_bytes()
    assert verify.main([str(copied)]) == 0
    assert run_verifier(copied).returncode == 0
    assert {entry.name for entry in away.iterdir()} == {"checker.py", "a copy? 100% #1.sqlite"}


def test_it_changes_nothing_even_where_it_could(path: Path) -> None:
    write_ledger(path, 10)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert verify.verify(path).intact
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_what_only_the_log_holds_is_read_from_the_log(path: Path, tmp_path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    store.append([a_seal()])
    store.append(some_entries(9))
    copied = tmp_path / "copy.sqlite"
    shutil.copy(path, copied)
    report = verify.verify(copied)
    assert report.unsealed  # the file alone: the log had everything
    shutil.copy(f"{path}-wal", f"{copied}-wal")
    assert verify.verify(copied).records == 10
    assert run_verifier(path).returncode == 0  # beside a writer at work
    store.append(some_entries(9, ts=store.head().ts))
    assert verify.verify(path).records == 19
    store.close()


def test_anchors_beside_the_file_are_used_and_others_can_be_named(path: Path, tmp_path: Path) -> None:
    records = write_ledger(path, 40)
    anchor(path, records[24])
    anchor(path, records[39])
    assert verify.verify(path).anchors == 2
    assert "2 anchors hold" in run_verifier(path).stdout
    damage(path, "DELETE FROM ledger WHERE seq > 38")
    done = run_verifier(path)
    assert done.returncode == 1
    assert "first bad record: seq 39: missing: the anchor on line 2 (seq 40" in done.stdout
    moved = anchors_of(path).rename(tmp_path / "kept-elsewhere")
    assert run_verifier(path).returncode == 0  # without an anchor a cut tail cannot show
    assert run_verifier(path, "--anchors", moved).returncode == 1


def test_a_ledger_rewritten_and_chained_anew_is_found_with_an_anchor(path: Path) -> None:
    records = write_ledger(path, 40)
    anchor(path, records[19])
    anchor(path, records[29])
    path.unlink()
    forged = SqliteStore.open(path.with_name("forged.sqlite"), create=True)
    for record in records:
        body = record.body.replace(b'"n": 2', b'"n": 3') if record.seq > 22 else record.body
        forged.append([Entry(record.ts, record.kind, record.version, body)])
    forged.close()
    path.with_name("forged.sqlite").rename(path)
    report = verify.verify(path)
    assert [finding.seq for finding in report.findings] == [30]
    assert "between seq 21 and seq 30" in report.findings[0].what
    anchors_of(path).unlink()
    assert verify.verify(path).intact


def test_a_rewrite_before_the_first_broken_link_is_named_first(path: Path) -> None:
    genuine = write_ledger(path.with_name("genuine.sqlite"), 40, seed=1)
    write_ledger(path, 40)
    anchors = AnchorFile(anchors_of(path))
    for seq in (1, 10, 30):
        anchors.append("L-0", Head(seq, genuine[seq - 1].hash, genuine[seq - 1].ts))
    anchors.close()
    for change, seq in (("UPDATE ledger SET body = x'00' WHERE seq = 20", 1), ("SELECT 1", 1)):
        damage(path, change)
        assert verify.verify(path).findings[0].seq == seq
    anchors_of(path).unlink()
    assert verify.verify(path).findings[0].seq == 20


def test_an_older_copy_is_found_with_an_anchor(path: Path) -> None:
    write_ledger(path, 20)
    older = path.read_bytes()
    store = SqliteStore.open(path)
    store.append(some_entries(5, ts=store.head().ts))
    last = next(store.records(25))
    store.close()
    anchor(path, last)
    path.write_bytes(older)
    report = verify.verify(path)
    assert (report.records, report.findings[0].seq) == (20, 21)


def test_another_ledger_under_the_same_name_is_found(path: Path) -> None:
    anchor(path, write_ledger(path.with_name("mine.sqlite"), 5)[-1])
    write_ledger(path.with_name("other.sqlite"), 5, seed=9)
    path.with_name("other.sqlite").rename(path)
    report = verify.verify(path)
    assert "belongs to ledger 'L-0', this is 'L-9'" in report.findings[0].what


def test_an_anchor_added_meanwhile_is_no_false_alarm(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ledger(path, 20)
    store = SqliteStore.open(path)
    anchor(path, next(store.records(20)))
    walk = verify.walk_records

    def a_writer_goes_on_meanwhile(connection: sqlite3.Connection) -> verify.Walk:
        store.append(some_entries(5, ts=store.head().ts))
        anchor(path, next(store.records(25)))
        return walk(connection)

    monkeypatch.setattr(verify, "walk_records", a_writer_goes_on_meanwhile)
    report = verify.verify(path)
    assert (report.findings, report.records, report.anchors) == ((), 20, 1)
    monkeypatch.undo()
    assert verify.verify(path).anchors == 2
    store.close()


def test_a_writer_that_begins_while_an_unused_ledger_is_read_is_no_false_alarm(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ledger(path, 20)
    look = verify.verify_file
    looks = []

    def a_writer_passes_by(place: Path, anchors: Path | None) -> verify.Report:
        looks.append(place)
        if len(looks) > 1:
            return look(place, anchors)
        store = SqliteStore.open(path)
        store.append(some_entries(5, ts=store.head().ts))
        store.close()
        return look(place, anchors)._replace(findings=(verify.Finding(7, "half a page was new"),))

    monkeypatch.setattr(verify, "verify_file", a_writer_passes_by)
    report = verify.verify(path)
    assert (report.findings, report.records, len(looks)) == ((), 25, 2)


def test_an_empty_ledger_lacks_its_seal(path: Path) -> None:
    SqliteStore.open(path, create=True).close()
    done = run_verifier(path)
    assert done.returncode == 1
    assert "seq 1: missing: the seal" in done.stdout


@pytest.mark.parametrize(
    ("change", "seq", "what"),
    [
        ("UPDATE ledger SET kind = 'Other' WHERE seq = 1", 1, "its content does not give its hash"),
        ("UPDATE ledger SET seq = -1 WHERE seq = 7", 1, "out of order: seq -1 stands where seq 1 belongs"),
        ("UPDATE ledger SET ts = -1 WHERE seq = 7", 7, "its ts -1 is less than"),
        ("UPDATE ledger SET version = -1 WHERE seq = 7", 7, "its version -1 is out of range"),
        ("UPDATE ledger SET prev_hash = zeroblob(32) WHERE seq = 7", 7, "its prev_hash is not the hash"),
        ("UPDATE ledger SET hash = zeroblob(0) WHERE seq = 7", 7, "its content does not give its hash"),
        ("UPDATE ledger SET body = zeroblob(5000000) WHERE seq = 7", 7, "the database is malformed here"),
        ("UPDATE ledger SET kind = CAST(x'ff' AS TEXT) WHERE seq = 7", 7, "the database is malformed here"),
        ("DELETE FROM ledger WHERE seq < 7", 1, "missing: the next record is seq 7"),
    ],
)
def test_each_kind_of_damage_is_told_in_its_own_words(change: str, seq: int, what: str, path: Path) -> None:
    write_ledger(path, 12)
    damage(path, change)
    report = verify.verify(path)
    assert report.findings[0].seq == seq
    assert what in report.findings[0].what
    assert run_verifier(path).returncode == 1


def test_time_that_goes_back_is_found_even_under_right_hashes() -> None:
    rows: list[tuple[int, bytes, int, str, int, bytes, bytes]] = []
    prev = bytes(32)
    for seq, ts in enumerate((5, 5, 9, 8, 10), start=1):
        digest = record_hash(prev, seq, ts, "Fact", 1, b"{}")
        rows.append((seq, prev, ts, "Fact", 1, b"{}", digest))
        prev = digest
    walk = verify.walk_chain(rows)
    assert walk.fault == (4, "its ts 8 is less than the 9 of the record before")
    assert walk[:2] == (3, rows[2][-1])


@pytest.mark.parametrize("column", [name for name, _ in verify.COLUMNS[1:]])
@pytest.mark.parametrize("cast", ["TEXT", "BLOB", "REAL", "INTEGER", "NULL"])
def test_a_column_of_another_type_is_found(column: str, cast: str, path: Path) -> None:
    """A table without STRICT takes any type; bytes under another type are not what was acknowledged."""
    write_ledger(path, 12)
    connection = in_memory(path)
    loose = verify.SCHEMA["ledger"].replace(" STRICT", "").replace(" NOT NULL", "")
    connection.executescript(f"ALTER TABLE ledger RENAME TO strict_ledger; {loose};")
    for name in ("INTEGER", "TEXT"):
        loose = loose.replace(f" {name},", ",")
    changed = "NULL" if cast == "NULL" else f"CAST({column} AS {cast})"
    columns = ", ".join(
        f"CASE WHEN seq = 5 THEN {changed} ELSE {name} END" if name == column else name for name, _ in verify.COLUMNS
    )
    connection.executescript(f"DROP TABLE ledger; {loose}; INSERT INTO ledger SELECT {columns} FROM strict_ledger;")
    connection.executescript("DROP TABLE strict_ledger")
    report = report_on(connection)
    same = connection.execute(f"SELECT typeof({column}) FROM ledger WHERE seq IN (4, 5)").fetchall()
    connection.close()
    assert report.findings[-1].what.startswith("ledger is not as it was made")
    assert (report.findings[0].seq == 5) == (same[0] != same[1])


def test_missing_guards_are_found_after_the_records(path: Path) -> None:
    write_ledger(path, 12)
    connection = in_memory(path)
    connection.executescript("DROP TRIGGER ledger_is_never_changed; UPDATE ledger SET ts = ts + 1 WHERE seq = 4")
    seqs = [finding.seq for finding in report_on(connection).findings]
    connection.close()
    assert seqs == [4, None]


def test_what_is_not_a_ledger_is_not_intact(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE ledger(x)")
    other.close()
    for content in (path.read_bytes(), b"", b"no database at all\n" * 99):
        path.write_bytes(content)
        done = run_verifier(path)
        assert (done.returncode, done.stderr) == (1, "")


def test_a_hostile_schema_is_not_run(path: Path) -> None:
    endless = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT x AS seq FROM t"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"PRAGMA application_id = {verify.APPLICATION_ID}")
    other.execute("PRAGMA user_version = 1")
    other.execute(f"CREATE VIEW ledger AS {endless}")
    other.close()
    assert run_verifier(path).returncode == 1


def test_a_file_that_may_not_be_read_gives_no_verdict(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ledger(path, 3)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert verify.main([str(path)]) == 2


def test_an_sqlite_without_strict_tables_gives_no_verdict(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ledger(path, 3)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    assert verify.main([str(path)]) == 2


@pytest.mark.parametrize("cuts", [(1,), (7, 20), (39, 40), (13, 14, 15)])
def test_a_walk_may_go_on_where_another_ended_and_comes_to_the_same(path: Path, cuts: tuple[int, ...]) -> None:
    records = write_ledger(path, 40)
    at, begin = Head(0, verify.GENESIS_HASH, 0), 0
    for end in (*cuts, 40):
        walk = verify.walk_chain(records[begin:end], at)
        assert (walk.seq, walk.fault) == (end, None)
        at, begin = Head(walk.seq, walk.hash, records[end - 1].ts), end
    assert at.hash == records[-1].hash == verify.walk_chain(records).hash


def test_a_walk_that_goes_on_from_the_wrong_place_says_so(path: Path) -> None:
    records = write_ledger(path, 40)
    wrong = Head(10, records[8].hash, records[9].ts)
    walk = verify.walk_chain(records[10:], wrong)
    assert (walk.seq, walk.fault) == (10, verify.Finding(11, "its prev_hash is not the hash of the record before"))
    later = Head(10, records[9].hash, records[-1].ts + 1)
    fault = verify.walk_chain(records[10:], later).fault
    assert fault is not None
    assert "is less than" in fault.what
