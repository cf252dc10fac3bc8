"""A whole desk at the boxed Kalshi under virtual time, in markets where nobody trades but whom the test tells to.

The runtime, the desk, the adapter and the box are the real ones; between the last two stands a line that a test spoils,
one request at a time. Ann is us, Bob deals with us. What the exchange was asked and what came of it is recorded as the
box's own record, for the judge.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE
from tests.live.judge import judge

from assent.cli.story_text import story_lines
from assent.desk.awaiting import owed_since
from assent.desk.desk import Desk
from assent.desk.story import Story, tell
from assent.desk.strategy import View
from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.journal import CancelEntry, OrderEntry
from assent.exchange.kalshi import record
from assent.exchange.kalshi.app import ROOT, App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.disturbed import Disturbed
from assent.exchange.kalshi.faults import Faults, Plan
from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import Accepted as Taken
from assent.exchange.types import Cancelled, MarketSpec, NewOrder, Rejected
from assent.ledger.export import export_lines
from assent.ledger.memory import MemoryStore
from assent.model.constitution import Constitution
from assent.model.facts import Fact, OrderReleased
from assent.model.intents import Proposal
from assent.model.units import DAY, MICRO, MINUTE, SECOND
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
from assent.venue.memory import Arrival, Line, MemoryTransport, Passage, Way
from assent.venue.transport import Answer, Failed, Frame, Request

START = 1_790_000_000 * SECOND
SERIES, EVENT = "KXRAIN", "KXRAIN-26NOV20"
MARKET, OTHER = f"{EVENT}-T1", f"{EVENT}-T2"
CASH = 1_000 * MICRO
CENT = 10_000
LATENCY = 20_000_000
# What the stream tells comes before the answer that tells the same.
STREAM_LATENCY = 10_000_000
ORDERS = "/portfolio/events/orders"
LIMITS = Constitution(
    series=(SERIES,), edge_min=1, risk_per_trade_max=10 * MICRO, open_positions_max=50, total_exposure_max=500 * MICRO,
    quote_proof_age_max=30 * SECOND, look_proof_age_max=30 * SECOND,
)  # fmt: skip
IDENTITY = Identity("live", "kalshi", "box", "ann", LIMITS)
PRIVATE = ("fill", "user_order")
# What a test puts between a request that leaves and the venue.
Spoiler = Callable[[Request], Passage | Failed | None]


class Recorded(Exchange):
    """The exchange, which keeps what Ann asked of it; asked by whomever."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[OrderEntry | CancelEntry] = []

    def submit(self, now: int, account_id: str, new: NewOrder) -> Taken | Rejected:
        if account_id == "ann":
            self.asked.append(OrderEntry(now, new))
        return super().submit(now, account_id, new)

    def cancel(self, now: int, account_id: str, order_id: str) -> Cancelled | Rejected:
        if account_id == "ann":
            self.asked.append(CancelEntry(now, order_id))
        return super().cancel(now, account_id, order_id)


class Planned:
    """A strategy that proposes what it is told to, one idea at a cycle."""

    name = "planned"

    def __init__(self) -> None:
        self.ideas: list[Proposal] = []

    def on_cycle(self, view: View) -> list[Proposal] | None:
        if not self.ideas or view.quote(self.ideas[0].instrument) is None:
            return None
        return [self.ideas.pop(0)]


class Verdict(NamedTuple):
    wrong: list[str]
    counts: dict[str, int]


class Quiet:
    """One desk, one exchange, and the line between them. The desk may die and come back."""

    def __init__(self, *, lag_ns: int = 0, markets: tuple[str, ...] = (MARKET, OTHER)) -> None:
        self.clock = VirtualClock(START)
        self.exchange = Recorded()
        self.histories = {name: History() for name in ("ann", "bob")}
        for name, history in self.histories.items():
            self.exchange.open_account(name, CASH, history)
        for ticker in markets:
            self.exchange.list_market(START, _market(ticker))
        self.exchange.advance(START)
        self.box = Box(self.exchange, self.histories, self.exchange.advance, Settings(read_lag_ns=lag_ns))
        self.faults = Faults()
        keys = Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),))
        self.spoilt: Callable[[Any, Any, Any], Awaitable[bool]] | None = None
        self._app = App(self.box, keys, self.clock.now)
        self.transport = MemoryTransport(
            Disturbed(self._serve, self.faults, self.clock), Line(self._pass, frame=self._hear)
        )
        self.spoiler: Spoiler = lambda _: None
        self.latency: Callable[[], int] = lambda: LATENCY
        # Whether the stream tells of our orders and fills; where it does not, only the lists do.
        self.told = True
        self.left: list[Request] = []
        self.store = MemoryStore()
        self.records: list[tuple[int, int, Fact]] = []
        self.strategy = Planned()
        # Whether another order of the desk's is to follow at once.
        self.follows = False
        self.desk = Desk([self.strategy])
        self.runtime: Runtime
        self.starts = 0
        self._bobs = 0

    # --- the exchange's side --------------------------------------------------------------------------

    def bob(self, side: Any, cents: int, contracts: int, market: str = MARKET) -> None:
        """Bob's order, straight at the exchange, now."""
        self._bobs += 1
        self.box.live_until(self.clock.now())
        new = NewOrder(f"bob-{self._bobs}", market, side, cents * CENT, contracts * MICRO)
        assert isinstance(self.exchange.submit(self.exchange.now, "bob", new), Taken)
        self.box.remember()

    def under_our_id(self, order_id: str, cents: int) -> None:
        """What another program that writes our ids has done: an order of the account's that is not the desk's."""
        self.box.live_until(self.clock.now())
        new = NewOrder(order_id, MARKET, "buy", cents * CENT, MICRO)
        assert isinstance(Exchange.submit(self.exchange, self.exchange.now, "ann", new), Taken)
        self.box.remember()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        """The venue, before which one request may meet something of its own."""
        if self.spoilt is not None and scope["type"] == "http" and await self.spoilt(scope, receive, send):
            return
        await self._app(scope, receive, send)

    async def at_the_venue(self, scope: Any, body: bytes) -> Answer:
        """One more request, as the venue sees it; its answer goes nowhere."""
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(dict(scope), receive, send)
        return Answer(sent[0]["status"], {}, sent[1]["body"])

    def _pass(self, _number: int, request: Request) -> Passage | Failed:
        self.left.append(request)
        spoilt = self.spoiler(request)
        delay = self.latency()
        return Passage(delay_ns=delay, answer_delay_ns=delay) if spoilt is None else spoilt

    def _hear(self, _number: int, way: Way, frame: Frame) -> list[Arrival]:
        private = way == "to_us" and isinstance(frame, bytes) and json.loads(frame).get("type") in PRIVATE
        return [] if private and not self.told else [Arrival(STREAM_LATENCY, frame)]

    # --- the desk's side ------------------------------------------------------------------------------

    def venue(self) -> KalshiVenue:
        signer = Signer(ANN_KEY, "ed25519", ANN_PRIVATE.sign)
        throttle = Throttle(TIERS["prestige"], Random(1), self.clock.now())
        rest = Rest(self.transport, signer, self.clock, throttle, chance=Random(2))
        state = self.desk.state
        return KalshiVenue(
            rest,
            lambda hear: Connection(self.transport, Stream(CHANNELS), self.clock, hear, signer=signer),
            self.clock,
            name="kalshi",
            scope=Scope(series=(SERIES,)),
            ours=lambda order_id: state.find_order(order_id) is not None,
            held=lambda: [*state.positions, *(each.order.instrument for each in state.orders.values())],
            since_ts=START,
            owed=lambda: owed_since(state),
        )

    def start(self) -> Runtime:
        self.starts += 1
        return Runtime(
            desk=self.desk, store=self.store, venue=self.venue(), clock=self.clock, cycle_ns=SECOND,
            observers=(self._note,),
        )  # fmt: skip

    async def lives(self, script: Callable[[], Awaitable[str]]) -> None:
        """One process until the script has ended: with "die" it is killed, with anything else it ends cleanly."""
        self.runtime = runtime = self.start()
        opening = opening_inputs(
            self.desk, IDENTITY, ledger_id="0" * 16, build="test", state_dir=None, now=self.clock.now()
        )
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def until() -> str:
            said = await script()
            if said == "die":
                ended.set_result(said)
                await asyncio.Event().wait()
            return said

        running = asyncio.get_running_loop().create_task(runtime.run(opening, until=until))
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
            return
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        # A process that died leaves no socket open and no request waiting for its answer.
        self.transport.break_sockets("the process is gone")
        self.desk = Desk([self.strategy])
        self.desk.restore([(ts, fact) for _, ts, fact in self.records])

    async def act(self, **request: Any) -> dict[str, Any]:
        """What a person asks of the running desk, on the road of the control socket."""
        runtime, command = self.runtime, request["cmd"]
        if command in COMPARED:
            await runtime.compare()
        answer = act_answer(runtime.act(act_input(request, self.clock.now())))
        if command in SHOWN_AFTER:
            await runtime.compare()
            answer["reconcile"] = view_of(runtime.desk)
        return answer

    def person(self, command: str, **request: Any) -> dict[str, Any]:
        """The same where the command compares nothing before, as for an order that is known to be ours."""
        return act_answer(self.runtime.act(act_input({"cmd": command, **request}, self.clock.now())))

    async def until(self, true: Callable[[], bool], within_ns: int = 10 * MINUTE) -> None:
        """Wait, for so long of the desk's time at most."""
        over = self.clock.now() + within_ns
        while not true():
            assert self.clock.now() < over, "it never came: " + " | ".join(
                str(fact) for _, _, fact in self.records[-8:]
            )
            await self.clock.sleep(SECOND // 10)

    def _note(self, seq: int, ts: int, fact: Fact) -> None:
        self.records.append((seq, ts, fact))

    # --- afterwards -----------------------------------------------------------------------------------

    def of(self, kind: type) -> list[Any]:
        return [fact for _, _, fact in self.records if type(fact) is kind]

    def story(self, order_id: str) -> tuple[Story, str]:
        """What `assent why` knows of an order, and what it prints, on one line."""
        (intent,) = [each.order.intent_id for each in self.of(OrderReleased) if each.order.order_id == order_id]
        story = tell(self.records, intent)
        assert story is not None
        return story, " ".join(" ".join(story_lines(story)).split())

    def judged(self) -> Verdict:
        """By the box's record and the exported ledger alone."""
        boxed = SimpleNamespace(
            header=SimpleNamespace(seed=0, world=0, start_ts=START, cash=CASH), account="ann", now=self.exchange.now,
            history=self.histories["ann"], asked=lambda: self.exchange.asked,
            positions=lambda: self.exchange.positions("ann"), balance=lambda: self.exchange.balance("ann"),
        )  # fmt: skip
        theirs = [json.loads(line) for line in record.encode(boxed).splitlines()]  # type: ignore[arg-type]
        ours = [json.loads(line) for line in export_lines(self.store.records())]
        for line in ours:
            line["body"] = line.get("body") or json.loads(line["body_text"])
        return Verdict(*judge(theirs, ours, 0))

    def taken(self) -> Counter[str]:
        """How many orders the exchange has of each name."""
        return Counter(view.client_order_id or "" for view in self.histories["ann"].views())

    def posted(self) -> Counter[bytes]:
        """How often each submission left."""
        return Counter(request.body for request in self.left if request.method == "POST")

    def resting(self) -> set[str]:
        return {view.client_order_id or "" for view in self.exchange.resting("ann")}


def is_create(request: Request) -> bool:
    return request.method == "POST" and request.target == ROOT + ORDERS


def is_cancel(request: Request) -> bool:
    return request.method == "DELETE" and request.target.startswith(f"{ROOT}{ORDERS}/")


def rules(*rule: Any) -> Plan:
    return Plan(list(rule), seed=1)


def live(script: Callable[[], Awaitable[None]]) -> None:
    """Live a whole test through under virtual time."""

    async def main() -> None:
        await script()

    virtual.run(main(), until_ns=DAY)


def _market(ticker: str) -> MarketSpec:
    return MarketSpec(
        ticker=ticker, event=EVENT, series=SERIES, title="More than one inch of rain", open_ts=START,
        close_ts=START + DAY, price_bands=LINEAR_CENT, settlement_timer_ns=60 * SECOND,
    )  # fmt: skip
