"""Plays one request with one fault to its end, and says what the desk recorded of it."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from tests.live.quiet import CENT, OTHER, Quiet, Verdict, live
from tests.live.spoiling import ASKED, FAULTS, LANDS, Asked

from assent.desk.orders import OVER
from assent.model import facts
from assent.model.facts import OrderReleased
from assent.model.inputs import Accepted
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND

# One word for what is recorded of an order; how the rest of the ledger says it stands in the facts themselves.
WORDS: Final[dict[type, Callable[[Any], str]]] = {
    facts.OrderAccepted: lambda _: "accepted",
    facts.OrderRefused: lambda _: "refused",
    facts.OrderNotSent: lambda _: "not sent",
    facts.OrderUnknown: lambda _: "unknown",
    facts.OrderResolved: lambda fact: "found" if isinstance(fact.finding, Accepted) else "absent",
    facts.OrderClosed: lambda _: "closed",
    facts.OrderQuarantined: lambda _: "quarantined",
    facts.CancelReleased: lambda _: "cancel asked",
    facts.CancelEnded: lambda fact: f"cancel {fact.result.replace('_', ' ')}",
}
# Some of the desk's time before and after, so that nothing rests on what a start does anyway.
QUIET_BEFORE: Final = 20 * SECOND
QUIET_AFTER: Final = 5 * SECOND


class Played(NamedTuple):
    """All that is left of it. `sequence` begins behind the release of the order, or with the cancel."""

    quiet: Quiet
    order_id: str
    sequence: tuple[str, ...]
    judged: Verdict


def play(what: str, fault: str, *, told: bool, dies_after_ns: int = 0) -> Played:
    """`told`: the stream tells of our orders and fills. `dies_after_ns`: the process is killed so long after the
    request was released, and another one takes over."""
    asked, quiet = ASKED[what], Quiet()
    quiet.told = told
    began = [0, 0]

    async def acts() -> str:
        await quiet.clock.sleep(QUIET_BEFORE)
        if not asked.cancels:
            FAULTS[fault](quiet, asked)
        quiet.strategy.ideas.append(asked.idea)
        await quiet.until(lambda: bool(quiet.of(OrderReleased)))
        began[:] = next((seq, ts) for seq, ts, fact in quiet.records if isinstance(fact, OrderReleased))
        order_id = quiet.of(OrderReleased)[0].order.order_id
        if asked.cancels:
            await quiet.until(lambda: bool(quiet.of(facts.OrderAccepted)))
            FAULTS[fault](quiet, asked)
            began[:] = quiet.records[-1][0], quiet.clock.now()
            await quiet.act(cmd="cancel", order_id=order_id, by="Ada")
        if quiet.follows:
            quiet.strategy.ideas.append(Proposal(OTHER, price=45 * CENT, fair=MICRO, qty_max=MICRO))
        if dies_after_ns:
            await quiet.clock.sleep(began[1] + dies_after_ns - quiet.clock.now())
            return "die"
        return await settles()

    async def settles() -> str:
        await quiet.clock.sleep(max(0, began[1] + LANDS.get(fault, SECOND) - quiet.clock.now()))
        await quiet.until(lambda: _is_settled(quiet, asked))
        for _ in range(2):
            await quiet.clock.sleep(QUIET_AFTER)
            await quiet.runtime.compare()
        return "enough"

    async def whole() -> None:
        quiet.bob("sell", 45 if asked.offered else 60, asked.offered or 5)
        quiet.bob("buy", 40, 5)
        quiet.bob("sell", 45, 5, OTHER)
        quiet.bob("buy", 40, 5, OTHER)
        await quiet.lives(acts)
        if dies_after_ns:
            await quiet.lives(settles)

    live(whole)
    order_id = quiet.of(OrderReleased)[0].order.order_id
    return Played(quiet, order_id, tuple(_words(quiet, order_id, began[0])), quiet.judged())


def _is_settled(quiet: Quiet, asked: Asked) -> bool:
    """Nothing of it is on its way, and nobody waits for anything."""
    order = quiet.desk.state.find_order(quiet.of(OrderReleased)[0].order.order_id)
    assert order is not None
    return order.status in OVER or (
        order.status == "working" and bool(order.venue_order_id) and not order.cancel and not asked.cancels
    )


def _words(quiet: Quiet, order_id: str, after: int) -> Iterator[str]:
    for seq, _, fact in quiet.records:
        if seq <= after:
            continue
        if isinstance(fact, facts.HaltRaised):
            yield f"halt {fact.cause}"
        elif isinstance(fact, facts.FillBooked):
            if fact.fill.order_id == order_id:
                yield "filled"
        elif type(fact) in WORDS and fact.order_id == order_id:  # type: ignore[union-attr]
            yield WORDS[type(fact)](fact)
