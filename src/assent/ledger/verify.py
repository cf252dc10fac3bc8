"""Verify a ledger file: a program for strangers. Needs this file, Python 3.9 or newer, and nothing else.

    python3 -I verify.py FILE [--anchors FILE] [--json]

Exit 0: intact. Exit 1: something was found, the first bad record is named. Exit 2: wrong usage, or FILE cannot be read.
Promises to read every record, to trust nothing in the file, and to end with an answer, never with a traceback. Opens
read-only; it never repairs.

What a ledger is. An SQLite database (application id `ASST`, user version 1) with the one table of `SCHEMA` below and
two triggers. Each record's `hash` is SHA-256 over these bytes (widths in brackets, integers unsigned and big-endian):

    "assent" 0x00 0x01 | prev_hash [32] | seq [8] | ts [8] | version [4]
    | length of kind in bytes [4] | length of body in bytes [4] | kind, ASCII | body, as stored

`seq` runs 1, 2, 3, ...; `prev_hash` is the hash of the record before, 32 zero bytes for the first; `ts` is UTC
nanoseconds and never goes back; the first record is a `LedgerOpened` whose JSON body carries the `ledger_id`.

A chain cannot show that its tail was cut, or that all of it was written anew. Anchors can: lines of JSON, one each time
somebody wrote down the head, `{"ledger_id", "seq", "hash", "ts"}`. Keep copies where the ledger's host cannot reach.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

APPLICATION_ID = int.from_bytes(b"ASST", "big")
FORMAT = 1
SCHEMA = {
    "ledger": """CREATE TABLE ledger(
    seq INTEGER PRIMARY KEY,
    prev_hash BLOB NOT NULL,
    ts INTEGER NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT""",
    "ledger_is_never_changed": """CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a record is never changed'); END""",
    "ledger_is_never_cut": """CREATE TRIGGER ledger_is_never_cut BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a record is never deleted'); END""",
}

TAG = b"assent\x00\x01"
LAYOUT = struct.Struct(">8s32sQQIII")
GENESIS_HASH = bytes(32)
SEAL_KIND = "LedgerOpened"
SQLITE_NEEDED = (3, 37, 0)  # older ones do not know STRICT tables
VALUE_BYTES_MAX = 1 << 22  # four times what a record may hold: a damaged length must not eat the memory
ANCHOR_LINE_MAX = 4096
KINDS_CACHED_MAX = 1000
ROWS_AT_ONCE = 512
RETRIES_MAX = 2
MALFORMED = "the database is malformed"
UNREADABLE = (sqlite3.Error, UnicodeError, OverflowError, MemoryError)  # what a damaged file makes sqlite3 raise

COLUMNS = (
    ("seq", int),
    ("prev_hash", bytes),
    ("ts", int),
    ("kind", str),
    ("version", int),
    ("body", bytes),
    ("hash", bytes),
)
ALL_RECORDS = "SELECT seq, prev_hash, ts, kind, version, body, hash FROM ledger ORDER BY seq"
NEXT_RECORD = "SELECT seq, prev_hash, ts, kind, version, body, hash FROM ledger WHERE seq > ? ORDER BY seq LIMIT 1"


class CannotRead(Exception):
    """There is no verdict: the file is not there, or may not be read."""


class Finding(NamedTuple):
    """Something that an intact ledger does not have; `seq` is the first bad record where one can be named."""

    seq: int | None
    what: str


UNSEALED = Finding(1, "missing: the seal, a LedgerOpened with a ledger_id, is the first record")


class Walk(NamedTuple):
    """How far the chain holds."""

    seq: int
    hash: bytes
    fault: Finding | None


class Anchor(NamedTuple):
    """A head that somebody wrote down."""

    ledger_id: str
    seq: int
    hash: bytes
    ts: int


class Report(NamedTuple):
    """The verdict. `records` and `head` tell how far the chain holds; `intact` when there are no findings."""

    path: str
    ledger_id: str
    records: int
    head: bytes
    anchors: int
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        return not self.findings

    @property
    def unsealed(self) -> bool:
        """The only thing missing is a first record."""
        return self.records == 0 and self.findings == (UNSEALED,)

    def as_json(self) -> str:
        return json.dumps(
            {
                "intact": self.intact,
                "path": self.path,
                "ledger_id": self.ledger_id,
                "records": self.records,
                "head": self.head.hex(),
                "anchors": self.anchors,
                "findings": [finding._asdict() for finding in self.findings],
            }
        )

    def as_text(self) -> str:
        if self.intact:
            anchored = f"{self.anchors} anchors hold" if self.anchors else "no anchors: a cut tail would not show"
            return f"{self.path}: intact: {self.records} records, head {self.head.hex()}, {anchored}"
        lines = [f"{self.path}: NOT intact: the chain holds for {self.records} records"]
        for seq, what in self.findings:
            lines.append(f"  {'the file' if seq is None else f'first bad record: seq {seq}'}: {what}")
        return "\n".join(lines)


# ------------------------------------------------------------------------------------------------------ chain


def walk_chain(rows: Iterable[tuple[Any, ...]], after: tuple[int, bytes, int] = (0, GENESIS_HASH, 0)) -> Walk:
    """Follow the chain through rows in the order of `COLUMNS`, up to the first that does not fit.

    `after` is seq, hash and ts of the record before the first row: a walk may go on where an earlier one ended.
    The loop decides only whether a row fits; why it does not is worked out afterwards, once.
    """
    expected, prev, floor = after[0] + 1, after[1], after[2]
    seq = before = ts = kind = version = body = stored = None
    names: dict[str, bytes] = {}
    tag, pack, digest_of, name_of = TAG, LAYOUT.pack, sha256, names.get
    try:
        for seq, before, ts, kind, version, body, stored in rows:
            name = name_of(kind)
            if name is None:
                name = kind.encode()
                if len(names) < KINDS_CACHED_MAX:
                    names[kind] = name
            head = pack(tag, prev, expected, ts, version, len(name), len(body))
            if digest_of(head + name + body).digest() != stored or before != prev or seq != expected or ts < floor:
                break
            expected += 1
            prev = stored
            floor = ts
        else:
            return Walk(expected - 1, prev, None)
    except UNREADABLE as error:  # the next row could not be had
        return Walk(expected - 1, prev, Finding(expected, f"{MALFORMED} here: {error}"))
    except (AttributeError, TypeError, struct.error):  # this row has a column that is not what it should be
        pass
    row = (seq, before, ts, kind, version, body, stored)
    return Walk(expected - 1, prev, explain(row, expected, prev, floor))


def explain(row: tuple[Any, ...], expected: int, prev: bytes, floor: int) -> Finding:
    """Why `row` does not continue a chain that holds up to the record before `expected`."""
    seq, before, ts, _, version, _, _ = row
    if seq > expected:
        return Finding(expected, f"missing: the next record is seq {seq}")
    if seq < expected:
        return Finding(expected, f"out of order: seq {seq} stands where seq {expected} belongs")
    for (column, wanted), value in zip(COLUMNS, row):  # noqa: B905 - strict= is younger than Python 3.9
        if type(value) is not wanted:
            return Finding(seq, f"its {column} is stored as {type(value).__name__}, not as {wanted.__name__}")
    if before != prev:
        return Finding(seq, "its prev_hash is not the hash of the record before")
    if ts < floor:
        return Finding(seq, f"its ts {ts} is less than the {floor} of the record before")
    if not 0 < version < 1 << 32:
        return Finding(seq, f"its version {version} is out of range")
    return Finding(seq, "its content does not give its hash")


# ----------------------------------------------------------------------------------------------------- anchors


def read_anchors(path: Path) -> Iterator[tuple[int, Anchor | None]]:
    """Line number and anchor, None for a line that is no anchor. A last line without its end was never finished.

    The file counts as long as it is at the time of the call: make the call before looking at the ledger, and anchors
    that a writer adds meanwhile do not seem to be ahead of it.
    """
    return anchor_lines(path, path.stat().st_size)


def anchor_lines(path: Path, size: int) -> Iterator[tuple[int, Anchor | None]]:
    with path.open("rb") as lines:
        number = 0
        while line := lines.readline(min(ANCHOR_LINE_MAX, size)):
            number += 1
            size -= len(line)
            if line.endswith(b"\n"):
                yield number, parse_anchor(line)
            elif len(line) == ANCHOR_LINE_MAX:
                yield number, None


def parse_anchor(line: bytes) -> Anchor | None:
    try:
        value = json.loads(line)
        anchor = Anchor(value["ledger_id"], value["seq"], bytes.fromhex(value["hash"]), value["ts"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    right = type(anchor.ledger_id) is str and type(anchor.seq) is int and type(anchor.ts) is int
    return anchor if right and anchor.seq > 0 and len(anchor.hash) == 32 else None


def check_anchors(
    anchors: Iterable[tuple[int, Anchor | None]],
    ledger_id: str,
    last: int,
    lookup: Callable[[int], tuple[bytes, int] | None],
) -> tuple[int, Finding | None]:
    """How many anchors hold, and the first that does not. `lookup` gives hash and ts of a record up to `last`."""
    held = agreed = 0
    for line, anchor in anchors:
        if anchor is None:
            return held, Finding(None, f"line {line} of the anchors is not an anchor")
        where = f"the anchor on line {line} (seq {anchor.seq}, {anchor.hash.hex()[:16]}...)"
        if ledger_id and anchor.ledger_id != ledger_id:
            return held, Finding(1, f"{where} belongs to ledger {anchor.ledger_id!r}, this is {ledger_id!r}")
        if anchor.seq > last:
            cut = f"missing: {where} is ahead of the ledger: its tail was cut, or it is an older copy"
            return held, Finding(last + 1, cut)
        if lookup(anchor.seq) != (anchor.hash, anchor.ts):
            changed = f"the ledger was written anew between seq {agreed + 1} and seq {anchor.seq}"
            return held, Finding(anchor.seq, f"{where} is not in the ledger: {changed}")
        held += 1
        agreed = max(agreed, anchor.seq)
    return held, None


# -------------------------------------------------------------------------------------------------------- file


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection. Where no write-ahead log lies beside the file nobody writes, so it is immutable.

    Never open the file by other means than SQLite: closing such a descriptor would drop the locks that a writer in
    the same process holds.
    """
    mode = "mode=ro" if log_of(path).exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=1.0, isolation_level=None)
    if hasattr(connection, "setlimit"):  # Python 3.11
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def check_schema(connection: sqlite3.Connection) -> Finding | None:
    """The file is a ledger of a known format, whole, and nothing else is in it."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    found_format = connection.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        return Finding(None, f"not a ledger: application id {application_id}, expected {APPLICATION_ID}")
    if found_format != FORMAT:
        return Finding(None, f"format {found_format}; this program reads format {FORMAT}")
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name"))
    for name, statement in SCHEMA.items():
        if name not in found:
            return Finding(None, f"{name} is missing from the schema")
        if found[name] != statement:
            return Finding(None, f"{name} is not as it was made: {found[name]!r}")
    strangers = sorted(str(name) for name in found if name not in SCHEMA)
    if strangers:
        return Finding(None, f"the schema holds what does not belong to a ledger: {', '.join(strangers)}")
    return None


def walk_records(connection: sqlite3.Connection) -> Walk:
    """The chain through the whole table: in handfuls, which is fast; singly where a handful will not come."""
    cursor = connection.execute(ALL_RECORDS)
    walk = walk_chain(chain.from_iterable(iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), [])))
    if walk.fault and walk.fault.what.startswith(MALFORMED):
        return walk_chain(single_records(connection))
    return walk


def single_records(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Row by row, each with a statement of its own: a cursor loses a good row when the one behind it is damaged."""
    row = connection.execute(NEXT_RECORD, (-1 << 63,)).fetchone()
    while row is not None:
        yield row
        row = connection.execute(NEXT_RECORD, (row[0],)).fetchone()


def read_ledger_id(connection: sqlite3.Connection) -> str:
    """The id in the seal, or nothing."""
    first = connection.execute("SELECT kind, body FROM ledger WHERE seq = 1").fetchone()
    if first is None or first[0] != SEAL_KIND:
        return ""
    try:
        seal = json.loads(first[1])
    except (ValueError, TypeError, RecursionError):
        return ""
    ledger_id = seal.get("ledger_id") if isinstance(seal, dict) else None
    return ledger_id if isinstance(ledger_id, str) else ""


def verify(path: Path, anchors: Path | None = None) -> Report:
    """Read everything and say what was found. Without `anchors`, those beside the file are taken if they are there."""
    if not path.is_file() or not os.access(path, os.R_OK):
        raise CannotRead(f"{path} is not a file that can be read. Nothing was verified. Check the path and its rights.")
    if anchors is None:
        beside = path.with_name(path.name + ".anchors")
        anchors = beside if beside.exists() else None
    elif not anchors.is_file():
        raise CannotRead(f"{anchors} is not a file. Nothing was verified. Name the anchors' file, or leave it out.")
    before, report = trace_of(path), verify_file(path, anchors)
    for _ in range(RETRIES_MAX):
        if report.intact or trace_of(path) == before:
            break
        before, report = trace_of(path), verify_file(path, anchors)
    return report


def trace_of(path: Path) -> tuple[int, int, bool]:
    """Differs when a writer began or ended while we read: what we took for immutable was not, so look again."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, log_of(path).exists()


def verify_file(path: Path, anchors: Path | None) -> Report:
    try:
        connection = connect(path)
    except sqlite3.Error as error:
        raise CannotRead(f"{path} cannot be opened: {error}. Nothing was verified. Check its rights.") from None
    try:
        return verify_connection(connection, path, anchors)
    finally:
        connection.close()


def verify_connection(connection: sqlite3.Connection, path: Path, anchors: Path | None) -> Report:
    """The chain first, so that the first bad record is named whatever else is wrong with the file."""
    findings: list[Finding] = []
    walk = Walk(0, GENESIS_HASH, None)
    ledger_id, held = "", 0
    written_down = () if anchors is None else read_anchors(anchors)
    try:
        connection.execute("BEGIN")  # one snapshot, while a writer may go on
        schema_fault = check_schema(connection)
        if schema_fault is None or has_table(connection):
            walk = walk_records(connection)
            ledger_id = read_ledger_id(connection) if walk.seq else ""
        findings += [fault for fault in (walk.fault, schema_fault) if fault]
        if not ledger_id and not findings:
            findings.append(UNSEALED)
        held, fault = check_anchors(written_down, ledger_id, walk.seq, lookup_in(connection))
        if fault and (walk.fault is None or fault.seq is None or fault.seq <= walk.seq):
            findings.append(fault)
    except sqlite3.OperationalError as error:
        if "unable to open" in str(error) or "locked" in str(error):
            raise CannotRead(
                f"{path} cannot be opened: {error}. Nothing was verified. If a -wal file lies beside it, copy "
                "both into a directory that you may write to, and verify the copy."
            ) from None
        findings.append(Finding(None, f"{MALFORMED}: {error}"))
    except UNREADABLE as error:
        findings.append(Finding(None, f"{MALFORMED}: {error}"))
    findings.sort(key=lambda finding: (finding.seq is None, finding.seq or 0))
    return Report(str(path), ledger_id, walk.seq, walk.hash, held, tuple(findings))


def has_table(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'ledger'").fetchone())


def lookup_in(connection: sqlite3.Connection) -> Callable[[int], tuple[bytes, int] | None]:
    def lookup(seq: int) -> tuple[bytes, int] | None:
        found: tuple[bytes, int] | None = connection.execute(
            "SELECT hash, ts FROM ledger WHERE seq = ?", (seq,)
        ).fetchone()
        return found

    return lookup


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify a ledger file. Exit 0: intact; 1: something found; 2: usage.")
    parser.add_argument("file", type=Path, metavar="FILE", help="the ledger, or a copy of it")
    parser.add_argument("--anchors", type=Path, metavar="FILE", help="heads kept earlier; FILE.anchors if it is there")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    options = parser.parse_args(arguments)
    if sqlite3.sqlite_version_info < SQLITE_NEEDED:
        print(
            f"SQLite {sqlite3.sqlite_version} is too old: it must be 3.37 or newer. Use a newer Python.",
            file=sys.stderr,
        )
        return 2
    try:
        report = verify(options.file, options.anchors)
    except (CannotRead, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(report.as_json() if options.json else report.as_text())
    return 0 if report.intact else 1


if __name__ == "__main__":
    sys.exit(main())
