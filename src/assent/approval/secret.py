"""Secrets: drawn here and nowhere else, shown once, and kept only as a hash.

A secret is 256 random bits behind a prefix that says what it is, so that people and scanners know one when they see
it. So many bits need no salt and no slow hash: nobody can try them all. Looked up by a piece of the hash, compared by
the whole of it in a time that does not depend on where they differ.
"""

import base64
import hashlib
import re
import secrets  # noqa: TID251 - the one draw of credentials; a test hands in its own
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest, digest
from typing import Final, Literal

from assent.model.errors import require

Kind = Literal["token", "session", "login"]
Chance = Callable[[int], bytes]

RANDOM: Final[Chance] = secrets.token_bytes
SECRET_BYTES: Final = 32
MARK_BYTES: Final = 8
SIGN_BYTES: Final = 2
_FORM: Final = re.compile(r"assent_(?P<kind>token|session|login)_[A-Za-z0-9_-]{43}")
_PAGE: Final = b"assent: sent by a page of this session"
_LOOKED_AT_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of a secret. `mark` finds its row; it is a part of the hash, so it gives nothing away."""

    kind: Kind
    whole: bytes

    @property
    def mark(self) -> bytes:
        return self.whole[:MARK_BYTES]

    def is_of(self, kept: bytes) -> bool:
        return compare_digest(self.whole, kept)


def draw(chance: Chance, size: int) -> bytes:
    """So many random bytes; a source that hands out fewer must never make a credential."""
    drawn = chance(size)
    require(type(drawn) is bytes and len(drawn) == size, "access_chance", wanted=size)
    return drawn


def new_secret(kind: Kind, chance: Chance) -> tuple[str, Print]:
    """The secret, to be shown once, and what is kept of it."""
    drawn = base64.urlsafe_b64encode(draw(chance, SECRET_BYTES)).decode().rstrip("=")
    secret = f"assent_{kind}_{drawn}"
    return secret, Print(kind, _hash_of(secret))


def print_of(secret: object) -> Print | None:
    """What was shown to us, if it has the form of a secret; exactly, without a character too many."""
    if not isinstance(secret, str):
        return None
    found = _FORM.fullmatch(secret)
    if found is None:
        return None
    kinds: dict[str, Kind] = {"token": "token", "session": "session", "login": "login"}
    return Print(kinds[found["kind"]], _hash_of(secret))


def page_text_of(session: str) -> str:
    """What the pages of a session send back. Derived from its secret, so the file does not hold it either."""
    return digest(session.encode(), _PAGE, "sha256").hex()


def sign_of(secret: object) -> bytes:
    """Enough of a hash to tell the same mistake, made again, from another guess; too little to find it by."""
    text = secret[:_LOOKED_AT_MAX] if isinstance(secret, str) else ""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:SIGN_BYTES]


def _hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
