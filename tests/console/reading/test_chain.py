"""How far the ledger holds: walked in handfuls to the verdict that the verifier gives, and honest about what it saw."""

import sqlite3
from pathlib import Path

import pytest
from tests.console.reading.ledgers import Growing, read_whole, write_world
from tests.ledger.ledgers import unguarded

from assent.console.reading import chain
from assent.console.reading.chain import AGAIN_NS, Verifier
from assent.console.reading.tail import Tail
from assent.ledger import verify
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import Entry
from assent.ledger.sqlite import SqliteStore, open_reader
from assent.model.units import SECOND

LEDGER = f"{2:016d}"


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


def walked(verifier: Verifier, path: Path, *, edition: int = 0, ledger_id: str = LEDGER) -> int:
    """Turn until there is nothing more to do; how many turns that took."""
    reader, turns = open_reader(path), 1
    while verifier.turn(reader, edition, reader.head().seq, ledger_id):
        turns += 1
    reader.close()
    return turns


@pytest.fixture(autouse=True)
def small_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "RECORDS_A_TURN", 40)


def test_an_intact_ledger_is_found_intact_by_small_turns(tmp_path: Path) -> None:
    path, now = write_world(tmp_path / "l.sqlite", 2, 400), Hands()
    verifier, report = Verifier(now), verify.verify(path)
    assert walked(verifier, path) >= report.records // 40
    status = verifier.status
    assert (status.verified_seq, status.verified_hash) == (report.records, report.head.hex())
    assert (status.whole, status.whole_ts, status.fault) == (True, now.now, "")


def test_what_comes_later_is_walked_from_where_the_walk_ended(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite", 2, 400).grow(100)
    verifier = Verifier(Hands())
    walked(verifier, growing.path)
    growing.grow(3)
    assert walked(verifier, growing.path) == 1
    assert verifier.status.verified_seq == 103
    assert verifier.status.whole
    growing.close()


@pytest.mark.parametrize("seq", [1, 2, 40, 41, 77, 120])
def test_the_first_record_that_does_not_hold_is_the_one_that_the_verifier_names(tmp_path: Path, seq: int) -> None:
    path = write_world(tmp_path / "l.sqlite", 2, 400)
    connection = sqlite3.connect(path, isolation_level=None)
    with unguarded(connection):
        connection.execute("UPDATE ledger SET ts = ts + 1 WHERE seq = ?", (seq,))
    connection.close()
    verifier = Verifier(Hands())
    walked(verifier, path)
    [first, *_] = verify.verify(path).findings
    assert (verifier.status.fault_seq, verifier.status.fault) == (first.seq, first.what)
    assert (verifier.status.verified_seq, verifier.status.whole) == (seq - 1, False)


def test_a_record_that_is_changed_after_it_was_verified_is_found_at_the_next_walk(tmp_path: Path) -> None:
    path, now = write_world(tmp_path / "l.sqlite", 2, 400), Hands()
    verifier = Verifier(now)
    walked(verifier, path)
    connection = sqlite3.connect(path, isolation_level=None)
    with unguarded(connection):
        connection.execute("UPDATE ledger SET ts = ts + 1 WHERE seq = 60")
    connection.close()
    walked(verifier, path)
    assert verifier.status.whole, "nothing was read again yet"
    now.now += AGAIN_NS
    walked(verifier, path)
    assert (verifier.status.fault_seq, verifier.status.whole, verifier.status.verified_seq) == (60, False, 59)


def test_an_old_walk_is_renewed_and_the_ledger_counts_as_whole_meanwhile(tmp_path: Path) -> None:
    path, now = write_world(tmp_path / "l.sqlite", 2, 400), Hands()
    verifier = Verifier(now)
    walked(verifier, path)
    first = verifier.status.whole_ts
    now.now += AGAIN_NS
    reader = open_reader(path)
    end = reader.head().seq
    assert verifier.turn(reader, 0, end, LEDGER)
    assert (verifier.status.whole, verifier.status.whole_ts, verifier.status.verified_seq) == (True, first, end)
    while verifier.turn(reader, 0, end, LEDGER):
        pass
    assert verifier.status.whole_ts == now.now
    reader.close()


def test_another_file_is_walked_from_its_beginning(tmp_path: Path) -> None:
    path, other = write_world(tmp_path / "l.sqlite", 2, 400), write_world(tmp_path / "o.sqlite", 3, 200)
    verifier = Verifier(Hands())
    walked(verifier, path)
    walked(verifier, other, edition=1, ledger_id=f"{3:016d}")
    assert verifier.status.verified_seq == verify.verify(other).records
    assert verifier.status.whole


def test_anchors_hold_or_say_which_does_not(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite", 2, 400).grow(50)
    verifier = Verifier(Hands())
    walked(verifier, growing.path)
    assert (verifier.status.anchors, verifier.status.last_anchor) == (0, None)
    growing.anchor(LEDGER)
    growing.grow(30).anchor(LEDGER)
    walked(verifier, growing.path)
    status, head = verifier.status, growing.store.head()
    assert (status.anchors, status.anchors_fault) == (2, "")
    assert status.last_anchor is not None
    assert (status.last_anchor.seq, status.last_anchor.hash, status.last_anchor.ts) == (
        head.seq, head.hash.hex(), head.ts,
    )  # fmt: skip
    place = anchors_of(growing.path)
    place.write_text(place.read_text().replace('"seq": 80', '"seq": 9000'))
    walked(verifier, growing.path)
    assert verifier.status.anchors == 1
    assert "its tail was cut" in verifier.status.anchors_fault
    growing.close()


def test_the_tail_tells_of_the_walk_and_of_the_states_that_agreed(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite", 2, 500)
    growing.finish().anchor(LEDGER)
    now = Hands()
    tail = Tail(growing.path, now=now)
    while tail.poll():
        pass
    assert not tail.snapshot.chain.status.whole
    while tail._chores.turn():
        pass
    now.now += SECOND
    version = tail.snapshot.version
    tail.poll()
    shown, head = tail.snapshot.chain, growing.store.head()
    assert tail.snapshot.version > version
    assert (shown.head_seq, shown.head_hash, shown.head_ts) == (head.seq, head.hash.hex(), head.ts)
    assert (shown.status.whole, shown.status.verified_seq, shown.status.anchors) == (True, head.seq, 1)
    marked = sum(type(fact).__name__ == "StateMarked" for _, _, fact in read_whole(growing.path).records)
    assert shown.states_agreed == marked
    growing.close()
    tail.stop()


def test_a_state_that_was_marked_wrongly_stops_the_showing(tmp_path: Path) -> None:
    """The chain holds: whoever wrote this ledger anew has worked every hash out again, but not the state."""
    path = write_world(tmp_path / "l.sqlite", 2, 300)
    store = SqliteStore.open(path)
    marked = b'{"type":"StateMarked","seq":%d,"digest":"%s"}' % (store.head().seq, b"0" * 64)
    store.append([Entry(store.head().ts, "StateMarked", 1, marked)])
    seq = store.head().seq
    store.close()
    assert verify.verify(path).intact
    tail = Tail(path, now=Hands())
    for _ in range(4):
        tail.poll()
    assert tail.snapshot.source.standing == "unreadable"
    assert f"seq {seq}: the state that it marks is not the one" in tail.snapshot.source.what
    tail.stop()
    other = Tail(path, now=Hands(), build="0.0.1+this")
    for _ in range(4):
        other.poll()
    assert other.snapshot.source.standing == "unreadable"
    assert f"record {seq} cannot be proven by this version, 0.0.1+this" in other.snapshot.source.what
    other.stop()
