"""A login code begins one session; a session ends when it should, and with what it came from."""

import pytest
from tests.approval.people import NOW, begun, held, refused, signed_in

from assent.approval import Access, sessions
from assent.approval.errors import AccessAskedWrongly, AccessFull
from assent.approval.sessions import CLOCK_STEP_NS, LOGIN_LIFE_NS, SESSION_IDLE_NS, SESSION_LIFE_NS
from assent.model.units import DAY, HOUR, MINUTE, SECOND


def test_a_code_begins_a_session_of_whoever_it_was_offered_to(access: Access) -> None:
    session = begun(access.redeem(access.offer_login("os:ada", ["view", "operate"], NOW), NOW))
    holder = held(access.check(session.secret, NOW))
    assert holder == session.holder
    assert (holder.identity, holder.scopes) == ("os:ada", {"view", "operate"})


def test_a_code_begins_no_second_session_and_says_so(access: Access) -> None:
    code = access.offer_login("os:ada", ["view"], NOW)
    begun(access.redeem(code, NOW))
    assert "used already" in refused(access.redeem(code, NOW)).words
    assert len(access.sessions(NOW)) == 1


def test_a_code_is_over_at_its_end_and_not_before(access: Access) -> None:
    early, late = (access.offer_login("os:ada", ["view"], NOW) for _ in range(2))
    begun(access.redeem(early, NOW + LOGIN_LIFE_NS - 1))
    assert "over" in refused(access.redeem(late, NOW + LOGIN_LIFE_NS)).words


def test_a_code_that_was_shown_too_late_stays_over_when_the_clock_is_set_back(access: Access) -> None:
    code = access.offer_login("os:ada", ["view"], NOW)
    refused(access.redeem(code, NOW + LOGIN_LIFE_NS))
    refused(access.redeem(code, NOW))


def test_a_code_of_a_clock_that_ran_ahead_begins_nothing(access: Access) -> None:
    code = access.offer_login("os:ada", ["view"], NOW + 365 * DAY)
    assert "over" in refused(access.redeem(code, NOW)).words


def test_a_session_ends_after_a_while_without_use(access: Access) -> None:
    session = signed_in(access, "os:ada")
    held(access.check(session.secret, NOW + SESSION_IDLE_NS - 1))
    held(access.check(session.secret, NOW + 2 * (SESSION_IDLE_NS - 1)))
    assert "session is over" in refused(access.check(session.secret, NOW + 3 * SESSION_IDLE_NS)).words


def test_a_session_that_was_never_used_again_ends_at_the_idle_time(access: Access) -> None:
    session = signed_in(access, "os:ada")
    refused(access.check(session.secret, NOW + SESSION_IDLE_NS))


def test_use_is_written_down_at_most_once_a_minute_so_idleness_is_never_measured_too_short(access: Access) -> None:
    session = signed_in(access, "os:ada")
    held(access.check(session.secret, NOW + 59 * SECOND))
    assert access.sessions(NOW + 59 * SECOND)[0].used == NOW
    held(access.check(session.secret, NOW + 60 * SECOND))
    assert access.sessions(NOW + 60 * SECOND)[0].used == NOW + MINUTE


def test_a_session_ends_after_its_life_however_much_it_is_used(access: Access) -> None:
    session = signed_in(access, "os:ada")
    for since in range(0, SESSION_LIFE_NS, SESSION_IDLE_NS // 2):
        held(access.check(session.secret, NOW + since))
    held(access.check(session.secret, NOW + SESSION_LIFE_NS - 1))
    refused(access.check(session.secret, NOW + SESSION_LIFE_NS))
    assert session.ends == NOW + SESSION_LIFE_NS


def test_a_session_that_was_seen_to_be_over_stays_over_when_the_clock_is_set_back(access: Access) -> None:
    session = signed_in(access, "os:ada")
    refused(access.check(session.secret, NOW + SESSION_IDLE_NS))
    refused(access.check(session.secret, NOW))


def test_a_session_begun_by_a_clock_that_ran_ahead_does_not_last_until_then(access: Access) -> None:
    session = signed_in(access, "os:ada", NOW + 365 * DAY)
    refused(access.check(session.secret, NOW))
    assert access.sessions(NOW) == ()


def test_a_clock_set_back_by_a_little_signs_nobody_out(access: Access) -> None:
    session = signed_in(access, "os:ada")
    held(access.check(session.secret, NOW - CLOCK_STEP_NS))
    refused(access.check(session.secret, NOW - CLOCK_STEP_NS - 1))


def test_a_session_ends_by_hand(access: Access) -> None:
    mine, other = signed_in(access, "os:ada"), signed_in(access, "os:ada")
    assert access.end_session(mine.secret) is True
    assert access.end_session(mine.secret) is False
    refused(access.check(mine.secret, NOW))
    held(access.check(other.secret, NOW))


def test_all_sessions_of_one_or_of_everybody_end_by_hand_and_the_open_codes_with_them(access: Access) -> None:
    ada, bob, bob_again = signed_in(access, "os:ada"), signed_in(access, "os:bob"), signed_in(access, "os:bob")
    open_code = access.offer_login("os:bob", ["view"], NOW)
    assert access.end_all("os:bob") == 2
    for session in (bob, bob_again):
        refused(access.check(session.secret, NOW))
    refused(access.redeem(open_code, NOW))
    held(access.check(ada.secret, NOW))
    assert access.end_all() == 1
    refused(access.check(ada.secret, NOW))


def test_what_came_from_a_token_ends_when_it_is_revoked(access: Access) -> None:
    access.issue("t", ["view"], NOW)
    session = signed_in(access, "token:t")
    open_code = access.offer_login("token:t", ["view"], NOW)
    own = signed_in(access, "os:ada")
    access.revoke("t")
    refused(access.check(session.secret, NOW))
    refused(access.redeem(open_code, NOW))
    held(access.check(own.secret, NOW))


def test_what_came_from_a_token_ends_when_it_is_rotated_or_with_the_overlap(access: Access) -> None:
    access.issue("t", ["view"], NOW)
    first = signed_in(access, "token:t")
    access.rotate("t", NOW, overlap_ns=10 * MINUTE)
    second = signed_in(access, "token:t")  # of which secret, only its page knows: so of the one that ends first
    for since, answer in ((10 * MINUTE - 1, held), (10 * MINUTE, refused)):
        for session in (first, second):
            answer(access.check(session.secret, NOW + since))
    third = signed_in(access, "token:t", NOW + 10 * MINUTE)
    assert third.ends == NOW + 10 * MINUTE + SESSION_LIFE_NS
    access.rotate("t", NOW + 10 * MINUTE)
    refused(access.check(third.secret, NOW + 10 * MINUTE))


def test_a_code_that_came_from_a_token_ends_when_that_is_rotated(access: Access) -> None:
    access.issue("t", ["view"], NOW)
    code = access.offer_login("token:t", ["view"], NOW)
    access.rotate("t", NOW)
    refused(access.redeem(code, NOW))


def test_a_code_lives_no_longer_than_the_token_it_came_from(access: Access) -> None:
    access.issue("t", ["view"], NOW, life_ns=MINUTE)
    first, second = (access.offer_login("token:t", ["view"], NOW) for _ in range(2))
    begun(access.redeem(first, NOW + MINUTE - 1))
    assert "over" in refused(access.redeem(second, NOW + MINUTE)).words


def test_a_session_lives_no_longer_than_the_token_it_came_from(access: Access) -> None:
    access.issue("t", ["view"], NOW, life_ns=10 * MINUTE)
    session = signed_in(access, "token:t")
    assert session.ends == NOW + 10 * MINUTE
    refused(access.check(session.secret, NOW + 10 * MINUTE))


def test_a_session_may_do_no_more_than_the_token_it_came_from(access: Access) -> None:
    access.issue("t", ["view", "approve"], NOW)
    assert signed_in(access, "token:t", scopes=("view",)).holder.scopes == {"view"}
    with pytest.raises(AccessAskedWrongly, match="has the scopes view approve"):
        access.offer_login("token:t", ["view", "operate"], NOW)


@pytest.mark.parametrize(
    "identity", ["token:ghost", "ada", "os:", "OS:ada", "os:a b", "os:a,b", "os:a=b", "os:\x1b", ""]
)
def test_a_code_is_offered_to_nobody_that_could_not_be_an_approver(access: Access, identity: str) -> None:
    with pytest.raises(AccessAskedWrongly):
        access.offer_login(identity, ["view"], NOW)


@pytest.mark.parametrize("identity", ["os:ada", "os:DOMAIN\\ada", "os:ada@home", "os:a.d-a_", "os:_www"])
def test_a_user_of_this_machine_may_have_any_name_that_can_be_written_down(access: Access, identity: str) -> None:
    assert signed_in(access, identity).holder.identity == identity


def test_each_session_has_a_page_text_of_its_own_that_is_not_its_secret(access: Access) -> None:
    one, other = signed_in(access, "os:ada"), signed_in(access, "os:ada")
    assert len({one.csrf, other.csrf, one.secret, other.secret}) == 4
    holder = held(access.check(one.secret, NOW))
    assert holder.sent_by_our_page(one.csrf)
    assert not holder.sent_by_our_page(other.csrf)


def test_of_one_identity_the_session_unused_for_longest_gives_way_and_never_somebody_elses(access: Access) -> None:
    bob = signed_in(access, "os:bob")
    begun_in_turn = [signed_in(access, "os:ada", NOW + n * SECOND) for n in range(10)]
    held(access.check(begun_in_turn[0].secret, NOW + 2 * MINUTE))  # the first one is in use
    newest = signed_in(access, "os:ada", NOW + 2 * MINUTE)
    refused(access.check(begun_in_turn[1].secret, NOW + 2 * MINUTE))
    for session in (bob, begun_in_turn[0], *begun_in_turn[2:], newest):
        held(access.check(session.secret, NOW + 2 * MINUTE))


def test_of_one_identity_the_oldest_code_gives_way(access: Access) -> None:
    codes = [access.offer_login("os:ada", ["view"], NOW + n) for n in range(11)]
    refused(access.redeem(codes[0], NOW + 11))
    begun(access.redeem(codes[1], NOW + 11))


def test_there_are_at_most_so_many_sessions_and_a_code_that_found_no_room_is_not_used_up(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = signed_in(access, "os:user0")
    signed_in(access, "os:user1")
    code = access.offer_login("os:ada", ["view"], NOW)
    monkeypatch.setattr(sessions, "ALL_MAX", 2)
    with pytest.raises(AccessFull, match="There are 2 sessions"):
        access.redeem(code, NOW)
    access.end_session(first.secret)
    begun(access.redeem(code, NOW))


def test_there_are_at_most_so_many_codes(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "ALL_MAX", 2)
    for n in range(2):
        access.offer_login(f"os:user{n}", ["view"], NOW)
    with pytest.raises(AccessFull, match="There are 2 logins"):
        access.offer_login("os:ada", ["view"], NOW)
    access.offer_login("os:ada", ["view"], NOW + LOGIN_LIFE_NS + HOUR)  # those that are over have gone


def test_the_list_shows_who_is_signed_in(access: Access) -> None:
    signed_in(access, "os:bob", NOW - SESSION_IDLE_NS)
    session = signed_in(access, "os:ada", NOW, ("view", "approve"))
    (shown,) = access.sessions(NOW)
    assert (shown.identity, shown.scopes, shown.begun, shown.used) == ("os:ada", {"view", "approve"}, NOW, NOW)
    assert shown.ends == session.ends
