"""Whatever bytes come, what is told is an answer or a phase, in time; nothing else gets out."""

import asyncio
import gzip
from collections.abc import Callable
from random import Random

import pytest
from tests.venue.fakes import let_go
from tests.venue.servers import accepting, answer, serving, whole_request

from assent.model.units import SECOND
from assent.venue.network import Network
from assent.venue.transport import Answer, Closed, Failed, Ping, Request

CASES = 250
BODY = b'{"orders":[{"order_id":"a"}],"cursor":""}'
SOUND = (
    answer(BODY),
    answer(gzip.compress(BODY), headers="content-encoding: gzip\r\n"),
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\nx: y\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(BODY, status="409 Conflict"),
    b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
)
# Two text frames, a ping, a fragmented one, a close.
FRAMES = b"\x81\x02{}\x81\x7e\x00\x80" + b"x" * 128 + b"\x89\x01p\x01\x02ab\x80\x01c\x88\x04\x03\xe9by"


def spoiled(rng: Random, sound: bytes) -> bytes:
    """A sound text with a few bytes changed, taken out, doubled, or cut off."""
    raw = bytearray(sound)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(raw))
        fate = rng.randrange(5)
        if fate == 0:
            raw[at] = rng.randrange(256)
        elif fate == 1:
            del raw[at : at + rng.randint(1, 8)]
        elif fate == 2:
            raw[at:at] = raw[at : at + rng.randint(1, 40)]
        elif fate == 3:
            raw[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
        elif len(raw) > 1:
            del raw[max(1, at) :]
    return bytes(raw) or b"\x00"


def pieces(rng: Random, raw: bytes) -> list[bytes]:
    """As it may arrive: in one piece, or in many."""
    if rng.random() < 0.5:
        return [raw]
    size = rng.randint(1, 20)
    return [raw[at : at + size] for at in range(0, len(raw), size)]


@pytest.mark.parametrize("make", [spoiled, lambda rng, _: rng.randbytes(rng.randint(1, 400))])
def test_any_bytes_are_an_answer_or_a_phase(make: Callable[[Random, bytes], bytes]) -> None:
    rng = Random(20_261_121)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole_request(reader)
        for piece in pieces(rng, make(rng, rng.choice(SOUND))):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    async def main() -> list[Answer | Failed]:
        async with serving(handler) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            request = Request("POST", "/x", {"signature": "secret"}, b"{}", let_go)
            got = [await door.request(request, timeout_ns=SECOND) for _ in range(CASES)]
            await door.close()
            return got

    got = asyncio.run(main())
    failed = [each for each in got if isinstance(each, Failed)]
    assert len(failed) > CASES // 10
    assert {each.phase for each in failed} == {"unknown"}
    if make is spoiled:
        assert len(got) - len(failed) > CASES // 10
    assert "secret" not in repr(got)


def test_any_bytes_on_a_websocket_are_frames_and_an_end() -> None:
    rng = Random(20_261_121)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepting(await whole_request(reader)))
        for piece in pieces(rng, spoiled(rng, FRAMES)):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    async def heard(door: Network) -> list[object]:
        line = await door.connect("/x", {}, timeout_ns=SECOND)
        if isinstance(line, Answer | Failed):
            return [line]
        frames: list[object] = []
        try:
            async with asyncio.timeout(10):
                while not frames or not isinstance(frames[-1], Closed):
                    frames.append(await line.receive())
        finally:
            await line.close()
        return frames

    async def main() -> list[list[object]]:
        async with serving(handler) as port:
            door = Network(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
            return [await heard(door) for _ in range(CASES)]

    lives = asyncio.run(main())
    assert {type(frame) for life in lives for frame in life} <= {bytes, Ping, Closed, Failed}
    ended = [life for life in lives if isinstance(life[-1], Closed)]
    assert len(ended) > CASES * 9 // 10
    assert len({life[-1] for life in ended}) > 2, "they end in more than one way"
