"""Between a release and its first byte: whoever stops the desk in that moment has stopped the order too."""

from typing import Any

from tests.venue.kalshi.test_lives import Life

from assent.model import facts
from assent.model.inputs import HaltAsked
from assent.runtime import virtual
from assent.runtime.runtime import Runtime
from assent.venue.kalshi.adapter import KalshiVenue
from assent.venue.kalshi.turns import Turns
from assent.venue.transport import Request

SECOND = 1_000_000_000
MINUTE = 60 * SECOND


class Waiting(Life):
    """Each submission waits for its turn; in the first one's wait something happens."""

    def __init__(self, waits_ns: int, *, halts: bool = False) -> None:
        super().__init__(1)
        self.waits_ns = waits_ns
        self.halts = halts
        self.runtime: Runtime
        self.sent: list[tuple[int, Request]] = []

    def venue(self) -> KalshiVenue:
        venue = super().venue()
        turns = venue._orders._rest._turns
        real = turns.turn

        async def turn(lane: Any, *args: Any) -> Any:
            if lane == "submit":
                if self.halts:
                    self.runtime.act(HaltAsked("operator", "ann", "stop", self.clock.now()))
                await self.clock.sleep(self.waits_ns)
            return await real(lane, *args)

        turns.turn = turn  # type: ignore[method-assign]
        assert isinstance(turns, Turns)
        return venue

    def _runtime(self) -> Runtime:
        self.runtime = super()._runtime()
        return self.runtime

    def _passage(self, number: int, request: Request) -> Any:
        if request.method == "POST":
            self.sent.append((self.clock.now(), request))
        return super()._passage(number, request)


def test_a_halt_that_comes_while_an_order_waits_for_its_turn_keeps_the_order_here() -> None:
    life = Waiting(SECOND, halts=True)
    virtual.run(life.run(2 * MINUTE))
    assert life.of(facts.OrderReleased)
    assert life.sent == []
    assert {fact.reason for fact in life.of(facts.OrderNotSent)} == {"halted"}
