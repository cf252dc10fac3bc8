"""A real browser before the real console: Debian's chromium, driven by playwright, with everything outside blocked.

The browser is the one that the system has; none is fetched. Without it, or without playwright, these tests are skipped
and say so.
"""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.console.pages import worlds
from tests.console.pages.support import Pages, make_pages

from assent.approval import Session
from assent.console.pages.streams import Streams
from assent.console.reading.snapshot import Snapshot
from assent.console.server import ConsoleServer

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), "")
PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1440, "height": 900}
IMAGES = Path(__file__).parents[2] / "docs" / "images"
WRITES_IMAGES = os.environ.get("ASSENT_SCREENSHOTS") == "1"


@dataclass
class Seen:
    """What a page did that it should not have done."""

    console: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        assert not self.console, self.console
        assert not self.blocked, self.blocked


class Site:
    """One console on a socket, and browsers that are signed in to it."""

    def __init__(self, pages: Pages, browser: Any) -> None:
        self.pages = pages
        self.url = f"http://127.0.0.1:{pages.web.port}"
        self._browser = browser
        self._contexts: list[Any] = []

    @contextmanager
    def open(
        self, path: str, *, size: dict[str, int] = DESKTOP, theme: str = "light", scripts: bool = True,
        session: Session | None = None, scale: int = 1,
    ) -> Iterator[tuple[Any, Seen]]:  # fmt: skip
        """A page of a fresh browser profile, and what it did."""
        context = self._browser.new_context(
            viewport=size, color_scheme=theme, java_script_enabled=scripts, device_scale_factor=scale,
            has_touch=size is PHONE, timezone_id="America/New_York",
        )  # fmt: skip
        found = session or self.pages.sign_in()
        context.add_cookies(
            [{"name": self.pages.web.cookie, "value": found.secret, "url": self.url, "sameSite": "Strict"}]
        )
        seen = Seen()

        def judge(route: Any) -> None:
            if route.request.url.startswith((self.url, "data:")):
                route.continue_()
            else:
                seen.blocked.append(route.request.url)
                route.abort()

        context.route("**/*", judge)
        page = context.new_page()
        page.on("console", lambda said: seen.console.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
        try:
            page.goto(self.url + path)
            yield page, seen
        finally:
            context.close()


@contextmanager
def served(
    folder: Path, browser: Any, snapshot: Snapshot | None = None, *, text: str = "", streams: Streams | None = None
) -> Iterator[Site]:
    """The console of this desk on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pages = make_pages(folder / "console", snapshot or worlds.snapshot(), text=text, streams=streams, port=port)
    server = ConsoleServer(pages.app, pages.web)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.02)
    try:
        yield Site(pages, browser)
    finally:
        server.should_exit = True
        thread.join(15)


def need_browser() -> Any:
    """Playwright's entrance, or a skip that says what is missing."""
    if not CHROMIUM:
        pytest.skip("no chromium on this machine; on Debian: apt-get install chromium")
    return pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]")
