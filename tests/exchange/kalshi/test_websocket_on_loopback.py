"""The boxed websocket over a real server and a real socket, with a client library that knows nothing of us."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
import uvicorn
import websockets
from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, Venue, signed_headers
from tests.exchange.support import MARKET
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Opcode

from assent.exchange.accounts import History
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.server import Server
from assent.exchange.kalshi.websocket import PATH
from assent.exchange.types import MICRO, SECOND
from assent.exchange.world import World
from assent.venue.kalshi.connection import Connection
from assent.venue.kalshi.events import Broken, Event, KeptOut, Proven
from assent.venue.kalshi.signing import Signer
from assent.venue.kalshi.stream import Stream
from assent.venue.network import Network

DAY_NUMBER = 20_000
Clock = Callable[[], int]


@contextlib.asynccontextmanager
async def served(app: App, **config: Any) -> AsyncIterator[str]:
    """A server on loopback within this event loop; the address of its websocket."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        # Small buffers, so that a reader who does not read is felt soon.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
        listening.bind(("127.0.0.1", 0))
        # Whoever connects before the server is up waits in line.
        listening.listen()
        settings = uvicorn.Config(app, log_level="error", http="h11", ws_per_message_deflate=False, **config)
        server = uvicorn.Server(settings)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}{PATH}"
        server.should_exit = True
        await task


def as_ann(address: str, now: int, **more: Any) -> connect:
    headers = signed_headers("GET", PATH, now)
    return connect(address, additional_headers=headers, compression=None, ping_interval=None, **more)


async def hear(line: ClientConnection, kind: str) -> Any:
    """The next frame of this type."""
    async with asyncio.timeout(10):
        while True:
            frame = json.loads(await line.recv())
            if frame["type"] == kind:
                return frame


class Copy:
    """All books as a client keeps them."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, dict[Decimal, Decimal]]] = {}
        self.seq = self.deltas = 0

    def take(self, frame: Any) -> None:
        self.seq += 1
        assert frame["seq"] == self.seq
        msg = frame["msg"]
        if frame["type"] == "orderbook_snapshot":
            self.books[msg["market_ticker"]] = {
                side: {Decimal(price): Decimal(qty) for price, qty in msg.get(f"{side}_dollars_fp", ())}
                for side in ("yes", "no")
            }
            return
        self.deltas += 1
        levels = self.books[msg["market_ticker"]][msg["side"]]
        price = Decimal(msg["price_dollars"])
        levels[price] = levels.get(price, Decimal()) + Decimal(msg["delta_fp"])
        if not levels[price]:
            del levels[price]

    def depth(self, ticker: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        yes, no = (
            sorted((int(price * MICRO), int(qty * MICRO)) for price, qty in self.books[ticker][side].items())
            for side in ("yes", "no")
        )
        return yes[::-1], no


def test_a_client_keeps_the_books_of_a_world_that_runs_fast() -> None:
    async def story() -> None:
        history, loop = History(), asyncio.get_running_loop()
        world = World(7, DAY_NUMBER, owner="ann", cash=1_000 * MICRO, history=history)
        box = Box(world.exchange, {"ann": history}, world.step_until)
        begins, begun, running = world.start_ts + 3_600 * SECOND, 0.0, False

        def clock() -> int:
            """Six hundred seconds in one while it runs: with the handshake's signature it would outrun the client."""
            return begins + int((loop.time() - begun) * 600 * SECOND) if running else max(begins, box.exchange.now)

        box.live_until(begins)
        app = App(box, Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),)), clock)
        tickers = [view.spec.ticker for view in box.exchange.markets()]
        copy = Copy()
        # Pings that must be answered in time, or the server would hang up within this test.
        async with served(app, ws_ping_interval=0.1, ws_ping_timeout=0.5) as address, as_ann(address, clock()) as line:
            params = {"channels": ["orderbook_delta"], "market_tickers": tickers, "use_yes_price": True}
            await line.send(json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
            await hear(line, "subscribed")
            begun, running = loop.time(), True
            until = begun + 2
            while loop.time() < until:
                copy.take(json.loads(await line.recv()))
            running = False
            await line.send(json.dumps({"id": 2, "cmd": "list_subscriptions"}))
            async with asyncio.timeout(10):
                while (frame := json.loads(await line.recv()))["type"] != "ok":
                    copy.take(frame)
            assert copy.deltas > 500
            for ticker in tickers:
                assert copy.depth(ticker) == box.exchange.depth(ticker), ticker

    asyncio.run(story())


class BoxTime:
    """The box's clock, as an adapter is handed it: so many times as fast as the loop's."""

    def __init__(self, begins: int, speed: int) -> None:
        self._begins, self._speed, self._begun = begins, speed, asyncio.get_running_loop().time()

    def now(self) -> int:
        return self._begins + int((asyncio.get_running_loop().time() - self._begun) * self._speed * SECOND)

    async def sleep(self, duration_ns: int) -> None:
        await asyncio.sleep(duration_ns / SECOND / self._speed)

    async def sleep_until(self, ts: int) -> None:
        await self.sleep(max(0, ts - self.now()))


def test_our_own_client_lives_on_the_box_over_a_socket() -> None:
    """Transport, connection and stream as they trade, at five times the speed of a clock."""

    async def story() -> None:
        history = History()
        world = World(7, DAY_NUMBER, owner="ann", cash=1_000 * MICRO, history=history)
        box = Box(world.exchange, {"ann": history}, world.step_until)
        begins = world.start_ts + 3_600 * SECOND
        box.live_until(begins)
        time = BoxTime(begins, 5)
        app = App(box, Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),)), time.now)
        tickers = [view.spec.ticker for view in box.exchange.markets()]
        told: list[Event] = []
        async with served(app, ws_ping_interval=0.5) as address:
            network = Network("http://127.0.0.1:1", address.removesuffix(PATH))
            stream = Stream(["fill", "market_lifecycle_v2"])
            signer = Signer(ANN_KEY, "ed25519", ANN_PRIVATE.sign)
            connection = Connection(network, stream, time, told.append, signer=signer)
            living = asyncio.create_task(connection.run())
            connection.watch(tickers)
            equal = 0
            for _ in range(30):
                await asyncio.sleep(0.1)
                for ticker in tickers:
                    book = stream.book(ticker)
                    if stream.fresh(ticker, time.now()) and book is not None:
                        equal += book.levels() == tuple(tuple(side) for side in box.exchange.depth(ticker))
            living.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await living
            await network.close()
        # Only what is on its way at that moment differs.
        assert equal > 0.5 * 30 * len(tickers)
        assert [each for each in told if isinstance(each, Proven)]
        assert not [each for each in told if isinstance(each, KeptOut | Broken)]

    asyncio.run(story())


def test_a_handshake_without_a_right_signature_fails_with_401() -> None:
    async def story() -> None:
        venue = Venue()
        async with served(venue.app) as address:
            with pytest.raises(websockets.InvalidStatus) as caught:
                await connect(address, additional_headers=signed_headers("GET", "/elsewhere", venue.floor.now))
            response = caught.value.response
            assert response.status_code == 401
            assert json.loads(response.body)["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"

    asyncio.run(story())


def test_a_reader_who_does_not_read_loses_the_subscription_and_keeps_nobody_waiting() -> None:
    async def story() -> None:
        venue = Venue(cash=100_000 * MICRO)
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.setblocking(False)
        async with served(venue.app) as address, as_ann(address, venue.floor.now) as quick:
            port = int(address.split(":")[2].split("/")[0])
            await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
            async with as_ann(address, venue.floor.now, sock=narrow, max_queue=1) as slow:
                subscribe = {"channels": ["orderbook_delta"], "market_ticker": MARKET}
                for line in (slow, quick):
                    await line.send(json.dumps({"id": 1, "cmd": "subscribe", "params": subscribe}))
                    await hear(line, "orderbook_snapshot")
                changes = 12_000
                for number in range(changes):
                    venue.floor.buy("bob", 40, 0.01)
                    if number % 100 == 0:
                        await asyncio.sleep(0)
                    if number % 1_000 == 999:
                        # Whoever reads has everything at once.
                        while (await hear(quick, "orderbook_delta"))["seq"] < number + 2:
                            pass
                seqs = []
                async with asyncio.timeout(30):
                    while (frame := json.loads(await slow.recv()))["type"] == "orderbook_delta":
                        seqs.append(frame["seq"])
                assert seqs == list(range(2, len(seqs) + 2))
                assert 4_096 <= len(seqs) < changes
                assert (frame["type"], frame["msg"]["code"]) == ("error", 25)
                await slow.send(json.dumps({"id": 2, "cmd": "list_subscriptions"}))
                assert (await hear(slow, "ok"))["msg"] == []

    asyncio.run(story())


class Counting(ClientConnection):
    """A connection that counts the pings that it answers."""

    pings = 0

    def process_event(self, event: Any) -> None:
        self.pings += getattr(event, "opcode", None) is Opcode.PING
        super().process_event(event)


def test_the_box_pings_every_ten_seconds_of_its_own_time() -> None:
    async def story() -> None:
        venue = Venue()
        with socket.socket(proto=socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            server = Server(venue.app, speed=100)
            task = asyncio.create_task(server.serve(sockets=[listening]))
            address = f"ws://127.0.0.1:{listening.getsockname()[1]}{PATH}"
            async with as_ann(address, venue.floor.now, create_connection=Counting) as line:
                await asyncio.sleep(1)
            server.should_exit = True
            await task
        assert isinstance(line, Counting)
        assert 5 <= line.pings <= 11

    asyncio.run(story())


def test_the_server_stops_while_a_client_is_connected() -> None:
    async def story() -> None:
        venue = Venue()
        async with served(venue.app) as address:
            line = await as_ann(address, venue.floor.now)
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await line.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1012

    asyncio.run(story())
