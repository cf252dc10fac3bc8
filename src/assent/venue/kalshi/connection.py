"""One websocket, kept alive around the stream's state machine: connects, pumps, ticks, sends, and begins again.

All that the stream learns goes to `tell` in the order in which it was learned, and what the stream wants sent goes out
in that order too. When the stream hangs up, or no socket can be had, the next attempt waits as long as the stream's
patience says, longer with each failure and never longer than its bound; each attempt is signed anew, and one that the
venue refused for its signature or its rights waits the longest. While frames pour in, everybody else still gets a turn.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from assent.model.units import SECOND
from assent.venue.clock import Time
from assent.venue.kalshi import wire
from assent.venue.kalshi.events import Event, HangUp, Output, Send
from assent.venue.kalshi.pace import backoff
from assent.venue.kalshi.signing import WEBSOCKET_PATH, Signer
from assent.venue.kalshi.stream import Stream
from assent.venue.transport import Answer, Closed, Failed, Ping, Socket, Transport

# In the event loop's own time.
CONNECT_TIMEOUT: Final = 10 * SECOND
# So many frames are taken up in a row before the others get their turns: in the first the desk decides on what came, in
# the second what it has released leaves. So neither waits for the rest of a burst.
FRAMES_IN_A_ROW: Final = 5
TURNS_BETWEEN: Final = 2
# More commands than this cannot be on their way honestly: the socket does not take them.
COMMANDS_MAX: Final = 5_000
_REFUSALS: Final = frozenset({401, 403})


class Connection:
    """`stream` is shared with who asks it for books and freshness; only the connection calls what makes it speak. Its
    patience is the connection's too: on a box's clock, that of the clock's speed (`Patience().at_speed(60)`)."""

    def __init__(
        self,
        transport: Transport,
        stream: Stream,
        clock: Time,
        tell: Callable[[Event], None],
        *,
        signer: Signer | None,
    ) -> None:
        self._transport = transport
        self._stream = stream
        self._clock = clock
        self._tell = tell
        self._signer = signer
        self._commands: deque[bytes] = deque()
        self._to_send = asyncio.Event()
        self._over = asyncio.Event()
        self._failures = 0
        self._not_before = 0
        self.trouble = "not connected yet"

    async def run(self) -> None:
        """Live until cancelled."""
        while True:
            await self._clock.sleep_until(self._not_before)
            socket = await self._connect()
            if socket is not None:
                await self._live(socket)

    def watch(self, tickers: Iterable[str]) -> None:
        """Follow these markets' books too."""
        self._take(self._stream.watch(tickers, self._clock.now()))

    def unwatch(self, tickers: Iterable[str]) -> None:
        """Follow these markets' books no longer."""
        self._take(self._stream.unwatch(tickers, self._clock.now()))

    # --------------------------------------------------------------------------------------------------- one socket

    async def _connect(self) -> Socket | None:
        """A socket, or None once the next attempt has its time."""
        headers = self._signer.websocket_headers(self._clock.now()) if self._signer is not None else {}
        got = await self._transport.connect(WEBSOCKET_PATH, headers, timeout_ns=CONNECT_TIMEOUT)
        if not isinstance(got, Answer | Failed):
            self._failures = 0
            self.trouble = ""
            return got
        self._failures += 1
        wait_ns = backoff(self._failures, self._stream.patience.retry_ns, self._stream.patience.retry_max_ns)
        if isinstance(got, Failed):
            self.trouble = got.why
        else:
            said = wire.error(got.body)
            self.trouble = f"the venue refused the connection: {got.status} {said.code} {said.details}".rstrip()
            if got.status in _REFUSALS:
                wait_ns = self._stream.patience.retry_max_ns
        self._not_before = self._clock.now() + wait_ns
        return None

    async def _live(self, socket: Socket) -> None:
        """Until this socket is given up."""
        self._over.clear()
        self._commands.clear()
        try:
            async with asyncio.TaskGroup() as group:
                self._take(self._stream.opened(self._clock.now()))
                tasks = [
                    group.create_task(self._receive(socket), name="kalshi receive"),
                    group.create_task(self._tick(), name="kalshi tick"),
                    group.create_task(self._send(socket), name="kalshi send"),
                ]
                await self._over.wait()
                for task in tasks:
                    task.cancel()
        finally:
            self.trouble = self.trouble or "the connection was closed"
            await socket.close()

    async def _receive(self, socket: Socket) -> None:
        count = 0
        while True:
            frame = await socket.receive()
            now = self._clock.now()
            if isinstance(frame, Closed):
                self._take(self._stream.closed(now, frame.why))
                self._over.set()
                return
            self._take(self._stream.pinged(now) if isinstance(frame, Ping) else self._stream.received(frame, now))
            count += 1
            if count % FRAMES_IN_A_ROW == 0:
                for _ in range(TURNS_BETWEEN):
                    await asyncio.sleep(0)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(self._stream.patience.tick_ns)
            self._take(self._stream.tick(self._clock.now()))

    async def _send(self, socket: Socket) -> None:
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            while self._commands:
                await socket.send(self._commands.popleft())

    def _take(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self._commands.append(output.command)
                self._to_send.set()
            elif isinstance(output, HangUp):
                self.trouble = output.why
                self._not_before = output.not_before_ts
                self._over.set()
            else:
                self._tell(output)
        if len(self._commands) > COMMANDS_MAX:
            self._commands.clear()
            self._take(self._stream.closed(self._clock.now(), "the socket does not take our commands"))
