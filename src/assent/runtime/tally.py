"""Counts for people, and anchors for the ledger: what watches the facts of a run go by and decides nothing."""

from collections import Counter, deque

from assent.desk.state import State
from assent.model.facts import Fact, FillBooked, IntentRefused, MarketSettled
from assent.runtime.recovery import Opened

ANCHOR_EVERY = 1_000
LAST_SHOWN = 200


class Tally:
    """An observer of committed facts."""

    def __init__(self, opened: Opened, state: State) -> None:
        self.last: deque[tuple[int, int, Fact]] = deque(maxlen=LAST_SHOWN)
        self.trades = 0
        self.refusals: Counter[str] = Counter()
        self.settled = 0
        self._opened = opened
        self._state = state

    def __call__(self, seq: int, ts: int, fact: Fact) -> None:
        self.last.append((seq, ts, fact))
        kind = type(fact)
        if kind is FillBooked:
            self.trades += 1
        elif kind is IntentRefused:
            self.refusals[fact.reason] += 1  # type: ignore[union-attr]
        elif kind is MarketSettled:
            self.settled += 1
        if seq == 1 or seq % ANCHOR_EVERY == 0:
            self.anchor()

    def anchor(self) -> None:
        seal = self._state.seal
        if seal is not None:
            self._opened.anchors.append(seal.ledger_id, self._opened.store.head())
