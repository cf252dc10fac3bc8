"""The thread: news reaches whoever waits, in time, and nothing that becomes of the file ends it."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
from tests.console.reading.ledgers import Growing, write_world

from assent.console.reading import show
from assent.console.reading import tail as tail_module
from assent.console.reading.snapshot import PARTS
from assent.console.reading.tail import Tail

SOON_S = 5.0


def until(tail: Tail, seq: int) -> float:
    """Wait until the record is shown; how long that took."""
    begun = time.monotonic()
    snapshot = tail.snapshot
    while snapshot.seq < seq and time.monotonic() - begun < SOON_S:
        snapshot = tail.wait(snapshot.version, SOON_S)
    assert snapshot.seq == seq
    return time.monotonic() - begun


def test_before_the_first_record_everything_is_there_and_empty(tmp_path: Path) -> None:
    snapshot = Tail(tmp_path / "l.sqlite", now=time.time_ns, name="mine").snapshot
    assert (snapshot.seq, snapshot.source.standing) == (0, "missing")
    assert snapshot.overview.deployment.name == "mine"
    assert (snapshot.intents.rows, snapshot.orders.rows, snapshot.positions.rows, snapshot.halts.history) == ((),) * 4
    assert set(snapshot.changed) == set(PARTS)


def test_a_commit_is_seen_in_a_fraction_of_a_second(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite").grow(50)
    with Tail(growing.path, now=time.time_ns) as tail:
        until(tail, 50)
        took = []
        for _ in range(10):
            growing.grow(3)
            took.append(until(tail, growing.store.head().seq))
    assert sorted(took)[5] < 1.0
    growing.close()


def test_a_snapshot_never_changes_however_much_comes_after_it(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite").grow(120)
    tail = Tail(growing.path, now=time.time_ns)
    tail.poll()
    kept = tail.snapshot
    pictured = repr(kept)
    growing.finish()
    while tail.poll():
        pass
    tail.poll()
    assert tail.snapshot.seq > kept.seq
    assert repr(kept) == pictured
    growing.close()


def test_what_did_not_change_keeps_its_version_and_its_very_values(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite").grow(200)
    tail = Tail(growing.path, now=lambda: 0)
    tail.poll()
    before = tail.snapshot
    os.utime(growing.path)
    tail.poll()
    tail.poll()
    assert tail.snapshot.version == before.version
    growing.grow(1)
    tail.poll()
    after = tail.snapshot
    assert after.version == before.version + 1
    assert after.changed["source"] == after.version
    assert after.changed["constitution"] == before.changed["constitution"] < after.version
    assert after.constitution is before.constitution
    growing.close()


def test_time_alone_changes_no_version_as_long_as_it_changes_nothing_that_is_shown(tmp_path: Path) -> None:
    ticking = iter(range(0, 10**15, 10**9))
    tail = Tail(write_world(tmp_path / "l.sqlite"), now=lambda: next(ticking))
    tail.poll()
    before = tail.snapshot
    for _ in range(5):
        tail.poll()
    assert tail.snapshot.version == before.version
    assert tail.snapshot.health.taken_ts > before.health.taken_ts


def test_an_event_loop_waits_without_blocking_and_hears_of_news(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite").grow(50)

    async def main() -> None:
        with Tail(growing.path, now=time.time_ns) as tail:
            until(tail, 50)
            version, ticks = tail.snapshot.version, 0
            waiting = [asyncio.ensure_future(tail.changed(version, SOON_S)) for _ in range(20)]
            while ticks < 10:
                await asyncio.sleep(0.005)
                ticks += 1
            growing.grow(5)
            for snapshot in await asyncio.gather(*waiting):
                assert snapshot.seq == 55
            late = await tail.changed(tail.snapshot.version, 0.05)
            assert late is tail.snapshot
            assert (await tail.changed(version, SOON_S)).seq == 55
            assert tail._listeners == ()

    asyncio.run(main())
    growing.close()


def test_who_waits_is_let_go_when_the_tail_stops(tmp_path: Path) -> None:
    tail = Tail(write_world(tmp_path / "l.sqlite"), now=time.time_ns).start()
    tail.wait(1, SOON_S)
    done = threading.Event()
    waiter = threading.Thread(target=lambda: (tail.wait(10**9, 60.0), done.set()))
    waiter.start()
    tail.stop()
    waiter.join(SOON_S)
    assert done.is_set()


def test_many_readers_never_see_half_of_a_change(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite", 4, 500).grow(50)
    wrong: list[str] = []
    with Tail(growing.path, now=time.time_ns, poll_s=0.002) as tail:
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                one = tail.snapshot
                if one.seq != one.source.shown_seq and one.source.standing == "following":
                    wrong.append(f"{one.seq} {one.source}")
                if one.overview.pending != len(one.intents.pending) or one.overview.halts != one.halts.standing:
                    wrong.append("parts of two moments")

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        while growing.left:
            growing.grow(20)
            time.sleep(0.004)
        until(tail, growing.store.head().seq)
        over.set()
        for reader in readers:
            reader.join()
    growing.close()
    assert wrong == []


def test_a_fault_of_our_own_is_told_and_the_thread_lives_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "BROKEN_S", 0.01)
    growing = Growing(tmp_path / "l.sqlite").grow(50)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a gauge of nothing")

    with Tail(growing.path, now=time.time_ns) as tail:
        until(tail, 50)
        with monkeypatch.context() as during:
            during.setattr(show, "overview", breaks)
            growing.grow(5)
            while tail.snapshot.source.standing != "unreadable":
                tail.wait(tail.snapshot.version, SOON_S)
            assert "a gauge of nothing" in tail.snapshot.source.what
            assert tail.snapshot.seq == 50
        until(tail, 55)
        assert tail.snapshot.source.standing == "following"
    growing.close()


def test_a_heartbeat_alone_is_news_when_it_says_something_else(tmp_path: Path) -> None:
    beat, now = tmp_path / "heartbeat.json", iter(range(10**18, 2 * 10**18, 10**9))
    tail = Tail(write_world(tmp_path / "l.sqlite"), now=lambda: next(now), heartbeat=beat)
    tail.poll()
    version = tail.snapshot.version
    beat.write_text('{"ts": 1, "status": "running", "pid": 7, "records": 9}')
    tail.poll()
    assert tail.snapshot.changed["health"] == tail.snapshot.version == version + 1
    beat.write_text('{"ts": 2, "status": "running", "pid": 7, "records": 10}')
    tail.poll()
    assert tail.snapshot.version == version + 1
    assert tail.snapshot.health.beat is not None
    assert tail.snapshot.health.beat.records == 10
    beat.write_text('{"ts": 3, "status": "stopped", "pid": 7, "records": 10}')
    tail.poll()
    assert tail.snapshot.version == version + 2


def test_a_restarted_desk_and_a_replaced_file_are_one_snapshot_each(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 300, ledger="a" * 16)
    tail = Tail(path, now=lambda: 0)
    tail.poll()
    before = tail.snapshot
    os.replace(write_world(tmp_path / "o.sqlite", 2, 300, ledger="b" * 16), path)
    tail.poll()
    after = tail.snapshot
    assert (after.edition, after.overview.deployment.ledger_id) == (before.edition + 1, "b" * 16)
    assert after.seq == after.source.shown_seq
    assert set(after.landmarks).isdisjoint({0})
    assert [turned.turn for turned in after.source.turned] == ["replaced"]
