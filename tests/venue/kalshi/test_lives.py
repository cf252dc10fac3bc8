"""A whole desk at the boxed Kalshi, through its own wire: it trades while the line loses, doubles and delays, while
sockets break and while its process is killed; in the end both books are the same and nothing was done twice."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE

from assent.desk.desk import Desk
from assent.desk.strategy import View
from assent.exchange.accounts import History
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MICRO, MINUTE, SECOND
from assent.exchange.world import World
from assent.ledger.memory import MemoryStore
from assent.model import facts
from assent.model.constitution import Constitution
from assent.model.facts import Fact
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.recovery import Identity, opening_inputs
from assent.runtime.runtime import Runtime
from assent.venue.kalshi.adapter import CHANNELS, KalshiVenue
from assent.venue.kalshi.connection import Connection
from assent.venue.kalshi.discovery import Scope
from assent.venue.kalshi.limits import TIERS
from assent.venue.kalshi.rest import Rest
from assent.venue.kalshi.signing import Signer
from assent.venue.kalshi.stream import Stream
from assent.venue.kalshi.throttle import Throttle
from assent.venue.memory import Arrival, Line, MemoryTransport, Passage, Way
from assent.venue.port import Permit
from assent.venue.transport import Closed, Frame, Request

DAY_NUMBER = 20_000
CASH = 1_000 * MICRO
SERIES = "KXHIGHSIM"
LIMITS = Constitution(
    series=(SERIES,), edge_min=1, risk_per_trade_max=10 * MICRO, open_positions_max=50, total_exposure_max=500 * MICRO,
    quote_proof_age_max=30 * SECOND,
)  # fmt: skip
IDENTITY = Identity("live", "kalshi", "box", "ann", LIMITS)
LATENCY_NS = 15_000_000
LAG_NS = 700_000_000
# What a bad line may bring, and what is over once it is good again.
PASSING = {"account_unavailable", "books_overdue", "mark_missing", "stale_data"}


class Trader:
    """Takes a contract at the ask and gives it back at the bid, or rests one below the bid for a while."""

    name = "trader"

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)

    def on_quote(self, view: View, seen: QuoteSeen) -> list[Proposal] | None:
        ask, bid, name = seen.ask, seen.bid, seen.instrument
        if ask is None or bid is None or not 150_000 < bid < ask < 850_000:
            return None
        if view.held(name) > 0:
            return [Proposal(name, action="close", side="sell", price=bid, qty_max=view.held(name))]
        if self.rng.random() < 0.6:
            return [Proposal(name, price=ask, fair=MICRO, qty_max=MICRO)]
        life = {"time_in_force": "gtc", "life_ns": 20 * SECOND}
        return [Proposal(name, price=bid - 10_000, fair=MICRO, qty_max=2 * MICRO, **life)]  # type: ignore[arg-type]


class Life:
    """One desk and one exchange for as long as a test likes; the desk may die and come back."""

    def __init__(self, seed: int, *, bad: float = 0.0, lag_ns: int = 0) -> None:
        self.rng = Random(seed)
        self.bad = bad
        self.history = History()
        self.world = World(seed, DAY_NUMBER, owner="ann", cash=CASH, history=self.history)
        settings = Settings(read_lag_ns=lag_ns)
        self.box = Box(self.world.exchange, {"ann": self.history}, self.world.step_until, settings)
        self.begins = self.world.start_ts + 60 * MINUTE
        self.clock = VirtualClock(self.begins)
        members = Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),))
        self.app = App(self.box, members, self.clock.now)
        self.store = MemoryStore()
        self.records: list[tuple[int, Fact]] = []
        self.desk = Desk([Trader(seed)])
        self.healed = False
        self.passed: Counter[str] = Counter()
        self.posted: Counter[bytes] = Counter()

    def of(self, kind: type) -> list[Any]:
        return [fact for _, fact in self.records if type(fact) is kind]

    def venue(self) -> KalshiVenue:
        line = Line(request=self._passage, frame=self._frame)
        transport = MemoryTransport(self.app, line)
        signer = Signer(ANN_KEY, "ed25519", ANN_PRIVATE.sign)
        rest = Rest(
            transport, signer, self.clock, Throttle(TIERS["prestige"], Random(1), self.clock.now()), chance=Random(2)
        )
        state = self.desk.state
        return KalshiVenue(
            rest, lambda tell: Connection(transport, Stream(CHANNELS), self.clock, tell, signer=signer), self.clock,
            name="kalshi", scope=Scope(series=(SERIES,)),
            ours=lambda order_id: state.find_order(order_id) is not None,
            held=lambda: [*state.positions, *(each.order.instrument for each in state.orders.values())],
            permit=Permit(self.desk.permit, self.desk.permit_cancel), since_ts=self.begins,
        )  # fmt: skip

    async def run(self, for_ns: int) -> None:
        """One process, to a clean end."""
        runtime = self._runtime()
        opening = opening_inputs(
            self.desk, IDENTITY, ledger_id="0" * 16, build="test", state_dir=None, now=self.clock.now()
        )

        async def until() -> str:
            await self.clock.sleep(for_ns)
            return "enough"

        await runtime.run(opening, until=until)

    async def die(self, for_ns: int) -> None:
        """One process, killed in the middle of whatever it does; what the venue was sent goes on."""
        runtime = self._runtime()
        opening = opening_inputs(
            self.desk, IDENTITY, ledger_id="0" * 16, build="test", state_dir=None, now=self.clock.now()
        )
        task = asyncio.get_running_loop().create_task(runtime.run(opening))
        await self.clock.sleep(for_ns)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.desk = Desk([Trader(self.rng.randrange(10**6))])
        self.desk.restore(self.records)

    def _runtime(self) -> Runtime:
        return Runtime(
            desk=self.desk, store=self.store, venue=self.venue(), clock=self.clock, cycle_ns=SECOND,
            observers=(self._note,),
        )  # fmt: skip

    def _note(self, _seq: int, ts: int, fact: Fact) -> None:
        self.records.append((ts, fact))

    def _passage(self, _number: int, request: Request) -> Passage:
        if request.method == "POST":
            self.posted[request.body] += 1
        delay = LATENCY_NS + self.rng.randrange(LATENCY_NS)
        # Writes fare worse than reads: what becomes of them is what this is about.
        bad = self.bad if request.method == "GET" else 8 * self.bad
        fate = "" if self.healed or self.rng.random() >= bad else self.rng.choice(FATES)
        self.passed[fate] += 1
        return FATE_OF[fate](delay)

    def _frame(self, _number: int, way: Way, frame: Frame) -> list[Arrival]:
        if way == "to_us" and not self.healed and self.bad and self.rng.random() < 0.0005:
            self.passed["socket"] += 1
            return [Arrival(LATENCY_NS, Closed("the line broke"))]
        return [Arrival(LATENCY_NS, frame)]

    def books_agree(self) -> None:
        exchange, state = self.world.exchange, self.desk.state
        assert state.cash == exchange.balance("ann").cash
        held = {name: position.qty for name, position in state.positions.items()}
        assert held == {name: qty for name, qty in exchange.positions("ann").items() if qty}
        assert len(state.archive.fills) == len(self.history.fills)
        resting = {view.client_order_id for view in exchange.resting("ann")}
        assert resting == {name for name, each in state.orders.items() if each.status == "working"}

    def nothing_was_doubled(self) -> None:
        released = {fact.order.order_id for fact in self.of(facts.OrderReleased)}
        taken = Counter(view.client_order_id for view in map(self.history.view, self.history.orders))
        assert set(taken) <= released
        assert set(taken.values()) <= {1}
        assert set(self.posted.values()) <= {1}, "no submission was ever made twice"


FATE_OF: dict[str, Callable[[int], Passage]] = {
    "": lambda delay: Passage(delay_ns=delay, answer_delay_ns=delay),
    "lost before": lambda delay: Passage(lost="before", delay_ns=delay),
    "lost after": lambda delay: Passage(lost="after", delay_ns=delay),
    "broken before": lambda delay: Passage(lost="before", breaks=True, delay_ns=delay),
    "broken after": lambda delay: Passage(lost="after", breaks=True, delay_ns=delay),
    "late": lambda delay: Passage(delay_ns=delay + 4 * SECOND, answer_delay_ns=delay),
    "doubled": lambda delay: Passage(copies=2, delay_ns=delay, answer_delay_ns=delay),
}
FATES = sorted(FATE_OF.keys() - {""})


def test_a_desk_trades_at_the_box_and_both_books_are_the_same() -> None:
    life = Life(1)
    virtual.run(life.run(5 * MINUTE))
    life.books_agree()
    life.nothing_was_doubled()
    assert len(life.of(facts.FillBooked)) >= 20
    assert life.of(facts.OrderClosed), "orders that rested were taken off again"
    assert life.desk.state.halts == {}


def test_markets_that_pause_and_settle_under_a_desk_leave_both_books_the_same() -> None:
    life = Life(31, lag_ns=LAG_NS)

    async def trouble() -> None:
        exchange, clock = life.world.exchange, life.clock
        await clock.sleep(2 * MINUTE)
        exchange.pause(clock.now(), whole=False)
        await clock.sleep(MINUTE)
        exchange.resume(clock.now())
        await clock.sleep(2 * MINUTE)
        for number, view in enumerate(exchange.markets()):
            if view.spec.series == SERIES:
                result, value = (("yes", MICRO), ("no", 0), ("scalar", 333_300))[number % 3]
                exchange.determine(clock.now(), view.spec.ticker, result, value)  # type: ignore[arg-type]

    async def script() -> None:
        troubling = asyncio.get_running_loop().create_task(trouble())
        await life.run(40 * MINUTE)
        await troubling

    virtual.run(script())
    life.books_agree()
    life.nothing_was_doubled()
    settled = {fact.instrument for fact in life.of(facts.MarketSettled)}
    assert settled >= {fact.fill.instrument for fact in life.of(facts.FillBooked)}
    assert life.desk.state.positions == {}
    assert not life.desk.state.orders, "what rested there was ended by the venue"
    assert {halt.cause for halt in life.of(facts.HaltRaised)} <= PASSING


@pytest.mark.parametrize("seed", [11, 12])
def test_over_a_bad_line_nothing_is_lost_or_doubled_and_every_unknown_is_settled(seed: int) -> None:
    life = Life(seed, bad=0.08, lag_ns=LAG_NS)

    async def script() -> None:
        async def heal() -> None:
            await life.clock.sleep(8 * MINUTE)
            life.healed = True

        healing = asyncio.get_running_loop().create_task(heal())
        await life.run(12 * MINUTE)
        await healing

    virtual.run(script())
    life.nothing_was_doubled()
    life.books_agree()
    assert not [each for each in life.desk.state.orders.values() if each.status == "unknown"]
    assert life.of(facts.OrderUnknown)
    assert life.of(facts.OrderResolved)
    assert sum(life.passed[fate] for fate in FATES) >= 20
    assert {halt.cause for halt in life.of(facts.HaltRaised)} <= PASSING


@pytest.mark.parametrize("seed", [21])
def test_killed_again_and_again_it_finds_what_it_did_and_goes_on(seed: int) -> None:
    life = Life(seed, bad=0.02, lag_ns=LAG_NS)

    async def script() -> None:
        for _ in range(12):
            await life.die(10 * SECOND + life.rng.randrange(20 * SECOND))
        life.healed = True
        await life.run(5 * MINUTE)

    virtual.run(script())
    life.nothing_was_doubled()
    life.books_agree()
    assert len(life.of(facts.FillBooked)) >= 10
    assert {halt.cause for halt in life.of(facts.HaltRaised)} <= PASSING
