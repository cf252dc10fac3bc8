"""Order groups over the wire: made, listed, limited, triggered, reset and deleted.

A group that was triggered is told as `is_auto_cancel_enabled`: of a fresh one the wire was seen to say false. Groups
stand on subaccount 0 of shard 0, as all orders do here. They are told as they are, not by the lagging read model.
"""

from collections.abc import Callable

import msgspec

from assent.exchange.groups import (
    CreateGroup,
    DeleteGroup,
    Group,
    GroupCommand,
    GroupView,
    LimitGroup,
    ResetGroup,
    TriggerGroup,
)
from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse, rejected
from assent.exchange.kalshi.ids import group_name, wire_id
from assent.exchange.kalshi.listing import SHARD
from assent.exchange.kalshi.numbers import Unreadable
from assent.exchange.kalshi.orders import is_elsewhere
from assent.exchange.kalshi.portfolio import elsewhere
from assent.exchange.kalshi.query import Request, decoded
from assent.exchange.types import MICRO, Rejected


class LimitBody(msgspec.Struct, frozen=True):
    """The limit in whole contracts, in hundredths, or in both if they agree."""

    contracts_limit: int | None = None
    contracts_limit_fp: str | None = None


class CreateGroupBody(LimitBody, frozen=True):
    subaccount: int | None = None
    exchange_index: int | None = None


class EmptyBody(msgspec.Struct, frozen=True):
    """`{}`."""


def create(box: Box, request: Request) -> Reply:
    body = decoded(request.body, CreateGroupBody)
    if isinstance(body, Reply):
        return body
    limit = _limit(body)
    if isinstance(limit, Reply):
        return limit
    if is_elsewhere(body.subaccount, body.exchange_index):
        return refuse("invalid_parameters", "only subaccount 0 on exchange_index 0 is open here")
    made = _command(box, request, CreateGroup(limit))
    if isinstance(made, Reply):
        return made
    return answer({"order_group_id": wire_id(made.group), "subaccount": 0, "exchange_index": SHARD}, 201)


def groups(box: Box, request: Request) -> Reply:
    """Without any, the wire leaves the list away."""
    known = {} if elsewhere(request.query) else box.histories[request.account].groups
    rows = [{"id": wire_id(group.name)} | _row(group.view()) for group in known.values()]
    return answer({"order_groups": rows} if rows else {})


def group(box: Box, request: Request) -> Reply:
    known = _named(box, request)
    if known is None:
        return refuse("order_group_not_found")
    own = [view.order_id for view in box.exchange.resting(request.account) if view.group == known.name]
    return answer(_row(known.view()) | {"orders": [wire_id(order_id) for order_id in own]})


def limit(box: Box, request: Request) -> Reply:
    body = decoded(request.body, LimitBody)
    if isinstance(body, Reply):
        return body
    contracts = _limit(body)
    if isinstance(contracts, Reply):
        return contracts
    return _done(box, request, lambda name: LimitGroup(name, contracts))


def trigger(box: Box, request: Request) -> Reply:
    return _wrong_empty(request) or _done(box, request, TriggerGroup)


def reset(box: Box, request: Request) -> Reply:
    return _wrong_empty(request) or _done(box, request, ResetGroup)


def delete(box: Box, request: Request) -> Reply:
    return _done(box, request, DeleteGroup)


def _done(box: Box, request: Request, command: Callable[[str], GroupCommand]) -> Reply:
    known = _named(box, request)
    if known is None:
        return refuse("order_group_not_found")
    told = _command(box, request, command(known.name))
    return told if isinstance(told, Reply) else answer({})


def _command(box: Box, request: Request, command: GroupCommand) -> GroupView | Reply:
    told = box.exchange.command_group(request.now, request.account, command)
    box.remember()
    return rejected(told) if isinstance(told, Rejected) else told


def _named(box: Box, request: Request) -> Group | None:
    """The group that the path names, if it is this member's and stands where it is looked for."""
    name = None if elsewhere(request.query) else group_name(request.segments[2])
    return box.histories[request.account].groups.get(name or "")


def _limit(body: LimitBody) -> int | Reply:
    whole = None if body.contracts_limit is None else body.contracts_limit * MICRO
    fine = whole if body.contracts_limit_fp is None else numbers.read_count(body.contracts_limit_fp)
    if fine is None:
        return refuse("invalid_parameters", "contracts_limit or contracts_limit_fp is needed")
    if isinstance(fine, Unreadable) or (whole is not None and whole != fine):
        return refuse("invalid_parameters", f"contracts_limit_fp {body.contracts_limit_fp!r} is not this limit")
    return fine


def _wrong_empty(request: Request) -> Reply | None:
    body = decoded(request.body or b"{}", EmptyBody)
    return body if isinstance(body, Reply) else None


def _row(view: GroupView) -> Row:
    return {
        "is_auto_cancel_enabled": view.triggered,
        "contracts_limit_fp": numbers.count(view.limit),
        "exchange_index": SHARD,
    }
