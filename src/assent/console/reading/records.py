"""Single records, read back from the file when somebody asks: pages of them in both directions, and one in full.

Nothing is kept. A question opens the ledger for a moment, read-only, so that any number of readers disturb nobody.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from assent.console.reading.index import Index
from assent.desk.sentences import words_of
from assent.ledger.chain import Record
from assent.ledger.export import shown_body
from assent.ledger.sqlite import SqliteReader

PAGE_MOST: Final = 500
# Numbers that lie so near to each other are read in one go.
NEAR: Final = 32


class RecordRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record in words; `hash` is hexadecimal."""

    seq: int
    ts: int
    kind: str
    version: int
    words: str
    hash: str


class RecordPage(msgspec.Struct, frozen=True, kw_only=True):
    """Records, oldest first. `older`: what to ask for as `before` to see what precedes them, None at the beginning;
    `newer`: what to ask for as `after`, None at the end as it was when this was read. `last_seq` is that end."""

    rows: tuple[RecordRow, ...]
    older: int | None
    newer: int | None
    last_seq: int
    stream: str
    value: str


class WholeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record in full. Its body stands in exactly one of three forms, each of which leads back to the stored bytes:
    as JSON, as text that is no canonical JSON, or as Base64."""

    row: RecordRow
    prev_hash: str
    body: Any = None
    body_text: str | None = None
    body_base64: str | None = None
    last_seq: int = 0


def page_of(reader: SqliteReader, *, before: int | None, after: int | None, limit: int) -> RecordPage:
    """The newest records before a number, or the oldest after one; without either, the newest of all."""
    last, most = reader.head().seq, max(1, min(limit, PAGE_MOST))
    if after is not None:
        first = max(after, 0) + 1
        records = list(reader.records(first, first + most - 1))
    else:
        end = last if before is None else min(before - 1, last)
        records = list(reader.records(max(1, end - most + 1), end)) if end > 0 else []
    rows = tuple(map(_row, records))
    return RecordPage(
        rows=rows,
        older=rows[0].seq if rows and rows[0].seq > 1 else None,
        newer=rows[-1].seq if rows and rows[-1].seq < last else None,
        last_seq=last, stream="", value="",
    )  # fmt: skip


def stream_page(
    reader: SqliteReader, index: Index, stream: str, value: str, *, before: int | None, after: int | None, limit: int
) -> RecordPage:
    """The same of one stream only: an intent's, an order's, a market's, a strategy's, a day's records."""
    last, most = reader.head().seq, max(1, min(limit, PAGE_MOST))
    beyond = last + 1
    begin = None if after is None else max(0, min(after, last))
    end = beyond if before is None or after is not None else max(0, min(before, beyond))
    numbers = index.page(reader, stream, value, after=begin, before=end, most=most)
    earlier = index.page(reader, stream, value, after=None, before=numbers[0], most=1) if numbers else []
    later = index.page(reader, stream, value, after=numbers[-1], before=beyond, most=1) if numbers else []
    rows = tuple(map(_row, read_numbers(reader, numbers)))
    return RecordPage(
        rows=rows,
        older=numbers[0] if earlier else None,
        newer=numbers[-1] if later else None,
        last_seq=last, stream=stream, value=value,
    )  # fmt: skip


def whole_record(reader: SqliteReader, seq: int) -> WholeRecord | None:
    """One record, or None where there is none of this number."""
    record = next(reader.records(seq, seq), None) if seq > 0 else None
    if record is None:
        return None
    return WholeRecord(
        row=_row(record), prev_hash=record.prev_hash.hex(), last_seq=reader.head().seq, **shown_body(record.body)
    )


def read_numbers(reader: SqliteReader, numbers: list[int]) -> Iterator[Record]:
    """The records of these ascending numbers; those that lie near to each other in one reading."""
    begin = 0
    while begin < len(numbers):
        end = begin + 1
        while end < len(numbers) and numbers[end] - numbers[end - 1] <= NEAR:
            end += 1
        wanted = set(numbers[begin:end])
        yield from (record for record in reader.records(numbers[begin], numbers[end - 1]) if record.seq in wanted)
        begin = end


def _row(record: Record) -> RecordRow:
    return RecordRow(
        seq=record.seq, ts=record.ts, kind=record.kind, version=record.version,
        words=words_of(record.kind, record.version, record.body), hash=record.hash.hex(),
    )  # fmt: skip
