"""The transport within one process: it drives any ASGI application in our own event loop, without a socket or a thread.

The application is the venue, and it goes on living after its client has given up: each request is a task of the venue's
own, which no time-out and no cancellation of the client ends. Between the two stands a `Line`, which decides what
becomes of each request and frame on its way: that is where a fault layer puts its losses, delays and doubles. Time is
the event loop's, so under virtual time the same program lives the same life each time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote

from assent.model.units import SECOND
from assent.venue.leaving import handed_over
from assent.venue.memory_socket import MemorySocket
from assent.venue.transport import Answer, Failed, Frame, Request, Socket

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Coroutine[Any, Any, None]]
Way = Literal["to_venue", "to_us"]

# As often as the venue and common servers ping their clients.
PING_EVERY: Final = 10 * SECOND
_BROKEN: Final = Failed("unknown", "the connection broke before the whole answer came")
_LATE: Final = Failed("unknown", "no whole answer came in time")


class Passage(NamedTuple):
    """What becomes of one request. Lost `before`, the venue never hears of it; lost `after`, it carried it out. What
    is lost shows as silence, or at once where the connection `breaks`. More than one copy is a proxy's doing."""

    lost: Literal["", "before", "after"] = ""
    breaks: bool = False
    delay_ns: int = 0
    answer_delay_ns: int = 0
    copies: int = 1
    answer: Answer | None = None


class Arrival(NamedTuple):
    """A frame that arrives, so much later than it was sent."""

    delay_ns: int
    frame: Frame


def _whole(_number: int, _request: Request) -> Passage | Failed:
    return Passage()


def _open(_number: int) -> Failed | Answer | None:
    return None


def _itself(_number: int, _way: Way, frame: Frame) -> Sequence[Arrival]:
    return (Arrival(0, frame),)


class Line(NamedTuple):
    """What happens on the way; by default, nothing. All are numbered, from one, in the sequence in which they left."""

    # How one request passes, or why it cannot even leave.
    request: Callable[[int, Request], Passage | Failed] = _whole
    # Why a websocket is not opened, if it is not.
    upgrade: Callable[[int], Failed | Answer | None] = _open
    # What arrives of one frame or ping: nothing, itself, something else, twice, later than others.
    frame: Callable[[int, Way, Frame], Sequence[Arrival]] = _itself


class MemoryTransport:
    """A front door to an application in the same event loop."""

    def __init__(self, app: Application, line: Line | None = None, *, ping_every_ns: int = PING_EVERY) -> None:
        self._app = app
        self._line = line or Line()
        self._ping_every_ns = ping_every_ns
        self._requests = self._upgrades = self._frames = 0
        # In the order of their beginning, as sets of tasks are not.
        self._carrying: dict[asyncio.Task[None], None] = {}
        self._serving: dict[asyncio.Task[None], None] = {}
        self._sockets: list[MemorySocket] = []

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        """Send once and wait for the whole answer, no longer than this."""
        stays = handed_over(request)
        if stays is not None:
            return Failed("not_sent", stays.code, stays.detail)
        self._requests += 1
        passage = self._line.request(self._requests, request)
        if isinstance(passage, Failed):
            return passage
        answered: asyncio.Future[Answer | Failed] = asyncio.get_running_loop().create_future()
        for _ in range(passage.copies):
            _begin(self._carry(request, passage, answered), f"venue {request.method} {request.target}", self._carrying)
        try:
            async with asyncio.timeout(timeout_ns / SECOND):
                return await answered
        except TimeoutError:
            return _LATE

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Socket | Answer | Failed:
        """Open one websocket."""
        self._upgrades += 1
        refusal = self._line.upgrade(self._upgrades)
        if refusal is not None:
            return refusal
        socket = MemorySocket(self._pass, ping_every_ns=self._ping_every_ns)
        scope = _scope("websocket", target, headers) | {
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        _begin(self._serve(scope, socket), f"venue websocket {target}", self._serving)
        try:
            async with asyncio.timeout(timeout_ns / SECOND):
                refused = await socket.opened
        except TimeoutError:
            socket.break_off("nobody waits any longer")
            return Failed("unknown", "the websocket was not opened in time")
        except asyncio.CancelledError:
            socket.break_off("nobody waits any longer")
            raise
        if refused is not None:
            return refused
        self._sockets = [each for each in self._sockets if each.stands]
        self._sockets.append(socket)
        return socket

    def break_sockets(self, why: str) -> None:
        """Every open websocket breaks now, for both of its ends."""
        for socket in self._sockets:
            socket.break_off(why)
        self._sockets.clear()

    async def settle(self) -> None:
        """Wait until every request has been carried out, also those that nobody waits for any longer."""
        while self._carrying:
            await asyncio.wait(list(self._carrying))

    async def close(self) -> None:
        """Give back what is held open. What the venue is carrying out it carries out."""
        self.break_sockets("the desk closed its transport")

    async def _carry(self, request: Request, passage: Passage, answered: "asyncio.Future[Answer | Failed]") -> None:
        await asyncio.sleep(passage.delay_ns / SECOND)
        if passage.lost != "before":
            answer = await self._ask(request)
            await asyncio.sleep(passage.answer_delay_ns / SECOND)
            if not passage.lost:
                _tell(answered, passage.answer or answer)
                return
        if passage.breaks:
            _tell(answered, _BROKEN)

    async def _ask(self, request: Request) -> Answer:
        """One request as the application sees it from a server."""
        begun: list[Message] = []
        body = bytearray()
        heard = ended = False
        over = asyncio.Event()

        async def receive() -> Message:
            nonlocal heard
            if not heard:
                heard = True
                return {"type": "http.request", "body": request.body, "more_body": False}
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                begun.append(message)
            elif not ended:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    ended = True
                    over.set()

        headers = dict(request.headers) | ({"content-length": str(len(request.body))} if request.body else {})
        scope = _scope("http", request.target, headers) | {"method": request.method}
        await self._app(scope, receive, send)
        return Answer(begun[0]["status"], _read_headers(begun[0].get("headers", ())), bytes(body))

    async def _serve(self, scope: MutableMapping[str, Any], socket: MemorySocket) -> None:
        """One websocket as the application sees it from a server."""
        try:
            await self._app(scope, socket.app_receive, socket.app_send)
        except ConnectionError:
            # What the application is told when it sends to somebody who is gone; it may well end of it.
            if socket.stands:
                raise
        finally:
            socket.break_off("the venue ended the websocket without a word")

    def _pass(self, way: Way, frame: Frame) -> list[tuple[int, Frame]]:
        self._frames += 1
        return [(each.delay_ns, each.frame) for each in self._line.frame(self._frames, way, frame)]


def _begin(work: Coroutine[Any, Any, None], name: str, among: dict[asyncio.Task[None], None]) -> None:
    """A task of the venue's, kept among its like until it has ended."""

    def ended(task: asyncio.Task[None]) -> None:
        del among[task]
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            # The client sees silence; whoever runs the loop must see the bug.
            about = {"message": f"the venue's application broke in {name}", "exception": fault, "task": task}
            task.get_loop().call_exception_handler(about)

    task = asyncio.get_running_loop().create_task(work, name=name)
    among[task] = None
    task.add_done_callback(ended)


def _tell(answered: "asyncio.Future[Answer | Failed]", said: Answer | Failed) -> None:
    if not answered.done():
        answered.set_result(said)


def _scope(kind: str, target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    path, _, query = target.partition("?")
    pairs = {"host": "venue.test"} | {name.lower(): value for name, value in headers.items()}
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }


def _read_headers(pairs: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}
