"""Desks and their exchange in one event loop under virtual time: the real runtime, adapter, wire and box, no socket.

Ann's account is traded by one desk or by several; Bob deals straight at the exchange. Between a desk and the venue lies
a line on which a test may hold, lose and change what passes, and answers and frames can be bent on their way.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE

from assent.cli.story_text import story_lines
from assent.desk.desk import Desk
from assent.desk.story import tell
from assent.desk.strategy import View
from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.kalshi.app import ROOT, App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.types import Accepted, Cancelled, MarketSpec, NewOrder, Rejected
from assent.ledger.memory import MemoryStore
from assent.model.constitution import Constitution
from assent.model.facts import Fact, HaltRaised
from assent.model.intents import Proposal
from assent.model.units import DAY, MICRO, MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.acts import COMPARED, act_answer, act_input
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
from assent.venue.transport import Failed, Frame, Request

START = 1_790_000_000 * SECOND
SERIES, EVENT = "KXRAIN", "KXRAIN-26NOV20"
MARKET, OTHER = f"{EVENT}-T1", f"{EVENT}-T2"
CASH = 1_000 * MICRO
CENT = 10_000
LATENCY = 20_000_000
ORDERS = f"{ROOT}/portfolio/events/orders"
LIMITS = Constitution(
    series=(SERIES,), edge_min=1, risk_per_trade_max=10 * MICRO, open_positions_max=50, total_exposure_max=500 * MICRO,
    quote_proof_age_max=30 * SECOND, look_proof_age_max=30 * SECOND,
)  # fmt: skip
# What a test makes of one JSON answer or frame; in place.
Bend = Callable[[Any], None]


def a_market(ticker: str = MARKET, **changes: Any) -> MarketSpec:
    values: dict[str, Any] = {
        "ticker": ticker, "event": EVENT, "series": SERIES, "title": "More than one inch of rain", "open_ts": START,
        "close_ts": START + DAY, "price_bands": LINEAR_CENT, "settlement_timer_ns": 60 * SECOND,
    }  # fmt: skip
    return MarketSpec(**(values | changes))


class Counted(Exchange):
    """The exchange, which keeps every order that it was asked for in Ann's name."""

    def __init__(self) -> None:
        super().__init__()
        self.creates: list[NewOrder] = []

    def submit(self, now: int, account_id: str, new: NewOrder) -> Accepted | Rejected:
        if account_id == "ann":
            self.creates.append(new)
        return super().submit(now, account_id, new)


class Place:
    """The exchange's side of a test: the box, Bob, and the venue itself."""

    def __init__(self, *markets: MarketSpec) -> None:
        self.clock = VirtualClock(START)
        self.exchange = Counted()
        self.histories = {name: History() for name in ("ann", "bob")}
        for name, history in self.histories.items():
            self.exchange.open_account(name, CASH, history)
        for spec in markets or (a_market(), a_market(OTHER)):
            self.exchange.list_market(START, spec)
        self.exchange.advance(START)
        self.box = Box(self.exchange, self.histories, self.exchange.advance)
        self._app = App(self.box, keys_of("ann"), self.clock.now)
        self.bends: dict[str, Bend] = {}
        self._numbers = 0

    def order(self, side: Any, cents: int, contracts: int, *, market: str = MARKET, who: str = "bob") -> str:
        """An order straight at the exchange, now, on nobody's wire; its number there."""
        self._numbers += 1
        self.box.live_until(self.clock.now())
        new = NewOrder(f"{who}-{self._numbers}", market, side, cents * CENT, contracts * MICRO)
        taken = Exchange.submit(self.exchange, self.exchange.now, who, new)
        assert isinstance(taken, Accepted), taken
        self.box.remember()
        return taken.order_id

    def take_off(self, *order_ids: str, who: str = "bob") -> None:
        self.box.live_until(self.clock.now())
        for order_id in order_ids:
            assert isinstance(Exchange.cancel(self.exchange, self.exchange.now, who, order_id), Cancelled)
        self.box.remember()

    def act(self, what: Callable[..., None], *args: Any, **more: Any) -> None:
        """The venue does something by itself, now."""
        self.box.live_until(self.clock.now())
        what(self.exchange.now, *args, **more)
        self.box.remember()

    def resting(self) -> list[str]:
        """What rests of Ann's, by our names."""
        return [view.client_order_id or "" for view in self.exchange.resting("ann")]

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The venue, whose answers may be bent: by the beginning of `METHOD path`, the longest that fits."""
        asked = f"{scope.get('method', '')} {scope['path'].removeprefix(ROOT)}"
        fitting = [name for name in self.bends if scope["type"] == "http" and asked.startswith(name)]
        if not fitting:
            await self._app(scope, receive, send)
            return
        bend = self.bends[max(fitting, key=len)]

        async def bent(message: Any) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                told = json.loads(message["body"])
                bend(told)
                message = {**message, "body": json.dumps(told).encode()}
            await send(message)

        await self._app(scope, receive, bent)


class Told:
    """A strategy that proposes what it is told to, one idea at a cycle."""

    name = "told"

    def __init__(self) -> None:
        self.ideas: list[Proposal] = []

    def on_cycle(self, view: View) -> list[Proposal] | None:
        if not self.ideas or view.quote(self.ideas[0].instrument) is None:
            return None
        return [self.ideas.pop(0)]


class Trader:
    """One desk on the account, with a ledger of its own, as on a machine of its own."""

    def __init__(
        self,
        place: Any,
        *,
        limits: Constitution = LIMITS,
        ledger_id: str = "0" * 16,
        strategy: Any = None,
        cycle_ns: int = SECOND,
        stream: Stream | None = None,
        latency_ns: int = LATENCY,
    ) -> None:
        self.place, self.clock = place, place.clock
        self.limits, self.ledger_id, self.latency_ns = limits, ledger_id, latency_ns
        self.strategy = strategy or Told()
        self.desk = Desk([self.strategy])
        self.store = MemoryStore()
        self.records: list[tuple[int, int, Fact]] = []
        self.left: list[Request] = []
        # What a test does to a request before it leaves, to a frame before it is heard, and hears of what we say.
        self.passing: Callable[[Request], Passage | Failed | None] = lambda _: None
        self.hearing: Callable[[Any], None] | None = None
        self.saying: Callable[[Any], None] | None = None
        self.transport = MemoryTransport(place.app, Line(self._pass, frame=self._hear))
        self.stream = stream or Stream(CHANNELS)
        self.venue = self._venue()
        self.runtime = Runtime(
            desk=self.desk, store=self.store, venue=self.venue, clock=self.clock, cycle_ns=cycle_ns,
            observers=(lambda seq, ts, fact: self.records.append((seq, ts, fact)),),
        )  # fmt: skip

    async def run(self, script: Callable[[], Awaitable[None]]) -> None:
        """From start-up to a clean end, which comes when the script is through."""
        opening = opening_inputs(
            self.desk, Identity("live", "kalshi", "box", "ann", self.limits), ledger_id=self.ledger_id, build="test",
            state_dir=None, now=self.clock.now(),
        )  # fmt: skip

        async def until() -> str:
            await script()
            return "enough"

        await self.runtime.run(opening, until=until)

    async def act(self, **request: Any) -> dict[str, Any]:
        """What a person asks of the running desk, on the road of the control socket."""
        if request["cmd"] in COMPARED:
            await self.runtime.compare()
        return act_answer(self.runtime.act(act_input(request, self.clock.now())))

    async def until(self, true: Callable[[], Any], within_ns: int = 5 * MINUTE) -> int:
        """Wait, for so long of the desk's time at most; how long it took."""
        begun = self.clock.now()
        while not true():
            assert self.clock.now() - begun < within_ns, f"it never came: {[fact for _, _, fact in self.records[-6:]]}"
            await self.clock.sleep(SECOND // 20)
        return int(self.clock.now() - begun)

    def of(self, kind: type) -> list[Any]:
        return [fact for _, _, fact in self.records if type(fact) is kind]

    def halts(self) -> dict[str, str]:
        """Every cause that was ever raised, with what was said of it."""
        return {fact.cause: fact.detail for fact in self.of(HaltRaised)}

    def why(self, intent_id: str) -> str:
        """What `assent why` prints, on one line."""
        story = tell(self.records, intent_id)
        assert story is not None
        return " ".join(" ".join(story_lines(story)).split())

    def asked(self, method: str, path: str) -> int:
        return sum(each.method == method and each.target.startswith(path) for each in self.left)

    def _venue(self) -> KalshiVenue:
        signer = Signer(ANN_KEY, "ed25519", ANN_PRIVATE.sign)
        rest = Rest(
            self.transport, signer, self.clock, Throttle(TIERS["prestige"], Random(1), self.clock.now()),
            chance=Random(2),
        )  # fmt: skip
        state = self.desk.state
        return KalshiVenue(
            rest,
            lambda hear: Connection(self.transport, self.stream, self.clock, hear, signer=signer),
            self.clock,
            name="kalshi",
            scope=Scope(self.limits.markets, self.limits.events, self.limits.series),
            ours=lambda order_id: state.find_order(order_id) is not None,
            held=lambda: [*state.positions, *(each.order.instrument for each in state.orders.values())],
            since_ts=self.clock.now(),
        )

    def _pass(self, _number: int, request: Request) -> Passage | Failed:
        self.left.append(request)
        passing = self.passing(request)
        return Passage(delay_ns=self.latency_ns, answer_delay_ns=self.latency_ns) if passing is None else passing

    def _hear(self, _number: int, way: Way, frame: Frame) -> list[Arrival]:
        if way == "to_venue" and isinstance(frame, bytes) and self.saying is not None:
            self.saying(json.loads(frame))
        if way == "to_us" and isinstance(frame, bytes) and self.hearing is not None:
            told = json.loads(frame)
            self.hearing(told)
            frame = json.dumps(told).encode()
        return [Arrival(self.latency_ns, frame)]


def keys_of(account: str) -> Keys:
    return Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), account),))


def live(make: Callable[[], Awaitable[Any]], *, until_ns: int = DAY) -> Any:
    """Live a test through; what it returned."""

    async def main() -> Any:
        return await make()

    return virtual.run(main(), until_ns=until_ns)


async def together(*running: Awaitable[None]) -> None:
    """Several desks at once; the first that breaks ends the test."""
    async with asyncio.TaskGroup() as group:
        for each in running:
            group.create_task(_awaited(each))


async def _awaited(each: Awaitable[None]) -> None:
    await each


def levels(place: Place, *sides: tuple[str, int, int], market: str = MARKET) -> list[str]:
    """Bob's orders on the book: side, cents, contracts."""
    return [place.order(side, cents, contracts, market=market) for side, cents, contracts in sides]
