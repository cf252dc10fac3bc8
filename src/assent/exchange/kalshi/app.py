"""The server: a plain ASGI application that reads a request, finds who answers it, and writes the reply.

The clock is handed in, and everything is done within one task of the server without a thread: once a request has been
read to its end it is carried out to its end, whether or not the client still listens. What is refused is answered in
the venue's shapes; an exception that gets out of here is a bug of ours.
"""

from collections.abc import Callable
from typing import NamedTuple

from assent.exchange.kalshi import (
    account,
    batches,
    candlesticks,
    groups,
    historical,
    orders,
    portfolio,
    public,
    queue,
    shards,
)
from assent.exchange.kalshi.asgi import RECEIVED, Receive, Scope, Send, read_body
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.buckets import COST_DEFAULT, UNLIMITED, Buckets, Tier
from assent.exchange.kalshi.channels import Habits
from assent.exchange.kalshi.errors import JSON_TYPE, Reply, Row, answer, refuse
from assent.exchange.kalshi.query import Invalid, Query, Request
from assent.exchange.kalshi.websocket import WebSockets

Handler = Callable[[Box, Request], Reply]

ROOT = "/trade-api/v2"
BODY_MAX = 1 << 20
QUERY_MAX = 16_384


class Route(NamedTuple):
    """`path` below the root; `{name}` stands for one segment of the caller's choice. `items` counts what is billed."""

    method: str
    path: str
    handler: Handler
    signed: bool = False
    cost: int = COST_DEFAULT
    items: Callable[[bytes], int] = lambda _: 1


def _endpoint_costs(_: Box, __: Request) -> Reply:
    """What does not cost as much as everything else, by the table below."""
    rows: list[Row] = [
        {"method": route.method, "path": ROOT + route.path, "cost": route.cost}
        for route in ROUTES
        if route.cost != COST_DEFAULT
    ]
    return answer({"default_cost": COST_DEFAULT, "endpoint_costs": rows})


def _gone(_: Box, __: Request) -> Reply:
    """Orders in the words of the first version are dead."""
    return refuse("deprecated_v1_order_endpoint")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/exchange/status", public.status),
    Route("GET", "/exchange/schedule", public.schedule),
    Route("GET", "/exchange/user_data_timestamp", account.user_data_timestamp),
    Route("GET", "/account/limits", account.limits, signed=True),
    Route("GET", "/account/endpoint_costs", _endpoint_costs),
    Route("GET", "/series", public.series_list),
    Route("GET", "/series/fee_changes", public.series_fee_changes),
    Route("GET", "/series/{series_ticker}/markets/{ticker}/candlesticks", candlesticks.of_market),
    Route("GET", "/series/{series_ticker}/events/{ticker}/candlesticks", candlesticks.of_event),
    Route("GET", "/series/{series_ticker}", public.series),
    Route("GET", "/events", public.events),
    Route("GET", "/events/fee_changes", public.event_fee_changes),
    Route("GET", "/events/{event_ticker}/metadata", public.event_metadata),
    Route("GET", "/events/{event_ticker}", public.event),
    Route("GET", "/markets", public.markets),
    Route("GET", "/markets/trades", public.trades),
    Route("GET", "/markets/orderbooks", public.orderbooks),
    Route("GET", "/markets/candlesticks", candlesticks.of_markets),
    Route("GET", "/markets/{ticker}", public.market),
    Route("GET", "/markets/{ticker}/orderbook", public.orderbook),
    Route("GET", "/historical/cutoff", historical.cutoff),
    Route("GET", "/historical/markets", historical.markets),
    Route("GET", "/historical/markets/{ticker}", historical.market),
    Route("GET", "/historical/markets/{ticker}/candlesticks", historical.market_candlesticks),
    Route("GET", "/historical/trades", historical.trades),
    Route("GET", "/historical/fills", historical.fills, signed=True),
    Route("GET", "/historical/orders", historical.orders, signed=True),
    Route("GET", "/historical/positions", historical.positions, signed=True),
    Route("GET", "/portfolio/balance", portfolio.balance, signed=True),
    Route("GET", "/portfolio/positions", portfolio.positions, signed=True),
    Route("GET", "/portfolio/fills", portfolio.fills, signed=True),
    Route("GET", "/portfolio/settlements", portfolio.settlements, signed=True),
    Route("GET", "/portfolio/orders", portfolio.orders, signed=True),
    Route("GET", "/portfolio/orders/{order_id}", portfolio.order, signed=True, cost=2),
    Route("GET", "/portfolio/orders/queue_positions", queue.positions, signed=True),
    Route("GET", "/portfolio/orders/{order_id}/queue_position", queue.position, signed=True),
    Route("POST", "/portfolio/events/orders", orders.create, signed=True),
    Route("POST", "/portfolio/events/orders/batched", batches.create, signed=True, items=batches.items),
    Route("DELETE", "/portfolio/events/orders/batched", batches.cancel, signed=True, cost=2, items=batches.items),
    Route("DELETE", "/portfolio/events/orders", orders.cancel_all, signed=True, cost=2),
    Route("DELETE", "/portfolio/events/orders/{order_id}", orders.cancel, signed=True, cost=2),
    Route("POST", "/portfolio/events/orders/{order_id}/amend", orders.amend, signed=True),
    Route("POST", "/portfolio/events/orders/{order_id}/decrease", orders.decrease, signed=True),
    Route("POST", "/portfolio/order_groups/create", groups.create, signed=True),
    Route("GET", "/portfolio/order_groups", groups.groups, signed=True),
    Route("GET", "/portfolio/order_groups/{order_group_id}", groups.group, signed=True),
    Route("DELETE", "/portfolio/order_groups/{order_group_id}", groups.delete, signed=True),
    Route("PUT", "/portfolio/order_groups/{order_group_id}/reset", groups.reset, signed=True),
    Route("PUT", "/portfolio/order_groups/{order_group_id}/trigger", groups.trigger, signed=True),
    Route("PUT", "/portfolio/order_groups/{order_group_id}/limit", groups.limit, signed=True),
    Route("POST", "/portfolio/orders", _gone, signed=True),
    Route("POST", "/portfolio/orders/batched", _gone, signed=True),
    Route("DELETE", "/portfolio/orders/batched", _gone, signed=True),
    Route("DELETE", "/portfolio/orders/{order_id}", _gone, signed=True),
    Route("POST", "/portfolio/orders/{order_id}/amend", _gone, signed=True),
    Route("POST", "/portfolio/orders/{order_id}/decrease", _gone, signed=True),
)


class App:
    """`clock` gives UTC nanoseconds; it is asked once for each request, after the whole of it has come in.
    Without a `tier` nobody is limited; who does not sign never is, since the venue says nothing about that. `habits`
    are those of the websocket."""

    def __init__(
        self, box: Box, keys: Keys, clock: Callable[[], int], *, tier: Tier | None = None, habits: Habits | None = None
    ) -> None:
        self._box = box
        self._keys = keys
        self._clock = clock
        self._buckets = Buckets(tier) if tier is not None else None
        self._websockets = WebSockets(box, keys, clock, habits or Habits())
        self._tier = tier or UNLIMITED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await self._websockets.serve(_path_as_sent(scope), _headers(scope), scope, receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"this application speaks http and websocket, not {scope['type']!r}")
        body = await read_body(receive, BODY_MAX)
        if body is None:
            return
        reply = refuse("payload_too_large") if len(body) > BODY_MAX else self._answer(scope, body)
        headers = [(name.encode(), value.encode()) for name, value in reply.headers]
        if reply.status != 204:
            headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _answer(self, scope: Scope, body: bytes) -> Reply:
        """Who asks, what for, with what: in this sequence, the first no is the answer."""
        method, path = str(scope["method"]), _path_as_sent(scope)
        if len(path) > 1 and path.endswith("/"):
            return Reply(301, b"", (("location", path.rstrip("/")),))
        matching = _matching(path)
        route = next((each for each in matching if each.method == method), None)
        if route is None:
            return refuse("method_not_allowed" if matching else "not_found")
        headers = _headers(scope)
        clock = self._clock()
        who = ""
        if route.signed:
            # What was held on its way has been looked at when it came in.
            member = self._keys.identify(headers, method, path, scope.get(RECEIVED, clock))
            if not isinstance(member, Member):
                return member
            who = member.account
            if not self._may_ask(route, who, scope["query_string"], body, clock):
                return refuse("too_many_requests")
        if body and headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
            return refuse("invalid_content_type")
        if len(scope["query_string"]) > QUERY_MAX:
            return refuse("parameter_validation", f"the query is longer than {QUERY_MAX} bytes")
        now = self._box.live_until(clock)
        try:
            query = Query(scope["query_string"].decode("latin-1"))
            return route.handler(self._box, Request(query, _segments(path), body, who, now, self._tier))
        except Invalid as error:
            return refuse("parameter_validation", str(error))

    def _may_ask(self, route: Route, who: str, query: bytes, body: bytes, now: int) -> bool:
        if self._buckets is None:
            return True
        billed = shards.billed(self._box, query[:QUERY_MAX], body, batched=route.items is batches.items)
        cost = route.cost * route.items(body)
        return self._buckets.take(who, writes=route.method != "GET", cost=cost, now=now, shards=billed)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _path_as_sent(scope: Scope) -> str:
    """What the client wrote, percent signs and all: that is what it has signed."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix(ROOT + "/").split("/"))


def _matching(path: str) -> list[Route]:
    """The routes whose path this is, with those of other methods, so that a wrong method can be told."""
    if not path.startswith(ROOT + "/"):
        return []
    segments = _segments(path)
    found = [route for route in ROUTES if _fits(_PATTERNS[route.path], segments)]
    # `/markets/trades` is no market: a fixed path shadows those with a `{name}` of every method.
    exact = [route for route in found if "{" not in route.path]
    return exact or found


def _fits(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(pattern) == len(segments) and all(
        want == got or want.startswith("{") for want, got in zip(pattern, segments, strict=True)
    )


_PATTERNS = {route.path: tuple(route.path[1:].split("/")) for route in ROUTES}


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing is opened and nothing is closed here; the server only wants to hear it."""
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
