"""State is a fold of the ledger, and nothing else: at every prefix, from the bytes, in any process."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from tests.property.worlds import Moment, World, play, strategies

from assent.desk.desk import Desk
from assent.desk.fold import evolve, fold
from assent.desk.state import DIGESTED, State
from assent.model import facts
from assent.model.errors import InvariantBroken
from assent.model.facts import SCHEMA_VERSION, Fact, StateMarked, decode_fact, encode_fact, kind_of

ROOT = Path(__file__).parents[2]
# The last of them is one in which a fill that a person resolved is told again.
SEEDS = (*range(20), 24)
LONG = 10_000


@cache
def a_life(seed: int, steps: int = 600) -> World:
    return World(seed).live(steps)


class Observing(World):
    """The same life in observe, where nothing is ever released."""

    mode = "observe"


@cache
def an_observed_life(seed: int) -> World:
    return Observing(seed).live(600)


@cache
def a_long_life() -> World:
    return World(7_001).live(LONG)


def stored(world: World) -> list[tuple[int, Fact]]:
    """As a reader of the ledger gets them: through the bytes."""
    return [(ts, decode_fact(kind_of(fact), SCHEMA_VERSION, encode_fact(fact))) for ts, fact in world.records]


def body_digest(moments: list[Moment], seed: int) -> str:
    """A hash over everything that a desk says to these inputs."""
    desk, hasher = Desk(strategies(seed)), hashlib.sha256()
    for ts, inp in moments:
        for fact in desk.handle(ts, inp):
            hasher.update(ts.to_bytes(8, "big") + encode_fact(fact))
    return hasher.hexdigest()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_prefix_of_the_records_folds_to_the_state_that_ran(seed: int) -> None:
    world, state, done = a_life(seed), State(), 0
    records = stored(world)
    for count, digest in world.digests:
        for ts, fact in records[done:count]:
            evolve(state, ts, fact)
        done = count
        assert state.digest() == digest
    assert done == len(records) == state.seq == world.desk.state.seq


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_a_life_in_observe_folds_to_the_state_that_ran(seed: int) -> None:
    world = an_observed_life(seed)
    assert fold(stored(world)).digest() == world.desk.state.digest()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_accounts_sum_to_zero_after_every_record(seed: int) -> None:
    state = State()
    for ts, fact in a_life(seed).records:
        evolve(state, ts, fact)
        assert sum(state.accounts.values()) == 0
        assert state.accounts["positions"] == sum(position.cost for position in state.positions.values())
        assert state.level == max((halt.level for halt in state.halts.values()), default=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_deposits_realised_fees_and_positions_explain_the_cash(seed: int) -> None:
    world = a_life(seed)
    moved = sum(fact.amount for _, fact in world.records if isinstance(fact, facts.CashMoved))
    books = world.desk.state.accounts
    assert books["deposits"] == -moved
    explained = moved - books["realised"] - books["fees"] - books["positions"] - books["adjustments"]
    assert books["cash"] == explained


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_inputs_give_the_same_facts(seed: int) -> None:
    world = a_life(seed)
    again = Desk(strategies(seed))
    told = [(ts, fact) for ts, inp in world.moments for fact in again.handle(ts, inp)]
    assert told == world.records
    assert [encode_fact(fact) for _, fact in told] == [encode_fact(fact) for _, fact in world.records]
    assert again.state.digest() == world.desk.state.digest()


def test_a_desk_that_was_restored_goes_on_as_the_one_that_ran() -> None:
    """Where only durable state speaks: answers, fills, people, the clock. No strategy, no quote.

    And no amendment, which asks that this very process has compared the books.
    """
    soft = (
        "QuoteSeen", "BarSeen", "ForecastSeen", "TimePassed", "InstrumentSeen", "PhaseSeen", "StreamProven",
        "LookAnswered", "AccountSeen", "AccountUnavailable", "AmendmentAsked", "RejectionSeen", "SettlementSeen",
        "AdoptionAsked",
    )  # fmt: skip
    for seed in SEEDS:
        world = a_life(seed)
        half = len(world.moments) // 2
        running, restored = play(world.moments[:half], seed), Desk(strategies(seed))
        restored.restore((ts, fact) for ts, fact in stored(world)[: running.state.seq])
        for ts, inp in world.moments[half:]:
            if type(inp).__name__ not in soft:
                running.handle(ts, inp)
                restored.handle(ts, inp)
        assert running.state.digest() == restored.state.digest()


def test_a_long_life_is_marked_at_every_thousandth_record_with_the_state_up_to_it() -> None:
    world, state = a_long_life(), State()
    marks = []
    for ts, fact in stored(world):
        if type(fact) is StateMarked:
            assert (fact.seq, fact.digest) == (state.seq, state.digest())
            marks.append(state.seq)
        evolve(state, ts, fact)
    assert len(marks) >= 2
    assert marks == [1_000 * number for number in range(1, len(marks) + 1)]
    assert state.seq < 1_000 * (len(marks) + 1) + 1


def test_the_worlds_reach_every_kind_of_fact_that_this_version_states() -> None:
    seen = Counter(kind_of(fact) for seed in SEEDS for _, fact in a_life(seed).records)
    seen.update(kind_of(fact) for _, fact in a_long_life().records)
    observed = Counter(kind_of(fact) for seed in SEEDS[:5] for _, fact in an_observed_life(seed).records)
    assert not {"OrderReleased", "CancelReleased", "FillBooked"} & set(observed)
    known = {kind.__name__ for kind in Fact.__args__}
    assert known == set(seen + observed)
    assert seen["FillBooked"] > 200


def test_nothing_durable_is_left_out_of_the_digest() -> None:
    assert set(DIGESTED) == set(State.__slots__) - {"archive"}


@pytest.mark.parametrize("seed", [3])
def test_leaving_out_any_fact_that_moves_something_changes_the_digest_or_breaks_the_fold(seed: int) -> None:
    records = stored(a_life(seed))
    whole = fold(records).digest()
    for place in range(1, len(records), 5):
        try:
            other = fold(records[:place] + records[place + 1 :]).digest()
        except (InvariantBroken, KeyError):
            continue
        assert other != whole


def test_a_ledger_begins_with_its_seal_and_has_only_one() -> None:
    records = a_life(0).records
    with pytest.raises(InvariantBroken, match="seal_is_first_and_once"):
        fold(records[1:])
    with pytest.raises(InvariantBroken, match="seal_is_first_and_once"):
        fold([*records, (records[-1][0], records[0][1])])


def test_time_never_goes_back_in_a_fold_or_in_a_desk() -> None:
    world = a_life(0)
    with pytest.raises(InvariantBroken, match="time_went_back"):
        fold([*world.records, (world.records[-1][0] - 1, facts.DeskStopped("late"))])
    desk = play(world.moments[:50], 0)
    ts, inp = world.moments[49]
    with pytest.raises(InvariantBroken, match="time_went_back"):
        desk.handle(ts - 1, inp)


def test_a_restore_needs_a_desk_that_has_not_seen_anything() -> None:
    world = a_life(0)
    with pytest.raises(InvariantBroken, match="restore_needs_a_fresh_desk"):
        play(world.moments[:50], 0).restore(world.records)


@pytest.mark.parametrize(
    ("hash_seed", "zone", "locale"), [("1", "Pacific/Auckland", "C"), ("4242", "America/New_York", "tr_TR.UTF-8")]
)
def test_another_process_zone_locale_and_hash_seed_says_the_same(hash_seed: str, zone: str, locale: str) -> None:
    program = (
        "from tests.property.worlds import World\n"
        "from tests.property.test_fold import body_digest\n"
        "world = World(5).live(600)\n"
        "print(body_digest(world.moments, 5), world.desk.state.digest())\n"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": hash_seed, "TZ": zone, "LC_ALL": locale,
        # The code beside these tests, not whichever copy happens to be installed.
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    world = a_life(5)
    assert done.stdout.split() == [body_digest(world.moments, 5), world.desk.state.digest()]


def test_another_ledger_id_is_another_life_with_the_same_decisions() -> None:
    one, other = World(9).live(300), World(9, ledger="1" * 16).live(300)
    assert [kind_of(fact) for _, fact in one.records] == [kind_of(fact) for _, fact in other.records]
    names = [
        {fact.order.order_id for _, fact in world.records if isinstance(fact, facts.OrderReleased)}
        for world in (one, other)
    ]
    assert names[0]
    assert not names[0] & names[1]
