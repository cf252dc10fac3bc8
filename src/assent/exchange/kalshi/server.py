"""The box on a socket: uvicorn in one process, told to break a line down when a fault asks for it.

It takes no signal (who starts it decides about those) and writes no log. On the way out it gives requests a moment to
end; what a fault still holds back then is lost, as it is when a venue goes down.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from assent.exchange.kalshi.asgi import RESET, Application, Receive, Scope, Send

GRACE_S = 1
CONNECTIONS_MAX = 1_000
PING_SECONDS = 10
PING_SECONDS_MIN = 0.05
# No lingering: the peer hears of the end by a reset, as of a line that broke.
_AT_ONCE = struct.pack("ii", 1, 0)


class Server(uvicorn.Server):
    """Serves until `should_exit` is set. Websockets are pinged as by the venue, in the time of a box at this speed: a
    client that lives by the box's clock would else call a quiet socket dead."""

    def __init__(self, application: Application, speed: int = 1) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=_Http,
                ws=_WebSocket,
                interface="asgi3",
                proxy_headers=False,
                lifespan="on",
                limit_concurrency=CONNECTIONS_MAX,
                ws_ping_interval=max(PING_SECONDS / speed, PING_SECONDS_MIN),
                ws_per_message_deflate=False,
                log_config=None,
                access_log=False,
                server_header=False,
                # The machine's date is not the box's.
                date_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for who started us."""
        yield


class _Http(H11Protocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app = _tearable(self.app, transport)


class _WebSocket(WebSocketsSansIOProtocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app = _tearable(self.app, transport)


def _tearable(application: Any, transport: Any) -> Any:
    """The application, offered a way to tear this connection down."""

    def tear() -> None:
        found = transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()

    async def offered(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, "extensions": {**scope.get("extensions", {}), RESET: tear}}, receive, send)

    return offered
