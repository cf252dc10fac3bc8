"""The one door: an input goes in with its time, facts come out.

Everything that decides is reached from here; everything durable changes through `emit`, which folds each fact into the
state as it is stated. The desk reads no clock, does no I/O and draws no random number: the same inputs at the same
times give the same facts, in paper, in live, in replay and in a simulation.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from assent.desk import account, answers, brackets, control, exits, intake, proposing
from assent.desk.fold import evolve
from assent.desk.market import Market, Streams
from assent.desk.state import State
from assent.desk.strategy import HOOKS, Strategy, View
from assent.model import inputs
from assent.model.errors import require
from assent.model.facts import AccountMatched, Fact, HaltCleared, StateMarked, StrategyStopped
from assent.model.inputs import BarSeen, CorrectionSeen, Input, QuoteSeen
from assent.model.levels import ALLOWED
from assent.model.units import SECOND

MARK_EVERY = 1_000
# A release that could not be sent within this time is stale and is not sent at all.
PERMIT_LIFE = 2 * SECOND

NOTHING: list[Fact] = []


class Cell(Protocol):
    """Where the desk notes which strategy it is calling, for a watchdog outside."""

    value: int


class PlainCell:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Desk:
    """One instance for one account in one mode."""

    def __init__(self, strategies: Sequence[Strategy] = (), *, cell: Cell | None = None) -> None:
        self.state = State()
        self.now = 0
        self.strategies = tuple(strategies)
        names = [strategy.name for strategy in strategies]
        require(len(set(names)) == len(names), "strategy_names_repeat", names=names)
        self.cell: Cell = PlainCell() if cell is None else cell
        self.markets: dict[str, Market] = {}
        self.streams = Streams()
        self.view = View(self.state, self.markets)
        self._guards = self.state.guards
        # Soft: what was refused last per idea, and when a cause that clears by itself was last seen.
        self.refused: dict[tuple[str, str, str, str], proposing.Refusal] = {}
        self.cause_seen: dict[str, int] = {}
        self.rejected: dict[str, int] = {}
        self.last_match: AccountMatched | None = None
        self.last_differences: list[tuple[str, int, int]] = []
        self.early_corrections: dict[str, CorrectionSeen] = {}
        self.hooks: dict[str, list[tuple[int, str, Callable[..., Any]]]] = {}
        self._on_quote: list[tuple[int, str, Callable[..., Any]]] = []
        self._on_bar: list[tuple[int, str, Callable[..., Any]]] = []
        self._wire_hooks()
        self._facts: list[Fact] = []
        self._handlers = HANDLERS

    def handle(self, ts: int, inp: Input) -> list[Fact]:
        """Take one input at our own time `ts`; return what was decided and learned, in order."""
        if ts < self.now:
            require(False, "time_went_back", ts=ts, last=self.now)
        self.now = self.view.now = ts
        # The hot road: keep the quote or the bar, see to the exits, ask the strategies, and only then do work.
        if type(inp) is QuoteSeen:
            market = self.markets.get(inp.instrument)
            if market is None:
                return self._unlisted("quote", inp.instrument)
            market.quote, hooks = inp, self._on_quote
        elif type(inp) is BarSeen:
            market = self.markets.get(inp.instrument)
            if market is None:
                return self._unlisted("bar", inp.instrument)
            market.bar, hooks = inp, self._on_bar
        else:
            facts = self._facts = []
            self._handlers[type(inp)](self, inp)
            return facts
        facts = NOTHING
        if self._guards:
            guard = self._guards.get(inp.instrument)
            if guard is not None and guard.watched:
                facts = self._fresh()
                exits.look(self, market, guard)
        for index, name, hook in hooks:
            self.cell.value = index
            try:
                proposals = hook(self.view, inp)
            except proposing.STRATEGY_FAULTS as error:
                facts = facts or self._fresh()
                proposing.stop(self, name, "strategy_exception", error)
                continue
            if proposals is not None:
                facts = facts or self._fresh()
                proposing.take(self, name, proposals)
        return facts

    def permit(self, order_id: str, now: int) -> str | None:
        """Why this order must not be sent now, or None. Asked in the same step as the send."""
        order = self.state.orders.get(order_id)
        if order is None:
            return "not_released" if self.state.find_order(order_id) is None else "already_answered"
        if order.status != "released":
            return "already_answered"
        if order.order.parent is not None:
            obstacle = brackets.obstacle(self.state, order)
            if obstacle:
                return obstacle
        elif order.intent.action not in ALLOWED[self.state.level] or order.intent.strategy in self.state.stopped:
            return "halted"
        expires = order.order.expires_ts
        if now - order.released_ts > PERMIT_LIFE or (expires is not None and now >= expires):
            return "permit_expired"
        return None

    def restore(self, records: Iterable[tuple[int, Fact]]) -> None:
        """Fold ledger records back into a desk that has not decided anything yet: the same road as running."""
        require(not self.markets, "restore_needs_a_fresh_desk", seq=self.state.seq)
        for ts, fact in records:
            evolve(self.state, ts, fact)
        self.now = self.state.ts
        self._wire_hooks()

    def emit(self, fact: Fact) -> None:
        """State a fact: it changes the state now and goes to the ledger with this input's other facts."""
        state = self.state
        evolve(state, self.now, fact)
        self._facts.append(fact)
        if type(fact) is StrategyStopped or type(fact) is HaltCleared:
            self._wire_hooks()
        if state.seq % MARK_EVERY == 0:
            self.emit(StateMarked(seq=state.seq, digest=state.digest()))

    def _unlisted(self, source: str, instrument: str) -> list[Fact]:
        facts = self._fresh()
        intake.reject(self, "market_data_unlisted", source, instrument)
        return facts

    def _fresh(self) -> list[Fact]:
        self._facts = []
        return self._facts

    def _wire_hooks(self) -> None:
        """Who is asked about what. A strategy that was stopped is not called at all until a person resumes."""
        stopped = self.state.stopped
        for hook in HOOKS:
            self.hooks[hook] = [
                (index, strategy.name, getattr(strategy, hook))
                for index, strategy in enumerate(self.strategies)
                if hasattr(strategy, hook) and strategy.name not in stopped
            ]
        self._on_quote, self._on_bar = self.hooks["on_quote"], self.hooks["on_bar"]


# A handler takes exactly its input's type, which the table's own type cannot say.
HANDLERS: dict[type, Callable[[Desk, Any], None]] = {
    inputs.InstrumentSeen: intake.instrument_seen,
    inputs.StreamProven: intake.stream_proven,
    inputs.ForecastSeen: intake.forecast_seen,
    inputs.PhaseSeen: intake.phase_seen,
    inputs.RejectionSeen: intake.rejection_seen,
    inputs.SendAnswered: answers.send_answered,
    inputs.EvidenceSeen: answers.evidence_seen,
    inputs.CancelAnswered: answers.cancel_answered,
    inputs.OrderClosedSeen: answers.order_closed_seen,
    inputs.FillSeen: answers.fill_seen,
    inputs.CorrectionSeen: answers.correction_seen,
    inputs.SettlementSeen: account.settlement_seen,
    inputs.CashSeen: account.cash_seen,
    inputs.AccountSeen: account.account_seen,
    inputs.TimePassed: control.time_passed,
    inputs.LedgerOpening: control.ledger_opening,
    inputs.DeskStarting: control.desk_starting,
    inputs.DeskStopping: control.desk_stopping,
    inputs.HaltAsked: control.halt_asked,
    inputs.ResumeAsked: control.resume_asked,
    inputs.CancelAsked: control.cancel_asked,
}
