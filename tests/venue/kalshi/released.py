"""The adapter at the boxed exchange, a desk that knows exactly what it released, and a hand on every byte between."""

from collections.abc import Awaitable, Callable
from typing import Any

import h11
from tests.venue.byte_changes import Change
from tests.venue.kalshi.boxed import CENT, MARKET, START, Desk, an_order, life

from assent.model.inputs import Accepted, NotSent, Outcome
from assent.model.orders import DIFFERS, Order, order_digest
from assent.model.units import HOUR, MICRO
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.leaving import IN_MEMORY, read_request
from assent.venue.port import Permit
from assent.venue.transport import Request, Stays

ORDERS = "/portfolio/events/orders"
BELTED = Terms(cancel_on_pause=True, group_limit=500 * MICRO, subaccount=0)
RESTS = {"price": 39 * CENT, "expires_ts": START + HOUR + 1, "post_only": True}
LEAVES = {"side": "sell", "time_in_force": "ioc", "reduce_only": True, "price": 60 * CENT, "protective": True}
KINDS: dict[str, tuple[Terms, dict[str, Any]]] = {
    "plain": (Terms(), {}),
    "rests with every belt": (BELTED, RESTS),
    "leaves": (BELTED, LEAVES),
    "all or nothing": (Terms(), {"time_in_force": "fok", "qty": 1_230_000}),
}


class Released(Desk):
    """A venue whose desk knows exactly which orders it has released, by their digests."""

    def __init__(self, terms: Terms = BELTED) -> None:
        super().__init__()
        self.terms = terms
        self.digests: dict[str, str] = {}
        self.number = 0

    def start(self) -> None:
        super().start()
        self.venue._orders._permit = Permit(self.permit_order, self.permit_cancel)

    def permit_order(self, order_id: str, _now: int, digest: str) -> str | None:
        if order_id not in self.digests:
            return "not_released"
        return None if self.digests[order_id] == digest else DIFFERS

    def permit_cancel(self, order_id: str, _venue_order_id: str, instrument: str) -> str | None:
        return None if order_id in self.digests and instrument == MARKET else DIFFERS

    def an_order(self, **changes: Any) -> Order:
        """One more that was released."""
        self.number += 1
        order = an_order(f"{self.number:08x}-aaaa-4aaa-8aaa-000000000001", **changes)
        self.digests[order.order_id] = order_digest(order)
        self.released.add(order.order_id)
        return order

    def taken(self) -> list[str]:
        """The client order ids of all that the box has of Ann's, by its own record."""
        history = self.histories["ann"]
        return [str(history.view(each).client_order_id) for each in history.orders]

    def writes(self) -> int:
        return sum(each.method != "GET" for each in self.wire.requests)


def at(terms: Terms, script: Callable[[Released], Awaitable[None]]) -> Released:
    desk = Released(terms)

    async def whole() -> None:
        await desk.connect()
        desk.bob("sell", 40, 1_000)
        await script(desk)

    life(whole)
    return desk


async def as_it_leaves(desk: Released, order: Order) -> Request:
    """The request for this order with its watcher, taken away from the transport."""
    caught: list[Request] = []

    async def spoiler(request: Request, send_on: Callable[[], Awaitable[Any]]) -> Any:
        if request.method == "POST":
            caught.append(request)
        return await send_on()

    desk.wire.spoilers.append(spoiler)
    assert isinstance(await desk.venue.send(order), Accepted)
    desk.wire.spoilers.remove(spoiler)
    return caught[0]


def raw_of(request: Request) -> bytes:
    """Its bytes, as the client writes them that the network uses."""
    connection = h11.Connection(h11.CLIENT)
    headers = [("Host", "venue.test"), ("accept-encoding", "gzip"), *request.headers.items()]
    headers += [("Content-Length", str(len(request.body)))] if request.body else []
    head = connection.send(h11.Request(method=request.method, target=request.target, headers=headers))
    body = connection.send(h11.Data(request.body)) if request.body else b""
    return (head or b"") + (body or b"")


def asked(request: Request, raw: bytes) -> Stays | None:
    """What a transport does with the bytes that it is about to write."""
    leaving = read_request(raw, IN_MEMORY)
    if leaving is None:
        return Stays(DIFFERS)
    assert request.withheld is not None
    return request.withheld(leaving)


def with_length(request: Request, change: Change) -> Change:
    """The changed body under a head that fits it: only what it says can give it away."""
    return Change(f"{change.what}, with its length", raw_of(request._replace(body=change.made)))


async def stayed(desk: Released, attempt: Awaitable[Outcome], what: str) -> None:
    before = (desk.writes(), desk.taken())
    outcome = await attempt
    assert isinstance(outcome, NotSent), (what, outcome)
    assert (desk.writes(), desk.taken()) == before, what


def told(what: str) -> None:
    """How much was tried belongs to the result: `pytest -s` shows it."""
    print(what)  # noqa: T201
