"""What a start makes of the limits in its file: takes what is tighter, on the record; refuses what is looser, whole."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.model.limits import BESIDE, pair
from tests.runtime.fakes import EPOCH, IDENTITY

from assent.desk.desk import Desk
from assent.ledger import verify
from assent.ledger.chain import Entry, Record
from assent.ledger.errors import LedgerCorrupt
from assent.ledger.memory import MemoryStore
from assent.ledger.sealed import digest_fault
from assent.ledger.sqlite import open_reader
from assent.model.change import changes_between
from assent.model.constitution import LIMITS, Constitution, Limit
from assent.model.facts import (
    SCHEMA_VERSION,
    ConstitutionChanged,
    DeskStarted,
    Fact,
    LedgerOpened,
    encode_fact,
    kind_of,
)
from assent.runtime.clock import ScaledClock
from assent.runtime.inbox import Inbox
from assent.runtime.loop import Loop
from assent.runtime.recovery import (
    Identity,
    LimitsLoosened,
    check_limits,
    open_ledger,
    opening_inputs,
    restore,
    take_lease,
)
from assent.runtime.status import status_of

each_limit = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.key)
SEALED = Constitution(series=("SIM", "MORE"), edge_min=20_000)
TIGHT = Constitution(series=("SIM",), edge_min=30_000)


def under(constitution: Constitution) -> Identity:
    return IDENTITY._replace(constitution=constitution)


def start(place: Path, constitution: Constitution, *, commits: bool = True) -> tuple[Desk, list[Fact]]:
    """A start up to its first commit, or to the moment before it; then the process is gone."""
    desk, identity = Desk(), under(constitution)
    opened = open_ledger(place, desk, identity, lease=take_lease(place, now=EPOCH))
    try:
        inputs = opening_inputs(desk, identity, ledger_id="0" * 16, build="b", state_dir=None, now=EPOCH)
        loop = Loop(
            desk=desk, store=opened.store, inbox=Inbox(), clock=ScaledClock(EPOCH, 1), execute=lambda _effects: None
        )
        return desk, loop.take(inputs) if commits else []
    finally:
        opened.close()


def start_in_memory(store: MemoryStore, constitution: Constitution) -> tuple[Desk, list[Fact]]:
    """The same start without a disk, for the tests that are run for each limit."""
    desk, identity = Desk(), under(constitution)
    restore(store, desk, identity)
    check_limits(desk, constitution)
    inputs = opening_inputs(desk, identity, ledger_id="0" * 16, build="b", state_dir=None, now=EPOCH)
    loop = Loop(desk=desk, store=store, inbox=Inbox(), clock=ScaledClock(EPOCH, 1), execute=lambda _effects: None)
    return desk, loop.take(inputs)


def kinds(facts: list[Fact]) -> list[str]:
    return [kind_of(fact) for fact in facts]


def size(place: Path) -> int:
    reader = open_reader(place)
    try:
        return reader.head().seq
    finally:
        reader.close()


@each_limit
def test_a_file_that_tightens_a_limit_is_taken_and_recorded(limit: Limit) -> None:
    beside = BESIDE.get(limit.key, {})
    loose, tight = (Constitution(**(beside | {limit.key: value})) for value in pair(limit))
    store = MemoryStore()
    start_in_memory(store, loose)
    desk, said = start_in_memory(store, tight)
    assert kinds(said) == ["ConstitutionChanged", "DeskStarted"]
    assert desk.state.seal is not None
    assert desk.state.seal.constitution == tight


@each_limit
def test_a_file_that_loosens_a_limit_ends_the_start_with_key_old_and_new(limit: Limit) -> None:
    beside = BESIDE.get(limit.key, {})
    loose, tight = (Constitution(**(beside | {limit.key: value})) for value in pair(limit))
    store = MemoryStore()
    start_in_memory(store, tight)
    with pytest.raises(LimitsLoosened) as refused:
        start_in_memory(store, loose)
    (change,) = refused.value.changes
    assert (change,) == changes_between(tight, loose)
    assert (change.key, change.becomes) == (limit.key, "looser")
    assert f"{limit.key}: {change.old} -> {change.new} (looser)" in str(refused.value)
    assert "assent constitution amend" in str(refused.value)


def test_a_refused_start_writes_nothing_and_the_file_that_was_in_force_still_starts(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, TIGHT)
    records = size(place)
    with pytest.raises(LimitsLoosened):
        start(place, SEALED)
    assert size(place) == records
    assert kinds(start(place, TIGHT)[1]) == ["DeskStarted"]


def test_the_next_start_with_the_same_file_records_no_second_change(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, SEALED)
    start(place, TIGHT)
    assert kinds(start(place, TIGHT)[1]) == ["DeskStarted"]


def test_the_old_file_is_refused_as_looser_after_the_change(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, SEALED)
    start(place, TIGHT)
    with pytest.raises(LimitsLoosened) as refused:
        start(place, SEALED)
    assert [change.key for change in refused.value.changes] == ["series", "edge_min"]


def test_a_file_that_is_tighter_here_and_looser_there_is_refused_whole(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, SEALED)
    with pytest.raises(LimitsLoosened) as refused:
        start(place, Constitution(series=("SIM",), edge_min=10_000))
    assert [(change.key, change.becomes) for change in refused.value.changes] == [
        ("series", "tighter"), ("edge_min", "looser"),
    ]  # fmt: skip
    assert kinds(start(place, SEALED)[1]) == ["DeskStarted"]


def test_a_crash_before_the_commit_loses_the_change_and_the_next_start_makes_it(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, SEALED)
    start(place, TIGHT, commits=False)
    assert kinds(start(place, SEALED)[1]) == ["DeskStarted"], "nothing was in force that was not on the disk"
    assert kinds(start(place, TIGHT)[1]) == ["ConstitutionChanged", "DeskStarted"]


def test_after_a_change_the_ledger_verifies_and_the_status_has_the_new_digest(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, SEALED)
    desk, _ = start(place, TIGHT)
    assert verify.verify(place).intact
    reader = open_reader(place)
    head = reader.head()
    reader.close()
    status = status_of(desk.state, settings_name="d", path=place, head=head, running=False, pid=None)
    assert status["constitution"] == TIGHT.digest()
    assert {limit["key"]: limit["limit"] for limit in status["limits"]}["edge_min"] == 30_000


def test_a_persons_act_on_a_resting_desk_does_not_ask_what_the_file_says(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite"
    start(place, TIGHT)
    desk = Desk()
    open_ledger(place, desk, under(SEALED), lease=take_lease(place, now=EPOCH), starting=False).close()
    assert desk.state.seal is not None
    assert desk.state.seal.constitution == TIGHT


# --- digests over the stored bytes ----------------------------------------------------------------------

SEAL = LedgerOpened("0" * 16, "paper", "sim", "sim", "tester", SEALED, SEALED.digest(), "b")
CHANGE = ConstitutionChanged(
    SEALED.digest(), TIGHT, TIGHT.digest(), changes_between(SEALED, TIGHT), "file at start", "", ""
)


def stored(*facts: Fact) -> MemoryStore:
    store = MemoryStore()
    store.append([Entry(EPOCH, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for fact in facts])
    return store


def record(fact: Fact, body: bytes | None = None) -> Record:
    found = next(iter(stored(SEAL, fact).records(2)))
    return found if body is None else found._replace(body=body)


def test_a_digest_that_is_not_of_the_constitution_beside_it_is_refused() -> None:
    lied = ConstitutionChanged(SEALED.digest(), TIGHT, "0" * 64, CHANGE.changes, "file at start", "", "")
    restore(stored(SEAL, CHANGE), Desk(), IDENTITY)
    with pytest.raises(LedgerCorrupt) as refused:
        restore(stored(SEAL, lied), Desk(), IDENTITY)
    assert refused.value.seq == 2


def test_a_constitution_from_when_there_were_fewer_limits_keeps_the_digest_it_was_sealed_with() -> None:
    fewer = b'{"edge_min":20000}'
    body = b'{"type":"ConstitutionChanged","constitution":%b,"digest":"%b"}'
    assert digest_fault(record(CHANGE, body % (fewer, sha256(fewer).hexdigest().encode()))) == ""
    assert "has the digest" in digest_fault(record(CHANGE, body % (fewer, sha256(b"{}").hexdigest().encode())))


def test_a_body_without_a_constitution_is_told() -> None:
    assert "no constitution" in digest_fault(record(CHANGE, b"{}"))
    assert digest_fault(record(DeskStarted("b", ()))) == ""
