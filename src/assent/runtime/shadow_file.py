"""The shadow book's file: one JSON object a line, appended as things happen, read again at the next start.

Nothing rests on it, so it is never synced and never proven. A line that a crash cut off is dropped; a file that cannot
be read otherwise is put aside and the book begins anew. It stays bounded: too long, it becomes the one older file, and
a new one begins with its sums.
"""

from pathlib import Path
from typing import Final

import msgspec

from assent.runtime.shadow_book import Book, Carried, Lines, apply

FILE_NAME: Final = "shadow.jsonl"
BYTES_MAX: Final = 8 * 1024 * 1024

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Lines).decode


class ShadowFile:
    """One book's file, for its only writer. Whatever fails is an OSError of the caller's."""

    def __init__(self, path: Path, *, bytes_max: int = BYTES_MAX) -> None:
        self.path = path
        self._bytes_max = bytes_max
        self._size = 0

    def open(self) -> Book:
        """The book as it was left, ready for more lines."""
        if not self.path.exists():
            return Book()
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self.path.write_bytes(whole)
        self._size = len(whole)
        book = _folded(whole)
        if book is None:
            self.path.replace(self.path.with_suffix(".unreadable"))
            self._size = 0
        return book or Book()

    def write(self, line: Lines, book: Book) -> None:
        """One more line; `book` is what all of them add up to."""
        if self._size > self._bytes_max:
            self.path.replace(self.path.with_suffix(".older"))
            self._size = 0
            self._append(Carried(ts=line.ts, book=book))
            return  # its sums hold this line already; the line itself ends the older file
        self._append(line)

    def _append(self, line: Lines) -> None:
        content = _encode(line) + b"\n"
        with self.path.open("ab") as file:
            file.write(content)
        self._size += len(content)


def read_book(path: Path) -> Book | None:
    """The book at `path` without touching it; None where there is none that can be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return _folded(content[: content.rfind(b"\n") + 1])


def _folded(content: bytes) -> Book | None:
    book = Book()
    try:
        for text in content.splitlines():
            book = apply(book, _decode(text))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return book
