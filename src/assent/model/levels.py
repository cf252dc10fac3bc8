"""How far the desk may go, and the causes that lower it: one table each.

A halt has a cause; the cause fixes the level and names the reset. The desk's level is the strictest of its halts.

A cause that clears by itself is a passing fault once or twice. One that keeps coming back is a fault that does not
pass: at its n-th time within a while the same cause waits for a person (`LATCHES`).
"""

from enum import IntEnum
from typing import Literal, NamedTuple

from assent.model.intents import Action
from assent.model.units import HOUR, MINUTE

# No override lasts longer. Who needs more of it says so again, with another proof.
OVERRIDE_MAX = 60 * MINUTE


class Level(IntEnum):
    """Larger is stricter."""

    TRADING = 0
    REDUCING = 1
    HALTED = 2
    LOCKED = 3


# What each level still lets the desk release. Locked: nothing without a human.
ALLOWED: dict[Level, frozenset[Action]] = {
    Level.TRADING: frozenset(("open", "close", "cancel", "claim")),
    Level.REDUCING: frozenset(("close", "cancel", "claim")),
    Level.HALTED: frozenset(("cancel",)),
    Level.LOCKED: frozenset(),
}

Reset = Literal["human", "next_day", "next_week", "next_month", "clear_for", "switch"]
# Resets by the calendar, and the period whose next one they wait for.
CALENDAR: dict[str, str] = {"next_day": "day", "next_week": "week", "next_month": "month"}


class Cause(NamedTuple):
    """Why the desk is halted. `quiet_ns` is how long a `clear_for` cause must stay away. `rule` is the rule that says
    no for it, so that a refusal names what really stands in the way. `overridable`: see `OVERRIDABLE`."""

    code: str
    level: Level
    reset: Reset
    sentence: str
    quiet_ns: int = 0
    rule: str = "level"

    @property
    def overridable(self) -> bool:
        return self.code in OVERRIDABLE


# Halts that a named person may set aside for a while: the trouble is known, is not in our books, our keys or our own
# code, and every rule that judges an idea by numbers goes on judging it. All others never are, and a new cause is not
# until it is written down here:
# - books: `discrepancy`, `unknown_overdue`, `foreign_fill`, `late_fill`, `strange_fill`, `settlement_changed`,
#   `books_overdue`, `account_unavailable`, `venue_contract`. What is held, owed or resting may not be what we think,
#   and every limit is counted on it.
# - keys: `venue_auth`. Nothing would be taken from us anyway, and somebody may be using or changing the key.
# - our own bugs: `invariant_broken`, `inbox_overflow`, `strategy_repeats`. Code that broke its promise cannot promise
#   that the override ends.
# - clocks: `clock_jump`, `venue_clock`. The end of an override is told by the very clock that is in doubt.
# - `unprotected`: a position stood without its stop, so no entry's worst loss is what its rules counted with.
# - `order_group_triggered`: the venue takes no order until a resume has opened the group again.
# - `loss_streak`: the rule that counts lost trades says no by itself until the halt is over; there is nothing to gain.
# - `kill_switch_guard`: who set the switch clears it, and nobody else.
OVERRIDABLE = frozenset(
    (
        "operator",
        "strategy_stopped",  # the strategy itself stays stopped: the others go on without it
        "stale_data",  # an idea still needs a quote that was proven a moment ago
        "mark_missing",  # the last mark stands, and the worst loss does not hang on it
        "drawdown",
        # Their rules still refuse whatever would pass the limit: only what was won back may be used.
        "daily_loss",
        "weekly_loss",
        "monthly_loss",
    )
)

_CAUSES = (
    Cause(
        "kill_switch_guard",
        Level.HALTED,
        "switch",
        "The kill switch is set, in the environment or as a file; `REDUCING` where it allows exits.",
        rule="kill_switch_guard",
    ),
    Cause("operator", Level.HALTED, "human", "A person asked for it."),
    Cause(
        "discrepancy",
        Level.HALTED,
        "human",
        "Our books and the venue's differ; see where with `assent reconcile show`, then accept or settle it.",
    ),
    Cause("unknown_overdue", Level.HALTED, "human", "An order's fate could not be learned in time."),
    Cause(
        "venue_auth",
        Level.HALTED,
        "human",
        "The venue refused our key or signature; mend key, scope, region or clock, then resume.",
    ),
    Cause(
        "venue_clock",
        Level.REDUCING,
        "clear_for",
        "The venue refused a request for its time: it was too long on its way, or the machine's clock is wrong.",
        MINUTE,
    ),
    Cause(
        "venue_contract",
        Level.REDUCING,
        "human",
        "The venue answered in a way that its own description does not allow; see what changed before trading on.",
    ),
    Cause(
        "order_group_triggered",
        Level.HALTED,
        "human",
        "More was matched at once than the order group allows: the venue took all orders off and takes no more.",
    ),
    Cause("inbox_overflow", Level.HALTED, "human", "More came in than may be dropped; start again after a look."),
    Cause(
        "foreign_fill",
        Level.HALTED,
        "human",
        "Somebody else trades on this account; stop whoever it is (a second desk, a person), then look with "
        "`assent reconcile show` and accept.",
    ),
    Cause("late_fill", Level.REDUCING, "human", "A closed order was filled after all; look at it."),
    Cause("strategy_stopped", Level.REDUCING, "human", "A strategy broke its contract and was stopped."),
    Cause(
        "strategy_repeats",
        Level.LOCKED,
        "human",
        "A strategy brought the process down three times on one input.",
    ),
    Cause(
        "strange_fill",
        Level.REDUCING,
        "human",
        "A fill was worse than its order allowed, paid us a fee, or its correction left a position that nobody opened.",
    ),
    Cause("settlement_changed", Level.REDUCING, "human", "The venue changed an outcome that was paid out; look at it."),
    Cause(
        "invariant_broken",
        Level.HALTED,
        "human",
        "A promise of our own code did not hold: the process ended, or what was to leave was not what was released.",
    ),
    Cause("books_overdue", Level.REDUCING, "clear_for", "The books could not be compared for too long.", MINUTE),
    Cause("account_unavailable", Level.REDUCING, "clear_for", "The venue's own books cannot be read.", MINUTE),
    Cause("stale_data", Level.REDUCING, "clear_for", "Nothing at all came from the venue's feed for too long.", MINUTE),
    Cause("drawdown", Level.REDUCING, "human", "Equity fell from its peak by as much as it may."),
    Cause("daily_loss", Level.REDUCING, "next_day", "The day's loss reached its limit.", rule="daily_loss_guard"),
    Cause(
        "weekly_loss", Level.REDUCING, "next_week", "The week's loss reached its limit.", rule="weekly_loss_exceeded"
    ),
    Cause(
        "monthly_loss",
        Level.REDUCING,
        "next_month",
        "The month's loss reached its limit.",
        rule="monthly_loss_exceeded",
    ),
    Cause(
        "loss_streak",
        Level.REDUCING,
        "next_day",
        "As many trades in a row were lost as may be.",
        rule="consecutive_loss_pause",
    ),
    Cause("unprotected", Level.REDUCING, "human", "A filled entry stood without its stop; it is being closed."),
    Cause("mark_missing", Level.REDUCING, "clear_for", "A position has no bid to be valued at.", 5 * MINUTE),
    Cause("clock_jump", Level.REDUCING, "clear_for", "The machine's clock jumped.", 5 * MINUTE),
)

CAUSES: dict[str, Cause] = {cause.code: cause for cause in _CAUSES}


class Latch(NamedTuple):
    """Raised so often within this time, the cause waits for a person."""

    times: int
    within_ns: int


# `mark_missing` is not here: in event markets the losers lose their bid at the end of every ordinary day. That is the
# market's way to end and no fault of ours or of the venue; a person could do nothing about it. Nor is `books_overdue`:
# an order whose fate is not known waits for a person by itself (`unknown_overdue`), and what else keeps the books from
# being compared is a desk that trades without a pause.
LATCHES: dict[str, Latch] = {
    "account_unavailable": Latch(5, HOUR),
    "stale_data": Latch(5, HOUR),
    "clock_jump": Latch(3, HOUR),
    "venue_clock": Latch(3, HOUR),
}
