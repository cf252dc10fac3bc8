"""A websocket over a real network: opened once, where it was told to and nowhere else, and bounded in every way.

It answers pings by itself and says that they came. It takes no more frames from the wire than it has room for, so
that a reader who is slow makes the venue wait. It never connects again by itself, follows no redirect, takes no proxy
from the environment. Its library would log every header, signatures too, so it is given a silent log.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Final, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.protocol import Event

from assent.model.text import shown
from assent.model.units import SECOND
from assent.venue.transport import Answer, Closed, Failed, Frame, Ping, Socket

# The largest honest frame is a book of some ten thousand levels: a few hundred kilobytes. One socket's frames may take
# as much memory as both bounds together allow, and a little more.
FRAME_MAX: Final = 4 * 1024 * 1024
FRAMES_MAX: Final = 32
CLOSE_SECONDS: Final = 1.0
SEND_SECONDS: Final = 10.0

_SILENT: Final = logging.Logger("assent.venue.websocket", logging.CRITICAL + 1)


async def open_websocket(
    address: str, headers: Mapping[str, str], *, trust: ssl.SSLContext | None, timeout_ns: int
) -> Socket | Answer | Failed:
    """One attempt. An answer means that the venue spoke and opened none."""
    opening = _Opening(
        address,
        additional_headers=dict(headers),
        user_agent_header=None,
        proxy=None,
        compression=None,
        open_timeout=None,
        ping_interval=None,
        close_timeout=CLOSE_SECONDS,
        max_size=FRAME_MAX,
        logger=_SILENT,
        create_connection=_Line,
        ssl=trust,
    )
    try:
        async with asyncio.timeout(timeout_ns / SECOND):
            line = await opening
    except InvalidStatus as refused:
        return _refusal(refused.response)
    except TimeoutError:
        return Failed("unknown", "the websocket was not opened in time")
    except (ConnectionRefusedError, socket.gaierror, ssl.SSLError) as error:
        return Failed("not_sent", shown(f"no connection: {error}"))
    except (OSError, WebSocketException):
        return Failed("unknown", "what came is no answer to a websocket's opening")
    return _NetworkSocket(cast(_Line, line))


class _Opening(connect):
    """Follows no redirect: the signature is meant for this address alone."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Line(ClientConnection):
    """The library's connection, which also says when it was pinged."""

    listener: Callable[[], None] | None = None
    # A ping may come together with the opening, before anybody listens.
    pinged_early = False

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        if isinstance(event, WireFrame) and event.opcode is Opcode.PING:
            if self.listener is None:
                self.pinged_early = True
            else:
                self.listener()


class _NetworkSocket:
    """One open websocket; a task of its own takes frames from the wire while there is room for them."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(FRAMES_MAX)
        line.listener = self._pinged
        if line.pinged_early:
            self._pinged()
        self._reading = asyncio.get_running_loop().create_task(self._read(), name="websocket read")

    async def receive(self) -> Frame:
        return await self._frames.get()

    async def send(self, frame: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._line.send(frame, text=True)
        except ConnectionClosed:
            return
        except TimeoutError:
            # Half a frame may be on the wire: nothing sensible can follow it.
            self._line.transport.abort()

    async def close(self) -> None:
        self._reading.cancel()
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self._line.close()
        except TimeoutError:
            self._line.transport.abort()

    async def _read(self) -> None:
        while True:
            try:
                frame = await self._line.recv(decode=False)
            except ConnectionClosed as closed:
                await self._frames.put(Closed(_closing(closed)))
                return
            await self._frames.put(frame)

    def _pinged(self) -> None:
        # It may overtake frames that are still being put together: it speaks of the socket, not of their order. A full
        # queue says by itself that the socket lives.
        if not self._frames.full():
            self._frames.put_nowait(Ping())


def _closing(closed: ConnectionClosed) -> str:
    if closed.rcvd is not None:
        return shown(f"the venue closed the websocket: {closed.rcvd.code} {closed.rcvd.reason}".rstrip())
    if closed.sent is not None:
        return shown(f"the websocket was given up: {closed.sent.code} {closed.sent.reason}".rstrip())
    return "the websocket broke without a word"


def _refusal(response: Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return Answer(response.status_code, headers, bytes(response.body or b""))
