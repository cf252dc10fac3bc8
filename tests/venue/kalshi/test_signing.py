"""What we sign is what the exchange checks, and the key stays where it is."""

import base64
import copy
import logging
import pickle
import re
import traceback
from pathlib import Path
from typing import Any

import kalshi_python_sync.auth
import pykalshi._base
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from kalshi_python_sync.auth import KalshiAuth
from pykalshi import KalshiClient
from pykalshi.feed import Feed

from assent.model.errors import InvariantBroken
from assent.venue.kalshi.signing import (
    METHODS,
    RSA_BITS_MIN,
    KeyRefused,
    Method,
    Signer,
    _check_size,
    load_signer,
    signed_text,
)

KEY_ID = "7d0c2f0e-6f0d-4d0a-9f7e-2f1f6a1b9c11"
NOW = 1_790_000_000_123_456_789
RSA = rsa.generate_private_key(65537, 2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()
ORDERS = "/trade-api/v2/portfolio/orders"
TARGETS = [ORDERS, "/trade-api/v2/portfolio/events/orders/0b9a4c1e-5b55", "/trade-api/v2/markets/KX%2FA-26.5"]


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))


def signer(key: Any = RSA) -> Signer:
    return load_signer(KEY_ID, pem(key))


def check_rsa(signature: str, text: bytes, salt: int = 32) -> None:
    """The exchange's side: raises where the signature is not over `text`."""
    scheme = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=salt)
    RSA.public_key().verify(base64.b64decode(signature, validate=True), text, scheme, SHA256())


class Witness:
    """Stands where another client keeps its key: signs with the real one, and remembers what it was asked to sign."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.salts: list[object] = []

    def sign(self, text: bytes, scheme: padding.PSS, digest: SHA256) -> bytes:
        self.asked.append(text)
        self.salts.append(scheme._salt_length)
        return RSA.sign(text, scheme, digest)


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other clients read the machine's clock; here it stands at NOW, a whole millisecond for their floats' sake."""
    for module in (kalshi_python_sync.auth, pykalshi._base):
        monkeypatch.setattr(module.time, "time", lambda: NOW / 1e9)


@pytest.fixture
def other_client(tmp_path: Path) -> KalshiClient:
    path = tmp_path / "key.pem"
    path.write_bytes(pem(RSA))
    return KalshiClient(api_key_id=KEY_ID, private_key_path=str(path))


def test_the_text_is_milliseconds_method_and_path_without_the_query() -> None:
    assert signed_text("GET", f"{ORDERS}?limit=5", NOW) == b"1790000000123GET/trade-api/v2/portfolio/orders"


def test_the_websocket_signs_its_own_path() -> None:
    headers = signer().websocket_headers(NOW)
    check_rsa(headers["KALSHI-ACCESS-SIGNATURE"], b"1790000000123GET/trade-api/ws/v2")


def test_the_three_headers_are_there_and_no_other() -> None:
    headers = signer(EDWARDS).headers("DELETE", ORDERS, NOW)
    assert list(headers) == ["KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"]
    assert headers["KALSHI-ACCESS-KEY"] == KEY_ID
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1790000000123"


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
@pytest.mark.parametrize("method", sorted(METHODS))
def test_an_rsa_key_of_either_form_signs_so_that_its_public_half_agrees(method: Method, form: PrivateFormat) -> None:
    mine = load_signer(KEY_ID, pem(RSA, form))
    assert mine.kind == "rsa"
    for target in TARGETS:
        headers = mine.headers(method, f"{target}?cursor=a%3D", NOW)
        check_rsa(headers["KALSHI-ACCESS-SIGNATURE"], f"1790000000123{method}{target}".encode())


def test_the_salt_is_as_long_as_the_digest() -> None:
    signature = signer().headers("GET", ORDERS, NOW)["KALSHI-ACCESS-SIGNATURE"]
    with pytest.raises(InvalidSignature):
        check_rsa(signature, signed_text("GET", ORDERS, NOW), salt=padding.calculate_max_pss_salt_length(RSA, SHA256()))


def test_an_ed25519_key_signs_the_text_itself() -> None:
    mine = signer(EDWARDS)
    signature = base64.b64decode(mine.headers("POST", ORDERS, NOW)["KALSHI-ACCESS-SIGNATURE"], validate=True)
    EDWARDS.public_key().verify(signature, f"1790000000123POST{ORDERS}".encode())
    assert (mine.kind, len(signature)) == ("ed25519", 64)


@given(
    now=st.integers(1, 4_102_444_800_000_000_000),
    method=st.sampled_from(sorted(METHODS)),
    tail=st.from_regex(r"[A-Za-z0-9%._~/-]{0,80}", fullmatch=True),
    query=st.from_regex(r"(\?[A-Za-z0-9%=&?,.-]{0,80})?", fullmatch=True),
)
def test_whatever_is_asked_only_time_method_and_path_are_signed(now: int, method: Any, tail: str, query: str) -> None:
    headers = signer(EDWARDS).headers(method, f"/trade-api/v2/{tail}{query}", now)
    text = f"{now // 1_000_000}{method}/trade-api/v2/{tail}".encode()
    EDWARDS.public_key().verify(base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), text)
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == str(now // 1_000_000)


# Two clients that others wrote, asked for their own signatures.


@pytest.mark.usefixtures("stopped_clock")
@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("target", TARGETS)
def test_the_official_client_signs_the_same_bytes(method: Method, target: str) -> None:
    theirs = KalshiAuth(KEY_ID, pem(RSA).decode())
    witness = Witness()
    theirs.private_key = witness
    headers = theirs.create_auth_headers(method, f"https://external-api.kalshi.com{target}?limit=5&cursor=x")
    mine = signer().headers(method, f"{target}?limit=5&cursor=x", NOW)
    assert witness.asked == [signed_text(method, target, NOW)]
    assert {**headers, "KALSHI-ACCESS-SIGNATURE": ""} == {**mine, "KALSHI-ACCESS-SIGNATURE": ""}
    check_rsa(headers["KALSHI-ACCESS-SIGNATURE"], signed_text(method, target, NOW))
    check_rsa(mine["KALSHI-ACCESS-SIGNATURE"], witness.asked[0])
    assert witness.salts == [padding.PSS.DIGEST_LENGTH]


@pytest.mark.usefixtures("stopped_clock")
@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("target", TARGETS)
def test_pykalshi_signs_the_same_bytes(other_client: KalshiClient, method: Method, target: str) -> None:
    witness = Witness()
    other_client.private_key = witness  # type: ignore[assignment]
    headers = other_client._get_headers(method, f"{target.removeprefix('/trade-api/v2')}?limit=5")
    mine = signer().headers(method, f"{target}?limit=5", NOW)
    assert witness.asked == [signed_text(method, target, NOW)]
    assert headers["KALSHI-ACCESS-KEY"] == mine["KALSHI-ACCESS-KEY"]
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == mine["KALSHI-ACCESS-TIMESTAMP"]
    check_rsa(mine["KALSHI-ACCESS-SIGNATURE"], witness.asked[0])
    assert witness.salts == [padding.PSS.DIGEST_LENGTH]


@pytest.mark.usefixtures("stopped_clock")
def test_pykalshi_opens_the_websocket_with_the_same_bytes(other_client: KalshiClient) -> None:
    witness = Witness()
    other_client.private_key = witness  # type: ignore[assignment]
    headers = Feed(other_client)._auth_headers()
    mine = signer().websocket_headers(NOW)
    assert set(headers) == set(mine)
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == mine["KALSHI-ACCESS-TIMESTAMP"]
    check_rsa(mine["KALSHI-ACCESS-SIGNATURE"], witness.asked[0])


# Keys that cannot be used.


def encrypted(key: Any, form: PrivateFormat) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"passphrase")))


SMALL = rsa.generate_private_key(65537, 1024)
CURVE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_PKCS1 = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


@pytest.mark.parametrize(
    ("file", "code", "says"),
    [
        (b"", "key_not_pem", "whole file"),
        (b"hello", "key_not_pem", "whole file"),
        (pem(RSA)[:400], "key_malformed", "cut off"),
        (pem(RSA).replace(b"\n", b"\\n"), "key_malformed", "real line breaks"),
        (pem(RSA)[:300] + b"AAAAAAAA" + pem(RSA)[308:], "key_malformed", "damaged"),
        (b"x" * 20_000, "key_malformed", "20000 bytes"),
        (pem(RSA) + pem(EDWARDS), "key_not_alone", "2 blocks"),
        (encrypted(RSA, PrivateFormat.PKCS8), "key_encrypted", "openssl pkey"),
        (encrypted(RSA, PrivateFormat.TraditionalOpenSSL), "key_encrypted", "openssl pkey"),
        (encrypted(EDWARDS, PrivateFormat.PKCS8), "key_encrypted", "openssl pkey"),
        (PUBLIC, "key_wrong_form", "public key"),
        (PUBLIC_PKCS1, "key_wrong_form", "public key"),
        (pem(RSA, PrivateFormat.OpenSSH), "key_wrong_form", "ssh-keygen"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "key_wrong_form", "certificate"),
        (pem(CURVE), "key_wrong_type", "RSA and Ed25519"),
        (pem(x25519.X25519PrivateKey.generate()), "key_wrong_type", "RSA and Ed25519"),
        (pem(SMALL), "key_too_small", "1024 bits"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_with_its_code_and_advice(file: bytes, code: str, says: str) -> None:
    with pytest.raises(KeyRefused, match=re.escape(says)) as refused:
        load_signer(KEY_ID, file)
    assert refused.value.code == code


def test_the_smallest_key_that_the_venue_issues_is_taken() -> None:
    assert RSA.key_size == RSA_BITS_MIN
    assert signer().kind == "rsa"


@pytest.mark.parametrize(("bits", "code"), [(2047, "key_too_small"), (4097, "key_too_large")])
def test_an_rsa_key_just_outside_the_sizes_is_refused(bits: int, code: str) -> None:
    # By its number of bits alone: to make a key of that size takes a minute.
    _check_size(4096)
    with pytest.raises(KeyRefused) as refused:
        _check_size(bits)
    assert refused.value.code == code


@pytest.mark.parametrize("file", [b"\xef\xbb\xbf" + pem(RSA), pem(RSA).replace(b"\n", b"\r\n"), b"\n \n" + pem(RSA)])
def test_a_key_from_another_editor_is_taken(file: bytes) -> None:
    assert load_signer(KEY_ID, file).kind == "rsa"


@pytest.mark.parametrize("key_id", ["", "a b", "abc\r\nX-Evil: 1", '"quoted"', "ä", "x" * 65, KEY_ID + "\n"])
def test_a_key_id_that_is_not_one_is_refused_without_being_shown(key_id: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        load_signer(key_id, pem(RSA))
    assert refused.value.code == "key_id_malformed"
    assert not key_id or key_id not in str(refused.value)


def test_a_key_in_the_place_of_its_id_is_named_and_not_shown() -> None:
    with pytest.raises(KeyRefused) as refused:
        load_signer(pem(RSA).decode(), KEY_ID.encode())
    assert refused.value.code == "key_id_is_a_key"
    assert secrets_in(str(refused.value), pem(RSA)) == []


# The key stays where it is.


def secrets_in(text: str, file: bytes) -> list[str]:
    """Lines of a key's file, and the numbers that it is made of, that stand in a text."""
    lines = [line for line in file.decode().splitlines() if line and "-----" not in line]
    numbers = RSA.private_numbers()
    return [part for part in [*lines, str(numbers.d), str(numbers.p), f"{numbers.d:x}"] if part in text]


def test_the_search_for_secrets_would_find_one() -> None:
    assert secrets_in(pem(RSA).decode(), pem(RSA))


def test_a_signer_shows_its_kind_and_the_end_of_its_id_alone(caplog: pytest.LogCaptureFixture) -> None:
    mine = signer()
    logging.getLogger("test").warning("signing with %r, %s, %s", mine, mine, [mine])
    assert repr(mine) == str(mine) == "<Signer rsa, key id ending 9c11>"
    assert secrets_in(caplog.text, pem(RSA)) == []
    assert KEY_ID not in caplog.text


@pytest.mark.parametrize(
    "file", [pem(RSA)[:400], pem(RSA) + pem(RSA), encrypted(RSA, PrivateFormat.PKCS8), pem(SMALL), pem(RSA) * 12]
)
def test_no_error_quotes_the_file_or_carries_another_error_that_might(file: bytes) -> None:
    with pytest.raises(KeyRefused) as refused:
        load_signer(KEY_ID, file)
    shown = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
    assert secrets_in(shown, file) == []
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_signer_is_not_copied_or_written_down(copier: Any) -> None:
    with pytest.raises(TypeError, match="private key"):
        copier(signer())


# Requests that no caller of ours may make.


@pytest.mark.parametrize(
    ("method", "target", "now"),
    [
        ("get", ORDERS, NOW),
        ("PATCH", ORDERS, NOW),
        ("GET", "https://external-api.kalshi.com" + ORDERS, NOW),
        ("GET", "/portfolio/orders", NOW),
        ("GET", "?/trade-api/v2/", NOW),
        ("GET", ORDERS + " x", NOW),
        ("GET", ORDERS + "?a=1\r\nX-Evil: 1", NOW),
        ("GET", ORDERS + "/ä", NOW),
        ("GET", ORDERS + "#top", NOW),
        ("GET", ORDERS + "?" + "a" * 5_000, NOW),
        ("GET", ORDERS, 0),
        ("GET", ORDERS, -1),
        ("GET", ORDERS, True),
        ("GET", ORDERS, 10**30),
    ],
)
def test_a_request_that_would_be_signed_wrong_is_a_broken_promise(method: Any, target: str, now: Any) -> None:
    with pytest.raises(InvariantBroken):
        signer(EDWARDS).headers(method, target, now)
