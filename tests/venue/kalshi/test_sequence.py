"""The numbers of a subscription: what is next, missing, repeated, late, or of another count."""

from assent.venue.kalshi.messages import Body, Done, Unread
from assent.venue.kalshi.sequence import MISSING_MAX, REMEMBERED_MAX, Sequence, Step


def body(number: int) -> Body:
    return Done((str(number),))


def after(*numbers: int) -> Sequence:
    sequence = Sequence()
    for number in numbers:
        sequence.take(number, body(number))
    return sequence


def test_the_first_number_is_where_the_count_begins() -> None:
    sequence = Sequence()
    assert [sequence.take(number, body(number)) for number in (5, 6, 7)] == [Step.NEXT] * 3
    assert sequence.last == 7


def test_a_missing_number_is_a_gap_and_late_when_it_comes_after_all() -> None:
    sequence = after(1, 2)
    assert sequence.take(5, body(5)) is Step.GAP
    assert sequence.take(3, body(3)) is Step.LATE
    assert sequence.take(3, body(3)) is Step.REPEAT
    assert sequence.take(6, body(6)) is Step.NEXT


def test_the_same_frame_again_is_a_repeat_and_another_one_under_its_number_a_reset() -> None:
    sequence = after(1, 2, 3)
    assert sequence.take(2, body(2)) is Step.REPEAT
    assert sequence.take(2, Unread()) is Step.RESET


def test_an_old_number_that_cannot_be_explained_is_a_reset() -> None:
    assert after(5, 6).take(4, body(4)) is Step.RESET
    many = after(*range(1, REMEMBERED_MAX + 3))
    assert many.take(1, body(1)) is Step.RESET


def test_a_hole_too_wide_to_follow_is_a_reset() -> None:
    sequence = after(1)
    assert sequence.take(MISSING_MAX + 3, body(0)) is Step.RESET
    assert after(1).acknowledged(MISSING_MAX + 3) is Step.RESET


def test_an_answer_that_repeats_our_number_takes_none() -> None:
    sequence = after(1, 2)
    assert sequence.acknowledged(2) is Step.NEXT
    assert sequence.take(3, body(3)) is Step.NEXT


def test_an_answer_ahead_of_us_may_hide_a_lost_frame_and_the_same_number_may_still_come() -> None:
    sequence = after(1, 2)
    assert sequence.acknowledged(3) is Step.GAP
    assert sequence.take(3, body(3)) is Step.NEXT
    counted = after(1, 2)
    assert counted.acknowledged(3) is Step.GAP
    assert counted.take(4, body(4)) is Step.GAP
