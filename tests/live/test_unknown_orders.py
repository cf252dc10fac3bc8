"""An order whose fate no evidence can settle: the desk stops and says so, a named person settles it on the road that
the commands take, the books are equal, and the desk trades on. Under virtual time, at the boxed Kalshi."""

import json
from collections.abc import Awaitable, Callable

import pytest
from tests.live.quiet import CENT, MARKET, OTHER, Quiet, is_create, live

from assent.desk.cycle import UNKNOWN_MAX
from assent.exchange.kalshi.app import ROOT
from assent.model import facts
from assent.model.facts import OrderReleased
from assent.model.intents import Proposal
from assent.model.settling import FillRecognised
from assent.model.units import MICRO, MINUTE, SECOND
from assent.runtime.runtime import RECONCILE_EVERY
from assent.venue.memory import Passage
from assent.venue.transport import Answer, Failed, Request

WHO = {"by": "Ada", "reason": "asked their support"}
TICKET = "ticket 4711: it never reached the book"
TAKE = Proposal(MARKET, price=45 * CENT, fair=MICRO, qty_max=3 * MICRO)
# A row of the list as the venue's first version wrote it, which says neither side nor count in a way that may be read.
BROKEN_ROW = {
    "order_id": "77777777-0000-5000-8000-000000000007",
    "client_order_id": "",
    "ticker": MARKET,
    "yes_price": 45,
}


def by_market(request: Request) -> bool:
    """The list in which an order is searched for; the books rest on others."""
    return request.method == "GET" and request.target.startswith(f"{ROOT}/portfolio/orders?ticker=")


def says_no(_request: Request) -> Answer:
    return Answer(400, {}, b'{"error":{"code":"bad_request","message":"bad request"}}')


def errs(_request: Request) -> Answer:
    return Answer(500, {}, b'{"error":{"code":"internal_server_error","message":"internal server error"}}')


def breaks_its_word(_request: Request) -> Answer:
    return Answer(200, {}, json.dumps({"orders": [BROKEN_ROW], "cursor": ""}).encode())


class Spoilt:
    """The first order is lost, and as long as it is `broken` the list that would tell of it is spoilt."""

    def __init__(self, quiet: Quiet, says: Callable[[Request], Answer], lost: Passage) -> None:
        self.broken = True
        self._says = says
        self._lost = lost
        self.met = False
        quiet.spoiler = self

    def __call__(self, request: Request) -> Passage | Failed | None:
        if is_create(request) and not self.met:
            self.met = True
            return self._lost
        if self.broken and by_market(request):
            return Passage(answer=self._says(request))
        return None


def lived(quiet: Quiet, *scripts: Callable[[], Awaitable[str]]) -> None:
    """One process after the other, in markets in which Bob deals."""

    async def whole() -> None:
        for market in (MARKET, OTHER):
            quiet.bob("sell", 45, 9, market)
            quiet.bob("buy", 40, 9, market)
        for script in scripts:
            await quiet.lives(script)

    live(whole)


async def becomes_unknown(quiet: Quiet) -> str:
    await quiet.clock.sleep(20 * SECOND)
    quiet.strategy.ideas.append(TAKE)
    await quiet.until(lambda: bool(quiet.of(facts.OrderUnknown)))
    return str(quiet.of(OrderReleased)[0].order.order_id)


async def trades_again(quiet: Quiet) -> None:
    known = len(quiet.of(facts.FillBooked))
    quiet.strategy.ideas.append(Proposal(OTHER, price=45 * CENT, fair=MICRO, qty_max=MICRO))
    await quiet.until(lambda: len(quiet.of(facts.FillBooked)) > known)


@pytest.mark.parametrize("says", [says_no, breaks_its_word])
@pytest.mark.parametrize("restarts", [False, True])
def test_what_no_evidence_settles_stops_the_desk_until_a_person_has_settled_it(
    says: Callable[[Request], Answer], *, restarts: bool
) -> None:
    quiet = Quiet()
    Spoilt(quiet, says, Passage(lost="before", breaks=True))

    async def before() -> str:
        await becomes_unknown(quiet)
        await quiet.clock.sleep(60 * SECOND)
        assert "unknown_overdue" not in quiet.desk.state.halts, "not before its time"
        return "die"

    async def after() -> str:
        if not restarts:
            await becomes_unknown(quiet)
        since = quiet.desk.state.started_ts if restarts else quiet.clock.now()
        await quiet.until(lambda: "unknown_overdue" in quiet.desk.state.halts)
        assert UNKNOWN_MAX < quiet.clock.now() - since < UNKNOWN_MAX + 5 * SECOND
        order_id = quiet.of(OrderReleased)[0].order.order_id
        halt = quiet.of(facts.HaltRaised)[-1]
        assert (halt.cause, halt.reset, halt.detail) == ("unknown_overdue", "human", f"order {order_id}")

        quiet.strategy.ideas.append(TAKE)
        await quiet.clock.sleep(10 * SECOND)
        assert quiet.of(facts.IntentRefused)[-1].reason == "level", "nothing new is sent meanwhile"
        early = await quiet.act(cmd="resume", **WHO)
        assert not early["ok"]
        assert "assent orders resolve" in early["error"]

        done = await quiet.act(cmd="resolve", order_id=order_id, filled=0, evidence=TICKET, **WHO)
        assert done["ok"]
        assert done["reconcile"]["differences"] == []
        assert not (await quiet.act(cmd="resolve", order_id=order_id, filled=0, evidence=TICKET, **WHO))["ok"], "once"
        assert (await quiet.act(cmd="resume", **WHO))["ok"]
        assert quiet.desk.state.halts == {}
        await trades_again(quiet)
        return "enough"

    lived(quiet, *((before, after) if restarts else (after,)))
    order_id = quiet.of(OrderReleased)[0].order.order_id
    assert quiet.judged().wrong == []
    assert quiet.taken()[order_id] == 0
    told = quiet.story(order_id)[1]
    assert f"it was never placed; by Ada, asked their support; on the evidence: {TICKET}" in told
    assert "HALTED [unknown_overdue] by desk" in told
    if says is breaks_its_word:
        assert "venue_contract" in {halt.cause for halt in quiet.of(facts.HaltRaised)}


def test_what_a_person_says_was_filled_is_recognised_when_the_venue_tells_it_after_all() -> None:
    """The lists that would tell answer with errors, so the account cannot be read; a person may act at once."""
    quiet = Quiet()
    quiet.told = False
    spoilt = Spoilt(quiet, errs, Passage(lost="after", breaks=True))

    def no_fills_either(request: Request) -> Passage | Failed | None:
        if spoilt.met and spoilt.broken and request.target.startswith(f"{ROOT}/portfolio/fills"):
            return Passage(answer=errs(request))
        return spoilt(request)

    quiet.spoiler = no_fills_either

    async def script() -> str:
        order_id = await becomes_unknown(quiet)
        await quiet.until(lambda: "account_unavailable" in quiet.desk.state.halts)
        asked = {"filled": 3 * MICRO, "price": 45 * CENT, "fee": 52_000, "evidence": "their page: three at 45 cents"}
        assert (await quiet.act(cmd="resolve", order_id=order_id, **asked, **WHO))["ok"]
        assert quiet.desk.state.held(MARKET) == 3 * MICRO
        spoilt.broken = False
        await quiet.until(lambda: bool(quiet.of(FillRecognised)))
        await quiet.until(lambda: quiet.desk.state.halts == {})
        assert quiet.desk.state.held(MARKET) == 3 * MICRO, "never counted twice"
        await trades_again(quiet)
        return "enough"

    lived(quiet, script)
    state = quiet.desk.state
    assert state.cash == quiet.exchange.balance("ann").cash
    assert {name: one.qty for name, one in state.positions.items()} == quiet.exchange.positions("ann")
    assert quiet.taken()[quiet.of(OrderReleased)[0].order.order_id] == 1


def test_time_in_which_nothing_can_be_read_is_an_outage_and_ends_by_itself() -> None:
    """Nobody can be expected to have evidence then; the desk stops for the account instead, and says so."""
    quiet = Quiet()
    quiet.told = False
    outage = [True]
    met: list[Request] = []

    def nothing_answers(request: Request) -> Passage | Failed | None:
        if not met and is_create(request):
            met.append(request)
            return Passage(lost="after", breaks=True)
        return Passage(lost="before", breaks=True) if met and outage[0] else None

    quiet.spoiler = nothing_answers

    async def script() -> str:
        order_id = await becomes_unknown(quiet)
        await quiet.clock.sleep(10 * MINUTE)
        assert set(quiet.desk.state.halts) == {"account_unavailable"}
        assert quiet.desk.state.orders[order_id].status == "unknown"
        outage[0] = False
        healed = quiet.clock.now()
        await quiet.until(lambda: order_id not in quiet.desk.state.orders)
        assert quiet.clock.now() - healed < RECONCILE_EVERY
        await quiet.until(lambda: quiet.desk.state.halts == {})
        await trades_again(quiet)
        return "enough"

    lived(quiet, script)
    assert quiet.judged().wrong == []
