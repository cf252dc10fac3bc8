"""A real browser before the real console: Debian's chromium, driven by playwright, with everything outside blocked.

The browser is the one that the system has; none is fetched. Without it, or without playwright, these tests are skipped
and say so. For whatever is not this machine it asks a proxy that does not exist, so nothing outside is ever reached;
what a page asked for all the same is seen.
"""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
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
# Nobody listens there: whatever is not this machine cannot be reached, neither by name nor by number.
NO_WAY_OUT = "--proxy-server=http://127.0.0.1:9"
DOCS = Path(__file__).parents[2] / "docs"
IMAGES = DOCS / "images"
WRITES_IMAGES = os.environ.get("ASSENT_SCREENSHOTS") == "1"


@dataclass
class Seen:
    """What a page did that it should not have done."""

    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        assert not self.console, self.console
        assert not self.outside, self.outside


class Site:
    """One console on a socket, and browsers that are signed in to it."""

    def __init__(self, pages: Pages, browser: Any) -> None:
        self.pages = pages
        self.url = f"http://127.0.0.1:{pages.web.port}"
        self._browser = browser

    @contextmanager
    def browse(
        self, *, size: dict[str, int] = DESKTOP, theme: str = "light", scripts: bool = True,
        session: Session | None = None, scale: int = 1,
    ) -> Iterator[tuple[Any, Seen]]:  # fmt: skip
        """An empty page of a fresh browser profile, and what it does. A profile costs far more than a page of it."""
        context = self._browser.new_context(
            viewport=size, color_scheme=theme, java_script_enabled=scripts, device_scale_factor=scale,
            has_touch=size is PHONE, timezone_id="America/New_York",
        )  # fmt: skip
        found = session or self.pages.sign_in()
        context.add_cookies(
            [{"name": self.pages.web.cookie, "value": found.secret, "url": self.url, "sameSite": "Strict"}]
        )
        seen = Seen()
        page = context.new_page()
        watch(page, self.url, seen.outside.append, seen.console.append)
        try:
            yield page, seen
        finally:
            context.close()

    @contextmanager
    def open(self, path: str, **how: Any) -> Iterator[tuple[Any, Seen]]:
        """One page of a fresh browser profile, and what it did."""
        with self.browse(**how) as (page, seen):
            page.goto(self.url + path)
            yield page, seen


def watch(page: Any, url: str, outside: Callable[[str], None], said: Callable[[str], None]) -> None:
    """Have told what this page asks of anybody but the console at `url`, and what it says to its log."""

    def asked(request: Any) -> None:
        if not request.url.startswith((url + "/", "data:")):
            outside(request.url)

    page.on("request", asked)
    page.on("console", lambda message: said(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said(f"error: {error}"))


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
