"""What several strategies propose at one cycle: heard together, taken best first, in no order of their own."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.desk.support import MARKET, Bench, Scripted, buy, close, kinds, limits, sell
from tests.desk.worlds import BESIDE, ELSEWHERE, QuoteBench
from tests.model.support import a_market

from assent.desk.strategy import View
from assent.model.facts import CancelReleased, Fact, IntentProposed, IntentRefused, OrderReleased
from assent.model.intents import Proposal, Score
from assent.model.units import MICRO, SECOND

MARKETS = (MARKET, BESIDE, ELSEWHERE, a_market("KXTEST-26JAN07-B49.5", event="KXTEST-26JAN07"))
ONE = {"qty_max": MICRO}


def sure(ppm: int) -> tuple[Score, ...]:
    return (Score("confidence", ppm),)


def idea(market: int, *, edge: int = 60_000, confidence: int | None = None, **terms: Any) -> Proposal:
    """Buying one YES at fifty cents with this much to gain before fees, stated with this confidence or none."""
    scores = () if confidence is None else sure(confidence)
    return buy(**({"instrument": MARKETS[market].id, "fair": 500_000 + edge, "scores": scores} | ONE | terms))


def capped(cap: int, *others: Any, **changes: Any) -> Bench:
    constitution = limits(orders_per_cycle_max=cap, cycle_length=SECOND, **changes)
    bench = Bench(constitution=constitution, markets=MARKETS, strategies=others)
    bench.later(10 * SECOND)
    for market in MARKETS:
        bench.quote(market.id)
    return bench


def released(facts: list[Fact]) -> list[tuple[str, str]]:
    """Whose ideas were let through, in which market, in their order."""
    return [
        (fact.intent.strategy, fact.intent.instrument)
        for fact in facts
        if isinstance(fact, IntentProposed) and fact.intent.action == "open"
    ]


def test_over_the_cap_the_ideas_with_the_largest_edge_times_confidence_are_taken() -> None:
    other = Scripted("other")
    bench = capped(2, other)
    other.says = [idea(0, edge=60_000, confidence=900_000), idea(1, edge=200_000, confidence=100_000)]
    told = bench.propose(idea(2, edge=100_000, confidence=800_000), idea(3, edge=90_000, confidence=300_000))
    assert released(told) == [("scripted", ELSEWHERE.id), ("other", MARKET.id)]
    refused = [fact for fact in told if isinstance(fact, IntentRefused)]
    assert {fact.reason for fact in refused} == {"max_orders_per_cycle_guard"}
    assert len(refused) == 2


def test_a_strategy_listed_first_has_no_advantage() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        strategies = {name: Scripted(name) for name in (first, second)}
        bench = capped(1, *strategies.values())
        strategies["a"].says = [idea(0, edge=50_000, confidence=MICRO)]
        strategies["b"].says = [idea(1, edge=90_000, confidence=MICRO)]
        assert released(bench.cycle()) == [("b", BESIDE.id)]


def test_an_idea_without_a_confidence_stands_behind_every_idea_with_one() -> None:
    bench = capped(1)
    told = bench.propose(idea(0, edge=400_000), idea(1, edge=60_000, confidence=1))
    assert released(told) == [("scripted", BESIDE.id)]


def test_among_ideas_without_a_confidence_the_larger_edge_comes_first() -> None:
    bench = capped(2)
    told = bench.propose(idea(0, edge=60_000), idea(1, edge=90_000), idea(2, edge=70_000))
    assert [market for _, market in released(told)] == [BESIDE.id, ELSEWHERE.id]


def test_nobody_gets_ahead_by_claiming_more_than_certainty() -> None:
    bench = capped(1)
    told = bench.propose(idea(0, edge=60_000, confidence=10**15), idea(1, edge=70_000, confidence=MICRO))
    assert released(told) == [("scripted", BESIDE.id)]


def test_of_several_confidences_the_lowest_counts() -> None:
    bench = capped(1)
    two = structs.replace(idea(0, edge=90_000), scores=(*sure(MICRO), *sure(100_000)))
    assert released(bench.propose(two, idea(1, edge=60_000, confidence=500_000))) == [("scripted", BESIDE.id)]


def test_an_idea_without_an_estimate_comes_last() -> None:
    bench = capped(10)
    told = bench.propose(idea(0, fair=None, confidence=MICRO), idea(1, confidence=1))
    assert [type(fact).__name__ for fact in told if isinstance(fact, IntentProposed | IntentRefused)] == [
        "IntentProposed",
        "IntentRefused",
    ]


def test_what_cannot_pass_takes_no_place_from_what_can() -> None:
    bench = capped(1)
    told = bench.propose(idea(0, edge=400_000, confidence=MICRO, hold=True), idea(1, confidence=500_000))
    assert released(told) == [("scripted", BESIDE.id)]


def test_a_tie_is_not_always_won_by_the_same_strategy_or_market() -> None:
    other = Scripted("other")
    bench = capped(1, other)
    winners = set()
    for _ in range(20):
        bench.later(2 * SECOND)
        for market in MARKETS:
            bench.quote(market.id)
        other.says = [idea(0, time_in_force="ioc")]
        told = bench.propose(idea(1, time_in_force="ioc"))
        winners.update(released(told))
        for order in [fact.order for fact in told if isinstance(fact, OrderReleased)]:
            bench.closed(order, 0)
    assert winners == {("other", MARKET.id), ("scripted", BESIDE.id)}


# --- what reduces -----------------------------------------------------------------------------------------------


def test_what_reduces_comes_before_what_opens_whatever_its_rank() -> None:
    bench = capped(10)
    bench.hold(qty_max=MICRO)
    resting = bench.release(instrument=BESIDE.id, qty_max=MICRO)
    bench.accept(resting)
    bench.later(2 * SECOND)
    for market in MARKETS:
        bench.quote(market.id)
    cancel = buy(instrument=BESIDE.id, action="cancel", order_id=resting.order_id, price=0)
    told = bench.propose(idea(2, edge=400_000, confidence=MICRO), close(), cancel)
    proposed = [fact.intent.action for fact in told if isinstance(fact, IntentProposed)]
    assert proposed == ["cancel", "close", "open"]


def test_a_cap_that_is_used_up_holds_back_no_exit() -> None:
    bench = capped(1)
    bench.hold(qty_max=MICRO)
    bench.later(2 * SECOND)
    for market in MARKETS:
        bench.quote(market.id)
    told = bench.propose(idea(1), idea(2), close())
    assert [fact.intent.action for fact in told if isinstance(fact, IntentProposed)] == ["close"]
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["max_orders_per_cycle_guard"] * 2


# --- one after the other, heard together ------------------------------------------------------------------------


@pytest.mark.parametrize("second", [idea(0, edge=50_000), sell(qty_max=MICRO, fair=450_000)], ids=["same", "opposite"])
def test_two_ideas_of_one_cycle_for_one_market_are_judged_one_after_the_other(second: Proposal) -> None:
    bench = capped(10)
    told = bench.propose(second, idea(0, edge=100_000))
    assert len(bench.of(OrderReleased)) == 1
    assert bench.of(OrderReleased)[0].order.side == "buy"
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["one_open_intent"]


def test_no_strategy_sees_what_another_proposed_in_the_same_cycle() -> None:
    class Looker:
        name = "looker"
        seen = True

        def on_cycle(self, view: View) -> None:
            self.seen = view.busy(MARKET.id)

    looker = Looker()
    bench = capped(10, looker)
    assert "OrderReleased" in kinds(bench.propose(idea(0)))
    assert not looker.seen
    bench.later(1).cycle()
    assert looker.seen


def test_a_strategy_that_breaks_at_a_cycle_holds_back_the_entries_of_all_others() -> None:
    """Before any idea is judged, wherever it stands in the list: its fault may be everybody's data."""

    class Broken:
        name = "broken"

        def on_cycle(self, view: View) -> None:
            raise ValueError("no")

    told = capped(10, Broken()).propose(idea(0))
    assert [fact.reason for fact in told if isinstance(fact, IntentRefused)] == ["level"]
    assert "OrderReleased" not in kinds(told)


def test_what_was_released_at_an_event_counts_against_the_cap_of_the_cycle() -> None:
    bench = QuoteBench(
        constitution=limits(orders_per_cycle_max=2, cycle_length=10 * SECOND), markets=MARKETS
    )  # fmt: skip
    bench.later(SECOND)
    assert "OrderReleased" in kinds(bench.propose(idea(0)))
    for market in MARKETS:
        bench.quote(market.id)
    bench.scripted.says = [idea(1), idea(2, edge=90_000)]
    assert released(bench.cycle()) == [("scripted", ELSEWHERE.id)]


# --- input order changes no ranking -----------------------------------------------------------------------------

NAMES = ("ann", "bob", "cal")
ideas = st.builds(
    idea,
    st.sampled_from(range(len(MARKETS))),
    edge=st.sampled_from((30_000, 60_000, 60_000, 90_000)),
    confidence=st.sampled_from((None, 300_000, 600_000, 600_000)),
    side=st.just("buy"),
    qty_max=st.sampled_from((MICRO, 2 * MICRO)),
)
exits = st.sampled_from((close(), close(qty_max=MICRO)))
sayings = st.fixed_dictionaries({name: st.lists(st.one_of(ideas, ideas, exits), max_size=4) for name in NAMES})


def lived(order: tuple[str, ...], says: dict[str, list[Proposal]], cap: int) -> list[Fact]:
    """One cycle in which the strategies stand in this order and say these things."""
    strategies = {name: Scripted(name) for name in order}
    bench = capped(cap, *(strategies[name] for name in order))
    bench.hold(qty_max=3 * MICRO)
    bench.later(2 * SECOND)
    for market in MARKETS:
        bench.quote(market.id)
    for name in order:
        strategies[name].says = list(says[name])
    return bench.cycle()


@settings(max_examples=60)
@given(sayings, st.sampled_from((1, 2, 4)), st.randoms(use_true_random=False))
def test_neither_the_order_of_strategies_nor_that_of_their_ideas_changes_anything(
    says: dict[str, list[Proposal]], cap: int, random: Any
) -> None:
    """Not the ranking, not the facts, not even the names of the intents."""
    expected = lived(NAMES, says, cap)
    for order in permutations(NAMES):
        shuffled = {name: random.sample(proposals, len(proposals)) for name, proposals in says.items()}
        assert lived(order, shuffled, cap) == expected


@settings(max_examples=60)
@given(sayings, st.sampled_from((1, 2, 4)))
def test_entries_leave_in_the_order_of_their_worth(says: dict[str, list[Proposal]], cap: int) -> None:
    told = lived(NAMES, says, cap)
    opened = [fact.intent for fact in told if isinstance(fact, IntentProposed) and fact.intent.action == "open"]
    worth = [abs(i.edge) * min((score.ppm for score in i.scores), default=0) for i in opened]
    assert worth == sorted(worth, reverse=True)
    assert len(opened) <= cap
    assert not [fact for fact in told if isinstance(fact, CancelReleased)]
