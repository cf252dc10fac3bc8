"""A websocket within one process: our end and the application's end of one line.

Our end is the transport's `Socket`. The application's end speaks ASGI: it is told `websocket.connect`, accepts or
refuses, receives and sends, and hears `websocket.disconnect` once. What passes is decided frame by frame outside; a
close is never lost, as a broken line shows itself sooner or later. A reader who is slow makes the application wait.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Literal

from assent.model.units import SECOND
from assent.venue.transport import Answer, Closed, Frame, Ping

# Frames on their way to us beyond which the application has to wait.
FRAMES_MAX: Final = 1_000
# What a close is told as: by its owner, or a line that broke.
NORMAL: Final = 1_000
BROKEN: Final = 1_006

Pass = Callable[[Literal["to_venue", "to_us"], Frame], list[tuple[int, Frame]]]


class MemorySocket:
    """`opened` becomes None when the application accepted, or its refusal."""

    def __init__(self, passing: Pass, *, ping_every_ns: int) -> None:
        loop = asyncio.get_running_loop()
        self._passing = passing
        self._ping_every_ns = ping_every_ns
        self._to_us: asyncio.Queue[Frame] = asyncio.Queue()
        self._to_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._room = asyncio.Event()
        self._refusal: Answer | None = None
        self._pinging: asyncio.Task[None] | None = None
        self.opened: asyncio.Future[Answer | None] = loop.create_future()
        self.stands = True
        self._to_app.put_nowait({"type": "websocket.connect"})

    # ------------------------------------------------------------------------------------------------------ our end

    async def receive(self) -> Frame:
        frame = await self._to_us.get()
        self._room.set()
        return frame

    async def send(self, frame: bytes) -> None:
        if self.stands:
            for delay_ns, passed in self._passing("to_venue", frame):
                if isinstance(passed, bytes):
                    self._later(delay_ns, self._hand_to_app, passed)

    async def close(self) -> None:
        self._end(NORMAL, Closed("we closed it"))

    def break_off(self, why: str) -> None:
        """The line breaks for both ends."""
        self._end(BROKEN, Closed(why))

    # ----------------------------------------------------------------------------------------- the application's end

    async def app_receive(self) -> MutableMapping[str, Any]:
        return await self._to_app.get()

    async def app_send(self, message: MutableMapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._accepted()
        elif kind == "websocket.send":
            await self._send_to_us(message)
        elif kind == "websocket.close":
            code, reason = message.get("code", NORMAL), message.get("reason") or ""
            self._refuse(Answer(403, {}, b""))
            self._end(code, Closed(f"the venue closed the websocket: {code} {reason}".rstrip()))
        elif kind == "websocket.http.response.start":
            headers = {name.decode().lower(): value.decode() for name, value in message.get("headers", ())}
            self._refusal = Answer(message["status"], headers, b"")
        elif self._refusal is not None:
            self._refusal = self._refusal._replace(body=self._refusal.body + message.get("body", b""))
            if not message.get("more_body"):
                self._refuse(self._refusal)
                self._end(BROKEN, Closed("the venue refused the websocket"))

    def _accepted(self) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
        if self.stands:
            self._pinging = asyncio.get_running_loop().create_task(self._ping(), name="venue ping")

    def _refuse(self, answer: Answer) -> None:
        if not self.opened.done():
            self.opened.set_result(answer)

    async def _send_to_us(self, message: MutableMapping[str, Any]) -> None:
        if not self.stands:
            raise ConnectionError("the client of this websocket is gone")
        text = message.get("text")
        frame: bytes = message.get("bytes", b"") if text is None else text.encode()
        self._pass_to_us(frame)
        while self._to_us.qsize() >= FRAMES_MAX and self.stands:
            self._room.clear()
            await self._room.wait()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._ping_every_ns / SECOND)
            self._pass_to_us(Ping())

    # ------------------------------------------------------------------------------------------------------ the line

    def _pass_to_us(self, frame: Frame) -> None:
        for delay_ns, passed in self._passing("to_us", frame):
            self._later(delay_ns, self._hand_to_us, passed)

    def _later(self, delay_ns: int, hand: Callable[[Any], None], frame: Frame) -> None:
        if delay_ns:
            asyncio.get_running_loop().call_later(delay_ns / SECOND, hand, frame)
        else:
            hand(frame)

    def _hand_to_us(self, frame: Frame) -> None:
        if self.stands:
            self._to_us.put_nowait(frame)

    def _hand_to_app(self, frame: bytes) -> None:
        if self.stands:
            self._to_app.put_nowait({"type": "websocket.receive", "text": frame.decode()})

    def _end(self, code: int, closed: Closed) -> None:
        if not self.stands:
            return
        self.stands = False
        self._refuse(Answer(500, {}, b""))
        self._room.set()
        if self._pinging is not None:
            self._pinging.cancel()
        self._to_us.put_nowait(closed)
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code})
