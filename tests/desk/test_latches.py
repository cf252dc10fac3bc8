"""A passing fault that keeps coming back waits for a person in the end: at which time, within which while, and after a
restart as well."""

import pytest
from tests.desk.support import Bench, buy, kinds

from assent.desk.state import Halt
from assent.model.facts import HaltCleared, HaltRaised, OrderReleased
from assent.model.levels import CAUSES, LATCHES, Level
from assent.model.units import DAY, HOUR, SECOND

each_latch = pytest.mark.parametrize("cause", LATCHES)


def come_and_go(bench: Bench, cause: str) -> str:
    """Once, until it has cleared by itself or waits for a person; which of the two."""
    raised = [fact for fact in bench.halt(cause, by="watchdog") if isinstance(fact, HaltRaised)]
    bench.later(CAUSES[cause].quiet_ns).cycle()
    assert (cause in bench.state.halts) == (raised[0].reset == "human")
    return raised[0].reset


def halt_of(bench: Bench, cause: str) -> Halt:
    found = bench.state.halts[cause]
    assert isinstance(found, Halt)
    return found


@each_latch
def test_at_its_last_time_it_waits_for_a_person_and_not_before(cause: str) -> None:
    bench, times = Bench(), LATCHES[cause].times
    assert [come_and_go(bench, cause) for _ in range(times)] == ["clear_for"] * (times - 1) + ["human"]
    bench.later(DAY).cycle()
    assert halt_of(bench, cause).level == CAUSES[cause].level
    assert halt_of(bench, cause).detail == "drill; it came back too often to be left to itself"
    assert "OrderReleased" not in kinds(bench.propose(buy()))


@each_latch
@pytest.mark.parametrize(("too_late", "reset"), [(-1, "human"), (0, "clear_for")])
def test_only_what_lies_within_the_while_counts(cause: str, too_late: int, reset: str) -> None:
    bench, latch = Bench(), LATCHES[cause]
    first = bench.now
    for _ in range(latch.times - 1):
        come_and_go(bench, cause)
    bench.later(first + latch.within_ns + too_late - bench.now)
    assert come_and_go(bench, cause) == reset


@each_latch
def test_a_restart_does_not_forget_how_often_it_came(cause: str) -> None:
    bench = Bench()
    for _ in range(LATCHES[cause].times - 1):
        come_and_go(bench, cause)
        bench.restart()
    assert come_and_go(bench, cause) == "human"
    bench.restart()
    bench.later(CAUSES[cause].quiet_ns * 2).cycle()
    assert halt_of(bench, cause).reset == "human"


@each_latch
def test_a_cause_that_is_only_seen_again_while_it_stands_has_come_once(cause: str) -> None:
    bench = Bench()
    for _ in range(100):
        bench.later(SECOND).halt(cause, by="watchdog")
    assert len(bench.of(HaltRaised)) == 1
    bench.later(CAUSES[cause].quiet_ns).cycle()
    assert bench.state.level == Level.TRADING


@each_latch
def test_a_person_ends_it_with_matching_books_and_it_begins_anew(cause: str) -> None:
    bench = Bench()
    for _ in range(LATCHES[cause].times):
        come_and_go(bench, cause)
    assert kinds(bench.resume(cause)) == ["ResumeRefused"]
    bench.match()
    assert [(fact.cause, fact.by) for fact in bench.resume() if isinstance(fact, HaltCleared)] == [(cause, "ann")]
    bench.quote()
    assert "OrderReleased" in kinds(bench.propose(buy()))
    assert come_and_go(bench, cause) == "clear_for"


@each_latch
def test_what_is_remembered_of_it_stays_small(cause: str) -> None:
    bench = Bench()
    for _ in range(50):
        come_and_go(bench, cause)
        if cause in bench.state.halts:
            bench.match()
            bench.resume(cause)
        assert len(bench.state.raised.get(cause, ())) <= LATCHES[cause].times


def test_each_cause_counts_for_itself() -> None:
    bench = Bench()
    for _ in range(2):
        for cause in LATCHES:
            assert come_and_go(bench, cause) == "clear_for"
    assert not bench.of(OrderReleased)


@pytest.mark.parametrize("cause", ["mark_missing", "books_overdue"])
def test_what_repeats_on_an_ordinary_day_never_becomes_a_persons_business(cause: str) -> None:
    bench = Bench()
    assert [come_and_go(bench, cause) for _ in range(20)] == ["clear_for"] * 20
    assert bench.now - bench.records[0][0] < 2 * HOUR
    assert bench.state.raised == {}
