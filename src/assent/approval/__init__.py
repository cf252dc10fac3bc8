"""Who says yes: who somebody is, proven, before anything is done in their name.

Begin with `access.py`, the door: tokens for programs, sessions for browsers, one-time codes to begin one, second
factors for people, and the lock-out of those who guess. `store.py` is the file that holds it, `place.py` where it may
lie, `totp.py` the arithmetic of the second factor. What an identity may assent to is the constitution's business.
"""

from assent.approval.access import Access
from assent.approval.errors import AccessBusy, AccessError
from assent.approval.values import (
    CREDENTIAL_LOCKED,
    CREDENTIAL_REFUSED,
    FACTOR_LOCKED,
    FACTOR_MISSING,
    FACTOR_REPLAYED,
    FACTOR_WRONG,
    SCOPES,
    Enrolment,
    FactorShown,
    Holder,
    Refusal,
    Session,
    SessionShown,
    TokenShown,
)

__all__ = [
    "CREDENTIAL_LOCKED",
    "CREDENTIAL_REFUSED",
    "FACTOR_LOCKED",
    "FACTOR_MISSING",
    "FACTOR_REPLAYED",
    "FACTOR_WRONG",
    "SCOPES",
    "Access",
    "AccessBusy",
    "AccessError",
    "Enrolment",
    "FactorShown",
    "Holder",
    "Refusal",
    "Session",
    "SessionShown",
    "TokenShown",
]
