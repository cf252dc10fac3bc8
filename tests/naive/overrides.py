"""Setting one halt aside for a while, as the page of halts tells: for which causes, by whom, for how long.

A second factor always; never more than an hour; never beside an order whose fate nobody knows, or books that differ.
"""

from typing import Any

from tests.naive.books import HOUR, Books

MAY_BE = frozenset(
    (
        "operator", "strategy_stopped", "stale_data", "mark_missing", "drawdown", "daily_loss", "weekly_loss",
        "monthly_loss",
    )
)  # fmt: skip
# Measured at each cycle: to be there still is no news, to have gone and come back is.
MEASURED = frozenset(("drawdown", "daily_loss", "weekly_loss", "monthly_loss"))


def in_force(books: Books, cause: str, now: int) -> bool:
    return cause in books.halts and now < books.halts[cause].aside_until


def verdict(books: Books, inp: Any, now: int) -> tuple[str, str]:
    """What has to come of asking: which record, and with which reason."""
    unknown = any(order.status == "unknown" for order in books.open_orders())
    no = (
        (not inp.by.strip() or not inp.reason.strip(), "override_unnamed"),
        (inp.cause not in books.halts, "override_not_halted"),
        (inp.cause not in MAY_BE, "override_forbidden"),
        (inp.life_ns < 1 or inp.life_ns > HOUR, "override_too_long"),
        (not inp.factor, "second_factor_missing"),
        (in_force(books, inp.cause, now), "override_stands"),
        (unknown or books.differed > books.matched, "override_unsettled"),
    )
    code = next((code for holds, code in no if holds), "")
    return ("OverrideRefused", code) if code else ("HaltOverridden", "")


def end_verdict(books: Books, inp: Any, now: int) -> tuple[str, str]:
    """What has to come of taking it back."""
    if not inp.by.strip():
        return "OverrideRefused", "override_unnamed"
    return ("OverrideEnded", "asked") if in_force(books, inp.cause, now) else ("OverrideRefused", "override_none")
