"""One voice stops: every level against every action, every cause with its reset, and what a resume must show."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, Scripted, buy, close, kinds
from tests.desk.worlds import QuoteBench

from assent.model.facts import (
    AccountMatched,
    CancelReleased,
    DiscrepancyFound,
    HaltCleared,
    HaltRaised,
    OrderReleased,
    ResumeRefused,
    StrategyStopped,
)
from assent.model.inputs import Absent, Accepted, NotSent, Unknown
from assent.model.intents import Proposal
from assent.model.levels import CAUSES, Level
from assent.model.units import MICRO, MINUTE, SECOND

# A cause for each level that has one.
CAUSE_OF = {Level.REDUCING: "clock_jump", Level.HALTED: "operator", Level.LOCKED: "strategy_repeats"}
HUMAN = [code for code, cause in CAUSES.items() if cause.reset == "human"]
QUIET = [code for code, cause in CAUSES.items() if cause.reset == "clear_for"]

# Requirements, "Halts and levels": what each level still lets through.
CELLS = [
    (level, action, allowed)
    for level, actions in (
        (Level.TRADING, {"open", "close", "cancel", "claim"}),
        (Level.REDUCING, {"close", "cancel", "claim"}),
        (Level.HALTED, {"cancel"}),
        (Level.LOCKED, set()),
    )
    for action in ("open", "close", "cancel", "claim")
    for allowed in (action in actions,)
]


def ready(action: str) -> tuple[Bench, Proposal]:
    """A world in which this action would be released, were it not for the level."""
    bench = Bench()
    if action == "open":
        return bench, buy()
    bench.hold(qty_max=MICRO)
    if action == "cancel":
        leaving = next(f.order for f in bench.propose(close()) if isinstance(f, OrderReleased))
        bench.accept(leaving)
        return bench, buy(action="cancel", order_id=leaving.order_id, price=0)
    return bench, close() if action == "close" else buy(action="claim")


def lower(bench: Bench, level: Level) -> None:
    if level != Level.TRADING:
        bench.halt(CAUSE_OF[level], by="watchdog")
    assert bench.state.level == level


@pytest.mark.parametrize(("level", "action", "allowed"), CELLS, ids=[f"{c[0].name}-{c[1]}" for c in CELLS])
def test_each_cell_of_levels_and_actions(level: Level, action: str, allowed: bool) -> None:
    bench, idea = ready(action)
    lower(bench, level)
    told = bench.propose(idea)
    refused = [fact for fact in told if type(fact).__name__ == "IntentRefused"]
    checks = {check.rule: check.ok for check in (refused[0] if refused else told[-2]).checks}  # type: ignore[union-attr]
    assert checks["level"] == allowed
    if action == "claim":
        return  # nothing to claim at this venue: only the level's own word counts
    released = {"OrderReleased", "CancelReleased"} & set(kinds(told))
    assert bool(released) == allowed
    assert allowed or refused[0].reason == "level"  # type: ignore[union-attr]


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name)
def test_a_person_can_cancel_at_every_level(level: Level) -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    lower(bench, level)
    assert [fact.order_id for fact in bench.ask_cancel(order.order_id)] == [order.order_id]
    assert [fact.order_id for fact in bench.ask_cancel()] == [order.order_id]


def test_a_person_can_cancel_an_order_whose_fate_is_unknown() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("no answer in time"))
    assert bench.ask_cancel(order.order_id)


@pytest.mark.parametrize("gone", ["not sent", "absent"])
def test_a_person_can_cancel_an_order_that_was_accepted_after_all(gone: str) -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    if gone == "absent":
        bench.answer(order, Unknown("no answer in time"))
        bench.evidence(order, Absent("the journal"))
    else:
        bench.answer(order, NotSent("not_connected"))
    bench.accept(order)
    assert bench.order(order).status == "quarantined"
    assert [fact.order_id for fact in bench.ask_cancel(order.order_id)] == [order.order_id]


def test_only_what_may_rest_is_cancelled() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    assert bench.ask_cancel() == []
    assert bench.ask_cancel("never-released") == []


# --- causes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", CAUSES)
def test_a_halt_names_its_cause_level_reset_and_who_asked(cause: str) -> None:
    bench = Bench()
    raised = [fact for fact in bench.halt(cause, by="watchdog") if isinstance(fact, HaltRaised)]
    assert [(h.cause, h.level, h.reset, h.by, h.detail) for h in raised] == [
        (cause, int(CAUSES[cause].level), CAUSES[cause].reset, "watchdog", "drill")
    ]
    assert bench.state.level == CAUSES[cause].level
    assert bench.halt(cause, by="watchdog") == [] or cause == "strategy_repeats"


def test_a_cause_that_nobody_registered_is_an_operators() -> None:
    bench = Bench()
    bench.halt("some new thing\x1b[31m")
    assert list(bench.state.halts) == ["operator"]


def test_the_strictest_halt_decides_and_each_is_cleared_by_itself() -> None:
    bench = Bench()
    bench.halt("clock_jump")
    bench.halt("operator")
    bench.halt("late_fill")
    assert bench.state.level == Level.HALTED
    bench.later(SECOND).match()
    bench.resume("operator")
    assert bench.state.level == Level.REDUCING
    bench.resume("late_fill")
    assert bench.state.level == Level.REDUCING
    bench.later(CAUSES["clock_jump"].quiet_ns).cycle()
    assert bench.state.level == Level.TRADING


def test_a_halt_outlives_a_restart() -> None:
    bench = Bench()
    bench.halt("operator")
    bench.restart()
    assert bench.state.level == Level.HALTED
    assert "OrderReleased" not in kinds(bench.propose(buy()))


# --- what a halt takes off the book ----------------------------------------------------------------------


@pytest.mark.parametrize("cause", CAUSES)
def test_a_halt_cancels_entries_that_rest_and_leaves_exits_alone(cause: str) -> None:
    bench = Bench(strategies=(other := Scripted("other"),))
    bench.hold(qty_max=MICRO)
    entry = bench.release(qty_max=MICRO)
    bench.accept(entry)
    other.says = [close(qty_max=MICRO)]
    leaving = next(f.order for f in bench.cycle() if isinstance(f, OrderReleased))
    bench.accept(leaving)
    cancels = [fact for fact in bench.halt(cause, by="watchdog") if isinstance(fact, CancelReleased)]
    assert [(fact.order_id, fact.by) for fact in cancels] == [(entry.order_id, "desk")]


def on_its_way(bench: Bench) -> Any:
    return bench.release(qty_max=MICRO)


def unknown(bench: Bench) -> Any:
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("no answer in time"))
    return order


@pytest.mark.parametrize("start", [on_its_way, unknown], ids=["on its way", "unknown"])
def test_an_entry_that_begins_to_rest_under_a_halt_is_cancelled(start: Callable[[Bench], Any]) -> None:
    """Its bytes had left before the halt: nothing may go on resting that could still add risk."""
    bench = Bench()
    order = start(bench)
    bench.halt("operator")
    if bench.order(order).status == "unknown":
        bench.evidence(order, Accepted("v", 0, order.qty))
    else:
        bench.accept(order)
    bench.cycle()
    assert [fact.order_id for fact in bench.of(CancelReleased)] == [order.order_id]


def test_a_cancel_that_did_not_leave_is_asked_again_while_the_halt_stands() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    bench.halt("operator")
    bench.cancel_answered(order, NotSent("not_connected"))
    bench.later(SECOND).cycle()
    assert len(bench.of(CancelReleased)) == 2


# --- resuming ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", HUMAN)
def test_what_a_person_must_reset_takes_a_name_a_reason_and_matching_books(cause: str) -> None:
    bench = Bench()
    bench.later(SECOND).halt(cause, by="watchdog")
    bench.later(SECOND)
    assert kinds(bench.resume(cause)) == ["ResumeRefused"]
    bench.match()
    for by, reason in (("", "why"), ("  ", "why"), ("ann", ""), ("ann", "\t")):
        assert kinds(bench.resume(cause, by=by, reason=reason)) == ["ResumeRefused"]
    assert bench.state.level == CAUSES[cause].level
    cleared = bench.resume(cause, by="ann", reason="looked at it")
    assert [(f.cause, f.by, f.reason) for f in cleared if isinstance(f, HaltCleared)] == [
        (cause, "ann", "looked at it")
    ]
    assert bench.state.level == Level.TRADING


@pytest.mark.parametrize("cause", HUMAN)
def test_what_a_person_must_reset_never_clears_by_itself(cause: str) -> None:
    bench = Bench()
    bench.halt(cause, by="watchdog")
    for _ in range(5):
        bench.later(60 * MINUTE)
        bench.match()
        bench.cycle()
    assert not bench.of(HaltCleared)


def test_an_unknown_order_stands_in_the_way_until_it_is_resolved() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("no answer in time"))
    bench.halt("operator")
    bench.later(SECOND).match()
    refused = [fact for fact in bench.resume() if isinstance(fact, ResumeRefused)]
    assert order.order_id in refused[0].why
    bench.evidence(order, Absent("the journal"))
    bench.later(SECOND).match()
    assert kinds(bench.resume()) == ["HaltCleared"]


def test_books_that_were_matched_before_the_halt_do_not_count() -> None:
    bench = Bench()
    bench.match()
    bench.later(SECOND).halt("operator")
    assert kinds(bench.resume()) == ["ResumeRefused"]


def test_books_that_were_matched_in_the_same_instant_before_the_halt_do_not_count() -> None:
    """A batch shares one time; the ledger's order decides what came after what."""
    bench = Bench()
    bench.later(SECOND)
    bench.match(cash=bench.state.cash + 1)
    bench.match()
    bench.halt("operator")
    assert kinds(bench.resume("operator")) == ["ResumeRefused"]
    bench.match()
    assert kinds(bench.resume("operator")) == ["HaltCleared"]


def test_books_that_differ_stand_in_the_way_until_they_match_again() -> None:
    bench = Bench()
    bench.match(cash=bench.state.cash + 1)
    assert "discrepancy" in bench.state.halts
    assert bench.of(DiscrepancyFound)[0].what == "cash"
    bench.later(SECOND)
    assert kinds(bench.resume("discrepancy")) == ["ResumeRefused"]
    assert kinds(bench.match()) == ["AccountMatched"]
    assert kinds(bench.resume("discrepancy")) == ["HaltCleared"]


def test_a_halt_that_does_not_stand_cannot_be_cleared() -> None:
    bench = Bench()
    assert kinds(bench.resume("operator")) == ["ResumeRefused"]
    assert kinds(bench.resume("no such cause\n")) == ["ResumeRefused"]


def test_resume_without_a_cause_clears_all_that_a_person_may_clear() -> None:
    bench = Bench()
    for cause in ("operator", "late_fill", "clock_jump"):
        bench.halt(cause)
    bench.later(SECOND).match()
    assert kinds(bench.resume()) == ["HaltCleared", "HaltCleared"]
    assert list(bench.state.halts) == ["clock_jump"]


def test_after_a_resume_the_strategy_is_asked_again() -> None:
    bench = Bench()
    bench.say(7)
    assert list(bench.state.stopped) == ["scripted"]
    bench.later(SECOND).match()
    bench.resume()
    assert bench.state.stopped == {}
    assert "OrderReleased" in kinds(bench.propose(buy()))


def test_clearing_one_strategys_fault_does_not_free_the_one_that_kills_the_process() -> None:
    bench = Bench(strategies=(Scripted("killer"),))
    bench.say(7)
    bench.halt("strategy_repeats", by="killer")
    assert {fact.strategy for fact in bench.of(StrategyStopped)} == {"scripted", "killer"}
    bench.later(SECOND).match()
    bench.resume("strategy_stopped")
    assert "killer" in bench.state.stopped
    assert bench.state.level == Level.LOCKED


# --- clearing by itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", QUIET)
def test_a_passing_cause_clears_after_its_quiet_time_and_not_before(cause: str) -> None:
    bench = Bench()
    bench.halt(cause)
    quiet = CAUSES[cause].quiet_ns
    assert "HaltCleared" not in kinds(bench.later(quiet - 1).cycle())
    assert kinds(bench.later(1).cycle()) == ["HaltCleared"]
    assert bench.state.level == Level.TRADING


@pytest.mark.parametrize("cause", QUIET)
def test_a_cause_that_comes_again_begins_its_quiet_time_anew(cause: str) -> None:
    bench = Bench()
    bench.halt(cause)
    quiet = CAUSES[cause].quiet_ns
    bench.later(quiet // 2).halt(cause)
    assert bench.later(quiet - 1).cycle() == []
    assert kinds(bench.later(1).cycle()) == ["HaltCleared"]


@pytest.mark.parametrize("cause", QUIET)
def test_time_while_the_process_was_down_is_not_quiet_time(cause: str) -> None:
    bench = Bench()
    bench.halt(cause)
    bench.later(CAUSES[cause].quiet_ns * 3).restart()
    assert "HaltCleared" not in kinds(bench.cycle())
    assert "HaltCleared" in kinds(bench.later(CAUSES[cause].quiet_ns).cycle())


@pytest.mark.parametrize("cause", QUIET)
def test_a_passing_cause_is_not_a_persons_to_clear(cause: str) -> None:
    bench = Bench()
    bench.halt(cause)
    bench.later(SECOND).match()
    assert kinds(bench.resume(cause)) == ["ResumeRefused"]
    assert bench.resume() == []


def test_a_position_without_a_bid_blocks_entries_until_there_is_one_again() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.later(SECOND).quote(bid=None)
    assert "mark_missing" in [f.cause for f in bench.cycle() if isinstance(f, HaltRaised)]
    for _ in range(4):
        assert not bench.later(2 * MINUTE).cycle()
    bench.quote()
    assert "HaltCleared" in kinds(bench.later(5 * MINUTE).cycle())


# --- a halt and a release in one batch --------------------------------------------------------------------


def test_a_release_followed_by_a_halt_in_one_batch_is_not_permitted() -> None:
    bench = Bench()
    order = bench.release()
    assert bench.permit(order, bench.now) is None
    bench.halt()
    assert bench.permit(order, bench.now) == "halted"


def test_a_halt_followed_by_an_idea_in_one_batch_releases_nothing() -> None:
    bench = Bench()
    bench.halt()
    bench.propose(buy())
    assert not bench.of(OrderReleased)


def test_a_strategy_that_breaks_after_its_order_was_released_has_nothing_sent() -> None:
    bench = QuoteBench()
    bench.quoted.says = [buy(), 7]
    bench.quote()
    order = bench.of(OrderReleased)[0].order
    assert bench.permit(order, bench.now) == "halted"


def test_reducing_lets_an_exit_be_sent_and_not_an_entry() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    entry = bench.release(qty_max=MICRO)
    leaving = next(f.order for f in bench.propose(close()) if isinstance(f, OrderReleased))
    bench.halt("clock_jump")
    assert bench.permit(entry, bench.now) == "halted"
    assert bench.permit(leaving, bench.now) is None
    bench.halt("operator")
    assert bench.permit(leaving, bench.now) == "halted"


def test_a_match_is_told_while_a_halt_waits_for_it() -> None:
    bench = Bench()
    assert bench.match() == []
    bench.halt()
    assert [type(fact) for fact in bench.match()] == [AccountMatched]
    assert MARKET.id in bench.desk.markets
