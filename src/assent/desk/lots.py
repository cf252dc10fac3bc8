"""What each intent brought: fills matched with what was opened first, for the story that is told of one intent.

The account's own books know averages only. Here each fill gives back the oldest lots of the other side, whoever opened
them, so that costs, proceeds and payouts can be said of one idea.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from assent.desk import money
from assent.model.books import PositionAdopted
from assent.model.facts import (
    Fact,
    FillBooked,
    FillCorrected,
    InstrumentListed,
    MarketSettled,
    OrderReleased,
    SettlementCorrected,
)
from assent.model.inputs import Result
from assent.model.instruments import Future, Instrument
from assent.model.orders import Fill, Side
from assent.model.settling import BooksAdopted
from assent.model.units import MICRO, share_up

Told = tuple[int, int, Fact]


class Money(msgspec.Struct, frozen=True):
    """What one intent cost and brought. `left` is still held; `gain` is None as long as something is.

    Nothing is paid for a future: there `cost` is the notional of the entry, and what came back is that with the gain.
    """

    qty: int
    cost: int
    fees: int
    proceeds: int
    proceeds_fees: int
    payout: int
    left: int
    gain: int | None


class Settled(msgspec.Struct, frozen=True):
    """How the market ended."""

    seq: int
    ts: int
    result: Result
    value: int


class Lots:
    """What each intent opened, given back oldest first, up to what settlement paid."""

    def __init__(self, intent_id: str, records: Sequence[Told]) -> None:
        self.intent_id = intent_id
        self.settlements: dict[str, Settled] = {}
        self._intents: dict[str, str] = {}
        self._final: dict[str, Fill] = {}
        self._worth: dict[str, int] = {}
        self._instruments: dict[str, Instrument] = {}
        # instrument -> (intent, side, price, quantity left), oldest first
        self._open: dict[str, deque[tuple[str, Side, int, int]]] = {}
        self._sums = dict.fromkeys(("cost", "proceeds", "proceeds_fees", "payout"), 0)
        for _, _, fact in records:
            if isinstance(fact, InstrumentListed):
                self._instruments[fact.instrument.id] = fact.instrument
            elif isinstance(fact, OrderReleased) and fact.order.parent is None:
                # The legs of a bracket give back for whoever opened: they are nobody's own.
                self._intents[fact.order.order_id] = fact.order.intent_id
            elif isinstance(fact, FillBooked):
                self._final[fact.fill.fill_id] = fact.fill
            elif isinstance(fact, FillCorrected):
                self._correct(fact)
            elif isinstance(fact, MarketSettled | SettlementCorrected):
                self._worth[fact.instrument] = fact.value
        for seq, ts, fact in records:
            if isinstance(fact, FillBooked):
                self._take(self._final[fact.fill.fill_id])
            elif isinstance(fact, BooksAdopted):
                for one in fact.positions:
                    self._adopt(one)
            elif isinstance(fact, MarketSettled | SettlementCorrected):
                self.settlements[fact.instrument] = Settled(seq, ts, fact.result, fact.value)
                self._pay(fact.instrument)

    def _own_fills(self) -> tuple[Fill, ...]:
        """The intent's fills as they finally were."""
        return tuple(f for f in self._final.values() if self._intents.get(f.order_id) == self.intent_id)

    def fills_of(self, family: set[str]) -> tuple[Fill, ...]:
        """The fills of these orders as they finally were."""
        return tuple(fill for fill in self._final.values() if fill.order_id in family)

    def money(self) -> Money:
        fills = self._own_fills()
        fees = sum(fill.fee for fill in fills)
        left = sum(qty for lots in self._open.values() for intent, _, _, qty in lots if intent == self.intent_id)
        sums = self._sums
        gain = sums["proceeds"] + sums["payout"] - sums["cost"] - sums["proceeds_fees"] - fees
        qty = sum(fill.qty for fill in fills)
        return Money(qty=qty, fees=fees, left=left, gain=None if left else gain, **sums)

    def _correct(self, fact: FillCorrected) -> None:
        new = fact.correction
        old = self._final[new.fill_id]
        self._final[new.fill_id] = msgspec.structs.replace(old, price=new.price, qty=new.qty, fee=new.fee)

    def _take(self, fill: Fill) -> None:
        """Give back from the oldest lots on the other side, open the rest."""
        by, instrument, remaining = self._intents.get(fill.order_id, ""), self._instruments[fill.instrument], fill.qty
        lots = self._open.setdefault(fill.instrument, deque())
        while remaining and lots and lots[0][1] != fill.side:
            opener, side, paid, qty = lots.popleft()
            taken = min(remaining, qty)
            remaining -= taken
            if taken < qty:
                lots.appendleft((opener, side, paid, qty - taken))
            cost = money.entry_cost(instrument, side, paid, taken)
            if self.intent_id in (opener, by):
                held = taken if side == "buy" else -taken
                self._sums["proceeds"] += money.exit_value(instrument, held, fill.price, taken, cost)
            if opener == self.intent_id:
                self._sums["proceeds_fees"] += share_up(taken, fill.qty, fill.fee)
            elif by == self.intent_id:
                self._sums["cost"] += cost
        if remaining:
            lots.append((by, fill.side, fill.price, remaining))
            if by == self.intent_id:
                self._sums["cost"] += money.entry_cost(instrument, fill.side, fill.price, remaining)

    def _adopt(self, one: PositionAdopted) -> None:
        """What is not held any more went for what it had cost, since nobody knows better; what is held beyond ours is
        nobody's. The difference stands in the account's adjustments."""
        instrument = self._instruments[one.instrument]
        kept: deque[tuple[str, Side, int, int]] = deque()
        wanted: Side = "buy" if one.qty > 0 else "sell"
        room, rest = abs(one.qty), one.cost
        for opener, side, paid, qty in reversed(self._open.pop(one.instrument, deque())):
            stays = min(room, qty) if side == wanted else 0
            if stays:
                kept.appendleft((opener, side, paid, stays))
                room, rest = room - stays, rest - money.entry_cost(instrument, side, paid, stays)
            if opener == self.intent_id and stays < qty:
                self._sums["proceeds"] += money.entry_cost(instrument, side, paid, qty - stays)
        if room:
            each = max(0, rest) * MICRO // room
            price = each * MICRO // instrument.multiplier if isinstance(instrument, Future) else each
            kept.append(("", wanted, price if one.qty > 0 or isinstance(instrument, Future) else MICRO - price, room))
        self._open[one.instrument] = kept

    def _pay(self, name: str) -> None:
        """By what the market was worth in the end: an outcome that was changed has compensated the first one."""
        for opener, side, paid, qty in self._open.pop(name, ()):
            if opener == self.intent_id:
                instrument, held = self._instruments[name], qty if side == "buy" else -qty
                cost = money.entry_cost(instrument, side, paid, qty)
                self._sums["payout"] += money.exit_value(instrument, held, self._worth[name], qty, cost)
