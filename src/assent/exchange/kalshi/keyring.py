"""The keys of a box's folder: pairs that it has made for its member, and public keys that somebody brought.

A private half is written once, for its owner alone to read, and never kept: what the box needs later is the public
half, in `keys.json`. An id is made from the public key, so nothing has to be drawn for it.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from assent.exchange.kalshi.auth import Keys, Member, PublicKey
from assent.exchange.types import ExchangeError

KeyType = Literal["rsa", "ed25519"]
FILE = "keys.json"
RSA_BITS = 2_048
KEYS_MAX = 1_000
KEY_ID_MAX = 64


class KeyringError(ExchangeError):
    """A key or the file of keys cannot be used: which, why, and what to do."""


class Own(NamedTuple):
    """The pair that the box has made: its id, and where its owner finds the private half."""

    key_id: str
    private_file: Path


class _Entry(msgspec.Struct, frozen=True):
    account: str
    public_pem: str


class Keyring:
    """All keys of one folder. What is added is on disk when the call returns."""

    def __init__(self, folder: Path, account: str) -> None:
        self._folder = folder
        self._account = account
        self._entries = _read(folder / FILE)

    def own(self, kind: KeyType) -> Own:
        """The pair of this kind, made now if this folder has none yet."""
        path = self._folder / f"key-{kind}.pem"
        known = next(
            (name for name, entry in self._entries.items() if _kind(entry) == kind and _made_here(name, entry)), ""
        )
        if known:
            _must_be_private(path)
            return Own(known, path)
        # A private half that is there already was written just before a crash.
        public = _public_of(path) if path.exists() else _make(kind, path)
        key_id = _id_of(public)
        self._add(key_id, public)
        return Own(key_id, path)

    def register(self, key_id: str, path: Path) -> None:
        """Let the member sign with a key of its own too."""
        if not 0 < len(key_id) <= KEY_ID_MAX or not key_id.isascii() or not key_id.isprintable():
            raise KeyringError(f"{key_id!r:.80} is no key id: give 1 to {KEY_ID_MAX} plain characters, such as a UUID")
        try:
            public = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise KeyringError(
                f"{path}: {error}. It is not a public key in PEM that can be read; name such a file"
            ) from error
        if not isinstance(public, rsa.RSAPublicKey | Ed25519PublicKey):
            raise KeyringError(f"{path}: the venue takes RSA and Ed25519 keys, and this is {type(public).__name__}")
        before = self._entries.get(key_id)
        if before is not None and before.public_pem != _pem(public):
            raise KeyringError(f"key id {key_id} belongs to another key here already; give yours another id")
        self._add(key_id, public)

    def keys(self) -> Keys:
        return Keys(tuple(Member(name, _public(entry), entry.account) for name, entry in self._entries.items()))

    def shown(self) -> list[dict[str, str]]:
        """What may be told of the keys."""
        return [
            {"key_id": name, "account": entry.account, "type": _kind(entry)} for name, entry in self._entries.items()
        ]

    def _add(self, key_id: str, public: PublicKey) -> None:
        if len(self._entries) >= KEYS_MAX:
            raise KeyringError(f"{self._folder / FILE} holds {KEYS_MAX} keys already; remove those that nobody uses")
        self._entries[key_id] = _Entry(self._account, _pem(public))
        path = self._folder / FILE
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self._entries)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


def _read(path: Path) -> dict[str, _Entry]:
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=dict[str, _Entry])
        for entry in entries.values():
            _public(entry)
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, ValueError, UnsupportedAlgorithm, OSError) as error:
        raise KeyringError(
            f"{path}: {error}. The keys that may sign stand there; mend it, or move it away: the box then begins a new"
            " one with its own keys"
        ) from error
    return entries


def _make(kind: KeyType, path: Path) -> PublicKey:
    private = rsa.generate_private_key(65_537, RSA_BITS) if kind == "rsa" else Ed25519PrivateKey.generate()
    _write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return private.public_key()


def _public_of(path: Path) -> PublicKey:
    _must_be_private(path)
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as error:
        raise KeyringError(f"{path} is there, but it is no private key that can be read: move it away") from error
    public = private.public_key()
    if not isinstance(public, rsa.RSAPublicKey | Ed25519PublicKey):
        raise KeyringError(f"{path} holds a {type(private).__name__}, which the venue does not take: move it away")
    return public


def _write_new(path: Path, private: bytes) -> None:
    """For its owner's eyes only from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(private)
        file.flush()
        os.fsync(file.fileno())


def _must_be_private(path: Path) -> None:
    """A private half that has been moved away is its owner's business; one that others may read is not."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyringError(f"{path} may be read by others than its owner: a private key must not. Do: chmod 600 {path}")


def _public(entry: _Entry) -> PublicKey:
    public = load_pem_public_key(entry.public_pem.encode())
    if not isinstance(public, rsa.RSAPublicKey | Ed25519PublicKey):
        raise ValueError(f"a key of type {type(public).__name__}")  # noqa: TRY004 - of the file, not of the caller
    return public


def _kind(entry: _Entry) -> KeyType:
    return "rsa" if isinstance(_public(entry), rsa.RSAPublicKey) else "ed25519"


def _made_here(key_id: str, entry: _Entry) -> bool:
    return key_id == _id_of(_public(entry))


def _pem(public: PublicKey) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _id_of(public: PublicKey) -> str:
    """In the form of a UUID, as the venue's are."""
    digest = hashlib.sha256(_pem(public).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
