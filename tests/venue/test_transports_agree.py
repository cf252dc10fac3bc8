"""What is proven in memory holds on a wire: one application, both transports, the same answers and frames."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.venue.fakes import let_go

from assent.exchange.kalshi.server import Server
from assent.model.units import SECOND
from assent.venue.memory import MemoryTransport
from assent.venue.network import Network
from assent.venue.transport import Answer, Closed, Failed, Frame, Method, Request, Transport

# What a server adds by itself.
SERVERS_OWN = {"date", "server", "connection", "transfer-encoding", "keep-alive", "content-type", "content-length"}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Plays the part that the path names."""
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    elif scope["type"] == "http":
        await _answer(scope, receive, send)
    else:
        assert (await receive())["type"] == "websocket.connect"
        await SOCKETS[scope["path"]](receive, send)


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    status = {"/none": 204, "/moved": 301, "/broken": 503}.get(scope["path"], 200)
    wanted = (b"content-type", b"content-length", b"x-mine")
    heard = [name + b"=" + value for name, value in scope["headers"] if name in wanted]
    seen = [scope["method"].encode(), scope["raw_path"], scope["query_string"], *sorted(heard), body]
    await send({"type": "http.response.start", "status": status, "headers": [(b"X-Seen", b"it")]})
    if status != 204:
        await send({"type": "http.response.body", "body": b"|".join(seen), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _echo(receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": "heard " + message["text"]})


async def _last_words(receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "bytes": b"last words"})
    await send({"type": "websocket.close", "code": 4000, "reason": "enough"})


async def _turned_away(receive: Any, send: Any) -> None:
    await send({"type": "websocket.close"})


async def _turned_away_in_words(receive: Any, send: Any) -> None:
    await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"content-length", b"14")]})
    await send({"type": "websocket.http.response.body", "body": b'{"error":"no"}'})
    await asyncio.sleep(0)


async def _silent(receive: Any, send: Any) -> None:
    await receive()


SOCKETS = {
    "/echo": _echo,
    "/last": _last_words,
    "/away": _turned_away,
    "/words": _turned_away_in_words,
    "/silent": _silent,
}
Script = Callable[[Transport], Coroutine[Any, Any, Any]]


def in_memory(script: Script) -> Any:
    return asyncio.run(script(MemoryTransport(application)))


def on_a_wire(script: Script) -> Any:
    async def main() -> Any:
        with socket.socket(proto=socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            port = listening.getsockname()[1]
            server = Server(application)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            try:
                return await script(door)
            finally:
                await door.close()
                server.should_exit = True
                await serving

    return asyncio.run(main())


def plain(got: Any) -> Any:
    """Without what a server adds by itself."""
    if not isinstance(got, Answer):
        return got
    return got._replace(headers={name: value for name, value in got.headers.items() if name not in SERVERS_OWN})


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/markets?tickers=KXA%2CKXB&limit=5", b""),
        ("GET", "/a%2Fb/c", b""),
        ("POST", "/portfolio/events/orders", b'{"count":"1.00"}'),
        ("PUT", "/x", b"{}"),
        ("DELETE", "/portfolio/events/orders/a?market_ticker=KXA", b""),
        ("DELETE", "/portfolio/events/orders/batched", b"[]"),
        ("GET", "/none", b""),
        ("GET", "/moved", b""),
        ("POST", "/broken", b"{}"),
    ],
)
def test_a_request_is_seen_and_answered_alike(method: Method, target: str, body: bytes) -> None:
    async def script(transport: Transport) -> Any:
        headers = {"X-Mine": "7"} | ({"content-type": "application/json"} if body else {})
        return plain(await transport.request(Request(method, target, headers, body, let_go), timeout_ns=5 * SECOND))

    first, second = in_memory(script), on_a_wire(script)
    assert isinstance(first, Answer)
    assert first == second


@pytest.mark.parametrize("path", ["/echo", "/last"])
def test_a_websocket_says_the_same(path: str) -> None:
    async def script(transport: Transport) -> list[Frame]:
        line = await transport.connect(path, {"X-Mine": "7"}, timeout_ns=5 * SECOND)
        assert not isinstance(line, Answer | Failed)
        if path == "/echo":
            for number in range(20):
                await line.send(b"%d" % number)
        got = [await line.receive() for _ in range(20 if path == "/echo" else 2)]
        await line.close()
        return got

    first, second = in_memory(script), on_a_wire(script)
    assert first == second
    if path == "/last":
        assert first == [b"last words", Closed("the venue closed the websocket: 4000 enough")]


@pytest.mark.parametrize("path", ["/away", "/words", "/silent"])
def test_a_websocket_that_is_not_opened_is_told_alike(path: str) -> None:
    async def script(transport: Transport) -> Any:
        return plain(await transport.connect(path, {}, timeout_ns=SECOND // 2))

    first, second = in_memory(script), on_a_wire(script)
    assert first == second
    assert isinstance(first, Failed if path == "/silent" else Answer)
