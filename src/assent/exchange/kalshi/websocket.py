"""The websocket of the server: who may connect, and one task each to read, to write and to let time pass.

Plain asyncio without threads, in the time of its event loop. While a socket is open the exchange lives on between
requests. A client that reads too slowly is not asked for more commands until it has read, and loses subscriptions
(connection.py) rather than making anybody else wait. The venue pings every ten seconds. ASGI has no message for that:
whoever serves this application pings, as uvicorn does (`ws_ping_interval`), and so must a driver in memory.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from assent.exchange.kalshi.asgi import Receive, Scope, Send
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.channels import Habits
from assent.exchange.kalshi.connection import Connection
from assent.exchange.kalshi.errors import Reply, refuse
from assent.exchange.kalshi.feed import Feed

PATH: Final = "/trade-api/ws/v2"
BEAT_SECONDS: Final = 0.05
# While so many frames wait to be sent, no further command is read.
READS_BELOW: Final = 1_000


class WebSockets:
    """All websockets of one box."""

    def __init__(self, box: Box, keys: Keys, clock: Callable[[], int], habits: Habits) -> None:
        self._box = box
        self._keys = keys
        self._clock = clock
        self._habits = habits
        self._feed = Feed(box)

    async def serve(self, path: str, headers: Mapping[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from the handshake to its end."""
        await receive()
        member = self._admit(path, headers)
        if isinstance(member, Reply):
            await _turn_away(member, send, says_why="websocket.http.response" in (scope.get("extensions") or {}))
            return
        socket = _Socket(self._box, self._clock, self._habits, member.account, receive, send)
        self._feed.join(socket.connection)
        try:
            await send({"type": "websocket.accept"})
            await socket.live()
        finally:
            self._feed.leave(socket.connection)

    def _admit(self, path: str, headers: Mapping[str, str]) -> Member | Reply:
        if path != PATH:
            return refuse("not_found")
        member = self._keys.identify(headers, "GET", path, self._clock())
        if isinstance(member, Member) and self._feed.count(member.account) >= self._habits.connections:
            return refuse("too_many_requests")
        return member


class _Over(Exception):
    """The connection is gone: what else is done for it ends too."""


class _Socket:
    """One open websocket."""

    def __init__(
        self, box: Box, clock: Callable[[], int], habits: Habits, account: str, receive: Receive, send: Send
    ) -> None:
        self._box = box
        self._clock = clock
        self._receive = receive
        self._send = send
        self._to_send = asyncio.Event()
        self._has_room = asyncio.Event()
        self.connection = Connection(account, box, habits, self._to_send.set)

    async def live(self) -> None:
        """Until the client is gone. A bug in any of the three ends the connection, and is the server's to report."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(), name="reads a websocket")
                tasks.create_task(self._write(), name="writes a websocket")
                tasks.create_task(self._let_time_pass(), name="lets the exchange live")
        except* _Over:
            pass

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                raise _Over
            while self.connection.waiting >= READS_BELOW:
                self._has_room.clear()
                await self._has_room.wait()
            raw = message.get("text")
            # The exchange lives up to now first, so that what a command asks for is not of the past.
            now = self._box.live_until(self._clock())
            self.connection.obey(raw if raw is not None else message.get("bytes") or b"", now)

    async def _write(self) -> None:
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            while (frame := self.connection.next_frame(self._clock())) is not None:
                try:
                    await self._send({"type": "websocket.send", "text": frame})
                except OSError as error:
                    # So a server says that the client is gone.
                    raise _Over from error
                if self.connection.waiting < READS_BELOW:
                    self._has_room.set()

    async def _let_time_pass(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._box.live_until(self._clock())


async def _turn_away(reply: Reply, send: Send, *, says_why: bool) -> None:
    """The handshake fails with this answer. A server that cannot give one says 403."""
    if not says_why:
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(name.encode(), value.encode()) for name, value in reply.headers]
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
    # One turn of the loop lets the server close the connection; uvicorn logs an error if we have ended before.
    await asyncio.sleep(0)
