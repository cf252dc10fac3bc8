"""The seam between whoever decides and whatever remembers: what every store promises.

A store is durable before `append` returns, is whole or unchanged after it raises, and never edits or forgets.
`contract.py` checks these promises on any implementation; nobody may add one that it does not pass.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from assent.ledger.chain import Entry, Head, Record


class Reader(Protocol):
    """Reads what has been acknowledged; may be one of many."""

    def head(self) -> Head:
        """The last acknowledged record; `chain.EMPTY` when there is none."""
        ...

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """Records `first` to `last`, both included, in order; without `last`, to the head at the time of the call."""
        ...

    def close(self) -> None:
        """Give everything back. May be called twice; writes nothing that `append` did not acknowledge."""
        ...


class Store(Reader, Protocol):
    """The one writer."""

    def append(self, batch: Sequence[Entry]) -> Head:
        """Make the batch durable, whole, in one transaction, and return the new head.

        `EntryRefused`: the batch broke a rule, nothing was written, the store goes on. Any other `LedgerError`: the
        store has stopped and takes no further batch; only a new start may find out what reached the disk.
        """
        ...

    def checkpoint(self) -> None:
        """Housekeeping that costs time and changes no record. Call it when idle."""
        ...
