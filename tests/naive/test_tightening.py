"""Tightening releases nothing, in states that nobody chose: at moments of random lives, for ideas of the smallest size.

The states of `tests/desk/test_tightening.py` lie at each limit's edge; these lie wherever a life of fills, halts,
settlements and restarts has led.
"""

import random
from functools import cache
from typing import Any

import pytest
from msgspec import structs
from tests.naive.worlds import DRAWS, SmallWorld, a_constitution

from assent.desk.candidate import Candidate
from assent.desk.gate import judge
from assent.model.constitution import BY_KEY, LIMITS, Constitution
from assent.model.intents import Proposal, Score
from assent.model.strictness import tighter
from assent.model.units import MICRO

WORLDS = 120
MOMENTS = 4
PAIRS = 12


def an_idea(rng: random.Random, world: SmallWorld, name: str, smallest: int) -> Proposal:
    side: Any = rng.choice(("buy", "sell"))
    quote = world.desk.view.quote(name)
    price = (quote and (quote.ask if side == "buy" else quote.bid)) or 500_000
    fair = price + rng.randrange(50_000, 250_000) * (1 if side == "buy" else -1)
    scores = tuple(Score(score, rng.randrange(500_000, MICRO)) for score in ("confidence", "dvs", "eqs"))
    return Proposal(name, side=side, price=price, fair=fair, qty_max=smallest, scores=scores)


def tightened(rng: random.Random, limits: Constitution) -> Constitution:
    """Some of its limits drawn anew, and kept where they came out tighter."""
    for key in rng.sample(sorted(DRAWS), 6):
        new = structs.replace(limits, **{key: DRAWS[key](rng)})
        if all(difference.becomes == "tighter" for difference in tighter(limits, new)):
            limits = new
    for limit in LIMITS:
        if not limit.optional and rng.random() < 0.2:
            limits = structs.replace(limits, **{limit.key: a_little_tighter(limit.key, getattr(limits, limit.key))})
    return limits


def a_little_tighter(key: str, value: Any) -> Any:
    limit = BY_KEY[key]
    if isinstance(value, tuple):
        return value[:-1] if limit.tighter == "fewer" else value
    return max(limit.least, value * 2 // 3) if limit.tighter == "lower" else min(limit.most, value * 3 // 2)


def reason(world: SmallWorld, proposal: Proposal, limits: Constitution) -> str | None:
    """Why this idea would be refused now under these limits. The state is only looked at."""
    state, market = world.desk.state, world.desk.markets[proposal.instrument]
    seal = state.seal
    state.seal = structs.replace(seal, constitution=limits)
    try:
        candidate = Candidate(
            state=state, now=world.now, strategy="quotes", proposal=proposal, market=market,
            quote=world.desk.streams.taken(market),
        )  # fmt: skip
        return judge(candidate).reason
    finally:
        state.seal = seal


@cache
def verdicts() -> list[tuple[int, str | None, str | None, list[str]]]:
    """World, reasons under the looser and under the tighter limits, and what was tightened."""
    found = []
    for seed in range(WORLDS):
        world, rng = SmallWorld(100_000 + seed), random.Random(seed)
        for _ in range(MOMENTS):
            for _ in range(40):
                world.now += world.pause()
                getattr(world, rng.choices(list(world.happenings), list(world.happenings.values()))[0])()
            for _ in range(PAIRS):
                if not world.desk.markets:
                    continue
                name = rng.choice(list(world.desk.markets))
                idea = an_idea(rng, world, name, world.desk.markets[name].instrument.quantities.least)
                loose = a_constitution(rng)
                strict = tightened(rng, loose)
                changed = tighter(loose, strict)
                assert all(difference.becomes == "tighter" for difference in changed)
                keys = [difference.key for difference in changed]
                found.append((seed, reason(world, idea, loose), reason(world, idea, strict), keys))
    return found


def test_what_the_looser_limits_refuse_the_tighter_refuse_as_well() -> None:
    assert [verdict for verdict in verdicts() if verdict[1] is not None and verdict[2] is None] == []


def test_the_tighter_limits_refuse_more_and_some_ideas_pass_both() -> None:
    both = sum(loose is None and strict is None for _, loose, strict, _ in verdicts())
    stopped = sum(loose is None and strict is not None for _, loose, strict, _ in verdicts())
    assert both > 100
    assert stopped > 100


@pytest.mark.parametrize("key", sorted(DRAWS))
def test_every_limit_is_tightened_somewhere(key: str) -> None:
    assert any(key in keys for *_, keys in verdicts())
