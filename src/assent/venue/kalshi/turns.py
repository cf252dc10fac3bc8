"""Waiting for one's turn: the throttle, driven by a clock, for tasks that come and go.

Whoever wants to send waits here until the throttle lets it. Who is cancelled while waiting gives its place back. One
timer at most is set, and only while somebody waits, so there is nothing to shut down.
"""

import asyncio
from collections.abc import Iterable

from assent.venue.clock import Time
from assent.venue.kalshi.limits import Limits
from assent.venue.kalshi.throttle import Busy, Granted, Lane, Throttle, Ticket


class Turns:
    """The tasks that wait at one throttle."""

    def __init__(self, throttle: Throttle, clock: Time) -> None:
        self._throttle = throttle
        self._clock = clock
        self._waiting: dict[int, asyncio.Future[Granted | Busy]] = {}
        self._timer: asyncio.Task[None] | None = None
        self._timer_ts = 0

    async def turn(self, lane: Lane, cost: int, shard: int | None = 0) -> Granted | Busy:
        """Wait until this request may leave; it must leave at once then."""
        ticket = self._throttle.ask(lane, cost, self._clock.now(), shard)
        if isinstance(ticket, Busy):
            return ticket
        granted: asyncio.Future[Granted | Busy] = asyncio.get_running_loop().create_future()
        self._waiting[ticket.number] = granted
        try:
            self._advance()
            return await granted
        finally:
            self._leave(ticket)

    def pushed_back(self, sent: Granted, retry_after_ns: int) -> None:
        """The venue asked for a pause."""
        self._throttle.pushed_back(sent, self._clock.now(), retry_after_ns)
        self._advance()

    def answered(self, sent: Granted) -> None:
        """The venue dealt with it."""
        self._throttle.answered(sent)
        self._advance()

    def adopt(self, limits: Limits) -> None:
        """Go on under these limits; who could never leave under them is told so."""
        self._tell(self._throttle.adopt(limits, self._clock.now()))
        self._advance()

    def _tell(self, stuck: Iterable[Ticket]) -> None:
        for ticket in stuck:
            waiting = self._waiting.get(ticket.number)
            if waiting is not None and not waiting.done():
                why = f"the request costs {ticket.cost} tokens, more than fit at once under the account's limits"
                waiting.set_result(Busy("throttle_cost", why))

    def _leave(self, ticket: Ticket) -> None:
        self._waiting.pop(ticket.number, None)
        if self._throttle.drop(ticket):
            self._advance()

    def _advance(self) -> None:
        """Let go who may go, and set the timer for the next."""
        while True:
            step = self._throttle.take(self._clock.now())
            if isinstance(step, Granted):
                waiting = self._waiting.get(step.ticket.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(step)
            else:
                self._set_timer(None if step is None else step.ts)
                return

    def _set_timer(self, ts: int | None) -> None:
        if self._timer is not None and ts == self._timer_ts:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if ts is not None:
            self._timer_ts = ts
            self._timer = asyncio.get_running_loop().create_task(self._wake(ts), name="kalshi turns")
            self._timer.add_done_callback(self._timer_ended)

    async def _wake(self, ts: int) -> None:
        await self._clock.sleep_until(ts)
        self._timer = None
        self._advance()

    def _timer_ended(self, timer: asyncio.Task[None]) -> None:
        """A timer that broke must not leave anybody waiting for ever: they all learn of it."""
        fault = None if timer.cancelled() else timer.exception()
        if fault is None:
            return
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(fault)
