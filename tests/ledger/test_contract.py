"""Both stores keep every promise of the port; and the suite notices a store that does not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from assent.ledger.chain import Entry, Head
from assent.ledger.contract import StoreContract
from assent.ledger.memory import MemoryStore
from assent.ledger.port import Store
from assent.ledger.sqlite import SqliteReader, SqliteStore, open_reader
from assent.model.errors import InvariantBroken


class TestMemoryStore(StoreContract):
    def fresh(self) -> Store:
        return MemoryStore()


class TestSqliteStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _directory(self, tmp_path: Path) -> None:
        self.path = tmp_path / "ledger.sqlite"

    def fresh(self) -> Store:
        return SqliteStore.open(self.path, create=True)

    def reopen(self) -> Store:
        return SqliteStore.open(self.path)

    def reader(self) -> SqliteReader:
        return open_reader(self.path)


class Forgetful(MemoryStore):
    """Acknowledges, and keeps only half."""

    def append(self, batch: Sequence[Entry]) -> Head:
        head = super().append(batch)
        del self._rows[1::2]
        return head


class Lenient(MemoryStore):
    """Takes time as it comes."""

    def append(self, batch: Sequence[Entry]) -> Head:
        self._head = self._head._replace(ts=0)
        return super().append(batch)


class Halfway(MemoryStore):
    """Keeps the part of a batch that came before the refused entry."""

    def append(self, batch: Sequence[Entry]) -> Head:
        head = self.head()
        for entry in batch:
            head = super().append([entry])
        return head


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (Forgetful, "test_the_chain_holds_from_the_first_record_to_the_head"),
        (Lenient, "test_time_never_goes_back"),
        (Halfway, "test_a_refused_batch_leaves_everything_as_it_was"),
        (Halfway, "test_a_batch_has_a_largest_size"),
    ],
)
def test_a_store_that_breaks_a_promise_is_found(broken: type[MemoryStore], promise: str) -> None:
    class Contract(StoreContract):
        def fresh(self) -> Store:
            return broken()

    with pytest.raises(InvariantBroken):
        getattr(Contract(), promise)()
