"""The served box, as far as no process of its own is needed to see it."""

import asyncio
import socket

import pytest

from assent.app.boxes import listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_small_answer_of_the_box_leaves_at_once(host: str) -> None:
    """The event loop sees to that for sockets that say that they are TCP. An answer goes out as head and body, and the
    body would wait for the client's delayed acknowledgement of the head."""
    delays: list[int] = []

    async def taken(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        delays.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def main() -> None:
        with listening(host, 0) as listener:
            server = await asyncio.start_server(taken, sock=listener)
            reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            await reader.read()
            writer.close()
            server.close()

    asyncio.run(main())
    assert delays == [1]
