"""The table of what becomes of an order and of a cancel, as a page shows it: from the very data of its test."""

from docs.markers import table
from tests.live.outcome_table import CANCEL, CANCEL_LATE, CANCEL_PART, FILLS, PART, RESTS, ROWS, Outcome


def fates_of_orders() -> str:
    """What is recorded behind the release of an order."""
    return _fates((FILLS, PART, RESTS))


def fates_of_cancels() -> str:
    """What is recorded of an order from the moment at which its cancel was asked for."""
    return _fates((CANCEL, CANCEL_PART, CANCEL_LATE))


def _fates(asked: tuple[str, ...]) -> str:
    """Rows that are the same for what was asked are one."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for row in ROWS:
        if row.outcomes.keys() & set(asked):
            rows.setdefault(tuple(_cell(row.outcomes[what]) for what in asked), []).extend(row.faults)
    return table(("what goes wrong", *asked), [("; ".join(faults), *cells) for cells, faults in rows.items()])


def _cell(outcome: Outcome) -> str:
    heard, silent = " → ".join(outcome.heard), " → ".join(outcome.silent)
    return heard if heard == silent else f"{heard} *or* {silent}"
