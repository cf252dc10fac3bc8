"""A transport that answers by script, and remembers what it was asked."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from assent.venue.transport import Answer, Closed, Failed, Frame, Leaving, Request, Socket

Said = Answer | Failed


class Sent(NamedTuple):
    """One request as it left, with the time it left at."""

    ts: int
    request: Request
    timeout_ns: int


def let_go(_: Leaving) -> None:
    """The watcher of a request of which a test asks something else than whether it may leave."""


def ok(body: bytes = b"{}") -> Answer:
    return Answer(200, {}, body)


def no(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


class ScriptedTransport:
    """`answer` says what comes of each request; an upgrade gets the next of `sockets`."""

    def __init__(
        self,
        answer: Callable[[Request], Said] | list[Said],
        now: Callable[[], int],
        *,
        takes_ns: int = 0,
        sockets: "list[ScriptedSocket | Answer | Failed] | None" = None,
    ) -> None:
        self._answer = answer
        self._now = now
        self._takes_ns = takes_ns
        self._sockets = sockets or []
        self.sent: list[Sent] = []
        self.upgrades: list[tuple[int, str, Mapping[str, str]]] = []

    async def request(self, request: Request, *, timeout_ns: int) -> Said:
        self.sent.append(Sent(self._now(), request, timeout_ns))
        if self._takes_ns:
            await asyncio.sleep(self._takes_ns / 1_000_000_000)
        return self._answer.pop(0) if isinstance(self._answer, list) else self._answer(request)

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Socket | Answer | Failed:
        self.upgrades.append((self._now(), target, headers))
        return self._sockets.pop(0) if self._sockets else Failed("not_sent", "no more sockets in the script")

    async def close(self) -> None:
        return


class ScriptedSocket:
    """Frames put into it are received; what is sent on it is kept."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.sent: list[bytes] = []
        self.closed = False

    async def receive(self) -> Frame:
        return await self.frames.get()

    async def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    async def close(self) -> None:
        self.closed = True

    def put(self, *frames: Frame) -> None:
        for frame in frames:
            self.frames.put_nowait(frame)

    def hang_up(self, why: str = "gone") -> None:
        self.frames.put_nowait(Closed(why))
