"""What stops the desk, as its pages tell: what each level forbids, who ends which halt, which rule says no for it.

A halt is ended by a person, by the calendar, by the switch that set it, or by quiet. Quiet ends what passed; what keeps
coming back within an hour waits for a person.
"""

from typing import Any, NamedTuple

from tests.naive.books import HOUR, Books

MINUTE = HOUR // 60
SWITCH = "kill_switch_guard"
# What each level forbids: reducing forbids entries, halted all but cancels, locked everything.
FORBIDDEN = {
    0: frozenset(), 1: frozenset(("open",)), 2: frozenset(("open", "close", "claim")),
    3: frozenset(("open", "close", "claim", "cancel")),
}  # fmt: skip


class Cause(NamedTuple):
    """How strict it is, who ends it, how long a quiet it takes, and from which time within an hour on a person."""

    level: int
    ends: str = "person"
    quiet: int = 0
    latches_at: int = 0


CAUSES = {
    SWITCH: Cause(2, "switch"),
    "operator": Cause(2),
    "discrepancy": Cause(2),
    "unknown_overdue": Cause(2),
    "inbox_overflow": Cause(2),
    "foreign_fill": Cause(2),
    "venue_auth": Cause(2),
    "venue_contract": Cause(1),
    "order_group_triggered": Cause(2),
    "venue_clock": Cause(1, "quiet", MINUTE, 3),
    "late_fill": Cause(1),
    "strategy_stopped": Cause(1),
    "strategy_repeats": Cause(3),
    "strange_fill": Cause(1),
    "settlement_changed": Cause(1),
    "invariant_broken": Cause(2),
    "books_overdue": Cause(1, "quiet", MINUTE),
    "account_unavailable": Cause(1, "quiet", MINUTE, 5),
    "stale_data": Cause(1, "quiet", MINUTE, 5),
    "drawdown": Cause(1),
    "daily_loss": Cause(1, "day"),
    "weekly_loss": Cause(1, "week"),
    "monthly_loss": Cause(1, "month"),
    "loss_streak": Cause(1, "day"),
    "unprotected": Cause(1),
    "mark_missing": Cause(1, "quiet", 5 * MINUTE),
    "clock_jump": Cause(1, "quiet", 5 * MINUTE, 3),
}
# The halts that are not left to the rule of the level, and the rules that say no for them.
SPEAKS = {
    SWITCH: SWITCH,
    "daily_loss": "daily_loss_guard",
    "weekly_loss": "weekly_loss_exceeded",
    "monthly_loss": "monthly_loss_exceeded",
    "loss_streak": "consecutive_loss_pause",
}
# How a fact writes who ends a halt.
WRITTEN = {
    "person": "human", "switch": "switch", "quiet": "clear_for",
    "day": "next_day", "week": "next_week", "month": "next_month",
}  # fmt: skip
# Kept alive by what the process remembers of the comparisons of books, which no record tells of.
UNSEEN = frozenset(("books_overdue",))


def level(books: Books, now: int) -> int:
    """The strictest of the halts that nobody has set aside at this moment."""
    return max((halt.level for halt in books.halts.values() if halt.aside_until <= now), default=0)


def spoken_for(books: Books, rule: str, now: int) -> int:
    """The strictest level for which this rule has to say no."""
    mine = [halt for cause, halt in books.halts.items() if SPEAKS.get(cause, "level") == rule]
    return max((halt.level for halt in mine if halt.aside_until <= now), default=0)


def forbids_entries(books: Books, rule: str, now: int) -> bool:
    return "open" in FORBIDDEN[spoken_for(books, rule, now)]


def wanted(books: Books) -> set[str]:
    """Rules that have to answer although all their limits may be off."""
    return {SPEAKS.get(cause, "level") for cause in books.halts}


def due(books: Books, cause: str, now: int, *, with_exits: bool = False) -> tuple[int, str]:
    """The level of a halt that is raised now, and who will end it."""
    known = CAUSES[cause]
    lately = [ts for ts in books.raised.get(cause, ()) if now - ts < HOUR]
    latched = known.latches_at > 0 and len(lately) + 1 >= known.latches_at
    level = 1 if cause == SWITCH and with_exits else known.level
    return level, WRITTEN["person" if latched else known.ends]


def may_be_resumed(books: Books, cause: str, *, factor: bool) -> bool:
    """By a named person with a reason, and a second factor where the limits ask for one: the books equal since, and no
    order whose fate nobody knows."""
    if books.limits.second_factor_to_resume and not factor:
        return False
    halt = books.halts.get(cause)
    unknown = any(order.status == "unknown" for order in books.open_orders())
    return (
        halt is not None and halt.reset == "human" and not unknown and books.matched > max(halt.place, books.differed)
    )


class Faults:
    """When each passing fault was last heard of by this process. Gone at a restart."""

    def __init__(self) -> None:
        self.heard: dict[str, int] = {}
        self.blind = False

    def read(self, inp: Any, now: int, *, unpriced: bool) -> None:
        kind = type(inp).__name__
        if kind == "HaltAsked":
            self.heard[inp.cause if inp.cause in CAUSES else "operator"] = now
        elif kind in ("AccountSeen", "AccountUnavailable"):
            self.blind = kind == "AccountUnavailable"
        if self.blind and kind in ("AccountUnavailable", "TimePassed"):
            self.heard["account_unavailable"] = now
        if unpriced and kind == "TimePassed":
            self.heard["mark_missing"] = now

    def over(self, books: Books, cause: str, now: int) -> bool:
        """Whether it has stayed away for long enough since it was raised, heard of or this process began."""
        halt = books.halts[cause]
        since = max(self.heard.get(cause, 0), halt.ts, books.started_ts)
        return halt.reset == "clear_for" and now - since >= CAUSES[cause].quiet
