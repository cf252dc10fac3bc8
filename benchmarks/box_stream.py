"""The boxed Kalshi's websocket on one core: deltas a second from an order to its frame, to one client.

python -m benchmarks.box_stream [DELTAS]

Half of the orders rest and half are taken back, so that each makes one delta; what the matching costs alone is told
beside. Over loopback the client is a process of its own, and the figure by CPU time is the server's alone.
"""

import asyncio
import base64
import json
import socket
import sys
from collections.abc import Callable, Iterator
from time import perf_counter, process_time

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.channels import Habits
from assent.exchange.kalshi.connection import Connection
from assent.exchange.kalshi.feed import Feed
from assent.exchange.kalshi.websocket import PATH
from assent.exchange.types import MICRO, SECOND, Accepted, MarketSpec, NewOrder
from benchmarks.figure import Figure

DELTAS = 100_000
NOW = 1_790_000_000 * SECOND
TICKERS = [f"KXBENCH-26NOV21-T{number}" for number in range(200)]
KEY = Ed25519PrivateKey.from_private_bytes(b"benchmark".ljust(32, b"."))
SUBSCRIBE = json.dumps(
    {"id": 1, "cmd": "subscribe", "params": {"channels": ["orderbook_delta"], "market_tickers": TICKERS}}
)
# So many deltas are made before the server may send them: fewer than would end the subscription.
BATCH = 500


def a_box() -> Box:
    exchange, history = Exchange(), History()
    exchange.open_account("maker", 10**9 * MICRO)
    exchange.open_account("reader", 0, history)
    for ticker in TICKERS:
        exchange.list_market(
            NOW, MarketSpec(ticker, "KXBENCH-26NOV21", "KXBENCH", "a market", NOW, NOW + 10**6 * SECOND, LINEAR_CENT)
        )
    exchange.advance(NOW)
    return Box(exchange, {"reader": history}, exchange.advance)


def changes(box: Box, deltas: int) -> Iterator[None]:
    """One change of one level for each step."""
    exchange = box.exchange
    for number in range(deltas // 2):
        order = NewOrder(None, TICKERS[number % len(TICKERS)], "buy", (1 + number % 90) * 10_000, MICRO)
        taken = exchange.submit(NOW, "maker", order)
        yield
        if not isinstance(taken, Accepted):
            raise SystemExit(f"an order was refused, so nothing was measured: {taken}")
        exchange.cancel(NOW, "maker", taken.order_id)
        yield


def timed(work: Callable[[], None]) -> tuple[float, float]:
    began, worked = perf_counter(), process_time()
    work()
    return perf_counter() - began, process_time() - worked


def in_memory(deltas: int) -> Figure:
    """From the order to the text of the frame, without a server."""

    def match() -> None:
        for _ in changes(alone, deltas):
            pass
        alone.remember()

    def feed() -> None:
        for _ in changes(box, deltas):
            while connection.next_frame(NOW) is not None:
                frames.append(1)
        box.remember()

    alone, box, frames = a_box(), a_box(), list[int]()
    _, matching = timed(match)
    connection = Connection("reader", box, Habits(), lambda: None)
    Feed(box).join(connection)
    connection.obey(SUBSCRIBE, NOW)
    while connection.next_frame(NOW) is not None:
        pass
    wall, cpu = timed(feed)
    if len(frames) != deltas:
        raise SystemExit(f"{len(frames)} of {deltas} deltas came: nothing was measured")
    note = f"{matching / cpu:.0%} of it is the matching"
    return Figure("boxed Kalshi, order to frame", deltas / wall, "/s", 0, "more", note, deltas / cpu)


async def over_loopback(deltas: int) -> Figure:
    """The same through a server and a socket, until the client says that it has all of them."""
    box = a_box()
    app = App(box, Keys((Member("reader", KEY.public_key(), "reader"),)), lambda: NOW)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws_ping_interval=None))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.box_stream", "read", str(port), str(deltas),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        if client.stdout is None or await client.stdout.readline() != b"ready\n":
            raise SystemExit("the client did not connect: nothing was measured")
        began, worked = perf_counter(), process_time()
        for number, _ in enumerate(changes(box, deltas)):
            if number % BATCH == BATCH - 1:
                box.remember()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        told = await client.stdout.readline()
        wall, cpu = perf_counter() - began, process_time() - worked
        await client.wait()
        server.should_exit = True
        await serving
    if told != b"all\n":
        raise SystemExit(f"the client says {told!r}: nothing was measured")
    return Figure("boxed Kalshi, order to client over loopback", deltas / wall, "/s", 0, "more", "", deltas / cpu)


async def read(port: int, deltas: int) -> None:
    """The client: it says when it has every book, and when it has every change of them, without a hole."""
    timestamp = str(NOW // 1_000_000)
    headers = {
        "KALSHI-ACCESS-KEY": "reader",
        "KALSHI-ACCESS-TIMESTAMP": timestamp,
        "KALSHI-ACCESS-SIGNATURE": base64.b64encode(KEY.sign(f"{timestamp}GET{PATH}".encode())).decode(),
    }
    address = f"ws://127.0.0.1:{port}{PATH}"
    async with connect(address, additional_headers=headers, compression=None, ping_interval=None) as line:
        await line.send(SUBSCRIBE)
        for _ in range(1 + len(TICKERS)):
            await line.recv()
        print("ready", flush=True)
        for _ in range(deltas - 1):
            await line.recv(decode=False)
        last = json.loads(await line.recv())
        print("all" if last.get("seq") == len(TICKERS) + deltas else f"{last}", flush=True)


def main() -> int:
    if sys.argv[1:2] == ["read"]:
        asyncio.run(read(int(sys.argv[2]), int(sys.argv[3])))
        return 0
    deltas = int(sys.argv[1]) if len(sys.argv) > 1 else DELTAS
    for figure in (in_memory(deltas), asyncio.run(over_loopback(deltas))):
        print(f"{figure.name}: {figure.value:,.0f}{figure.unit} ({figure.by_cpu:,.0f} by CPU time); {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
