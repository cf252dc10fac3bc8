"""Losses that halt: a day's, a week's, a month's, a drawdown, a streak. Looked at in each cycle, on a fresh mark.

What a calendar ends is cleared here as well: at the first cycle of the next day, week or month the halt is lifted and
recorded, so that a desk left alone trades again after a losing day. A drawdown waits for a person.
"""

from assent.desk import recall, worth
from assent.desk.context import Context
from assent.model.facts import HaltCleared
from assent.model.levels import CALENDAR
from assent.model.units import MICRO, format_money


def watch(desk: Context) -> None:
    """Lift what the calendar has ended, then raise what has been crossed."""
    state, now = desk.state, desk.now
    if state.seal is None:
        return
    for cause, halt in list(state.halts.items()):
        name = CALENDAR.get(halt.reset)
        if name is not None and worth.period(name, now) > worth.period(name, halt.raised_ts):
            desk.emit(HaltCleared(cause=cause, by="desk", reason=f"a new {name} at the venue (UTC)"))
    limits = state.seal.constitution
    for name, cause, amount_key, part_key in worth.LOSSES:
        lost = worth.loss_of(state, name, now)
        if lost is not None and 0 < lost.amount >= worth.most_lost(limits, amount_key, part_key, lost.baseline):
            _halt(desk, cause, f"{format_money(lost.amount)} lost since {format_money(lost.baseline)}")
    drawn, part = worth.drawdown(state), limits.drawdown_fraction_max
    if drawn is not None and part < MICRO and 0 < drawn.amount * MICRO >= part * drawn.baseline:
        _halt(desk, "drawdown", f"{format_money(drawn.amount)} below the peak of {format_money(drawn.baseline)}")
    if state.worth.streak >= limits.losing_streak_max:
        _halt(desk, "loss_streak", f"{state.worth.streak} losing trades in a row")


def _halt(desk: Context, cause: str, detail: str) -> None:
    recall.raise_halt(desk, cause, by="desk", detail=detail)
