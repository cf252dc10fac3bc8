"""W2: with the move of the last twenty bars at market, under a bracket: stop 12 ticks, target 16, the stop first.

An entry needs a position that is flat now and was flat at the close before. Stop and target stand at the exchange.
"""

from collections import deque

from assent.desk.strategy import Proposals, View
from assent.ledger.port import Store
from assent.model.exits import Exits
from assent.model.inputs import BarSeen
from assent.model.intents import Proposal
from assent.model.units import MICRO, format_money
from benchmarks import bars, futures
from benchmarks.futures import Answer

EVENTS = 200_000
LOOK_BACK = 20
MOVE = 2 * MICRO
STOP, TARGET = 12 * bars.TICK, 16 * bars.TICK

REFERENCE = (11_742, 5_008, 1, -15_420_700_000)


class Momentum:
    """Asks the desk what it holds; remembers only the closes and whether it was flat."""

    name = "momentum"

    def __init__(self) -> None:
        self._closes: deque[int] = deque(maxlen=LOOK_BACK)
        self._was_flat = True

    def on_bar(self, view: View, bar: BarSeen) -> Proposals:
        close, closes = bar.close, self._closes
        before = closes[0] if len(closes) == LOOK_BACK else close
        closes.append(close)
        flat, was_flat = not view.held(bars.NAME), self._was_flat
        self._was_flat = flat
        if not flat or not was_flat:
            return None
        move = close - before
        if move >= MOVE:
            return self._enter(bar, 1)
        return self._enter(bar, -1) if move <= -MOVE else None

    def _enter(self, bar: BarSeen, sign: int) -> Proposals:
        self._was_flat = False
        close = bar.close
        exits = Exits(stop_price=close - sign * STOP, target_price=close + sign * TARGET)
        return (
            Proposal(
                instrument=bar.instrument, side="buy" if sign > 0 else "sell", price=close, fair=close + sign * TARGET,
                qty_max=MICRO, type="market", exits=exits,
            ),
        )  # fmt: skip


def run(stream: list[BarSeen], store: Store) -> Answer:
    return futures.run(stream, Momentum(), store, futures.limits())


def verdict(answer: Answer, *, reference: bool) -> str:
    """Whether trades and money are what they must be."""
    shown = f"{answer.closed:,} trades, {answer.wins:,} wins, {abs(answer.held)} open, P&L {format_money(answer.pnl)}"
    if not reference:
        return f"{shown} (made-up data: nothing to compare with)"
    same = (answer.closed, answer.wins, abs(answer.held), answer.pnl) == REFERENCE
    return f"{shown}: {'exactly the reference' if same else 'NOT the reference'}"
