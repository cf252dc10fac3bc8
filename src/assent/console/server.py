"""The console as one application, and the server that runs it.

Everything that is served comes together here: the HTTP interface, whatever routers the pages bring, and the guard in
front of both. A route that does not say whom it serves ends the start.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from h11 import IDLE
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from assent import __version__
from assent.console.api import routers as api_routers
from assent.console.api.described import described, operation_name
from assent.console.api.metrics import registry_of
from assent.console.asking import Asking
from assent.console.guard.counts import Counts
from assent.console.guard.entry import Guard, Render
from assent.console.guard.refusals import Refused
from assent.console.guard.routes import Rules
from assent.console.guard.settings import WebSettings
from assent.console.seam import ConsoleDesk
from assent.console.threads import Threads
from assent.model.text import shown

# How soon a thread that computes lets another go on. Python's own five milliseconds are as long as a whole request, and
# each one waits for several threads in turn while the ledger is read beside it. Set by whoever owns the process.
SWITCH_S: Final = 0.0005
CREDENTIALS_AT_ONCE: Final = 4
QUESTIONS_AT_ONCE: Final = 2
CONNECTIONS_MAX: Final = 256
BACKLOG: Final = 128
GRACE_S: Final = 2
KEEP_ALIVE_S: Final = 15
# From a connection's first moment, or its last answer, to the end of the next request's headers.
HEADERS_WAIT_S: Final = 10.0


def no_page(_scope: Scope, _refused: Refused) -> bytes | None:
    """Without pages, every refusal is told as JSON."""
    return None


def create_app(desk: ConsoleDesk, *, routers: Iterable[APIRouter] = (), render: Render = no_page) -> FastAPI:
    """The whole console for one desk. `routers` and `render` are what the pages bring."""
    credentials, questions = Threads("credentials", CREDENTIALS_AT_ONCE), Threads("questions", QUESTIONS_AT_ONCE)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        credentials.close()
        questions.close()

    app = FastAPI(
        title="Assent",
        lifespan=lifespan,
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_name,
    )
    app.state.desk = desk
    app.state.asking = Asking(desk.ask)
    app.state.questions = questions
    app.state.counts = counts = Counts()
    app.state.registry = registry_of(desk.tail, counts)
    for router in (*api_routers(), *routers):
        app.include_router(router)
    rules = Rules(app.routes)
    app.state.rules = rules
    app.openapi = partial(described, app, rules)  # type: ignore[method-assign]
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _strange)
    app.add_middleware(
        Guard, access=desk.access, clock=desk.clock, settings=desk.web, rules=rules, counts=counts, render=render,
        threads=credentials,
    )  # fmt: skip
    return app


async def _invalid(_request: Request, error: Exception) -> Response:
    """What does not fit the declared form, told by place and rule. The value itself is never told back."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = [f"{shown('.'.join(str(part) for part in one['loc']), 80)}: {shown(one['msg'], 120)}" for one in found[:5]]
    raise Refused("request_invalid", "; ".join(faults) or "the request does not have the form that is asked for")


async def _strange(_request: Request, error: Exception) -> Response:
    """What the framework itself refuses, in our words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    raise Refused({404: "not_found", 405: "method_refused"}.get(status, "request_invalid"), "the request is not served")


class ConsoleServer(uvicorn.Server):
    """Serves until `should_exit` is set. Signals are for who started it, and so are its logs."""

    def __init__(self, app: FastAPI, settings: WebSettings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                interface="asgi3",
                http=PatientProtocol,
                ws="none",
                lifespan="on",
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_config=None,
                limit_concurrency=CONNECTIONS_MAX,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                h11_max_incomplete_event_size=settings.headers_max + settings.url_max + 1_024,
                ssl_certfile=settings.certificate or None,
                ssl_keyfile=settings.certificate_key or None,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for who started us."""
        yield


class PatientProtocol(H11Protocol):
    """HTTP/1.1 whose patience with half a request ends: one byte a minute must not hold a connection for ever."""

    def connection_made(self, transport: Any) -> None:
        self._headers_due: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        # An answer is written in two pieces. The second would wait for the reader's word on the first: 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """While no whole request has come the time runs; once it has, the guard's own bounds hold."""
        if self.conn.their_state is not IDLE:
            self._forget()
        elif self._headers_due is None:
            self._headers_due = self.loop.call_later(HEADERS_WAIT_S, self._too_late)

    def _forget(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _too_late(self) -> None:
        self._headers_due = None
        if not self.transport.is_closing():
            self.transport.close()
