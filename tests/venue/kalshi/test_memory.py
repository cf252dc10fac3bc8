"""What an adapter remembers of orders: both their names, each fill once, and no more than it may."""

from assent.model.units import DAY
from assent.venue.kalshi import memory
from assent.venue.kalshi.memory import Memory


def a_memory() -> Memory:
    return Memory(lambda name: name.startswith("ours"))


def test_an_order_of_ours_has_our_name_and_any_other_the_venues() -> None:
    kept = a_memory()
    assert kept.name("v-1", "ours-1") == "ours-1"
    assert kept.name("v-2", "theirs") == kept.name("v-2", "") == "v-2"
    assert (kept.known_name("v-1"), kept.order_id("ours-1")) == ("ours-1", "v-1")
    assert (kept.known_name("v-9"), kept.order_id("ours-9")) == (None, "")


def test_a_name_that_is_learned_later_takes_the_place_of_the_venues_id() -> None:
    kept = a_memory()
    kept.name("v-1", "")
    kept.name("v-1", "ours-1")
    assert kept.known_name("v-1") == "ours-1"


def test_a_message_without_our_id_takes_no_name_back() -> None:
    kept = a_memory()
    kept.name("v-1", "ours-1")
    assert kept.name("v-1", "") == kept.known_name("v-1") == "ours-1"
    assert kept.order_id("ours-1") == "v-1"


def test_a_fill_counts_once_however_often_it_is_told() -> None:
    kept = a_memory()
    assert [kept.filled("v-1", "f-1", 5), kept.filled("v-1", "f-1", 5), kept.filled("v-1", "f-2", 2)] == [
        True,
        False,
        True,
    ]
    assert kept.executed("v-1") == 7


def test_what_is_over_longest_is_forgotten_first_and_what_rests_never() -> None:
    kept = a_memory()
    kept.rests(kept.name("v-0", "ours-0"), "v-0", "M")
    for number in range(1, memory.KEPT_MAX + 10):
        kept.name(f"v-{number}", f"ours-{number}")
    assert kept.known_name("v-0") == "ours-0"
    assert kept.known_name("v-1") is None
    assert kept.known_name(f"v-{memory.KEPT_MAX + 9}") is not None


def test_a_forgotten_fill_never_counts_twice() -> None:
    kept = a_memory()
    for number in range(memory.FILLS_KEPT_MAX + 1):
        kept.filled("v-1" if number == 0 else "v-2", f"f-{number}", 1)
    assert kept.executed("v-1") == 0
    kept.filled("v-1", "f-0", 1)
    assert kept.executed("v-1") == 1


def test_a_time_far_ahead_of_when_it_was_heard_is_not_believed() -> None:
    kept = a_memory()
    kept.moved(100 * DAY, DAY)
    assert (kept.moves, kept.moved_ts) == (1, DAY + memory.AHEAD_MAX)
    kept.moved(DAY + 2 * memory.AHEAD_MAX, DAY + 2 * memory.AHEAD_MAX)
    assert kept.moved_ts == DAY + 2 * memory.AHEAD_MAX
    kept.moved(0, 0)
    assert (kept.moves, kept.moved_ts) == (3, DAY + 2 * memory.AHEAD_MAX)
