"""What W1 and W2 share: the very desk that trades live, a futures market on bars, and the driver between the two.

What a bar does to the orders on the book is told first, then the bar itself; what is released at a bar acts from the
next one on, whose open is this bar's close in the reference data. The ledger gets what `assent run` would write.
"""

from typing import NamedTuple

from assent.desk.desk import Desk
from assent.ledger.port import Store
from assent.model.constitution import Constitution
from assent.model.facts import CancelReleased, Fact, FillBooked, OrderReleased
from assent.model.inputs import AccountSeen, BarSeen, InstrumentSeen, LedgerOpening, PhaseSeen
from assent.model.units import HOUR, MICRO
from assent.venue.sim.bars import BarVenue
from benchmarks import bars
from benchmarks.w3 import Writer
from benchmarks.watch import Taken, Watch

CASH = 100_000 * MICRO


class Answer(NamedTuple):
    """`orders` counts entries and flips, `contracts` what was executed, `wins` the round trips that gained."""

    taken: Taken
    events: int
    orders: int
    contracts: int
    closed: int
    wins: int
    held: int
    pnl: int
    records: int


def fresh_desk(strategy: object, store: Store, constitution: Constitution) -> tuple[Desk, Writer]:
    """A desk that has opened its ledger, knows the future and has its cash."""
    desk, writer = Desk((strategy,)), Writer(store)  # type: ignore[arg-type]
    ts = bars.START - 1
    opening = LedgerOpening("bench00000000000", "paper", "bench", "sim", "bench", constitution, "bench", ts)
    writer.keep(ts, desk.handle(ts, opening))
    writer.keep(ts, desk.handle(ts, AccountSeen(CASH, (), (), "bench", ts, ts)))
    desk.handle(ts, InstrumentSeen(bars.FUTURE, ts))
    desk.handle(ts, PhaseSeen(bars.NAME, "open", ts, ts))
    return desk, writer


def limits(**changes: int) -> Constitution:
    """A bar is a minute long, so a close stays the last price for that long; everything else as each workload needs."""
    values = {"edge_min": 0, "risk_per_trade_max": 100 * MICRO, "open_positions_max": 1, "quote_proof_age_max": HOUR}
    return Constitution(markets=(bars.NAME,), total_exposure_max=CASH, **(values | changes))


def run(stream: list[BarSeen], strategy: object, store: Store, constitution: Constitution) -> Answer:
    """All bars through market and desk."""
    desk, writer = fresh_desk(strategy, store, constitution)
    venue, trades = BarVenue(bars.FUTURE), Trades()
    handle, pass_bar = desk.handle, venue.pass_bar
    watch = Watch()
    for bar in stream:
        news = pass_bar(bar)
        if news is not None:
            for told in news:
                facts = handle(bar.received_ts, told)
                trades.note(facts)
                carry_out(desk, venue, writer, facts, bar.received_ts)
        facts = handle(bar.received_ts, bar)
        if facts:
            carry_out(desk, venue, writer, facts, bar.received_ts)
    writer.commit()
    taken = watch.taken()
    last = stream[-1].close
    pnl = _pnl(desk, last)
    if pnl != venue.market.value(last) or desk.state.held(bars.NAME) != venue.market.position:
        raise RuntimeError(f"desk {pnl}, exchange {venue.market.value(last)}: the books differ")
    return Answer(
        taken, len(stream), trades.orders, trades.contracts, trades.closed, trades.wins,
        desk.state.held(bars.NAME) // MICRO, pnl, writer.records,
    )  # fmt: skip


def carry_out(desk: Desk, venue: BarVenue, writer: Writer, facts: list[Fact], ts: int) -> None:
    """Keep the facts, do what they ask for, and tell the desk what came of it."""
    writer.keep(ts, facts)
    for fact in facts:
        if type(fact) is OrderReleased:
            carry_out(desk, venue, writer, desk.handle(ts, venue.submit(fact.order, ts)), ts)
        elif type(fact) is CancelReleased:
            for told in venue.cancel(fact.order_id, ts):
                carry_out(desk, venue, writer, desk.handle(ts, told), ts)


class Trades:
    """Counts executions: a fill that makes the position zero closes a round trip."""

    def __init__(self) -> None:
        self.orders = self.contracts = self.closed = self.wins = 0
        self._held = self._flow = 0

    def note(self, facts: list[Fact]) -> None:
        for fact in facts:
            if type(fact) is FillBooked:
                fill = fact.fill
                signed = fill.qty // MICRO if fill.side == "buy" else -(fill.qty // MICRO)
                self.orders += 1
                self.contracts += abs(signed)
                self._held += signed
                self._flow -= signed * fill.price * 5 + fill.fee
                if not self._held:
                    self.closed += 1
                    self.wins += self._flow > 0
                    self._flow = 0


def _pnl(desk: Desk, last: int) -> int:
    """Cash gained, and what is held marked at the last close against what it was entered at."""
    position = desk.state.positions.get(bars.NAME)
    gained = desk.state.cash - CASH
    if position is None:
        return gained
    notional = last * bars.FUTURE.multiplier // MICRO * abs(position.qty) // MICRO
    return gained + (notional - position.cost if position.qty > 0 else position.cost - notional)
