"""What a finished day leaves in a member's history, written down so that it need not be lived through again."""

from assent.exchange.accounts import History
from assent.exchange.groups import Group
from assent.exchange.journal import DayEntry
from assent.exchange.types import MarketView

Marks = tuple[int, ...]


def marks_of(history: History) -> Marks:
    """How long each of its lists is: what a day begins with."""
    lists = (
        history.consumed, history.orders, history.fills, history.settlements, history.corrections, history.transfers,
        history.changes,
    )  # fmt: skip
    return tuple(len(each) for each in lists)


def day_entry(
    day: int, cash: int, fees_paid: int, history: History, begun: Marks, markets: tuple[MarketView, ...]
) -> DayEntry:
    """All that came to the history since the day had `begun`."""
    consumed, orders, fills, settlements, corrections, transfers, changes = begun
    return DayEntry(
        day=day,
        cash=cash,
        fees_paid=fees_paid,
        consumed=tuple(history.consumed)[consumed:],
        orders=tuple(history.views()[orders:]),
        fills=tuple(history.fills[fills:]),
        settlements=tuple(history.settlements[settlements:]),
        corrections=tuple(history.corrections[corrections:]),
        transfers=tuple(history.transfers[transfers:]),
        changes=tuple(history.changes[changes:]),
        markets=markets,
        groups=tuple(group.view() for group in history.groups.values()),
    )


def restore(history: History, entry: DayEntry) -> None:
    """Take over what was written down about an earlier day."""
    history.restore(
        entry.consumed, entry.orders, entry.fills, entry.settlements, entry.corrections, entry.transfers,
        entry.changes,
    )  # fmt: skip
    history.groups = {view.group: Group.of(view) for view in entry.groups}
