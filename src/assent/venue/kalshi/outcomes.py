"""What an answer to a write means: the venue's status and code together, in one table for creates and one for cancels.

A status alone decides nothing: 409 is a duplicate, a pause, or an order that found no volume. Only a pair that stands
here is definitive; whatever is not listed (5xx, a page in HTML, nothing at all, a code of tomorrow) may have arrived,
and is unknown until evidence settles it.
"""

from collections.abc import Mapping
from typing import Final, Literal

Meaning = Literal[
    "taken",  # the body says what became of it
    "refused",  # a no, for good
    "paused",  # a no, since the venue does not trade now
    "pushed_back",  # not taken in at all: nothing was done
    "auth",  # the key or its scope was refused
    "late",  # what was dated too long ago was refused: held up on its way, or by a wrong clock
    "exists",  # an order stands under this id: only evidence says whose
    "gone",  # nothing rests under this id: only evidence says how much was executed
    "contract",  # the venue no longer speaks the interface that we speak
    "unknown",
]

_BOTH: Final[dict[tuple[int, str], Meaning]] = {
    (401, "authentication_error"): "auth",
    (401, "header_timestamp_expired"): "late",
    (401, "signature_is_missing_from_headers"): "auth",
    (409, "trading_is_paused"): "paused",
    (409, "exchange_is_paused"): "paused",
    (429, "too_many_requests"): "pushed_back",
    (400, "bad_request"): "contract",
    (400, "invalid_content_type"): "contract",
    (410, "deprecated_v1_order_endpoint"): "contract",
}

CREATE: Final[Mapping[tuple[int, str], Meaning]] = {
    **_BOTH,
    (400, "insufficient_balance"): "refused",
    (400, "available_balance_too_low"): "refused",
    (400, "invalid_price"): "refused",
    (400, "invalid_order"): "refused",
    (400, "invalid_order_size"): "refused",
    (400, "invalid_parameters"): "refused",
    (400, "parameter_validation"): "refused",
    (400, "market_inactive"): "refused",
    (400, "market_already_closed"): "refused",
    (400, "exceeded_order_group_risk_limit"): "refused",
    (409, "exceeded_order_group_risk_limit"): "refused",
    (404, "market_not_found"): "refused",
    (404, "order_group_not_found"): "refused",
    (409, "market_inactive"): "refused",
    (409, "order_already_exists"): "exists",
    (409, "fill_or_kill_insufficient_resting_volume"): "refused",
    (409, "immediate_or_cancel_insufficient_resting_volume"): "refused",
}

CANCEL: Final[Mapping[tuple[int, str], Meaning]] = {
    **_BOTH,
    (400, "invalid_parameters"): "refused",
    (400, "parameter_validation"): "refused",
    (400, "market_inactive"): "refused",
    (400, "market_already_closed"): "refused",
    (404, "not_found"): "gone",
    (409, "market_inactive"): "refused",
}


def of_create(status: int, code: str) -> Meaning:
    return "taken" if status == 201 else _meaning(CREATE, status, code)


def of_cancel(status: int, code: str) -> Meaning:
    return "taken" if status == 200 else _meaning(CANCEL, status, code)


def _meaning(table: Mapping[tuple[int, str], Meaning], status: int, code: str) -> Meaning:
    # A code may carry an id behind a colon: what stands before it is the code.
    plain = code.partition(":")[0]
    if status == 403 and plain != "unreadable":
        # Scope, subaccount or region: whatever it is called, the venue said that we may not.
        return "auth"
    return table.get((status, plain), "unknown")
