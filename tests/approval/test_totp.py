"""The digits are those of the standards, and the address is one that a phone reads."""

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.approval import totp
from assent.approval.totp import code_at, matching_steps, step_of, uri_of, written_seed
from assent.model.units import SECOND

SEED = b"12345678901234567890"
# RFC 6238, appendix B, the rows for SHA1: eight digits at a time in seconds.
RFC_6238 = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
# RFC 4226, appendix D: six digits for the counters from 0 on.
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize(("seconds", "digits"), RFC_6238.items())
def test_the_digits_are_those_of_rfc_6238(seconds: int, digits: str) -> None:
    step = step_of(seconds * SECOND)
    assert code_at(SEED, step, digits=8) == digits
    assert code_at(SEED, step) == digits[2:]


def test_the_digits_are_those_of_rfc_4226() -> None:
    assert [code_at(SEED, counter) for counter in range(10)] == RFC_4226


def test_a_step_is_half_a_minute_to_the_nanosecond() -> None:
    assert step_of(30 * SECOND - 1) == 0
    assert step_of(30 * SECOND) == 1


def test_a_phone_may_be_one_step_off_and_no_more() -> None:
    now = 1_000 * 30 * SECOND
    found = {around: matching_steps(SEED, code_at(SEED, 1_000 + around), now) for around in range(-3, 4)}
    assert found == {-3: [], -2: [], -1: [999], 0: [1_000], 1: [1_001], 2: [], 3: []}


def test_before_the_first_step_there_is_none() -> None:
    assert matching_steps(SEED, code_at(SEED, 0), 0) == [0]


@given(st.text())
def test_only_the_six_digits_match(given_text: str) -> None:
    now = 77_777 * 30 * SECOND
    right = {code_at(SEED, step): step for step in (77_776, 77_777, 77_778)}
    assert matching_steps(SEED, given_text, now) == ([right[given_text]] if given_text in right else [])


@pytest.mark.parametrize("change", ["{} ", " {}", "{}\n", "+{}", "{}0", "{}\x00"])
def test_digits_with_anything_around_them_do_not_match(change: str) -> None:
    assert matching_steps(SEED, change.format(RFC_4226[5]), 5 * 30 * SECOND) == []
    assert matching_steps(SEED, RFC_4226[5], 5 * 30 * SECOND) == [5]


def test_digits_of_another_script_are_not_digits() -> None:
    elsewhere = RFC_4226[5].translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    assert elsewhere.isdigit()
    assert matching_steps(SEED, elsewhere, 5 * 30 * SECOND) == []


def test_every_step_is_compared_in_constant_time_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr(totp, "compare_digest", watched)
    for step in (4, 5, 6, 9):
        compared.clear()
        matching_steps(SEED, RFC_4226[step], 5 * 30 * SECOND)
        assert compared == [RFC_4226[6].encode(), RFC_4226[5].encode(), RFC_4226[4].encode()]


def test_the_address_holds_what_a_phone_needs() -> None:
    address = urlsplit(uri_of("ada.l", SEED))
    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/Assent:ada.l")
    wanted = {"secret": written_seed(SEED), "issuer": "Assent", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert parse_qs(address.query) == {name: [value] for name, value in wanted.items()}
    assert base64.b32decode(written_seed(SEED)) == SEED
    assert "=" not in written_seed(SEED)
