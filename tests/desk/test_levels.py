"""One test a cell: what each level lets through, for each action and whoever asks, through the whole desk: from the
idea to the release, and again at the moment of sending."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from tests.desk.support import Bench, Scripted, buy, close, kinds

from assent.desk.rules import size
from assent.model.facts import CancelReleased, IntentRefused, OrderReleased
from assent.model.inputs import Input, NotSent
from assent.model.intents import Action, Proposal
from assent.model.levels import ALLOWED, CAUSES, Level
from assent.model.orders import Order
from assent.model.units import MICRO

ACTIONS: tuple[Action, ...] = ("open", "close", "cancel", "claim")
# Every way to come to a level: each cause by itself, and the switch in both its forms.
ROADS: dict[str, tuple[Level, Callable[[Bench], Any]]] = {
    "nothing": (Level.TRADING, lambda _: None),
    **{code: (cause.level, lambda bench, code=code: bench.halt(code, by="watchdog")) for code, cause in CAUSES.items()},
    "the switch": (Level.HALTED, lambda bench: bench.switch()),
    "the switch, exits allowed": (Level.REDUCING, lambda bench: bench.switch(exits=True)),
}
Idea = tuple[Scripted, Proposal]
each_road = pytest.mark.parametrize("road", ROADS)
each_action = pytest.mark.parametrize("action", ACTIONS)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> tuple[Bench, dict[str, Idea], Order, Order]:
    """A position, an exit and an entry that rest, and for each action an idea that only the level could refuse."""
    # At a venue that leaves something to claim.
    monkeypatch.setitem(size._FORMS, "claim", lambda _: True)
    asking = Scripted("asking")
    bench = Bench(strategies=(asking,))
    bench.hold(qty_max=MICRO)
    asking.says = [close(qty_max=MICRO // 2)]
    leaving = next(f.order for f in bench.cycle() if isinstance(f, OrderReleased))
    bench.accept(leaving)
    entry = bench.release(qty_max=MICRO, price=480_000)
    bench.accept(entry)
    # Each by the strategy that has none of this kind open.
    ideas = {
        "open": (asking, buy()),
        "close": (bench.scripted, close(qty_max=MICRO // 4)),
        "cancel": (asking, buy(action="cancel", order_id=leaving.order_id)),
        "claim": (asking, buy(action="claim")),
    }
    return bench, ideas, leaving, entry


def come_to(bench: Bench, road: str) -> Level:
    level, lower = ROADS[road]
    lower(bench)
    assert bench.state.level == level
    return level


@each_road
@each_action
def test_a_strategy_gets_what_the_level_allows_and_a_refusal_names_the_rule(
    world: Any, road: str, action: Action
) -> None:
    bench, ideas, _, _ = world
    level = come_to(bench, road)
    strategy, idea = ideas[action]
    strategy.says = [idea]
    told = bench.cycle()
    released = [fact for fact in told if isinstance(fact, OrderReleased | CancelReleased) and _of_idea(fact)]
    refused = [fact for fact in told if isinstance(fact, IntentRefused)]
    assert bool(released) == (action in ALLOWED[level]) != bool(refused)
    if refused:
        rule = "kill_switch_guard" if road.startswith("the switch") else CAUSES[road].rule
        assert refused[0].reason == rule
        assert [check.rule for check in refused[0].checks if not check.ok] == [rule]


def _of_idea(fact: OrderReleased | CancelReleased) -> bool:
    """The desk's own cancels of what a halt takes off the book are its own."""
    return isinstance(fact, OrderReleased) or fact.by == "asking"


@each_road
@pytest.mark.parametrize("action", ["open", "close", "claim"])
def test_what_was_released_before_leaves_only_if_the_level_still_allows_it(
    world: Any, road: str, action: Action
) -> None:
    bench, ideas, _, _ = world
    strategy, idea = ideas[action]
    strategy.says = [idea]
    order = next(fact.order for fact in bench.cycle() if isinstance(fact, OrderReleased))
    assert bench.permit(order, bench.now) is None
    level = come_to(bench, road)
    obstacle = bench.permit(order, bench.now)
    assert (obstacle is None) == (action in ALLOWED[level])
    if obstacle:
        assert obstacle == ("kill_switch_guard" if "switch" in road else "halted")
        assert kinds(bench.answer(order, NotSent(obstacle))) == ["OrderNotSent"]


@each_road
def test_a_person_may_cancel_at_every_level(world: Any, road: str) -> None:
    bench, _, leaving, _ = world
    come_to(bench, road)
    assert [fact.order_id for fact in bench.ask_cancel(leaving.order_id)] == [leaving.order_id]


@each_road
def test_the_desk_itself_takes_entries_off_the_book_below_trading_and_leaves_exits(world: Any, road: str) -> None:
    bench, _, _, entry = world
    level = come_to(bench, road)
    cancels = [fact for fact in bench.of(CancelReleased) if fact.by == "desk"]
    assert [fact.order_id for fact in cancels] == ([] if level == Level.TRADING else [entry.order_id])


@pytest.mark.parametrize("first", [road for road in ROADS if road != "nothing"])
def test_of_two_halts_the_stricter_decides_and_no_pair_leaves_a_hole_between_two_rules(first: str) -> None:
    """Each halt is spoken for by one rule, and a rule whose limits are off is woken by its halt."""
    for second in ROADS:
        bench = Bench()
        for road in (first, second):
            ROADS[road][1](bench)
        halts = bench.state.halts.values()
        assert bench.state.level == max(halt.level for halt in halts)
        refused = next(fact for fact in bench.propose(buy()) if isinstance(fact, IntentRefused))
        wanted = {CAUSES[halt.cause].rule for halt in halts}
        assert wanted == {check.rule for check in refused.checks if not check.ok} - {"strategy_stopped"}


def test_who_may_ask_for_what_is_the_whole_of_it() -> None:
    """A person may amend, halt, resume, set a halt aside, cancel, settle what differs or is unknown; a strategy alone
    can ask to open something, and what a person leaves goes through the same gate (tests/desk/test_closing.py)."""
    by_a_person = [kind.__name__ for kind in get_args(Input) if "by" in kind.__struct_fields__]
    assert sorted(by_a_person) == [
        "AdoptionAsked", "AmendmentAsked", "CancelAsked", "CloseAsked", "HaltAsked", "OverrideAsked",
        "OverrideEndAsked", "ResolutionAsked", "ResumeAsked",
    ]  # fmt: skip
