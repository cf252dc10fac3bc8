"""Rules about what was lost already, and whether there is still enough to trade with."""

from collections.abc import Callable

from tests.naive import halts, periods
from tests.naive.idea import UNJUDGED, Answer, Idea, at_least


def capital(idea: Idea) -> Answer:
    equity = idea.books.equity()
    return UNJUDGED if equity is None else at_least(equity, idea.limits.capital_min)


def loss_of(number: int, code: str) -> Callable[[Idea], Answer]:
    name, _, amount_key, part_key = periods.PERIODS[number]

    def rule(idea: Idea) -> Answer:
        lost = periods.lost_in(idea.books, name, idea.now)
        if lost is None or idea.size.loss is None:
            return UNJUDGED
        limit = periods.may_lose(idea.limits, amount_key, part_key, lost[1])
        risked = max(0, lost[0]) + idea.size.loss
        halted = halts.forbids_entries(idea.books, code, idea.now)
        return lost[0] < limit and risked <= limit and not halted, risked, limit

    return rule


daily = loss_of(0, "daily_loss_guard")
weekly = loss_of(1, "weekly_loss_exceeded")
monthly = loss_of(2, "monthly_loss_exceeded")


def streak(idea: Idea) -> Answer:
    halted = halts.forbids_entries(idea.books, "consecutive_loss_pause", idea.now)
    return (
        idea.books.streak < idea.limits.losing_streak_max and not halted,
        idea.books.streak,
        idea.limits.losing_streak_max,
    )


def cool_down(idea: Idea) -> Answer:
    lost = idea.books.lost_ts
    return (True, None, None) if lost is None else at_least(idea.now - lost, idea.limits.cool_down_min)
