"""A venue that does what a test tells it, and a small desk to live around it."""

import asyncio
from collections.abc import Callable

from assent.desk.desk import Desk
from assent.ledger.memory import MemoryStore
from assent.model.constitution import Constitution
from assent.model.facts import Fact
from assent.model.grids import CENT_GRID, WHOLE_CONTRACTS
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountSeen,
    Evidence,
    Holding,
    Input,
    InstrumentSeen,
    LedgerOpening,
    Outcome,
    PhaseSeen,
    QuoteSeen,
)
from assent.model.instruments import BinaryContract, QuadraticFee
from assent.model.intents import Proposal
from assent.model.orders import Fill, Order
from assent.model.units import MICRO, SECOND
from assent.runtime.clock import VirtualClock
from assent.runtime.recovery import Identity, opening_inputs
from assent.runtime.runtime import Feed, Runtime, Switch
from assent.venue.port import Books, Ended, Sink, Unavailable

EPOCH = 1_767_571_200 * SECOND
NAME = "SIM-A"
CASH = 1_000 * MICRO

MARKET = BinaryContract(
    id=NAME, venue="sim", event="SIM", series="SIM", title="A", prices=CENT_GRID, quantities=WHOLE_CONTRACTS,
    fees=QuadraticFee(70_000, 0), close_ts=EPOCH * 2,
)  # fmt: skip

OPEN = PhaseSeen(NAME, "open", EPOCH, EPOCH)
IDENTITY = Identity("paper", "sim", "sim", "tester", Constitution(series=("SIM",)))


def quote(ts: int, *, bid: int = 400_000, ask: int = 420_000, name: str = NAME) -> QuoteSeen:
    return QuoteSeen(name, bid, 50 * MICRO, ask, 50 * MICRO, ts, ts)


class Once:
    """Proposes to buy at the ask, one time for each instrument."""

    name = "once"

    def __init__(self, **overrides: object) -> None:
        self.done: set[str] = set()
        self.overrides = overrides

    def on_quote(self, _view: object, seen: QuoteSeen) -> list[Proposal] | None:
        if seen.instrument in self.done:
            return None
        self.done.add(seen.instrument)
        wanted = {"instrument": seen.instrument, "price": seen.ask, "fair": 600_000, "qty_max": 10 * MICRO}
        return [Proposal(**{**wanted, **self.overrides})]


class FakeVenue:
    """Answers as told. `answer` may be an outcome, an exception to raise, or None for silence."""

    name = "sim"

    def __init__(self, clock: VirtualClock, answer: Outcome | Exception | None = None) -> None:
        self.clock = clock
        self.answer: Outcome | Exception | None = answer
        self.cancel_answer: Outcome | None = Accepted("v", 0, 0)
        self.sent: list[Order] = []
        self.cancelled: list[str] = []
        self.known: dict[str, Evidence | Ended | None] = {}
        self.fills: list[Fill] = []
        self.cash = CASH
        # What comes instead of the books, or None for silence, from and until these times.
        self.books_answer: Unavailable | None = Unavailable("down for maintenance")
        self.books_gone = (0, 0)
        self.books_asked = 0
        self.holdings: tuple[Holding, ...] = ()
        self.open_orders: tuple[str, ...] = ()
        self.sink: Sink | None = None
        self.script: Callable[[FakeVenue], None] | None = None
        self.delay_ns = 10_000_000
        # What a look finds: a quote's bid and ask, why there is none, an exception to raise, or None for silence.
        self.book: tuple[int | None, int | None] | Unavailable | Exception | None = (400_000, 420_000)
        self.looked: list[str] = []
        self.belts_reset = 0

    async def connect(self, sink: Sink, *, wanted: Callable[[str, str, str], bool]) -> None:
        self.sink = sink
        if wanted(MARKET.id, MARKET.event, MARKET.series):
            sink("venue", InstrumentSeen(MARKET, self.clock.now()))
            sink("venue", PhaseSeen(MARKET.id, "open", self.clock.now(), self.clock.now()))

    async def feed(self) -> None:
        if self.script:
            self.script(self)
        await asyncio.Event().wait()

    async def send(self, order: Order) -> Outcome:
        self.sent.append(order)
        await self.clock.sleep(self.delay_ns)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer

    async def cancel(self, order: Order, venue_order_id: str) -> Outcome:
        self.cancelled.append(order.order_id)
        await self.clock.sleep(self.delay_ns)
        if self.cancel_answer is None:
            await asyncio.Event().wait()
        assert self.cancel_answer is not None
        return self.cancel_answer

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        return self.known.get(order.order_id, Absent("never came"))

    async def reset_belts(self) -> None:
        self.belts_reset += 1

    async def look(self, instrument: str) -> QuoteSeen | Unavailable:
        self.looked.append(instrument)
        await self.clock.sleep(self.delay_ns)
        if isinstance(self.book, Exception):
            raise self.book
        if self.book is None:
            await asyncio.Event().wait()
        assert self.book is not None
        if isinstance(self.book, Unavailable):
            return self.book
        (bid, ask), now = self.book, self.clock.now()
        qty = 50 * MICRO
        sides = bid, None if bid is None else qty, ask, None if ask is None else qty
        return QuoteSeen(instrument, *sides, now, now)

    async def books(self) -> Books | Unavailable:
        now = self.clock.now()
        self.books_asked += 1
        if self.books_gone[0] <= now < self.books_gone[1]:
            if self.books_answer is None:
                await asyncio.Event().wait()
            assert self.books_answer is not None
            return self.books_answer
        account = AccountSeen(self.cash, self.holdings, self.open_orders, self.name, now, now)
        return Books(list(self.fills), [], account, [])


class Life:
    """One run of a runtime around one desk, and all the facts that it left."""

    def __init__(
        self,
        *,
        store: MemoryStore | None = None,
        strategy: object = None,
        answer: object = None,
        desk: Desk | None = None,
        switch: Switch | None = None,
        identity: Identity = IDENTITY,
        cycle_ns: int = SECOND,
    ) -> None:
        self.cycle_ns = cycle_ns
        self.switch = switch
        self.identity = identity
        self.clock = VirtualClock(EPOCH)
        self.store = store or MemoryStore()
        self.desk = desk or Desk([strategy] if strategy else [])
        self.venue = FakeVenue(self.clock, answer)  # type: ignore[arg-type]
        self.facts: list[Fact] = []
        self.runtime: Runtime | None = None
        self.feeds: list[Feed] = []

    async def run(self, *, for_ns: int = 5 * SECOND, script: Callable[["FakeVenue"], None] | None = None) -> str:
        self.venue.script = script
        self.runtime = Runtime(
            desk=self.desk, store=self.store, venue=self.venue, clock=self.clock, cycle_ns=self.cycle_ns,
            observers=(lambda _seq, _ts, fact: self.facts.append(fact),), switch=self.switch,
        )  # fmt: skip
        for feed in self.feeds:
            self.runtime.also(feed)
        opening = opening_inputs(
            self.desk, self.identity, ledger_id="0" * 16, build="test", state_dir=None, now=self.clock.now()
        )

        async def enough() -> str:
            await self.clock.sleep(for_ns)
            return "enough"

        return await self.runtime.run(opening, until=enough)

    def of(self, kind: type) -> list[Fact]:
        return [fact for fact in self.facts if type(fact) is kind]


def opened(*inputs: Input, strategy: object = None) -> tuple[Desk, list[Fact]]:
    """A desk with its ledger opened, its cash and its market known, after these inputs."""
    desk = Desk([strategy] if strategy else [])
    identity = IDENTITY
    facts: list[Fact] = []
    opening = LedgerOpening(
        "0" * 16, identity.mode, identity.venue, identity.environment, identity.account, identity.constitution,
        "test", EPOCH,
    )  # fmt: skip
    for inp in (opening, AccountSeen(CASH, (), (), "sim", EPOCH, EPOCH), InstrumentSeen(MARKET, EPOCH), OPEN, *inputs):
        facts.extend(desk.handle(EPOCH, inp))
    return desk, facts
