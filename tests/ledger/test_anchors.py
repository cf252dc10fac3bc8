"""Anchors: a cut tail, a rewritten ledger, an older copy and another ledger all show."""

import json
import os
from pathlib import Path

import pytest

from assent.ledger.anchors import AnchorFile, anchors_of, check_anchors, read_anchors
from assent.ledger.chain import EMPTY, Head
from assent.ledger.contract import a_seal, some_entries
from assent.ledger.errors import EntryRefused, LedgerCorrupt, LedgerUnwritable
from assent.ledger.memory import MemoryStore


def anchored(path: Path, *, every: int = 10, count: int = 5, ledger_id: str = "L", text: str = "") -> MemoryStore:
    """A ledger with an anchor after each of `count` batches."""
    store = MemoryStore()
    store.append([a_seal(ledger_id=ledger_id)])
    anchors = AnchorFile(path)
    for n in range(count):
        entries = some_entries(every, ts=store.head().ts)
        store.append([entry._replace(body=entry.body + text.encode()) for entry in entries])
        anchors.append(ledger_id, store.head())
        assert store.head().seq == 1 + every * (n + 1)
    anchors.close()
    return store


def copy_of(store: MemoryStore, upto: int) -> MemoryStore:
    copy = MemoryStore()
    records = list(store.records(1, upto))
    copy._rows = [tuple(record) for record in records]
    copy._head = Head(records[-1].seq, records[-1].hash, records[-1].ts)
    return copy


def test_an_anchor_is_the_head_on_a_line(tmp_path: Path) -> None:
    store = anchored(tmp_path / "anchors", count=1)
    line = (tmp_path / "anchors").read_text()
    head = store.head()
    assert json.loads(line) == {"ledger_id": "L", "seq": 11, "hash": head.hash.hex(), "ts": head.ts}
    assert line.endswith("}\n")
    assert (tmp_path / "anchors").stat().st_mode & 0o777 == 0o600


def test_an_untouched_ledger_contains_all_its_anchors(tmp_path: Path) -> None:
    store = anchored(tmp_path / "anchors")
    assert check_anchors(store, "L", tmp_path / "anchors") == 5
    assert [anchor.seq for anchor in read_anchors(tmp_path / "anchors")] == [11, 21, 31, 41, 51]
    assert check_anchors(store, "L", tmp_path / "none") == 0
    assert not list(read_anchors(tmp_path / "none"))


def test_a_cut_tail_is_found_at_the_first_record_that_is_gone(tmp_path: Path) -> None:
    store = anchored(tmp_path / "anchors")
    for upto in (50, 41, 35, 1):
        with pytest.raises(LedgerCorrupt, match="its tail was cut, or it is an older copy") as caught:
            check_anchors(copy_of(store, upto), "L", tmp_path / "anchors")
        assert caught.value.seq == upto + 1
    assert check_anchors(copy_of(store, 51), "L", tmp_path / "anchors") == 5


def test_a_ledger_written_anew_is_found_at_the_first_anchor_it_lacks(tmp_path: Path) -> None:
    store = anchored(tmp_path / "anchors")
    forged = copy_of(store, 25)
    for n in range(4):
        forged.append(some_entries(10, ts=forged.head().ts + n))
    with pytest.raises(LedgerCorrupt, match="between seq 22 and seq 31") as caught:
        check_anchors(forged, "L", tmp_path / "anchors")
    assert caught.value.seq == 31


def test_another_ledger_is_found(tmp_path: Path) -> None:
    anchored(tmp_path / "anchors")
    other = anchored(tmp_path / "other", ledger_id="M")
    with pytest.raises(LedgerCorrupt, match="belongs to ledger 'L', this is 'M'"):
        check_anchors(other, "M", tmp_path / "anchors")


def test_a_torn_last_line_is_tolerated_and_dropped_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    store = anchored(path)
    whole = path.read_bytes()
    for cut in (1, 5, 60):
        path.write_bytes(whole[:-cut])
        assert check_anchors(store, "L", path) == 4
        anchors = AnchorFile(path)
        anchors.append("L", store.head())
        anchors.close()
        assert path.read_bytes() == whole
    path.write_bytes(b"x" * 100_000)
    AnchorFile(path).close()
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "line",
    [
        b"{}", b"[]", b"null", b"\xff", b"", b"[" * 4000, b"x" * 10_000,
        b'{"ledger_id":"L","seq":0,"hash":"%b","ts":1}' % (b"00" * 32),
        b'{"ledger_id":"L","seq":true,"hash":"%b","ts":1}' % (b"00" * 32),
        b'{"ledger_id":"L","seq":1,"hash":"00","ts":1}',
        b'{"ledger_id":"L","seq":1,"hash":"zz","ts":1}',
        b'{"ledger_id":7,"seq":1,"hash":"%b","ts":1}' % (b"00" * 32),
    ],
)  # fmt: skip
def test_a_line_that_is_no_anchor_is_found(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    store = anchored(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], line + b"\n", *lines[2:]]))
    with pytest.raises(LedgerCorrupt, match="line 3"):
        check_anchors(store, "L", path)
    with pytest.raises(LedgerCorrupt, match="line 3"):
        list(read_anchors(path))


def test_an_anchor_is_on_the_disk_when_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    anchors = AnchorFile(tmp_path / "anchors")
    anchors.append("L", Head(1, bytes(32), 1))
    assert synced == [(tmp_path / "anchors").stat().st_size]
    anchors.append("L", Head(2, bytes(32), 1))
    anchors.close()
    assert len(synced) == 2


def test_there_is_nothing_to_anchor_in_an_empty_ledger(tmp_path: Path) -> None:
    anchors = AnchorFile(tmp_path / "anchors")
    with pytest.raises(EntryRefused):
        anchors.append("L", EMPTY)
    anchors.close()
    anchors.close()


def test_anchors_that_cannot_be_written_are_no_anchors(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnwritable):
        AnchorFile(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(LedgerUnwritable):
        AnchorFile(tmp_path / "link")
    full = AnchorFile(tmp_path / "anchors")
    full.close()
    full._descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(LedgerUnwritable, match="No space left"):
        full.append("L", Head(1, bytes(32), 1))
    full.close()


def test_the_anchors_stand_beside_their_ledger() -> None:
    assert anchors_of("/desk/ledger.sqlite") == Path("/desk/ledger.sqlite.anchors")
