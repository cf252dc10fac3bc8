"""The very last place: between the client that writes HTTP and the socket, with the box behind a real server.

A hand in the client's own writer changes what it writes. Whatever it does, the box hears no request and its record
holds no order; what nobody touched is taken each time.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import h11
import pytest
from tests.venue.byte_changes import PER_BYTE, Change, of_bytes, of_json
from tests.venue.fakes import let_go
from tests.venue.kalshi.released import told
from tests.venue.kalshi.test_rest_at_the_box import TICKER, Floor, a_rest

from assent.exchange.kalshi.server import Server
from assent.model.orders import DIFFERS, Order, order_digest
from assent.model.units import HOUR, MICRO, MINUTE, SECOND
from assent.runtime.clock import WallClock
from assent.venue.kalshi import readback, wire_requests
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.leaving import NO_READER
from assent.venue.network import Network
from assent.venue.transport import Answer, Failed, Leaving, Request, Stays

TERMS = Terms(cancel_on_pause=True, subaccount=0, exchange_index=0)


class Hand:
    """In the client's writer. What is set here is written in the place of a head, a body, an end."""

    def __init__(self) -> None:
        self.head: bytes | None = None
        self.body: bytes | None = None
        self.end: bytes | None = None
        self.wrote: list[bytes] = []

    def over(self, real: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
        def send(connection: h11.Connection, event: Any) -> bytes | None:
            written = real(connection, event)
            if connection.our_role is not h11.CLIENT:
                return written
            self.wrote.append(written or b"")
            kinds = ((h11.Request, self.head), (h11.Data, self.body), (h11.EndOfMessage, self.end))
            return next((other for kind, other in kinds if isinstance(event, kind) and other is not None), written)

        return send


class Heard:
    """The box's application, and every request that came to it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.requests: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.requests.append(f"{scope['method']} {scope['path']}")
        await self.app(scope, receive, send)


class Place:
    """A box behind a server, a door to it, and the requests that a desk makes for it."""

    def __init__(self, floor: Floor, heard: Heard, door: Network, address: str, clock: WallClock) -> None:
        self.floor, self.heard, self.door, self.address, self.clock = floor, heard, door, address, clock
        self.number = 0

    async def made(self) -> Request:
        """The signed request for one more order, with its watcher, as it is handed to a transport."""
        self.number += 1
        now = self.clock.now()
        order = Order(
            order_id=f"{self.number:08x}-aaaa-4aaa-8aaa-000000000001", intent_id="i-1", attempt=1, instrument=TICKER,
            side="buy", type="limit", price=400_000, qty=MICRO, time_in_force="gtc", expires_ts=now + HOUR,
        )  # fmt: skip
        digest = order_digest(order)

        def watcher(leaving: Leaving) -> Stays | None:
            read = readback.order(leaving, order, TERMS)
            if isinstance(read, str):
                return Stays(DIFFERS, read)
            return None if order_digest(read) == digest else Stays(DIFFERS)

        body = wire_requests.create(order, TERMS, now=now)
        assert isinstance(body, bytes)
        caught: list[Request] = []

        class Catch:
            async def request(self, request: Request, *, timeout_ns: int) -> Failed:
                caught.append(request)
                return Failed("not_sent", "caught")

        catch: Any = Catch()
        rest = a_rest(catch, self.clock, "prestige", now - MINUTE, self.address)
        await rest.write("POST", wire_requests.ORDERS_PATH, body, lane="submit", withheld=watcher)
        return caught[0]

    async def control(self) -> None:
        """An order that nobody touches is taken."""
        before = self.floor.orders()
        answer = await self.door.request(await self.made(), timeout_ns=5 * SECOND)
        assert isinstance(answer, Answer)
        assert answer.status == 201, answer
        assert self.floor.orders() == before + 1
        self.heard.requests.clear()

    def nothing_came(self, orders: int, what: str) -> None:
        assert self.heard.requests == [], what
        assert self.floor.orders() == orders, what


@asynccontextmanager
async def a_place() -> AsyncIterator[Place]:
    clock = WallClock()
    floor = Floor(clock.now())
    heard = Heard(floor.app(clock.now))
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        server = Server(heard)  # type: ignore[arg-type]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
        door = Network(f"http://{address}", f"ws://{address}")
        try:
            yield Place(floor, heard, door, f"http://{address}", clock)
        finally:
            await door.close()
            server.should_exit = True
            await serving


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    hand = Hand()
    monkeypatch.setattr(h11.Connection, "send", hand.over(h11.Connection.send))
    return hand


def some(changes: Iterator[Change]) -> Iterator[Change]:
    """Each costs a connection: by default every fourth, of all places alike."""
    every = max(1, 4 // max(1, PER_BYTE // 4))
    return (change for number, change in enumerate(changes) if number % every == 0)


def test_what_the_client_writes_is_compared_before_a_byte_of_it_is_written(hand: Hand) -> None:
    tried = 0

    async def main() -> None:
        nonlocal tried
        async with a_place() as place:
            await place.control()
            orders = place.floor.orders()
            request = await place.made()
            hand.wrote.clear()
            await place.door.request(request._replace(withheld=lambda _: Stays("only looked at")), timeout_ns=SECOND)
            head, body = hand.wrote[:2]
            assert request.body == body
            attempts = [("head", each) for each in some(of_bytes(head, per_byte=1))]
            attempts += [("body", each) for each in (*some(of_bytes(body, per_byte=1)), *of_json(body))]
            for which, change in attempts:
                if change.made == (head if which == "head" else body):
                    continue
                tried += 1
                setattr(hand, which, change.made)
                answer = await place.door.request(request, timeout_ns=5 * SECOND)
                setattr(hand, which, None)
                assert isinstance(answer, Failed), change.what
                assert (answer.phase, answer.why) == ("not_sent", DIFFERS), change.what
                place.nothing_came(orders, change.what)
                if tried % 200 == 0:
                    await place.control()
                    orders = place.floor.orders()
            await place.control()

    asyncio.run(main())
    told(f"{tried} changes between client and socket: nothing reached the box")
    assert tried > 500


def test_nothing_is_smuggled_in_behind_a_request(hand: Hand) -> None:
    """A second request in the same bytes, or after their end."""

    async def main() -> None:
        async with a_place() as place:
            await place.control()
            orders = place.floor.orders()
            request = await place.made()
            hand.wrote.clear()
            await place.door.request(request._replace(withheld=lambda _: Stays("only looked at")), timeout_ns=SECOND)
            head, body = hand.wrote[:2]
            for name, written in (("body", body + head + body), ("head", head + body + head), ("end", head + body)):
                setattr(hand, name, written)
                answer = await place.door.request(request, timeout_ns=SECOND // 5)
                setattr(hand, name, None)
                assert isinstance(answer, Failed)
                assert answer.phase == "not_sent"
                place.nothing_came(orders, name)
            await place.control()

    asyncio.run(main())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_without_a_watcher_does_not_leave_and_a_read_cannot_become_one(method: Any, hand: Hand) -> None:
    async def main() -> None:
        async with a_place() as place:
            target = "/trade-api/v2/portfolio/events/orders"
            bare = await place.door.request(Request(method, target, {}, b"{}"), timeout_ns=SECOND)
            assert bare == Failed("not_sent", NO_READER)
            hand.head = f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            became = await place.door.request(Request("GET", target, {}), timeout_ns=SECOND)
            assert became == Failed("not_sent", NO_READER)
            assert place.heard.requests == []
            hand.head = None
            watched = await place.door.request(Request(method, target, {}, b"{}", let_go), timeout_ns=SECOND)
            read = await place.door.request(Request("GET", "/trade-api/v2/markets", {}), timeout_ns=SECOND)
            assert isinstance(watched, Answer)
            assert isinstance(read, Answer)
            assert len(place.heard.requests) == 2

    asyncio.run(main())


def test_a_desk_of_one_environment_writes_to_no_other(hand: Hand) -> None:
    """The connection that stands decides, not what a table says: the same box under another name is another place."""

    async def main() -> None:
        async with a_place() as place:
            await place.control()
            orders = place.floor.orders()
            port = place.address.rpartition(":")[2]
            elsewhere = Network(f"http://localhost:{port}", f"ws://localhost:{port}")
            answer = await elsewhere.request(await place.made(), timeout_ns=SECOND)
            await elsewhere.close()
            assert isinstance(answer, Failed)
            assert (answer.phase, answer.why) == ("not_sent", DIFFERS)
            assert "localhost" in answer.detail
            place.nothing_came(orders, "another name")
            await place.control()

    asyncio.run(main())
