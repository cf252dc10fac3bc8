"""The transport over a real network: one request and its answer over HTTP/1.1.

It sends a request once: no retries, no redirects (a signature must not travel to another host), no proxies or
certificates from the environment, no cookies. What the client below writes is held back until the whole request is
there; these very bytes are read, whoever watches over the request is asked about them, and only then they are written.
Without such a watcher nothing but a `GET` leaves. What fails before the first byte is `not_sent`, everything after is
`unknown`. That holds for a kept connection too: one that the venue
had closed is noticed before it is used, and one that it closes in the same moment leaves no proof, so it is `unknown`.
An answer that was there before its request left belongs to something else, and is not taken for its answer.

Whatever the venue sends is bounded in size, packed and unpacked, and in time. No sentence made here repeats what was
sent or received, since either may hold a signature.
"""

import asyncio
import ssl
import zlib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore

from assent.model.errors import AssentError
from assent.model.orders import DIFFERS
from assent.model.text import shown
from assent.model.units import SECOND
from assent.venue.leaving import NO_READER, origin_of, read_request
from assent.venue.transport import Answer, Failed, Method, Request, Socket, Stays, Withheld
from assent.venue.websocket import open_websocket

# The largest honest answer, a list of every series, has about ten megabytes.
BODY_MAX: Final = 32 * 1024 * 1024
# For each method.
CONNECTIONS_MAX: Final = 16
METHODS: Final[tuple[Method, ...]] = ("GET", "POST", "PUT", "DELETE")
# Below the minute after which load balancers hang up, so that few requests meet a closing connection.
KEEP_ALIVE_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 5.0

_GZIP: Final = 16 + zlib.MAX_WBITS
# What went wrong, in our own words: the library's words may quote a header. The first that fits.
_WHYS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpcore.ConnectTimeout, "the connection was not established in time"),
    (httpcore.LocalProtocolError, "the request cannot be written as HTTP"),
    (httpcore.RemoteProtocolError, "what came is not a whole HTTP answer"),
    (httpcore.WriteError, "the connection broke while the request was sent"),
    (httpcore.ReadError, "the connection broke before the whole answer came"),
)


class Network:
    """One venue at its two addresses, such as `https://host` and `wss://host`; unencrypted only on this machine."""

    def __init__(self, rest: str, websocket: str, *, trust: ssl.SSLContext | None = None) -> None:
        """`trust` says whose certificates are believed; by default those of the public authorities."""
        self._rest = _address(rest, "https", "http")
        self._websocket = _address(websocket, "wss", "ws")
        self._trust = trust or httpcore.default_ssl_context()
        # Each method has connections of its own: a cancel never waits for one that a slow read or submission holds.
        self._pools = {method: _pool(self._trust) for method in METHODS}

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        """Send once and wait for the whole answer, no longer than this."""
        sending = _Sending(request.withheld)
        before = _SENDING.set(sending)
        seconds = timeout_ns / SECOND
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(request, seconds)
        except TimeoutError:
            return sending.failed("no whole answer came in time" if sending.began else "nothing could be sent in time")
        except _Withheld as withheld:
            return Failed("not_sent", *withheld.stays)
        except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            return sending.failed(_why(error))
        finally:
            _SENDING.reset(before)

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Socket | Answer | Failed:
        """Open one websocket."""
        trust = self._trust if self._websocket.startswith("wss:") else None
        return await open_websocket(self._websocket + target, headers, trust=trust, timeout_ns=timeout_ns)

    async def close(self) -> None:
        """Give back what is held open."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _exchange(self, request: Request, seconds: float) -> Answer | Failed:
        # Once for TCP and once for TLS. Both end before the whole time does: the library closes a connection that it
        # gave up itself, and forgets one in the midst of whose handshake it was cancelled.
        connect_seconds = min(CONNECT_SECONDS, seconds / 3)
        sent = self._pools[request.method].stream(
            request.method,
            httpcore.URL(f"{self._rest}/"),
            headers=[("accept-encoding", "gzip"), *request.headers.items()],
            content=request.body or (None if request.method in ("GET", "DELETE") else b""),
            extensions={
                # The target stands on the request line as it was signed, not as a library would write it.
                "target": request.target.encode("ascii"),
                "timeout": {"connect": connect_seconds},
            },
        )
        async with sent as response:
            wire = response.extensions["network_stream"]
            if not isinstance(wire, _Wire) or not wire.heard:
                return Failed("unknown", "the answer was there before the request, so it belongs to something else")
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            body = await _whole(response, headers.get("content-encoding", "identity"))
            return body if isinstance(body, Failed) else Answer(response.status, headers, body)


def _pool(trust: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(
        ssl_context=trust,
        max_connections=CONNECTIONS_MAX,
        max_keepalive_connections=CONNECTIONS_MAX,
        keepalive_expiry=KEEP_ALIVE_SECONDS,
        network_backend=_Wires(),
    )


class _Withheld(Exception):
    """Ends a request whose connection stands, before its first byte."""

    def __init__(self, stays: Stays) -> None:
        self.stays = stays
        super().__init__(stays.code)


class _Sending:
    """One request on its way into its connection, and whether anything of it may have left. To connect takes seconds on
    a bad day: what may no longer be sent when its connection stands never begins."""

    def __init__(self, withheld: Withheld | None) -> None:
        self.began = False
        self._withheld = withheld
        self._held = b""

    def cleared(self, piece: bytes, origin: str) -> bytes:
        """What may be written now: nothing before the request is whole, then all of it, if it may leave. The client
        ends each request with an empty piece; nothing is written behind it."""
        if piece:
            self._held += piece
            return b""
        whole, self._held = self._held, b""
        if not whole:
            return b""
        if self.began:
            raise httpcore.LocalProtocolError("more was to be written than the request")
        stays = self._why_not(whole, origin)
        if stays is not None:
            raise _Withheld(stays)
        self.began = True
        return whole

    def failed(self, why: str) -> Failed:
        return Failed("unknown" if self.began else "not_sent", why)

    def _why_not(self, whole: bytes, origin: str) -> Stays | None:
        if self._withheld is None:
            return None if whole.startswith(b"GET ") else Stays(NO_READER)
        leaving = read_request(whole, origin)
        if leaving is None:
            return Stays(DIFFERS, "it is not a request in HTTP/1.1 as this program writes one")
        return self._withheld(leaving)


# Whose bytes a connection is asked to write: a task sends one request at a time, through a client that knows bytes.
_SENDING: Final[ContextVar[_Sending]] = ContextVar("sending")


class _Wire(httpcore.AsyncNetworkStream):
    """One connection that knows who is at its other end, writes what may leave and nothing else, and knows whether
    anything was heard on it since something was last sent."""

    def __init__(self, wire: httpcore.AsyncNetworkStream, scheme: str, host: str, port: int) -> None:
        self._wire = wire
        self._place = (host, port)
        self._origin = origin_of(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        self.heard = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - theirs
        got = await self._wire.read(max_bytes, timeout)
        self.heard = True
        return got

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - theirs
        whole = _SENDING.get().cleared(buffer, self._origin)
        if whole:
            self.heard = False
            await self._wire.write(whole, timeout)

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - theirs
    ) -> httpcore.AsyncNetworkStream:
        return _Wire(await self._wire.start_tls(ssl_context, server_hostname, timeout), "https", *self._place)

    def get_extra_info(self, info: str) -> Any:
        return self._wire.get_extra_info(info)


class _Wires(httpcore.AnyIOBackend):
    """Makes each connection such a wire."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - theirs
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        wire = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Wire(wire, "http", host, port)


async def _whole(response: httpcore.Response, packing: str) -> bytes | Failed:
    """The body, unpacked, or why it cannot be taken."""
    if packing.strip().lower() not in ("identity", "gzip"):
        return Failed("unknown", "the answer is packed in a way that was not asked for")
    unpacking = zlib.decompressobj(_GZIP) if packing.strip().lower() == "gzip" else None
    body = bytearray()
    async for chunk in response.aiter_stream():
        if unpacking is None:
            body += chunk
        else:
            fault = _unpack(unpacking, chunk, body)
            if fault is not None:
                return Failed("unknown", fault)
        if len(body) > BODY_MAX:
            return Failed("unknown", f"the answer is longer than {BODY_MAX} bytes")
    if unpacking is not None and not unpacking.eof:
        return Failed("unknown", "the packed answer ends in the middle")
    return bytes(body)


def _unpack(unpacking: "zlib._Decompress", chunk: bytes, body: bytearray) -> str | None:
    """Add what a packed piece holds, at most a byte more than may be."""
    try:
        body += unpacking.decompress(chunk, BODY_MAX + 1 - len(body))
    except zlib.error:
        return "the packed answer cannot be unpacked"
    return "more came after the packed answer's end" if unpacking.unused_data else None


def _why(error: Exception) -> str:
    for kind, why in _WHYS:
        if isinstance(error, kind):
            return why
    # Nothing had left yet, so these words come from the operating system and the certificate alone.
    return shown(f"no connection: {error}") if isinstance(error, httpcore.ConnectError) else "the connection broke"


def _address(address: str, secure: str, plain: str) -> str:
    """Scheme and host, and nothing else."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    whole = host and not parts.path.strip("/") and not parts.query and parts.username is None
    if whole and (parts.scheme == secure or (parts.scheme == plain and _is_loopback(host))):
        return f"{parts.scheme}://{parts.netloc}"
    raise AssentError(
        f"the venue's address is {shown(address)}, and only {secure}://HOST, or {plain}:// on this machine, is taken: "
        f"a signature must not travel unencrypted. Give it as {secure}://external-api.kalshi.com."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
