"""A websocket is opened once and nowhere else; it says when it was pinged and how it ended, and no secret."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.venue.certificates import self_signed
from tests.venue.servers import Handler, accepting, answer, serving, whole_request
from websockets.asyncio.server import ServerConnection, serve

from assent.model.units import SECOND
from assent.venue import websocket
from assent.venue.network import Network
from assent.venue.transport import Answer, Closed, Failed, Frame, Ping, Socket

SECRET = "c2lnbmF0dXJlIHRoYXQgbm9ib2R5IG1heSBzZWU="
TARGET = "/trade-api/ws/v2"
HEADERS = {"KALSHI-ACCESS-SIGNATURE": SECRET}


def live(
    venue: Callable[[ServerConnection], Awaitable[None]], desk: Callable[[Socket], Awaitable[Any]], **options: Any
) -> Any:
    """One socket between a server that does this and a client that does that."""

    async def main() -> Any:
        async with serve(venue, "127.0.0.1", 0, **options) as server:
            port = server.sockets[0].getsockname()[1]
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            got = await door.connect(TARGET, HEADERS, timeout_ns=5 * SECOND)
            assert not isinstance(got, Answer | Failed), got
            try:
                async with asyncio.timeout(20):
                    return await desk(got)
            finally:
                await got.close()
                await door.close()

    return asyncio.run(main())


def opened(handler: Handler, *, timeout_ns: int = 5 * SECOND) -> Socket | Answer | Failed:
    """What opening a websocket at such a server comes to."""

    async def main() -> Socket | Answer | Failed:
        async with serving(handler) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            return await door.connect(TARGET, HEADERS, timeout_ns=timeout_ns)

    got = asyncio.run(main())
    assert SECRET not in repr(got)
    return got


async def frames(line: Socket, count: int) -> list[Frame]:
    return [await line.receive() for _ in range(count)]


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


def test_frames_come_in_order_as_bytes_and_what_is_sent_arrives_as_text() -> None:
    heard: list[object] = []

    async def venue(connection: ServerConnection) -> None:
        assert connection.request is not None
        heard.append((connection.request.path, connection.request.headers["KALSHI-ACCESS-SIGNATURE"]))
        heard.append(await connection.recv())
        for number in range(100):
            await connection.send(f'{{"seq":{number}}}')

    async def desk(line: Socket) -> list[Frame]:
        await line.send(b'{"cmd":"subscribe"}')
        return await frames(line, 101)

    got = live(venue, desk)
    assert got[:100] == [f'{{"seq":{number}}}'.encode() for number in range(100)]
    assert isinstance(got[100], Closed)
    assert heard == [(TARGET, SECRET), '{"cmd":"subscribe"}']


def test_a_ping_is_answered_and_told() -> None:
    async def venue(connection: ServerConnection) -> None:
        pong = await connection.ping(b"heartbeat")
        await pong
        await connection.send("answered")
        await (await connection.ping())
        await connection.send("again")
        await connection.wait_closed()

    async def desk(line: Socket) -> list[Frame]:
        return await frames(line, 4)

    got = live(venue, desk)
    assert got.count(Ping()) == 2
    assert [each for each in got if isinstance(each, bytes)] == [b"answered", b"again"]


def test_how_it_ended_is_told_once_and_sending_afterwards_does_nothing() -> None:
    async def venue(connection: ServerConnection) -> None:
        await connection.close(1001, "maintenance\x1b[2J")

    async def desk(line: Socket) -> Frame:
        (end,) = await frames(line, 1)
        await line.send(b"{}")
        return end

    assert live(venue, desk) == Closed("the venue closed the websocket: 1001 maintenance\\x1b[2J")


def test_a_line_that_breaks_is_told() -> None:
    async def venue(connection: ServerConnection) -> None:
        connection.transport.abort()

    async def desk(line: Socket) -> Frame:
        return await line.receive()

    assert live(venue, desk) == Closed("the websocket broke without a word")


def test_a_frame_that_is_too_large_ends_the_socket() -> None:
    async def venue(connection: ServerConnection) -> None:
        await connection.send("x" * (websocket.FRAME_MAX + 1))
        await connection.wait_closed()

    async def desk(line: Socket) -> Frame:
        return await line.receive()

    end = live(venue, desk)
    assert isinstance(end, Closed)
    assert "1009" in end.why


def test_a_slow_reader_makes_the_venue_wait() -> None:
    sent = 0

    async def venue(connection: ServerConnection) -> None:
        nonlocal sent
        for _ in range(2_000):
            await connection.send("x" * 100_000)
            sent += 1

    async def desk(line: Socket) -> int:
        await asyncio.sleep(0.5)
        before = sent
        await asyncio.sleep(0.3)
        assert sent == before
        await frames(line, before)
        await asyncio.sleep(0.3)
        assert sent > before
        return before

    assert live(venue, desk) < 500


def test_closing_does_not_wait_for_a_venue_that_does_not_answer() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await whole_request(reader)
        writer.write(accepting(head))
        await writer.drain()
        await asyncio.sleep(60)

    async def main() -> float:
        async with serving(deaf) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            got = await door.connect(TARGET, HEADERS, timeout_ns=5 * SECOND)
            assert not isinstance(got, Answer | Failed)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await got.close()
            return loop.time() - begun

    assert asyncio.run(main()) < 3


# ------------------------------------------------------------------------------------------------------- opening fails


def test_a_refused_upgrade_is_an_answer() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole_request(reader)
        body = b'{"error":{"code":"header_timestamp_expired"}}'
        writer.write(answer(body, status="401 Unauthorized", headers="X-Place: gate\r\n"))
        await writer.drain()

    got = opened(refuse)
    assert isinstance(got, Answer)
    assert (got.status, got.body) == (401, b'{"error":{"code":"header_timestamp_expired"}}')
    assert got.headers["x-place"] == "gate"


def test_a_redirect_of_the_upgrade_is_not_followed() -> None:
    asked: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await whole_request(reader))
        writer.write(answer(b"", status="307 Temporary Redirect", headers="location: /elsewhere\r\n"))
        await writer.drain()

    got = opened(redirect)
    assert isinstance(got, Answer)
    assert got.status == 307
    assert len(asked) == 1


async def _nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await whole_request(reader)
    writer.write(b"220 mail.example.test ESMTP\r\n\r\n")
    await writer.drain()


async def _wrong_key(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await whole_request(reader)
    writer.write(accepting(b"Sec-WebSocket-Key: of somebody else"))
    await writer.drain()


async def _gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await whole_request(reader)


@pytest.mark.parametrize("handler", [_nonsense, _wrong_key, _gone])
def test_what_opens_no_websocket_is_told_without_its_words(handler: Handler) -> None:
    assert opened(handler) == Failed("unknown", "what came is no answer to a websocket's opening")


def test_an_opening_that_is_not_answered_ends_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await whole_request(reader)
        await asyncio.sleep(60)

    assert opened(silent, timeout_ns=SECOND // 5) == Failed("unknown", "the websocket was not opened in time")


def test_a_refused_connection_and_an_unknown_certificate_sent_nothing(tmp_path: Path) -> None:
    async def main() -> list[Any]:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            got = [
                await Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}").connect(
                    TARGET, HEADERS, timeout_ns=SECOND
                )
            ]
        async with serving(_gone, ssl=self_signed(tmp_path)) as port:
            door = Network(f"https://127.0.0.1:{port}", f"wss://127.0.0.1:{port}")
            got.append(await door.connect(TARGET, HEADERS, timeout_ns=5 * SECOND))
        return got

    for each in asyncio.run(main()):
        assert isinstance(each, Failed)
        assert each.phase == "not_sent"


def test_no_log_holds_the_headers_of_the_upgrade(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def desk(line: Socket) -> Mapping[str, str]:
        return {}

    live(stay, desk, logger=logging.Logger("the server's own", logging.CRITICAL))
    assert SECRET not in caplog.text
