"""A console to ask: the real application and the real file of credentials, before a desk that answers as desks do."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from assent.approval import Access, Session
from assent.console.guard.entry import Render
from assent.console.guard.settings import Rate, WebSettings
from assent.console.pages.router import pages
from assent.console.reading.tail import Tail
from assent.console.seam import ConsoleDesk
from assent.console.server import create_app, no_page
from assent.model.units import SECOND

NOW = 1_790_000_000 * SECOND
BASE = "http://localhost:8787"
SCOPES = ("view", "approve", "operate")
# So generous that no test meets a bound that it does not ask for.
FREE = Rate(1_000_000, 1)
TERMS = "ab" * 32
# What a browser says when a page of ours makes it ask.
SAME_SITE = {"origin": BASE, "sec-fetch-site": "same-origin"}


class Clock:
    """Stands still until told."""

    def __init__(self, ts: int = NOW) -> None:
        self.ts = ts

    def now(self) -> int:
        return self.ts


@dataclass
class Desk:
    """Keeps what it was asked and answers what it was told to. It looks at credentials no more than a wire does."""

    answer: dict[str, Any] | None = field(default_factory=lambda: {"ok": True, "facts": []})
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    takes_s: float = 0.0

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        self.asked.append(request)
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return self.answer


def refusal(code: str, words: str = "so it is") -> dict[str, Any]:
    """As the desk refuses."""
    return {"ok": False, "refused": True, "code": code, "error": f"[{code}] {words}", "facts": []}


@dataclass
class Console:
    """One console with its credentials. `tokens`: one for each scope, and `all` with every scope."""

    app: FastAPI
    access: Access
    desk: Desk
    clock: Clock
    tokens: dict[str, str]
    web: WebSettings

    def client(self, *, address: str = "127.0.0.1", base: str = BASE) -> httpx.AsyncClient:
        """Somebody who asks from `address`, with no credential of their own."""
        transport = httpx.ASGITransport(self.app, client=(address, 50_000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=base)

    def ask(
        self, method: str, path: str, *, token: str = "", address: str = "127.0.0.1", base: str = BASE,
        headers: Any = (), **said: Any,
    ) -> httpx.Response:  # fmt: skip
        """One request, with the token of this name."""
        bearer = [("authorization", f"Bearer {self.tokens[token]}")] if token else []
        more = list(headers.items() if isinstance(headers, dict) else headers)

        async def once() -> httpx.Response:
            async with self.client(address=address, base=base) as client:
                return await client.request(method, path, headers=[*bearer, *more], **said)

        return asyncio.run(once())

    def get(self, path: str, token: str = "view", **said: Any) -> httpx.Response:
        return self.ask("GET", path, token=token, **said)

    def post(self, path: str, token: str = "all", **said: Any) -> httpx.Response:
        return self.ask("POST", path, token=token, **said)

    def browse(self, method: str, path: str, session: Session, *, headers: Any = None, **said: Any) -> httpx.Response:
        """One request by a session's cookie; from a page of ours unless the headers say otherwise."""
        told = SAME_SITE if headers is None else headers
        return self.ask(method, path, headers={"cookie": f"{self.web.cookie}={session.secret}", **told}, **said)

    def sign_in(self, *scopes: str) -> Session:
        """A browser's session."""
        code = self.access.offer_login("os:ada", scopes or SCOPES, self.clock.now())
        session = self.access.redeem(code, self.clock.now())
        assert isinstance(session, Session)
        return session


def make_console(
    folder: Path,
    *,
    tail: Tail | None = None,
    routers: tuple[Any, ...] = (),
    render: Render = no_page,
    with_pages: bool = False,
    **web: Any,
) -> Console:
    """A console over fresh credentials, of a desk that has never run unless a `tail` says otherwise. `web`: settings
    that differ from those of a machine with room for all."""
    folder.mkdir(exist_ok=True)
    access = Access.open(folder / "access.sqlite")
    tokens = {name: access.issue(name, (name,), NOW) for name in SCOPES}
    tokens["all"] = access.issue("all", SCOPES, NOW)
    settings = WebSettings(**{"per_address": FREE, "per_credential": FREE, **web})
    desk, clock = Desk(), Clock()
    tail = tail or Tail(folder / "ledger.sqlite", now=clock.now)
    seam = ConsoleDesk(tail=tail, access=access, ask=desk.ask, clock=clock, web=settings)
    if with_pages:
        router, render = pages(seam)
        routers = (router,)
    app = create_app(seam, routers=routers, render=render)
    return Console(app, access, desk, clock, tokens, settings)


def read_whole(path: Path, now: int = NOW) -> Tail:
    """A tail that has read all that there is, and reads no more."""
    tail = Tail(path, now=lambda: now, name="mine", version="1.2.3")
    while tail.poll():
        pass
    tail.poll()
    return tail
