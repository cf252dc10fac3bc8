"""The one door: an input goes in with its time, facts come out.

Everything that decides is reached from here; everything durable changes through `emit`, which folds each fact into the
state as it is stated. The desk reads no clock, does no I/O and draws no random number: the same inputs at the same
times give the same facts, in paper, in live, in replay and in a simulation.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from assent.desk import (
    account,
    adopting,
    amending,
    answers,
    assenting,
    control,
    cycle,
    exits,
    intake,
    looked,
    observing,
    overriding,
    permit,
    proposing,
)
from assent.desk.context import Cell, Context
from assent.desk.fold import evolve
from assent.desk.strategy import Strategy
from assent.model import inputs
from assent.model.assents import AssentSeen
from assent.model.errors import require
from assent.model.facts import Fact
from assent.model.inputs import BarSeen, Input, QuoteSeen, bar_fault
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.settling import AdoptionAsked, CloseAsked, ResolutionAsked

NOTHING: list[Fact] = []


class Desk(Context):
    """One instance for one account in one mode."""

    def __init__(self, strategies: Sequence[Strategy] = (), *, cell: Cell | None = None) -> None:
        super().__init__(strategies, cell=cell)
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
                return self._rejected("market_data_unlisted", "quote", inp.instrument)
            market.quote, hooks = inp, self.on_quote
        elif type(inp) is BarSeen:
            market = self.markets.get(inp.instrument)
            if market is None:
                return self._rejected("market_data_unlisted", "bar", inp.instrument)
            fault = bar_fault(market.instrument, inp)
            if fault:
                return self._rejected(fault, "bar", inp.instrument)
            market.bar, hooks = inp, self.on_bar
        else:
            facts = self._facts = []
            self._handlers[type(inp)](self, inp)
            return facts
        facts = NOTHING
        if self.guards:
            guard = self.guards.get(inp.instrument)
            if guard is not None and guard.watched:
                facts = self._fresh()
                exits.look(self, market, guard)
        for index, name, hook in hooks:
            self.cell.value = index
            try:
                proposals = hook(self.view, inp)
            except BaseException as error:  # boundary: its owner's code may raise anything; see `a_fault`
                proposing.a_fault(error)
                facts = facts or self._fresh()
                proposing.stop(self, name, "strategy_exception", error)
                continue
            if proposals is not None:
                facts = facts or self._fresh()
                proposing.take(self, name, proposals)
        return facts

    def permit(self, order_id: str, now: int, digest: str) -> str | None:
        """Why an order of this name, whose bytes have this digest, must not be sent now, or None. Asked in the same
        step as the send."""
        return permit.obstacle(self.state, order_id, now, digest)

    def permit_cancel(self, order_id: str, venue_order_id: str, instrument: str) -> str | None:
        """Why bytes that take this order of the venue's off must not be sent, or None."""
        return permit.cancel_obstacle(self.state, order_id, venue_order_id, instrument)

    def restore(self, records: Iterable[tuple[int, Fact]]) -> None:
        """Fold ledger records back into a desk that has not decided anything yet: the same road as running."""
        require(not self.markets, "restore_needs_a_fresh_desk", seq=self.state.seq)
        state = self.state
        for ts, fact in records:
            evolve(state, ts, fact)
        self.now = state.ts
        self.wire_hooks()

    def _rejected(self, code: str, source: str, instrument: str) -> list[Fact]:
        facts = self._fresh()
        intake.reject(self, code, source, instrument)
        return facts

    def _fresh(self) -> list[Fact]:
        self._facts = []
        return self._facts


def _starting(desk: Desk, inp: inputs.DeskStarting) -> None:
    control.desk_starting(desk, inp)
    looked.start(desk)
    assenting.start(desk)


def _cancelling(desk: Desk, inp: inputs.CancelAsked) -> None:
    control.cancel_asked(desk, inp)
    observing.cancel_asked(desk, inp)


# A handler takes exactly its input's type, which the table's own type cannot say.
HANDLERS: dict[type, Callable[[Desk, Any], None]] = {
    inputs.InstrumentSeen: intake.instrument_seen,
    inputs.QuoteLost: intake.quote_lost,
    inputs.StreamProven: intake.stream_proven,
    inputs.ForecastSeen: intake.forecast_seen,
    inputs.PhaseSeen: intake.phase_seen,
    inputs.RejectionSeen: intake.rejection_seen,
    inputs.LookAnswered: looked.look_answered,
    inputs.SendAnswered: answers.send_answered,
    inputs.EvidenceSeen: answers.evidence_seen,
    inputs.CancelAnswered: answers.cancel_answered,
    inputs.OrderClosedSeen: answers.order_closed_seen,
    inputs.FillSeen: answers.fill_seen,
    inputs.CorrectionSeen: answers.correction_seen,
    inputs.SettlementSeen: account.settlement_seen,
    inputs.CashSeen: account.cash_seen,
    inputs.AccountSeen: account.account_seen,
    inputs.AccountUnavailable: account.account_unavailable,
    inputs.TimePassed: cycle.time_passed,
    inputs.LedgerOpening: control.ledger_opening,
    inputs.ConstitutionOffered: amending.constitution_offered,
    inputs.AmendmentAsked: amending.amendment_asked,
    inputs.DeskStarting: _starting,
    inputs.DeskStopping: control.desk_stopping,
    inputs.HaltAsked: control.halt_asked,
    inputs.KillSwitchSeen: control.kill_switch_seen,
    inputs.ResumeAsked: control.resume_asked,
    inputs.CancelAsked: _cancelling,
    AdoptionAsked: adopting.adoption_asked,
    ResolutionAsked: adopting.resolution_asked,
    CloseAsked: adopting.close_asked,
    AssentSeen: assenting.assent_seen,
    OverrideAsked: overriding.override_asked,
    OverrideEndAsked: overriding.end_asked,
}
