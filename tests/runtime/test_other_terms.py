"""The executor hands over what was released and nothing else, whatever became of the effect on its way to it."""

import asyncio
from typing import Any

import msgspec
from tests.desk.support import Bench
from tests.venue.byte_changes import of_bytes

from assent.model.inputs import Accepted, NotSent, Outcome, SendAnswered
from assent.model.orders import DIFFERS, Order, order_digest
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.effects import SubmitOrder
from assent.runtime.executor import Executor


class Venue:
    """Keeps what was handed over."""

    name = "venue"

    def __init__(self) -> None:
        self.sent: list[Order] = []

    async def send(self, order: Order) -> Outcome:
        self.sent.append(order)
        return Accepted("v", 0, order.qty)


class Place:
    """A desk with one release, and an executor that is new for each attempt."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.order = self.bench.release()
        self.effect = SubmitOrder(self.order, order_digest(self.order))
        self.venue: Any = Venue()

    async def carried_out(self, effect: SubmitOrder) -> SendAnswered:
        said: list[Any] = []
        clock = VirtualClock(self.bench.now)
        executor = Executor(self.bench.desk, self.venue, clock, said.append, asyncio.get_running_loop().create_task)
        executor.execute([effect])
        await executor.drain()
        (answer,) = said
        assert isinstance(answer, SendAnswered)
        return answer


def test_an_effect_of_which_one_byte_changed_hands_nothing_over() -> None:
    tried = 0

    async def script() -> None:
        nonlocal tried
        place = Place()
        for change in of_bytes(msgspec.json.encode(place.effect)):
            try:
                made = msgspec.json.decode(change.made, type=SubmitOrder)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if made == place.effect:
                continue
            tried += 1
            answer = await place.carried_out(made)
            assert answer.outcome == NotSent(DIFFERS), change.what
            assert place.venue.sent == [], change.what
        # Order and digest changed together agree with each other, and not with the ledger.
        for place_of, byte in enumerate(place.order.instrument):
            other = place.order.instrument[:place_of] + chr(ord(byte) ^ 1) + place.order.instrument[place_of + 1 :]
            order = msgspec.structs.replace(place.order, instrument=other)
            answer = await place.carried_out(SubmitOrder(order, order_digest(order)))
            assert answer.outcome == NotSent(DIFFERS)
            tried += 1
        assert place.venue.sent == []
        assert (await place.carried_out(place.effect)).outcome == Accepted("v", 0, place.order.qty)
        assert place.venue.sent == [place.order], "the unchanged control"

    virtual.run(script())
    assert tried > 400


def test_a_ledger_s_copy_that_changed_in_memory_lets_nothing_leave() -> None:
    async def script() -> None:
        place = Place()
        held = place.bench.state.orders[place.order.order_id]
        for name, value in (("price", 1), ("qty", 1), ("side", "sell"), ("protective", True), ("attempt", 2)):
            held.order = msgspec.structs.replace(place.order, **{name: value})  # type: ignore[arg-type]
            for effect in (place.effect, SubmitOrder(held.order, order_digest(held.order))):
                assert (await place.carried_out(effect)).outcome == NotSent(DIFFERS), name
        held.order = place.order
        assert isinstance((await place.carried_out(place.effect)).outcome, Accepted), "the unchanged control"

    virtual.run(script())
