"""Records by stream: complete, in order, disposable, and never in the way of whoever writes the ledger."""

import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.model.examples import EXAMPLES

from assent.ledger import views as module
from assent.ledger.chain import Entry, Record
from assent.ledger.contract import a_seal
from assent.ledger.errors import LedgerCorrupt
from assent.ledger.sqlite import SqliteReader, SqliteStore, open_reader
from assent.ledger.streams import STREAMS, streams_of
from assent.ledger.views import Views, views_of
from assent.model import facts
from assent.model.facts import SCHEMA_VERSION, Fact, encode_fact, kind_of
from assent.model.intents import Intent
from assent.model.orders import Fill, Order
from assent.model.units import DAY, MICRO, SECOND

START = 1_767_571_200 * SECOND


def an_intent(number: int, *, strategy: str = "value", market: str = "RAIN", **changes: object) -> Intent:
    given = {
        "intent_id": f"i-{number}", "code": f"CODE{number}", "strategy": strategy, "decision": number,
        "action": "open", "instrument": market, "side": "buy", "type": "limit", "price": 500_000, "qty": MICRO,
        "time_in_force": "ioc", "fee": 0, "worst_loss": 500_000,
    }  # fmt: skip
    return Intent(**(given | changes))  # type: ignore[arg-type]


def an_order(number: int, attempt: int = 1, market: str = "RAIN") -> Order:
    return Order(f"o-{number}-{attempt}", f"i-{number}", attempt, market, "buy", "limit", 500_000, MICRO, "ioc")


def a_life(number: int, *, strategy: str = "value", market: str = "RAIN") -> list[Fact]:
    order = an_order(number, market=market)
    fill = Fill(f"f-{number}", order.order_id, market, "buy", 500_000, MICRO, 0, True, START)
    return [
        facts.IntentProposed(an_intent(number, strategy=strategy, market=market), (), None),
        facts.OrderReleased(order, "digest", "autonomous"),
        facts.FillBooked(fill),
        facts.OrderAccepted(order.order_id, "v", MICRO, 0),
        facts.FeeDiffered(fill.fill_id, 1, 0),
    ]


def write(store: SqliteStore, told: list[Fact], ts: int) -> None:
    store.append([Entry(ts + n, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for n, fact in enumerate(told)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore.open(tmp_path / "ledger.sqlite", create=True)
    made.append([a_seal()])
    write(made, [*a_life(1), *a_life(2, strategy="other", market="SNOW")], START)
    yield made
    made.close()


@pytest.fixture
def reader(store: SqliteStore) -> Iterator[SqliteReader]:
    opened = open_reader(store.path)
    yield opened
    opened.close()


def found(reader: SqliteReader, stream: str, value: str, **between: int) -> list[int]:
    views = Views.open(views_of(reader.path), reader)
    try:
        return list(views.find(stream, value, **between))
    finally:
        views.close()


def test_a_life_is_found_by_every_name_that_it_has(reader: SqliteReader) -> None:
    first, second = [2, 3, 4, 5, 6], [7, 8, 9, 10, 11]
    for stream, value in (("intent", "i-1"), ("intent", "CODE1"), ("strategy", "value"), ("instrument", "RAIN")):
        assert found(reader, stream, value) == first
    assert found(reader, "order", "o-1-1") == first[1:]
    assert found(reader, "strategy", "other") == found(reader, "instrument", "SNOW") == second
    assert found(reader, "day", "2026-01-05") == first + second
    assert found(reader, "order", "nobody") == []


def test_between_two_records_both_are_included(reader: SqliteReader) -> None:
    assert found(reader, "intent", "i-1", first=3, last=5) == [3, 4, 5]


def test_a_second_order_of_an_intent_keeps_its_own_records(store: SqliteStore, reader: SqliteReader) -> None:
    write(
        store,
        [facts.OrderReleased(an_order(1, 2), "d", "autonomous"), facts.OrderRefused("o-1-2", "c", "")],
        START + SECOND,
    )
    assert found(reader, "order", "o-1-2") == [12, 13]
    assert found(reader, "order", "o-1-1") == [3, 4, 5, 6]
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6, 12, 13]


def test_a_cancellation_belongs_to_its_order_and_does_not_become_its_origin(
    store: SqliteStore, reader: SqliteReader
) -> None:
    idea = an_intent(9, strategy="value", action="cancel", order_id="o-1-1")
    write(store, [facts.IntentProposed(idea, (), None), facts.OrderClosed("o-1-1", "cancelled", 0)], START + SECOND)
    assert found(reader, "order", "o-1-1")[-2:] == [12, 13]
    assert found(reader, "intent", "CODE9") == [12]


def test_what_was_written_since_is_read_on(store: SqliteStore, reader: SqliteReader) -> None:
    assert found(reader, "strategy", "value") == [2, 3, 4, 5, 6]
    write(store, a_life(3), START + DAY)
    assert found(reader, "strategy", "value") == [2, 3, 4, 5, 6, 12, 13, 14, 15, 16]
    assert found(reader, "day", "2026-01-06") == [12, 13, 14, 15, 16]


def test_a_file_that_is_damaged_breaks_nothing_and_one_that_is_lost_is_made_anew(reader: SqliteReader) -> None:
    path = views_of(reader.path)
    whole = found(reader, "strategy", "value")
    good = path.read_bytes()
    dice = random.Random(5)
    spoiled = [b"", b"not a database at all, but some text" * 9, good[: len(good) // 2], bytes(len(good))]
    for _ in range(20):
        bad = bytearray(good)
        place = dice.randrange(100, len(bad))
        bad[place : place + 400] = dice.randbytes(len(bad[place : place + 400]))
        spoiled.append(bytes(bad))
    for content in spoiled:
        path.write_bytes(content)
        found(reader, "intent", "CODE1")
        path.unlink()
        assert found(reader, "strategy", "value") == whole


@pytest.mark.parametrize("content", [b"", b"not a database at all, but some text" * 9, bytes(40_000)])
def test_a_file_that_is_no_index_becomes_one(reader: SqliteReader, content: bytes) -> None:
    path = views_of(reader.path)
    path.write_bytes(content)
    assert found(reader, "strategy", "value") == [2, 3, 4, 5, 6]
    assert path.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("change", ["format = 99", "first = x'00'", "hash = x'00'", "seq = 5", "seq = 500"])
def test_an_index_of_another_ledger_or_another_time_is_made_anew(reader: SqliteReader, change: str) -> None:
    whole = found(reader, "strategy", "value")
    connection = sqlite3.connect(views_of(reader.path))
    connection.execute(f"UPDATE read_to SET {change}")
    connection.execute("DELETE FROM records WHERE seq = 3")
    connection.execute("INSERT INTO records VALUES ('strategy', 'value', 400)")
    connection.commit()
    connection.close()
    assert found(reader, "strategy", "value") == whole


def test_another_ledger_in_the_same_place_is_indexed_anew(tmp_path: Path, reader: SqliteReader) -> None:
    assert found(reader, "strategy", "value")
    (tmp_path / "other").mkdir()
    second = SqliteStore.open(tmp_path / "other" / "ledger.sqlite", create=True)
    second.append([a_seal(ts=7)])
    write(second, a_life(8, strategy="third"), START)
    looking = open_reader(second.path)
    views_of(second.path).write_bytes(views_of(reader.path).read_bytes())
    assert found(looking, "strategy", "value") == []
    assert found(looking, "strategy", "third") == [2, 3, 4, 5, 6]
    looking.close()
    second.close()


def test_where_no_file_can_be_made_it_works_in_memory(reader: SqliteReader) -> None:
    views_of(reader.path).mkdir()
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6]
    assert views_of(reader.path).is_dir()


def test_a_link_is_not_followed(tmp_path: Path, reader: SqliteReader) -> None:
    views_of(reader.path).symlink_to(tmp_path / "precious")
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6]
    assert not (tmp_path / "precious").exists()


def test_a_database_of_somebody_else_is_left_as_it_is(reader: SqliteReader) -> None:
    path = views_of(reader.path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA application_id = 77")
    connection.execute("CREATE TABLE precious (n INTEGER)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6]
    assert path.read_bytes() == before


def test_a_ledger_that_cannot_be_read_says_so_itself(reader: SqliteReader) -> None:
    class Broken:
        def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
            raise LedgerCorrupt(first, "a page is gone")

    with pytest.raises(LedgerCorrupt, match="a page is gone"):
        Views.open(views_of(reader.path), Broken())  # type: ignore[arg-type]
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6]


def test_an_index_of_an_older_shape_is_made_anew(reader: SqliteReader) -> None:
    connection = sqlite3.connect(views_of(reader.path))
    connection.execute("CREATE TABLE records (stream TEXT, seq INTEGER)")
    connection.commit()
    connection.close()
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6]


def test_two_who_ask_at_once_do_not_wait_for_ever(reader: SqliteReader, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(reader, "intent", "CODE1")
    monkeypatch.setattr(module, "BUSY_S", 0)
    holder = sqlite3.connect(views_of(reader.path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert found(reader, "intent", "CODE1") == [2, 3, 4, 5, 6]
    holder.execute("ROLLBACK")
    holder.close()


def test_the_ledger_is_only_read_and_its_writer_goes_on(store: SqliteStore, reader: SqliteReader) -> None:
    before = store.path.read_bytes()
    views = Views.open(views_of(store.path), reader)
    write(store, a_life(3), START + SECOND)
    assert list(views.find("strategy", "value")) == [2, 3, 4, 5, 6], "an open index stands still"
    views.close()
    assert store.path.read_bytes() == before
    assert found(reader, "strategy", "value")[-1] == 16


def test_in_turns_of_any_length_the_index_is_the_same(reader: SqliteReader, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {value: found(reader, stream, value) for stream, value in (("order", "o-1-1"), ("intent", "CODE2"))}
    for turn in (1, 2, 3, 7):
        monkeypatch.setattr(module, "RECORDS_A_TURN", turn)
        views_of(reader.path).unlink()
        assert {"o-1-1": found(reader, "order", "o-1-1"), "CODE2": found(reader, "intent", "CODE2")} == whole


@pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: type(fact).__name__)
def test_every_fact_belongs_to_its_day_and_to_whatever_it_names(fact: Fact) -> None:
    body = encode_fact(fact)
    mentions, kept = streams_of(kind_of(fact), SCHEMA_VERSION, START, body, lambda _key: frozenset())
    assert ("day", "2026-01-05") in mentions
    assert {stream for stream, _ in mentions} <= set(STREAMS)
    by_stream = defaultdict(set)
    for stream, value in mentions:
        by_stream[stream].add(value)
    for name in ("order_id", "strategy"):
        value = getattr(fact, name, None)
        if value:
            assert value in by_stream[name.removesuffix("_id")]
    assert all(value for _, value in mentions)
    assert all(key.partition(":")[0] in ("intent", "order", "fill") for key in kept)


def test_an_index_that_is_read_on_by_and_by_says_how_far_it_is_and_comes_to_the_same(
    reader: SqliteReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORDS_A_TURN", 4)
    views, head = Views.open(tmp_path / "slow.sqlite", reader, whole=False), reader.head().seq
    assert list(views.find("strategy", "value")) == []
    reached = [views.read_on(reader) for _ in range(head // 4 + 2)]
    assert reached[:2] == [4, 8]
    assert reached[-1] == head
    for stream in STREAMS:
        for value in views.beginning(stream, "", most=99):
            assert list(views.find(stream, value)) == found(reader, stream, value)
    views.close()


def test_the_newest_before_a_record_and_the_values_that_begin_so(reader: SqliteReader) -> None:
    views = Views.open(views_of(reader.path), reader)
    every = found(reader, "strategy", "value")
    assert len(every) > 3
    assert views.newest("strategy", "value", before=reader.head().seq + 1, most=2) == every[-2:]
    assert views.newest("strategy", "value", before=every[-1], most=99) == every[:-1]
    assert views.newest("strategy", "value", before=every[0], most=9) == []
    intents = views.beginning("intent", "i-", most=99)
    assert intents == sorted(intents)
    assert "i-1" in intents
    assert not any(value.startswith("CODE") for value in intents)
    assert views.beginning("intent", "i-", most=1) == intents[:1]
    assert views.beginning("intent", "%", most=9) == []
    views.close()


def test_a_record_that_cannot_be_read_belongs_to_its_day() -> None:
    mentions, kept = streams_of("Nonsense", 1, START, b"{", lambda _key: frozenset())
    assert (mentions, kept) == ({("day", "2026-01-05")}, {})
