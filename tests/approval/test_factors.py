"""A step is accepted once, in its time, and five wrong tries lock out: for everybody, and across restarts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.approval.people import NOW, not_on, phone

from assent.approval import Access, factors
from assent.approval.errors import AccessAskedWrongly, AccessFull
from assent.model.units import DAY, MINUTE, SECOND

STEP = 30 * SECOND
LOCK = 15 * MINUTE


def wrong_tries(access: Access, times: list[int], digits: str) -> list[str | None]:
    return [access.check_factor("ada", digits, at) for at in times]


def test_the_digits_on_the_phone_are_accepted(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    assert access.check_factor("ada", phone(ada, NOW), NOW) is None


@pytest.mark.parametrize(("off", "answer"), [(-2, "wrong"), (-1, None), (0, None), (1, None), (2, "wrong")])
def test_a_phone_may_be_half_a_minute_off(access: Access, off: int, answer: str | None) -> None:
    ada = access.enrol("ada", NOW)
    given_code = access.check_factor("ada", phone(ada, NOW + off * STEP), NOW)
    assert given_code == (None if answer is None else f"second_factor_{answer}")


def test_a_step_is_accepted_once_and_the_answer_says_so(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    digits = phone(ada, NOW)
    assert access.check_factor("ada", digits, NOW) is None
    assert access.check_factor("ada", digits, NOW) == "second_factor_replayed"
    assert access.check_factor("ada", digits, NOW + STEP) == "second_factor_replayed"
    assert access.check_factor("ada", digits, NOW + 2 * STEP) == "second_factor_wrong"
    assert access.check_factor("ada", phone(ada, NOW + 2 * STEP), NOW + 2 * STEP) is None


def test_a_step_before_the_last_one_accepted_is_not_accepted_any_more(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    assert access.check_factor("ada", phone(ada, NOW + STEP), NOW) is None
    assert access.check_factor("ada", phone(ada, NOW), NOW) == "second_factor_replayed"


def test_a_step_that_was_used_stays_used_after_a_restart_and_when_the_clock_is_set_back(place: Path) -> None:
    access = Access.open(place)
    ada = access.enrol("ada", NOW)
    assert access.check_factor("ada", phone(ada, NOW), NOW) is None
    access.close()
    again = Access.open(place)
    assert again.check_factor("ada", phone(ada, NOW), NOW) == "second_factor_replayed"
    assert again.check_factor("ada", phone(ada, NOW - DAY), NOW - DAY) == "second_factor_replayed"


def test_a_step_used_by_one_person_is_not_used_for_another(access: Access) -> None:
    ada, bob = access.enrol("ada", NOW), access.enrol("bob", NOW)
    assert access.check_factor("ada", phone(ada, NOW), NOW) is None
    assert access.check_factor("bob", phone(bob, NOW), NOW) is None
    later = NOW + 10 * STEP
    assert access.check_factor("bob", phone(ada, later), later) == "second_factor_wrong"


@pytest.mark.parametrize("digits", [None, ""])
def test_without_digits_the_factor_is_missing_and_nothing_is_counted(access: Access, digits: str | None) -> None:
    ada = access.enrol("ada", NOW)
    assert [access.check_factor("ada", digits, NOW) for _ in range(9)] == ["second_factor_missing"] * 9
    assert access.check_factor("ada", phone(ada, NOW), NOW) is None


@pytest.mark.parametrize(
    "person", ["bob", "Ada", "", "ada ", "os:ada", "a" * 1000, "\ud800", "ada\x00", "' OR 1=1 --", None, 7]
)
def test_whoever_has_no_factor_cannot_show_one(access: Access, person: object) -> None:
    ada = access.enrol("ada", NOW)
    assert access.check_factor(person, phone(ada, NOW), NOW) == "second_factor_missing"


@given(st.text(min_size=1) | st.binary() | st.integers() | st.lists(st.text()))
def test_whatever_is_shown_as_digits_is_wrong_or_locked_and_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, anything: object
) -> None:
    if not _SHARED:
        _SHARED.append(Access.open(tmp_path_factory.mktemp("shared") / "access.sqlite"))
        _SHARED[0].enrol("ada", NOW)
    assert _SHARED[0].check_factor("ada", anything, NOW) in ("second_factor_wrong", "second_factor_locked")


_SHARED: list[Access] = []


# ------------------------------------------------------------------------------------------------ locked out


def test_four_wrong_tries_lock_nobody_out_and_a_right_one_begins_the_count_anew(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    for turn in range(3):
        now = NOW + turn * MINUTE
        assert wrong_tries(access, [now] * 4, not_on(ada, now)) == ["second_factor_wrong"] * 4
        assert access.check_factor("ada", phone(ada, now), now) is None


def test_the_fifth_wrong_try_locks_out_also_the_right_digits(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    assert wrong_tries(access, [NOW] * 5, not_on(ada, NOW)) == ["second_factor_wrong"] * 5
    assert access.check_factor("ada", phone(ada, NOW), NOW) == "second_factor_locked"
    assert access.factors(NOW)[0].locked_until == NOW + LOCK


def test_the_lock_ends_a_quarter_of_an_hour_after_the_fifth_try_and_not_before(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    wrong_tries(access, [NOW] * 5, not_on(ada, NOW))
    last = NOW + LOCK - 1
    assert access.check_factor("ada", phone(ada, last), last) == "second_factor_locked"
    end = NOW + LOCK
    assert access.check_factor("ada", phone(ada, end), end) is None


def test_tries_while_locked_out_are_not_looked_at_and_do_not_lengthen_it(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    wrong_tries(access, [NOW] * 5, not_on(ada, NOW))
    tried = wrong_tries(access, [NOW + LOCK - n for n in range(20, 0, -1)], not_on(ada, NOW + LOCK))
    assert set(tried) == {"second_factor_locked"}
    assert wrong_tries(access, [NOW + LOCK] * 4, not_on(ada, NOW + LOCK)) == ["second_factor_wrong"] * 4
    assert access.check_factor("ada", phone(ada, NOW + LOCK), NOW + LOCK) is None


@pytest.mark.parametrize(("between", "locked"), [(LOCK - 1, True), (LOCK, False), (LOCK + 1, False)])
def test_five_tries_count_only_within_a_quarter_of_an_hour(access: Access, between: int, *, locked: bool) -> None:
    ada = access.enrol("ada", NOW)
    fifth = NOW + between
    wrong_tries(access, [NOW], not_on(ada, NOW))
    wrong_tries(access, [fifth] * 4, not_on(ada, fifth))
    answer = access.check_factor("ada", phone(ada, fifth), fifth)
    assert answer == ("second_factor_locked" if locked else None)


def test_four_tries_a_quarter_of_an_hour_never_lock_out(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    times = [NOW + turn * LOCK for turn in range(5) for _ in range(4)]
    assert {access.check_factor("ada", not_on(ada, at), at) for at in times} == {"second_factor_wrong"}


def test_a_lock_and_the_tries_before_it_outlive_a_restart(place: Path) -> None:
    access = Access.open(place)
    ada = access.enrol("ada", NOW)
    for n in range(5):
        assert wrong_tries(access, [NOW + n], not_on(ada, NOW)) == ["second_factor_wrong"]
        access.close()
        access = Access.open(place)
    assert access.check_factor("ada", phone(ada, NOW), NOW + 5) == "second_factor_locked"


def test_a_lock_of_one_person_locks_nobody_else_out(access: Access) -> None:
    ada, bob = access.enrol("ada", NOW), access.enrol("bob", NOW)
    wrong_tries(access, [NOW] * 5, not_on(ada, NOW))
    assert access.check_factor("bob", phone(bob, NOW), NOW) is None


def test_a_replayed_step_is_no_wrong_try(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    access.check_factor("ada", phone(ada, NOW), NOW)
    assert {access.check_factor("ada", phone(ada, NOW), NOW) for _ in range(9)} == {"second_factor_replayed"}


def test_a_lock_set_by_a_clock_that_ran_ahead_lasts_no_longer_than_any(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    ahead = NOW + 365 * DAY
    wrong_tries(access, [ahead] * 5, not_on(ada, ahead))
    assert access.check_factor("ada", phone(ada, NOW), NOW) == "second_factor_locked"
    assert access.check_factor("ada", phone(ada, NOW + LOCK), NOW + LOCK) is None


def test_tries_written_by_a_clock_that_ran_ahead_still_count(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    ahead = NOW + 365 * DAY
    wrong_tries(access, [ahead] * 4, not_on(ada, ahead))
    wrong_tries(access, [NOW], not_on(ada, NOW))
    assert access.check_factor("ada", phone(ada, NOW), NOW) == "second_factor_locked"


# ---------------------------------------------------------------------------------------- enrolling, forgetting


def test_a_factor_is_not_replaced_in_silence(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    with pytest.raises(AccessAskedWrongly, match="ada has a second factor already"):
        access.enrol("ada", NOW)
    assert access.check_factor("ada", phone(ada, NOW), NOW) is None


def test_a_lost_phone_is_worth_nothing_once_its_factor_is_forgotten(access: Access) -> None:
    lost = access.enrol("ada", NOW)
    access.forget_factor("ada")
    assert access.check_factor("ada", phone(lost, NOW), NOW) == "second_factor_missing"
    found = access.enrol("ada", NOW)
    assert access.check_factor("ada", phone(lost, NOW), NOW) == "second_factor_wrong"
    assert access.check_factor("ada", phone(found, NOW), NOW) is None


def test_a_new_factor_begins_without_the_tries_at_the_old_one(access: Access) -> None:
    lost = access.enrol("ada", NOW)
    wrong_tries(access, [NOW] * 5, not_on(lost, NOW))
    access.forget_factor("ada")
    found = access.enrol("ada", NOW)
    assert access.check_factor("ada", phone(found, NOW), NOW) is None


def test_what_nobody_has_cannot_be_forgotten(access: Access) -> None:
    with pytest.raises(AccessAskedWrongly, match="has no second factor"):
        access.forget_factor("bo\x1bb")


@pytest.mark.parametrize(
    "person", ["", "a b", "a=b", "a,b", "a\n", "ä", "a" * 41, "os:", "os:a b", "\ud800", "a\x1b[2J"]
)
def test_whoever_could_not_stand_in_the_constitution_gets_no_factor(access: Access, person: str) -> None:
    for act in (lambda: access.enrol(person, NOW), lambda: access.forget_factor(person)):
        with pytest.raises(AccessAskedWrongly, match=r"cannot be the name of a person|has no second factor") as error:
            act()
        assert str(error.value).isprintable()


@pytest.mark.parametrize("person", ["ada", "Ada", "Ada.L-1_x", "os:ada", "token:ada-phone"])
def test_whoever_could_stand_in_the_constitution_may_have_a_factor(access: Access, person: str) -> None:
    enrolment = access.enrol(person, NOW)
    assert access.check_factor(person, phone(enrolment, NOW), NOW) is None
    assert access.check_factor(person.swapcase(), phone(enrolment, NOW), NOW) == "second_factor_missing"


def test_there_are_at_most_so_many_people(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factors, "PEOPLE_MAX", 2)
    for person in ("ada", "bob"):
        access.enrol(person, NOW)
    with pytest.raises(AccessFull, match="2 people"):
        access.enrol("cyd", NOW)


def test_the_list_shows_who_has_a_factor_and_whether_it_ever_worked(access: Access) -> None:
    ada = access.enrol("ada", NOW)
    access.enrol("bob", NOW + 1)
    access.check_factor("ada", phone(ada, NOW), NOW)
    assert [(f.person, f.enrolled, f.used, f.locked_until) for f in access.factors(NOW)] == [
        ("ada", NOW, NOW, None),
        ("bob", NOW + 1, None, None),
    ]
