"""The pages before a desk that is whatever a test says it is: the real application, guard and credentials, and a tail
whose snapshot a test may change."""

import asyncio
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from tests.console.pages import worlds
from tests.console.support import BASE, FREE, SAME_SITE, SCOPES, Desk

from assent.approval import Access, Session
from assent.console.guard.settings import WebSettings
from assent.console.pages.router import pages
from assent.console.pages.streams import Streams
from assent.console.reading.snapshot import Snapshot
from assent.console.seam import ConsoleDesk
from assent.console.server import create_app

EVERY_PAGE = (
    "/console/", "/console/approvals", "/console/orders", "/console/positions", "/console/halts", "/console/health",
    "/console/intents", "/console/ledger", "/console/constitution", "/console/keys",
)  # fmt: skip
WITH_RECORDS = (
    f"/console/intents/{worlds.intent(2).code}",
    "/console/ledger/1190",
    "/console/ledger?stream=intent&value=i-1",
)


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.ts = worlds.NOW

    def now(self) -> int:
        return self.ts


class TailAsTold:
    """Answers as a tail does, with what a test puts into it."""

    def __init__(self, snapshot: Snapshot, *, text: str = "") -> None:
        self.snapshot = snapshot
        self.text = text
        self.asked: list[tuple[str, Any]] = []
        self.trouble: Any = None

    async def changed(self, since: int, timeout: float) -> Snapshot:  # noqa: ASYNC109 - as of the tail
        for _ in range(max(1, int(timeout / 0.02))):
            if self.snapshot.version > since:
                break
            await asyncio.sleep(0.02)
        return self.snapshot

    def story(self, wanted: str) -> Any:
        self.asked.append(("story", wanted))
        return self.trouble or worlds.story(wanted, self.text)

    def page(self, **said: Any) -> Any:
        self.asked.append(("page", said))
        return self.trouble or worlds.records(self.text)

    def stream(self, stream: str, value: str, **said: Any) -> Any:
        self.asked.append(("stream", (stream, value, said)))
        return self.trouble or worlds.records(self.text)

    def record(self, seq: int) -> Any:
        self.asked.append(("record", seq))
        return self.trouble or worlds.record(seq, self.text)


@dataclass
class Pages:
    """One console with its pages."""

    app: Any
    access: Access
    desk: Desk
    tail: TailAsTold
    clock: Clock
    streams: Streams
    web: WebSettings

    def sign_in(self, *scopes: str) -> Session:
        code = self.access.offer_login("os:ada", scopes or SCOPES, self.clock.now())
        found = self.access.redeem(code, self.clock.now())
        assert isinstance(found, Session)
        return found

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50_000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=BASE)

    def browse(
        self, method: str, path: str, session: Session | None = None, *, cookies: str = "", **said: Any
    ) -> httpx.Response:
        """One request as a browser makes it from a page of ours."""
        cookie = "; ".join(part for part in (f"{self.web.cookie}={session.secret}" if session else "", cookies) if part)
        headers = {
            "accept": "text/html",
            **SAME_SITE,
            **({"cookie": cookie} if cookie else {}),
            **said.pop("headers", {}),
        }

        async def once() -> httpx.Response:
            async with self.client() as client:
                return await client.request(method, path, headers=headers, **said)

        return asyncio.run(once())

    def get(self, path: str, session: Session | None = None, **said: Any) -> httpx.Response:
        return self.browse("GET", path, session or self.sign_in(), **said)

    def post(self, path: str, session: Session, **form: str) -> httpx.Response:
        return self.browse("POST", path, session, data={"csrf": session.csrf, **form})


def make_pages(
    folder: Path,
    snapshot: Snapshot | None = None,
    *,
    text: str = "",
    streams: Streams | None = None,
    tail: Any = None,
    **web: Any,
) -> Pages:
    """Pages over fresh credentials; an ordinary day unless a snapshot, or a tail, says otherwise."""
    folder.mkdir(exist_ok=True)
    access, desk, clock = Access.open(folder / "access.sqlite"), Desk(), Clock()
    settings = WebSettings(**{"per_address": FREE, "per_credential": FREE, **web})
    tail = tail or TailAsTold(snapshot or worlds.snapshot(), text=text)
    console = ConsoleDesk(tail=tail, access=access, ask=desk.ask, clock=clock, web=settings)
    standing = Streams() if streams is None else streams
    router, render = pages(console, standing)
    app = create_app(console, routers=(router,), render=render)
    return Pages(app, access, desk, tail, clock, standing, settings)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]


class Markup(HTMLParser):
    """A page taken apart: every element with its attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[Element]:
        return [
            one
            for one in self.elements
            if one.tag == tag and all(one.attributes.get(name.rstrip("_")) == value for name, value in wanted.items())
        ]

    def fields(self) -> dict[str, str]:
        """The hidden fields of the page's forms, by name; the last of a name wins."""
        return {
            str(one.attributes["name"]): one.attributes.get("value") or "" for one in self.all("input", type="hidden")
        }
