"""One browser for all tests of a file; while it stands its event loop does, so it must not outlive them: nobody else in
the process could run one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.browser.support import CHROMIUM, NO_WAY_OUT, Site, need_browser, served
from tests.browser.whole import Whole, the_whole


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = need_browser()
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", NO_WAY_OUT]
        )
        yield launched
        launched.close()


@pytest.fixture
def serve(tmp_path: Path, browser: Any) -> Iterator[Callable[..., Site]]:
    """Serve a desk until the test is over."""
    with ExitStack() as stack:
        yield lambda *said, **more: stack.enter_context(served(tmp_path, browser, *said, **more))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """An exchange in the box, a live desk that asks people, and its console: one for all tests of a file."""
    with the_whole(tmp_path_factory.mktemp("whole")) as made:
        yield made
