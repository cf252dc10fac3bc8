"""A token does what its scopes say, as long as it lives, and is replaced or revoked at once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.approval.people import NOW, begun, held, refused, signed_in

from assent.approval import SCOPES, Access, AccessError, tokens
from assent.approval.errors import AccessAskedWrongly, AccessFull
from assent.model.errors import InvariantBroken
from assent.model.units import DAY, HOUR, MINUTE, SECOND


def test_a_token_is_known_by_its_name_and_may_what_its_scopes_say(access: Access) -> None:
    holder = held(access.check(access.issue("ada-phone", ["view", "approve"], NOW), NOW))
    assert (holder.identity, holder.session) == ("token:ada-phone", None)
    assert {scope for scope in SCOPES if holder.may(scope)} == {"view", "approve"}


@pytest.mark.parametrize("scopes", [["view"], ["approve"], ["operate"], ["operate", "view"], list(SCOPES)])
def test_no_scope_contains_another(access: Access, scopes: list[str]) -> None:
    assert held(access.check(access.issue("t", scopes, NOW), NOW)).scopes == frozenset(scopes)


def test_a_token_outlives_the_process_that_issued_it(place: Path) -> None:
    first = Access.open(place)
    secret = first.issue("t", ["view"], NOW)
    first.close()
    assert held(Access.open(place).check(secret, NOW + DAY)).identity == "token:t"


def test_a_life_ends_at_its_end_and_not_before(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW, life_ns=HOUR)
    held(access.check(secret, NOW + HOUR - 1))
    assert refused(access.check(secret, NOW + HOUR)).code == "credential_refused"


def test_what_was_seen_to_be_over_stays_over_when_the_clock_is_set_back(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW, life_ns=HOUR)
    refused(access.check(secret, NOW + HOUR))
    refused(access.check(secret, NOW))


def test_without_a_life_it_holds_until_it_is_revoked(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    held(access.check(secret, NOW + 10 * 365 * DAY))
    access.revoke("t")
    assert refused(access.check(secret, NOW)).code == "credential_refused"
    assert access.tokens() == ()


def test_a_revoked_name_given_again_does_not_bring_the_old_secret_back(access: Access) -> None:
    old = access.issue("t", ["view"], NOW)
    access.revoke("t")
    new = access.issue("t", ["operate"], NOW)
    refused(access.check(old, NOW))
    assert held(access.check(new, NOW)).scopes == {"operate"}


def test_rotation_replaces_the_secret_at_once(access: Access) -> None:
    old = access.issue("t", ["view"], NOW)
    new = access.rotate("t", NOW)
    refused(access.check(old, NOW))
    assert held(access.check(new, NOW)).identity == "token:t"


def test_rotation_with_an_overlap_leaves_the_old_secret_until_then(access: Access) -> None:
    old = access.issue("t", ["view"], NOW)
    new = access.rotate("t", NOW, overlap_ns=HOUR)
    assert access.tokens()[0].old_ends == NOW + HOUR
    held(access.check(old, NOW + HOUR - 1))
    refused(access.check(old, NOW + HOUR))
    held(access.check(new, NOW + HOUR))
    assert access.tokens()[0].old_ends is None


def test_of_a_token_rotated_twice_two_secrets_hold_and_not_three(access: Access) -> None:
    first = access.issue("t", ["view"], NOW)
    second = access.rotate("t", NOW, overlap_ns=DAY)
    third = access.rotate("t", NOW, overlap_ns=DAY)
    refused(access.check(first, NOW))
    held(access.check(second, NOW))
    held(access.check(third, NOW))


def test_an_overlap_is_not_lengthened_by_the_life_of_the_old_secret(access: Access) -> None:
    old = access.issue("t", ["view"], NOW, life_ns=DAY)
    access.rotate("t", NOW, overlap_ns=HOUR)
    held(access.check(old, NOW + HOUR - 1))
    refused(access.check(old, NOW + HOUR))


def test_rotation_gives_a_whole_new_life_and_no_longer_one_to_the_old_secret(access: Access) -> None:
    old = access.issue("t", ["view"], NOW, life_ns=HOUR)
    new = access.rotate("t", NOW + HOUR // 2, overlap_ns=DAY)
    refused(access.check(old, NOW + HOUR))
    held(access.check(new, NOW + HOUR))
    refused(access.check(new, NOW + HOUR // 2 + HOUR))


def test_a_token_that_is_over_can_be_rotated_to_life_or_issued_anew(access: Access) -> None:
    for name in ("a", "b"):
        access.issue(name, ["view"], NOW, life_ns=HOUR)
    held(access.check(access.rotate("a", NOW + DAY), NOW + DAY))
    held(access.check(access.issue("b", ["operate"], NOW + DAY), NOW + DAY))


def test_the_list_says_why_a_token_is_refused_for_thirty_days(access: Access) -> None:
    access.issue("t", ["view"], NOW, life_ns=HOUR)
    access.issue("other", ["view"], NOW + HOUR + 30 * DAY - 1)
    assert [(token.name, token.ends) for token in access.tokens()] == [("other", None), ("t", NOW + HOUR)]
    access.issue("third", ["view"], NOW + HOUR + 30 * DAY)
    assert [token.name for token in access.tokens()] == ["other", "third"]


def test_the_last_use_is_known_to_the_minute(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    assert access.tokens()[0].used is None
    for later, known in ((5, 0), (59, 0), (60, 60), (61, 60), (150, 120)):
        access.check(secret, NOW + later * SECOND)
        assert access.tokens()[0].used == NOW + known * SECOND


def test_a_last_use_that_a_fast_clock_wrote_is_put_right(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    access.check(secret, NOW + 365 * DAY)
    access.check(secret, NOW)
    assert access.tokens()[0].used == NOW


def test_a_name_is_not_given_twice(access: Access) -> None:
    secret = access.issue("t", ["view"], NOW)
    with pytest.raises(AccessAskedWrongly, match="There is a token t already"):
        access.issue("t", ["operate"], NOW)
    assert held(access.check(secret, NOW)).scopes == {"view"}


@pytest.mark.parametrize("name", ["", "Ada", "-a", "a b", "a=b", "a,b", "a:b", "ä", "a\n", "a" * 41, "a\x1b[31m"])
def test_a_name_that_could_be_read_as_another_is_refused(access: Access, name: str) -> None:
    with pytest.raises(AccessAskedWrongly, match="cannot be the name of a token") as error:
        access.issue(name, ["view"], NOW)
    assert str(error.value).isprintable()
    assert access.tokens() == ()


@pytest.mark.parametrize("scopes", [[], ["admin"], ["view", "View"], "view", [""]])
def test_a_scope_that_does_not_exist_is_refused(access: Access, scopes: list[str]) -> None:
    with pytest.raises(AccessAskedWrongly, match="scope"):
        access.issue("t", scopes, NOW)
    assert access.tokens() == ()


@pytest.mark.parametrize(("life", "taken"), [(MINUTE - 1, False), (MINUTE, True), (3_650 * DAY, True)])
def test_a_life_has_bounds(access: Access, life: int, *, taken: bool) -> None:
    if taken:
        access.issue("t", ["view"], NOW, life_ns=life)
    for wrong in {life, 3_650 * DAY + 1, -1, 0, 1 << 80} - ({life} if taken else set()):
        with pytest.raises(AccessAskedWrongly, match="life of a token"):
            access.issue("u", ["view"], NOW, life_ns=wrong)


@pytest.mark.parametrize("overlap", [-1, 7 * DAY + 1, 1 << 80])
def test_an_overlap_has_bounds(access: Access, overlap: int) -> None:
    secret = access.issue("t", ["view"], NOW)
    with pytest.raises(AccessAskedWrongly, match="overlap"):
        access.rotate("t", NOW, overlap_ns=overlap)
    held(access.check(secret, NOW))


@pytest.mark.parametrize("name", ["ghost", "", "x' OR '1'='1", "\x1b[2J", "\ud800", "\x00", "A"])
def test_a_token_that_does_not_exist_is_named_with_those_that_do(access: Access, name: str) -> None:
    access.issue("ada-phone", ["view"], NOW)
    for act in (lambda: access.revoke(name), lambda: access.rotate(name, NOW)):
        with pytest.raises(AccessAskedWrongly, match="There are: ada-phone") as error:
            act()
        assert str(error.value).isprintable()


def test_there_are_at_most_so_many_tokens(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TOKENS_MAX", 3)
    access.issue("over", ["view"], NOW, life_ns=HOUR)
    for name in ("a", "b"):
        access.issue(name, ["view"], NOW)
    with pytest.raises(AccessFull, match="There are 3 tokens"):
        access.issue("c", ["view"], NOW)
    access.issue("c", ["view"], NOW + HOUR)  # one that is over gives way
    assert [token.name for token in access.tokens()] == ["a", "b", "c"]


def test_a_source_of_chance_that_repeats_itself_makes_no_second_credential(place: Path) -> None:
    access = Access.open(place, chance=bytes)
    access.issue("a", ["view"], NOW)
    with pytest.raises(InvariantBroken, match="access_chance_repeats"):
        access.issue("b", ["operate"], NOW)
    assert [token.name for token in access.tokens()] == ["a"]


@pytest.mark.parametrize("now", [-1, 1 << 63, 1.5, True, None])
def test_a_time_that_is_none_is_a_bug_of_the_caller(access: Access, now: int) -> None:
    with pytest.raises(InvariantBroken, match="access_time"):
        access.check("x", now)
    with pytest.raises(InvariantBroken, match="access_time"):
        access.issue("t", ["view"], now)


@given(st.text() | st.binary() | st.none() | st.integers() | st.dictionaries(st.text(), st.text()))
def test_whatever_is_shown_as_a_credential_is_refused_and_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, anything: object
) -> None:
    access = shared(tmp_path_factory)
    for answer in (access.check(anything, NOW), access.redeem(anything, NOW)):
        assert refused(answer).code == "credential_refused"
    assert access.end_session(anything) is False
    assert access.check_factor(anything, anything, NOW) == "second_factor_missing"


@given(st.from_regex(r"assent_(token|session|login)_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_a_secret_that_nobody_was_given_is_refused(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    access = shared(tmp_path_factory)
    assert refused(access.check(secret, NOW)).code == "credential_refused"
    assert refused(access.redeem(secret, NOW)).code == "credential_refused"


_SHARED: list[Access] = []


def shared(folders: pytest.TempPathFactory) -> Access:
    """One file for all examples of a property: nothing that is refused changes it."""
    if not _SHARED:
        access = Access.open(folders.mktemp("shared") / "access.sqlite")
        access.issue("t", list(SCOPES), NOW)
        access.enrol("ada", NOW)
        _SHARED.append(access)
    return _SHARED[0]


def test_a_login_code_is_no_credential_and_a_credential_no_login_code(access: Access) -> None:
    token = access.issue("t", ["view"], NOW)
    session = signed_in(access, "os:ada")
    code = access.offer_login("os:ada", ["view"], NOW)
    refused(access.check(code, NOW))
    refused(access.redeem(token, NOW))
    refused(access.redeem(session.secret, NOW))
    assert begun(access.redeem(code, NOW)).holder.identity == "os:ada"


def test_every_error_of_the_room_teaches() -> None:
    error = AccessFull("There are 3", why="More cannot be watched", todo="Revoke some")
    assert isinstance(error, AccessError)
    assert str(error) == "There are 3. More cannot be watched. Revoke some."
