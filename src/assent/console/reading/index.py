"""Which records belong to an intent, an order, a market, a strategy or a day: the index of `ledger.views`, our copy.

It is read on by and by beside the tail, and a few thousand records at most by whoever asks; until it reaches the
ledger's end, the answer is how far it is. Its file may be thrown away at any time. One thread at a time, under a lock
that is held for milliseconds, and never by the tail.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path
from typing import Final

from assent.console.reading.source import Trouble
from assent.ledger.sqlite import SqliteReader
from assent.ledger.verify import UNREADABLE
from assent.ledger.views import Views

NAMES_MOST: Final = 50
# A name's first mention is the record that made it; so many of its records hold that one for certain.
FIRST_RECORDS: Final = 20


def index_of(ledger: Path) -> Path:
    """The file of this index, beside its ledger."""
    return ledger.with_name(ledger.stem + ".console.sqlite")


class NotReady(Exception):
    """The index has not read the whole ledger yet, or cannot."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble.what)


class Index:
    """Opened when it is first needed, and anew after anything went wrong with its file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._views: Views | None = None

    def read_on(self, reader: SqliteReader) -> bool:
        """One handful more; whether the ledger's end is reached."""
        with self._using(reader) as views:
            return views.read_on(reader) >= reader.head().seq

    def all(self, reader: SqliteReader, stream: str, value: str) -> list[int]:
        """The numbers of all records of one stream. `NotReady` until the index is."""
        with self._ready(reader) as views:
            return list(views.find(stream, value))

    def page(
        self, reader: SqliteReader, stream: str, value: str, *, after: int | None, before: int, most: int
    ) -> list[int]:
        """At most so many numbers between two others, neither included: the newest, or with `after` the oldest."""
        with self._ready(reader) as views:
            if not _is_text(value):
                return []
            if after is None:
                return views.newest(stream, value, before=before, most=most)
            return list(islice(views.find(stream, value, first=after + 1, last=before - 1), most))

    def named(self, reader: SqliteReader, wanted: str) -> list[int]:
        """The first records of every intent and order whose id or code begins so."""
        begins = dict.fromkeys(filter(_is_text, (wanted, wanted.upper(), wanted.lower(), "i-" + wanted.lower())))
        found: set[int] = set()
        with self._ready(reader) as views:
            for stream, begin in product(("intent", "order"), begins):
                for value in views.beginning(stream, begin, most=NAMES_MOST):
                    found.update(islice(views.find(stream, value), FIRST_RECORDS))
        return sorted(found)

    def close(self) -> None:
        with self._lock:
            self._drop()

    @contextmanager
    def _ready(self, reader: SqliteReader) -> Iterator[Views]:
        with self._using(reader) as views:
            reached, head = views.read_on(reader), reader.head().seq
            if reached < head:
                raise NotReady(
                    Trouble(
                        "catching up",
                        f"The index has read {reached} of {head} records",
                        "What belongs together in a long ledger is worked out once, beside everything else",
                        "Ask again in a moment",
                    )
                )
            yield views

    @contextmanager
    def _using(self, reader: SqliteReader) -> Iterator[Views]:
        with self._lock:
            try:
                if self._views is None:
                    self._views = Views.open(self._path, reader, whole=False)
                yield self._views
            except UNREADABLE as error:
                self._drop()
                raise NotReady(
                    Trouble(
                        "unreadable",
                        f"The index {self._path} cannot be used: {error}",
                        "It only helps to find records; the ledger itself is not touched by it",
                        "It is made anew at the next question; if that does not help, free space on its disk",
                    )
                ) from error

    def _drop(self) -> None:
        if self._views is not None:
            self._views.close()
            self._views = None


def _is_text(value: str) -> bool:
    """Whether this can stand in a ledger at all: half of a pair of surrogates cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
