"""Who is asking: the venue's check of a signature over timestamp, method and path.

The signed text is the timestamp in milliseconds, the method and the whole path without its query, with nothing between.
The key as it was registered decides the algorithm. The host and the body are not signed, and a signature may be used
again while its timestamp is fresh: the venue does not promise more, so neither does the box.
"""

import base64
import binascii
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from assent.exchange.kalshi.errors import Reply, refuse
from assent.exchange.kalshi.numbers import MILLISECOND
from assent.exchange.types import SECOND

PublicKey = RSAPublicKey | Ed25519PublicKey

KEY_HEADER = "kalshi-access-key"
TIMESTAMP_HEADER = "kalshi-access-timestamp"
SIGNATURE_HEADER = "kalshi-access-signature"

# Measured, not documented: 10 s either way and 30 s ahead were taken, 30 s behind and 60 s ahead were not. Where nobody
# has measured, the box refuses.
BEHIND_MAX = 10 * SECOND
AHEAD_MAX = 30 * SECOND
SIGNATURE_CHARS_MAX = 2_000
TIMESTAMP_DIGITS_MAX = 16


class Member(msgspec.Struct, frozen=True):
    """A registered key and the account that it trades for."""

    key_id: str
    public_key: PublicKey
    account: str


class Keys:
    """All registered keys."""

    def __init__(self, members: tuple[Member, ...]) -> None:
        self._members = {member.key_id: member for member in members}

    def identify(self, headers: Mapping[str, str], method: str, path: str, now: int) -> Member | Reply:
        """The member who signed this request, or the venue's 401."""
        key_id, timestamp, signature = (
            headers.get(name, "") for name in (KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
        )
        if not key_id or not timestamp or not signature:
            return refuse("signature_is_missing_from_headers")
        if not _is_fresh(timestamp, now):
            return refuse("header_timestamp_expired")
        member = self._members.get(key_id)
        if member is None:
            return refuse("authentication_error", "NOT_FOUND")
        if not _has_signed(member.public_key, signature, f"{timestamp}{method}{path}"):
            return refuse("authentication_error", "INCORRECT_API_KEY_SIGNATURE")
        return member


def _is_fresh(timestamp: str, now: int) -> bool:
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > TIMESTAMP_DIGITS_MAX:
        return False
    ahead = int(timestamp) * MILLISECOND - now
    return -BEHIND_MAX <= ahead <= AHEAD_MAX


def _has_signed(key: PublicKey, signature: str, text: str) -> bool:
    if len(signature) > SIGNATURE_CHARS_MAX:
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, text.encode())
        else:
            key.verify(raw, text.encode(), PSS(mgf=MGF1(SHA256()), salt_length=32), SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True
