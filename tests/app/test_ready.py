"""The checklist before real money: met by what lies on the disk, by nothing else."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.app.keys import write_key

from assent.app.ready import PAPER_DAYS, Item, checklist
from assent.config import Settings, load
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import Entry
from assent.ledger.sqlite import SqliteStore
from assent.model.constitution import Constitution
from assent.model.facts import (
    SCHEMA_VERSION,
    AccountMatched,
    DeskStarted,
    DeskStopped,
    Fact,
    FillBooked,
    LedgerOpened,
    encode_fact,
    kind_of,
)
from assent.model.inputs import Mode
from assent.model.orders import Fill
from assent.model.units import DAY, HOUR, MICRO

DESK = """
[desk]
name = "d"
account = "main-1234"
environment = "demo"
mode = "live"
dry_run = {dry_run}
[scope]
series = ["S"]
[constitution]
notional_per_day_max = "{notional}"
[kalshi]
key_id = "trade-1"
key_file = "trade.pem"
[[strategy]]
name = "v"
"""
EPOCH = 20_000 * DAY


@pytest.fixture
def desk(tmp_path: Path) -> Settings:
    return written(tmp_path)


def written(folder: Path, *, dry_run: str = "false", notional: str = "100.00") -> Settings:
    (folder / "assent.toml").write_text(DESK.format(dry_run=dry_run, notional=notional), encoding="utf-8")
    write_key(folder / "trade.pem")
    return load(folder)


def lived(
    settings: Settings,
    mode: Mode,
    facts: list[tuple[int, Fact]],
    *,
    account: str = "main-1234",
    limits: Constitution | None = None,
) -> None:
    """A ledger of this mode with these facts after its seal."""
    own = replace(settings, mode=mode)
    own.ledger_path.parent.mkdir(parents=True)
    used = limits or settings.constitution
    seal = LedgerOpened(
        ledger_id="0123456789abcdef", mode=mode, venue="kalshi", environment="demo", account=account,
        constitution=used, constitution_digest=used.digest(), build="b",
    )  # fmt: skip
    store = SqliteStore.open(own.ledger_path, create=True)
    store.append(
        [
            Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact))
            for ts, fact in [(EPOCH, seal), (EPOCH, START), *facts]
        ]
    )
    anchors = AnchorFile(anchors_of(own.ledger_path))
    anchors.append(seal.ledger_id, store.head())
    anchors.close()
    store.close()


START = DeskStarted(build="b", strategies=())
STOP = DeskStopped(why="SIGTERM")
MATCH = AccountMatched(cash=1, positions=(), open_orders=0, source="kalshi")


def hours(*, until: int, begin: int = 1) -> list[tuple[int, Fact]]:
    """What a desk records in every hour of a quiet day."""
    return [(EPOCH + hour * HOUR, MATCH) for hour in range(begin, until + 1)]


def found(settings: Settings) -> dict[str, Item]:
    return {item.name: item for item in checklist(settings, os.environ)}


def test_a_new_desk_has_proven_nothing(desk: Settings) -> None:
    told = found(desk)
    assert {name: item.met for name, item in told.items()} == {
        "capability": True, "dry_run": True, "key": True, "paper_days": False, "dry_run_day": False,
        "micro_stage": False,
    }  # fmt: skip
    assert "there is no ledger of mode dry-run" in told["dry_run_day"].found


def test_a_day_of_dry_run_without_a_break_under_these_limits_is_met(desk: Settings) -> None:
    lived(desk, "dry-run", hours(until=24))
    assert found(desk)["dry_run_day"].met


@pytest.mark.parametrize(
    "facts",
    [
        hours(until=23),
        [*hours(until=12), (EPOCH + 12 * HOUR, STOP), (EPOCH + 13 * HOUR, START), *hours(begin=14, until=30)],
        [*hours(until=12), (EPOCH + 12 * HOUR + 1, START), *hours(begin=13, until=30)],  # it died and came back
        [*hours(until=12), *hours(begin=15, until=30)],  # it was silent for longer than a desk that runs is
        [*hours(until=10), (EPOCH + 10 * HOUR, STOP), *hours(begin=11, until=40)],  # nobody runs after the stop
    ],
    ids=["an hour short", "stopped", "died", "silent", "not running"],
)
def test_a_dry_run_with_a_break_is_not_a_day(desk: Settings, facts: list[tuple[int, Fact]]) -> None:
    lived(desk, "dry-run", facts)
    item = found(desk)["dry_run_day"]
    assert not item.met
    assert "without a break under the limits" in item.found


def test_a_day_under_other_limits_or_on_another_account_counts_for_nothing(tmp_path: Path) -> None:
    one = written(tmp_path)
    lived(one, "dry-run", hours(until=48), limits=Constitution(series=("S",)))
    assert "0 h without a break" in found(one)["dry_run_day"].found
    (tmp_path / "two").mkdir()
    two = written(tmp_path / "two")
    lived(two, "dry-run", hours(until=48), account="other-1234")
    assert "sealed for another account" in found(two)["dry_run_day"].found


def test_a_ledger_that_does_not_verify_counts_for_nothing(desk: Settings) -> None:
    lived(desk, "dry-run", hours(until=48))
    place = replace(desk, mode="dry-run").ledger_path
    data = bytearray(place.read_bytes())
    at = data.index(b"AccountMatched", len(data) // 3)
    data[at] ^= 1
    place.write_bytes(bytes(data))
    item = found(desk)["dry_run_day"]
    assert not item.met
    assert "does not verify" in item.found


def test_paper_days_are_whole_days_of_paper_on_the_same_exchange(desk: Settings) -> None:
    lived(desk, "paper", hours(until=PAPER_DAYS * 24))
    assert found(desk)["paper_days"].met
    other = replace(desk, account="other-1234")
    assert not found(other)["paper_days"].met


def test_a_day_of_paper_that_was_mostly_spent_asleep_is_none(desk: Settings) -> None:
    days = [
        entry
        for day in range(PAPER_DAYS + 5)
        for entry in [
            (EPOCH + day * DAY + HOUR, START),
            *((EPOCH + day * DAY + hour * HOUR, MATCH) for hour in range(2, 12)),
            (EPOCH + day * DAY + 12 * HOUR, STOP),
        ]
    ]
    lived(desk, "paper", days)
    item = found(desk)["paper_days"]
    assert not item.met
    assert item.found.startswith("0 of 30 days")


FILL = FillBooked(
    Fill(
        fill_id="f", order_id="o", instrument="S-1", side="buy", price=MICRO // 2, qty=MICRO, fee=0, taker=True,
        venue_ts=EPOCH,
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("notional", "fills", "met"), [(20 * MICRO, 1, True), (20 * MICRO, 0, False), (21 * MICRO, 1, False)]
)
def test_larger_limits_come_after_a_day_of_small_ones_with_fills(
    desk: Settings, notional: int, fills: int, *, met: bool
) -> None:
    small = Constitution(series=("S",), notional_per_day_max=notional)
    lived(desk, "live", [*hours(until=24), *[(EPOCH + 24 * HOUR, FILL)] * fills], limits=small)
    assert found(desk)["micro_stage"].met is met


def test_limits_that_are_small_are_the_micro_stage_itself(tmp_path: Path) -> None:
    assert found(written(tmp_path, notional="20.00"))["micro_stage"].met


def test_what_a_start_would_ask_for_is_on_the_list(tmp_path: Path) -> None:
    settings = written(tmp_path, dry_run="true")
    (tmp_path / "trade.pem").chmod(0o644)
    told = found(settings)
    assert not told["dry_run"].met
    assert "may be read or changed by others" in told["key"].found
