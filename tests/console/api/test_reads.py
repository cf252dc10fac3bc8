"""What is shown over HTTP is what the ledger says, and nothing is shown as true that may not be."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.console.reading.ledgers import Growing, write_world
from tests.console.reading.ledgers import read_whole as whole_of
from tests.console.support import Console, make_console, read_whole

from assent.console.api import metrics, shapes
from assent.console.reading.records import RecordPage, WholeRecord
from assent.desk.intent_rows import intent_rows
from assent.desk.story import Story, tell
from assent.ledger.streams import STREAMS
from assent.model.levels import CAUSES
from assent.model.units import SECOND


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("ledger") / "l.sqlite", 3, 600)


@pytest.fixture(scope="module")
def console(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Console:
    return make_console(tmp_path_factory.mktemp("console"), tail=read_whole(ledger))


def told(console: Console, path: str, kind: Any) -> Any:
    """The answer as the struct that it was declared as: nothing missing, nothing besides."""
    answer = console.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return msgspec.json.decode(answer.content, type=kind)


def test_the_status_says_all_that_it_must(console: Console, ledger: Path) -> None:
    status, state = told(console, "/status", shapes.Status), whole_of(ledger).state
    assert state.seal is not None
    assert (status.mode, status.constitution) == (state.seal.mode, state.seal.constitution_digest)
    assert status.seq == state.seq
    assert {halt.cause for halt in status.halts} == set(state.halts)
    assert status.approval_mandatory == state.seal.constitution.approval_mandatory
    assert (status.buying_power, status.cash) == (state.cash - state.reserved(), state.cash)
    assert status.buying_power_floor == (state.seal.constitution.buying_power_min or None)
    assert (status.open_orders, status.version) == (len(state.orders), "1.2.3")
    assert status.deployment.name == "mine"


def test_intents_are_paged_from_the_newest_without_gap_or_repeat(console: Console, ledger: Path) -> None:
    whole = whole_of(ledger)
    expected = [row.seq for row in reversed(intent_rows(whole.records, whole.state))]
    seen: list[int] = []
    path = "/intents?limit=7"
    while True:
        page = told(console, path, shapes.IntentsPage)
        seen += [row.seq for row in page.intents]
        if page.next is None:
            break
        path = f"/intents?limit=7&cursor={page.next}"
    assert seen == expected
    assert page.total == len(expected)


def test_intents_are_filtered_by_status_and_type(console: Console) -> None:
    everything = told(console, "/intents?limit=500", shapes.IntentsPage).intents
    for status in {row.status for row in everything}:
        rows = told(console, f"/intents?status={status}&limit=500", shapes.IntentsPage).intents
        assert rows == tuple(row for row in everything if row.status == status)
    for kind in {row.type for row in everything}:
        rows = told(console, f"/intents?type={kind}&limit=500", shapes.IntentsPage).intents
        assert rows == tuple(row for row in everything if row.type == kind)
    assert console.get("/intents?status=pending").status_code == 422
    assert console.get("/intents?type=OPEN").status_code == 422


def test_an_intent_is_found_by_code_by_id_and_by_a_beginning_that_means_one(console: Console) -> None:
    row = told(console, "/intents?limit=1", shapes.IntentsPage).intents[0]
    for name in (row.code, row.code.lower(), row.intent_id, row.intent_id[:12], row.intent_id[2:14]):
        assert told(console, f"/intents/{name}", shapes.IntentTold).intent == row
    assert console.get("/intents/ZZZZZZ").json()["code"] == "not_found"


def test_orders_are_paged_from_the_newest_without_gap_or_repeat(console: Console, ledger: Path) -> None:
    whole = whole_of(ledger)
    count = len(whole.state.orders) + len(whole.state.archive.orders)
    assert count > 1
    seen: list[str] = []
    path = "/orders?limit=1"
    while True:
        page = told(console, path, shapes.OrdersPage)
        seen += [row.order_id for row in page.orders]
        if page.next is None:
            break
        path = f"/orders?limit=1&cursor={page.next}"
    assert len(seen) == len(set(seen)) == page.total == count
    assert console.get("/orders?cursor=unheard-of").json()["code"] == "not_found"
    assert told(console, "/orders?status=unheard", shapes.OrdersPage).orders == ()


def test_what_is_held_and_what_may_be_lost_is_what_the_fold_says(console: Console, ledger: Path) -> None:
    state = whole_of(ledger).state
    held = told(console, "/positions", shapes.PositionsTold)
    assert {row.instrument: row.qty for row in held.positions} == {n: p.qty for n, p in state.positions.items()}
    assert (
        told(console, "/exposure", shapes.ExposureTold).total.loss == told(console, "/status", shapes.Status).exposure
    )
    halts = told(console, "/halts?limit=2", shapes.HaltsTold)
    assert len(halts.history) == 2
    assert halts.history[0].raised_seq > halts.history[1].raised_seq
    limits = told(console, "/constitution", shapes.ConstitutionTold).limits
    assert state.seal is not None
    assert {row.key for row in limits} == set(state.seal.constitution.__struct_fields__)


def test_records_are_paged_in_both_directions_and_shown_whole(console: Console, ledger: Path) -> None:
    count = len(whole_of(ledger).records)
    first = told(console, "/ledger?after=0&limit=10", RecordPage)
    assert [row.seq for row in first.rows] == list(range(1, 11))
    assert (first.older, first.newer, first.last_seq) == (None, 10, count)
    newest = told(console, "/ledger?limit=5", RecordPage)
    assert newest.rows[-1].seq == count
    earlier = told(console, f"/ledger?before={newest.older}&limit=5", RecordPage)
    assert earlier.rows[-1].seq == newest.rows[0].seq - 1
    one = told(console, "/ledger/7", WholeRecord)
    assert one.row == first.rows[6]
    assert one.prev_hash == first.rows[5].hash
    assert console.get(f"/ledger/{count + 1}").json()["code"] == "not_found"
    assert [row.seq for row in told(console, "/ledger?after=2&before=9&limit=2", RecordPage).rows] == [3, 4]


def test_records_are_shown_by_each_stream(console: Console, ledger: Path) -> None:
    row = next(row for row in told(console, "/intents?limit=500", shapes.IntentsPage).intents if row.order_id)
    day = datetime.fromtimestamp(row.ts // SECOND, UTC).date().isoformat()
    values = (row.intent_id, row.order_id, row.instrument, row.strategy, day)
    for stream, value in zip(STREAMS, values, strict=True):
        page = told(console, f"/ledger?stream={stream}&value={value}&limit=500", RecordPage)
        assert (page.stream, page.value) == (stream, value)
        assert 0 < len(page.rows) <= len(whole_of(ledger).records)
    assert told(console, "/ledger?stream=intent&value=nobody", RecordPage).rows == ()
    assert console.get("/ledger?stream=account").status_code == 422


def test_why_tells_the_same_story_as_the_whole_ledger(console: Console, ledger: Path) -> None:
    whole = whole_of(ledger)
    rows = intent_rows(whole.records, whole.state)
    chosen = [next(row for row in rows if row.order_id), rows[0], rows[-1]]
    for row in chosen:
        assert told(console, f"/why/{row.code}", Story) == tell(whole.records, row.intent_id)
    assert told(console, f"/why/{chosen[0].order_id}", Story).intent.code == chosen[0].code
    assert console.get("/why/ZZZZZZ").json()["code"] == "not_found"
    several = console.get("/why/i-")
    assert (several.status_code, several.json()["code"]) == (409, "name_ambiguous")


def test_metrics_hold_no_more_series_than_our_own_tables_have_entries(console: Console) -> None:
    text = console.get("/metrics").text
    status = told(console, "/status", shapes.Status)
    assert f"assent_desk_cash_dollars {status.cash / 1e6}" in text
    assert f"assent_ledger_records {float(status.seq)}" in text
    assert set(re.findall(r'assent_desk_halt\{cause="(\w+)"\}', text)) == set(CAUSES)
    assert set(re.findall(r"^(assent_desk_\w+_dollars|assent_ledger_\w+) ", text, re.MULTILINE)) <= set(metrics.NUMBERS)
    labels = set(re.findall(r'[{,](\w+)="', text))
    assert labels <= {"cause", "limit", "code", "method", "route", "status", "le"}
    for secret in (status.deployment.account, status.deployment.ledger_id, *console.tokens.values(), "token:view"):
        assert f'"{secret}"' not in text
    console.ask("BREW", "/anything/at/all", token="view")
    assert 'method="other",route="none",status="404"' in console.get("/metrics").text


def test_health_tells_a_stranger_one_bit(console: Console) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        answer = console.ask("GET", path)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})


# --- a ledger that cannot be read ----------------------------------------------------------------------

READS = (
    "/intents", "/intents/ZZZZZZ", "/orders", "/positions", "/exposure", "/halts", "/constitution", "/ledger",
    "/ledger/1", "/why/ZZZZZZ",
)  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_without_a_ledger_nothing_is_told_as_if_it_were_so(tmp_path: Path, path: str) -> None:
    console = make_console(tmp_path)
    answer = console.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unread")
    status = told(console, "/status", shapes.Status)
    assert (status.source.standing, status.level, status.allowed) == ("missing", None, ())
    for health in ("/health", "/health/ready"):
        assert (console.ask("GET", health).status_code, console.ask("GET", health).json()) == (503, {"ok": False})
    assert console.ask("GET", "/health/live").json() == {"ok": True}


def test_a_ledger_that_was_damaged_is_not_shown_as_the_truth(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    Growing(path, 3, 100).finish().close()
    tail = read_whole(path)
    console = make_console(tmp_path / "console", tail=tail)
    assert console.get("/positions").status_code == 200
    path.write_bytes(b"no ledger at all" * 400)
    for _ in range(5):
        tail.poll()
    assert console.get("/positions").json()["code"] == "ledger_unread"
    text = console.get("/metrics").text
    assert "assent_ledger_readable 0.0" in text
    assert "assent_desk_" not in text
