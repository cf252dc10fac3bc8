"""A list that comes in pages: walked to its end, or known not to be whole.

The venue answers a cursor that it does not know with the first page again, as if nothing were wrong. So the end is
believed only when it was reached by pages that each brought something new. Rows may shift while we walk: one row may
then come twice, and who needs each once looks at its id. A list that others change meanwhile may also lose a row to
the shift; what hangs on a row's absence has to ask twice.
"""

from collections.abc import Hashable
from typing import Final, Generic, NamedTuple, TypeVar

from assent.venue.kalshi.wire import Page, Rejection

T = TypeVar("T")

# With a thousand rows on each, as many orders as one account may have open.
PAGES_MAX: Final = 200


class Rows(NamedTuple, Generic[T]):
    """Every row from the first page to the last, in the venue's order, some perhaps twice. `rejected` rows were there
    and could not be read."""

    rows: tuple[T, ...]
    rejected: tuple[Rejection, ...]


class Incomplete(NamedTuple):
    """The list has more rows than were seen; nothing may be concluded from a row's absence."""

    code: str
    why: str


class Walk(Generic[T]):
    """One walk through one list; `cursor` is where the next page begins, empty for the first."""

    def __init__(self) -> None:
        self.cursor = ""
        self._rows: list[T] = []
        self._rejected: list[Rejection] = []
        self._seen: set[Hashable] = set()
        self._cursors: set[str] = set()
        self._pages = 0

    def take(self, page: Page[T] | Rejection) -> Rows[T] | Incomplete | None:
        """The next page came: the whole list, or why there is none, or None while there are more."""
        if isinstance(page, Rejection):
            return Incomplete(page.code, f"{page.path} {page.detail}".strip())
        fault = self._fault(page)
        if fault is not None:
            return fault
        self._pages += 1
        self._rows += page.rows
        self._rejected += page.rejected
        self._seen.update(page.rows)
        if not page.cursor:
            return Rows(tuple(self._rows), tuple(self._rejected))
        if self._pages >= PAGES_MAX:
            return Incomplete("too_many_pages", f"the list did not end within {PAGES_MAX} pages; ask for less")
        self._cursors.add(page.cursor)
        self.cursor = page.cursor
        return None

    def _fault(self, page: Page[T]) -> Incomplete | None:
        # Rows that shifted come again at a page's beginning; a page whose end is known as well is an old page.
        if page.rows and page.rows[-1] in self._seen:
            return Incomplete("page_repeated", "a page came a second time: the venue no longer knew our cursor")
        if page.cursor in self._cursors:
            return Incomplete("cursor_repeated", "the venue gave the same cursor twice, so the list would never end")
        return None
