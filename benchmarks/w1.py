"""W1: long above, short below the crossing of two averages of closes, turned at market in one order of two contracts.

Without a stop, as the reference has it. That is refused by default; this constitution allows one contract without a
stop (`unprotected_contracts_max`), which then bounds the trade in place of a cap on its loss.
"""

from collections import deque

from assent.desk.strategy import Proposals, View
from assent.ledger.port import Store
from assent.model.inputs import BarSeen
from assent.model.intents import Proposal
from assent.model.orders import Side
from assent.model.units import MICRO, format_money
from benchmarks import futures
from benchmarks.futures import Answer

EVENTS = 1_000_000
FAST, SLOW = 20, 100
# Where in the slow average's closes the fast one's begin.
NEAR = SLOW - FAST
# What the workload hopes for; it never says.
HOPE = MICRO

REFERENCE = (13_726, 27_451, -14_445_870_000)


class Crossing:
    """Sums of the last closes, compared without dividing."""

    name = "crossing"

    def __init__(self) -> None:
        self._closes: deque[int] = deque(maxlen=SLOW)
        self._fast = self._slow = self._side = 0

    def on_bar(self, _view: View, bar: BarSeen) -> Proposals:
        close, closes = bar.close, self._closes
        if len(closes) < SLOW:
            return self._warm_up(bar)
        self._slow += close - closes[0]
        self._fast += close - closes[NEAR]
        closes.append(close)
        apart = 5 * self._fast - self._slow
        if (apart > 0 and self._side != 1) or (apart < 0 and self._side != -1):
            return self._turn(bar, apart)
        return None

    def _warm_up(self, bar: BarSeen) -> Proposals:
        self._closes.append(bar.close)
        if len(self._closes) < SLOW:
            return None
        self._slow, self._fast = sum(self._closes), sum(list(self._closes)[-FAST:])
        apart = 5 * self._fast - self._slow
        return self._turn(bar, apart) if apart else None

    def _turn(self, bar: BarSeen, apart: int) -> Proposals:
        side: Side = "buy" if apart > 0 else "sell"
        qty = 2 * MICRO if self._side else MICRO
        self._side = 1 if apart > 0 else -1
        fair = bar.close + self._side * HOPE
        return (Proposal(instrument=bar.instrument, side=side, price=bar.close, fair=fair, qty_max=qty, type="market"),)


def run(stream: list[BarSeen], store: Store) -> Answer:
    return futures.run(stream, Crossing(), store, futures.limits(unprotected_contracts_max=1))


def verdict(answer: Answer, *, reference: bool) -> str:
    """Whether orders and money are what they must be."""
    shown = f"{answer.orders:,} orders, {answer.contracts:,} contracts, P&L {format_money(answer.pnl)}"
    if not reference:
        return f"{shown} (made-up data: nothing to compare with)"
    same = (answer.orders, answer.contracts, answer.pnl) == REFERENCE
    return f"{shown}: {'exactly the reference' if same else 'NOT the reference'}"
