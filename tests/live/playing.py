"""Plays one request with one fault to its end, and says what the desk recorded of it."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.live.quiet import CENT, MARKET, OTHER, Quiet, Verdict, live
from tests.live.spoiling import ASKED, FAULTS

from assent.desk.orders import OVER
from assent.model import facts
from assent.model.facts import Fact
from assent.model.inputs import Accepted
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND

# One word for what is recorded of an order, in the sequence in which it is.
WORDS: Final[dict[type, Callable[[Any], str]]] = {
    facts.OrderAccepted: lambda _: "accepted",
    facts.OrderRefused: lambda fact: f"refused ({fact.code})",
    facts.OrderNotSent: lambda fact: f"not sent ({fact.reason})",
    facts.OrderUnknown: lambda _: "unknown",
    facts.OrderResolved: lambda fact: "found" if isinstance(fact.finding, Accepted) else "absent",
    facts.OrderClosed: lambda _: "closed",
    facts.OrderQuarantined: lambda _: "quarantined",
    facts.FillBooked: lambda _: "filled",
    facts.CancelReleased: lambda _: "cancel asked",
    facts.CancelKept: lambda _: "cancel kept",
    facts.CancelEnded: lambda fact: f"cancel {fact.result}",
}


class Played(NamedTuple):
    quiet: Quiet
    order_id: str
    sequence: tuple[str, ...]
    status: str
    judged: Verdict
    text: str


def play(what: str, fault: str, *, told: bool, lag_ns: int = 0) -> Played:
    asked, quiet = ASKED[what], Quiet(lag_ns=lag_ns)
    quiet.told = told

    async def whole() -> None:
        async def script() -> str:
            if asked.offered:
                quiet.bob("sell", 45, asked.offered)
            else:
                quiet.bob("sell", 60, 5)
            quiet.bob("buy", 40, 5)
            quiet.bob("sell", 45, 5, OTHER)
            quiet.bob("buy", 40, 5, OTHER)
            if not asked.cancels:
                FAULTS[fault](quiet, asked)
            quiet.strategy.ideas.append(asked.idea)
            await quiet.until(lambda: bool(quiet.of(facts.OrderReleased)))
            (order,) = (each.order for each in quiet.of(facts.OrderReleased))
            if asked.cancels:
                await quiet.until(lambda: quiet.resting() == {order.order_id} and bool(quiet.of(facts.OrderAccepted)))
                FAULTS[fault](quiet, asked)
                quiet.begin = quiet.records[-1][0]
                await quiet.act(cmd="cancel", order_id=order.order_id, by="Ada")
            if getattr(quiet, "follows", False):
                quiet.strategy.ideas.append(Proposal(OTHER, price=45 * CENT, fair=MICRO, qty_max=MICRO))
            await quiet.clock.sleep(220 * SECOND)
            return "enough"

        await quiet.lives(script)

    live(whole)
    order_id = quiet.of(facts.OrderReleased)[0].order.order_id
    order = quiet.desk.state.find_order(order_id)
    assert order is not None
    status = order.status + (f"/{order.cancel}" if order.cancel else "")
    seq=tuple(words(quiet.records, order_id, getattr(quiet, "begin", 0)))
    return Played(quiet, order_id, seq, status, quiet.judged(), quiet.story(order_id)[1])


def words(records: Any, order_id: str, after: int) -> Any:
    for seq, _, fact in records:
        if seq <= after:
            continue
        if isinstance(fact, facts.HaltRaised):
            yield f"halt ({fact.cause})"
        elif isinstance(fact, facts.HaltCleared):
            yield f"halt over ({fact.cause})"
        elif isinstance(fact, facts.FillBooked):
            if fact.fill.order_id == order_id:
                yield WORDS[type(fact)](fact)
        elif type(fact) in WORDS and fact.order_id == order_id:
            yield WORDS[type(fact)](fact)
