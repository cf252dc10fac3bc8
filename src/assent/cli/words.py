"""What a terminal shows: the words that every view of a desk shares, and tables of them."""

from collections.abc import Iterable, Sequence
from typing import Final

from assent.model.units import SECOND
from assent.model.words import NOTHING, cents, clipped, in_unit, line, money, plain, price, share, span, when

__all__ = [
    "NOTHING", "cents", "clipped", "in_unit", "line", "money", "plain", "price", "share", "span", "table", "time_left",
    "when",
]  # fmt: skip
MINUTES_FROM: Final = 120


def time_left(ns: int) -> str:
    """For how long an answer still counts, to the second, since the last ones matter; a begun one counts as whole."""
    seconds = max(0, -(-ns // SECOND))
    return f"{seconds} s" if seconds < MINUTES_FROM else f"{seconds // 60} min {seconds % 60} s"


def table(rows: Iterable[Sequence[str]], *, head: Sequence[str] = (), right: Iterable[int] = ()) -> list[str]:
    """Aligned lines; the columns whose numbers are in `right` are aligned there. Cells are made inert."""
    cells = [[line(cell) for cell in row] for row in ([head] if head else []) + list(rows)]
    if not cells:
        return []
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    to_right = frozenset(right)
    return [
        "  ".join(
            cell.rjust(width) if column in to_right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
