"""Requests leave in order of importance, never faster than the venue lets them, and carefully after a push-back."""

from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.errors import InvariantBroken
from assent.model.units import DAY, HOUR, SECOND
from assent.venue.kalshi.limits import TIERS, Bucket, Limits
from assent.venue.kalshi.throttle import (
    CLOSED_MAX,
    CLOSED_MAX_URGENT,
    CLOSED_MIN,
    LANES,
    PROBE_GAP,
    PUT_BY,
    SHARDS_MAX,
    WAITING_MAX,
    Busy,
    Granted,
    Lane,
    Later,
    Throttle,
    Ticket,
)

START = 1_790_000_000 * SECOND
BASIC = TIERS["basic"]
MILLISECOND = SECOND // 1_000
COSTS: dict[Lane, int] = {"cancel": 2, "query": 10, "submit": 10, "data": 10}


def throttle(limits: Limits = BASIC) -> Throttle:
    return Throttle(limits, Random(7), START)


def rested(limits: Limits = BASIC) -> Throttle:
    """One whose buckets are full at START."""
    return Throttle(limits, Random(7), START - HOUR)


def ask(gate: Throttle, lane: Lane, now: int = START, cost: int | None = None, shard: int | None = 0) -> Ticket:
    ticket = gate.ask(lane, COSTS[lane] if cost is None else cost, now, shard)
    assert isinstance(ticket, Ticket)
    return ticket


def sent_now(gate: Throttle, now: int) -> list[Granted]:
    """All that may leave at this moment."""
    out = []
    while isinstance(grant := gate.take(now), Granted):
        out.append(grant)
    return out


def drain(gate: Throttle, now: int, until: int) -> list[Granted]:
    """Send whatever may be sent, waking exactly when told to."""
    out: list[Granted] = []
    while now <= until:
        answer = gate.take(now)
        if isinstance(answer, Granted):
            out.append(answer)
        elif isinstance(answer, Later):
            assert answer.ts > now
            now = answer.ts
        else:
            break
    return out


def lanes_of(grants: list[Granted]) -> list[Lane]:
    return [grant.ticket.lane for grant in grants]


def test_the_lanes_leave_in_the_order_of_their_importance() -> None:
    gate = rested()
    for lane in reversed(LANES):
        ask(gate, lane)
    assert lanes_of(sent_now(gate, START)) == ["cancel", "query", "submit", "data"]


def test_nothing_waits_when_nothing_was_asked() -> None:
    assert rested().take(START) is None


def test_a_new_throttle_starts_empty_since_the_process_before_may_have_spent_everything() -> None:
    gate = throttle()
    ask(gate, "cancel")
    answer = gate.take(START)
    # Two tokens at ninety a second.
    assert answer == Later(START + -(-2 * SECOND // 90))
    assert isinstance(gate.take(answer.ts), Granted)


def test_a_burst_of_submissions_leaves_tokens_for_cancels() -> None:
    gate = rested()
    for _ in range(20):
        ask(gate, "submit")
    assert len(sent_now(gate, START)) == 7
    for _ in range(PUT_BY // COSTS["cancel"]):
        ask(gate, "cancel")
    assert set(lanes_of(sent_now(gate, START))) == {"cancel"}
    assert gate.waiting("cancel") == 0


def test_a_waiting_cancel_keeps_every_submission_behind_it() -> None:
    gate = throttle()
    ask(gate, "submit")
    ask(gate, "cancel", cost=60)
    assert lanes_of(drain(gate, START, START + 10 * SECOND)) == ["cancel", "submit"]


def test_reads_and_writes_do_not_wait_for_each_other() -> None:
    gate = throttle(Limits(read=Bucket(1_000, 1_000), write=Bucket(10, 100)))
    ask(gate, "cancel", cost=80)
    ask(gate, "data")
    assert lanes_of(drain(gate, START, START + SECOND)) == ["data"]


def test_a_shard_of_its_own_has_a_bucket_of_its_own() -> None:
    gate = rested()
    for shard in (0, 0, 2, 2):
        ask(gate, "submit", shard=shard, cost=60)
    # The bucket of shard 2 was first heard of now, so it is empty.
    assert [grant.ticket.bills for grant in sent_now(gate, START)] == [(0,)]
    assert [grant.ticket.bills for grant in sent_now(gate, START + SECOND)] == [(0,), (2,)]


def test_a_write_that_the_venue_routes_is_drawn_from_every_bucket() -> None:
    gate = rested()
    ask(gate, "cancel", shard=3, cost=0)
    ticket = ask(gate, "submit", shard=None)
    assert ticket.bills == (0, 3)
    assert ask(gate, "query", shard=None).bills == ask(gate, "data", shard=5).bills
    assert "submit" not in lanes_of(sent_now(gate, START))
    assert lanes_of(sent_now(gate, START + SECOND)) == ["submit"]


def test_a_request_that_was_given_up_never_leaves_and_makes_room() -> None:
    gate = rested()
    first, second = ask(gate, "submit"), ask(gate, "submit")
    assert gate.drop(first)
    assert not gate.drop(first)
    assert [grant.ticket for grant in sent_now(gate, START)] == [second]
    assert not gate.drop(second)


@pytest.mark.parametrize("lane", LANES)
def test_a_full_lane_refuses_with_a_reason_and_the_others_stay_open(lane: Lane) -> None:
    gate = throttle()
    for _ in range(WAITING_MAX[lane]):
        ask(gate, lane)
    answer = gate.ask(lane, 2, START)
    assert isinstance(answer, Busy)
    assert (answer.code, str(WAITING_MAX[lane]) in answer.why) == ("throttle_full", True)
    assert gate.waiting(lane) == WAITING_MAX[lane]
    for other in set(LANES) - {lane}:
        ask(gate, other)


@pytest.mark.parametrize(("lane", "most"), [("cancel", 90), ("submit", 70), ("query", 540), ("data", 520)])
def test_a_request_that_could_never_leave_is_refused_at_once(lane: Lane, most: int) -> None:
    answer = rested().ask(lane, most + 1, START)
    assert isinstance(answer, Busy)
    assert answer.code == "throttle_cost"
    gate = rested()
    ask(gate, lane, cost=most)
    assert len(sent_now(gate, START)) == 1


@pytest.mark.parametrize("shard", [-1, SHARDS_MAX, 10**9])
def test_a_shard_that_cannot_be_is_refused(shard: int) -> None:
    answer = throttle().ask("submit", 10, START, shard)
    assert isinstance(answer, Busy)
    assert answer.code == "throttle_shard"


def test_a_negative_cost_is_a_broken_promise() -> None:
    with pytest.raises(InvariantBroken):
        throttle().ask("data", -1, START)


# Push-backs.


def pushed(retry_after: int = 0, times: int = 1) -> tuple[Throttle, int]:
    """A throttle whose submissions were pushed back so often in a row, and the time of the last one."""
    gate, now = rested(), START
    for _ in range(times):
        ask(gate, "submit", now)
        (grant,) = drain(gate, now, now + HOUR)
        now = grant.ts + MILLISECOND
        gate.pushed_back(grant, now, retry_after)
    return gate, now


def first_out(gate: Throttle, lane: Lane, now: int) -> int:
    ticket = ask(gate, lane, now)
    return next(grant.ts for grant in drain(gate, now, now + HOUR) if grant.ticket == ticket) - now


def test_a_push_back_closes_shortly_for_cancels_and_longer_for_submissions() -> None:
    assert first_out(pushed()[0], "cancel", START + MILLISECOND) < CLOSED_MIN // 2
    assert first_out(pushed()[0], "submit", START + MILLISECOND) >= CLOSED_MIN


@pytest.mark.parametrize("retry_after", [0, 1, 5 * SECOND, DAY, -SECOND])
@pytest.mark.parametrize("times", [1, 2, 5, 40])
def test_however_often_and_whatever_is_asked_for_the_doors_open_again_in_bounded_time(
    retry_after: int, times: int
) -> None:
    refill = SECOND
    gate, now = pushed(retry_after, times)
    assert first_out(gate, "cancel", now) <= CLOSED_MAX_URGENT + refill
    gate, now = pushed(retry_after, times)
    assert max(CLOSED_MIN, min(retry_after, CLOSED_MAX)) <= first_out(gate, "submit", now) <= CLOSED_MAX + refill


def test_each_push_back_in_a_row_closes_for_longer() -> None:
    waits = []
    for times in range(1, 6):
        gate, now = pushed(times=times)
        waits.append(first_out(gate, "submit", now))
    assert waits == sorted(set(waits))


def test_many_answers_to_one_burst_are_one_push_back() -> None:
    one, many = rested(), rested()
    for gate, answers in ((one, 1), (many, 5)):
        for _ in range(5):
            ask(gate, "submit")
        burst = sent_now(gate, START)
        assert len(burst) == 5
        for grant in burst[:answers]:
            gate.pushed_back(grant, START + MILLISECOND)
    assert first_out(one, "submit", START + SECOND // 10) == first_out(many, "submit", START + SECOND // 10)


def test_reads_go_on_while_writes_are_pushed_back() -> None:
    gate, now = pushed(retry_after=20 * SECOND)
    ask(gate, "data", now)
    assert lanes_of(sent_now(gate, now)) == ["data"]


def test_a_push_back_on_one_shard_leaves_the_other_open() -> None:
    gate = rested()
    ask(gate, "submit", START, shard=2)
    (grant,) = drain(gate, START, START + SECOND)
    gate.pushed_back(grant, grant.ts)
    ask(gate, "submit", grant.ts, shard=2)
    ask(gate, "submit", grant.ts, shard=0)
    assert [out.ticket.bills for out in sent_now(gate, grant.ts)] == [(0,)]


def test_until_one_is_answered_submissions_try_the_water_one_at_a_time() -> None:
    gate, now = pushed()
    for _ in range(4):
        ask(gate, "submit", now)
    times = [grant.ts for grant in drain(gate, now, now + HOUR)]
    assert [later - earlier for earlier, later in pairwise(times)] == [PROBE_GAP] * 3


def test_after_the_heal_what_has_waited_leaves_at_the_pace_of_the_refill() -> None:
    gate, now = pushed(retry_after=CLOSED_MAX)
    for _ in range(50):
        ask(gate, "submit", now)
    probe = drain(gate, now, now + CLOSED_MAX + SECOND // 2)
    assert len(probe) == 1
    gate.answered(probe[0])
    after = drain(gate, probe[0].ts, probe[0].ts + 3 * SECOND)
    # Ninety tokens a second are nine submissions, in each second as in the first tenth.
    for tenths in range(1, 31):
        assert sum(grant.ts <= probe[0].ts + tenths * SECOND // 10 for grant in after) <= tenths * 9 // 10 + 1
    assert len(after) >= 25
    # And at once: the gap was for trying, and the try was answered.
    assert after[0].ts - probe[0].ts < PROBE_GAP // 4


def test_a_burst_of_cancels_does_not_follow_a_closed_door_either() -> None:
    gate, now = pushed(retry_after=CLOSED_MAX)
    for _ in range(200):
        ask(gate, "cancel", now)
    out = drain(gate, now, now + CLOSED_MAX_URGENT + SECOND)
    assert len([grant for grant in out if grant.ts <= now + CLOSED_MAX_URGENT + SECOND // 10]) <= 5
    assert len(out) >= 40


def test_an_answer_to_what_left_before_the_push_back_heals_nothing() -> None:
    gate = rested()
    early, late = ask(gate, "submit"), ask(gate, "submit")
    grants = sent_now(gate, START)
    assert [grant.ticket for grant in grants] == [early, late]
    gate.pushed_back(grants[1], START + MILLISECOND, 5 * SECOND)
    gate.answered(grants[0])
    assert first_out(gate, "submit", START + MILLISECOND) >= 5 * SECOND


def test_an_answered_cancel_opens_nothing_for_submissions() -> None:
    gate, now = pushed(retry_after=20 * SECOND)
    ask(gate, "cancel", now)
    (cancel,) = drain(gate, now, now + 5 * SECOND)
    gate.answered(cancel)
    assert first_out(gate, "submit", cancel.ts) >= 15 * SECOND


def test_two_desks_that_were_pushed_back_together_do_not_come_back_together() -> None:
    waits = set()
    for seed in range(20):
        gate = Throttle(BASIC, Random(seed), START - HOUR)
        ask(gate, "submit")
        (grant,) = sent_now(gate, START)
        gate.pushed_back(grant, START)
        waits.add(first_out(gate, "submit", START))
    assert len(waits) > 15


# Changes of the surroundings.


def test_live_limits_take_over_and_hand_back_what_can_never_leave() -> None:
    gate = rested(TIERS["advanced"])
    small, big = ask(gate, "submit", cost=10), ask(gate, "submit", cost=500)
    assert gate.adopt(BASIC, START) == [big]
    assert [grant.ticket for grant in sent_now(gate, START)] == [small]
    for _ in range(9):
        ask(gate, "submit")
    # What was saved up under the wider tier is not carried over: the bucket held 90, not 810.
    assert len(sent_now(gate, START)) == 6


@pytest.mark.parametrize("back", [MILLISECOND, HOUR, 10 * DAY])
def test_a_clock_that_was_set_back_keeps_no_lane_shut_for_longer_and_brings_no_tokens(back: int) -> None:
    gate, now = pushed(retry_after=CLOSED_MAX, times=3)
    assert first_out(gate, "cancel", now - back) <= CLOSED_MAX_URGENT + SECOND
    gate, now = pushed(retry_after=CLOSED_MAX, times=3)
    assert first_out(gate, "submit", now - back) <= CLOSED_MAX + SECOND
    spent = rested()
    for _ in range(9):
        ask(spent, "submit")
    assert len(sent_now(spent, START)) == 7
    assert sent_now(spent, START - back) == []


# Over all of it.

# The narrow tiers twice: a handful of requests fills no wide bucket.
tiers = st.sampled_from([BASIC, TIERS["advanced"], *TIERS.values()])
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("ask"),
            st.sampled_from(LANES),
            st.sampled_from([1, 2, 10, 30, 60]),
            st.sampled_from([0, 2]),
            st.integers(1, 40),
        ),
        st.tuples(st.just("wait"), st.integers(0, 2 * SECOND) | st.integers(0, 30 * SECOND)),
        st.tuples(st.just("push"), st.integers(0, 60 * SECOND)),
        st.tuples(st.just("answer")),
    ),
    min_size=1,
    max_size=40,
)
# Idle until the buckets are full, then many at once, a push-back, and some cancels behind it all: what a careless
# throttle lets out as a flood, and whom it keeps waiting.
floods = st.tuples(st.sampled_from(LANES), st.sampled_from([1, 2, 10]), st.integers(0, 60 * SECOND)).map(
    lambda kind: [
        ("ask", *kind[:2], 0, 1),
        ("wait", 20 * SECOND),
        ("ask", *kind[:2], 0, 100),
        ("ask", "cancel", 2, 0, 3),
        ("wait", SECOND // 10),
        ("push", kind[2]),
        ("ask", "cancel", 2, 0, 3),
    ]
)
lives = steps | st.tuples(floods, steps).map(lambda parts: parts[0] + parts[1])


def live(limits: Limits, plan: list[Any], chance: int = 7) -> tuple[list[Granted], dict[Ticket, int], list[int]]:
    """A life: what left, when each was asked, and when the venue pushed back."""
    gate, now = Throttle(limits, Random(chance), START), START
    out: list[Granted] = []
    asked: dict[Ticket, int] = {}
    pushes: list[int] = []
    for step in plan:
        if step[0] == "ask":
            for _ in range(step[4]):
                ticket = gate.ask(step[1], step[2], now, step[3])
                if isinstance(ticket, Ticket):
                    asked[ticket] = now
        elif step[0] == "wait":
            out += drain(gate, now, now + step[1])
            now += step[1]
        elif out and step[0] == "push":
            gate.pushed_back(out[-1], now, step[1])
            pushes.append(now)
        elif out:
            gate.answered(out[-1])
    out += drain(gate, now, now + DAY)
    return out, asked, pushes


@given(limits=tiers, plan=lives)
def test_in_no_window_does_more_leave_than_the_documented_bucket_lets_through(limits: Limits, plan: list[Any]) -> None:
    out, _, _ = live(limits, plan)
    for name in {bill for grant in out for bill in grant.ticket.bills}:
        real = limits.read if name == -1 else limits.write
        ours = [grant for grant in out if name in grant.ticket.bills]
        # Every window at once: what left up to a moment, less what flowed in until then, may never rise by more than
        # one bucket above its lowest point before.
        spent, lowest = Fraction(0), Fraction(0)
        for grant in ours:
            flowed = Fraction(real.rate * (grant.ts - START), SECOND)
            lowest = min(lowest, spent - flowed)
            spent += grant.ticket.cost
            assert spent - flowed - lowest <= real.capacity


@given(limits=tiers, plan=lives, beat=st.integers(1, 50 * MILLISECOND))
def test_the_venues_own_bucket_never_runs_dry_though_requests_arrive_bunched(
    limits: Limits, plan: list[Any], beat: int
) -> None:
    out, _, _ = live(limits, plan)
    # A link that stalls: whatever left since its last beat arrives together at the next.
    tokens = {name: Fraction((limits.read if name == -1 else limits.write).capacity) for name in (-1, 0, 2)}
    seen = dict.fromkeys(tokens, START)
    for ts, grant in ((-(-grant.ts // beat) * beat, grant) for grant in out):
        for name in grant.ticket.bills:
            real = limits.read if name == -1 else limits.write
            tokens[name] = min(Fraction(real.capacity), tokens[name] + Fraction(real.rate * (ts - seen[name]), SECOND))
            tokens[name] -= grant.ticket.cost
            seen[name] = ts
            assert tokens[name] >= 0


@given(limits=tiers, plan=lives)
def test_within_a_lane_and_a_bucket_the_order_is_kept_and_everything_leaves_once(
    limits: Limits, plan: list[Any]
) -> None:
    out, asked, _ = live(limits, plan)
    for lane in LANES:
        for name in (-1, 0, 2):
            numbers = [out_.ticket.number for out_ in out if out_.ticket.lane == lane and name in out_.ticket.bills]
            assert numbers == sorted(numbers)
    assert sorted(grant.ticket for grant in out) == sorted(asked)


@given(limits=tiers, plan=lives)
def test_no_cancel_waits_longer_than_the_cancels_before_it_and_the_push_backs_explain(
    limits: Limits, plan: list[Any]
) -> None:
    out, asked, pushes = live(limits, plan)
    rate = limits.write.rate * 9 // 10
    cancels = [grant for grant in out if grant.ticket.lane == "cancel"]
    for grant in cancels:
        begun = asked[grant.ticket]
        before = [other for other in cancels if begun <= other.ts <= grant.ts]
        ahead = sum(other.ticket.cost for other in before if other.ticket.bills == grant.ticket.bills)
        # A push-back before it was asked may still keep the door shut; each after that empties the bucket once more.
        shut = sum(begun - CLOSED_MAX_URGENT <= ts <= grant.ts for ts in pushes)
        bound = Fraction(ahead * (shut + 1) * SECOND, rate) + shut * CLOSED_MAX_URGENT + 1
        assert grant.ts - begun <= bound


@given(limits=tiers, plan=lives)
def test_the_same_life_twice_is_the_same_to_the_nanosecond(limits: Limits, plan: list[Any]) -> None:
    assert live(limits, plan) == live(limits, plan)
