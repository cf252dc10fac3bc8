"""What the account was worth: baselines of the day, week and month, the peak, and how trades ended. Never soft.

A period's baseline is the last equity marked before it began, so what was lost overnight counts as today's. The owner's
own transfers shift every baseline and the peak: money taken out is no loss. Periods are the venue's, by UTC; a week
begins on Monday.

A trade lasts from the first fill on an instrument until nothing is held; what it earned is net of fees. A correction
that comes after the end of its trade moves the money, and leaves the count of losses as it was.
"""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import msgspec

from assent.desk.state import FEES, REALISED, Baseline, State
from assent.model.constitution import Constitution
from assent.model.units import DAY, MICRO

_ORDINAL_1970 = 719_163


def _month(day: int) -> int:
    then = date.fromordinal(_ORDINAL_1970 + day)
    return then.year * 12 + then.month


# 1970 began on a Thursday.
PERIODS: dict[str, Callable[[int], int]] = {"day": lambda day: day, "week": lambda day: (day + 3) // 7, "month": _month}


# Period, the cause that it raises, and the limits: an amount, and a part of the baseline.
LOSSES: tuple[tuple[str, str, str, str], ...] = (
    ("day", "daily_loss", "daily_loss_max", "daily_loss_fraction_max"),
    ("week", "weekly_loss", "weekly_loss_max", "weekly_loss_fraction_max"),
    ("month", "monthly_loss", "monthly_loss_max", "monthly_loss_fraction_max"),
)


class Loss(NamedTuple):
    """How much less the account is worth than at the baseline; negative when it has gained."""

    amount: int
    baseline: int


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What is held of one instrument and earned by all, before a fact is folded."""

    held: int
    earned: int


def period(name: str, ts: int) -> int:
    return PERIODS[name](ts // DAY)


def equity_now(state: State) -> int | None:
    """The last mark, with what the owner has moved since; None before the first."""
    return None if state.equity is None else state.equity + state.worth.moved


def loss_of(state: State, name: str, now: int) -> Loss | None:
    """The loss of the period that `now` lies in. Until its first mark nothing is lost."""
    equity = equity_now(state)
    if equity is None:
        return None
    base = state.worth.bases.get(name)
    if base is None or base.period != period(name, now):
        return Loss(0, equity)
    return Loss(base.equity - equity, base.equity)


def most_lost(limits: Constitution, amount_key: str, part_key: str, baseline: int) -> int:
    """The stricter of an amount and a part of the baseline, rounded down."""
    part = getattr(limits, part_key)
    amount: int = getattr(limits, amount_key)
    return amount if part >= MICRO else min(amount, max(0, baseline) * part // MICRO)


def drawdown(state: State) -> Loss | None:
    """How far the account stands below its peak."""
    equity, peak = equity_now(state), state.worth.peak
    return None if equity is None or peak is None else Loss(peak - equity, peak)


def mark(state: State, ts: int, equity: int) -> None:
    """Fold a new mark: new periods get the last known worth as their baseline."""
    worth, before = state.worth, equity_now(state)
    for name in PERIODS:
        base, now = worth.bases.get(name), period(name, ts)
        if base is None or base.period != now:
            worth.bases[name] = Baseline(now, equity if before is None else before)
    worth.peak = equity if worth.peak is None else max(worth.peak, equity)
    worth.moved = 0
    state.equity = equity


def move(state: State, amount: int) -> None:
    """Fold a transfer by the owner."""
    worth = state.worth
    worth.bases = {name: Baseline(base.period, base.equity + amount) for name, base in worth.bases.items()}
    if worth.peak is not None:
        worth.peak += amount
    if state.equity is not None:
        worth.moved += amount


def standing(state: State, instrument: str) -> Standing:
    accounts = state.accounts
    return Standing(state.held(instrument), -accounts[REALISED] - accounts[FEES])


def note_trade(state: State, ts: int, instrument: str, before: Standing) -> None:
    """Fold what a fill, a correction or a settlement did to the trade on one instrument."""
    worth, after, held = state.worth, standing(state, instrument), before.held
    result = worth.trades.pop(instrument, 0) + after.earned - before.earned
    over = held != 0 and (after.held == 0 or (after.held > 0) != (held > 0))
    if over and result < 0:
        worth.streak += 1
        worth.loss_ts = ts
    elif over:
        worth.streak = 0
    if after.held:
        worth.trades[instrument] = 0 if over else result


def restart_trade(state: State, instrument: str, *, held: int, before: int) -> None:
    """Fold that a position became another one without a trade: one that is gone or turned has no result of ours."""
    trades = state.worth.trades
    if not held:
        trades.pop(instrument, None)
    elif not before or (held > 0) != (before > 0):
        trades[instrument] = 0


def halt_cleared(state: State, cause: str) -> None:
    """Whoever clears these begins anew: else the same numbers would halt again at the next cycle."""
    if cause == "drawdown":
        state.worth.peak = equity_now(state)
    elif cause == "loss_streak":
        state.worth.streak = 0
