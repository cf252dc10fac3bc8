"""The inbox: bounded, nothing that matters dropped, the newest quote of each market."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.errors import AssentError
from assent.runtime import virtual
from assent.runtime.inbox import BOUNDS, LANES, Inbox, InboxOverflow

SMALL = {"control": 2, "venue": 3, "clock": 2, "market": 2}


def items(batch):
    return [arrival.item for arrival in batch]


def test_a_batch_stands_in_order_of_arrival_across_lanes():
    inbox = Inbox()
    inbox.put("market", "quote a", key="a", received_ts=1)
    inbox.put("clock", "tick", received_ts=2)
    inbox.put("venue", "fill", received_ts=3)
    inbox.put("market", "quote b", key="b", received_ts=4)
    batch = inbox.take(10)
    assert items(batch) == ["quote a", "tick", "fill", "quote b"]
    assert [(arrival.received_ts, arrival.lane) for arrival in batch] == [
        (1, "market"),
        (2, "clock"),
        (3, "venue"),
        (4, "market"),
    ]
    assert len(inbox) == 0


def test_an_operators_halt_comes_before_everything_it_arrived_with():
    inbox = Inbox()
    inbox.put("venue", "accepted", received_ts=1)
    inbox.put("control", "halt", received_ts=2)
    assert items(inbox.take(10)) == ["halt", "accepted"]


def test_the_newest_quote_of_a_market_replaces_the_one_that_waits():
    inbox = Inbox()
    for price in (51, 52, 53):
        inbox.put("market", price, key="a", received_ts=price)
    assert inbox.conflated == 2
    assert items(inbox.take(10)) == [53]
    inbox.put("market", 54, key="a", received_ts=54)
    assert inbox.conflated == 2


def test_a_replaced_quote_stands_where_its_newest_version_arrived():
    inbox = Inbox()
    inbox.put("market", "a old", key="a", received_ts=1)
    inbox.put("market", "b", key="b", received_ts=2)
    inbox.put("clock", "tick", received_ts=3)
    inbox.put("market", "a new", key="a", received_ts=4)
    assert items(inbox.take(10)) == ["b", "tick", "a new"]


def test_a_market_that_changes_all_the_time_is_not_pushed_back_for_ever():
    inbox = Inbox()
    inbox.put("market", ("hot", 0), key="hot", received_ts=0)
    for ts in range(1, 5):
        inbox.put("market", ("calm", ts), key=f"calm {ts}", received_ts=ts)
        inbox.put("market", ("hot", ts), key="hot", received_ts=ts)
    assert items(inbox.take(1)) == [("hot", 4)]


def test_a_small_batch_takes_control_then_venue_then_clock_then_market():
    inbox = Inbox()
    for ts, lane in enumerate(reversed(LANES)):
        inbox.put(lane, lane, key=lane, received_ts=ts)
    assert [items(inbox.take(1)) for _ in range(4)] == [[lane] for lane in LANES]


@pytest.mark.parametrize("lane", ["control", "venue", "clock"])
def test_a_full_lane_refuses_and_the_loop_is_told(lane):
    inbox = Inbox(SMALL)
    for number in range(SMALL[lane]):
        inbox.put(lane, number, received_ts=number)
    with pytest.raises(InboxOverflow, match=f"{lane}.*bound of {SMALL[lane]}") as refused:
        inbox.put(lane, "one too many", received_ts=9)
    assert (refused.value.lane, refused.value.bound) == (lane, SMALL[lane])
    assert isinstance(refused.value, AssentError)
    assert inbox.overflow() is refused.value
    assert inbox.overflow() is None
    assert items(inbox.take(10)) == list(range(SMALL[lane]))


def test_quotes_of_known_markets_never_overflow_and_of_too_many_markets_do():
    inbox = Inbox(SMALL)
    for ts in range(1000):
        inbox.put("market", ts, key=ts % 2, received_ts=ts)
    with pytest.raises(InboxOverflow, match="2 markets"):
        inbox.put("market", "third", key=2, received_ts=1000)
    assert inbox.depths() == {"control": 0, "venue": 0, "clock": 0, "market": 2}


def test_a_quote_without_a_key_and_an_unknown_lane_are_bugs():
    inbox = Inbox()
    with pytest.raises(ValueError, match="needs a key"):
        inbox.put("market", "quote", received_ts=1)
    with pytest.raises(KeyError):
        inbox.put("side", "door", received_ts=1)
    assert len(inbox) == 0


@pytest.mark.parametrize("bounds", [{}, {"control": 1}, {**BOUNDS, "venue": 0}, {**BOUNDS, "side": 1}])
def test_each_lane_needs_a_bound(bounds):
    with pytest.raises(ValueError, match="bound of at least 1"):
        Inbox(bounds)


def test_the_consumer_sleeps_until_something_arrives():
    async def main() -> list[object]:
        inbox, seen = Inbox(), []

        async def consume() -> None:
            while len(seen) < 3:
                await inbox.wait()
                seen.extend(items(inbox.take(10)))

        consumer = asyncio.create_task(consume())
        await asyncio.sleep(1)
        inbox.put("venue", 1, received_ts=1)
        inbox.put("venue", 2, received_ts=2)
        await asyncio.sleep(1)
        inbox.put("market", 3, key="a", received_ts=3)
        await consumer
        return seen

    assert virtual.run(main()) == [1, 2, 3]
    assert asyncio.run(main_once()) == ["now"]


async def main_once() -> list[object]:
    """The same under an ordinary loop, with the item already there."""
    inbox = Inbox()
    inbox.put("clock", "now", received_ts=1)
    await inbox.wait()
    return items(inbox.take(1))


def test_an_overflow_not_yet_answered_wakes_the_consumer_with_nothing_to_take():
    async def main() -> InboxOverflow | None:
        inbox = Inbox({**SMALL, "market": 1})
        waiting = asyncio.create_task(inbox.wait())
        await asyncio.sleep(0)
        inbox.put("market", 1, key="a", received_ts=1)
        with pytest.raises(InboxOverflow):
            inbox.put("market", 1, key="b", received_ts=1)
        await waiting
        assert items(inbox.take(10)) == [1]
        await inbox.wait()
        return inbox.overflow()

    told = virtual.run(main())
    assert told is not None
    assert told.lane == "market"


def test_a_cancelled_consumer_may_wait_again_and_a_second_one_may_not():
    async def main() -> None:
        inbox = Inbox()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inbox.wait(), 1)
        first = asyncio.create_task(inbox.wait())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already has a consumer"):
            await inbox.wait()
        inbox.put("venue", 1, received_ts=1)
        await first

    virtual.run(main())


moves = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(LANES), st.integers(0, 4)),
        st.tuples(st.just("take"), st.integers(1, 5), st.just(0)),
    ),
    max_size=60,
)


@given(moves)
def test_kept_lanes_arrive_whole_and_in_order_and_each_market_ends_with_its_newest(script):
    inbox, put, got = Inbox(), [], []

    def take(room: int) -> None:
        batch = inbox.take(room)
        assert len(batch) <= room
        behind_control = [arrival.received_ts for arrival in batch if arrival.lane != "control"]
        assert behind_control == sorted(behind_control)
        lanes = [arrival.lane == "control" for arrival in batch]
        assert lanes == sorted(lanes, reverse=True)
        got.extend(batch)

    for ts, (verb, what, key) in enumerate(script):
        if verb == "put":
            put.append((what, ts, key))
            inbox.put(what, (ts, key), key=key, received_ts=ts)
        else:
            take(what)
    while len(inbox):
        take(3)

    for lane in ("control", "venue", "clock"):
        assert [a.received_ts for a in got if a.lane == lane] == [ts for kept, ts, _ in put if kept == lane]
    for key in range(5):
        seen = [a.received_ts for a in got if a.lane == "market" and a.item[1] == key]
        sent = [ts for lane, ts, of in put if lane == "market" and of == key]
        assert seen == sorted(set(seen))
        assert seen[-1:] == sent[-1:]
    assert inbox.conflated == len(put) - len(got)
