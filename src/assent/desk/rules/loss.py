"""How much was lost already, and whether there is still enough to trade with. Equity as last marked, never soft.

What the idea itself may lose is added, so that one more trade cannot take a period past its limit.
"""

from assent.desk import halts, worth
from assent.desk.candidate import Candidate
from assent.model.intents import Check
from assent.model.levels import ALLOWED


def daily_loss(candidate: Candidate) -> Check:
    return _loss("daily_loss_guard", candidate, 0)


def weekly_loss(candidate: Candidate) -> Check:
    return _loss("weekly_loss_exceeded", candidate, 1)


def monthly_loss(candidate: Candidate) -> Check:
    return _loss("monthly_loss_exceeded", candidate, 2)


def losing_streak(candidate: Candidate) -> Check:
    """From the losing trade on, until the halt that the next cycle raises for it is over."""
    seal = candidate.state.seal
    if not candidate.opens:
        return Check("consecutive_loss_pause", True)
    if seal is None:
        return Check("consecutive_loss_pause", False)
    measured, limit = candidate.state.worth.streak, seal.constitution.losing_streak_max
    ok = measured < limit and not _halted("consecutive_loss_pause", candidate)
    return Check("consecutive_loss_pause", ok, measured, limit)


def cool_down(candidate: Candidate) -> Check:
    seal, lost_ts = candidate.state.seal, candidate.state.worth.loss_ts
    if not candidate.opens or (seal is not None and lost_ts is None):
        return Check("cooldown_active", True)
    if seal is None or lost_ts is None:
        return Check("cooldown_active", False)
    measured, limit = candidate.now - lost_ts, seal.constitution.cool_down_min
    return Check("cooldown_active", measured >= limit, measured, limit)


def capital(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("capital", True)
    seal, equity = candidate.state.seal, worth.equity_now(candidate.state)
    if seal is None or equity is None:
        return Check("capital", False)
    limit = seal.constitution.capital_min
    return Check("capital", equity >= limit, equity, limit)


def _loss(code: str, candidate: Candidate, row: int) -> Check:
    if not candidate.opens:
        return Check(code, True)
    name, _, amount_key, part_key = worth.LOSSES[row]
    state, risk = candidate.state, candidate.worst_loss
    lost = worth.loss_of(state, name, candidate.now)
    if state.seal is None or lost is None or risk is None:
        return Check(code, False)
    limit = worth.most_lost(state.seal.constitution, amount_key, part_key, lost.baseline)
    measured = max(0, lost.amount) + risk
    ok = measured <= limit and lost.amount < limit and not _halted(code, candidate)
    return Check(code, ok, measured, limit)


def _halted(code: str, candidate: Candidate) -> bool:
    """Whether the halt for it stands: it outlasts a price that has come back."""
    return "open" not in ALLOWED[halts.spoken_for(candidate.state, code, candidate.now)]
