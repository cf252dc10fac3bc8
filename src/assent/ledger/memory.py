"""A ledger that lives as long as its process: for backtests, tests and proofs.

Same chain, same refusals as on disk, no durability. Never used where money moves.
"""

from collections.abc import Iterator, Sequence

from assent.ledger.chain import EMPTY, Entry, Head, Record, Row, extend
from assent.ledger.errors import LedgerUnwritable


class MemoryStore:
    """Rows in a list. They become `Record`s only when somebody reads them."""

    __slots__ = ("_closed", "_head", "_rows")

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._head = EMPTY
        self._closed = False

    def append(self, batch: Sequence[Entry]) -> Head:
        if self._closed:
            raise LedgerUnwritable("This ledger is closed")
        rows, head = extend(self._head, batch)
        self._rows += rows
        self._head = head
        return head

    def head(self) -> Head:
        return self._head

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        end = self._head.seq if last is None else min(last, self._head.seq)
        return map(Record._make, self._rows[max(first, 1) - 1 : max(end, 0)])

    def checkpoint(self) -> None:
        """Nothing to tidy."""

    def close(self) -> None:
        self._closed = True
