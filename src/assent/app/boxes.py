"""Kalshi in a box as a server of its own: the folder, the clock, the keys and the line, and its life until a signal."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from assent.exchange.boxed import BoxedExchange
from assent.exchange.journal import FORMAT, Header, header_of
from assent.exchange.kalshi.app import ROOT, App
from assent.exchange.kalshi.asgi import Application, Receive, Scope, Send, gone, tear_down
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.buckets import TIERS
from assent.exchange.kalshi.control import Control, Pace, is_loopback
from assent.exchange.kalshi.disturbed import Disturbed
from assent.exchange.kalshi.faults import Faults, Plan, read_file
from assent.exchange.kalshi.floor import BoxedFloor
from assent.exchange.kalshi.keyring import Keyring, KeyType, Own
from assent.exchange.kalshi.numbers import MILLISECOND
from assent.exchange.kalshi.server import Server
from assent.exchange.kalshi.settings import Settings
from assent.exchange.kalshi.websocket import PATH
from assent.exchange.types import MICRO, ExchangeError
from assent.exchange.world import WORLD_VERSION
from assent.model.errors import AssentError
from assent.runtime.clock import ScaledClock, WallClock

JOURNAL = "exchange.journal"
CLOCK = "clock"
# How often, in real time, the exchange lives on while nobody asks; and how far ahead its time is promised on disk.
LIVE_EVERY_S = 0.05
AHEAD_NS = 500_000_000
# The days whose public trades are still told after a restart, beside today.
RELIVED_DAYS = 1
NEW_WORLD = Header(FORMAT, WORLD_VERSION, seed=1, start_ts=0, account="box", cash=1_000 * MICRO)
__all__ = ["BoxOptions", "Running", "is_loopback", "serve"]


class BoxOptions(NamedTuple):
    """What the command was told. Without a seed, cash or account they are what the folder's world has."""

    folder: Path
    host: str
    port: int
    seed: int | None
    speed: int
    cash: int | None
    account: str | None
    tier: str | None
    key_type: KeyType
    registered: Sequence[tuple[str, Path]]
    faults: Path | None
    for_ns: int | None
    read_lag_ms: int
    live_ns: int | None


class Running(NamedTuple):
    """A box that answers: what its user has to know."""

    url: str
    websocket_url: str
    control_url: str
    key: Own
    account: str
    seed: int
    speed: int
    folder: Path
    now_ns: int


class KeptClock:
    """Scaled time that never goes back over a restart either, not even to a moment that was only told in an answer.

    A file promises the time up to a little ahead; whoever starts next goes on from the promise. A clean end takes back
    what was not used.
    """

    def __init__(self, path: Path, floor_ts: int, speed: int) -> None:
        self._path = path
        self._scaled = ScaledClock(max(floor_ts, _promised(path)), speed)
        self._ahead_ns = AHEAD_NS * speed
        self._promised_ts = 0
        self.speed = speed
        self.started_ns = self.now()

    def now(self) -> int:
        ts = self._scaled.now()
        if ts > self._promised_ts:
            self._promise(ts + self._ahead_ns)
        return ts

    async def sleep(self, duration_ns: int) -> None:
        await self._scaled.sleep(duration_ns)

    def close(self) -> None:
        self._promise(self._scaled.now())

    def _promise(self, ts: int) -> None:
        new = self._path.with_suffix(".new")
        try:
            with new.open("w", encoding="ascii") as file:
                file.write(f"{ts}\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise AssentError(
                f"{self._path}: {error}. The box cannot keep its time; free the disk and restart"
            ) from error
        self._promised_ts = ts


def serve(options: BoxOptions, *, ready: Callable[[Running], None]) -> str:
    """Serve until SIGINT, SIGTERM or the end of its time; say which it was."""
    try:
        return asyncio.run(_serve(options, ready))
    except ExchangeError as error:
        raise AssentError(str(error)) from error


async def _serve(options: BoxOptions, ready: Callable[[Running], None]) -> str:
    with ExitStack() as stack:
        faults = Faults(Plan([]) if options.faults is None else read_file(options.faults))
        listener = stack.enter_context(listening(options.host, options.port))
        _make_folder(options.folder)
        boxed, clock = _open(options, stack)
        keyring = Keyring(options.folder, boxed.account)
        own = keyring.own(options.key_type)
        for key_id, path in options.registered:
            keyring.register(key_id, path)
        floor = BoxedFloor(boxed)
        box = Box.of(floor, _settings(options))
        app = App(box, keyring.keys(), clock.now, tier=None if options.tier is None else TIERS[options.tier])
        pace = Pace(clock.now, clock.speed, clock.started_ns)
        line = Disturbed(app, faults, clock)
        control = Control(line, box=box, floor=floor, pace=pace, faults=faults, keyring=keyring)
        port = listener.getsockname()[1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        running = Running(
            url=f"http://{host}:{port}{ROOT}",
            websocket_url=f"ws://{host}:{port}{PATH}",
            control_url=f"http://{host}:{port}/box",
            key=own,
            account=boxed.account,
            seed=boxed.header.seed,
            speed=options.speed,
            folder=options.folder,
            now_ns=clock.started_ns,
        )
        life = _Life(control, clock.speed)
        living = _live(box, clock, options.for_ns, life.end, lambda: ready(running))
        return await life.lead(listener, living)


class _Life:
    """From the first request to the end. Whatever breaks ends the whole: a box that cannot keep what it answers, or
    cannot live on, must not answer."""

    def __init__(self, application: Application, speed: int) -> None:
        self._application = application
        self._server = Server(self._serve, speed)
        self._why: list[str] = []
        self._broken: list[Exception] = []

    def end(self, reason: str) -> None:
        self._why.append(reason)
        self._server.should_exit = True

    async def lead(self, listener: socket.socket, life: Coroutine[None, None, None]) -> str:
        """Serve, and let the exchange live on meanwhile; why it ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.end, signal.Signals(number).name)
        living = asyncio.create_task(life)
        living.add_done_callback(lambda _: self.end("it could not live on"))
        try:
            await self._server.serve(sockets=[listener])
        finally:
            living.cancel()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        with suppress(asyncio.CancelledError):
            await living
        for error in self._broken:
            raise error
        return self._why[0]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._application(scope, receive, send)
        except (ExchangeError, AssentError) as error:
            # Nobody is answered: who has asked cannot know what became of it, and that is the truth.
            self._broken.append(error)
            self.end("it broke")
            tear_down(scope)
            await gone(receive)


async def _live(
    box: Box, clock: KeptClock, for_ns: int | None, end: Callable[[str], None], ready: Callable[[], None]
) -> None:
    # The socket listens already, so whoever reads that it is ready may ask at once.
    ready()
    until = None if for_ns is None else clock.now() + for_ns
    while True:
        now = clock.now()
        box.live_until(now)
        if until is not None and now >= until:
            end("its time was over")
        await asyncio.sleep(LIVE_EVERY_S)


def _open(options: BoxOptions, stack: ExitStack) -> tuple[BoxedExchange, KeptClock]:
    """The world and its clock, both where they were left, even when that was ahead of the wall clock."""
    wall = WallClock().now()
    known = header_of(options.folder / JOURNAL) or NEW_WORLD
    boxed = BoxedExchange.open(
        options.folder / JOURNAL,
        seed=known.seed if options.seed is None else options.seed,
        start_ts=wall,
        account=known.account if options.account is None else options.account,
        cash=known.cash if options.cash is None else options.cash,
        relive_days=RELIVED_DAYS,
        watched=True,
    )
    stack.callback(boxed.close)
    clock = KeptClock(options.folder / CLOCK, max(wall, boxed.lived_until), options.speed)
    stack.callback(clock.close)
    boxed.catch_up(clock.now(), tell=True)
    return boxed, clock


def _settings(options: BoxOptions) -> Settings:
    settings = Settings(read_lag_ns=options.read_lag_ms * MILLISECOND)
    if options.live_ns is None:
        return settings
    return settings._replace(live_ns=options.live_ns, live_orders_ns=options.live_ns)


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections, whose small answers leave at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By its name: a protocol that is only meant lets the server's answers wait 40 ms for the client's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise AssentError(
            f"port {port} of {host} cannot be listened on: {error.strerror or error}. Another program has it, perhaps"
            " another box; give a free one with --port, or --port 0 for any"
        ) from error
    return listener


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise AssentError(
            f"{folder}: {error.strerror or error}. The box keeps its world there; name a folder with --dir"
        ) from error


def _promised(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise AssentError(
            f"{path}: {error}. The time that the box had reached stands there, as nanoseconds; if it is lost, remove"
            " the file: the box then goes on from its last order, or from now"
        ) from error
