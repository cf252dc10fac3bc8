"""The lives of the property tests, each watched from its first record by the second implementation of `tests/naive`.

These worlds are long, their strategies are the shipped one, a gambler and a vandal, and their exchange miscounts.
"""

from collections import Counter
from functools import cache

import pytest
from tests.naive.worlds import WatchedWorld
from tests.property.test_fold import SEEDS, a_life

from assent.model import facts
from assent.model.levels import CAUSES
from assent.model.reasons import REASONS

LONG = 7_001
each_life = pytest.mark.parametrize("seed", [*SEEDS, LONG])


@cache
def watched(seed: int) -> WatchedWorld:
    """Lived to its end, or stopped at the first record on which the two do not agree."""
    return WatchedWorld(seed).live(3_000 if seed == LONG else 600)


@each_life
def test_the_desk_and_the_naive_reading_agree_at_every_record(seed: int) -> None:
    world = watched(seed)
    assert world.audit.books.count == len(world.audit.records) == world.desk.state.seq


@each_life
def test_every_no_has_a_registered_code_and_the_rules_numbers(seed: int) -> None:
    for _, fact in watched(seed).audit.records:
        if isinstance(fact, facts.IntentRefused):
            assert REASONS[fact.reason].family == "rule"
            assert {check.rule for check in fact.checks} <= set(REASONS)
        elif isinstance(fact, facts.InputRejected):
            assert fact.code in REASONS
        elif isinstance(fact, facts.OrderNotSent):
            assert fact.reason in REASONS
        elif isinstance(fact, facts.StrategyStopped):
            assert REASONS[fact.reason].family == "strategy"
        elif isinstance(fact, facts.OrderQuarantined):
            assert fact.reason in REASONS
        elif isinstance(fact, facts.HaltRaised):
            assert (CAUSES[fact.cause].level, CAUSES[fact.cause].reset) == (fact.level, fact.reset)


def test_to_be_watched_changes_nothing_but_the_words_of_a_reason() -> None:
    """Same seed, same kinds of facts, same money, with and without somebody listening."""
    seen, alone = watched(3), a_life(3)
    assert [type(fact) for _, fact in seen.audit.records] == [type(fact) for _, fact in alone.records]
    assert seen.desk.state.accounts == alone.desk.state.accounts


def test_there_was_something_to_judge() -> None:
    counts: Counter[str] = Counter()
    for seed in (*SEEDS, LONG):
        counts += watched(seed).audit.counts
    assert counts["entries"] > 150
    assert counts["FillBooked"] > 200
    assert counts["IntentRefused"] > 2_000
