"""What fails is told by its phase, whatever a server does; nothing is sent twice, and nothing secret is said."""

import asyncio
import gzip
import logging
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.venue.certificates import self_signed
from tests.venue.fakes import let_go
from tests.venue.servers import Handler, always, answer, serving, whole_request

from assent.model.errors import AssentError
from assent.model.units import SECOND
from assent.venue import network
from assent.venue.network import Network
from assent.venue.transport import Answer, Failed, Leaving, Method, Request, Stays

SECRET = "c2lnbmF0dXJlIHRoYXQgbm9ib2R5IG1heSBzZWU="
TARGET = "/trade-api/v2/portfolio/events/orders?market_ticker=KX%2FA"


def a_request(method: Method = "POST", body: bytes = b'{"count":"1.00"}') -> Request:
    headers = {"KALSHI-ACCESS-SIGNATURE": SECRET, "content-type": "application/json"}
    return Request(method, TARGET, headers, body, let_go)


async def ask(
    port: int, request: Request | None = None, *, timeout_ns: int = 5 * SECOND, host: str = "127.0.0.1"
) -> Answer | Failed:
    door = Network(f"http://{host}:{port}", f"ws://{host}:{port}")
    try:
        return await door.request(request or a_request(), timeout_ns=timeout_ns)
    finally:
        await door.close()


def asked(handler: Handler, request: Request | None = None, *, timeout_ns: int = 5 * SECOND) -> Answer | Failed:
    """What one request to such a server comes to."""

    async def main() -> Answer | Failed:
        async with serving(handler) as port:
            return await ask(port, request, timeout_ns=timeout_ns)

    got = asyncio.run(main())
    assert SECRET not in repr(got)
    return got


def doing(act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> Handler:
    """Reads the whole request, then does this."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole_request(reader)
        await act(reader, writer)

    return handler


def writing(raw: bytes, *, then_wait: bool = False) -> Handler:
    """Reads the request, writes these bytes and closes, or holds the line."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if then_wait:
            await asyncio.sleep(60)
        writer.close()
        await writer.wait_closed()

    return doing(act)


# ------------------------------------------------------------------------------------------------------- the good case


def test_a_request_arrives_as_it_was_signed_and_its_answer_comes_back_whole() -> None:
    heard: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await whole_request(reader))
        writer.write(answer(b'{"order_id":"a"}', status="201 Created", headers="X-Trace: 7\r\n"))
        await writer.drain()

    got = asked(handler)
    assert got == Answer(201, {"content-length": "16", "x-trace": "7"}, b'{"order_id":"a"}')
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST {TARGET} HTTP/1.1\r\n".encode())
    assert body == b'{"count":"1.00"}'
    assert SECRET.encode() in head


def test_a_packed_answer_is_unpacked() -> None:
    body = b'{"series":[]}' * 1_000
    assert asked(always(answer(gzip.compress(body), headers="content-encoding: gzip\r\n"))) == Answer(
        200, {"content-length": str(len(gzip.compress(body))), "content-encoding": "gzip"}, body
    )


def test_one_connection_carries_many_requests() -> None:
    connections: list[int] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await always(answer())(reader, writer)

    async def main() -> None:
        async with serving(handler) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            for _ in range(5):
                assert isinstance(await door.request(a_request(), timeout_ns=SECOND), Answer)
            await door.close()

    asyncio.run(main())
    assert len(connections) == 1


# ---------------------------------------------------------------------------------------------------- nothing was sent


def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        got = asyncio.run(ask(held.getsockname()[1]))
    assert isinstance(got, Failed)
    assert got.phase == "not_sent"
    assert "no connection" in got.why


def test_a_name_that_nobody_knows_sent_nothing() -> None:
    async def main() -> Answer | Failed:
        door = Network("https://venue.invalid", "wss://venue.invalid")
        try:
            return await door.request(a_request(), timeout_ns=5 * SECOND)
        finally:
            await door.close()

    got = asyncio.run(main())
    assert isinstance(got, Failed)
    assert got.phase == "not_sent"


def test_a_certificate_that_nobody_vouches_for_sent_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))

    async def main() -> Answer | Failed:
        async with serving(handler, ssl=self_signed(tmp_path)) as port:
            door = Network(f"https://127.0.0.1:{port}", f"wss://127.0.0.1:{port}")
            try:
                return await door.request(a_request(), timeout_ns=5 * SECOND)
            finally:
                await door.close()

    got = asyncio.run(main())
    assert isinstance(got, Failed)
    assert got.phase == "not_sent"
    assert "certificate" in got.why.lower()
    assert heard in ([], [b""])


def test_a_handshake_that_never_ends_sent_nothing_when_the_time_is_over() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> Answer | Failed:
        async with serving(silent) as port:
            door = Network(f"https://127.0.0.1:{port}", f"wss://127.0.0.1:{port}")
            try:
                return await door.request(a_request(), timeout_ns=SECOND // 5)
            finally:
                await door.close()

    assert asyncio.run(main()) == Failed("not_sent", "the connection was not established in time")


# ---------------------------------------------------------------------------------------- it may have reached the venue


async def _close_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _half_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
    await writer.drain()


async def _half_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(b'{"order', length=100))
    await writer.drain()


UNKNOWN: dict[str, Handler] = {
    "closed before it was read": _close_at_once,
    "closed after it was read": doing(_close_at_once),
    "half a head": doing(_half_head),
    "half a body": doing(_half_body),
    "not HTTP": writing(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "echo of the request": writing(SECRET.encode() + b"\r\n\r\n"),
    "a head without end": writing(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000),
    "two lengths": writing(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    "a length below nothing": writing(answer(length=-1)),
    "a chunk that is none": writing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "chunks without end": writing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "an upgrade that nobody asked for": writing(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"),
    "packed differently": writing(answer(b"{}", headers="content-encoding: br\r\n")),
    "packed and cut off": writing(answer(gzip.compress(b"{}" * 500)[:-9], headers="content-encoding: gzip\r\n")),
    "not packed at all": writing(answer(b"{}", headers="content-encoding: gzip\r\n")),
    "packed twice over": writing(answer(gzip.compress(b"{}") * 2, headers="content-encoding: gzip\r\n")),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_after_the_first_byte_only_a_whole_answer_is_an_answer(name: str) -> None:
    got = asked(UNKNOWN[name])
    assert isinstance(got, Failed)
    assert got.phase == "unknown"


def test_a_server_that_stays_silent_is_given_up_in_time() -> None:
    assert asked(writing(b"", then_wait=True), timeout_ns=SECOND // 5) == Failed(
        "unknown", "no whole answer came in time"
    )


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", length=10_000))
        for _ in range(10_000):
            writer.write(b"{")
            await writer.drain()
            await asyncio.sleep(0.01)

    got = asked(doing(drip), timeout_ns=SECOND // 2)
    assert got == Failed("unknown", "no whole answer came in time")


def test_a_server_that_reads_nothing_is_given_up_in_time() -> None:
    async def deaf(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    request = a_request(body=b"x" * 50_000_000)
    assert asked(deaf, request, timeout_ns=SECOND // 2) == Failed("unknown", "no whole answer came in time")


def test_a_body_without_end_is_cut_off_at_the_bound() -> None:
    sent = 0

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b" " * 1_000_000)
            sent += 1_000_000
            await writer.drain()

    got = asked(doing(pour), timeout_ns=30 * SECOND)
    assert got == Failed("unknown", f"the answer is longer than {network.BODY_MAX} bytes")
    assert sent < 2 * network.BODY_MAX


def test_a_packed_answer_that_would_burst_is_cut_off_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "BODY_MAX", 1_000_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(bytes(200_000_000)) + packer.flush()
    assert len(bomb) < 1_000_000
    got = asked(always(answer(bomb, headers="content-encoding: gzip\r\n")))
    assert got == Failed("unknown", "the answer is longer than 1000000 bytes")


def test_a_kept_connection_that_dies_under_a_request_leaves_it_unknown() -> None:
    """Whether the venue had read the request before it hung up cannot be proven from here."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await always(answer(b"{}"))(_Once(reader), writer)

    class _Once:
        """Lets one request through, and hangs up on the second one's first bytes."""

        def __init__(self, reader: asyncio.StreamReader) -> None:
            self._reader = reader
            self._count = 0

        async def readuntil(self, mark: bytes) -> bytes:
            self._count += 1
            if self._count == 2:
                await self._reader.read(10)
                raise ConnectionError
            return await self._reader.readuntil(mark)

        async def readexactly(self, count: int) -> bytes:
            return await self._reader.readexactly(count)

    async def main() -> list[Answer | Failed]:
        async with serving(once) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            got = [await door.request(a_request(), timeout_ns=SECOND) for _ in range(3)]
            await door.close()
            return got

    first, second, third = asyncio.run(main())
    assert isinstance(first, Answer)
    assert isinstance(second, Failed)
    assert second.phase == "unknown"
    assert isinstance(third, Answer), "the next request gets a connection of its own"


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one() -> None:
    async def main() -> list[Answer | Failed]:
        async with serving(always(answer(b"asked for") + answer(b"a ghost"))) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            got = [await door.request(a_request(), timeout_ns=SECOND) for _ in range(4)]
            await door.close()
            return got

    got = asyncio.run(main())
    assert [each.body for each in got if isinstance(each, Answer)] == [b"asked for"] * 2
    assert [each.phase for each in got if isinstance(each, Failed)] == ["unknown"] * 2


def test_a_kept_connection_that_the_venue_closed_long_ago_is_not_used() -> None:
    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole_request(reader)
        writer.write(answer())
        await writer.drain()
        writer.close()

    async def main() -> list[Answer | Failed]:
        async with serving(one_each) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            got = []
            for _ in range(5):
                got.append(await door.request(a_request(), timeout_ns=SECOND))
                await asyncio.sleep(0.05)
            await door.close()
            return got

    assert all(isinstance(each, Answer) for each in asyncio.run(main()))


# ------------------------------------------------------------------------------------------------ what is not followed


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    asked_of: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked_of.append(await whole_request(reader))
            writer.write(answer(b"", status="301 Moved Permanently", headers="location: /again\r\n"))
            await writer.drain()

    got = asked(handler)
    assert isinstance(got, Answer)
    assert (got.status, got.headers["location"]) == (301, "/again")
    assert len(asked_of) == 1


def test_a_page_for_people_is_an_answer_whose_text_the_caller_judges() -> None:
    page = b"<html><body>We will be right back</body></html>"
    got = asked(always(answer(page, status="503 Service Unavailable", headers="content-type: text/html\r\n")))
    assert isinstance(got, Answer)
    assert (got.status, got.body) == (503, page)


def test_no_cookie_is_sent_back() -> None:
    heard: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heard.append(await whole_request(reader))
            writer.write(answer(headers="set-cookie: sticky=1; path=/\r\n"))
            await writer.drain()

    async def main() -> None:
        async with serving(handler) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            for _ in range(2):
                await door.request(a_request(), timeout_ns=SECOND)
            await door.close()

    asyncio.run(main())
    assert len(heard) == 2
    assert all(b"cookie" not in each.lower() for each in heard)


def test_the_environment_does_not_lead_us_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "WS_PROXY", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(asked(always(answer())), Answer)


# --------------------------------------------------------------------------------------------------- giving up, silence


def test_a_caller_that_is_cancelled_leaves_the_door_usable() -> None:
    async def main() -> Answer | Failed:
        gate = asyncio.Event()

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await whole_request(reader)
            await gate.wait()
            writer.write(answer())
            await writer.drain()

        async with serving(handler) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            waiting = [asyncio.create_task(door.request(a_request(), timeout_ns=60 * SECOND)) for _ in range(40)]
            await asyncio.sleep(0.2)
            for task in waiting:
                task.cancel()
            assert all(
                isinstance(each, asyncio.CancelledError)
                for each in await asyncio.gather(*waiting, return_exceptions=True)
            )
            gate.set()
            got = await door.request(a_request(), timeout_ns=SECOND)
            await door.close()
            return got

    assert isinstance(asyncio.run(main()), Answer)


def test_requests_that_find_no_free_connection_in_time_sent_nothing() -> None:
    async def main() -> list[Answer | Failed]:
        async with serving(writing(b"", then_wait=True)) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            async with asyncio.TaskGroup() as group:
                for _ in range(network.CONNECTIONS_MAX):
                    group.create_task(door.request(a_request(), timeout_ns=SECOND))
                await asyncio.sleep(0.2)
                got = await asyncio.gather(*(door.request(a_request(), timeout_ns=SECOND // 5) for _ in range(3)))
            await door.close()
            return got

    assert asyncio.run(main()) == [Failed("not_sent", "nothing could be sent in time")] * 3


def test_a_cancel_does_not_wait_for_a_connection_that_a_submission_or_a_read_holds() -> None:
    async def slow_but_for_cancels(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await whole_request(reader)).startswith(b"DELETE"):
            writer.write(answer())
            await writer.drain()
        await asyncio.sleep(60)

    async def main() -> Answer | Failed:
        async with serving(slow_but_for_cancels) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            async with asyncio.TaskGroup() as group:
                for _ in range(network.CONNECTIONS_MAX):
                    group.create_task(door.request(a_request("POST"), timeout_ns=SECOND))
                    group.create_task(door.request(a_request("GET", b""), timeout_ns=SECOND))
                await asyncio.sleep(0.2)
                got = await door.request(a_request("DELETE", b""), timeout_ns=SECOND // 5)
            await door.close()
            return got

    assert isinstance(asyncio.run(main()), Answer)


def test_no_log_holds_a_header_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with serving(always(answer())) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            await door.request(a_request(), timeout_ns=SECOND)
            await door.connect(TARGET, {"KALSHI-ACCESS-SIGNATURE": SECRET}, timeout_ns=SECOND)
            await door.close()

    asyncio.run(main())
    assert caplog.records, "the libraries do log, so that this test can see"
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("rest", "websocket"),
    [
        ("http://external-api.kalshi.com", "wss://x.test"),
        ("https://x.test", "ws://external-api-ws.kalshi.com"),
        ("https://x.test/trade-api", "wss://x.test"),
        ("https://me:word@x.test", "wss://x.test"),
        ("external-api.kalshi.com", "wss://x.test"),
        ("https://", "wss://x.test"),
        ("ftp://x.test", "wss://x.test"),
    ],
)
def test_an_address_that_would_show_a_signature_to_others_is_refused(rest: str, websocket: str) -> None:
    with pytest.raises(AssentError, match="unencrypted"):
        Network(rest, websocket)


def test_whom_to_trust_may_be_said(tmp_path: Path) -> None:
    """The other half of the test with an unknown certificate: it is refused for its issuer and for nothing else."""
    trusting = self_signed(tmp_path)
    believed = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))

    async def main() -> Any:
        async with serving(always(answer()), ssl=trusting) as port:
            door = Network(f"https://localhost:{port}", f"wss://localhost:{port}", trust=believed)
            try:
                return await door.request(a_request(), timeout_ns=5 * SECOND)
            finally:
                await door.close()

    assert isinstance(asyncio.run(main()), Answer)


# ---------------------------------------------------------------------------------------------- the last moment


def test_what_may_not_leave_any_more_when_its_connection_stands_never_begins() -> None:
    heard: list[bytes] = []
    asked_why: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.close()

    def withheld(leaving: Leaving) -> Stays:
        asked_why.append(leaving.target)
        return Stays("halted")

    async def main() -> tuple[Answer | Failed, Answer | Failed]:
        async with serving(handler) as port:
            stays = await ask(port, a_request()._replace(withheld=withheld))
        async with serving(always(answer(b"{}"))) as port:
            return stays, await ask(port, a_request()._replace(withheld=let_go))

    stays, left = asyncio.run(main())
    assert stays == Failed("not_sent", "halted")
    assert b"".join(heard) == b""
    assert asked_why == [TARGET], "once, when all was ready"
    assert isinstance(left, Answer)
