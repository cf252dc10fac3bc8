"""A whole desk at the boxed Kalshi under virtual time, in markets where nobody trades but whom a test tells to.

Runtime, desk, adapter, transport and box are the real ones. Ann's account is ours; what is dealt on it beside the desk
goes straight to the exchange, as by a hand on a telephone. A desk may live several lives; its ledger goes on.
"""

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Literal, TypeVar

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE

from assent.desk.desk import Desk
from assent.desk.strategy import View
from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.ids import wire_id
from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import Accepted, MarketSpec, NewOrder
from assent.ledger.memory import MemoryStore
from assent.model.belts import Belts
from assent.model.constitution import Constitution
from assent.model.facts import Fact
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import DAY, MICRO, SECOND
from assent.runtime import virtual
from assent.runtime.acts import COMPARED, SHOWN_AFTER, act_answer, act_input
from assent.runtime.clock import VirtualClock
from assent.runtime.differences import view_of
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
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.memory import Line, MemoryTransport, Passage
from assent.venue.port import Venue

F = TypeVar("F")

START = 1_790_000_000 * SECOND
SERIES, EVENT = "KXRAIN", "KXRAIN-26NOV20"
MARKET, OTHER = f"{EVENT}-T1", f"{EVENT}-T2"
OUTSIDE = "KXSNOW-26NOV20-T1"
CASH = 1_000 * MICRO
CENT = 10_000
LATENCY = 20_000_000
LIMITS = Constitution(
    series=(SERIES,), edge_min=1, risk_per_trade_max=10 * MICRO, open_positions_max=50, total_exposure_max=500 * MICRO,
    quote_proof_age_max=30 * SECOND, look_proof_age_max=30 * SECOND,
)  # fmt: skip


class Told:
    """A strategy that proposes what a test has told it to, once each, at the next quote of that market."""

    name = "told"

    def __init__(self) -> None:
        self.ideas: list[Proposal] = []

    def on_quote(self, _view: View, seen: QuoteSeen) -> list[Proposal] | None:
        mine = [idea for idea in self.ideas if idea.instrument == seen.instrument]
        self.ideas = [idea for idea in self.ideas if idea.instrument != seen.instrument]
        return mine or None


class Still:
    """The exchange, and one desk at it."""

    def __init__(self, *, mode: Any = "live", limits: Constitution = LIMITS, terms: Terms | None = None) -> None:
        self.clock = VirtualClock(START)
        self.exchange = Exchange()
        self.histories = {name: History() for name in ("ann", "bob")}
        for name, history in self.histories.items():
            self.exchange.open_account(name, CASH, history)
        for ticker in (MARKET, OTHER, OUTSIDE):
            event, series = (EVENT, SERIES) if ticker != OUTSIDE else ("KXSNOW-26NOV20", "KXSNOW")
            spec = MarketSpec(
                ticker=ticker, event=event, series=series, title="More than one inch", open_ts=START,
                close_ts=START + DAY, price_bands=LINEAR_CENT, settlement_timer_ns=60 * SECOND,
            )  # fmt: skip
            self.exchange.list_market(START, spec)
        self.exchange.advance(START)
        self.box = Box(self.exchange, self.histories, self.exchange.advance, Settings())
        keys = Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),))
        self.app = App(self.box, keys, self.clock.now)
        self.identity = Identity(mode, "kalshi", "box", "ann", limits)
        self.terms = terms or Terms()
        self.belts: Belts | None = None
        # Markets that somebody beside the desk must hear of.
        self.also: Callable[[], Sequence[str]] = tuple
        self.store = MemoryStore()
        self.records: list[tuple[int, int, Fact]] = []
        self.requests: list[Any] = []
        # Requests of these methods never arrive.
        self.loses: set[str] = set()
        self.strategy = Told()
        self.desk = Desk([self.strategy])
        self.runtime: Runtime
        self._numbers = 0

    def of(self, kind: type[F]) -> list[F]:
        return [fact for _, _, fact in self.records if isinstance(fact, kind)]

    # ----------------------------------------------------------------------------------------------- what others do

    def deal(self, who: str, side: Any, cents: int, contracts: int, market: str = MARKET) -> str:
        """An order by hand, straight at the exchange; the venue's id of it."""
        self._numbers += 1
        new = NewOrder(f"hand-{self._numbers}", market, side, price=cents * CENT, qty=contracts * MICRO)
        taken = self.exchange.submit(max(self.clock.now(), self.exchange.now), who, new)
        self.box.remember()
        assert isinstance(taken, Accepted), taken
        return wire_id(taken.order_id)

    def quoted(self, market: str = MARKET) -> None:
        """A book that is worth a quote: ten to buy at 40 and ten to sell at 45."""
        self.deal("bob", "buy", 40, 10, market)
        self.deal("bob", "sell", 45, 10, market)

    def nudge(self, market: str = MARKET) -> None:
        """Something moves far from the top, so that the market is quoted anew."""
        self.deal("bob", "buy", 40, 1, market)

    # -------------------------------------------------------------------------------------------------- the desk

    def venue(self) -> Venue:
        transport = MemoryTransport(self.app, Line(request=self._passage))
        signer = Signer(ANN_KEY, "ed25519", ANN_PRIVATE.sign)
        throttle = Throttle(TIERS["prestige"], Random(1), self.clock.now())
        rest = Rest(transport, signer, self.clock, throttle, chance=Random(2))
        state = self.desk.state
        return KalshiVenue(
            rest, lambda tell: Connection(transport, Stream(CHANNELS), self.clock, tell, signer=signer), self.clock,
            name="kalshi", scope=Scope(series=(SERIES,)),
            ours=lambda order_id: state.find_order(order_id) is not None,
            held=lambda: [*state.positions, *(each.order.instrument for each in state.orders.values()), *self.also()],
            terms=self.terms, since_ts=self.records[0][1] if self.records else self.clock.now(),
        )  # fmt: skip

    async def lives(self, script: Callable[[], Awaitable[object]], *, observers: Sequence[Any] = ()) -> None:
        """One process from its start to a clean end; the script begins once the desk is ready."""
        self.desk = Desk([self.strategy])
        self.desk.restore((ts, fact) for _, ts, fact in self.records)
        self.runtime = Runtime(
            desk=self.desk, store=self.store, venue=self.venue(), clock=self.clock, cycle_ns=SECOND,
            observers=(self._note, *observers),
        )  # fmt: skip
        now = self.clock.now()
        opening = opening_inputs(
            self.desk, self.identity, ledger_id="0" * 16, build="test", belts=self.belts, state_dir=None, now=now
        )  # fmt: skip

        async def until() -> str:
            await script()
            return "enough"

        await self.runtime.run(opening, until=until)

    async def act(self, cmd: str, **words: Any) -> dict[str, Any]:
        """A person's act, as the control socket takes it."""
        if cmd in COMPARED:
            await self.runtime.compare()
        answer = act_answer(self.runtime.act(act_input({"cmd": cmd, "by": "Ada", **words}, self.clock.now())))
        if cmd in SHOWN_AFTER:
            await self.runtime.compare()
        return answer

    async def look(self) -> dict[str, Any]:
        """`assent reconcile show`."""
        await self.runtime.compare()
        return view_of(self.desk)

    async def until(self, happened: Callable[[], Any], *, within_s: int = 120) -> None:
        for _ in range(10 * within_s):
            if happened():
                return
            await self.clock.sleep(SECOND // 10)
        raise AssertionError(f"it did not happen; {[type(fact).__name__ for _, _, fact in self.records[-20:]]}")

    def assert_books_equal(self) -> None:
        state = self.desk.state
        assert state.cash == self.exchange.balance("ann").cash
        held = {name: position.qty for name, position in state.positions.items()}
        assert held == {name: qty for name, qty in self.exchange.positions("ann").items() if qty}
        resting = {wire_id(view.order_id) for view in self.exchange.resting("ann")}
        assert resting == {each.venue_order_id for each in state.orders.values() if each.status == "working"}
        assert sum(state.accounts.values()) == 0

    def _note(self, seq: int, ts: int, fact: Fact) -> None:
        self.records.append((seq, ts, fact))

    def _passage(self, _number: int, request: Any) -> Passage:
        self.requests.append(request)
        lost: Literal["", "before"] = "before" if request.method in self.loses else ""
        return Passage(lost=lost, delay_ns=LATENCY, answer_delay_ns=LATENCY)


def live(main: Callable[[], Awaitable[None]]) -> None:
    """Run a test's script under virtual time."""

    async def whole() -> None:
        await main()

    virtual.run(whole())
