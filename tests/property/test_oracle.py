"""The lives of the property tests, each watched from its first record by the second implementation of `tests/naive`.

These worlds are long, their strategies are the shipped one, a gambler and a vandal, and their exchange miscounts.
"""

from collections import Counter
from functools import cache
from typing import Any

import pytest
from tests.naive.worlds import WatchedWorld
from tests.property.test_fold import SEEDS, a_life

from assent.model import facts
from assent.model.levels import CAUSES, LATCHES
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
            latched = fact.reset == "human" and fact.cause in LATCHES
            assert fact.reset == CAUSES[fact.cause].reset or latched
            assert fact.level == CAUSES[fact.cause].level or (fact.cause, fact.level) == ("kill_switch_guard", 1)


@each_life
def test_limits_loosened_only_by_a_named_person_with_a_reason(seed: int) -> None:
    before: Any = None
    for _, fact in watched(seed).audit.records:
        if not isinstance(fact, facts.LedgerOpened | facts.ConstitutionChanged):
            continue
        after: Any = fact.constitution
        if isinstance(fact, facts.ConstitutionChanged) and not (fact.by and fact.reason):
            assert after.edge_min >= before.edge_min
            assert after.risk_per_trade_max <= before.risk_per_trade_max
            assert after.open_positions_max <= before.open_positions_max
            assert set(after.markets) <= set(before.markets)
            assert set(after.series) <= set(before.series)
        before = after


@each_life
def test_after_a_tightening_every_entry_that_may_still_rest_was_asked_to_leave(seed: int) -> None:
    """Judged at each cycle's mark of the equity: by then the desk has had its turn."""
    opens: set[str] = set()
    accepted: set[str] = set()
    rests: dict[str, bool] = {}
    for _, fact in watched(seed).audit.records:
        if isinstance(fact, facts.IntentProposed) and fact.intent.action == "open":
            opens.add(fact.intent.intent_id)
        elif isinstance(fact, facts.OrderReleased) and fact.order.intent_id in opens:
            rests[fact.order.order_id] = False
        elif isinstance(fact, facts.ConstitutionChanged):
            tightened = any(change.becomes == "tighter" for change in fact.changes)
            rests = {name: old or tightened for name, old in rests.items()}
        elif isinstance(fact, facts.OrderAccepted) and fact.remaining and fact.order_id in rests:
            accepted.add(fact.order_id)
        elif isinstance(fact, facts.CancelReleased | facts.OrderClosed | facts.OrderQuarantined):
            rests.pop(fact.order_id, None)
        elif isinstance(fact, facts.FillBooked):
            rests.pop(fact.fill.order_id, None)
        elif isinstance(fact, facts.EquityMarked):
            assert not [name for name, old in rests.items() if old and name in accepted]


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
