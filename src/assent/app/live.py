"""A desk that lives: from start-up to its summary, with signals, the control socket and whoever watches."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial

from assent.app.around import open_around, signer_of
from assent.app.asked import Control
from assent.app.beside import Beside
from assent.app.shown import running_status, summary_of
from assent.app.wiring import Rooms, watched_desk, wire
from assent.approval.access import Access
from assent.config import Settings
from assent.model import ids
from assent.runtime import broken, control
from assent.runtime.clock import Clock, WallClock
from assent.runtime.recovery import forget_deaths, take_lease
from assent.runtime.status import Status

OBSERVE_EVERY_S = 0.5


def run(
    settings: Settings,
    *,
    speed: int = 1,
    for_ns: int | None = None,
    observer: Callable[[Status], None] | None = None,
    console: Beside | None = None,
) -> Status:
    """Run the desk until a signal, or for a while of its exchange's time; return the summary. `console`: kept running
    beside it, and never waited for."""
    return asyncio.run(_run(settings, speed=speed, for_ns=for_ns, observer=observer, console=console))


async def _run(
    settings: Settings,
    *,
    speed: int,
    for_ns: int | None,
    observer: Callable[[Status], None] | None,
    console: Beside | None,
) -> Status:
    async with AsyncExitStack() as stack:
        if console is not None:
            stack.callback(console.stop)  # the last thing that ends: by then the desk has given everything back
        lease = take_lease(settings.ledger_path, now=WallClock().now())
        stack.callback(lease.release)
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Before anything slow: whoever asks from here on waits for the answer, instead of finding nobody but the lease.
        access = Access.open(settings.access_path)
        stack.callback(access.close)
        asked = Control(settings, access)
        server = await control.serve(settings.control_path, asked.handle)
        stack.callback(control.socket_path(settings.control_path).unlink, missing_ok=True)
        stack.callback(server.close)
        signer = signer_of(settings)  # first: no process that is started from here on finds a key in its environment
        desk, watchdog = watched_desk(settings, stack)
        around = await open_around(settings, speed, signer, stack)
        clock = around.clock
        entropy = os.urandom(ids.LEDGER_ID_BYTES)  # noqa: TID251 - the one draw: it enters as an input, once a ledger
        ledger_id = ids.ledger_id(entropy)
        rooms = wire(settings, desk, around, lease=lease, ledger_id=ledger_id, watchdog=watchdog)
        stack.callback(rooms.opened.close)
        await asked.serve(rooms, clock)
        if console is not None:
            console.start()
        try:
            return await _live(settings, rooms, clock, server, for_ns=for_ns, observer=_with(console, observer))
        except BaseException as error:  # boundary: only to leave a note for the next start; raised again as it is
            promise = broken.broken_promise(error)
            if promise is not None:
                broken.note(settings.state_dir, promise, ts=clock.now())
            raise


async def _live(
    settings: Settings,
    rooms: Rooms,
    clock: Clock,
    server: asyncio.Server,
    *,
    for_ns: int | None,
    observer: Callable[[Status], None] | None,
) -> Status:
    """From start-up to the summary, with signals and whoever watches."""
    runtime = rooms.runtime
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runtime.stop, signal.Signals(number).name)
    watching = asyncio.create_task(_observe(settings, rooms, observer))
    # Whoever watched has gone (a closed pipe, say): end in good order rather than trade on unseen.
    watching.add_done_callback(lambda _task: runtime.stop("the view has ended") if observer else None)
    try:
        until = partial(_after, clock, for_ns) if for_ns is not None else None
        why = await runtime.run(rooms.opening, until=until)
    finally:
        server.close()
        watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching  # what broke while it showed something is told only now: the desk has ended cleanly
    rooms.tally.anchor()
    forget_deaths(settings.state_dir, now=clock.now())
    broken.forget(settings.state_dir)
    return summary_of(settings, rooms, why)


def _with(console: Beside | None, observer: Callable[[Status], None] | None) -> Callable[[Status], None] | None:
    """Whoever watches this process is told of the console as well. It is not told over the control socket: the way in
    is for who sits here."""
    if console is None or observer is None:
        return observer
    return lambda status: observer({**status, "console": console.status()})


async def _after(clock: Clock, for_ns: int) -> str:
    await clock.sleep(for_ns)
    return "its time was over"


async def _observe(settings: Settings, rooms: Rooms, observer: Callable[[Status], None] | None) -> None:
    while observer:
        observer(running_status(settings, rooms, running=True))
        await asyncio.sleep(OBSERVE_EVERY_S)
