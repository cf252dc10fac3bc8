"""Carries effects out: the only code that lets an order leave.

Before a submission, in the same step, it compares the order with the digest that was released and asks the desk for its
permit in exactly these terms; when its bytes are about to leave, the adapter asks again, for what they say. Whatever
comes back becomes an input again. An order that this process has begun to send is never begun again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from assent.desk.desk import Desk
from assent.desk.looked import ANSWER_MAX
from assent.model.inputs import CancelAnswered, LookAnswered, NotSent, Outcome, SendAnswered, Unknown
from assent.model.orders import DIFFERS, Order, order_digest
from assent.runtime.clock import Clock
from assent.runtime.effects import CancelOrder, Effect, PollBook, ResetBelts, SubmitOrder
from assent.venue.port import Unavailable, Venue

ANSWER_MAX_NS = 30_000_000_000
# The desk takes no look that comes later.
LOOK_MAX_NS = ANSWER_MAX

Reply = Callable[[SendAnswered | CancelAnswered | LookAnswered], None]
# Starts a task whose end, good or bad, the runtime watches over.
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Executor:
    """Effects in, inputs out."""

    def __init__(self, desk: Desk, venue: Venue, clock: Clock, reply: Reply, spawn: Spawn) -> None:
        self._desk = desk
        self._venue = venue
        self._clock = clock
        self._reply = reply
        self._spawn = spawn
        self._begun: set[str] = set()
        # A dict, not a set: what waits on them must not depend on hashes.
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._stopping = False
        self.sent = 0

    def execute(self, effects: list[Effect]) -> None:
        """Start each effect; none is awaited here, so that a slow venue does not hold up the desk."""
        for effect in effects:
            if type(effect) is SubmitOrder:
                self._submit(effect)
            elif type(effect) is CancelOrder:
                self._cancel(effect)
            elif type(effect) is PollBook:
                self._start(self._poll(effect))
            elif type(effect) is ResetBelts:
                self._start(self._venue.reset_belts())

    def stop(self) -> None:
        """Nothing new leaves from now on; what has left may still be answered."""
        self._stopping = True

    async def drain(self) -> None:
        """Wait until everything that left has an outcome. Each attempt is bounded, so this is too."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _submit(self, effect: SubmitOrder) -> None:
        order = effect.order
        if order.order_id in self._begun:
            self._reply(SendAnswered(order.order_id, NotSent("already_answered"), self._clock.now()))
            return
        self._begun.add(order.order_id)
        self._start(self._send(order, effect.digest))

    def _obstacle(self, order: Order, digest: str) -> str | None:
        if self._stopping:
            return "stopping"
        if order_digest(order) != digest:
            return DIFFERS
        return self._desk.permit(order.order_id, self._clock.now(), digest)

    async def _send(self, order: Order, digest: str) -> None:
        """Nothing is awaited between the permit and the adapter's first step: a halt cannot come between."""
        obstacle = self._obstacle(order, digest)
        if obstacle:
            self._reply(SendAnswered(order.order_id, NotSent(obstacle), self._clock.now()))
            return
        self.sent += 1
        outcome = await self._bounded(self._venue.send(order))
        self._reply(SendAnswered(order.order_id, outcome, self._clock.now()))

    def _cancel(self, effect: CancelOrder) -> None:
        known = self._desk.state.orders.get(effect.order_id)
        if known is None:
            return
        self._start(self._ask_cancel(known.order, known.venue_order_id))

    async def _ask_cancel(self, order: Order, venue_order_id: str) -> None:
        outcome = await self._bounded(self._venue.cancel(order, venue_order_id))
        self._reply(CancelAnswered(order.order_id, outcome, self._clock.now()))

    async def _poll(self, effect: PollBook) -> None:
        """Ask once for one book. Whatever goes wrong, the answer says so: nothing is released on a guess."""
        quote, why = None, "the process is going down"
        if not self._stopping:
            try:
                async with asyncio.timeout(LOOK_MAX_NS / 1e9):
                    found = await self._venue.look(effect.instrument)
                quote, why = (None, found.why) if isinstance(found, Unavailable) else (found, "")
            except TimeoutError:
                why = "no answer in time"
            except Exception as error:  # boundary: a question that broke has no answer, whatever broke it
                why = f"{type(error).__name__} while waiting for the answer"
        self._reply(LookAnswered(effect.intent_id, quote, why, self._clock.now()))

    async def _bounded(self, attempt: Awaitable[Outcome]) -> Outcome:
        """No answer in time, or an adapter that breaks in mid-air, is unknown: something may have arrived."""
        try:
            async with asyncio.timeout(ANSWER_MAX_NS / 1e9):
                return await attempt
        except TimeoutError:
            return Unknown("no answer in time")
        except Exception as error:  # boundary: bytes may have left, whatever broke; evidence must settle it
            return Unknown(f"{type(error).__name__} while waiting for the answer")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(work)
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
