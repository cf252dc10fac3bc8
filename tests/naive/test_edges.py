"""At the edge of each limit: the world of each rule, watched; and what lies exactly on a limit, or one beyond."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.desk import support
from tests.desk.test_rules import WORLDS, refusal
from tests.desk.worlds import LIMIT_WORLDS, LimitWorld
from tests.naive.audit import Audit, Overheard, Watched

from assent.desk.desk import Desk
from assent.model.constitution import BY_KEY
from assent.model.facts import Fact, IntentProposed, IntentRefused
from assent.model.inputs import Input
from assent.model.intents import Check

# Stopped behind the desk's back, so no fact tells of it.
UNTOLD = {"strategy_stopped", "mode"}
# Of futures the naive reading knows nothing.
OF_FUTURES = {"stop_missing", "one_bracket"}
BINARY = [world for world in LIMIT_WORLDS if world.rule not in OF_FUTURES]
# These say at what number it is over, and not what may still be: `at which the desk only reduces`.
OVER_AT = {"losing_streak_max"}


class Looking(Watched):
    """A desk for the bench that is watched at each of its own steps."""

    def __init__(self, strategies: Any) -> None:
        audit = Audit()
        super().__init__([Overheard(strategy, audit) for strategy in strategies], audit)
        self.inside = False

    def handle(self, ts: int, inp: Input) -> list[Fact]:
        if self.inside:
            return super().handle(ts, inp)
        self.inside = True
        try:
            return self.audit.step(self, ts, inp)
        finally:
            self.inside = False


@pytest.fixture(autouse=True)
def looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "Desk", Looking)


@pytest.mark.parametrize("code", sorted(set(WORLDS) - UNTOLD - OF_FUTURES))
def test_in_the_world_of_a_rule_the_naive_reading_refuses_for_the_same_cause(code: str) -> None:
    bench, idea = WORLDS[code]()
    told = refusal(bench.propose(idea))
    assert isinstance(bench.desk, Looking)
    assert bench.desk.audit.primary == {told.reason: bench.desk.audit.counts["IntentRefused"]} == {code: 1}


@pytest.mark.parametrize("world", BINARY, ids=lambda world: world.key)
def test_in_the_world_of_a_limit_that_is_off_the_naive_reading_lets_it_pass_as_well(world: LimitWorld) -> None:
    bench, idea = world.build(off=world.key)
    bench.propose(idea)
    assert bench.desk.audit.counts["entries"] >= 1


def sharp(world: LimitWorld) -> bool:
    """Whether the rule shows this very limit, and a number that can be put on it."""
    check = told_at(world, lambda limits: limits)
    kind, value = BY_KEY[world.key].kind, world.values[world.key]
    return kind != "flag" and check.measured is not None and check.limit == value


def told_at(world: LimitWorld, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Check:
    """The rule's check on this world's idea under other values; a limit at its loosest is off, and leaves none."""
    bench, idea = world._replace(values=changed(world.values)).build()
    told = [fact for fact in bench.propose(idea) if isinstance(fact, IntentProposed | IntentRefused)]
    return next((check for check in told[-1].checks if check.rule == world.rule), Check(world.rule, True))


SHARP = [world for world in BINARY if sharp(world)]


@pytest.mark.parametrize("world", SHARP, ids=lambda world: world.key)
def test_what_lies_on_a_limit_is_within_it_and_one_beyond_is_not(world: LimitWorld) -> None:
    measured = told_at(world, lambda limits: limits).measured
    assert measured is not None
    beyond = -1 if BY_KEY[world.key].tighter == "lower" else 1
    edge = measured + (1 if world.key in OVER_AT else 0)
    assert told_at(world, lambda limits: limits | {world.key: edge}).ok
    assert not told_at(world, lambda limits: limits | {world.key: edge + beyond}).ok


def test_most_limits_are_tried_on_their_edge() -> None:
    assert len(SHARP) >= 25


def test_the_bench_is_really_watched() -> None:
    assert support.Desk is Looking
    assert not isinstance(Desk(()), Looking)
