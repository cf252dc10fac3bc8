"""Who we are, proven for each request: the three headers that Kalshi asks for, on REST and on the websocket's upgrade.

What is signed is the time in milliseconds, the method and the path, without the query, the host or the body. The kind
of the registered key decides the algorithm: RSA-PSS with SHA-256 or Ed25519. The caller says what time it is.

The private key lives in one closed place. It is never part of a representation, an error, a pickle or a copy, and an
error about a key never quotes what was in the file or in the key id.
"""

import base64
import re
from collections.abc import Callable
from typing import Final, Literal, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from assent.model.errors import AssentError, require
from assent.model.units import UNITS, is_time

Method = Literal["GET", "POST", "PUT", "DELETE"]
Kind = Literal["rsa", "ed25519"]

METHODS: Final[frozenset[str]] = frozenset({"GET", "POST", "PUT", "DELETE"})
KEY_HEADER: Final = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER: Final = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER: Final = "KALSHI-ACCESS-SIGNATURE"
# Every path is signed from the root of the interface on.
ROOT: Final = "/trade-api/"
WEBSOCKET_PATH: Final = "/trade-api/ws/v2"

RSA_BITS_MIN: Final = 2048
# A longer key makes each signature slow, and the venue issues none.
RSA_BITS_MAX: Final = 4096
PEM_BYTES_MAX: Final = 16_384
TARGET_MAX: Final = 4_096
# SHA-256's length: the venue refuses the longest possible salt.
SALT_BYTES: Final = 32

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Visible ASCII: a blank or a line break in a path would sign one request and send another.
_TARGET = re.compile(r"[!-~]+")
_PEM_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")

# Files that people take for a private key in PEM, by the label on their first line.
_NOT_A_KEY: Final = {
    b"PUBLIC KEY": "it holds a public key; the venue keeps that half, this program needs the private one",
    b"RSA PUBLIC KEY": "it holds a public key; the venue keeps that half, this program needs the private one",
    b"CERTIFICATE": "it holds a certificate; give the private key that the venue handed out with the key id",
    b"OPENSSH PRIVATE KEY": "it is in OpenSSH's own form; write it as PKCS#8 with `ssh-keygen -p -m PKCS8`",
}


class KeyRefused(AssentError):
    """This key or key id cannot sign; `code` is stable. Never holds what was refused."""

    def __init__(self, code: str, why: str) -> None:
        self.code = code
        super().__init__(f"Kalshi's API key was refused: {why}")


class Signer:
    """One key and its id. Gives headers, and nothing that would lead back to the key."""

    __slots__ = ("_key_id", "_sign", "kind")

    def __init__(self, key_id: str, kind: Kind, sign: Callable[[bytes], bytes]) -> None:
        self.kind: Kind = kind
        self._key_id = key_id
        self._sign = sign

    def headers(self, method: Method, target: str, now: int) -> dict[str, str]:
        """The headers for one request to `target` (path as it is sent, query and all) at `now` in nanoseconds."""
        stamp = _stamp(now)
        signature = self._sign(signed_text(method, target, now))
        return {
            KEY_HEADER: self._key_id,
            TIMESTAMP_HEADER: stamp,
            SIGNATURE_HEADER: base64.b64encode(signature).decode("ascii"),
        }

    def websocket_headers(self, now: int) -> dict[str, str]:
        """The headers for the request that opens the websocket."""
        return self.headers("GET", WEBSOCKET_PATH, now)

    def __repr__(self) -> str:
        return f"<Signer {self.kind}, key id ending {self._key_id[-4:]}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a signer is not copied or written down: it holds a private key")


def signed_text(method: Method, target: str, now: int) -> bytes:
    """What the signature is over: milliseconds, method and path, with nothing between them."""
    require(method in METHODS, "kalshi_method_unknown", method=method)
    path = target.partition("?")[0]
    require(path.startswith(ROOT) and len(target) <= TARGET_MAX, "kalshi_path_not_from_root", path=path[:80])
    require(_TARGET.fullmatch(target) and "#" not in target, "kalshi_path_not_plain", path=path[:80])
    return f"{_stamp(now)}{method}{path}".encode("ascii")


def load_signer(key_id: str, pem: bytes) -> Signer:
    """A signer from what the key's file holds. Raises KeyRefused with what is wrong and what to do."""
    _check_key_id(key_id)
    key = _load(pem)
    if isinstance(key, Ed25519PrivateKey):
        return Signer(key_id, "ed25519", key.sign)
    if isinstance(key, RSAPrivateKey):
        _check_size(key.key_size)
        return Signer(key_id, "rsa", _rsa_sign(key))
    raise KeyRefused(
        "key_wrong_type",
        f"it is a {type(key).__name__}; the venue takes RSA and Ed25519 keys. Create one in the account's settings.",
    )


def _rsa_sign(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    scheme = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SALT_BYTES)
    return lambda text: key.sign(text, scheme, SHA256())


def _stamp(now: int) -> str:
    # Zero is a clock that was never set, not a time.
    require(is_time(now) and now > 0, "kalshi_time_not_a_time", now=now)
    return str(now // UNITS["ms"])


def _check_key_id(key_id: str) -> None:
    if "-----BEGIN" in key_id:
        raise KeyRefused("key_id_is_a_key", "the key id holds a private key; the two were given in each other's place.")
    if not _KEY_ID.fullmatch(key_id):
        raise KeyRefused(
            "key_id_malformed",
            f"the key id has {len(key_id)} characters, and only letters, digits and dashes may be among them, "
            "64 at most; copy it as the account's settings show it, without quotes or blanks.",
        )


def _check_size(bits: int) -> None:
    if bits < RSA_BITS_MIN:
        raise KeyRefused(
            "key_too_small", f"it has {bits} bits; fewer than {RSA_BITS_MIN} are not safe. Create a new key."
        )
    if bits > RSA_BITS_MAX:
        raise KeyRefused(
            "key_too_large",
            f"it has {bits} bits, and at most {RSA_BITS_MAX} are taken. Create a new key.",
        )


def _load(pem: bytes) -> object:
    """The parsed key, whatever it is. The library's own errors end here: nothing of the file travels on with them."""
    fault = _form_fault(pem)
    if fault is not None:
        raise fault
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        refused = KeyRefused(
            "key_encrypted",
            "it is encrypted with a passphrase; decrypt it first, for example with "
            "`openssl pkey -in KEY -out PLAIN`, and keep the plain file readable by you alone.",
        )
    except UnsupportedAlgorithm:
        refused = KeyRefused("key_wrong_type", "it is of a kind that is not known here; use RSA or Ed25519.")
    except ValueError:
        refused = KeyRefused(
            "key_malformed", "its text is cut off or damaged; download it again, or create a new key and its id."
        )
    # Raised out here so that the library's error is not even chained as context.
    raise refused


def _form_fault(pem: bytes) -> KeyRefused | None:
    """What is wrong with the file before anything is parsed."""
    if len(pem) > PEM_BYTES_MAX:
        return KeyRefused("key_malformed", f"its file has {len(pem)} bytes; no key is as long. Is it the right file?")
    labels = _PEM_BEGIN.findall(pem)
    if not labels:
        return KeyRefused(
            "key_not_pem",
            "no line like -----BEGIN PRIVATE KEY----- is in it; give the whole file as downloaded.",
        )
    if len(labels) > 1:
        return KeyRefused("key_not_alone", f"{len(labels)} blocks are in it; leave only the private key there.")
    if labels[0] in _NOT_A_KEY:
        return KeyRefused("key_wrong_form", _NOT_A_KEY[labels[0]] + ".")
    if b"\\n" in pem:
        return KeyRefused(
            "key_malformed", "it holds the two characters \\n where lines should end; put real line breaks there."
        )
    return None
