"""Shards: several exchanges behind one interface, each with the collateral that a member has put there.

A market stands on the shard of its series. A member's money on shard 2 is an account of its own in the core, `name@2`;
whoever opens it has funded that shard, and where there is none an order finds no money. Moving money between shards is
not offered here. What a write is sent to is found as the venue does: by its `exchange_index`, else by the ticker in it,
else it is shard 0, where an order that stands elsewhere is not found. There is one subaccount, 0.
"""

from typing import NamedTuple

import msgspec

from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.query import Invalid, Query, Request
from assent.exchange.kalshi.settings import SHARD_MAX

SUBACCOUNTS_MAX = 63
# Asked for by a write that wants to be routed by its ticker.
BY_TICKER = -1


class Seat(NamedTuple):
    """A member on one shard: the core's account."""

    shard: int
    account: str


def shard_of(box: Box, series: str) -> int:
    return box.settings.shards.get(series, 0)


def shard_of_market(box: Box, ticker: str) -> int:
    """Where a market stands that is, or was, listed here."""
    view = box.exchange.market(ticker)
    return 0 if view is None else shard_of(box, view.spec.series)


def member_of(account: str) -> str:
    """Whose account this is, on whichever shard."""
    return account.partition("@")[0]


def shards(box: Box) -> list[int]:
    return sorted({0, *box.settings.shards.values()})


def seat_on(box: Box, member: str, shard: int) -> Seat | None:
    """Where this member stands on a shard, if it has anything there."""
    account = f"{member}@{shard}" if shard else member
    return Seat(shard, account) if account in box.histories else None


def seats(box: Box, member: str) -> list[Seat]:
    found = (seat_on(box, member, shard) for shard in shards(box))
    return [seat for seat in found if seat is not None]


def seats_asked(box: Box, request: Request) -> list[Seat]:
    """Those that a read asks for: all of them, unless it names one. On another subaccount there is nothing."""
    index = _index(request.query)
    if not is_ours(request.query):
        return []
    return [seat for seat in seats(box, request.account) if index in (BY_TICKER, seat.shard)]


def is_ours(query: Query) -> bool:
    """Whether the subaccount is the one that there is."""
    return query.integer("subaccount", 0, 0, SUBACCOUNTS_MAX) == 0


def routed(box: Box, ticker: str | None, exchange_index: int | None) -> int | None:
    """The shard that a write goes to; None if its ticker is nowhere."""
    if exchange_index is not None and exchange_index != BY_TICKER:
        return exchange_index
    if not ticker:
        return 0
    view = box.exchange.market(ticker)
    return None if view is None else shard_of(box, view.spec.series)


def seat_for(
    box: Box, member: str, ticker: str | None, exchange_index: int | None, subaccount: int | None = None
) -> Seat | None:
    """The seat that a write about an order goes to, if this member has one there."""
    shard = routed(box, ticker, exchange_index)
    return None if shard is None or subaccount not in (None, 0) else seat_on(box, member, shard)


def seat_queried(box: Box, request: Request) -> Seat | None:
    """The same for a write that says in its query where it goes."""
    if not is_ours(request.query):
        return None
    return seat_for(box, request.account, request.query.text("market_ticker"), _index(request.query))


class _Addressed(msgspec.Struct, frozen=True):
    """Of a body no more than where it goes."""

    exchange_index: int | None = None
    ticker: str | None = None
    market_ticker: str | None = None


def billed(box: Box, raw_query: bytes, body: bytes, *, batched: bool) -> list[int]:
    """The shards whose write buckets a write is billed to: the one that it names, all of them if it is to be routed by
    its ticker, else 0. A batch is billed to 0 whatever its items say."""
    known = shards(box)
    if batched or len(known) == 1:
        return [0]
    try:
        query = Query(raw_query.decode("latin-1"))
        said = msgspec.json.decode(body, type=_Addressed) if body else _Addressed()
        index = _index(query) if said.exchange_index is None else said.exchange_index
    except (msgspec.DecodeError, Invalid):
        return [0]
    if index != BY_TICKER:
        return [index if index in known else 0]
    return known if said.ticker or said.market_ticker or query.text("market_ticker") else [0]


def _index(query: Query) -> int:
    return query.integer("exchange_index", BY_TICKER, BY_TICKER, SHARD_MAX)
