"""Live pages: what changed and nothing else, so many and no more, an end with the session, no queue for the slow."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.console.pages import worlds
from tests.console.pages.support import make_pages
from tests.console.support import SAME_SITE

from assent.approval.errors import AccessDamaged
from assent.console.pages import streams as streams_module
from assent.console.pages.streams import EventStream, Streams, Watched


class Told:
    """What a page would show, as a test changes it."""

    def __init__(self) -> None:
        self.version = 1
        self.fragments = {"a": "<p id=a>1</p>", "b": "<p id=b>1</p>"}
        self.holds = True
        self.now = worlds.NOW

    def watched(self) -> Watched:
        async def news(_since: int, _timeout: float) -> None:
            await asyncio.sleep(0.005)

        async def alive() -> bool:
            return self.holds

        return Watched(
            version=lambda: self.version, news=news, render=lambda: dict(self.fragments), title=lambda: "t",
            alive=alive, clock=lambda: {"now": self.now // 1_000_000, "speed": 60},
        )  # fmt: skip


class Reader:
    """One browser at the other end. `slow`: it takes nothing any more."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.left = asyncio.Event()
        self.news = asyncio.Event()
        self.slow = False
        self.over = False

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.slow:
            await asyncio.sleep(3_600)
        body = message.get("body", b"").decode()
        self.over = message["type"] == "http.response.body" and not message["more_body"]
        if body:
            event, data = body.strip().split("\n")
            self.news.set()
            self.events.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.events) < count:
                self.news.clear()
                await self.news.wait()


def lived(test: Callable[[Told, Reader, Streams, Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
    """Run one stream beside what a test does to it."""

    async def life() -> None:
        told, reader, streams = Told(), Reader(), Streams()
        standing = streams.enter("s")
        assert standing is not None
        stream = EventStream(told.watched(), streams, standing, lambda: told.now)
        task = asyncio.create_task(stream({"type": "http"}, reader.receive, reader.send))

        async def ended() -> None:
            async with asyncio.timeout(5):
                await task

        try:
            await test(told, reader, streams, ended)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(life())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "STEP_S", 0.01)
    monkeypatch.setattr(streams_module, "WRITE_S", 0.05)


def test_a_page_is_sent_whole_first_and_then_only_what_differs() -> None:
    async def test(told: Told, reader: Reader, _streams: Streams, _ended: Any) -> None:
        await reader.until(4)
        assert [event for event, _ in reader.events] == ["beat", "title", "fragment", "fragment"]
        assert reader.events[0] == ("beat", {"now": worlds.NOW // 1_000_000, "speed": 60})
        told.fragments["b"] = "<p id=b>2</p>"
        told.version = 2
        await reader.until(5)
        await asyncio.sleep(0.1)
        assert reader.events[4:] == [("fragment", {"name": "b", "html": "<p id=b>2</p>"})]

    lived(test)


def test_a_reader_who_takes_nothing_is_dropped_and_nothing_waits_for_it() -> None:
    async def test(told: Told, reader: Reader, streams: Streams, ended: Any) -> None:
        await reader.until(4)
        reader.slow = True
        told.fragments["a"] = "<p id=a>2</p>"
        told.version = 2
        await ended()
        assert len(streams) == 0

    lived(test)


def test_a_reader_who_leaves_frees_the_place() -> None:
    async def test(_told: Told, reader: Reader, streams: Streams, ended: Any) -> None:
        await reader.until(4)
        reader.left.set()
        await ended()
        assert len(streams) == 0

    lived(test)


def test_a_stream_ends_with_its_session() -> None:
    async def test(_told: Told, reader: Reader, streams: Streams, ended: Any) -> None:
        await reader.until(4)
        streams.end("s")
        await ended()
        assert reader.events[-1][0] == "ended"
        assert reader.over

    lived(test)


def test_a_session_that_was_ended_elsewhere_is_noticed_at_the_next_beat() -> None:
    async def test(told: Told, reader: Reader, _streams: Streams, ended: Any) -> None:
        await reader.until(4)
        told.holds = False
        told.now += streams_module.BEAT_NS
        await ended()
        assert reader.events[-1][0] == "ended"

    lived(test)


def test_streams_are_bounded_by_session_and_in_all() -> None:
    streams = Streams(per_session_max=2, in_all_max=3)
    first = streams.enter("a")
    assert first is not None
    assert streams.enter("a") is not None
    assert streams.enter("a") is None
    assert streams.enter("b") is not None
    assert streams.enter("c") is None
    streams.leave(first)
    assert streams.enter("c") is not None


def test_one_too_many_is_told_so(tmp_path: Path) -> None:
    page = make_pages(tmp_path, streams=Streams(in_all_max=0))
    answer = page.get("/console/live/overview")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"


def test_while_the_file_of_credentials_is_not_to_be_believed_nobody_looks_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It let somebody in a moment ago; now it is damaged, so nobody knows whether the session still holds."""
    page = make_pages(tmp_path)
    session, check, asked = page.sign_in(), page.access.check, []

    def damaged(*said: Any, **more: Any) -> Any:
        asked.append(said)
        if len(asked) > 1:
            raise AccessDamaged("access.sqlite", "as a test has it")
        return check(*said, **more)

    monkeypatch.setattr(page.access, "check", damaged)

    async def look() -> str:
        headers = {"cookie": f"{page.web.cookie}={session.secret}", **SAME_SITE}
        async with asyncio.timeout(10), page.client() as client:
            return (await client.get("/console/live/overview", headers=headers)).text

    assert asyncio.run(look()).startswith("event: ended")


def test_a_stream_is_for_those_who_may_look(tmp_path: Path) -> None:
    page = make_pages(tmp_path)
    assert page.get("/console/live/nothing").status_code == 404
    assert page.get("/console/live/overview", page.sign_in("approve")).status_code == 403
    assert page.browse("GET", "/console/live/overview").status_code == 401
