"""The demo: one simulated day in virtual time, on a fresh ledger in a folder of its own.

Its owner pays money in during the morning and takes some out in the afternoon, as owners do: that is no profit and no
loss, and the desk must not take it for either.
"""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from assent.app.daybook import DayBook, SeriesDay
from assent.app.wiring import Around, Rooms, watched_desk, wire
from assent.config import Settings
from assent.desk.desk import Desk
from assent.desk.halts import level_at
from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import MarketView
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import seal_of
from assent.ledger.check import check_ledger
from assent.ledger.lease import Lease
from assent.ledger.sqlite import open_reader
from assent.model import ids
from assent.model.errors import AssentError
from assent.model.units import DAY, MICRO, MINUTE
from assent.runtime import virtual
from assent.runtime.clock import Clock, VirtualClock, WallClock, stopwatch
from assent.runtime.recovery import take_lease
from assent.runtime.status import Status
from assent.runtime.watchdog import Watchdog
from assent.venue.sim.adapter import SimVenue

# The demo lives through Monday, 5 January 2026, until its last market has settled.
DEMO_DAY = 1_767_571_200_000_000_000
DEMO_LENGTH = DAY - MINUTE
DEMO_STEPS = 143
# What the owner does at the end of a step, of about ten minutes each: an amount and the words beside it.
OWNERS_HAND = {60: (100 * MICRO, "the owner pays in"), 96: (-40 * MICRO, "the owner takes some out")}


def demo(settings: Settings, *, seed: int, progress: Callable[[int, int], None] | None = None) -> Status:
    """One whole simulated day in virtual time, settlement included, on a fresh ledger in the demo's own folder."""
    seconds = stopwatch()
    with ExitStack() as stack:
        start = DEMO_DAY
        lease = take_lease(settings.ledger_path, now=WallClock().now())
        stack.callback(lease.release)
        _clear_demo(settings)
        exchange = BoxedExchange.open(None, seed=seed, start_ts=start, account=settings.account, cash=settings.cash)
        clock = VirtualClock(start)
        venue = SimVenue(exchange, clock, name=settings.venue)
        desk, watchdog = watched_desk(settings, stack)
        ledger_id = ids.ledger_id(hashlib.sha256(f"demo {seed}".encode()).digest()[: ids.LEDGER_ID_BYTES])
        book = DayBook(desk.state)
        day = _demo_day(
            settings,
            desk,
            Around(lambda _state, _also: venue, clock),
            exchange,
            lease,
            ledger_id,
            watchdog,
            book,
            progress,
        )
        rooms = virtual.run(day)
        stack.callback(rooms.opened.close)
        rooms.tally.anchor()
        report = check_ledger(settings.ledger_path, anchors=anchors_of(settings.ledger_path))
        result = _demo_result(settings, rooms, venue, exchange, book, seed)
        result["ledger"]["verified"] = report.intact
        return {**result, "seconds": round(seconds(), 2)}


async def _demo_day(
    settings: Settings,
    desk: Desk,
    around: Around,
    exchange: BoxedExchange,
    lease: Lease,
    ledger_id: str,
    watchdog: Watchdog,
    book: DayBook,
    progress: Callable[[int, int], None] | None,
) -> Rooms:
    rooms = wire(settings, desk, around, lease=lease, ledger_id=ledger_id, watchdog=watchdog, observers=(book,))
    try:
        await rooms.runtime.run(rooms.opening, until=partial(_day, exchange, around.clock, progress))
    except BaseException:  # boundary: only to give the ledger back; raised again as it is
        rooms.opened.close()
        raise
    return rooms


async def _day(exchange: BoxedExchange, clock: Clock, progress: Callable[[int, int], None] | None) -> str:
    """The day, with a word about how far it is at every hundredth or so, and with its owner's hand."""
    for step in range(DEMO_STEPS):
        if progress:
            progress(step, DEMO_STEPS)
        await clock.sleep(DEMO_LENGTH // DEMO_STEPS)
        if step in OWNERS_HAND:
            exchange.transfer(clock.now(), *OWNERS_HAND[step])
    if progress:
        progress(DEMO_STEPS, DEMO_STEPS)
    return "the day was over"


def _demo_result(
    settings: Settings, rooms: Rooms, venue: SimVenue, exchange: BoxedExchange, book: DayBook, seed: int
) -> Status:
    """What the day brought, with both sets of books side by side."""
    state = rooms.runtime.desk.state
    balance = exchange.balance()
    theirs = {name: qty for name, qty in exchange.positions().items() if qty}
    ours = {name: position.qty for name, position in state.positions.items()}
    head = rooms.runtime.loop.head
    views = exchange.markets()
    moved = sum(transfer.amount for transfer in exchange.transfers())
    return {
        "seed": seed,
        "ledger": {
            "path": _near(settings.ledger_path),
            "id": state.seal.ledger_id if state.seal else "",
            "head": head.hash.hex(),
            "records": head.seq,
        },
        "quotes": rooms.runtime.loop.quotes,
        "markets": venue.listed,
        "trades": rooms.tally.trades,
        "refusals": dict(sorted(rooms.tally.refusals.items())),
        "series": _by_series(views, book),
        "settled": sum(view.status == "settled" for view in views),
        "all_settled": not ours and not theirs and all(view.status == "settled" for view in views),
        "cash": state.cash,
        "fees": state.accounts["fees"],
        "moved": moved,
        "pnl": state.cash - settings.cash - moved,
        "exchange": {"cash": balance.cash, "fees": balance.fees_paid, "positions": theirs},
        "books_equal": (state.cash, state.accounts["fees"], ours) == (balance.cash, balance.fees_paid, theirs),
        "level": level_at(state, state.ts).name,
    }


def _by_series(views: list[MarketView], book: DayBook) -> list[Status]:
    """One line for each series, traded or not, in the order in which the exchange lists them."""
    counted = book.lines()
    nothing = dict.fromkeys(SeriesDay.__slots__, 0)
    return [
        {
            "series": series,
            "markets": sum(view.spec.series == series for view in views),
            "settled": sum(view.spec.series == series and view.status == "settled" for view in views),
            **counted.get(series, nothing),
        }
        for series in dict.fromkeys(view.spec.series for view in views)
    ]


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
