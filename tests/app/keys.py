"""Keys for tests, made anew each time: nothing here opens anything."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_key(path: Path, *, mode: int = 0o600) -> bytes:
    pem = new_pem()
    path.write_bytes(pem)
    path.chmod(mode)
    return pem


def secret_of(pem: bytes) -> str:
    """The one line of it that nobody may ever see."""
    return pem.decode().splitlines()[1]
