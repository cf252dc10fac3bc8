"""The venue says how much of an order was executed and does not list it: the order waits, the desk stops, a named
person says what it was, the books are equal, and the desk trades on. Under virtual time, at the boxed Kalshi."""

from collections.abc import Awaitable, Callable

from tests.live.quiet import CENT, MARKET, OTHER, Quiet, live

from assent.exchange.kalshi.app import ROOT
from assent.model import facts
from assent.model.facts import OrderReleased
from assent.model.intents import Proposal
from assent.model.settling import FillRecognised
from assent.model.units import MICRO, MINUTE, SECOND
from assent.venue.memory import Passage
from assent.venue.transport import Answer, Failed, Request

WHO = {"by": "Ada", "reason": "its fills never came", "evidence": "their page: three at 45 cents"}
TAKE = Proposal(MARKET, price=45 * CENT, fair=MICRO, qty_max=3 * MICRO)


class Hiding:
    """The venue's list of fills is empty for as long as this says so."""

    def __init__(self, quiet: Quiet) -> None:
        self.hides = True
        quiet.told = False
        quiet.spoiler = self

    def __call__(self, request: Request) -> Passage | Failed | None:
        if self.hides and request.target.startswith(f"{ROOT}/portfolio/fills"):
            return Passage(answer=Answer(200, {}, b'{"fills":[],"cursor":""}'))
        return None


def lived(quiet: Quiet, script: Callable[[], Awaitable[str]]) -> None:
    """In markets in which Bob deals."""

    async def whole() -> None:
        for market in (MARKET, OTHER):
            quiet.bob("sell", 45, 9, market)
            quiet.bob("buy", 40, 9, market)
        await quiet.lives(script)

    live(whole)


async def closing(quiet: Quiet) -> str:
    """An order of which the venue says that it was filled, and lists no fill."""
    await quiet.clock.sleep(20 * SECOND)
    quiet.strategy.ideas.append(TAKE)
    await quiet.until(lambda: any(order.status == "closing" for order in quiet.desk.state.orders.values()))
    return str(quiet.of(OrderReleased)[0].order.order_id)


def test_fills_that_come_late_are_still_asked_for_however_long_the_desk_has_lived_meanwhile() -> None:
    quiet = Quiet()
    hiding = Hiding(quiet)

    async def script() -> str:
        state = quiet.desk.state
        await closing(quiet)
        await quiet.clock.sleep(30 * MINUTE)
        assert set(state.halts) == {"books_overdue"}
        hiding.hides = False
        await quiet.until(lambda: bool(quiet.of(facts.FillBooked)))
        assert (state.held(MARKET), state.orders) == (3 * MICRO, {})
        await quiet.until(lambda: state.halts == {}, 5 * MINUTE)
        return "enough"

    lived(quiet, script)
    assert quiet.judged().wrong == []


def test_an_order_whose_fills_never_come_is_ended_by_a_person_and_they_are_recognised_when_they_come() -> None:
    quiet = Quiet()
    hiding = Hiding(quiet)

    async def script() -> str:
        state = quiet.desk.state
        order_id = await closing(quiet)
        terms = {"order_id": order_id, "filled": 3 * MICRO, "fee": 52_000}
        early = await quiet.act(cmd="resolve", **terms, **WHO)
        assert "evidence may still come" in early["error"]
        await quiet.until(lambda: "books_overdue" in state.halts)
        assert order_id in state.halts["books_overdue"].detail
        done = await quiet.act(cmd="resolve", **terms, **WHO)
        assert done["ok"], done
        assert done["reconcile"]["differences"] == []
        assert state.held(MARKET) == 3 * MICRO
        hiding.hides = False
        await quiet.until(lambda: bool(quiet.of(FillRecognised)))
        await quiet.until(lambda: state.halts == {}, 5 * MINUTE)
        assert state.held(MARKET) == 3 * MICRO, "never counted twice"
        known = len(quiet.of(facts.FillBooked))
        quiet.strategy.ideas.append(Proposal(OTHER, price=45 * CENT, fair=MICRO, qty_max=MICRO))
        await quiet.until(lambda: len(quiet.of(facts.FillBooked)) > known)
        return "enough"

    lived(quiet, script)
    state = quiet.desk.state
    assert state.cash == quiet.exchange.balance("ann").cash
    assert {name: one.qty for name, one in state.positions.items()} == quiet.exchange.positions("ann")
    assert "settled by hand: 3 filled in all; by Ada" in quiet.story(quiet.of(OrderReleased)[0].order.order_id)[1]
