"""What a recorder saves of the markets in scope: raw and read, and what cannot be read kept apart."""

import json
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.venue.kalshi.boxed import CENT, MARKET, SERIES, Desk, a_market, answer

from assent.app.recording import Look, Recorder
from assent.ledger.snapshots import Snapshots, TopRow
from assent.model.errors import AssentError
from assent.model.units import MICRO, SECOND
from assent.runtime import virtual
from assent.venue.kalshi.discovery import Scope
from assent.venue.kalshi.limits import TIERS
from assent.venue.kalshi.rest import Rest
from assent.venue.kalshi.throttle import Throttle


def recorded(place: Path, *scripts: Any, scope: Scope | None = None) -> tuple[list[list[Look]], Snapshots]:
    """One look after each script, without a key."""
    looks: list[list[Look]] = []
    desk = Desk(a_market(), a_market("KXRAIN-26NOV21-T2"))
    store = Snapshots.open(place)

    async def living() -> None:
        rest = Rest(
            desk.wire, None, desk.clock, Throttle(TIERS["prestige"], Random(1), desk.clock.now()), chance=Random(2)
        )
        recorder = Recorder(rest, desk.clock, scope or Scope(series=(SERIES,)), store)
        for script in scripts:
            script(desk)
            looks.append(await recorder.once())
            await desk.clock.sleep(60 * SECOND)

    virtual.run(living())
    return looks, store


def quoted(desk: Desk) -> None:
    desk.bob("buy", 40, 5)
    desk.bob("sell", 45, 7)


def nothing(_desk: Desk) -> None:
    return


def test_each_open_market_in_scope_is_saved_with_null_where_a_side_is_empty(tmp_path: Path) -> None:
    (looks,), store = recorded(tmp_path / "r.sqlite", quoted)
    assert looks == [Look(MARKET), Look("KXRAIN-26NOV21-T2")]
    tops = {row.ticker: row.top for row in store.shown(limit=10)}
    assert tops[MARKET] == TopRow(40 * CENT, 5 * MICRO, 45 * CENT, 7 * MICRO)
    assert tops["KXRAIN-26NOV21-T2"] == TopRow(None, None, None, None)
    assert store.counts() == {"markets": 2, "snapshots": 2, "rejects": 0}


def test_a_market_is_described_once_and_looked_at_each_time(tmp_path: Path) -> None:
    looks, store = recorded(tmp_path / "r.sqlite", quoted, nothing, nothing)
    assert [len(each) for each in looks] == [2, 2, 2]
    assert store.counts() == {"markets": 2, "snapshots": 6, "rejects": 0}
    times = [row.ts_ms for row in store.shown(MARKET, limit=10)]
    assert times == sorted(times, reverse=True)
    assert len(store.shown(MARKET, limit=2)) == 2


def test_the_raw_answer_is_kept_once_under_its_digest(tmp_path: Path) -> None:
    _, store = recorded(tmp_path / "r.sqlite", quoted, nothing)
    digests = {row.digest for row in store.shown(MARKET, limit=10)}
    assert len(digests) == 1, "the book did not change"
    (body,) = next(store._rows("SELECT body FROM raw WHERE digest = ?", [digests.pop()]))
    assert json.loads(body)["orderbook_fp"]["yes_dollars"] == [["0.4000", "5.00"]]


def test_an_answer_that_cannot_be_read_is_kept_apart_and_saves_nothing(tmp_path: Path) -> None:
    def crossed(desk: Desk) -> None:
        body = {"orderbook_fp": {"yes_dollars": [["0.6000", "1.00"]], "no_dollars": [["0.6000", "1.00"]]}}
        desk.wire.spoil("GET", f"/markets/{MARKET}/orderbook", answer(200, body), times=1)

    (looks,), store = recorded(tmp_path / "r.sqlite", crossed)
    assert [(look.ticker, look.code) for look in looks] == [(MARKET, "crossed_book"), ("KXRAIN-26NOV21-T2", "")]
    assert store.counts() == {"markets": 1, "snapshots": 1, "rejects": 1}


def test_a_venue_that_does_not_answer_saves_nothing_and_says_so(tmp_path: Path) -> None:
    def down(desk: Desk) -> None:
        desk.wire.spoil("GET", f"/markets/{MARKET}/orderbook", answer(503, b"<html>"), times=9)

    (looks,), store = recorded(tmp_path / "r.sqlite", down)
    assert looks[0].ticker == MARKET
    assert looks[0].code
    assert store.counts()["rejects"] == 0


def test_what_is_out_of_scope_is_not_looked_at(tmp_path: Path) -> None:
    (looks,), _ = recorded(tmp_path / "r.sqlite", quoted, scope=Scope(markets=("KXRAIN-26NOV21-T2",)))
    assert looks == [Look("KXRAIN-26NOV21-T2")]


@pytest.mark.parametrize("content", [b"not a database at all, but some text of somebody", b""])
def test_a_file_that_is_something_else_is_not_touched(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "r.sqlite"
    place.write_bytes(content)
    if not content:
        Snapshots.open(place).close()
        return
    with pytest.raises(AssentError, match="recorder"):
        Snapshots.open(place)
    assert place.read_bytes() == content


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    place = tmp_path / "r.sqlite"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
    connection.close()
    with pytest.raises(AssentError, match="no recorder's file"):
        Snapshots.open(place)
