"""What is kept while records come in is what a fold of the whole ledger says, at every point of it."""

from pathlib import Path

import msgspec
import pytest
from tests.cli.support import RAIN, SNOW, Script
from tests.console.reading.ledgers import Asking, Growing, entries_of, followed, read_whole, write_world
from tests.property.worlds import World

from assent.console.reading import listing
from assent.console.reading.follower import Follower
from assent.console.reading.listing import Intents, Orders
from assent.desk.halt_history import halt_history
from assent.desk.intent_rows import STATUSES, intent_rows
from assent.desk.rows import order_row
from assent.ledger.sqlite import SqliteStore
from assent.model import inputs
from assent.venue.read_only import DRY_RUN

each_world = pytest.mark.parametrize(
    ("world", "seed"), [(World, seed) for seed in range(4)] + [(Asking, seed) for seed in (0, 4, 5, 9)]
)


@each_world
def test_intents_orders_halts_and_the_state_are_those_of_a_whole_fold(
    tmp_path: Path, world: type[World], seed: int
) -> None:
    path = write_world(tmp_path / "l.sqlite", seed, 900, world=world)
    book, whole = followed(path).book, read_whole(path)
    assert book.state.digest() == whole.state.digest()
    assert list(book.intents.rows.shown()) == intent_rows(whole.records, whole.state)
    assert [msgspec.to_builtins(row) for row in book.halts.rows()] == halt_history(whole.records)
    known = {**whole.state.archive.orders, **whole.state.orders}
    rows = [order_row(order, whole.state.find_instrument(order.order.instrument)) for order in known.values()]
    assert sorted(map(repr, book.orders.rows.shown())) == sorted(map(repr, rows))
    assert {row.status for row in book.intents.rows.shown()} <= set(STATUSES)


@each_world
def test_records_that_come_one_by_one_leave_the_same_as_all_at_once(
    tmp_path: Path, world: type[World], seed: int
) -> None:
    growing = Growing(tmp_path / "l.sqlite", seed, 250, world=world)
    follower = Follower(growing.path, lambda: 0)
    while growing.left:
        growing.grow(1)
        follower.step()
        follower.step()
        seq = growing.store.head().seq
        assert follower.book.head.seq == seq
        waiting = {row.intent_id for row, _ in follower.book.intents.pending()}
        asked = {name for name, one in follower.book.state.asked.items() if not one.complete}
        assert asked <= waiting <= asked | follower.book.state.looks.keys() | follower.book.state.proposed.keys()
        if seq % 50 == 0:
            whole = read_whole(growing.path)
            assert list(follower.book.intents.rows.shown()) == intent_rows(whole.records, whole.state)
            known = {**whole.state.archive.orders, **whole.state.orders}
            assert {row.order_id: row.status for row in follower.book.orders.rows.shown()} == {
                name: order.status for name, order in known.items()
            }
    growing.close()


def test_the_worlds_reach_what_the_listing_must_tell_apart(tmp_path: Path) -> None:
    seen: set[str] = set()
    for number, (world, seed) in enumerate(((World, 0), (World, 1), (World, 4), (Asking, 1), (Asking, 5))):
        book = followed(write_world(tmp_path / f"{number}.sqlite", seed, 900, world=world)).book
        seen |= {row.status for row in book.intents.rows.shown()}
        seen |= {"cleared" for row in book.halts.rows() if row.cleared_seq is not None}
    assert seen >= {"APPROVED", "REJECTED", "EXECUTED", "EXPIRED", "FAILED", "SUPERSEDED", "cleared"}


def test_the_newest_rows_are_kept_and_the_open_ones_whatever_their_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SLACK", 5)
    path = write_world(tmp_path / "l.sqlite", 0, 900)
    follower = Follower(path, lambda: 0)
    follower.book.intents, follower.book.orders = Intents(kept=20), Orders(kept=5)
    follower.step()
    book, whole = follower.book, read_whole(path)
    every = intent_rows(whole.records, whole.state)
    assert book.intents.rows.total == len(every) > 60
    open_now = [row for row in every if row.status in listing.OPEN_STATUSES]
    shown = book.intents.rows.shown()
    assert len(shown) <= 20 + 5 + len(open_now)
    assert set(map(repr, shown)) >= set(map(repr, (*open_now, *every[-15:])))
    assert len(book.orders.rows.shown()) < 5 + 5 + len(whole.state.orders)
    assert book.orders.rows.total == len(whole.state.orders) + len(whole.state.archive.orders) > 15


def test_an_order_that_only_the_dry_run_kept_from_the_wire_is_told_apart_from_one_that_failed(tmp_path: Path) -> None:
    script = Script(mode="dry-run")
    for name, why in ((RAIN, DRY_RUN), (SNOW, "permit_expired")):
        script.idea(name)
        script.tell(inputs.SendAnswered(script.order().order_id, inputs.NotSent(why), script.now))
    path = tmp_path / "l.sqlite"
    store = SqliteStore.open(path, create=True)
    store.append(entries_of([(ts, fact) for _, ts, fact in script.facts]))
    store.close()
    book, whole = followed(path).book, read_whole(path)
    assert [row.status for row in book.intents.rows.shown()] == ["EXECUTED_DRYRUN", "FAILED"]
    assert list(book.intents.rows.shown()) == intent_rows(whole.records, whole.state)
