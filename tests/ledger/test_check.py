"""What a start must know before it folds a fact."""

from pathlib import Path

import pytest
from tests.ledger.ledgers import unguarded, write_ledger

from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import Head, seal_of
from assent.ledger.check import check_ledger, check_seal
from assent.ledger.errors import LedgerCorrupt, LedgerMismatch, LedgerMissing, LedgerUnwritable
from assent.ledger.sqlite import SqliteStore, open_reader


def test_an_intact_ledger_passes_and_is_described(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    records = write_ledger(path, 30, seed=4)
    report = check_ledger(path)
    assert (report.ledger_id, report.records, report.head) == ("L-4", 30, records[-1].hash)


def test_it_passes_while_its_own_writer_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    write_ledger(path, 30)
    store = SqliteStore.open(path)
    assert check_ledger(path).records == 30
    store.close()


def test_the_first_bad_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    write_ledger(path, 30)
    store = SqliteStore.open(path)
    with unguarded(store._connection) as raw:
        raw.execute("UPDATE ledger SET body = x'7b7d' WHERE seq IN (17, 23)")
    store.close()
    with pytest.raises(LedgerCorrupt, match="seq 17") as caught:
        check_ledger(path)
    assert caught.value.seq == 17


def test_a_new_ledger_passes_unless_an_anchor_says_it_had_records(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    SqliteStore.open(path, create=True).close()
    assert check_ledger(path).unsealed
    last = write_ledger(tmp_path / "other.sqlite", 5)[-1]
    anchors = AnchorFile(anchors_of(path))
    anchors.append("L-0", Head(last.seq, last.hash, last.ts))
    anchors.close()
    with pytest.raises(LedgerCorrupt):
        check_ledger(path)


def test_what_is_not_there_or_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        check_ledger(tmp_path / "none.sqlite")
    with pytest.raises(LedgerUnwritable):
        check_ledger(tmp_path)


def test_a_seal_of_another_desk_is_refused_by_field(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger.sqlite", 3)
    reader = open_reader(tmp_path / "ledger.sqlite")
    seal = seal_of(next(reader.records()))
    reader.close()
    check_seal(seal, {"ledger_id": "L-0", "mode": "some-mode", "account": "some-account"})
    for field in ("mode", "venue", "environment", "account"):
        with pytest.raises(LedgerMismatch, match=f"{field} is 'some-{field}', expected 'live'") as caught:
            check_seal(seal, {"ledger_id": "L-0", field: "live"})
        assert (caught.value.field, caught.value.found) == (field, f"some-{field}")
