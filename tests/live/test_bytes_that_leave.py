"""The whole live path, from the desk to the box: whoever changes an order on its way, the box never records it, the
desk stops until a person has looked, and the ledger tells what was found."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.venue.kalshi.test_lives import Life

from assent.cli.story_text import story_lines
from assent.desk.story import tell
from assent.model import facts
from assent.model.inputs import ResumeAsked
from assent.model.orders import DIFFERS, Order, order_digest
from assent.model.units import MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.effects import SubmitOrder
from assent.runtime.executor import Executor
from assent.runtime.runtime import Runtime
from assent.venue.kalshi import wire_requests
from assent.venue.kalshi.orders import Orders
from assent.venue.memory import MemoryTransport
from assent.venue.transport import Request


def cheaper(order: Order) -> Order:
    return msgspec.structs.replace(order, price=order.price - 10_000)


class Hurt(Life):
    """A life in which a hand is at work until it is `gone`."""

    def __init__(self) -> None:
        super().__init__(1)
        self.gone = False
        self.touched = 0
        self.runtime: Runtime

    def _runtime(self) -> Runtime:
        self.runtime = super()._runtime()
        return self.runtime

    def touches(self) -> bool:
        self.touched += not self.gone
        return not self.gone


def _effect(life: Hurt, patch: pytest.MonkeyPatch) -> None:
    real = Executor._submit

    def submit(self: Executor, effect: SubmitOrder) -> None:
        real(self, SubmitOrder(cheaper(effect.order), effect.digest) if life.touches() else effect)

    patch.setattr(Executor, "_submit", submit)


def _effect_with_its_digest(life: Hurt, patch: pytest.MonkeyPatch) -> None:
    real = Executor._submit

    def submit(self: Executor, effect: SubmitOrder) -> None:
        order = cheaper(effect.order)
        real(self, SubmitOrder(order, order_digest(order)) if life.touches() else effect)

    patch.setattr(Executor, "_submit", submit)


def _copy(life: Hurt, patch: pytest.MonkeyPatch) -> None:
    real = Executor._submit

    def submit(self: Executor, effect: SubmitOrder) -> None:
        held = life.desk.state.orders[effect.order.order_id]
        true, held.order = held.order, cheaper(held.order) if life.touches() else held.order
        real(self, effect)
        # The memory is sound again before the answer is booked: only the moment of the permit is in question.
        asyncio.get_running_loop().call_soon(setattr, held, "order", true)

    patch.setattr(Executor, "_submit", submit)


def _order(life: Hurt, patch: pytest.MonkeyPatch) -> None:
    real = Orders.send

    async def send(self: Orders, order: Order) -> Any:
        return await real(self, cheaper(order) if life.touches() else order)

    patch.setattr(Orders, "send", send)


def _body(life: Hurt, patch: pytest.MonkeyPatch) -> None:
    real = wire_requests.create

    def create(*args: Any, **given: Any) -> Any:
        body = real(*args, **given)
        return body.replace(b'"count":"', b'"count":"1') if isinstance(body, bytes) and life.touches() else body

    patch.setattr(wire_requests, "create", create)


def _request(change: Callable[[Request], Request]) -> Callable[[Hurt, pytest.MonkeyPatch], None]:
    def put(life: Hurt, patch: pytest.MonkeyPatch) -> None:
        real = MemoryTransport.request

        async def request(self: MemoryTransport, given: Request, *, timeout_ns: int) -> Any:
            if given.method == "POST" and life.touches():
                given = change(given)
            return await real(self, given, timeout_ns=timeout_ns)

        patch.setattr(MemoryTransport, "request", request)

    return put


HANDS: dict[str, Callable[[Hurt, pytest.MonkeyPatch], None]] = {
    "the effect": _effect,
    "the effect and its digest": _effect_with_its_digest,
    "the desk's own copy": _copy,
    "the order that is handed over": _order,
    "the body": _body,
    "the target": _request(lambda request: request._replace(target=request.target + "?")),
    "the request's body": _request(lambda request: request._replace(body=request.body + b" ")),
    "a header": _request(lambda r: r._replace(headers=dict(r.headers) | {"KALSHI-ACCESS-TIMESTAMP": "1790003600001"})),
    "another header": _request(lambda r: r._replace(headers=dict(r.headers) | {"x-subaccount": "3"})),
}


@pytest.mark.parametrize("hand", HANDS)
def test_no_order_leaves_changed_and_the_desk_waits_for_a_person(hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Hurt()
    HANDS[hand](life, monkeypatch)

    async def person() -> None:
        await life.clock.sleep(2 * MINUTE)
        assert life.touched, "somebody did something"
        assert life.history.orders == {}, "the box's own record"
        assert not life.posted
        assert [fact.cause for fact in life.of(facts.HaltRaised)] == ["invariant_broken"]
        for fact in life.of(facts.OrderNotSent):
            assert fact.reason in (DIFFERS, "halted")
        life.gone = True
        await life.runtime.matched()
        await life.clock.sleep(SECOND)
        life.runtime.act(ResumeAsked("invariant_broken", "Ada", "replaced the memory", life.clock.now()))

    async def script() -> None:
        task = asyncio.get_running_loop().create_task(person())
        await life.run(5 * MINUTE)
        await task

    virtual.run(script())
    first = life.of(facts.OrderReleased)[0].order
    story = tell([(seq, ts, fact) for seq, (ts, fact) in enumerate(life.records, start=1)], first.intent_id)
    assert story is not None
    told = " ".join(" ".join(story_lines(story)).split())
    assert "digest_differs" in told
    assert "invariant_broken" in told
    life.books_agree()
    life.nothing_was_doubled()
    assert len(life.of(facts.FillBooked)) >= 5, "with the hand gone, it trades"
