"""Before an old quote is dealt on the venue is asked for one book; whatever it says, or does not, one end follows."""

from typing import Any

import pytest
from tests.runtime.fakes import IDENTITY, NAME, FakeVenue, Life, quote

from assent.ledger.chain import Entry
from assent.ledger.memory import MemoryStore
from assent.model.facts import (
    IntentSkipped,
    LookRequested,
    OrderAccepted,
    OrderNotSent,
    OrderReleased,
    decode_fact,
)
from assent.model.inputs import Accepted
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND
from assent.model.would import AckSimulated, WouldRelease
from assent.runtime import virtual
from assent.runtime.effects import PollBook, effects_of
from assent.runtime.executor import LOOK_MAX_NS
from assent.venue.port import Unavailable
from assent.venue.watching import Watching


class Later:
    """Proposes to buy once, some cycles after the one quote that it has seen."""

    name = "later"

    def __init__(self, *, after: int = 4, **overrides: Any) -> None:
        self.left = after
        self.overrides = overrides

    def on_cycle(self, view: Any) -> list[Proposal] | None:
        seen = view.quote(NAME)
        self.left -= seen is not None
        if self.left != 0:
            return None
        wanted = {"instrument": NAME, "price": seen.ask, "fair": 600_000, "qty_max": 10 * MICRO}
        return [Proposal(**(wanted | self.overrides))]


def one_quote(venue: FakeVenue) -> None:
    assert venue.sink is not None
    venue.sink("market", quote(venue.clock.now()), NAME)


def test_an_old_quote_is_asked_for_once_and_the_answer_releases_the_order() -> None:
    life = Life(strategy=Later(), answer=Accepted("v-1", 0, 10 * MICRO))
    virtual.run(life.run(for_ns=8 * SECOND, script=one_quote))
    assert life.venue.looked == [NAME]
    assert len(life.of(LookRequested)) == len(life.of(OrderReleased)) == len(life.of(OrderAccepted)) == 1
    assert len(life.venue.sent) == 1


def test_a_quote_proven_a_moment_ago_is_not_asked_for() -> None:
    life = Life(strategy=Later(after=1), answer=Accepted("v-1", 0, 10 * MICRO))
    virtual.run(life.run(script=one_quote))
    assert life.venue.looked == []
    assert len(life.venue.sent) == 1


@pytest.mark.parametrize(
    ("book", "reason", "detail"),
    [
        (Unavailable("down for maintenance"), "skipped_unavailable", "down for maintenance"),
        (ConnectionError("reset"), "skipped_unavailable", "ConnectionError while waiting for the answer"),
        (None, "skipped_unanswered", ""),
        ((490_000, 500_000), "skipped_drift", ""),
        ((400_000, None), "skipped_price_missing", ""),
    ],
)
def test_whatever_else_comes_nothing_is_sent_and_the_record_says_why(book: Any, reason: str, detail: str) -> None:
    life = Life(strategy=Later(), answer=Accepted("v-1", 0, 10 * MICRO))
    life.venue.book = book
    virtual.run(life.run(for_ns=15 * SECOND, script=one_quote))
    (skip,) = life.of(IntentSkipped)
    assert skip.reason == reason  # type: ignore[attr-defined]
    assert skip.detail == detail  # type: ignore[attr-defined]
    assert life.venue.sent == []
    assert not life.desk.state.looks


def test_a_book_that_is_no_book_is_an_answer_that_cannot_be_read() -> None:
    life = Life(strategy=Later())
    life.venue.book = (400_000.5, 420_000)  # type: ignore[assignment]
    virtual.run(life.run(for_ns=8 * SECOND, script=one_quote))
    (skip,) = life.of(IntentSkipped)
    assert skip.detail == "an answer that cannot be read"  # type: ignore[attr-defined]


def test_a_stop_waits_for_no_look_and_sends_nothing_for_one() -> None:
    life = Life(strategy=Later(after=3), answer=Accepted("v-1", 0, 10 * MICRO))
    life.venue.delay_ns = 3 * SECOND
    virtual.run(life.run(for_ns=4 * SECOND, script=one_quote))
    assert len(life.of(LookRequested)) == 1
    assert life.venue.sent == []


def test_a_crash_while_the_venue_is_asked_ends_the_look_at_the_next_start() -> None:
    store = MemoryStore()
    first = Life(store=store, strategy=Later())
    first.venue.book = None
    virtual.run(first.run(for_ns=8 * SECOND, script=one_quote))
    records = list(store.records())
    kept = records[: next(place for place, record in enumerate(records) if record.kind == "LookRequested") + 1]
    cut = MemoryStore()
    cut.append([Entry(record.ts, record.kind, record.version, record.body) for record in kept])
    second = Life(store=cut, strategy=Later(after=1_000))
    second.desk.restore((r.ts, decode_fact(r.kind, r.version, r.body)) for r in kept)
    second.clock = first.clock
    second.venue = FakeVenue(first.clock)
    virtual.run(second.run(for_ns=2 * SECOND))
    (skip,) = second.of(IntentSkipped)
    assert skip.reason == "skipped_restart"  # type: ignore[attr-defined]
    assert second.venue.looked == []


def test_the_question_is_no_duty_of_a_restart() -> None:
    fact = LookRequested("i-1", NAME, 420_000)
    assert effects_of([fact]) == [PollBook("i-1", NAME)]
    assert LOOK_MAX_NS == 5 * SECOND


def test_in_observe_everything_runs_and_nothing_is_sent_by_a_runtime_that_could() -> None:
    """Even wired to a venue that takes orders: no effect belongs to what observe states."""
    identity = IDENTITY._replace(mode="observe")
    life = Life(strategy=Later(time_in_force="gtc"), answer=Accepted("v-1", 0, 10 * MICRO), identity=identity)
    virtual.run(life.run(for_ns=8 * SECOND, script=one_quote))
    assert life.venue.looked == [NAME]
    assert len(life.of(WouldRelease)) == len(life.of(AckSimulated)) == 1
    assert (life.venue.sent, life.venue.cancelled, life.of(OrderReleased)) == ([], [], [])


def test_wired_as_it_is_wired_there_is_nobody_to_send_to() -> None:
    """A paper desk behind that wall: its order is released, and goes nowhere."""
    life = Life(strategy=Later(), answer=Accepted("v-1", 0, 10 * MICRO))
    behind = life.venue
    behind.script = one_quote
    life.venue = Watching(behind)  # type: ignore[assignment]
    virtual.run(life.run(for_ns=8 * SECOND))
    (told,) = life.of(OrderNotSent)
    assert told.reason == "no_order_path"  # type: ignore[attr-defined]
    assert behind.sent == []
