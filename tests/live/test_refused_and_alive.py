"""A proxy sends our request twice and gives us the second answer: a refusal, while the first copy lives there."""

import json

import pytest
from tests.venue.kalshi.test_lives import LATENCY_NS, Life

from assent.desk.desk import Desk
from assent.desk.strategy import View
from assent.model import facts
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import MICRO, MINUTE, SECOND
from assent.runtime import virtual
from assent.venue.memory import Arrival, Passage, Way
from assent.venue.transport import Answer, Frame, Request


class Resting:
    """Puts one order far below the market, to rest."""

    name = "resting"

    def __init__(self) -> None:
        self.done = False

    def on_quote(self, _view: View, seen: QuoteSeen) -> list[Proposal] | None:
        if self.done or seen.bid is None or seen.bid < 200_000:
            return None
        self.done = True
        return [Proposal(seen.instrument, price=seen.bid - 50_000, fair=MICRO, qty_max=MICRO, time_in_force="gtc")]


REFUSALS = {
    "pushed back": (429, {"error": "too many requests"}),
    "refused": (400, {"error": {"code": "insufficient_balance", "message": "no"}}),
}


class Doubled(Life):
    """Frames are so late, or, with None, never tell anything of our orders."""

    def __init__(self, refusal: str, frame_ns: int | None) -> None:
        super().__init__(1)
        self.desk = Desk([Resting()])
        status, body = REFUSALS[refusal]
        self.second = Answer(status, {}, json.dumps(body).encode())
        self.frame_ns = frame_ns

    def _passage(self, number: int, request: Request) -> Passage:
        passage = super()._passage(number, request)
        return passage._replace(answer=self.second) if request.method == "POST" else passage

    def _frame(self, number: int, way: Way, frame: Frame) -> list[Arrival]:
        if self.frame_ns is None and isinstance(frame, bytes) and b'"user_order"' in frame:
            return []
        return [Arrival(LATENCY_NS if self.frame_ns is None else self.frame_ns, frame)]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_of_an_order_that_the_stream_has_told_of_is_not_believed(refusal: str) -> None:
    life = Doubled(refusal, 1_000_000)
    virtual.run(life.run(2 * MINUTE))
    life.books_agree()
    assert [each.status for each in life.desk.state.orders.values()] == ["working"]
    assert life.of(facts.OrderUnknown)
    assert life.of(facts.HaltRaised) == []


@pytest.mark.parametrize(("frame_ns", "within_ns"), [(300_000_000, 3 * SECOND), (None, MINUTE + 5 * SECOND)])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_order_that_lives_though_it_was_refused_is_called_back(
    refusal: str, frame_ns: int | None, within_ns: int
) -> None:
    life = Doubled(refusal, frame_ns)
    virtual.run(life.run(3 * MINUTE))
    [released] = [ts for ts, fact in life.records if type(fact) is facts.OrderReleased]
    [called_back] = [ts for ts, fact in life.records if type(fact) is facts.CancelReleased]
    assert called_back - released <= within_ns
    assert not life.world.exchange.resting("ann")
    assert [halt.cause for halt in life.of(facts.HaltRaised)] == ["late_fill"], "a person has to look at it"
    life.books_agree()
