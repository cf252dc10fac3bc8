"""The last look on the whole live path, for who buys YES and for who buys NO: the book moves between the idea and the
look, by somebody else's orders at the exchange, and what is skipped says why in the ledger and in `assent why`."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.live.members import CENT, LIMITS, MARKET, Place, Trader, levels, live

from assent.model.constitution import Drift
from assent.model.facts import IntentSkipped, LookRequested, OrderReleased
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND
from assent.venue.memory import Passage
from assent.venue.transport import Answer, Failed, Request

BOOK = f"/trade-api/v2/markets/{MARKET}/orderbook"
# Always asked for; what a look allows is set so that each case leaves by one door.
ALWAYS = msgspec.structs.replace(
    LIMITS, look_proof_age_max=0, drift_max=Drift(5 * CENT, "price"), slippage_max=2 * CENT, look_edge_min=8 * CENT
)
CONTRACTS = 5


class Case:
    """One idea, and what becomes of the market after it. Prices are those of the side that is bought, so that YES and
    NO read alike: NO at 42 is YES at 58."""

    def __init__(self, *, limit: int, fair: int, moves: Callable[["Market"], None] | None, wire: str = "") -> None:
        self.limit, self.fair, self.moves, self.wire = limit, fair, moves, wire


class Market:
    """Bob on both sides of the market, seen from the side that we buy."""

    def __init__(self, place: Place, side: str) -> None:
        self.place, self.yes = place, side == "buy"
        self.against = "sell" if self.yes else "buy"
        self.offered = levels(place, (self.against, self.cents(42), 10))
        levels(place, ("buy" if self.yes else "sell", self.cents(30), 10))

    def cents(self, cost: int) -> int:
        return cost if self.yes else 100 - cost

    def offer(self, cost: int | None) -> None:
        """What was offered goes; it is offered at this instead."""
        self.place.take_off(*self.offered)
        self.offered = [] if cost is None else levels(self.place, (self.against, self.cents(cost), 10))


CASES = {
    "fine": Case(limit=42, fair=60, moves=None),
    "skipped_drift": Case(limit=55, fair=70, moves=lambda market: market.offer(48)),
    "skipped_slippage": Case(limit=42, fair=60, moves=lambda market: market.offer(45)),
    "skipped_edge": Case(limit=47, fair=54, moves=lambda market: market.offer(46)),
    "skipped_price_missing": Case(limit=42, fair=60, moves=lambda market: market.offer(None)),
    "skipped_unanswered": Case(limit=42, fair=60, moves=None, wire="silent"),
    "skipped_unavailable": Case(limit=42, fair=60, moves=None, wire="down"),
}
# A side that an answer leaves out is an empty one.
CASES["skipped_price_missing, a side left out"] = Case(limit=42, fair=60, moves=None, wire="sideless")
# Towards us is a move too: whoever offers so much less may know something.
CASES["skipped_drift, cheaper"] = Case(limit=42, fair=60, moves=lambda market: market.offer(34))


def said(wire: str, side: str) -> Passage | None:
    """What comes of a look, where it is not the venue's own answer."""
    if wire == "sideless":
        ours = "yes_dollars" if side == "buy" else "no_dollars"
        return Passage(answer=Answer(200, {}, json.dumps({"orderbook_fp": {ours: [["0.3000", "10.00"]]}}).encode()))
    if wire == "silent":
        return Passage(lost="before")
    return Passage(answer=Answer(503, {}, b"")) if wire == "down" else None


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("name", CASES)
def test_an_idea_is_sent_once_when_all_is_well_and_else_skipped_with_its_reason(name: str, side: Any) -> None:
    case, wanted = CASES[name], name.partition(",")[0]

    async def script() -> tuple[Place, Trader]:
        place = Place()
        trader = Trader(place, limits=ALWAYS)

        async def meanwhile() -> None:
            market = Market(place, side)
            await trader.clock.sleep(5 * SECOND)

            def passing(request: Request) -> Passage | Failed | None:
                if not request.target.startswith(BOOK):
                    return None
                if case.moves is not None and trader.asked("GET", BOOK) == 1:
                    case.moves(market)
                return said(case.wire, side)

            trader.passing = passing
            trader.strategy.ideas.append(
                Proposal(
                    MARKET, side=side, price=market.cents(case.limit) * CENT, fair=market.cents(case.fair) * CENT,
                    qty_max=CONTRACTS * MICRO,
                )
            )  # fmt: skip
            await trader.until(lambda: trader.of(OrderReleased) or trader.of(IntentSkipped))
            await trader.clock.sleep(30 * SECOND)

        await trader.run(meanwhile)
        return place, trader

    place, trader = live(script)
    (look,) = trader.of(LookRequested)
    told = trader.why(look.intent_id)
    assert trader.halts() == {}
    if wanted == "fine":
        assert trader.of(IntentSkipped) == []
        assert [order.client_order_id for order in place.exchange.creates] == [
            released.order.order_id for released in trader.of(OrderReleased)
        ]
        assert len(place.exchange.creates) == 1
        held = CONTRACTS * MICRO if side == "buy" else -CONTRACTS * MICRO
        assert place.exchange.positions("ann") == {MARKET: held}
        assert "filled" in told
        return
    (skip,) = trader.of(IntentSkipped)
    assert (skip.intent_id, skip.reason) == (look.intent_id, wanted)
    assert wanted in told
    assert place.exchange.creates == []
    assert trader.asked("POST", "") == 0, "nothing even left"
    if not case.wire:
        (check,) = [check for check in skip.checks if check.rule == wanted]
        assert not check.ok
        # The first that says no is the reason; what comes before it said yes.
        assert next(each.rule for each in skip.checks if not each.ok) == wanted
