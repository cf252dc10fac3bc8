"""Pages of records, both ways, whole and by stream: every record once, none twice, none lost."""

from pathlib import Path

import pytest
from tests.cli.support import Cli, lived_desk
from tests.console.reading.ledgers import NOW, Growing, read_whole, write_world

from assent.console.reading.records import NEAR, PAGE_MOST, RecordPage, WholeRecord, read_numbers
from assent.console.reading.tail import Tail
from assent.ledger.sqlite import open_reader
from assent.ledger.streams import STREAMS
from assent.ledger.views import Views


def the_page(answer: object) -> RecordPage:
    assert isinstance(answer, RecordPage)
    return answer


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    return Tail(write_world(tmp_path / "l.sqlite", 2, 500), now=lambda: NOW)


def test_pages_lead_from_the_end_to_the_beginning_and_back(tail: Tail) -> None:
    page = the_page(tail.records(limit=70))
    assert page.newer is None
    last, seen = page.last_seq, [row.seq for row in page.rows]
    while page.older is not None:
        page = the_page(tail.records(before=page.older, limit=70))
        seen = [row.seq for row in page.rows] + seen
    assert seen == list(range(1, last + 1))
    forth = [row.seq for row in page.rows]
    while page.newer is not None:
        page = the_page(tail.records(after=page.newer, limit=70))
        forth += [row.seq for row in page.rows]
    assert forth == seen


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"before": 1}, []), ({"before": 0}, []), ({"before": -5}, []), ({"after": 0, "limit": 2}, [1, 2]),
        ({"after": -9, "limit": 1}, [1]), ({"before": 3, "limit": 5}, [1, 2]), ({"after": 10**15}, []),
        ({"before": 10**15, "limit": 0}, None), ({"after": 4, "limit": -3}, [5]), ({"after": 10**40}, []),
        ({"before": 10**40, "limit": 1}, None), ({"before": -(10**40)}, []), ({"after": -(10**40), "limit": 1}, [1]),
    ],
)  # fmt: skip
def test_what_lies_outside_is_empty_and_not_an_error(tail: Tail, asked: dict[str, int], numbers: list[int]) -> None:
    page = the_page(tail.records(**asked))
    assert [row.seq for row in page.rows] == ([page.last_seq] if numbers is None else numbers)
    stream = the_page(tail.records(stream="strategy", value="threshold", **asked))
    assert {row.seq for row in stream.rows} <= set(range(1, page.last_seq + 1))
    assert len(stream.rows) <= 1 or asked.get("limit", 50) > 1


def test_a_page_is_bounded_whatever_is_asked_for(tail: Tail) -> None:
    assert len(the_page(tail.records(limit=10**9)).rows) == min(PAGE_MOST, the_page(tail.records()).last_seq)


def test_every_stream_gives_exactly_the_records_of_the_ledger_s_own_index(tail: Tail) -> None:
    reader = open_reader(tail.ledger)
    views = Views.open(tail.ledger.with_name("own.views"), reader)
    whole, compared = read_whole(tail.ledger), 0
    for stream in STREAMS:
        for value in views.beginning(stream, "", most=25):
            wanted, page = list(views.find(stream, value)), the_page(tail.records(stream=stream, value=value, limit=3))
            assert page.newer is None
            seen = [row.seq for row in page.rows]
            while page.older is not None:
                page = the_page(tail.records(stream=stream, value=value, before=page.older, limit=3))
                seen = [row.seq for row in page.rows] + seen
            assert seen == wanted
            forth, page = [], the_page(tail.records(stream=stream, value=value, after=0, limit=3))
            forth += [row.seq for row in page.rows]
            while page.newer is not None:
                page = the_page(tail.records(stream=stream, value=value, after=page.newer, limit=3))
                forth += [row.seq for row in page.rows]
            assert forth == wanted
            compared += 1
    assert compared > 30
    assert len(whole.records) == reader.head().seq
    views.close()
    reader.close()
    tail.stop()


def test_numbers_are_read_each_once_however_they_lie(tail: Tail) -> None:
    reader = open_reader(tail.ledger)
    for numbers in ([], [1], [1, 2, 3], [2, 2 + NEAR, 3 + 2 * NEAR, 200], list(range(5, 250, 7))):
        assert [record.seq for record in read_numbers(reader, numbers)] == numbers
    reader.close()


def test_a_record_in_full_is_what_the_export_has(tmp_path: Path, cli: Cli) -> None:
    lived = lived_desk(tmp_path / "desk")
    tail = Tail(lived.settings.ledger_path, now=lambda: NOW)
    for row in cli("ledger", "show", "-C", lived.folder, "--last", "100", "--json").json["records"]:
        whole = tail.record(row["seq"])
        assert isinstance(whole, WholeRecord)
        assert (whole.row.words, whole.row.kind, whole.row.hash) == (row["words"], row["kind"], row["hash"])
        assert whole.body == row["body"]
    assert tail.record(lived.head.seq + 1) is None
    assert tail.record(0) is None
    assert tail.record(-1) is None
    tail.stop()


def test_a_page_made_while_the_ledger_grows_leads_on_to_what_came(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite", 2, 200).grow(30)
    tail = Tail(growing.path, now=lambda: NOW)
    page = the_page(tail.records(limit=10))
    assert page.newer is None
    growing.grow(4)
    assert [row.seq for row in the_page(tail.records(after=page.rows[-1].seq)).rows] == [31, 32, 33, 34]
    growing.close()
    tail.stop()


@pytest.mark.parametrize("value", ["", "nobody's", "\ud800", "\x00", "'", "x" * 10_000, "\U0010ffff"])
def test_a_value_that_nothing_bears_has_no_records(tail: Tail, value: str) -> None:
    for stream in (*STREAMS, "nothing", "\x00"):
        page = the_page(tail.stream(stream, value))
        assert (page.rows, page.older, page.newer) == ((), None, None)
    assert the_page(tail.stream("strategy", "threshold")).rows
    tail.stop()


def test_a_record_of_no_possible_number_is_none(tail: Tail) -> None:
    for seq in (10**40, -(10**40), 2**63, 2**64):
        assert tail.record(seq) is None
    tail.stop()
