"""The four shapes of a refusal, and that every refusal of the core has one."""

import json

import pytest

from assent.exchange.kalshi.errors import REFUSALS, refuse, rejected
from assent.exchange.types import REJECTIONS, Rejected


@pytest.mark.parametrize("code", REJECTIONS)
def test_whatever_the_core_refuses_has_a_status_on_the_wire(code: str) -> None:
    reply = rejected(Rejected(code, "because"))
    assert 400 <= reply.status < 500
    assert json.loads(reply.body)["error"]["code"] == code


def test_each_refusal_wears_its_shape() -> None:
    duplicate = refuse("order_already_exists")
    undecodable = refuse("bad_request", "expected str")
    parameter = refuse("parameter_validation", "limit")
    hurried = refuse("too_many_requests")
    assert (duplicate.status, json.loads(duplicate.body)) == (
        409,
        {"error": {"code": "order_already_exists", "message": "order already exists"}},
    )
    assert (undecodable.status, json.loads(undecodable.body)) == (
        400,
        {"code": "bad_request", "message": "bad request", "details": "expected str"},
    )
    assert (parameter.status, json.loads(parameter.body)) == (400, {"msg": "Parameter validation failed: limit"})
    assert (hurried.status, json.loads(hurried.body)) == (429, {"error": "too many requests"})


def test_no_refusal_names_the_service_which_was_removed() -> None:
    assert all(b"service" not in refuse(code, "because").body for code in REFUSALS)
