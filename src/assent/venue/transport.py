"""The seam between a venue's words and the world: one request and its answer, one socket and its frames.

Two implementations stand beside it: the network, and memory, where the exchange goes on living after its client has
given up. What fails is told by its phase, since that is all that a caller can act on: whether anything can have left.
Nothing here is sent twice, follows a redirect or waits without end.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

Method = Literal["GET", "POST", "PUT", "DELETE"]
# `not_sent`: no byte of the request can have reached the venue. `unknown`: some may have; when unsure, this one.
Phase = Literal["not_sent", "unknown"]


class Leaving(NamedTuple):
    """A request as it stands in the bytes that are about to be written, to the last header. `origin` says to whom:
    scheme, host and port of the connection that stands. What shows it shows no header."""

    origin: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"<Leaving {self.method} {self.target}, {len(self.body)} bytes>"


class Stays(NamedTuple):
    """Why a request must not leave after all: one of our codes, and what was found, for people."""

    code: str
    detail: str = ""


# Asked at the last moment, with what is about to leave: why it must stay here after all, or None.
Withheld = Callable[[Leaving], Stays | None]


class Request(NamedTuple):
    """`target` is the path with its query, as it stands on the request line. What shows it shows no header: among them
    is a signature. A transport asks `withheld` when everything is ready, with what it is about to write, and writes
    nothing of what must stay; without one, nothing but a `GET` leaves."""

    method: Method
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    withheld: Withheld | None = None

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target}, {len(self.body)} bytes>"


class Answer(NamedTuple):
    """A whole answer, whatever it says. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Failed(NamedTuple):
    """No whole answer came. `why` is for people and holds nothing secret; of what was withheld it is the code, and
    `detail` what was found."""

    phase: Phase
    why: str
    detail: str = ""


class Ping(NamedTuple):
    """The venue pinged, and has been answered: the socket lives."""


class Closed(NamedTuple):
    """The socket is gone; nothing more comes."""

    why: str


Frame = bytes | Ping | Closed


class Socket(Protocol):
    """One open websocket."""

    async def receive(self) -> Frame:
        """The next frame. After `Closed` nothing may be asked."""
        ...

    async def send(self, frame: bytes) -> None:
        """Hand over one text frame. On a socket that is gone nothing happens: `receive` tells it."""
        ...

    async def close(self) -> None:
        """Close it from our side, within a bounded time."""
        ...


class Transport(Protocol):
    """One venue's front door."""

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        """Send once and wait for the whole answer, no longer than this."""
        ...

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Socket | Answer | Failed:
        """Open one websocket. An answer means that the venue spoke and opened none."""
        ...

    async def close(self) -> None:
        """Give back what is held open."""
        ...
