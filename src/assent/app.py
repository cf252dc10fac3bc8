"""The composition root: settings in, a wired desk out. The only place that knows every room.

Nothing is decided here. Each function builds its rooms, lends them to each other and takes them down again.
"""

import asyncio
import hashlib
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from assent.config import Settings
from assent.desk.desk import Desk
from assent.desk.state import State
from assent.desk.strategy import Strategy
from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import ExchangeError
from assent.ledger.chain import EMPTY, Head, seal_of
from assent.ledger.lease import Lease
from assent.ledger.sqlite import open_reader
from assent.model import ids
from assent.model.errors import AssentError
from assent.model.facts import Fact, decode_fact
from assent.model.inputs import Input
from assent.model.levels import Level
from assent.model.units import DAY, MINUTE
from assent.runtime import control, virtual
from assent.runtime.acts import act_answer, act_input
from assent.runtime.build import build_digest
from assent.runtime.clock import Clock, ScaledClock, VirtualClock, WallClock, stopwatch
from assent.runtime.inbox import Inbox
from assent.runtime.loop import Loop
from assent.runtime.reconcile import match_books, resolve_orders
from assent.runtime.recovery import Identity, Opened, forget_deaths, open_ledger, opening_inputs, take_lease
from assent.runtime.runtime import Runtime
from assent.runtime.status import Status, status_of
from assent.runtime.tally import Tally
from assent.runtime.watchdog import Watchdog
from assent.strategy import threshold
from assent.venue.sim.adapter import SimVenue

OBSERVE_EVERY_S = 0.5
# The demo lives through Monday, 5 January 2026, until its last market has settled.
DEMO_DAY = 1_767_571_200_000_000_000
DEMO_LENGTH = DAY - MINUTE
DEMO_STEPS = 143

STRATEGIES: dict[str, Callable[[str, Any], Strategy]] = {"threshold": threshold.build}


class Rooms(NamedTuple):
    """A wired desk, before it runs."""

    runtime: Runtime
    venue: SimVenue
    exchange: BoxedExchange
    opened: Opened
    opening: list[Input]
    tally: Tally


def identity_of(settings: Settings) -> Identity:
    return Identity(settings.mode, settings.venue, settings.environment, settings.account, settings.constitution)


def build_strategies(settings: Settings) -> list[Strategy]:
    """Each configured strategy from the table of kinds."""
    return [STRATEGIES[chosen.kind](chosen.name, dict(chosen.options)) for chosen in settings.strategies]


def run(
    settings: Settings,
    *,
    speed: int = 1,
    for_ns: int | None = None,
    observer: Callable[[Status], None] | None = None,
) -> Status:
    """Run the desk on the boxed exchange until a signal, or for a while of the exchange's time; return the summary."""
    return asyncio.run(_run(settings, speed=speed, for_ns=for_ns, observer=observer))


async def _run(
    settings: Settings, *, speed: int, for_ns: int | None, observer: Callable[[Status], None] | None
) -> Status:
    with ExitStack() as stack:
        lease = take_lease(settings.ledger_path, now=WallClock().now())
        stack.callback(lease.release)
        exchange, clock = _open_exchange(settings, speed)
        stack.callback(exchange.close)
        strategies = build_strategies(settings)
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        watchdog = Watchdog.start(
            settings.state_dir,
            [strategy.name for strategy in strategies],
            hang_seconds=settings.hang_max_ns / 1e9,
            memory_limit_mib=settings.memory_max_mib,
        )
        stack.callback(watchdog.close)
        desk = Desk(strategies, cell=watchdog.cell)
        entropy = os.urandom(ids.LEDGER_ID_BYTES)  # noqa: TID251 - the one draw: it enters as an input, once a ledger
        ledger_id = ids.ledger_id(entropy)
        rooms = _wire(settings, desk, exchange, clock, lease=lease, ledger_id=ledger_id, watchdog=watchdog)
        stack.callback(rooms.opened.close)
        return await _live(settings, rooms, clock, for_ns=for_ns, observer=observer)


def _open_exchange(settings: Settings, speed: int) -> tuple[BoxedExchange, Clock]:
    """The world and its clock. Both go on where they were left, even when that was ahead of the wall clock."""
    wall = WallClock().now()
    settings.exchange_journal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        exchange = BoxedExchange.open(
            settings.exchange_journal,
            seed=settings.exchange_seed,
            start_ts=wall,
            account=settings.account,
            cash=settings.cash,
        )
    except ExchangeError as error:
        raise AssentError(str(error)) from error
    floor = max(wall, exchange.lived_until, ledger_head(settings.ledger_path).ts)
    return exchange, ScaledClock(floor, speed)


def ledger_head(path: Path) -> Head:
    """The last record of the ledger at `path`, or the empty head where there is none."""
    if not path.exists():
        return EMPTY
    reader = open_reader(path)
    try:
        return reader.head()
    finally:
        reader.close()


def _wire(
    settings: Settings,
    desk: Desk,
    exchange: BoxedExchange,
    clock: Clock,
    *,
    lease: Lease,
    ledger_id: str,
    watchdog: Watchdog,
) -> Rooms:
    identity = identity_of(settings)
    now = clock.now()
    opened = open_ledger(settings.ledger_path, desk, identity, lease=lease)
    venue = SimVenue(exchange, clock, name=settings.venue)
    tally = Tally(opened, desk.state)
    runtime = Runtime(
        desk=desk,
        store=opened.store,
        venue=venue,
        clock=clock,
        cycle_ns=settings.cycle_ns,
        state_dir=settings.state_dir,
        observers=(tally,),
        watch=_watch(watchdog),
        watched=watchdog.alive,
    )
    opening = opening_inputs(
        desk, identity, ledger_id=ledger_id, build=build_digest(), state_dir=settings.state_dir, now=now
    )
    return Rooms(runtime, venue, exchange, opened, opening, tally)


def _watch(watchdog: Watchdog) -> Callable[[str, int], None]:
    """What the loop tells the watchdog: the input it takes up, or that it has come to rest."""

    def tell(label: str, ts: int) -> None:
        if label:
            watchdog.enter(label, ts=ts)
        else:
            watchdog.leave()

    return tell


async def _live(
    settings: Settings,
    rooms: Rooms,
    clock: Clock,
    *,
    for_ns: int | None,
    observer: Callable[[Status], None] | None,
) -> Status:
    """From start-up to the summary, with signals, the control socket and whoever watches."""
    runtime = rooms.runtime
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runtime.stop, signal.Signals(number).name)
    server = await control.serve(settings.control_path, _Control(settings, rooms, clock).handle)
    watching = asyncio.create_task(_observe(settings, rooms, observer))
    # Whoever watched has gone (a closed pipe, say): end in good order rather than trade on unseen.
    watching.add_done_callback(lambda _task: runtime.stop("the view has ended") if observer else None)
    try:
        until = partial(_after, clock, for_ns) if for_ns is not None else None
        why = await runtime.run(rooms.opening, until=until)
    finally:
        server.close()
        control.socket_path(settings.control_path).unlink(missing_ok=True)
        watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching  # what broke while it showed something is told only now: the desk has ended cleanly
    rooms.tally.anchor()
    forget_deaths(settings.state_dir, now=clock.now())
    return summary_of(settings, rooms, why)


async def _after(clock: Clock, for_ns: int) -> str:
    await clock.sleep(for_ns)
    return "its time was over"


async def _observe(settings: Settings, rooms: Rooms, observer: Callable[[Status], None] | None) -> None:
    while observer:
        observer(_status(settings, rooms, running=True))
        await asyncio.sleep(OBSERVE_EVERY_S)


def _status(settings: Settings, rooms: Rooms, *, running: bool) -> Status:
    status = status_of(
        rooms.runtime.desk.state,
        settings_name=settings.name,
        path=settings.ledger_path,
        head=rooms.runtime.loop.head,
        running=running,
        pid=os.getpid(),
    )
    status["ready"] = rooms.runtime.ready
    status["trades"] = rooms.tally.trades
    status["refusals"] = dict(sorted(rooms.tally.refusals.items()))
    status["quotes"] = rooms.runtime.loop.quotes
    status["last_facts"] = list(rooms.tally.last)
    return status


def summary_of(settings: Settings, rooms: Rooms, why: str) -> Status:
    """The status at the end, and what came of the run."""
    summary = _status(settings, rooms, running=False)
    balance = rooms.exchange.balance()
    summary["ended"] = why
    summary["settled"] = rooms.tally.settled
    summary["fees"] = rooms.runtime.desk.state.accounts["fees"]
    summary["exchange"] = {"cash": balance.cash, "fees": balance.fees_paid, "positions": rooms.exchange.positions()}
    return summary


class _Control:
    """Answers the control socket from inside the running desk."""

    def __init__(self, settings: Settings, rooms: Rooms, clock: Clock) -> None:
        self._settings = settings
        self._rooms = rooms
        self._clock = clock

    async def handle(self, request: Mapping[str, Any]) -> Status:
        if request.get("cmd") == "status":
            status = _status(self._settings, self._rooms, running=True)
            status.pop("last_facts")
            return {"ok": True, "status": status}
        if request.get("cmd") == "resume":
            await self._rooms.runtime.matched()
        try:
            wanted = act_input(request, self._clock.now())
        except AssentError as error:
            return {"ok": False, "error": str(error)}
        answer = act_answer(self._rooms.runtime.act(wanted))
        if answer["ok"] and request.get("cmd") == "resume":
            forget_deaths(self._settings.state_dir, now=self._clock.now())
        return answer


def ask(settings: Settings, request: Mapping[str, Any]) -> Status | None:
    """One request to the running desk; None when none runs."""
    return control.ask(settings.control_path, request)


def act(settings: Settings, request: Mapping[str, Any]) -> Status:
    """The same act on a desk that does not run: take the lease, compare the books, write what was decided."""
    return asyncio.run(_act(settings, request))


async def _act(settings: Settings, request: Mapping[str, Any]) -> Status:
    if not settings.ledger_path.exists():
        raise AssentError(f"{settings.ledger_path} does not exist: this desk never ran; start it with `assent run`")
    with ExitStack() as stack:
        lease = take_lease(settings.ledger_path, now=WallClock().now())
        stack.callback(lease.release)
        exchange, clock = _open_exchange(settings, 1)
        stack.callback(exchange.close)
        wanted = act_input(request, clock.now())
        desk = Desk(())
        opened = open_ledger(settings.ledger_path, desk, identity_of(settings), lease=lease)
        stack.callback(opened.close)
        tally = Tally(opened, desk.state)
        # Nothing is carried out from here: a released cancel is owed, and the next start carries it out.
        loop = Loop(
            desk=desk, store=opened.store, inbox=Inbox(), clock=clock, execute=lambda _effects: None, observers=(tally,)
        )
        if request.get("cmd") == "resume":
            await _compare(loop, desk, SimVenue(exchange, clock, name=settings.venue), clock)
        answer = act_answer(loop.take([wanted]))
        tally.anchor()
        if answer["ok"] and request.get("cmd") == "resume":
            forget_deaths(settings.state_dir, now=clock.now())
        return answer


async def _compare(loop: Loop, desk: Desk, venue: SimVenue, clock: Clock) -> None:
    """Learn what is missing and compare the books once."""
    learned: list[Input] = []
    await venue.connect(lambda _lane, item, _key="": learned.append(item), wanted=lambda *_: True)
    await resolve_orders(desk.state, venue, clock, learned.append)
    loop.take(learned)
    learned.clear()
    await match_books(venue, clock, learned.append)
    loop.take(learned)


def read_state(settings: Settings) -> tuple[State, Head, list[tuple[int, int, Fact]]]:
    """Fold the ledger read-only, also while its writer is at work."""
    reader = open_reader(settings.ledger_path)
    try:
        desk = Desk(())
        facts = []
        for record in reader.records():
            fact = decode_fact(record.kind, record.version, record.body)
            desk.restore([(record.ts, fact)])
            facts.append((record.seq, record.ts, fact))
        head = Head(record.seq, record.hash, record.ts) if facts else EMPTY
        return desk.state, head, facts
    finally:
        reader.close()


def demo(settings: Settings, *, seed: int, progress: Callable[[int, int], None] | None = None) -> Status:
    """One whole simulated day in virtual time, settlement included, on a fresh ledger in the demo's own folder."""
    seconds = stopwatch()
    _clear_demo(settings)
    with ExitStack() as stack:
        start = DEMO_DAY
        exchange = BoxedExchange.open(None, seed=seed, start_ts=start, account=settings.account, cash=settings.cash)
        clock = VirtualClock(start)
        strategies = build_strategies(settings)
        watchdog = Watchdog.start(
            settings.state_dir,
            [strategy.name for strategy in strategies],
            hang_seconds=settings.hang_max_ns / 1e9,
            memory_limit_mib=settings.memory_max_mib,
        )
        stack.callback(watchdog.close)
        desk = Desk(strategies, cell=watchdog.cell)
        ledger_id = ids.ledger_id(hashlib.sha256(f"demo {seed}".encode()).digest()[: ids.LEDGER_ID_BYTES])
        rooms = virtual.run(_demo_day(settings, desk, exchange, clock, ledger_id, watchdog, progress))
        stack.callback(rooms.opened.close)
        rooms.tally.anchor()
        return {**_demo_result(settings, rooms, seed), "seconds": round(seconds(), 2)}


async def _demo_day(
    settings: Settings,
    desk: Desk,
    exchange: BoxedExchange,
    clock: Clock,
    ledger_id: str,
    watchdog: Watchdog,
    progress: Callable[[int, int], None] | None,
) -> Rooms:
    lease = take_lease(settings.ledger_path, now=clock.now())
    rooms = _wire(settings, desk, exchange, clock, lease=lease, ledger_id=ledger_id, watchdog=watchdog)
    try:
        await rooms.runtime.run(rooms.opening, until=partial(_day, clock, progress))
    except BaseException:  # boundary: only to give the ledger back; raised again as it is
        rooms.opened.close()
        raise
    return rooms


async def _day(clock: Clock, progress: Callable[[int, int], None] | None) -> str:
    """The day, with a word about how far it is at every hundredth or so."""
    for step in range(DEMO_STEPS):
        if progress:
            progress(step, DEMO_STEPS)
        await clock.sleep(DEMO_LENGTH // DEMO_STEPS)
    if progress:
        progress(DEMO_STEPS, DEMO_STEPS)
    return "the day was over"


def _demo_result(settings: Settings, rooms: Rooms, seed: int) -> Status:
    """What the day brought, with both sets of books side by side."""
    state, exchange = rooms.runtime.desk.state, rooms.exchange
    balance = exchange.balance()
    theirs = {name: qty for name, qty in exchange.positions().items() if qty}
    ours = {name: position.qty for name, position in state.positions.items()}
    head = rooms.runtime.loop.head
    return {
        "seed": seed,
        "ledger": {
            "path": _near(settings.ledger_path),
            "id": state.seal.ledger_id if state.seal else "",
            "head": head.hash.hex(),
            "records": head.seq,
        },
        "quotes": rooms.runtime.loop.quotes,
        "markets": rooms.venue.listed,
        "trades": rooms.tally.trades,
        "refusals": dict(sorted(rooms.tally.refusals.items())),
        "settled": sum(view.status == "settled" for view in exchange.markets()),
        "all_settled": not ours and not theirs and all(view.status == "settled" for view in exchange.markets()),
        "cash": state.cash,
        "fees": state.accounts["fees"],
        "pnl": state.cash - settings.cash,
        "exchange": {"cash": balance.cash, "fees": balance.fees_paid, "positions": theirs},
        "books_equal": (state.cash, state.accounts["fees"], ours) == (balance.cash, balance.fees_paid, theirs),
        "level": Level(state.level).name,
    }


def _near(path: Path) -> str:
    """From where we stand, when it lies below."""
    here = Path.cwd()
    return f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)


def _clear_demo(settings: Settings) -> None:
    """Make room for a fresh demo ledger; what is not a demo's own ledger is never touched."""
    place = settings.ledger_path
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if place.exists():
        reader = open_reader(place)
        try:
            first = next(reader.records(1, 1), None)
            account = seal_of(first)["account"] if first else settings.account
        finally:
            reader.close()
        if account != settings.account:
            raise AssentError(
                f"{place} is not a demo's ledger but one of account {account!r}; it stays. Use another folder (--dir)"
            )
    for name in (place.name, f"{place.name}-wal", f"{place.name}-shm", f"{place.name}.anchors"):
        place.with_name(name).unlink(missing_ok=True)
