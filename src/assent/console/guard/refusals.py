"""How the console says no: one exception, one shape of answer, one table of codes.

An answer says what happened, under a stable code, and what to do. It never repeats a credential, a body or anything
else of the request that could be a secret, and never tells of our own insides.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from assent.model.reasons import sentence
from assent.model.remedies import REMEDIES

# What each code of the console means in HTTP. The codes of refused assents stand in `console.api.answers`.
STATUS: Final[Mapping[str, int]] = {
    "request_framing": 400,
    "request_path": 400,
    "upgrade_refused": 400,
    "token_in_url": 400,
    "body_not_json": 400,
    "credential_missing": 401,
    "credential_refused": 401,
    "scope_refused": 403,
    "address_refused": 403,
    "origin_refused": 403,
    "csrf_refused": 403,
    "not_found": 404,
    "method_refused": 405,
    "body_late": 408,
    "body_too_large": 413,
    "url_too_long": 414,
    "body_type": 415,
    "host_refused": 421,
    "act_refused": 409,
    "name_ambiguous": 409,
    "request_invalid": 422,
    "rate_limited": 429,
    "credential_locked": 429,
    "headers_too_large": 431,
    "console_fault": 500,
    "desk_not_running": 503,
    "ledger_unread": 503,
    "credentials_unread": 503,
    "outcome_unknown": 504,
}

Header = tuple[str, str]
# For whoever meets a queue that is full.
LATER: Final[tuple[Header, ...]] = (("retry-after", "1"),)


class Refusal(msgspec.Struct, frozen=True):
    """What everybody is told who is told no: the code, what happened, what to do."""

    code: str
    error: str
    todo: str


def todo_of(code: str) -> str:
    """What to do: for an answer that the desk refused the step after it; the door's own sentences say it themselves."""
    remedy = REMEDIES.get(code)
    return sentence(code) if remedy is None else f"{remedy}."


class Refused(Exception):
    """A request that is not served. `status` is the table's unless a caller knows better."""

    def __init__(self, code: str, error: str, *, status: int | None = None, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(code)
        self.status = STATUS[code] if status is None else status
        self.refusal = Refusal(code, error, todo_of(code))
        self.headers = headers

    @property
    def code(self) -> str:
        return self.refusal.code

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.refusal)
