"""Losses that halt: a day's, a week's, a month's, a drawdown, a streak. Looked at in each cycle, on a fresh mark.

What a calendar ends is cleared here as well: at the first cycle of the next day, week or month the halt is lifted and
recorded, so that a desk left alone trades again after a losing day. A drawdown waits for a person.
"""

from collections.abc import Container

from assent.desk import recall, worth
from assent.desk.context import Context
from assent.desk.state import State
from assent.model.facts import HaltCleared
from assent.model.levels import CALENDAR
from assent.model.units import MICRO, format_money


def watch(desk: Context, before: Container[str]) -> None:
    """Lift what the calendar has ended, then raise what is crossed. What was crossed `before` this cycle's mark is old
    trouble, and leaves an override of it standing; what had come back and crosses again is new."""
    state, now = desk.state, desk.now
    for cause, halt in list(state.halts.items()):
        name = CALENDAR.get(halt.reset)
        if name is not None and worth.period(name, now) > worth.period(name, halt.raised_ts):
            desk.emit(HaltCleared(cause=cause, by="desk", reason=f"a new {name} at the venue (UTC)"))
    for cause, detail in crossed(state, now).items():
        recall.raise_halt(desk, cause, by="desk", detail=detail, new=cause not in before)


def crossed(state: State, now: int) -> dict[str, str]:
    """Every limit of a loss that is reached by the last mark, and by how much."""
    if state.seal is None:
        return {}
    limits, found = state.seal.constitution, {}
    for name, cause, amount_key, part_key in worth.LOSSES:
        lost = worth.loss_of(state, name, now)
        if lost is not None and 0 < lost.amount >= worth.most_lost(limits, amount_key, part_key, lost.baseline):
            found[cause] = f"{format_money(lost.amount)} lost since {format_money(lost.baseline)}"
    drawn, part = worth.drawdown(state), limits.drawdown_fraction_max
    if drawn is not None and part < MICRO and 0 < drawn.amount * MICRO >= part * drawn.baseline:
        found["drawdown"] = f"{format_money(drawn.amount)} below the peak of {format_money(drawn.baseline)}"
    if state.worth.streak >= limits.losing_streak_max:
        found["loss_streak"] = f"{state.worth.streak} losing trades in a row"
    return found
