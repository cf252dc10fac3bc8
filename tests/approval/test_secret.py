"""A secret is drawn whole, has one spelling, and is compared in constant time."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.approval import secret, values
from assent.approval.secret import Kind, Print, new_secret, page_text_of, print_of, sign_of
from assent.approval.values import Holder
from assent.model.errors import InvariantBroken

KINDS: list[Kind] = ["token", "session", "login"]
DRAWN = bytes(range(32))


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_says_what_it_is_and_holds_every_bit_that_was_drawn(kind: Kind) -> None:
    text, kept = new_secret(kind, lambda size: DRAWN[:size])
    prefix, _, drawn = text.rpartition(f"assent_{kind}_")
    assert prefix == ""
    assert base64.urlsafe_b64decode(drawn + "=") == DRAWN
    assert print_of(text) == kept == Print(kind, hashlib.sha256(text.encode()).digest())


@pytest.mark.parametrize("drawn", [b"", DRAWN[:31], DRAWN + b"x", bytearray(DRAWN), "x" * 32])
def test_a_source_of_chance_that_hands_out_something_else_makes_no_secret(drawn: bytes) -> None:
    with pytest.raises(InvariantBroken, match="access_chance"):
        new_secret("token", lambda size: drawn)


@given(st.text() | st.binary() | st.none() | st.integers() | st.lists(st.text()))
def test_what_has_not_the_form_has_no_print(anything: object) -> None:
    assert print_of(anything) is None
    assert len(sign_of(anything)) == 2


@pytest.mark.parametrize("change", [" {}", "{} ", "{}\n", "{}=", "Bearer {}", "{}\x00", "{}\u200b"])
def test_a_secret_with_anything_around_it_is_none(change: str) -> None:
    text, _ = new_secret("token", lambda size: DRAWN[:size])
    assert print_of(change.format(text)) is None
    assert print_of(text.upper()) is None
    assert print_of(text[:-1]) is None


@given(st.integers(0, 42), st.sampled_from("ABCxyz019-_"))
def test_one_character_that_differs_is_another_secret(at: int, other: str) -> None:
    text, kept = new_secret("session", lambda size: DRAWN[:size])
    start = len("assent_session_")
    changed = text[: start + at] + other + text[start + at + 1 :]
    found = print_of(changed)
    assert found is not None
    assert found.is_of(kept.whole) == (changed == text)


def test_the_same_characters_under_another_kind_are_another_secret() -> None:
    prints = {new_secret(kind, lambda size: DRAWN[:size])[1].whole for kind in KINDS}
    assert len(prints) == 3


def test_a_sign_tells_mistakes_apart_and_keeps_too_little_to_find_one() -> None:
    assert sign_of("correct horse") == sign_of("correct horse")
    assert sign_of("correct horse") != sign_of("battery staple")
    assert len(sign_of("correct horse")) * 8 == 16


def test_hashes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(secret, "compare_digest", watched)
    assert not Print("token", b"a" * 32).is_of(b"b" * 32)
    assert compared == [(b"a" * 32, b"b" * 32)]


def test_what_a_page_sends_back_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(values, "compare_digest", watched)
    holder = Holder(identity="os:ada", scopes=frozenset({"view"}), session="abc")
    assert holder.sent_by_our_page("abc")
    assert not holder.sent_by_our_page("abd")
    assert compared == [(b"abc", b"abc"), (b"abd", b"abc")]


@given(st.text() | st.none() | st.binary() | st.integers())
def test_whatever_a_page_sends_back_is_right_or_wrong_and_nothing_else(anything: object) -> None:
    text = page_text_of("assent_session_x")
    holder = Holder(identity="os:ada", scopes=frozenset({"view"}), session=text)
    assert holder.sent_by_our_page(anything) is (anything == text)
    assert not Holder(identity="token:t", scopes=frozenset({"view"})).sent_by_our_page(anything)
