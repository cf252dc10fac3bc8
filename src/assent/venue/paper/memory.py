"""The account as the ledger left it: what a paper exchange starts from."""

from assent.desk.state import State
from assent.venue.paper.adapter import Remembered

# What may still rest. An order whose answer a crash took is not among them: it never arrived (see `adapter`).
_RESTS = frozenset(("working", "quarantined"))


def remembered(state: State, *, opening_cash: int) -> Remembered:
    """Of a ledger without a first comparison of books, the account is opened with `opening_cash`."""
    fresh = state.matched_ts is None and not state.cash
    return Remembered(
        cash=opening_cash if fresh else state.cash,
        positions=tuple((name, position.qty) for name, position in state.positions.items() if position.qty),
        resting=tuple((each.order, each.filled) for each in state.orders.values() if each.status in _RESTS),
        paid=tuple((name, outcome.qty, outcome.value) for name, outcome in state.archive.outcomes.items()),
    )
