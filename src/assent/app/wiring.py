"""Building the rooms of a desk and lending them to each other; shared by running, acting and the demo."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import Any, NamedTuple

from assent.app.switch import switch_of
from assent.config import Settings
from assent.desk.desk import Desk
from assent.desk.state import State
from assent.desk.strategy import Strategy
from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import ExchangeError
from assent.ledger.lease import Lease
from assent.model.errors import AssentError
from assent.model.inputs import Input
from assent.model.plugins import PluginUsed
from assent.runtime.build import build_digest
from assent.runtime.clock import Clock, ScaledClock, WallClock
from assent.runtime.loop import Observer
from assent.runtime.recovery import Identity, Opened, head_of, open_ledger, opening_inputs
from assent.runtime.runtime import Feed, Runtime
from assent.runtime.shadow import Shadow
from assent.runtime.shadow_file import FILE_NAME, ShadowFile
from assent.runtime.tally import Tally
from assent.runtime.watchdog import Watchdog
from assent.strategy import threshold
from assent.venue.port import Venue
from assent.venue.watching import Watching

STRATEGIES: dict[str, Callable[[str, Any], Strategy]] = {"threshold": threshold.build}


class Around(NamedTuple):
    """What a desk stands in: how its venue is made once its ledger is folded (and which markets it must tell of beside
    those that the desk has something in), the clock that both live by, what it listens to besides, and, in `sim`, the
    exchange in this process."""

    venue: Callable[[State, Callable[[], Iterable[str]]], Venue]
    clock: Clock
    feeds: tuple[Callable[[Desk], Feed], ...] = ()
    exchange: BoxedExchange | None = None


class Rooms(NamedTuple):
    """A wired desk, before it runs."""

    runtime: Runtime
    around: Around
    opened: Opened
    opening: list[Input]
    tally: Tally
    shadow: Shadow | None = None


def identity_of(settings: Settings) -> Identity:
    return Identity(settings.mode, settings.venue, settings.environment, settings.account, settings.constitution)


def build_strategies(settings: Settings) -> list[Strategy]:
    """Each configured strategy: of a plug-in by the plug-in, of what ships from the table of kinds."""
    return [
        chosen.plugin.make(chosen.name, chosen.options)
        if chosen.plugin
        else STRATEGIES[chosen.kind](chosen.name, chosen.options)
        for chosen in settings.strategies
    ]


def plugins_of(settings: Settings) -> tuple[PluginUsed, ...]:
    """The plug-ins among the strategies, for the record of the start."""
    return tuple(
        PluginUsed(strategy=chosen.name, kind=chosen.kind, digest=chosen.plugin.digest)
        for chosen in settings.strategies
        if chosen.plugin
    )


def open_exchange(settings: Settings, speed: int) -> tuple[BoxedExchange, Clock]:
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
    floor = max(wall, exchange.lived_until, head_of(settings.ledger_path).ts)
    return exchange, ScaledClock(floor, speed)


def watched_desk(settings: Settings, stack: ExitStack | AsyncExitStack) -> tuple[Desk, Watchdog]:
    """The desk with its strategies, and the watchdog that looks after it until the stack unwinds."""
    strategies = build_strategies(settings)
    watchdog = Watchdog.start(
        settings.state_dir,
        [strategy.name for strategy in strategies],
        hang_seconds=settings.hang_max_ns / 1e9,
        memory_limit_mib=settings.memory_max_mib,
    )
    stack.callback(watchdog.close)
    return Desk(strategies, cell=watchdog.cell), watchdog


def wire(
    settings: Settings,
    desk: Desk,
    around: Around,
    *,
    lease: Lease,
    ledger_id: str,
    watchdog: Watchdog,
    observers: Sequence[Observer] = (),
) -> Rooms:
    identity, clock = identity_of(settings), around.clock
    now = clock.now()
    opened = open_ledger(settings.ledger_path, desk, identity, lease=lease)
    tally = Tally(opened, desk.state)
    shadow = _shadow(settings, desk, clock) if identity.mode == "observe" else None
    venue = around.venue(desk.state, shadow.markets if shadow else tuple)
    runtime = Runtime(
        desk=desk,
        store=opened.store,
        venue=Watching(venue, shadow.hear) if shadow else venue,
        clock=clock,
        cycle_ns=settings.cycle_ns,
        # Nobody outside can watch for the heartbeat of a day that is over in seconds.
        state_dir=None if settings.demo else settings.state_dir,
        observers=(tally, *([shadow] if shadow else ()), *observers),
        watch=_watch(watchdog),
        watched=watchdog.alive,
        # A demo is one day of a seed, the same in every environment; it can stop nothing that matters.
        switch=None if settings.demo else partial(switch_of(settings).seen, os.environ),
    )
    for feed in around.feeds:
        runtime.also(feed(desk))
    opening = opening_inputs(
        desk,
        identity,
        ledger_id=ledger_id,
        build=build_digest(),
        plugins=plugins_of(settings),
        narrowed=settings.narrowed,
        belts=settings.belts,
        state_dir=settings.state_dir,
        now=now,
    )
    return Rooms(runtime, around, opened, opening, tally, shadow)


def _shadow(settings: Settings, desk: Desk, clock: Clock) -> Shadow:
    """What the orders that observe does not send would have got, in a book of its own."""
    file, state = ShadowFile(settings.state_dir / FILE_NAME), desk.state
    return Shadow(file, clock, cash=lambda: state.cash, standing=frozenset(state.would))


def _watch(watchdog: Watchdog) -> Callable[[str, int], None]:
    """What the loop tells the watchdog: the input it takes up, or that it has come to rest."""

    def tell(label: str, ts: int) -> None:
        if label:
            watchdog.enter(label, ts=ts)
        else:
            watchdog.leave()

    return tell
