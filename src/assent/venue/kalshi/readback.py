"""Kalshi's requests read back from the bytes that are about to leave, and compared with what was meant.

`wire_requests` and `wire_groups` write; this module reads, with tables and arithmetic of its own, so that a bug in a
writer is found before the venue carries it out. It is strict beyond what the venue asks: a request says what was meant
in the one canonical spelling, or it stays here.

`ROUTES` holds every request that changes anything at the venue and that may leave. What is not in it (an amend, a
decrease, a batch) has no reader, so nothing lets it leave.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

import msgspec

from assent.model.orders import Order, Side, TimeInForce
from assent.model.text import shown
from assent.model.units import SECOND
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.leaving import canonical, difference
from assent.venue.transport import Leaving


class Route(NamedTuple):
    """Where one kind of act goes; `{}` stands for the id that it is about, and a query only behind such a one."""

    method: str
    path: str


Act = Literal["order", "cancel", "make a group", "reset a group"]
ROUTES: Final[Mapping[Act, Route]] = {
    "order": Route("POST", "/trade-api/v2/portfolio/events/orders"),
    "cancel": Route("DELETE", "/trade-api/v2/portfolio/events/orders/{}"),
    "make a group": Route("POST", "/trade-api/v2/portfolio/order_groups/create"),
    "reset a group": Route("PUT", "/trade-api/v2/portfolio/order_groups/{}/reset"),
}

_SIDES: Final[Mapping[str, Side]] = {"bid": "buy", "ask": "sell"}
_TIMES: Final[Mapping[str, TimeInForce]] = {
    "good_till_canceled": "gtc",
    "immediate_or_cancel": "ioc",
    "fill_or_kill": "fok",
}


class _Placed(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The body of an order: its fields in their order; those with a default stand there only to say something else."""

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    expiration_time: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_order_on_pause: bool = False
    order_group_id: str = ""
    subaccount: int | None = None
    exchange_index: int | None = None


class _Grouped(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The body that makes an order group."""

    contracts_limit_fp: str
    exchange_index: int
    subaccount: int | None = None


_ORDER: Final = msgspec.json.Decoder(_Placed)
_GROUP: Final = msgspec.json.Decoder(_Grouped)
# What an order says beside its own terms: what holds for every order of this run.
_OF_THE_RUN: Final = (
    "self_trade_prevention_type", "cancel_order_on_pause", "order_group_id", "subaccount", "exchange_index",
)  # fmt: skip
_CENT_OF_A_CENT: Final = 100
_HUNDREDTH: Final = 10_000
_PRICE: Final = re.compile(r"0\.([0-9]{4})")
_COUNT: Final = re.compile(r"(0|[1-9][0-9]{0,9})\.([0-9]{2})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@~+-]{0,119}")
# A ticker as it stands in a query: a plus sign would be read as a blank there.
_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9._:@~-]|%2B)+")


def order(leaving: Leaving, released: Order, terms: Terms) -> Order | str:
    """The order that these bytes place, or why they must stay.

    What they cannot say (its intent and attempt, its parent and group, whether it protects) is taken from `released`;
    its id is the hash of the intent and the attempt, and the digest of the whole is compared with the ledger's.
    """
    fault = _elsewhere(leaving, "order")
    found = canonical(leaving.body, _ORDER)
    if fault or found is None:
        return fault or "the body is not an order in canonical JSON"
    fault = _other_terms(found, terms)
    if fault:
        return fault
    price, qty = _price(found.price), _qty(found.count)
    side, time_in_force = _SIDES.get(found.side), _TIMES.get(found.time_in_force)
    if price is None or qty is None or side is None or time_in_force is None:
        return "price, count, side or time in force is not written as the venue writes it"
    read = Order(
        order_id=found.client_order_id,
        intent_id=released.intent_id,
        attempt=released.attempt,
        instrument=found.ticker,
        side=side,
        type="limit",
        price=price,
        qty=qty,
        time_in_force=time_in_force,
        post_only=found.post_only,
        reduce_only=found.reduce_only,
        expires_ts=_expiry(found.expiration_time, released.expires_ts),
        parent=released.parent,
        oca_group=released.oca_group,
        protective=released.protective,
    )
    return read if read == released else difference(released, read)


class Recalled(NamedTuple):
    """The order that a cancel takes off: the venue's id of it, and its market."""

    order_id: str
    instrument: str


def cancel(leaving: Leaving, terms: Terms) -> Recalled | str:
    """What these bytes take off, or why they must stay."""
    about = _about(leaving, "cancel")
    if about is None:
        return f"{shown(leaving.method)} {shown(leaving.target)} is not the way to a cancel"
    order_id, query = about
    ticker, *others = query.split("&")
    name, _, value = ticker.partition("=")
    if leaving.body or name != "market_ticker" or not _PLAIN.fullmatch(value):
        return "it does not name its market in its query alone"
    meant = [("subaccount", terms.subaccount), ("exchange_index", terms.exchange_index)]
    if others != [f"{name}={number}" for name, number in meant if number is not None]:
        return f"the rest of its query is {shown('&'.join(others))}: another subaccount or another shard"
    return Recalled(order_id, unquote(value))


def make_group(leaving: Leaving, *, limit: int, shard: int, subaccount: int | None) -> str:
    """Why the making of an order group must stay, or nothing."""
    fault = _elsewhere(leaving, "make a group")
    found = canonical(leaving.body, _GROUP)
    if fault or found is None:
        return fault or "the body is not the making of a group in canonical JSON"
    read = (_qty(found.contracts_limit_fp), found.exchange_index, found.subaccount)
    meant = (limit, shard, subaccount)
    return "" if read == meant else f"limit, shard and subaccount are {shown(read)}, and {shown(meant)} were meant"


def reset_group(leaving: Leaving, *, group_id: str, shard: int, subaccount: int | None) -> str:
    """Why the reset of an order group must stay, or nothing."""
    query = f"exchange_index={shard}" + ("" if subaccount is None else f"&subaccount={subaccount}")
    if _about(leaving, "reset a group") == (group_id, query) and leaving.body == b"{}":
        return ""
    said = f"{leaving.method} {leaving.target}"
    return f"it is {shown(said)}, and the reset of {shown(group_id)} with {shown(query)} was meant"


def _elsewhere(leaving: Leaving, act: Act) -> str:
    """Why this is not the way to an act that is about no id, or nothing."""
    if (leaving.method, leaving.target) == ROUTES[act]:
        return ""
    return f"{shown(leaving.method)} {shown(leaving.target)} is not the way to {act}"


def _about(leaving: Leaving, act: Act) -> tuple[str, str] | None:
    """The id that an act is about, and its query; None where this is not the way to it."""
    path, mark, query = leaving.target.partition("?")
    before, _, after = ROUTES[act].path.partition("{}")
    name = path.removeprefix(before).removesuffix(after)
    there = leaving.method == ROUTES[act].method and path == f"{before}{name}{after}"
    return (name, query) if there and mark and _NAME.fullmatch(name) else None


def _other_terms(found: _Placed, terms: Terms) -> str:
    """The belts of this run, its subaccount, the market's shard."""
    said = (
        found.self_trade_prevention_type, found.cancel_order_on_pause, found.order_group_id, found.subaccount,
        found.exchange_index,
    )  # fmt: skip
    meant = (
        terms.self_trade_prevention, terms.cancel_on_pause, terms.order_group, terms.subaccount, terms.exchange_index,
    )  # fmt: skip
    if said == meant:
        return ""
    name, one, other = next(each for each in zip(_OF_THE_RUN, said, meant, strict=True) if each[1] != each[2])
    return f"{name} is {shown(one)} in the bytes, and {shown(other)} holds for this run"


def _price(text: str) -> int | None:
    match = _PRICE.fullmatch(text)
    return int(match[1]) * _CENT_OF_A_CENT if match else None


def _qty(text: str) -> int | None:
    match = _COUNT.fullmatch(text)
    return int(match[1] + match[2]) * _HUNDREDTH if match else None


def _expiry(seconds: int | None, released: int | None) -> int | None:
    """In nanoseconds. The wire has whole seconds, rounded down: within that second the released time stands."""
    if seconds is None:
        return None
    written = seconds * SECOND
    return released if released is not None and written <= released < written + SECOND else written
