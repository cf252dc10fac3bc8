"""Long lists in pages of a size that a phone can show, newest first, by plain links. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlencode

from assent.console.reading.views import Intents
from assent.desk.intent_rows import STATUSES, IntentRow

ROWS_A_PAGE: Final = 50
PAGES_MAX: Final = 10_000
FIND_MAX: Final = 120

Row = TypeVar("Row")


class Pager(NamedTuple):
    """Where this page lies in the list. An empty address: there is no such page."""

    newer: str
    older: str
    words: str


class Listed(NamedTuple):
    """What is shown of the intents, and by which wishes."""

    rows: tuple[IntentRow, ...]
    pager: Pager
    status: str
    type: str
    find: str


def page_of(rows: Sequence[Row], said: Mapping[str, str], path: str) -> tuple[tuple[Row, ...], Pager]:
    """One page of rows that stand oldest first; `said` is the query, of which `page` counts from 1."""
    number = page_number(said.get("page", ""))
    last = max(1, -(-len(rows) // ROWS_A_PAGE))
    number = min(number, last)
    end = len(rows) - (number - 1) * ROWS_A_PAGE
    shown = tuple(reversed(rows[max(0, end - ROWS_A_PAGE) : max(0, end)]))
    kept = {name: value for name, value in said.items() if name != "page" and value}

    def address(wanted: int) -> str:
        return f"{path}?{urlencode({**kept, 'page': str(wanted)})}"

    pager = Pager(
        address(number - 1) if number > 1 else "", address(number + 1) if number < last else "",
        f"page {number} of {last}, {len(rows):,} in all",
    )  # fmt: skip
    return shown, pager


def page_number(said: str) -> int:
    """What was asked for, or the first page where that is no number of a page."""
    return max(1, min(PAGES_MAX, int(said))) if said.isascii() and said.isdigit() and len(said) < 10 else 1


def intents_listed(intents: Intents, said: Mapping[str, str], path: str) -> Listed:
    """Those that fit all wishes; a wish that names nothing known is no wish."""
    status = said.get("status", "") if said.get("status") in STATUSES else ""
    kind = said.get("type", "")
    find = said.get("find", "").strip()[:FIND_MAX]
    wanted = find.casefold()
    fitting = [
        row
        for row in intents.rows
        if (not status or row.status == status)
        and (not kind or row.type == kind)
        and (not wanted or _names(row, wanted))
    ]
    kept = {"status": status, "type": kind, "find": find, "page": said.get("page", "")}
    rows, pager = page_of(fitting, kept, path)
    return Listed(rows, pager, status, kind, find)


def _names(row: IntentRow, wanted: str) -> bool:
    return any(
        wanted in text.casefold()
        for text in (row.code, row.intent_id, row.order_id, row.instrument, row.strategy, row.words, row.reason)
    )
