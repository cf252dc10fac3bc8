"""The few words of ASGI that the servers in here share: what passes to and fro, and how to read a whole body."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# What the server may offer beside ASGI: a function that tears the connection down as a broken line does.
RESET = "box.reset"
# When a request came in, where something held it on its way: that is when its signature was looked at.
RECEIVED = "box.received_ns"


async def read_body(receive: Receive, most: int) -> bytes | None:
    """The body, or as much of it as shows that it is larger than `most`; None if the client left before its end."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body") or len(body) > most:
            return body


async def gone(receive: Receive) -> None:
    """Until the client has left."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass


def tear_down(scope: Scope) -> None:
    """Break the line, where the server can; another kind of server is told by an error of the line."""
    tear = (scope.get("extensions") or {}).get(RESET)
    if tear is None:
        raise ConnectionResetError("the line was cut")
    tear()
