"""The chain's bytes, fixed for good, and read a second time by someone who only knows the page."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.ledger import verify
from assent.ledger.chain import EMPTY, GENESIS_HASH, TS_MAX, Entry, Head, Record, extend, record_hash, seal_of
from assent.ledger.contract import a_seal, some_entries
from assent.ledger.errors import EntryRefused, LedgerCorrupt

kinds = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,63}", fullmatch=True).filter(lambda kind: kind != "LedgerOpened")
entries = st.builds(Entry, st.integers(0, TS_MAX), kinds, st.integers(1, 2**31 - 1), st.binary(max_size=300))
records = st.tuples(st.binary(min_size=32, max_size=32), st.integers(1, 2**63 - 1), entries)


def by_the_page(prev_hash: bytes, seq: int, entry: Entry) -> bytes:
    """The layout as the documentation tells it, byte by byte."""
    kind = entry.kind.encode("ascii")
    preimage = (
        b"assent" + bytes([0, 1]) + prev_hash
        + seq.to_bytes(8, "big") + entry.ts.to_bytes(8, "big") + entry.version.to_bytes(4, "big")
        + len(kind).to_bytes(4, "big") + len(entry.body).to_bytes(4, "big") + kind + entry.body
    )  # fmt: skip
    return hashlib.sha256(preimage).digest()


def test_the_layout_never_changes() -> None:
    first = record_hash(GENESIS_HASH, 1, 1_763_640_000_000_000_000, "LedgerOpened", 1, b'{"ledger_id":"L"}')
    second = record_hash(first, 2, 1_763_640_000_000_000_001, "QuoteSeen", 7, b"")
    assert first.hex() == "4e6c66b0649c35fe5e7dd194ae656bf94679153f26c61005dc0cbd416231c408"
    assert second.hex() == "3b45740ee49ddecf04cc0d19069925a43ecd4af4cb5a33297e82c39162b30409"


@given(records)
def test_the_hash_is_what_the_page_says(record: tuple[bytes, int, Entry]) -> None:
    prev, seq, entry = record
    assert record_hash(prev, seq, *entry) == by_the_page(prev, seq, entry)


@given(records, records)
def test_different_records_have_different_hashes(
    one: tuple[bytes, int, Entry], other: tuple[bytes, int, Entry]
) -> None:
    same = record_hash(one[0], one[1], *one[2]) == record_hash(other[0], other[1], *other[2])
    assert same == (one == other)


def test_bytes_cannot_move_from_the_kind_to_the_body() -> None:
    assert record_hash(GENESIS_HASH, 2, 0, "Quote", 1, b"Seen") != record_hash(GENESIS_HASH, 2, 0, "QuoteSeen", 1, b"")


@given(st.lists(st.lists(entries, max_size=5), max_size=5))
def test_the_writer_and_the_verifier_agree(batches: list[list[Entry]]) -> None:
    head, rows = EMPTY, []
    for batch in [[a_seal(ts=0)], *batches]:
        new, head = extend(head, [entry._replace(ts=max(entry.ts, head.ts)) for entry in batch[:1]])
        rows += new
    assert verify.walk_chain(rows) == (head.seq, head.hash, None)


def test_where_a_batch_ends_does_not_matter() -> None:
    entries = [a_seal(), *some_entries(30)]
    at_once, head = extend(EMPTY, entries)
    one_by_one, tip = [], EMPTY
    for entry in entries:
        rows, tip = extend(tip, [entry])
        one_by_one += rows
    assert (one_by_one, tip) == (at_once, head)
    assert [row[-1] for row in at_once] == [record_hash(row[1], row[0], *row[2:6]) for row in at_once]


def test_the_seal_says_what_the_ledger_is_about() -> None:
    rows, _ = extend(EMPTY, [a_seal(mode="paper", account="A-1")])
    seal = seal_of(Record(*rows[0]))
    assert (seal["mode"], seal["account"]) == ("paper", "A-1")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"{}", a_seal(mode="").body, json.dumps({"ledger_id": 7}).encode()],
)
def test_a_first_record_that_seals_nothing_is_corrupt(body: bytes) -> None:
    with pytest.raises(LedgerCorrupt, match="seq 1") as caught:
        seal_of(Record(1, GENESIS_HASH, 0, "LedgerOpened", 1, body, bytes(32)))
    assert caught.value.seq == 1


def test_only_record_one_is_a_seal() -> None:
    rows, _ = extend(EMPTY, [a_seal(), *some_entries(1)])
    with pytest.raises(LedgerCorrupt) as caught:
        seal_of(Record(*rows[1]))
    assert caught.value.seq == 2


def test_a_refusal_says_what_was_found_and_what_is_allowed() -> None:
    with pytest.raises(EntryRefused) as caught:
        extend(Head(3, bytes(32), 50), [Entry(49, "Late", 1, b"{}")])
    assert (caught.value.field, caught.value.found, caught.value.code) == ("ts", 49, "ledger_entry_refused")
    assert "from 50" in str(caught.value)
