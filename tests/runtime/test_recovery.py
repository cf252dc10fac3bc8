"""What a start refuses: another desk's ledger, a damaged one, a second writer; and what it restores."""

import os
import sqlite3
from pathlib import Path

import pytest
from tests.runtime.fakes import CASH, EPOCH, IDENTITY, MARKET, OPEN, Once, quote

from assent.desk.desk import Desk
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import Entry
from assent.ledger.errors import (
    LedgerBusy,
    LedgerCorrupt,
    LedgerMismatch,
    LedgerMissing,
    LedgerNotJudged,
    LedgerUnwritable,
)
from assent.ledger.memory import MemoryStore
from assent.model.errors import InvariantBroken
from assent.model.facts import (
    SCHEMA_VERSION,
    DeskStarted,
    Fact,
    LedgerOpened,
    OrderReleased,
    OrderUnknown,
    StateMarked,
    encode_fact,
    kind_of,
)
from assent.model.inputs import AccountSeen, DeskStarting, InstrumentSeen
from assent.runtime.build import build_digest
from assent.runtime.clock import ScaledClock
from assent.runtime.inbox import Inbox
from assent.runtime.loop import Loop
from assent.runtime.recovery import Identity, Opened, opening_inputs, restore, take_lease
from assent.runtime.recovery import open_ledger as open_under_lease


def open_ledger(place: Path, desk: Desk, identity: Identity, *, now: int) -> Opened:
    return open_under_lease(place, desk, identity, lease=take_lease(place, now=now))


def traded(place: Path) -> Desk:
    """A ledger with one released order in it, anchored and closed."""
    desk = Desk([Once()])
    opened = open_ledger(place, desk, IDENTITY, now=EPOCH)
    loop = loop_of(desk, opened)
    loop.take(opening_inputs(desk, IDENTITY, ledger_id="0" * 16, build="b", state_dir=None, now=EPOCH))
    loop.take([AccountSeen(CASH, (), (), "sim", EPOCH, EPOCH), InstrumentSeen(MARKET, EPOCH), OPEN, quote(EPOCH)])
    opened.anchors.append("0" * 16, opened.store.head())
    opened.close()
    return desk


def loop_of(desk: Desk, opened: Opened) -> Loop:
    return Loop(
        desk=desk, store=opened.store, inbox=Inbox(), clock=ScaledClock(EPOCH, 1), execute=lambda _effects: None
    )


def change(place: Path, statement: str) -> None:
    """Edit the file as somebody with a database browser would."""
    connection = sqlite3.connect(place)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_restart_has_the_state_back_to_the_last_bit(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    before = traded(place)
    after = Desk([Once()])
    open_ledger(place, after, IDENTITY, now=EPOCH).close()
    assert after.state.digest() == before.state.digest()
    assert len(after.state.orders) == 1


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("mode", IDENTITY._replace(mode="observe")),
        ("venue", IDENTITY._replace(venue="elsewhere")),
        ("environment", IDENTITY._replace(environment="production")),
        ("account", IDENTITY._replace(account="somebody")),
    ],
)
def test_a_ledger_of_another_desk_is_refused_and_stays_as_it_is(tmp_path: Path, field: str, other) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "l.sqlite"
    traded(place)
    with pytest.raises(LedgerMismatch) as refused:
        open_ledger(place, Desk(), other, now=EPOCH)
    assert refused.value.field == field
    open_ledger(place, Desk(), IDENTITY, now=EPOCH).close()


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    traded(place)
    desk = Desk()
    opened = open_ledger(place, desk, IDENTITY, now=EPOCH)
    with pytest.raises(LedgerBusy, match=str(os.getpid())):
        open_ledger(place, Desk(), IDENTITY, now=EPOCH)
    assert loop_of(desk, opened).take([DeskStarting("b", (), EPOCH)])
    opened.close()


def test_an_edited_record_is_named(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    traded(place)
    change(place, "UPDATE ledger SET ts = ts + 1 WHERE seq = 4")
    with pytest.raises(LedgerCorrupt) as refused:
        open_ledger(place, Desk(), IDENTITY, now=EPOCH)
    assert refused.value.seq == 4


def test_a_cut_tail_is_found_by_the_anchor(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    traded(place)
    change(place, "DELETE FROM ledger WHERE seq > 3")
    with pytest.raises(LedgerCorrupt):
        open_ledger(place, Desk(), IDENTITY, now=EPOCH)


def test_a_ledger_that_is_gone_while_its_anchors_remain_is_not_begun_anew(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    traded(place)
    place.unlink()
    assert anchors_of(place).exists()
    with pytest.raises(LedgerMissing):
        open_ledger(place, Desk(), IDENTITY, now=EPOCH)


def sealed(*facts: Fact, build: str) -> MemoryStore:
    """A ledger whose chain holds, whatever stands in it, begun by that build."""
    seal = LedgerOpened(
        "0" * 16, IDENTITY.mode, IDENTITY.venue, IDENTITY.environment, IDENTITY.account, IDENTITY.constitution,
        IDENTITY.constitution.digest(), build,
    )  # fmt: skip
    store = MemoryStore()
    store.append([Entry(EPOCH, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for fact in (seal, *facts)])
    return store


def test_a_state_digest_that_does_not_follow_from_the_records_is_refused() -> None:
    """This very version wrote the mark, so it is no matter of versions."""
    store = sealed(StateMarked(seq=1, digest="0" * 64), build=build_digest())
    with pytest.raises(InvariantBroken, match="state_digest_differs"):
        restore(store, Desk(), IDENTITY)


def test_a_state_that_another_version_marked_and_this_one_cannot_prove_is_refused_without_a_verdict() -> None:
    store = sealed(StateMarked(seq=1, digest="0" * 64), build="0.0.1+older")
    with pytest.raises(LedgerNotJudged) as refused:
        restore(store, Desk(), IDENTITY)
    assert refused.value.seq == 2
    for words in ("0.0.1+older", build_digest(), "whoever changes them", "assent ledger verify", "begin a new ledger"):
        assert words in str(refused.value)


def test_the_version_that_was_at_work_is_that_of_the_last_start_before_the_record() -> None:
    marked = StateMarked(seq=2, digest="0" * 64)
    mine, other = DeskStarted(build=build_digest(), strategies=()), DeskStarted(build="9.9+newer", strategies=())
    with pytest.raises(InvariantBroken, match="state_digest_differs"):
        restore(sealed(mine, marked, build="0.0.1+older"), Desk(), IDENTITY)
    with pytest.raises(LedgerNotJudged, match=r"9\.9\+newer"):
        restore(sealed(other, marked, build=build_digest()), Desk(), IDENTITY)


def test_a_record_that_only_another_version_can_read_is_no_fault_of_ours_and_no_damage() -> None:
    store = sealed(build="9.9+newer")
    store.append([Entry(EPOCH, "Rumour", SCHEMA_VERSION, b'{"type":"Rumour"}')])
    with pytest.raises(LedgerNotJudged):
        restore(store, Desk(), IDENTITY)


def test_a_ledger_that_breaks_our_rules_is_never_taken_for_one_of_another_version(tmp_path: Path) -> None:
    """Whoever forges a ledger may name any version in it: an order that left without its release is what it is."""
    store = sealed(OrderUnknown(order_id="o", detail=""), build="0.0.1+older")
    with pytest.raises(InvariantBroken):
        restore(store, Desk(), IDENTITY)
    place = tmp_path / "l.sqlite"
    traded(place)
    change(place, "UPDATE ledger SET ts = ts + 1 WHERE seq = 4")
    with pytest.raises(LedgerCorrupt):
        open_ledger(place, Desk(), IDENTITY, now=EPOCH)


def test_a_full_disk_stops_the_writer_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    traded(place)
    desk = Desk()
    opened = open_ledger(place, desk, IDENTITY, now=EPOCH)
    acknowledged = opened.store.head()
    opened.store._connection.execute("PRAGMA max_page_count = 1")
    big = [DeskStarting("b" * 4_000, (), EPOCH) for _ in range(20)]
    with pytest.raises(LedgerUnwritable):
        loop_of(desk, opened).take(big)
    with pytest.raises(LedgerUnwritable):
        loop_of(desk, opened).take([DeskStarting("b", (), EPOCH)])
    opened.close()
    again = Desk()
    reopened = open_ledger(place, again, IDENTITY, now=EPOCH)
    assert reopened.store.head() == acknowledged
    reopened.close()


def test_a_new_ledger_never_repeats_an_id_of_the_old_one(tmp_path: Path) -> None:
    ids = set()
    for name, ledger_id in (("a", "0" * 16), ("b", "1" * 16)):
        desk = Desk([Once()])
        opened = open_ledger(tmp_path / f"{name}.sqlite", desk, IDENTITY, now=EPOCH)
        loop = loop_of(desk, opened)
        loop.take(opening_inputs(desk, IDENTITY, ledger_id=ledger_id, build="b", state_dir=None, now=EPOCH))
        said = loop.take(
            [AccountSeen(CASH, (), (), "sim", EPOCH, EPOCH), InstrumentSeen(MARKET, EPOCH), OPEN, quote(EPOCH)]
        )
        released = next(fact for fact in said if isinstance(fact, OrderReleased))
        ids |= {released.order.order_id, released.order.intent_id}
        opened.close()
    assert len(ids) == 4
