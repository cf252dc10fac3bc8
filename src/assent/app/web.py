"""The console's process: the ledger followed, the pages and the HTTP interface served, the desk asked by its socket.

It holds no key, no venue and no lease, and writes nothing but its own index and the file of credentials. Whatever it
passes on carries the credential of whoever asks, and the desk's process judges it again.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress

from assent import __version__
from assent.app.beside import address_of, noted, web_settings
from assent.approval.access import Access
from assent.config import Settings
from assent.console.asking import AT_ONCE
from assent.console.guard.settings import WebSettings
from assent.console.logs import log_to
from assent.console.pages.router import pages
from assent.console.reading.tail import Tail
from assent.console.seam import Answer, ConsoleDesk
from assent.console.server import BACKLOG, SWITCH_S, ConsoleServer, create_app
from assent.model.errors import AssentError
from assent.runtime import control
from assent.runtime.build import build_digest
from assent.runtime.clock import WallClock
from assent.runtime.heartbeat import FILE_NAME

# Whatever else runs on the machine goes first; above all the desk.
NICE = 10


def serve(settings: Settings, *, supervised: bool = False) -> None:
    """Serve until a signal; supervised, until whoever started us has gone."""
    if supervised:
        with suppress(OSError):  # a system that lets nobody step back
            os.nice(NICE)
    sys.setswitchinterval(SWITCH_S)
    # A person who serves it by hand sees what goes wrong; the supervisor keeps a log of every request.
    log_to(sys.stderr, requests=supervised)
    asyncio.run(_serve(settings, supervised=supervised))


async def _serve(settings: Settings, *, supervised: bool) -> None:
    web, wall = web_settings(settings), WallClock()
    with ExitStack() as stack:
        listening = stack.enter_context(closing(_listen(web)))
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        access = stack.enter_context(closing(Access.open(settings.access_path)))
        heartbeat = settings.state_dir / FILE_NAME
        tail = stack.enter_context(
            Tail(
                settings.ledger_path,
                now=wall.now,
                name=settings.name,
                version=__version__,
                build=build_digest(),
                heartbeat=heartbeat,
            )
        )

        asked = stack.enter_context(ThreadPoolExecutor(AT_ONCE, thread_name_prefix="asked"))

        async def ask(request: Mapping[str, object]) -> Answer | None:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(asked, control.ask, settings.control_path, request)

        desk = ConsoleDesk(tail=tail, access=access, ask=ask, clock=wall, web=web)
        router, render = pages(desk)
        server = ConsoleServer(create_app(desk, routers=(router,), render=render), web)
        _end_with(server, supervised=supervised)
        stack.enter_context(noted(settings, address_of(web)))
        await server.serve(sockets=[listening])


def _listen(web: WebSettings) -> socket.socket:
    """Before anything slow, so that a port that is taken is told at once."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        return socket.create_server((web.host, web.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise AssentError(
            f"The console cannot listen on {web.host}, port {web.port}: {error.strerror}. Another desk may"
            " have that port. Give this desk another one: assent config set web.port=PORT."
        ) from error


def _end_with(server: ConsoleServer, *, supervised: bool) -> None:
    """What ends it: a signal, or that the other end of our input has gone."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    if supervised:

        def look() -> None:
            if not os.read(sys.stdin.fileno(), 1):
                loop.remove_reader(sys.stdin.fileno())
                end()

        loop.add_reader(sys.stdin.fileno(), look)
