"""The order of things: decide, remember, and only then act."""

import pytest
from tests.runtime.fakes import EPOCH, NAME, Once, opened, quote

from assent.desk.strategy import View
from assent.ledger.chain import Entry
from assent.ledger.errors import LedgerUnwritable
from assent.ledger.memory import MemoryStore
from assent.model.facts import (
    SCHEMA_VERSION,
    HaltRaised,
    LookRequested,
    OrderReleased,
    decode_fact,
    encode_fact,
    kind_of,
)
from assent.model.inputs import HaltAsked, QuoteLost, StreamProven, TimePassed
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND
from assent.runtime import loop as loop_module
from assent.runtime.clock import ScaledClock
from assent.runtime.effects import SubmitOrder
from assent.runtime.inbox import Inbox, InboxOverflow
from assent.runtime.loop import BATCH_MAX, Loop


class Recorder:
    """Notes in which order commits and effects came."""

    def __init__(self) -> None:
        self.events: list[str] = []


class EachCycle:
    """Proposes to buy at each cycle, at the ask that it saw last."""

    name = "each-cycle"

    def __init__(self) -> None:
        self.asked = 0

    def on_cycle(self, view: View) -> list[Proposal] | None:
        seen = view.quote(NAME)
        self.asked += 1
        wanted = {"instrument": NAME, "price": 420_000, "fair": 600_000, "qty_max": 10 * MICRO}
        return [Proposal(**wanted)] if seen is not None else None  # type: ignore[arg-type]


class NotingStore(MemoryStore):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def append(self, batch):  # type: ignore[no-untyped-def]
        head = super().append(batch)
        self._recorder.events.append(f"commit {len(batch)}")
        return head


def loop_around(desk, store, execute, inbox=None):  # type: ignore[no-untyped-def]
    return Loop(
        desk=desk, store=store, inbox=Inbox() if inbox is None else inbox, clock=ScaledClock(EPOCH, 1), execute=execute
    )


def stocked(store, facts):  # type: ignore[no-untyped-def]
    """The store that a desk with these facts would have."""
    store.append([Entry(EPOCH, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for fact in facts])
    return store


def test_an_effect_starts_only_after_its_fact_is_committed() -> None:
    recorder = Recorder()
    desk, facts = opened(strategy=Once())
    store = stocked(NotingStore(recorder), facts)
    recorder.events.clear()
    loop = loop_around(desk, store, lambda effects: recorder.events.append(f"execute {len(effects)}"))
    loop.take([quote(EPOCH)])
    assert recorder.events == ["commit 3", "execute 1"]


def test_a_commit_that_does_not_succeed_starts_nothing() -> None:
    class Full(MemoryStore):
        full = False

        def append(self, batch):  # type: ignore[no-untyped-def]
            if self.full:
                raise LedgerUnwritable("the disk is full")
            return super().append(batch)

    desk, facts = opened(strategy=Once())
    store = stocked(Full(), facts)
    started: list[object] = []
    loop = loop_around(desk, store, started.extend)
    store.full = True
    with pytest.raises(LedgerUnwritable, match="the disk is full"):
        loop.take([quote(EPOCH)])
    assert started == []


def test_one_batch_is_one_transaction_and_its_records_are_what_the_desk_said() -> None:
    recorder = Recorder()
    desk, facts = opened(strategy=Once())
    store = stocked(NotingStore(recorder), facts)
    recorder.events.clear()
    loop = loop_around(desk, store, lambda _effects: None)
    said = loop.take([quote(EPOCH), HaltAsked("operator", "Ann", "lunch", EPOCH)])
    assert recorder.events == [f"commit {len(said)}"]
    stored = [decode_fact(record.kind, record.version, record.body) for record in store.records(len(facts) + 1)]
    assert stored == said


@pytest.mark.parametrize("halt_first", [True, False])
def test_a_halt_in_the_same_batch_as_a_release_wins_whatever_their_order(*, halt_first: bool) -> None:
    desk, facts = opened(strategy=Once())
    obstacles: list[str | None] = []

    def execute(effects: list[object]) -> None:
        for effect in effects:
            assert isinstance(effect, SubmitOrder)
            obstacles.append(desk.permit(effect.order.order_id, desk.now, effect.digest))

    loop = loop_around(desk, stocked(MemoryStore(), facts), execute)
    batch = [quote(EPOCH), HaltAsked("operator", "Ann", "stop", EPOCH)]
    said = loop.take(batch[::-1] if halt_first else batch)
    assert any(isinstance(fact, HaltRaised) for fact in said)
    released = [fact for fact in said if isinstance(fact, OrderReleased)]
    assert len(released) == (0 if halt_first else 1)
    assert obstacles == ["halted"] * len(released)


def test_an_overflow_of_what_must_be_kept_halts_the_desk() -> None:
    desk, facts = opened()
    inbox: Inbox = Inbox({"control": 8, "venue": 2, "clock": 8, "market": 8})
    loop = loop_around(desk, stocked(MemoryStore(), facts), lambda _effects: None, inbox)
    for _ in range(2):
        inbox.put("venue", quote(EPOCH), received_ts=EPOCH)
    with pytest.raises(InboxOverflow):
        inbox.put("venue", quote(EPOCH), received_ts=EPOCH)
    loop.turn()
    assert "inbox_overflow" in desk.state.halts


def test_a_proof_never_overtakes_the_news_that_a_quote_is_lost() -> None:
    """More news of markets waits than one batch takes, while a proof and a cycle find room in it."""
    now = EPOCH + 10 * SECOND
    strategy = EachCycle()
    desk, facts = opened(strategy=strategy)
    inbox: Inbox = Inbox()
    desk.handle(EPOCH, quote(EPOCH))
    for name in (*(f"SIM-{number}" for number in range(BATCH_MAX)), NAME):
        inbox.put("market", QuoteLost(name, "numbers are missing", now), key=name, received_ts=now)
    inbox.put("venue", StreamProven("sim", now), received_ts=now)
    inbox.put("clock", TimePassed(now), received_ts=now)
    desk.handle(now, StreamProven("sim", EPOCH))
    store = stocked(MemoryStore(), facts)
    loop_around(desk, store, lambda _effects: None, inbox).drain()
    assert strategy.asked == 1
    said = [decode_fact(record.kind, record.version, record.body) for record in store.records(len(facts) + 1)]
    assert [type(fact) for fact in said if type(fact) in (OrderReleased, LookRequested)] == [LookRequested], (
        "an old proof stays an old one: the venue is asked first"
    )


def test_a_proof_that_nothing_of_the_markets_waits_behind_is_taken() -> None:
    now = EPOCH + 10 * SECOND
    desk, facts = opened(strategy=EachCycle())
    inbox: Inbox = Inbox()
    desk.handle(EPOCH, quote(EPOCH))
    desk.handle(now, StreamProven("sim", EPOCH))
    for number in range(BATCH_MAX - 2):
        inbox.put("market", QuoteLost(f"SIM-{number}", "numbers are missing", now), key=number, received_ts=now)
    inbox.put("venue", StreamProven("sim", now), received_ts=now)
    inbox.put("clock", TimePassed(now), received_ts=now)
    store = stocked(MemoryStore(), facts)
    loop_around(desk, store, lambda _effects: None, inbox).drain()
    said = [decode_fact(record.kind, record.version, record.body) for record in store.records(len(facts) + 1)]
    assert [fact for fact in said if type(fact) is OrderReleased]


def checkpoints(monkeypatch: pytest.MonkeyPatch, *, latest: int) -> list[str]:
    """What is told of a release and two quotes that lead to nothing, when a checkpoint is due after one record."""
    recorder = Recorder()

    class Tidied(NotingStore):
        def checkpoint(self) -> None:
            recorder.events.append("checkpoint")

    monkeypatch.setattr(loop_module, "CHECKPOINT_EVERY", 1)
    monkeypatch.setattr(loop_module, "CHECKPOINT_LATEST", latest)
    desk, facts = opened(strategy=Once())
    inbox: Inbox = Inbox()
    loop = loop_around(desk, stocked(Tidied(recorder), facts), lambda _: recorder.events.append("execute"), inbox)
    recorder.events.clear()
    for _ in range(3):
        inbox.put("market", quote(EPOCH), key="A", received_ts=EPOCH)
        loop.turn()
        recorder.events.append("turn")
    return recorder.events


def test_the_log_is_tidied_after_what_was_released_has_had_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkpoints(monkeypatch, latest=100) == ["commit 3", "execute", "turn", "checkpoint", "turn", "turn"]


def test_a_desk_that_is_never_idle_tidies_its_log_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkpoints(monkeypatch, latest=3) == ["commit 3", "execute", "checkpoint", "turn", "turn", "turn"]
