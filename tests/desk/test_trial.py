"""Never twice, never lost: short trials that hypothesis shrinks, and long seeded walks that reach the far corners."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.desk.trial import NUMBER_MAX, WEIGHTED, Step, Trial

from assent.model.facts import kind_of

numbers = st.integers(min_value=0, max_value=NUMBER_MAX)
steps = st.lists(st.tuples(st.sampled_from(WEIGHTED), numbers, numbers, numbers), min_size=20, max_size=60)
SEEDS = range(24)


def walk(seed: int, length: int = 250) -> Trial:
    rng = random.Random(seed)
    trial = Trial()
    story: list[Step] = [
        (rng.choice(WEIGHTED), rng.randrange(NUMBER_MAX), rng.randrange(NUMBER_MAX), rng.randrange(NUMBER_MAX))
        for _ in range(length)
    ]
    trial.run(story)
    return trial


@given(steps)
@settings(max_examples=60)
def test_whatever_the_wire_does_the_books_agree_in_the_end(story: list[Step]) -> None:
    Trial().run(story)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_walk_ends_with_equal_books(seed: int) -> None:
    walk(seed)


def test_the_walks_reach_every_part_of_an_orders_life() -> None:
    """A harness that never trades proves nothing: count what happened over all seeds."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        trial = walk(seed)
        seen.update(kind_of(fact) for fact in trial.bench.facts)
        seen.update("ended " + order.status for order in trial.bench.state.archive.orders.values())
    expected = [
        "OrderReleased", "OrderAccepted", "OrderRefused", "OrderNotSent", "OrderUnknown", "OrderResolved",
        "OrderClosed", "CancelReleased", "CancelEnded", "FillBooked", "MarketSettled", "HaltRaised", "HaltCleared",
        "DeskStarted", "ended filled", "ended closed", "ended refused", "ended not_sent", "ended absent",
    ]  # fmt: skip
    assert {name: seen[name] for name in expected if seen[name] < 10} == {}
