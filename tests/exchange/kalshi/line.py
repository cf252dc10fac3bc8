"""A websocket client that speaks ASGI without a socket, in the event loop of the application."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, Self

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, BOB_KEY, BOB_PRIVATE, Venue, signed_headers

from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.websocket import PATH
from assent.runtime import virtual

Frame = dict[str, Any]
KEYS = {"ann": (ANN_KEY, ANN_PRIVATE), "bob": (BOB_KEY, BOB_PRIVATE)}


class Line:
    """One connection. `stall()` stops reading, as a client on a slow link does; what is sent meanwhile waits."""

    def __init__(
        self,
        app: App,
        now: Callable[[], int],
        *,
        member: str = "ann",
        path: str = PATH,
        headers: dict[str, str] | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        if headers is None:
            key_id, private = KEYS[member]
            headers = signed_headers("GET", path, now(), key_id=key_id, private=private)
        self._app = app
        self._scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "extensions": {"websocket.http.response": {}} if extensions is None else extensions,
        }
        self._to_app: asyncio.Queue[Any] = asyncio.Queue()
        self._reads = asyncio.Event()
        self._reads.set()
        self.messages: list[Any] = []
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.raw: list[str] = []
        self.gone = False

    async def __aenter__(self) -> Self:
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._app(self._scope, self._to_app.get, self._sent))
        await quiet()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hang_up()
        await self._task

    def hang_up(self) -> None:
        self._reads.set()
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})

    def stall(self) -> None:
        self._reads.clear()

    def read_on(self) -> None:
        self._reads.set()

    async def say(self, command: Any) -> None:
        text = command if isinstance(command, str) else json.dumps(command)
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})
        await quiet()

    async def ask(self, number: int, cmd: str, **params: Any) -> list[Frame]:
        """A command and all that has come until it was carried out."""
        await self.say({"id": number, "cmd": cmd, "params": params})
        return self.heard()

    def heard(self) -> list[Frame]:
        """What has come since it was last asked."""
        found = []
        while not self.frames.empty():
            found.append(self.frames.get_nowait())
        return found

    @property
    def ended(self) -> bool:
        return self._task.done()

    async def _sent(self, message: Any) -> None:
        await self._reads.wait()
        if self.gone:
            raise OSError("the client is gone")
        self.messages.append(message)
        if message["type"] == "websocket.send":
            self.raw.append(message["text"])
            self.frames.put_nowait(json.loads(message["text"]))


async def quiet() -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)


def lived(story: Callable[[Venue], Coroutine[Any, Any, None]], venue: Venue | None = None) -> None:
    """A story at a small venue, under virtual time."""
    virtual.run(story(venue or Venue()))


def messages_of(frames: list[Frame], kind: str) -> list[Any]:
    return [frame["msg"] for frame in frames if frame["type"] == kind]
