"""What every store must do, as tests that ship with the package.

Subclass `StoreContract` under a name that pytest collects and say how to make a store; each method is one promise of
`port.py`. Whoever writes a store of their own runs the same suite. Needs no test library, and `python -O` does not
silence it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence

from assent.ledger.chain import (
    BATCH_ENTRIES_MAX,
    BODY_BYTES_MAX,
    EMPTY,
    GENESIS_HASH,
    KIND_CHARS_MAX,
    SEAL_FIELDS,
    SEAL_KIND,
    TS_MAX,
    VERSION_MAX,
    Entry,
    Record,
    record_hash,
    seal_of,
)
from assent.ledger.errors import EntryRefused, LedgerError
from assent.ledger.port import Reader, Store
from assent.model.errors import require


def a_seal(ts: int = 1, **fields: str) -> Entry:
    """A first record that a store must take."""
    seal = {field: f"some-{field}" for field in SEAL_FIELDS} | fields
    return Entry(ts, SEAL_KIND, 1, json.dumps(seal).encode())


def some_entries(count: int, *, ts: int = 2) -> list[Entry]:
    """Entries that follow a seal, each different."""
    return [Entry(ts + n // 2, f"Kind{n % 3}", 1 + n % 2, b'{"n":%d}' % n) for n in range(count)]


class StoreContract(ABC):
    """Say how a store is made; inherit the rest."""

    @abstractmethod
    def fresh(self) -> Store:
        """A new, empty store."""

    def reopen(self) -> Store | None:
        """The last fresh store, closed by now, opened again; None for a store that does not outlive its process."""
        return None

    def reader(self) -> Reader | None:
        """A second pair of eyes on the last fresh store, still open; None where there is no such thing."""
        return None

    def sealed(self) -> Store:
        store = self.fresh()
        store.append([a_seal()])
        return store

    # ------------------------------------------------------------------------------------------- appending

    def test_a_fresh_store_is_empty(self) -> None:
        store = self.fresh()
        require(store.head() == EMPTY, "fresh_head", head=store.head())
        require(not list(store.records()), "fresh_records")
        store.close()

    def test_an_append_returns_the_new_head(self) -> None:
        store = self.fresh()
        first = store.append([a_seal(ts=5)])
        second = store.append(some_entries(3, ts=5))
        require((first.seq, first.ts) == (1, 5), "first_head", head=first)
        require((second.seq, second.ts) == (4, 6), "second_head", head=second)
        require(store.head() == second, "head_is_what_append_said", head=store.head(), said=second)
        store.close()

    def test_an_empty_batch_changes_nothing(self) -> None:
        store = self.fresh()
        require(store.append([]) == EMPTY, "empty_batch_on_empty_store", head=store.head())
        before = store.append([a_seal()])
        require(store.append([]) == before == store.head(), "empty_batch_moved_the_head", head=store.head())
        store.close()

    def test_the_chain_holds_from_the_first_record_to_the_head(self) -> None:
        store = self.sealed()
        for count in (1, 2, 7, 1, 40):
            store.append(some_entries(count, ts=store.head().ts))
        require_chain(list(store.records()), store)
        store.close()

    def test_what_is_read_is_what_was_written(self) -> None:
        store = self.sealed()
        entries = some_entries(20)
        store.append(entries)
        found = [Entry(r.ts, r.kind, r.version, r.body) for r in store.records(2)]
        require(found == entries, "entries_differ", found=found, written=entries)
        require(seal_of(next(store.records(1, 1)))["mode"] == "some-mode", "seal_differs")
        store.close()

    def test_bodies_are_bytes_of_any_kind(self) -> None:
        store = self.sealed()
        bodies = [b"", b"\x00", bytes(range(256)), "ü".encode(), b"x" * BODY_BYTES_MAX]
        store.append([Entry(9, "Odd", 1, body) for body in bodies])
        require([r.body for r in store.records(2)] == bodies, "bodies_differ")
        store.close()

    def test_the_largest_values_are_taken(self) -> None:
        store = self.sealed()
        store.append([Entry(TS_MAX, "K" * KIND_CHARS_MAX, VERSION_MAX, b"{}")])
        require_chain(list(store.records()), store)
        store.close()

    # -------------------------------------------------------------------------------------------- refusing

    def test_the_first_record_must_be_a_seal(self) -> None:
        store = self.fresh()
        lacking = a_seal()._replace(body=b'{"ledger_id":"L"}')
        for entry in (Entry(1, "Other", 1, b"{}"), lacking, lacking._replace(body=b"[]"), lacking._replace(body=b"{")):
            require_refused(store, [entry])
        store.append([a_seal()])
        require(store.head().seq == 1, "seal_after_refusals", head=store.head())
        store.close()

    def test_a_second_seal_is_refused(self) -> None:
        store = self.sealed()
        require_refused(store, [a_seal(ts=9)])
        store.close()

    def test_time_never_goes_back(self) -> None:
        store = self.fresh()
        store.append([a_seal(ts=100)])
        require_refused(store, [Entry(99, "Early", 1, b"{}")])
        require_refused(store, [Entry(102, "Late", 1, b"{}"), Entry(101, "Early", 1, b"{}")])
        store.append([Entry(100, "Same", 1, b"{}")])
        require_refused(store, [Entry(TS_MAX + 1, "Beyond", 1, b"{}")])
        require(store.head().ts == 100, "time_after_refusals", head=store.head())
        store.close()

    def test_a_kind_is_a_short_ascii_identifier(self) -> None:
        store = self.sealed()
        for kind in ("", "K" * (KIND_CHARS_MAX + 1), "two words", "Über", "1st", "a\x00b"):
            require_refused(store, [Entry(9, kind, 1, b"{}")])
        store.close()

    def test_a_body_has_a_largest_size(self) -> None:
        store = self.sealed()
        require_refused(store, [Entry(9, "Large", 1, b"x" * (BODY_BYTES_MAX + 1))])
        store.close()

    def test_a_batch_has_a_largest_size(self) -> None:
        store = self.sealed()
        require_refused(store, [Entry(9, "Many", 1, b"{}")] * (BATCH_ENTRIES_MAX + 1))
        store.close()

    def test_wrong_types_are_refused(self) -> None:
        store = self.sealed()
        right: tuple[object, ...] = (9, "Right", 1, b"{}")
        wrong: tuple[tuple[object, ...], ...] = (
            (True, 9.0, "9", None),
            (b"Right", 1, None),
            (True, 1.0, "1", None, 0, -1, VERSION_MAX + 1),
            ("{}", bytearray(b"{}"), None, {}),
        )
        for place, values in enumerate(wrong):
            for value in values:
                entry = Entry._make((*right[:place], value, *right[place + 1 :]))
                require_refused(store, [entry])
        store.close()

    def test_a_refused_batch_leaves_everything_as_it_was(self) -> None:
        store = self.sealed()
        store.append(some_entries(5))
        before = list(store.records())
        good = Entry(50, "Good", 1, b"{}")
        require_refused(store, [good, good, good._replace(ts=49)])
        require(list(store.records()) == before, "a_refused_batch_left_records")
        store.append([good])
        require_chain(list(store.records()), store)
        store.close()

    def test_a_closed_store_takes_nothing(self) -> None:
        store = self.sealed()
        store.close()
        store.close()
        for batch in (some_entries(1), []):
            try:
                store.append(batch)
            except LedgerError:
                continue
            require(condition=False, code="a_closed_store_took_a_batch", entries=len(batch))

    # --------------------------------------------------------------------------------------------- reading

    def test_ranges_include_both_ends_and_stop_at_the_head(self) -> None:
        store = self.sealed()
        store.append(some_entries(9))
        wanted = {
            (1, None): range(1, 11),
            (4, None): range(4, 11),
            (4, 6): range(4, 7),
            (7, 7): range(7, 8),
            (8, 99): range(8, 11),
            (-3, 2): range(1, 3),
            (6, 5): range(0),
            (1, 0): range(0),
            (1, -5): range(0),
            (11, None): range(0),
        }
        for (first, last), seqs in wanted.items():
            found = [record.seq for record in store.records(first, last)]
            require(found == list(seqs), "range_differs", first=first, last=last, found=found)
        store.close()

    def test_a_long_ledger_is_read_whole_and_in_order(self) -> None:
        store = self.sealed()
        for _ in range(3):
            store.append(some_entries(1100, ts=store.head().ts))
        require_chain(list(store.records()), store)
        require([r.seq for r in store.records(999, 2002)] == list(range(999, 2003)), "range_across_pages")
        store.close()

    def test_an_iteration_ends_where_the_head_was_when_it_began(self) -> None:
        store = self.sealed()
        store.append(some_entries(4))
        reading = store.records()
        store.append(some_entries(4, ts=9))
        require([r.seq for r in reading] == [1, 2, 3, 4, 5], "iteration_saw_later_records")
        store.close()

    def test_a_checkpoint_changes_no_record(self) -> None:
        store = self.sealed()
        store.append(some_entries(4))
        before = list(store.records())
        store.checkpoint()
        require(list(store.records()) == before, "records_after_checkpoint")
        store.append(some_entries(4, ts=9))
        store.checkpoint()
        require_chain(list(store.records()), store)
        store.close()

    def test_what_was_acknowledged_is_there_after_opening_again(self) -> None:
        store = self.sealed()
        store.append(some_entries(5))
        before, head = list(store.records()), store.head()
        store.close()
        again = self.reopen()
        if again is None:
            return
        require(again.head() == head and list(again.records()) == before, "reopened_differs", head=again.head())
        require_refused(again, [Entry(head.ts - 1, "Early", 1, b"{}")])
        again.append(some_entries(5, ts=head.ts))
        require_chain(list(again.records()), again)
        again.close()

    def test_a_reader_sees_what_was_acknowledged_while_the_writer_goes_on(self) -> None:
        store = self.sealed()
        reader = self.reader()
        if reader is None:
            store.close()
            return
        for _ in range(3):
            head = store.append(some_entries(3, ts=store.head().ts))
            require(reader.head() == head, "reader_lags", seen=reader.head(), acknowledged=head)
            require(list(reader.records()) == list(store.records()), "reader_differs")
        store.checkpoint()
        require(reader.head() == store.head(), "reader_after_checkpoint")
        reader.close()
        store.close()


def require_chain(records: Sequence[Record], store: Reader) -> None:
    """The records are 1 to n, each names the one before, each hash is right, and the head is the last of them."""
    prev = GENESIS_HASH
    for seq, record in enumerate(records, start=1):
        digest = record_hash(prev, seq, record.ts, record.kind, record.version, record.body)
        require(record.seq == seq and record.prev_hash == prev, "link_broken", seq=seq, found=record.seq)
        require(record.hash == digest, "hash_wrong", seq=seq)
        prev = digest
    head = store.head()
    require((head.seq, head.hash) == (len(records), prev), "head_is_not_the_last", head=head, records=len(records))


def require_refused(store: Store, batch: Sequence[Entry]) -> None:
    """The batch is refused with the right error, and nothing of it stays."""
    before = store.head()
    try:
        store.append(batch)
    except EntryRefused:
        require(store.head() == before, "head_moved_by_a_refused_batch", before=before, after=store.head())
    else:
        require(condition=False, code="taken_but_should_be_refused", entries=len(batch), kind=batch[-1].kind)
