"""The chain: which bytes a record's hash covers, and how a batch is joined to the head.

Promises that two different records never have the same preimage, that every record names the one before it, and
that what breaks a rule is refused before a byte of its batch is kept. Pure: no file, no clock. Never changed: a new
layout is a new tag, and the old one stays readable.

The bytes under SHA-256, in order, integers unsigned and big-endian, nothing between the fields:

    8   tag         the ASCII letters `assent`, a zero byte, and the layout's number, 1
    32  prev_hash   the hash of the record before; 32 zero bytes for the first record
    8   seq         1, 2, 3, ... without a gap
    8   ts          UTC nanoseconds, never less than in the record before
    4   version     of the body's schema
    4   kind length, in bytes
    4   body length, in bytes
    …   kind        ASCII
    …   body        as stored, not as parsed

Fixed widths first, then the lengths, then what they measure: no two records can be cut differently out of the same
bytes. `verify.py` holds a second reading of this layout, on purpose: it must run alone.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Any, Final, NamedTuple

from assent.ledger.errors import EntryRefused, LedgerCorrupt

TAG: Final = b"assent\x00\x01"
GENESIS_HASH: Final = bytes(32)

SEAL_KIND: Final = "LedgerOpened"
SEAL_FIELDS: Final = ("ledger_id", "mode", "venue", "environment", "account", "constitution_digest")

KIND_CHARS_MAX: Final = 64
BODY_BYTES_MAX: Final = 1 << 20
VERSION_MAX: Final = (1 << 31) - 1
TS_MAX: Final = (1 << 63) - 1
BATCH_ENTRIES_MAX: Final = 10_000

_pack = Struct(">8s32sQQIII").pack


class Entry(NamedTuple):
    """What a caller wants to have remembered."""

    ts: int
    kind: str
    version: int
    body: bytes


class Head(NamedTuple):
    """The last record, in short: whoever knows it can tell whether a ledger still contains it."""

    seq: int
    hash: bytes
    ts: int


class Record(NamedTuple):
    """What is remembered."""

    seq: int
    prev_hash: bytes
    ts: int
    kind: str
    version: int
    body: bytes
    hash: bytes


EMPTY: Final = Head(0, GENESIS_HASH, 0)
"""The head of a ledger that holds nothing yet."""

Row = tuple[int, bytes, int, str, int, bytes, bytes]


def record_hash(prev_hash: bytes, seq: int, ts: int, kind: str, version: int, body: bytes) -> bytes:
    """SHA-256 over the layout that stands at the top of this module."""
    name = kind.encode()
    return sha256(_pack(TAG, prev_hash, seq, ts, version, len(name), len(body)) + name + body).digest()


def extend(head: Head, batch: Sequence[Entry]) -> tuple[list[Row], Head]:
    """The rows that continue `head`, and the head after them; `EntryRefused` if any entry breaks a rule.

    The loop is the hot path of every append, hence the local names and the inlined hash.
    """
    if len(batch) > BATCH_ENTRIES_MAX:
        raise EntryRefused("batch", f"{len(batch)} entries", f"at most {BATCH_ENTRIES_MAX} in one batch")
    seq, prev, floor = head
    if seq == 0 and batch:
        _require_seal(batch[0])
    rows: list[Row] = []
    keep, pack, digest_of, name_of = rows.append, _pack, sha256, _kind_bytes
    for ts, kind, version, body in batch:
        seq += 1
        name = name_of(kind)
        if (
            type(ts) is not int
            or type(version) is not int
            or type(body) is not bytes
            or not floor <= ts <= TS_MAX
            or not 0 < version <= VERSION_MAX
            or len(body) > BODY_BYTES_MAX
            or (kind == SEAL_KIND and seq != 1)
        ):
            raise _refusal(floor, ts, kind, version, body)
        digest = digest_of(pack(TAG, prev, seq, ts, version, len(name), len(body)) + name + body).digest()
        keep((seq, prev, ts, kind, version, body, digest))
        prev = digest
        floor = ts
    return rows, Head(seq, prev, floor)


def seal_of(record: Record) -> dict[str, Any]:
    """What the first record says this ledger is about, for the checks that must refuse a wrong one."""
    if record.seq != 1 or record.kind != SEAL_KIND:
        raise LedgerCorrupt(record.seq, f"it is a {record.kind}; the seal is seq 1 and a {SEAL_KIND}")
    seal, complaint = _read_seal(record.body)
    if complaint:
        raise LedgerCorrupt(1, f"the seal {complaint}")
    return seal


@lru_cache(maxsize=1024)
def _kind_bytes(kind: str) -> bytes:
    """The kind's bytes, checked. Kinds are a small vocabulary, so the cache answers nearly always."""
    if type(kind) is not str or not (kind.isascii() and kind.isidentifier() and len(kind) <= KIND_CHARS_MAX):
        raise EntryRefused("kind", kind, f"an ASCII identifier of at most {KIND_CHARS_MAX} characters")
    return kind.encode()


def _require_seal(entry: Entry) -> None:
    _, kind, _, body = entry
    if kind != SEAL_KIND:
        raise EntryRefused("kind", kind, f"{SEAL_KIND} in the first record: it seals what the ledger is about")
    if type(body) is not bytes or len(body) > BODY_BYTES_MAX:
        return  # the loop refuses it, with the right words
    _, complaint = _read_seal(body)
    if complaint:
        raise EntryRefused("seal", body, f"a JSON object with text in each of {', '.join(SEAL_FIELDS)}; it {complaint}")


def _read_seal(body: bytes) -> tuple[dict[str, Any], str]:
    """The parsed seal and a complaint, which is empty when all is well."""
    try:
        seal = json.loads(body)
    except (ValueError, RecursionError):
        return {}, "is not JSON"
    if not isinstance(seal, dict):
        return {}, "is not a JSON object"
    for field in SEAL_FIELDS:
        if not isinstance(seal.get(field), str) or not seal[field]:
            return {}, f"lacks {field}"
    return seal, ""


def _refusal(floor: int, ts: object, kind: str, version: object, body: object) -> EntryRefused:
    """The first rule that the entry broke, in words."""
    if type(ts) is not int:
        return EntryRefused("ts", ts, "an integer of UTC nanoseconds")
    if not floor <= ts <= TS_MAX:
        return EntryRefused("ts", ts, f"from {floor} (the record before: ledger time never goes back) to {TS_MAX}")
    if type(version) is not int or not 1 <= version <= VERSION_MAX:
        return EntryRefused("version", version, f"an integer from 1 to {VERSION_MAX}")
    if type(body) is not bytes:
        return EntryRefused("body", type(body).__name__, "bytes")
    if len(body) > BODY_BYTES_MAX:
        return EntryRefused("body", f"{len(body)} bytes", f"at most {BODY_BYTES_MAX} bytes")
    return EntryRefused("kind", kind, f"{SEAL_KIND} only in the first record")
