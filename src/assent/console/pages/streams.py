"""Live pages: one stream of server-sent events for each open page, bounded in number, never queued.

A stream keeps no backlog: it renders what is true now, sends the fragments that differ from what it sent last, and
waits for news. A reader that does not take an event in time is dropped; its browser comes back and gets the whole
page's state at once. Streams end when their session does.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assent.model.units import SECOND

PER_SESSION_MAX: Final = 6
IN_ALL_MAX: Final = 48
BEAT_NS: Final = 10 * SECOND
# The most often that one page is rendered anew, and how soon a departure or the end of a session is noticed.
STEP_S: Final = 0.5
WRITE_S: Final = 5.0
ENDED: Final = "The session has ended: sign in again."

Fragments = Mapping[str, str]


class Standing:
    """One stream that stands, until its session or its reader ends it."""

    __slots__ = ("ended", "session")

    def __init__(self, session: str) -> None:
        self.session = session
        self.ended = False


class Streams:
    """Those that stand, bounded by session and in all."""

    def __init__(self, *, per_session_max: int = PER_SESSION_MAX, in_all_max: int = IN_ALL_MAX) -> None:
        self._per_session_max = per_session_max
        self._in_all_max = in_all_max
        self._standing: list[Standing] = []

    def __len__(self) -> int:
        return len(self._standing)

    def enter(self, session: str) -> Standing | None:
        """One more, if one more may stand. Who enters must leave."""
        of_session = sum(one.session == session for one in self._standing)
        if len(self._standing) >= self._in_all_max or of_session >= self._per_session_max:
            return None
        standing = Standing(session)
        self._standing.append(standing)
        return standing

    def leave(self, standing: Standing) -> None:
        self._standing.remove(standing)

    def end(self, session: str) -> None:
        """The session is over, and with it all that it looks at."""
        for one in self._standing:
            one.ended = one.ended or one.session == session


class Watched:
    """What one open page wants to know. `version` is cheap and changes with whatever `render` would show; `news` waits
    for another version, at most so many seconds; `alive` says whether the session still holds; `clock` how late it is
    for the desk, and how fast its time passes."""

    __slots__ = ("alive", "clock", "news", "render", "title", "version")

    def __init__(
        self,
        *,
        version: Callable[[], int],
        news: Callable[[int, float], Awaitable[object]],
        render: Callable[[], Fragments],
        title: Callable[[], str],
        alive: Callable[[], Awaitable[bool]],
        clock: Callable[[], Mapping[str, int]],
    ) -> None:
        self.version = version
        self.news = news
        self.render = render
        self.title = title
        self.alive = alive
        self.clock = clock


class EventStream(Response):
    """The answer that goes on: events until the reader leaves, the session ends, or an event is not taken in time."""

    def __init__(self, watched: Watched, streams: Streams, standing: Standing, now: Callable[[], int]) -> None:
        super().__init__(media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._watched = watched
        self._streams = streams
        self._standing = standing
        self._now = now
        self._sent: dict[str, bytes] = {}

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_gone(receive))
        try:
            with suppress(TimeoutError):
                await self._until_gone(send, gone)
        finally:
            self._streams.leave(self._standing)
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _until_gone(self, send: Send, gone: "asyncio.Task[None]") -> None:
        await _in_time(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await self._events(send, gone)
        if not gone.done():
            await _in_time(send, {"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self, send: Send, gone: "asyncio.Task[None]") -> None:
        watched, seen, beaten = self._watched, -1, -BEAT_NS
        while not gone.done():
            now, due = self._now(), self._now() - beaten >= BEAT_NS
            if self._standing.ended or (due and not await watched.alive()):
                await _write(send, "ended", ENDED)
                return
            if due:
                await _write(send, "beat", watched.clock())
                beaten = now
            if watched.version() != seen:
                seen = watched.version()
                await self._changes(send)
                await asyncio.wait((gone,), timeout=STEP_S)
            else:
                await watched.news(seen, STEP_S)

    async def _changes(self, send: Send) -> None:
        """Those fragments that differ from what this reader has."""
        told: list[tuple[str, str, object]] = [("title", "title", self._watched.title())]
        told += [
            (f"#{name}", "fragment", {"name": name, "html": html}) for name, html in self._watched.render().items()
        ]
        for key, event, data in told:
            mark = hashlib.sha256(json.dumps(data).encode()).digest()
            if self._sent.get(key) != mark:
                self._sent[key] = mark
                await _write(send, event, data)


async def _write(send: Send, event: str, data: object) -> None:
    body = f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
    await _in_time(send, {"type": "http.response.body", "body": body, "more_body": True})


async def _in_time(send: Send, message: dict[str, object]) -> None:
    async with asyncio.timeout(WRITE_S):
        await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
