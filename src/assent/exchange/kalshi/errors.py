"""How the venue says no. Four shapes of body, and which of them each refusal wears.

nested      {"error": {"code", "message", "details"?}}   most refusals
flat        {"code", "message", "details"?}              a body that could not be decoded
validation  {"msg"}                                      a query parameter out of its bounds
limited     {"error": "too many requests"}               a token bucket is empty

The table below is the only place that knows a code's status and shape. Codes whose REST spelling nobody has recorded
are marked; the adapter must not rely on those.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from assent.exchange.types import Rejected

Shape = Literal["nested", "flat", "validation", "limited"]
JSON_TYPE = "application/json"
_encoder = msgspec.json.Encoder(decimal_format="number")

Value = str | int | bool | Decimal | None | Mapping[str, "Value"] | Sequence["Value"]
Row = dict[str, Value]


class Reply(NamedTuple):
    """One HTTP answer. `told` is what a refusal says without its shape: in a batch it stands beside its item."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    told: Row | None = None


class Refusal(NamedTuple):
    status: int
    shape: Shape = "nested"
    message: str | None = None


REFUSALS: dict[str, Refusal] = {
    # Who asks.
    "authentication_error": Refusal(401, message="authentication_error"),
    "header_timestamp_expired": Refusal(401),
    "signature_is_missing_from_headers": Refusal(401),
    # What was sent.
    "bad_request": Refusal(400, "flat"),
    "parameter_validation": Refusal(400, "validation"),
    "invalid_content_type": Refusal(400),
    "payload_too_large": Refusal(413),  # spelling not recorded
    "too_many_requests": Refusal(429, "limited"),
    "method_not_allowed": Refusal(405),  # spelling not recorded
    "deprecated_v1_order_endpoint": Refusal(410),
    # What was asked.
    "not_found": Refusal(404),
    "market_not_found": Refusal(404),
    "event_not_found": Refusal(404),  # spelling not recorded
    "series_not_found": Refusal(404),  # spelling not recorded
    "invalid_parameters": Refusal(400),
    "invalid_order": Refusal(400),
    "invalid_order_size": Refusal(400),
    "order_id_and_client_order_id_mismatch": Refusal(400),
    "order_side_mismatch": Refusal(400),
    "order_ticker_mismatch": Refusal(400),
    "self_cross_attempt": Refusal(400),  # spelling not recorded
    "invalid_price": Refusal(400),
    "insufficient_balance": Refusal(400),
    "order_group_not_found": Refusal(404),  # spelling not recorded
    "exceeded_order_group_risk_limit": Refusal(400),  # spelling not recorded
    "market_inactive": Refusal(400),  # spelling not recorded
    "order_already_exists": Refusal(409),
    "trading_is_paused": Refusal(409),
    "exchange_is_paused": Refusal(409),
    "fill_or_kill_insufficient_resting_volume": Refusal(409),
}

# The core explains every refusal; the venue explains few. These are the ones whose details were seen on the wire.
_EXPLAINED = frozenset({"invalid_order", "invalid_parameters"})


def refuse(code: str, details: str | None = None) -> Reply:
    """The answer that the venue gives with this code."""
    refusal = REFUSALS[code]
    message = refusal.message or code.replace("_", " ")
    told: Row = {"code": code, "message": message}
    if details is not None:
        told["details"] = details
    bodies: dict[Shape, Row] = {
        "nested": {"error": told},
        "flat": told,
        "validation": {"msg": f"Parameter validation failed: {details}"},
        "limited": {"error": message},
    }
    return answer(bodies[refusal.shape], refusal.status)._replace(told=told)


def rejected(no: Rejected) -> Reply:
    """The core's refusal in the venue's words."""
    return refuse(no.code, no.detail if no.code in _EXPLAINED else None)


def answer(body: Row, status: int = 200) -> Reply:
    return Reply(status, _encoder.encode(body), (("content-type", JSON_TYPE),))
