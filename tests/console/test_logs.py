"""What the console writes down: one line each, in UTC, without a word that a request brought."""

import io
import logging
from collections.abc import Iterator

import pytest
from tests.console.support import Console

from assent.console.logs import OURS, THEIRS, log_to


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    written = io.StringIO()
    log_to(written)
    yield written
    for name in (OURS, *THEIRS):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


def test_a_request_is_one_line_with_its_time_route_and_identity(console: Console, lines: io.StringIO) -> None:
    console.get("/openapi.json?canary=query", headers={"x-canary": "header"})
    console.get("/status")
    first, second = lines.getvalue().splitlines()
    assert first.endswith("assent.console.access 127.0.0.1 token:view GET /openapi.json 422 0 us")
    assert second.endswith("GET /status 200 0 us")
    assert first[10:11] + first[23:24] == "TZ"
    assert "canary" not in lines.getvalue()


def test_without_the_requests_only_what_went_wrong_is_kept(console: Console, lines: io.StringIO) -> None:
    quiet = io.StringIO()
    log_to(quiet, requests=False)
    console.get("/status")
    console.app.state.asking._ask = None
    console.post("/halts", json={"reason": "a"})
    (line,) = quiet.getvalue().splitlines()
    assert "console_fault POST /halts TypeError at" in line


def test_a_fault_below_us_is_one_line_without_its_words(lines: io.StringIO) -> None:
    try:
        int("canary\nof a request")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    (line,) = lines.getvalue().splitlines()
    assert "ValueError at test_logs.py" in line
    assert "canary" not in line


def test_chatter_of_the_libraries_is_not_kept(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("asyncio").debug("Using selector")
    assert lines.getvalue() == ""
