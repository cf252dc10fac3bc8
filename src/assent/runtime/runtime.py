"""One desk, running: its ledger, its inbox, its venue and its clock, from start-up to a clean end.

The order of a start is fixed: lease, verify, restore, what is overdue expires, connect, reconcile, ready. Nothing is
released before the books have been compared. If any task breaks, all of them end: half a runtime is worse than none.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from assent.desk.desk import Desk
from assent.ledger.port import Store
from assent.model.errors import AssentError
from assent.model.facts import Fact
from assent.model.inputs import (
    CancelAnswered,
    DeskStopping,
    HaltAsked,
    Input,
    KillSwitchSeen,
    LookAnswered,
    QuoteLost,
    QuoteSeen,
    RejectionSeen,
    SendAnswered,
    TimePassed,
    Unknown,
    input_fault,
)
from assent.model.units import SECOND
from assent.runtime import reconcile
from assent.runtime.clock import Clock
from assent.runtime.effects import CancelOrder, Effect, duties
from assent.runtime.executor import Executor
from assent.runtime.heartbeat import beat
from assent.runtime.inbox import Inbox, InboxOverflow, Lane
from assent.runtime.loop import Loop, Observer, Watch
from assent.venue.port import Venue

# Waits for whatever else may end a run, and says what it was.
Until = Callable[[], Coroutine[Any, Any, str]]
# Tells what it learns beside the venue, until cancelled: forecasts, say.
Feed = Callable[[Callable[[Input], None]], Coroutine[Any, Any, None]]
# Reads the owner's kill switch.
Switch = Callable[[int], KillSwitchSeen]

RECONCILE_EVERY = 60 * SECOND
RESOLVE_EVERY = 2 * SECOND
SWITCH_EVERY = SECOND
# A feed that says nothing for so long, and for so many cycles, is stale: a process that stood still was not listening.
SILENCE_MAX = 60 * SECOND
SILENT_CYCLES = 6
# What an adapter says of a venue that it cannot hear: its complaints must not pass for a feed that lives.
NOT_HEARD = frozenset((RejectionSeen, QuoteLost, HaltAsked))


class Runtime:
    """Everything that lives around one desk."""

    def __init__(
        self,
        *,
        desk: Desk,
        store: Store,
        venue: Venue,
        clock: Clock,
        cycle_ns: int,
        state_dir: Path | None = None,
        observers: Sequence[Observer] = (),
        watch: Watch | None = None,
        watched: Callable[[], bool] = lambda: True,
        switch: Switch | None = None,
    ) -> None:
        self.desk = desk
        self.venue = venue
        self.clock = clock
        self.inbox: Inbox[Input] = Inbox()
        self.executor = Executor(desk, venue, clock, self._answer, self._spawn)
        self.loop = Loop(
            desk=desk, store=store, inbox=self.inbox, clock=clock, execute=self._execute,
            observers=observers, watch=watch,
        )  # fmt: skip
        self.ready = False
        self._may_cancel = False
        # The newest of each market that came before we were ready: no strategy sees it until the books match.
        self._early: dict[str, Input] = {}
        self._watched = watched
        self._heard_ts = clock.now()
        self._silent_cycles = 0
        self._switch = switch
        self._feeds: list[Feed] = []
        self._switch_told: KillSwitchSeen | None = None
        self.opened = asyncio.Event()
        self._cycle_ns = cycle_ns
        self._state_dir = state_dir
        self._stop = asyncio.Event()
        self._why = ""
        self._failure: BaseException | None = None
        self._group: asyncio.TaskGroup | None = None

    def also(self, feed: Feed) -> None:
        """Listen to this as well, as long as the desk runs. What it says never counts as a sign of the venue's life."""
        self._feeds.append(feed)

    async def run(self, opening: list[Input], *, until: Until | None = None) -> str:
        """Start up, live until asked to stop (or until `until` returns a reason), and end cleanly; return why."""
        self.loop.take([*opening, *self._switch_news()])
        self.opened.set()
        await asyncio.sleep(0)  # whoever waited for that has their turn before anything else
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self.venue.connect(self._sink, wanted=self._wanted)
            await self.start_up()
            lasting = [
                group.create_task(work)
                for work in (self.loop.run(), self.venue.feed(), self._cycle(), self._resolve(), self._match())
            ]
            lasting += [group.create_task(feed(self.put)) for feed in self._feeds]
            if self._switch is not None:
                lasting.append(group.create_task(self._look_at_switch()))
            for task in lasting:
                task.add_done_callback(self._must_not_end)
            if until is not None:
                lasting.append(group.create_task(self._stop_after(until)))
            await self._stop.wait()
            if self._failure is not None:
                raise self._failure
            await self._wind_down(lasting)
        return self._why

    async def start_up(self) -> None:
        """Settle what is unknown, compare the books, renew what is owed; then, and only then, be ready."""
        self.loop.drain()
        await reconcile.resolve_orders(self.desk.state, self.venue, self.clock, self.put)
        self.loop.drain()
        await reconcile.match_books(self.venue, self.clock, self.put)
        self.loop.drain()
        self.loop.take(self._switch_news())
        self._may_cancel = True
        self._execute(duties(self.desk.state))
        self.ready = True
        for key, item in self._early.items():
            self._sink("market", item, key)
        self._early.clear()

    def stop(self, why: str) -> None:
        """Ask for a clean end. The first reason stands."""
        self._why = self._why or why
        self._stop.set()

    def put(self, item: Input, *, lane: Lane = "venue") -> None:
        """Something that must not be lost: when its lane is full, the loop halts the desk for it."""
        self._taken_in(item, lane)

    def _taken_in(self, item: Input, lane: Lane) -> bool:
        fault = input_fault(item)
        if fault:
            item = self._replaced(item, fault)
        try:
            self.inbox.put(lane, item, received_ts=item.received_ts)
        except InboxOverflow:
            return False
        return True

    def act(self, item: Input) -> list[Fact]:
        """Take what a person asked, now; what is returned is durable."""
        try:
            if type(item) is not HaltAsked:  # a halt does not wait for what came before it
                self.loop.drain()
            return self.loop.take([item])
        except BaseException as error:  # boundary: whoever asked, a ledger that fails must bring the whole desk down
            self._failure = error
            self._stop.set()
            raise

    async def matched(self) -> None:
        """Compare the books now: what a resume needs."""
        await reconcile.match_books(self.venue, self.clock, self.put)

    async def compare(self) -> None:
        """The same, and what came of it taken up: for a person who wants to see it."""
        await self.matched()
        self.loop.drain()

    def _sink(self, lane: Lane, item: Input, key: str = "") -> None:
        """What an adapter learned. Quotes were judged at its own door; anything else is judged here."""
        if type(item) not in NOT_HEARD:
            self._heard_ts, self._silent_cycles = self.clock.now(), 0
        fault = None if type(item) is QuoteSeen else input_fault(item)
        if fault:
            item = self._replaced(item, fault)
        if lane == "market" and not self.ready:
            self._early[key] = item
            return
        with suppress(InboxOverflow):
            self.inbox.put(lane, item, key=key or None, received_ts=item.received_ts)

    def _replaced(self, item: Input, fault: str) -> Input:
        """What stands in for something malformed: an answer that cannot be read is unknown, the rest is rejected."""
        now = self.clock.now()
        if isinstance(item, SendAnswered | CancelAnswered):
            return type(item)(item.order_id, Unknown("an answer that cannot be read"), now)
        if isinstance(item, LookAnswered):
            return LookAnswered(item.intent_id, None, "an answer that cannot be read", now)
        return RejectionSeen("malformed_input", self.venue.name, fault, now)

    def _execute(self, effects: list[Effect]) -> None:
        """Carry them out. A cancel from before the venue is there (a switch that is set, tighter limits, an early halt)
        is not lost: its order waits for an answer, so it is among what the start owes."""
        if not self._may_cancel:
            effects = [effect for effect in effects if type(effect) is not CancelOrder]
        self.executor.execute(effects)

    def _answer(self, answer: SendAnswered | CancelAnswered | LookAnswered) -> None:
        self.put(answer)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._group is None:
            raise RuntimeError("an effect was to be carried out before the runtime runs")
        return self._group.create_task(work)

    def _must_not_end(self, task: asyncio.Task[None]) -> None:
        """A part that ended by itself, even by a stray cancellation, would leave half a runtime."""
        if not self._stop.is_set():
            self._failure = RuntimeError(f"{task.get_coro()} ended by itself")
            self._stop.set()

    def _wanted(self, market: str, event: str, series: str) -> bool:
        """In scope, or something that the ledger already knows: a position is never left unwatched."""
        state = self.desk.state
        return state.find_instrument(market) is not None or state.tradable(market, event, series)

    async def _stop_after(self, until: Until) -> None:
        self.stop(await until())

    async def _cycle(self) -> None:
        """One tick and one heartbeat a cycle."""
        due = self.clock.now()
        while True:
            due += self._cycle_ns
            await self.clock.sleep_until(due)
            now = self.clock.now()
            due = max(due, now - self._cycle_ns)
            jump = self.clock.jump()
            if jump:
                moved = f"the wall clock moved {jump.wall_ns} ns, the process stood still {jump.stall_ns} ns"
                self.put(HaltAsked("clock_jump", "clock", moved, now), lane="control")
            self._listen(now)
            self._tell_switch()
            self.put(TimePassed(now), lane="clock")
            if not self._watched():
                raise AssentError(
                    "the watchdog's process has ended, so a strategy that hangs would hold the desk for ever; the desk"
                    " stops here, and start-up is recovery: start it again"
                )
            if self._state_dir:
                beat(self._state_dir, self.desk.state, ts=now, status="running", speed=self.clock.speed)

    def _listen(self, now: int) -> None:
        """Ask for a halt while the feed is silent: what rests on the book was decided on prices that may be gone."""
        self._silent_cycles += 1
        silence = now - self._heard_ts
        if silence > max(SILENCE_MAX, SILENT_CYCLES * self._cycle_ns) and self._silent_cycles >= SILENT_CYCLES:
            said = f"nothing came for {silence // SECOND} seconds"
            self.put(HaltAsked("stale_data", self.venue.name, said, now), lane="control")

    def _switch_news(self) -> list[Input]:
        """How the kill switch stands, when that is not what the desk was told last."""
        if self._switch is None:
            return []
        seen, told = self._switch(self.clock.now()), self._switch_told
        if told is not None and (seen.is_set, seen.exits, seen.detail) == (told.is_set, told.exits, told.detail):
            return []
        self._switch_told = seen
        return [seen]

    async def _look_at_switch(self) -> None:
        """Between two cycles as well, which may be an hour apart: who sets the switch means now."""
        while True:
            await self.clock.sleep(SWITCH_EVERY)
            self._tell_switch()

    def _tell_switch(self) -> None:
        """What finds no room is told again: the halt for a full inbox ends by a person, the switch stays set."""
        for news in self._switch_news():
            if not self._taken_in(news, "control"):
                self._switch_told = None

    async def _resolve(self) -> None:
        """Ask again and again for evidence of unknown orders."""
        while True:
            await self.clock.sleep(RESOLVE_EVERY)
            if any(map(reconcile.unsettled, self.desk.state.orders.values())):
                await reconcile.resolve_orders(self.desk.state, self.venue, self.clock, self.put)

    async def _match(self) -> None:
        """Compare the books all the time."""
        while True:
            await self.clock.sleep(RECONCILE_EVERY)
            await self.matched()

    async def _wind_down(self, lasting: list[asyncio.Task[None]]) -> None:
        """No new release leaves; what has left is answered; then the last words of this run, and the end."""
        self.ready = False
        self.executor.stop()
        await self.executor.drain()
        for task in lasting:
            task.cancel()
        await asyncio.gather(*lasting, return_exceptions=True)
        self.loop.drain()
        await self.executor.drain()
        self.loop.drain()
        self.loop.take([DeskStopping(self._why, self.clock.now())])
        if self._state_dir:
            ts, speed = self.clock.now(), self.clock.speed
            beat(self._state_dir, self.desk.state, ts=ts, status="stopped", speed=speed)
