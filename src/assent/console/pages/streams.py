"""Live pages: one stream of server-sent events for each open page, bounded in number, never queued.

A stream keeps no backlog: it renders what is true now, sends the fragments that differ from what it sent last, and
looks again. A reader that does not take an event in time is dropped; its browser comes back and gets the whole page's
state at once. Streams end when their session does.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assent.model.units import SECOND

PER_SESSION_MAX: Final = 6
IN_ALL_MAX: Final = 48
LOOK_S: Final = 0.25
BEAT_NS: Final = 10 * SECOND
# Relative ages on a page grow old even when nothing happens.
RENDER_NS: Final = 5 * SECOND
WRITE_S: Final = 5.0

Fragments = Mapping[str, str]
ENDED: Final = "The session has ended: sign in again."


class Page:
    """What one open page wants to know. `version` is cheap and changes with whatever `render` would show."""

    __slots__ = ("alive", "render", "title", "version")

    def __init__(
        self,
        *,
        version: Callable[[], object],
        render: Callable[[], Fragments],
        title: Callable[[], str],
        alive: Callable[[], bool],
    ) -> None:
        self.version = version
        self.render = render
        self.title = title
        self.alive = alive


class Streams:
    """How many streams stand, by session and in all."""

    def __init__(self, *, per_session_max: int = PER_SESSION_MAX, in_all_max: int = IN_ALL_MAX) -> None:
        self._per_session_max = per_session_max
        self._in_all_max = in_all_max
        self._standing: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._standing.total()

    def enter(self, session: str) -> bool:
        """Whether one more may stand. Who enters must leave."""
        if len(self) >= self._in_all_max or self._standing[session] >= self._per_session_max:
            return False
        self._standing[session] += 1
        return True

    def leave(self, session: str) -> None:
        self._standing[session] -= 1
        if self._standing[session] <= 0:
            del self._standing[session]


class EventStream(Response):
    """The answer that goes on: events until the reader leaves, the session ends, or an event is not taken in time."""

    media_type = "text/event-stream"

    def __init__(self, page: Page, streams: Streams, session: str, now: Callable[[], int]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._page = page
        self._streams = streams
        self._session = session
        self._now = now
        self._sent: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._streams.enter(self._session):
            await _TOO_MANY(scope, receive, send)
            return
        try:
            with suppress(TimeoutError, OSError):
                await self._until_gone(receive, send)
        finally:
            self._streams.leave(self._session)

    async def _until_gone(self, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_gone(receive))
        try:
            await _in_time(send({"type": "http.response.start", "status": 200, "headers": self.raw_headers}))
            await self._events(send, gone)
            await _in_time(send({"type": "http.response.body", "body": b"", "more_body": False}))
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _events(self, send: Send, gone: "asyncio.Task[None]") -> None:
        version: object = None
        rendered = beaten = 0
        while not gone.done():
            now = self._now()
            if now - beaten >= BEAT_NS:
                if not self._page.alive():
                    await _write(send, "ended", ENDED)
                    return
                await _write(send, "beat", now // 1_000_000)
                beaten = now
            current = self._page.version()
            if current != version or now - rendered >= RENDER_NS:
                version, rendered = current, now
                await self._changes(send)
            await asyncio.wait((gone,), timeout=LOOK_S)

    async def _changes(self, send: Send) -> None:
        """Those fragments that differ from what this reader has."""
        parts: dict[str, tuple[str, object]] = {"title": ("title", self._page.title())}
        for name, html in self._page.render().items():
            parts[f"#{name}"] = ("fragment", {"name": name, "html": html})
        for key, (event, data) in parts.items():
            mark = hashlib.sha256(json.dumps(data).encode()).digest()
            if self._sent.get(key) != mark:
                self._sent[key] = mark
                await _write(send, event, data)


async def _write(send: Send, event: str, data: object) -> None:
    body = f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
    await _in_time(send({"type": "http.response.body", "body": body, "more_body": True}))


async def _in_time(sending: object) -> None:
    async with asyncio.timeout(WRITE_S):
        await sending  # type: ignore[misc]


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


_TOO_MANY: Final = Response(
    "Too many live pages are open. This one stands as it was rendered; load it anew to see what is new.\n",
    status_code=503,
    headers={"retry-after": "30", "cache-control": "no-store"},
    media_type="text/plain",
)
