"""One halt set aside for a while: by whom, for which causes, for how long, what it never lets go, and how it ends."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, buy, close, kinds, limits
from tests.desk.test_losses import BESIDE, at, desk, fall
from tests.desk.worlds import QuoteBench

from assent.desk import halts
from assent.desk.fold import fold
from assent.model.errors import InvariantBroken
from assent.model.facts import CancelReleased, HaltRaised, IntentRefused, OrderReleased, ResumeRefused, StateMarked
from assent.model.inputs import Absent, Unknown
from assent.model.levels import CAUSES, OVERRIDABLE, OVERRIDE_MAX, Level
from assent.model.overrides import HaltOverridden, OverrideEnded, OverrideRefused
from assent.model.reasons import REASONS
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND

NEVER = sorted(set(CAUSES) - OVERRIDABLE)
ALWAYS = sorted(OVERRIDABLE)
each_overridable = pytest.mark.parametrize("cause", ALWAYS)


def refusals(told: list[Any]) -> list[str]:
    return [fact.reason for fact in told if isinstance(fact, OverrideRefused)]


def ends(told: list[Any]) -> list[tuple[str, str, str]]:
    return [(fact.cause, fact.why, fact.by) for fact in told if isinstance(fact, OverrideEnded)]


def level(bench: Bench) -> Level:
    return halts.level_at(bench.state, bench.now)


def overridden(cause: str = "operator", **asked: Any) -> Bench:
    bench = Bench()
    bench.halt(cause, by="watchdog")
    assert kinds(bench.override(cause, **asked)) == ["HaltOverridden"]
    return bench


# --- what it takes -------------------------------------------------------------------------------------


@each_overridable
def test_a_halt_that_is_overridden_stands_on_record_and_does_not_hold_the_level(cause: str) -> None:
    bench = Bench()
    bench.halt(cause, by="watchdog")
    (told,) = bench.override(cause)
    assert told == HaltOverridden(cause, "ada", "it is known", bench.now + 30 * MINUTE)
    assert list(bench.state.halts) == [cause]
    assert (bench.state.level, level(bench)) == (CAUSES[cause].level, Level.TRADING)
    assert "OrderReleased" in kinds(bench.propose(buy()))


@pytest.mark.parametrize("cause", NEVER)
def test_a_cause_in_which_books_keys_clocks_or_our_own_code_are_in_doubt_is_never_overridden(cause: str) -> None:
    bench = Bench()
    bench.halt(cause, by="watchdog")
    assert refusals(bench.override(cause)) == ["override_forbidden"]
    assert level(bench) == CAUSES[cause].level
    assert "OrderReleased" not in kinds(bench.propose(buy()))


def test_the_causes_that_the_requirements_name_are_never_overridden_nor_those_that_are_like_them() -> None:
    never = {
        "discrepancy", "unknown_overdue", "foreign_fill", "invariant_broken", "strategy_repeats", "kill_switch_guard",
        "books_overdue", "account_unavailable", "venue_auth",
    }  # fmt: skip
    assert never <= set(NEVER)
    assert set(CAUSES) >= OVERRIDABLE


def test_it_takes_a_second_factor_although_the_constitution_asks_for_none() -> None:
    bench = Bench(constitution=limits(second_factor_to_resume=False))
    bench.halt()
    assert refusals(bench.override(factor=False)) == ["second_factor_missing"]
    assert level(bench) == Level.HALTED


@pytest.mark.parametrize(("by", "reason"), [("", "known"), (" \t", "known"), ("ada", ""), ("ada", "  ")])
def test_it_takes_a_name_and_a_reason(by: str, reason: str) -> None:
    bench = Bench()
    bench.halt()
    assert refusals(bench.override(by=by, reason=reason)) == ["override_unnamed"]
    assert level(bench) == Level.HALTED


@pytest.mark.parametrize(
    ("life", "given"),
    [(-1, False), (0, False), (1, True), (OVERRIDE_MAX, True), (OVERRIDE_MAX + 1, False), (DAY, False)],
)
def test_it_lasts_for_at_most_sixty_minutes(life: int, given: bool) -> None:
    assert OVERRIDE_MAX == 60 * MINUTE
    bench = Bench()
    bench.halt()
    told = bench.override(life_ns=life)
    assert kinds(told) == (["HaltOverridden"] if given else ["OverrideRefused"])
    assert refusals(told) == ([] if given else ["override_too_long"])


@pytest.mark.parametrize("cause", ["operator", "no such cause\x1b[2J"])
def test_what_is_not_halted_is_not_overridden(cause: str) -> None:
    bench = Bench()
    (told,) = bench.override(cause)
    assert (told.reason, "\x1b" in told.cause) == ("override_not_halted", False)


def test_a_second_one_on_top_is_refused_so_that_none_grows_beyond_its_time() -> None:
    bench = overridden()
    bench.later(29 * MINUTE)
    assert refusals(bench.override(life_ns=HOUR)) == ["override_stands"]
    bench.later(MINUTE)
    assert kinds(bench.override()) == ["OverrideEnded", "HaltOverridden"], "its time was up, so this is another one"
    assert level(bench) == Level.TRADING


def test_an_order_whose_fate_is_unknown_keeps_every_halt_where_it_is() -> None:
    bench = Bench()
    order = bench.release(qty_max=MICRO)
    bench.answer(order, Unknown("no answer in time"))
    bench.halt()
    assert refusals(bench.override()) == ["override_unsettled"]
    bench.evidence(order, Absent("the journal"))
    assert kinds(bench.override()) == ["HaltOverridden"]


def test_books_that_differ_keep_every_halt_where_it_is() -> None:
    bench = Bench()
    bench.halt()
    bench.match(cash=bench.state.cash + 1)
    assert refusals(bench.override()) == ["override_unsettled"]
    assert refusals(bench.override("discrepancy")) == ["override_forbidden"]


def test_every_refusal_has_a_registered_code_and_a_sentence() -> None:
    codes = {
        "override_unnamed", "override_not_halted", "override_forbidden", "override_too_long", "override_stands",
        "override_unsettled", "override_none", "second_factor_missing",
    }  # fmt: skip
    assert codes <= set(REASONS)


# --- what it never lets go -----------------------------------------------------------------------------


def test_one_cause_is_let_go_and_the_others_hold() -> None:
    bench = Bench()
    for cause in ("operator", "drawdown", "clock_jump"):
        bench.halt(cause)
    bench.override("operator")
    assert level(bench) == Level.REDUCING
    bench.override("drawdown")
    assert level(bench) == Level.REDUCING
    assert "OrderReleased" not in kinds(bench.propose(buy()))


def test_a_halt_for_another_cause_stops_the_desk_as_ever_and_calls_its_entries_back() -> None:
    bench = overridden("drawdown")
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    told = bench.halt("clock_jump")
    (cancel,) = [fact for fact in told if isinstance(fact, CancelReleased)]
    assert (cancel.order_id, cancel.why) == (order.order_id, "halted: clock_jump")
    assert bench.of(OverrideEnded) == []


def test_the_kill_switch_stops_an_overridden_desk() -> None:
    bench = overridden()
    order = bench.release()
    bench.switch()
    assert bench.permit(order, bench.now) == "kill_switch_guard"
    refused = next(fact for fact in bench.propose(buy()) if isinstance(fact, IntentRefused))
    assert refused.reason == "kill_switch_guard"


def test_a_strategy_that_was_stopped_stays_stopped_while_the_others_go_on() -> None:
    bench = Bench(strategies=(other := Scripted("other"),))
    bench.say(7)
    assert list(bench.state.stopped) == ["scripted"]
    bench.override("strategy_stopped")
    assert "OrderReleased" not in kinds(bench.propose(buy()))
    other.says = [buy()]
    assert "OrderReleased" in kinds(bench.cycle())


def test_the_rule_of_a_loss_goes_on_counting_while_its_halt_is_overridden() -> None:
    """The halt outlasts a price that has come back, and that is all that is set aside: the limit is not."""
    bench = desk(daily_loss_max=MICRO)
    fall(bench, 20)
    assert kinds(bench.override("daily_loss")) == ["HaltOverridden"]
    idea = buy(instrument=BESIDE.id, qty_max=MICRO // 10)
    refused = next(fact for fact in bench.propose(idea) if isinstance(fact, IntentRefused))
    assert refused.reason == "daily_loss_guard"
    fall(bench, 2)
    bench.quote(BESIDE.id)
    assert "OrderReleased" in kinds(bench.propose(idea))


# --- how it ends ---------------------------------------------------------------------------------------


def test_the_gate_says_no_from_the_very_nanosecond_on_at_which_it_is_over() -> None:
    """Nothing has told the desk yet: no cycle lies between."""
    for late, released in ((-1, True), (0, False), (1, False)):
        bench = QuoteBench()
        bench.halt()
        bench.override(life_ns=5 * SECOND)
        bench.later(5 * SECOND + late)
        assert ("OrderReleased" in kinds(bench.propose(buy()))) is released
        assert bench.of(OverrideEnded) == []


def test_the_permit_says_no_from_the_very_nanosecond_on_at_which_it_is_over() -> None:
    bench = overridden(life_ns=SECOND)
    order = bench.release()
    assert bench.permit(order, bench.now + SECOND - 1) is None
    assert bench.permit(order, bench.now + SECOND) == "halted"


def test_at_its_end_the_next_cycle_says_so_and_calls_entries_back_as_at_a_halt() -> None:
    bench = overridden()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    bench.later(30 * MINUTE - 1)
    bench.quote()
    assert not ends(bench.cycle())
    told = bench.later(1).cycle()
    assert ends(told) == [("operator", "time", "desk")]
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [order.order_id]
    assert level(bench) == Level.HALTED
    assert ends(bench.later(SECOND).cycle()) == [], "said once"


def test_whoever_asks_ends_it_early_without_a_second_factor() -> None:
    bench = overridden()
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    told = bench.end_override(by="ben", reason="")
    assert ends(told) == [("operator", "asked", "ben")]
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [order.order_id]
    assert level(bench) == Level.HALTED


def test_what_is_not_in_force_cannot_be_ended() -> None:
    bench = Bench()
    assert refusals(bench.end_override()) == ["override_none"]
    bench.halt()
    assert refusals(bench.end_override()) == ["override_none"]
    bench.override()
    assert refusals(bench.end_override(by=" ")) == ["override_unnamed"]
    bench.later(30 * MINUTE)
    assert refusals(bench.end_override()) == ["override_none"], "it is over, although nobody has said so yet"


@pytest.mark.parametrize("cause", [cause for cause in ALWAYS if cause != "strategy_stopped"])
def test_the_same_cause_raised_again_ends_it_at_once_for_the_trouble_is_new(cause: str) -> None:
    bench = overridden(cause)
    order = bench.release(qty_max=MICRO)
    bench.accept(order)
    told = bench.later(MINUTE).halt(cause, by="ben")
    assert ends(told) == [(cause, "raised_again", "ben")]
    raised = [fact for fact in told if isinstance(fact, HaltRaised)]
    assert [(fact.cause, fact.by) for fact in raised] == [(cause, "ben")], "it is on the record as a halt of its own"
    assert [fact.order_id for fact in told if isinstance(fact, CancelReleased)] == [order.order_id]
    assert level(bench) == CAUSES[cause].level
    assert bench.state.halts[cause].raised_ts == bench.now


def test_another_strategy_that_breaks_is_new_trouble() -> None:
    bench = Bench(strategies=(other := Scripted("other"),))
    bench.say(7)
    bench.override("strategy_stopped")
    other.says = 7
    assert ends(bench.cycle()) == [("strategy_stopped", "raised_again", "desk")]
    assert level(bench) == Level.REDUCING


def test_a_passing_fault_that_comes_back_while_it_is_overridden_counts_towards_a_person() -> None:
    bench = Bench()
    for _ in range(4):
        bench.halt("stale_data")
        bench.override("stale_data", life_ns=MINUTE)
    bench.halt("stale_data")
    assert bench.state.halts["stale_data"].reset == "human"


def test_a_loss_that_only_is_still_there_is_no_new_trouble() -> None:
    bench = desk(drawdown_fraction_max=10_000)
    fall(bench, 20)
    bench.override("drawdown")
    for cents in (20, 21, 30, 19):
        assert not ends(fall(bench.later(SECOND), cents))
    assert level(bench) == Level.TRADING
    bench.quote(BESIDE.id)
    assert "OrderReleased" in kinds(bench.propose(buy(instrument=BESIDE.id, qty_max=MICRO)))


@pytest.mark.parametrize("restarted", [False, True])
def test_a_loss_that_had_come_back_and_is_crossed_again_is_new_trouble(restarted: bool) -> None:
    """Told from the marks on the record, so a restart in between forgets nothing."""
    bench = desk(drawdown_fraction_max=10_000)
    fall(bench, 20)
    bench.override("drawdown")
    assert not ends(fall(bench, 5))
    if restarted:
        bench.restart()
        bench.match()
        bench.show(MARKET)
    assert ends(fall(bench, 20)) == [("drawdown", "raised_again", "desk")]
    assert level(bench) == Level.REDUCING


def test_a_position_that_still_has_no_bid_is_no_new_trouble() -> None:
    bench = Bench()
    bench.hold(qty_max=MICRO)
    bench.later(SECOND).quote(bid=None)
    bench.cycle()
    bench.override("mark_missing")
    assert not ends(bench.later(SECOND).cycle())
    assert level(bench) == Level.TRADING


@each_overridable
def test_a_halt_that_ends_takes_its_override_with_it(cause: str) -> None:
    """The next halt of this cause holds, although the time of the override is not over."""
    bench = overridden(cause)
    bench.later(SECOND).match()
    bench.resume(cause)
    if cause in bench.state.halts:  # it is not a person's to clear: the calendar or quiet ends it
        assert isinstance(bench.facts[-1], ResumeRefused)
        return
    bench.halt(cause)
    assert level(bench) == CAUSES[cause].level
    assert refusals(bench.end_override(cause)) == ["override_none"]


def test_a_new_day_ends_the_halt_of_a_loss_and_its_override() -> None:
    bench = desk(daily_loss_max=MICRO)
    fall(bench, 20)
    midnight = (bench.now // DAY + 1) * DAY
    at(bench, midnight - MINUTE)
    bench.override("daily_loss")
    at(bench, midnight)
    assert "daily_loss" not in bench.state.halts
    assert "HaltRaised" in kinds(fall(bench, 40))
    assert level(bench) == Level.REDUCING


# --- restarts, other roads, the record -----------------------------------------------------------------


def test_a_restart_keeps_it_for_as_long_as_it_would_have_lasted() -> None:
    bench = overridden()
    bench.later(10 * MINUTE).restart()
    assert level(bench) == Level.TRADING
    bench.match()
    bench.show(MARKET)
    assert "OrderReleased" in kinds(bench.propose(buy(qty_max=MICRO)))
    bench.later(20 * MINUTE)
    assert level(bench) == Level.HALTED


def test_an_override_whose_end_came_while_nothing_ran_is_over_at_the_start() -> None:
    bench = overridden()
    bench.later(HOUR).restart()
    assert level(bench) == Level.HALTED
    assert ends(bench.cycle()) == [("operator", "time", "desk")]


def test_in_observe_what_would_rest_is_called_back_at_its_end() -> None:
    bench = Bench(mode="observe")
    bench.halt()
    bench.override(life_ns=MINUTE)
    assert "WouldRelease" in kinds(bench.propose(buy(qty_max=MICRO)))
    assert "WouldOrderEnded" in kinds(bench.later(MINUTE).cycle())


@pytest.mark.parametrize(
    "fact",
    [
        HaltOverridden("discrepancy", "ada", "no", 0),
        HaltOverridden("drawdown", "ada", "no such halt stands", 0),
        HaltOverridden("operator", "", "nobody", 0),
        HaltOverridden("operator", "ada", "too long", 1),
        HaltOverridden("operator", "ada", "over before it began", -OVERRIDE_MAX),
    ],
    ids=lambda fact: fact.reason,
)
def test_a_ledger_with_an_override_that_may_not_be_does_not_fold(fact: HaltOverridden) -> None:
    bench = Bench()
    for cause in ("operator", "discrepancy"):
        bench.halt(cause)
    until = bench.now + OVERRIDE_MAX + fact.until_ts
    forged = HaltOverridden(fact.cause, fact.by, fact.reason, until)
    with pytest.raises(InvariantBroken, match="override_not_valid"):
        fold([*bench.records, (bench.now, forged)])
    valid = HaltOverridden("operator", "ada", "as it may be", bench.now + OVERRIDE_MAX)
    assert fold([*bench.records, (bench.now, valid)]).halts["operator"].override is not None


def test_the_digest_of_the_state_knows_of_it() -> None:
    one, other = Bench(), Bench()
    for bench in (one, other):
        bench.halt()
    one.override()
    assert one.state.digest() != other.state.digest()
    assert not one.of(StateMarked)


# --- with an override nothing is ever released that the other halts forbid ------------------------------

CAUSES_TRIED = st.sampled_from((*ALWAYS, "clock_jump", "late_fill", "discrepancy", "venue_contract"))
STEPS = st.one_of(
    st.tuples(st.just("halt"), CAUSES_TRIED, st.just(0)),
    st.tuples(st.just("override"), CAUSES_TRIED, st.sampled_from((MINUTE, 30 * MINUTE, HOUR))),
    st.tuples(st.just("end"), CAUSES_TRIED, st.just(0)),
    st.tuples(st.just("later"), st.just(""), st.sampled_from((1, SECOND, MINUTE, 30 * MINUTE))),
    st.tuples(st.just("cycle"), st.just(""), st.just(0)),
    st.tuples(st.just("open"), st.just(""), st.just(0)),
    st.tuples(st.just("close"), st.just(""), st.just(0)),
)


class Held:
    """What holds, kept by hand from what was asked and answered: each cause, and until when it is let go."""

    def __init__(self) -> None:
        self.until: dict[str, int] = {}

    def at(self, now: int) -> int:
        return max((int(CAUSES[cause].level) for cause, until in self.until.items() if now >= until), default=0)


@settings(max_examples=150)
@given(st.lists(STEPS, min_size=4, max_size=30))
def test_nothing_is_released_or_sent_that_a_halt_forbids_which_is_not_overridden_now(steps: list[Any]) -> None:
    bench = QuoteBench()
    bench.hold(qty_max=50 * MICRO)
    held, open_orders = Held(), []
    for what, cause, number in steps:
        if what == "halt":
            bench.halt(cause, by="watchdog")
            held.until[cause] = 0
        elif what == "override":
            taken = "HaltOverridden" in kinds(bench.override(cause, life_ns=number))
            assert not taken or cause in OVERRIDABLE
            assert taken or held.until.get(cause, 0) > bench.now or cause not in held.until or cause not in OVERRIDABLE
            held.until |= {cause: bench.now + number} if taken else {}
        elif what == "end":
            bench.end_override(cause)
            held.until |= {cause: 0} if cause in held.until else {}
        elif what == "later":
            bench.later(number)
        elif what == "cycle":
            bench.cycle()
            held.until = {cause: until for cause, until in held.until.items() if cause in bench.state.halts}
        else:
            idea = buy(qty_max=MICRO) if what == "open" else close(qty_max=MICRO)
            released = [fact.order for fact in bench.propose(idea) if isinstance(fact, OrderReleased)]
            assert not released or held.at(bench.now) <= (0 if what == "open" else 1)
            open_orders += [(order, what) for order in released]
        assert int(level(bench)) == held.at(bench.now)
        for order, kind in open_orders:
            if bench.permit(order, bench.now) is None:
                assert held.at(bench.now) <= (0 if kind == "open" else 1)
