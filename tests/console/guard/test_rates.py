"""Token buckets: how much, how fast it comes back, and that the table stays small."""

from hypothesis import given
from hypothesis import strategies as st

from assent.console.guard.rates import Buckets, retry_after
from assent.console.guard.settings import Rate
from assent.model.units import SECOND

RATE = Rate(3, SECOND)


def test_a_bucket_gives_its_burst_and_then_one_at_a_time() -> None:
    buckets = Buckets(RATE)
    assert [buckets.take("a", 0) for _ in range(4)] == [0, 0, 0, SECOND]
    assert buckets.take("a", SECOND - 1) == 1
    assert buckets.take("a", SECOND) == 0
    assert buckets.take("b", SECOND) == 0


@given(st.lists(st.integers(0, 5 * SECOND), max_size=60))
def test_in_no_stretch_of_time_is_more_given_than_burst_and_rate_allow(gaps: list[int]) -> None:
    buckets, now, given_at = Buckets(RATE), 0, []
    for gap in gaps:
        now += gap
        if buckets.take("a", now) == 0:
            given_at.append(now)
    for first, begun in enumerate(given_at):
        for last, ended in enumerate(given_at[first:], start=first):
            assert last - first + 1 <= RATE.burst + (ended - begun) // RATE.every_ns + 1


@given(st.integers(1, 10 * SECOND))
def test_who_waits_as_long_as_told_is_served(pause: int) -> None:
    buckets = Buckets(RATE)
    while not (wait := buckets.take("a", pause)):
        pass
    assert buckets.take("a", pause + wait) == 0


def test_the_table_never_grows_beyond_its_bound_and_forgets_the_longest_idle() -> None:
    buckets = Buckets(RATE, keys_max=10)
    for number in range(1_000):
        assert buckets.take(f"key {number}", number) == 0
    assert len(buckets) == 10
    assert [buckets.take("key 999", 999) for _ in range(3)] == [0, 0, SECOND]


def test_nobody_is_told_to_come_back_too_early() -> None:
    assert [retry_after(wait) for wait in (1, SECOND, SECOND + 1)] == ["1", "1", "2"]
