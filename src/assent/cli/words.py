"""What a terminal shows: the words that every view of a desk shares, and tables of them."""

from collections.abc import Iterable, Sequence

from assent.model.words import NOTHING, cents, clipped, in_unit, line, money, plain, price, share, span, when

__all__ = [
    "NOTHING", "cents", "clipped", "in_unit", "line", "money", "plain", "price", "share", "span", "table", "when",
]  # fmt: skip


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
