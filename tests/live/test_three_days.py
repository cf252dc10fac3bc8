"""Markets come and go over days, by discovery within scope: two of the five series, one single market, one event.

A strategy that keeps the name of everything it is shown stands beside the ledger and the wire. What lies outside the
scope may reach neither, and nothing may pile up from one day to the next. By default the desk lives through one
midnight; `ASSENT_LIVE_DAYS=3` makes it three whole days and the hour after them (`make prove`).
"""

import asyncio
import json
import os
from typing import Any, Final, NamedTuple

import msgspec
from tests.live.members import LIMITS, Trader, keys_of, live

from assent.desk.strategy import View
from assent.exchange.boxed import BoxedExchange
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.floor import BoxedFloor
from assent.exchange.types import MarketView
from assent.model.facts import MarketSettled
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND
from assent.runtime.clock import VirtualClock
from assent.runtime.virtual import VirtualLoop
from assent.venue.kalshi.adapter import CHANNELS, DISCOVER_EVERY
from assent.venue.kalshi.pace import Patience
from assent.venue.kalshi.stream import Stream

DAYS: Final = int(os.environ.get("ASSENT_LIVE_DAYS", "0"))
SEED: Final = 7
# Seconds of the box in one of the loop, as in a box that is served at this speed.
SPEED: Final = 300 if DAYS else 60
FIRST: Final = 25_000
BEGINS: Final = FIRST * DAY + (MINUTE if DAYS else 23 * HOUR + 40 * MINUTE)
ENDS: Final = (FIRST + DAYS) * DAY + HOUR if DAYS else (FIRST + 1) * DAY + 20 * MINUTE
SERIES: Final = ("KXHIGHSIM", "KXRATESIM")
# One market and one event of the last day: names of things that nobody lists yet when the desk starts.
LAST: Final = FIRST + max(1, DAYS - 1)
LOOK_EVERY: Final = 5 * SECOND
# A walk comes every so often, takes its time, and the look at what is listed comes after it.
ENTERED_WITHIN: Final = DISCOVER_EVERY + 2 * LOOK_EVERY
LEFT_WITHIN: Final = 2 * DISCOVER_EVERY
# A market that is halted for a while is followed on.
OPEN: Final = ("active", "inactive")
DAILY: Final = 2


class Fast(VirtualClock):
    """The loop's time, so many times as fast."""

    def now(self) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return BEGINS + SPEED * loop.now_ns

    async def sleep_until(self, ts: int) -> None:
        await super().sleep_until(BEGINS - (BEGINS - ts) // SPEED)


class World:
    """The box of a world that goes on over midnights."""

    def __init__(self) -> None:
        self.clock = Fast(BEGINS)
        self.boxed = BoxedExchange.open(
            None, seed=SEED, start_ts=BEGINS, account="ann", cash=1_000 * MICRO, watched=True
        )
        self.box = Box.of(BoxedFloor(self.boxed))
        self.app = App(self.box, keys_of("ann"), self.clock.now)


class Watchful:
    """Buys a contract now and then, to hold something that settles, and keeps the name of all that it was shown."""

    name = "watchful"

    def __init__(self) -> None:
        self.shown: dict[str, int] = {}
        self.bought: dict[int, set[str]] = {}
        self.again_ts = 0

    def on_quote(self, view: View, quote: QuoteSeen) -> list[Proposal] | None:
        name, ask = quote.instrument, quote.ask
        bought = self.bought.setdefault(view.now // DAY, set())
        self.shown[name] = self.shown.get(name, 0) + 1
        if view.held(name):
            bought.add(name)
        if ask is None or not 50_000 < ask < 900_000 or len(bought) >= DAILY or name in bought:
            return None
        if view.now < self.again_ts:
            return None
        self.again_ts = view.now + MINUTE
        return [Proposal(name, price=ask, fair=MICRO - 1, qty_max=MICRO)]


class Followed:
    """Which books the desk follows, by its own commands on the wire."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.ever: set[str] = set()

    def take(self, command: Any) -> None:
        params = command["params"]
        named = set(params.get("market_tickers", ()))
        if command["cmd"] == "subscribe" and "orderbook_delta" in params["channels"]:
            self.names = named
        elif params.get("action") == "add_markets":
            self.names |= named
        elif params.get("action") == "delete_markets":
            self.names -= named
        self.ever |= named


class Size(NamedTuple):
    """What is kept at one moment, where there might be too much of it; and how much the exchange has open in scope."""

    open_there: int
    followed: int
    asked_by_name: int
    desk_markets: int


class Watched:
    """Looks at the desk and at the exchange again and again, and keeps what it saw."""

    def __init__(self, world: World, trader: Trader, followed: Followed, wanted: "Wanted") -> None:
        self.world, self.trader, self.followed, self.wanted = world, trader, followed, wanted
        self.opened: dict[str, int] = {}
        self.entered: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.sizes: list[Size] = []

    async def live(self) -> None:
        clock, due = self.trader.clock, BEGINS + 10 * MINUTE
        while clock.now() < ENDS:
            self._look(clock.now())
            if clock.now() >= due:
                due += HOUR if DAYS else 10 * MINUTE
                self._measure()
            await clock.sleep(LOOK_EVERY)

    def _look(self, now: int) -> None:
        there = {
            view.spec.ticker for view in self.world.boxed.markets() if view.status in OPEN and self.wanted.has(view)
        }
        for name in there - self.opened.keys():
            self.opened[name] = now
        for name in self.opened.keys() - there - self.closed.keys():
            self.closed[name] = now
        for name in self.trader.desk.markets.keys() - self.entered.keys():
            self.entered[name] = now
        for name in (self.closed.keys() - self.followed.names) & self.followed.ever - self.left.keys():
            self.left[name] = now

    def _measure(self) -> None:
        asked = [each.target for each in self.trader.left if "/markets?tickers=" in each.target]
        by_name = len(asked[-1].partition("tickers=")[2].partition("&")[0].split("%2C")) if asked else 0
        self.trader.left.clear()
        self.sizes.append(
            Size(
                len(self.opened.keys() - self.closed.keys()),
                len(self.followed.names),
                by_name,
                len(self.trader.desk.markets),
            )
        )


class Wanted(NamedTuple):
    market: str
    event: str

    def has(self, view: MarketView) -> bool:
        spec = view.spec
        return spec.series in SERIES or spec.ticker == self.market or spec.event == self.event


def views(day: int) -> list[MarketView]:
    """What that day's programme lists."""
    return BoxedExchange.open(None, seed=SEED, start_ts=day * DAY, account="ann", cash=0, watched=True).markets()


def test_markets_come_and_go_within_scope_and_nothing_else_is_ever_seen() -> None:
    every = [view for day in range(FIRST, LAST + 2) for view in views(day)]
    last = [view for view in every if view.spec.open_ts // DAY == LAST]
    wanted = Wanted(
        next(view.spec.ticker for view in last if view.spec.series == "KXGAMESIM"),
        next(view.spec.event for view in last if view.spec.series == "KXTEMPSIM"),
    )
    inside = {view.spec.ticker for view in every if wanted.has(view)}
    outside = {view.spec.ticker for view in every} - inside
    watchful, followed = Watchful(), Followed()

    async def script() -> tuple[World, Trader, Watched]:
        world = World()
        limits = msgspec.structs.replace(LIMITS, series=SERIES, markets=(wanted.market,), events=(wanted.event,))
        trader = Trader(
            world, limits=limits, strategy=watchful, cycle_ns=10 * SECOND, latency_ns=SECOND // 50 // SPEED,
            stream=Stream(CHANNELS, patience=Patience().at_speed(SPEED)),
        )  # fmt: skip
        trader.saying = followed.take
        watched = Watched(world, trader, followed, wanted)
        await trader.run(watched.live)
        return world, trader, watched

    world, trader, watched = live(script, until_ns=(ENDS - BEGINS) // SPEED + MINUTE)
    settled = {fact.instrument: fact.qty for fact in trader.of(MarketSettled)}
    paid = {paid.market: paid.position for paid in world.boxed.history.settlements}
    lags = sorted(watched.entered[name] - watched.opened[name] for name in watched.opened)
    gone = sorted(watched.left[name] - watched.closed[name] for name in watched.left)
    print(  # noqa: T201 - the result
        json.dumps(
            {
                "days": DAYS or "one midnight", "in_scope": len(watched.opened), "outside": len(outside),
                "entered": len(watched.entered), "entered_after_s_max": lags[-1] // SECOND,
                "left": len(watched.left), "left_after_s_max": gone[-1] // SECOND,
                "quotes": sum(watchful.shown.values()), "bought": sum(map(len, watchful.bought.values())),
                "paid": sum(qty != 0 for qty in settled.values()), "records": len(trader.records),
                "halts": sorted(trader.halts()), "sizes": watched.sizes[:: 6 if DAYS else 1],
            }
        )
    )  # fmt: skip
    assert set(watched.entered) <= inside
    assert set(watched.opened) == set(watched.entered), "each came"
    assert {wanted.market} <= set(watchful.shown)
    assert {view.spec.ticker for view in last if view.spec.event == wanted.event} <= set(watchful.shown)
    assert lags[-1] <= ENTERED_WITHIN
    # Each that closed has left the subscription, but for those of the last moments.
    assert {name for name, ts in watched.closed.items() if ts < ENDS - LEFT_WITHIN} <= set(watched.left)
    assert gone[-1] <= LEFT_WITHIN
    assert set(watchful.shown) <= inside
    assert followed.ever <= inside
    ledger = "\n".join(record.body.decode() for record in trader.store.records())
    assert [name for name in outside if name in ledger] == []
    # Whatever was held when its market settled was paid, and the books are equal.
    assert {name: qty for name, qty in settled.items() if qty} == {name: qty for name, qty in paid.items() if qty}
    assert sum(qty != 0 for qty in settled.values()) >= DAILY * max(DAYS, 1)
    assert trader.desk.state.cash == world.boxed.balance().cash
    # Nothing piles up: what is open is followed, what is held may be asked for by name, and what settled is forgotten
    # at the second midnight after it.
    busiest = max(
        sum(view.spec.open_ts // DAY == day for view in every if wanted.has(view)) for day in range(FIRST, LAST + 1)
    )
    for size in watched.sizes:
        assert size.followed <= busiest
        assert size.asked_by_name <= busiest
        assert size.desk_markets <= 3 * busiest
