"""W3 through the very desk that trades live: gate with evidence, order life, money, halts, ledger with hash chain.

The strategy takes YES when the fair value is more than five cents above the ask, NO when the bid is more than five
cents above it, at most five positions, ten contracts, and leaves when the market has come to it. Orders fill at the
quote that caused them, as in the peers' engines. What the ledger gets is what `assent run` would write.
"""

from typing import NamedTuple

from assent.desk.desk import Desk
from assent.desk.strategy import Proposals, View
from assent.ledger.chain import Entry
from assent.ledger.port import Store
from assent.model.constitution import Constitution
from assent.model.facts import SCHEMA_VERSION, Fact, OrderReleased, encode_fact, kind_of
from assent.model.grids import CENT_GRID, WHOLE_CONTRACTS
from assent.model.inputs import (
    Accepted,
    AccountSeen,
    FillSeen,
    InstrumentSeen,
    LedgerOpening,
    PhaseSeen,
    QuoteSeen,
    SendAnswered,
)
from assent.model.instruments import BinaryContract, PerContractFee
from assent.model.intents import Proposal
from assent.model.orders import Fill, Order
from assent.model.units import MICRO, format_money
from benchmarks import quotes
from benchmarks.watch import Taken, Watch

CASH = 10_000 * MICRO
TEN = 10 * MICRO
EDGE = 50_000
MOST_OPEN = 5
BATCH = 256

REFERENCE_ORDERS = 4_527
REFERENCE_PNL = -982_500_000
REFERENCE_OPEN = 5


class FairValue:
    """The workload's rule; it keeps its own idea of what it holds, as the peers' versions do."""

    name = "fair-value"

    def __init__(self, fairs: list[int]) -> None:
        self._next = iter(fairs).__next__
        self._held = dict.fromkeys(quotes.names(), 0)
        self._open = 0

    def on_quote(self, _view: View, quote: QuoteSeen) -> Proposals:
        fair = self._next()
        held = self._held[quote.instrument]
        if held > 0:
            if quote.bid >= fair:
                return self._close(quote, "sell", quote.bid)
        elif held < 0:
            if quote.ask <= fair:
                return self._close(quote, "buy", quote.ask)
        elif self._open < MOST_OPEN:
            if fair - quote.ask > EDGE:
                return self._enter(quote, "buy", quote.ask, fair)
            if quote.bid - fair > EDGE:
                return self._enter(quote, "sell", quote.bid, fair)
        return None

    def _enter(self, quote: QuoteSeen, side: str, price: int, fair: int) -> Proposals:
        self._held[quote.instrument] = TEN if side == "buy" else -TEN
        self._open += 1
        return (Proposal(instrument=quote.instrument, side=side, price=price, fair=fair, qty_max=TEN),)

    def _close(self, quote: QuoteSeen, side: str, price: int) -> Proposals:
        self._held[quote.instrument] = 0
        self._open -= 1
        return (Proposal(instrument=quote.instrument, action="close", side=side, price=price, qty_max=TEN),)


class Answer(NamedTuple):
    taken: Taken
    events: int
    orders: int
    open_positions: int
    pnl: int
    records: int


def fresh_desk(fairs: list[int], store: Store, strategies: tuple[object, ...] | None = None) -> tuple[Desk, "Writer"]:
    """A desk that has opened its ledger, knows fifty markets and has its cash."""
    desk = Desk(strategies if strategies is not None else (FairValue(fairs),))
    writer = Writer(store)
    constitution = Constitution(
        markets=tuple(quotes.names()),
        edge_min=30_000,
        risk_per_trade_max=20 * MICRO,
        open_positions_max=MOST_OPEN,
        total_exposure_max=100 * MICRO,
    )
    ts = quotes.START - 1
    opening = LedgerOpening("bench00000000000", "paper", "bench", "sim", "bench", constitution, "bench", ts)
    writer.keep(ts, desk.handle(ts, opening))
    writer.keep(ts, desk.handle(ts, AccountSeen(CASH, (), (), "bench", ts, ts)))
    for name in quotes.names():
        desk.handle(ts, InstrumentSeen(market(name), ts))
        desk.handle(ts, PhaseSeen(name, "open", ts, ts))
    return desk, writer


def market(name: str) -> BinaryContract:
    return BinaryContract(
        id=name, venue="bench", event=name, series="BENCH", title=name, prices=CENT_GRID, quantities=WHOLE_CONTRACTS,
        fees=PerContractFee(10_000), close_ts=4_000_000_000_000_000_000,
    )  # fmt: skip


class Writer:
    """Facts to entries, committed in batches as the runtime does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: list[Entry] = []
        self.records = 0

    def keep(self, ts: int, facts: list[Fact]) -> None:
        pending = self._pending
        for fact in facts:
            pending.append(Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)))
        if len(pending) >= BATCH:
            self.commit()

    def commit(self) -> None:
        self.records += len(self._pending)
        self._store.append(self._pending)
        self._pending = []


def run(stream: list[QuoteSeen], fairs: list[int], store: Store) -> Answer:
    """All quotes through the desk; each release is answered and filled at once."""
    desk, writer = fresh_desk(fairs, store)
    handle, keep = desk.handle, writer.keep
    orders = 0
    watch = Watch()
    for quote in stream:
        facts = handle(quote.received_ts, quote)
        if facts:
            keep(quote.received_ts, facts)
            for fact in facts:
                if type(fact) is OrderReleased:
                    orders += 1
                    fill(desk, writer, fact.order, quote.received_ts)
    writer.commit()
    taken = watch.taken()
    return Answer(taken, len(stream), orders, len(desk.state.positions), _pnl(desk, stream), writer.records)


def fill(desk: Desk, writer: Writer, order: Order, ts: int) -> None:
    """The whole order at its own price, a cent a contract."""
    accepted = SendAnswered(order.order_id, Accepted(f"v-{order.order_id}", order.qty, 0), ts)
    writer.keep(ts, desk.handle(ts, accepted))
    filled = Fill(
        fill_id=f"f-{order.order_id}", order_id=order.order_id, instrument=order.instrument, side=order.side,
        price=order.price, qty=order.qty, fee=10_000 * order.qty // MICRO, taker=True, venue_ts=ts,
    )  # fmt: skip
    writer.keep(ts, desk.handle(ts, FillSeen(filled, ts)))


def _pnl(desk: Desk, stream: list[QuoteSeen]) -> int:
    """Marked at the middle of each market's last quote."""
    last = {quote.instrument: quote for quote in stream[-5_000:]}
    total = desk.state.cash - CASH
    for name, position in desk.state.positions.items():
        middle = (last[name].bid + last[name].ask) // 2
        each = middle if position.qty > 0 else MICRO - middle
        total += each * abs(position.qty) // MICRO
    return total


def verdict(answer: Answer, *, reference: bool) -> str:
    """Whether orders and money are what they must be."""
    shown = f"{answer.orders} orders, {answer.open_positions} open, P&L {format_money(answer.pnl)}"
    if not reference:
        return f"{shown} (made-up data: nothing to compare with)"
    right = (REFERENCE_ORDERS, REFERENCE_OPEN, REFERENCE_PNL)
    same = (answer.orders, answer.open_positions, answer.pnl) == right
    return f"{shown}: {'exactly the reference' if same else 'NOT the reference'}"
