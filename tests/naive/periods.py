"""Losses by day, week and month, and the fall from the peak: from lists of marks and transfers."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tests.naive.arithmetic import ONE, down
from tests.naive.books import DAY, Books

# Period, the cause that halts for it, the limits that stand for it: an amount and a part.
PERIODS = (
    ("day", "daily_loss", "daily_loss_max", "daily_loss_fraction_max"),
    ("week", "weekly_loss", "weekly_loss_max", "weekly_loss_fraction_max"),
    ("month", "monthly_loss", "monthly_loss_max", "monthly_loss_fraction_max"),
)
# Causes that the calendar clears.
CALENDAR = {cause: period for period, cause, _, _ in PERIODS} | {"loss_streak": "day"}


def period_of(name: str, ts: int) -> tuple[int, ...]:
    """Which day, week (from Monday) or month of UTC a time lies in."""
    return _period_of_day(name, ts // DAY)


@lru_cache(maxsize=4096)
def _period_of_day(name: str, day: int) -> tuple[int, ...]:
    then = datetime.fromtimestamp(day * DAY // 10**9, UTC)
    if name == "day":
        return (then.year, then.month, then.day)
    return tuple(then.isocalendar())[:2] if name == "week" else (then.year, then.month)


def lost_in(books: Books, name: str, now: int) -> tuple[int, int] | None:
    """What the period has lost, and what it began with: the last worth known before its first mark."""
    equity = books.equity()
    if equity is None:
        return None
    last = len(books.marks) - 1
    first = last + 1
    while first > 0 and period_of(name, books.marks[first - 1][1]) == period_of(name, now):
        first -= 1
    if first > last:
        return 0, equity
    place, _, base = books.marks[first]
    if first:
        before, _, known = books.marks[first - 1]
        base = known + sum(amount for at, amount in books.transfers if before < at < place)
    base += books.moved_since(place)
    return base - equity, base


def may_lose(limits: Any, amount_key: str, part_key: str, base: int) -> int:
    """The amount, or the part of what the period began with where that is less."""
    part = getattr(limits, part_key)
    amount: int = getattr(limits, amount_key)
    return amount if part >= ONE else min(amount, down(max(0, base) * part, ONE))


def fall(books: Books) -> tuple[int, int] | None:
    """How far below its highest worth the account stands, transfers aside, and that worth."""
    equity = books.equity()
    if equity is None or not books.peaks:
        return None
    peak = max(worth + books.moved_since(place) for place, worth in books.peaks)
    return peak - equity, peak


def crossed(books: Books, limits: Any, now: int) -> set[str]:
    """The causes for which a cycle has to halt."""
    causes = set()
    for name, cause, amount_key, part_key in PERIODS:
        lost = lost_in(books, name, now)
        if lost is not None and lost[0] >= max(1, may_lose(limits, amount_key, part_key, lost[1])):
            causes.add(cause)
    fallen, part = fall(books), limits.drawdown_fraction_max
    if fallen is not None and part < ONE and fallen[0] > 0 and fallen[0] * ONE >= part * fallen[1]:
        causes.add("drawdown")
    if books.streak >= limits.losing_streak_max:
        causes.add("loss_streak")
    return causes
