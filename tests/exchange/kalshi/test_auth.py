"""Who signed what: text, key, algorithm and time, each wrong in turn."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from tests.exchange.kalshi.support import ANN_KEY, signed_headers

from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.errors import Reply
from assent.exchange.types import SECOND

NOW = 1_790_000_000 * SECOND
PATH = "/trade-api/v2/portfolio/orders"
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
ED = Ed25519PrivateKey.from_private_bytes(b"e" * 32)


def identify(private: Any, headers: dict[str, str], *, method: str = "GET", path: str = PATH, now: int = NOW) -> Any:
    keys = Keys((Member(ANN_KEY, private.public_key(), "ann"),))
    return keys.identify({name.lower(): value for name, value in headers.items()}, method, path, now)


def why(answer: Any) -> tuple[int, Any]:
    assert isinstance(answer, Reply), answer
    error = json.loads(answer.body)["error"]
    return answer.status, error.get("details", error["code"])


@pytest.mark.parametrize("private", [RSA, ED], ids=["rsa", "ed25519"])
def test_the_owner_of_a_key_is_known_by_the_signature(private: Any) -> None:
    assert identify(private, signed_headers("GET", PATH, NOW, private=private)).account == "ann"


@pytest.mark.parametrize("private", [RSA, ED], ids=["rsa", "ed25519"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", PATH), ("GET", PATH + "?limit=5"), ("GET", PATH.removeprefix("/trade-api/v2")), ("get", PATH)],
)
def test_another_text_was_not_signed(private: Any, method: str, path: str) -> None:
    headers = signed_headers(method, path, NOW, private=private)
    assert why(identify(private, headers)) == (401, "INCORRECT_API_KEY_SIGNATURE")


def test_the_registered_key_decides_the_algorithm() -> None:
    headers = signed_headers("GET", PATH, NOW, private=ED)
    assert why(identify(RSA, headers)) == (401, "INCORRECT_API_KEY_SIGNATURE")


@pytest.mark.parametrize(
    "padding", [PSS(MGF1(SHA256()), PSS.MAX_LENGTH), PKCS1v15()], ids=["longest salt", "PKCS#1 v1.5"]
)
def test_another_padding_is_refused(padding: Any) -> None:
    headers = signed_headers("GET", PATH, NOW, private=RSA)
    text = headers["KALSHI-ACCESS-TIMESTAMP"] + "GET" + PATH
    headers["KALSHI-ACCESS-SIGNATURE"] = base64.b64encode(RSA.sign(text.encode(), padding, SHA256())).decode()
    assert why(identify(RSA, headers)) == (401, "INCORRECT_API_KEY_SIGNATURE")


@pytest.mark.parametrize("signature", ["!", "AAAA", "A" * 3_000, "\u00e4"])
def test_what_is_no_signature_at_all_is_refused(signature: str) -> None:
    headers = signed_headers("GET", PATH, NOW, private=ED) | {"KALSHI-ACCESS-SIGNATURE": signature}
    assert why(identify(ED, headers)) == (401, "INCORRECT_API_KEY_SIGNATURE")


def test_an_unknown_key_is_not_found() -> None:
    headers = signed_headers("GET", PATH, NOW, private=ED, key_id="somebody")
    assert why(identify(ED, headers)) == (401, "NOT_FOUND")


@pytest.mark.parametrize("name", ["KEY", "TIMESTAMP", "SIGNATURE"])
def test_a_missing_header_is_named_a_missing_signature(name: str) -> None:
    headers = signed_headers("GET", PATH, NOW, private=ED)
    del headers[f"KALSHI-ACCESS-{name}"]
    assert why(identify(ED, headers)) == (401, "signature_is_missing_from_headers")


@pytest.mark.parametrize(
    ("ahead", "taken"), [(-5, True), (-10, True), (-30, False), (5, True), (30, True), (60, False)]
)
def test_a_clock_may_be_wrong_by_so_much(ahead: int, taken: bool) -> None:
    answer = identify(ED, signed_headers("GET", PATH, NOW + ahead * SECOND, private=ED))
    assert isinstance(answer, Member) == taken
    if not taken:
        assert why(answer) == (401, "header_timestamp_expired")


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1.5", "9" * 40, "\u0661"])
def test_a_timestamp_that_is_none_has_expired(timestamp: str) -> None:
    headers = signed_headers("GET", PATH, NOW, private=ED) | {"KALSHI-ACCESS-TIMESTAMP": timestamp}
    assert why(identify(ED, headers)) == (401, "header_timestamp_expired")
