"""Real starts on the exchange inside this process: narrowed for once, and with a ledger somewhere else."""

import sqlite3
from pathlib import Path

import pytest
from tests.cli.support import Cli

from assent.cli.exits import Exit
from assent.config import load
from assent.ledger.sqlite import open_reader
from assent.model.facts import DeskStarted, Fact, InstrumentListed, IntentProposed, decode_fact


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Path:
    assert cli("init", tmp_path / "desk").code == 0
    return tmp_path / "desk"


def facts_of(path: Path) -> list[Fact]:
    reader = open_reader(path)
    try:
        return [decode_fact(record.kind, record.version, record.body) for record in reader.records()]
    finally:
        reader.close()


def test_a_narrowed_start_sees_only_what_it_keeps_to_and_the_next_one_everything(cli: Cli, desk: Path) -> None:
    quick = ("--for", "10m", "--speed", "3000", "--non-interactive")
    told = cli("run", desk, *quick, "--series-tickers", "KXHIGHSIM")
    assert told.code == Exit.OK, told.err
    assert "narrowed to KXHIGHSIM" in told.out
    path = load(desk).ledger_path
    series = {fact.instrument.series for fact in facts_of(path) if isinstance(fact, InstrumentListed)}
    ideas = {fact.intent.instrument for fact in facts_of(path) if isinstance(fact, IntentProposed)}
    assert series <= {"KXHIGHSIM"}
    assert all(name.startswith("KXHIGHSIM") for name in ideas)
    again = cli("run", desk, *quick)
    assert again.code == Exit.OK, again.err
    starts = [fact.narrowed for fact in facts_of(path) if isinstance(fact, DeskStarted)]
    assert [kept is not None for kept in starts] == [True, False]


def test_a_ledger_elsewhere_is_the_desk_s_own_with_every_command(cli: Cli, desk: Path, tmp_path: Path) -> None:
    place = tmp_path / "disk" / "mine.sqlite"
    told = cli("run", desk, "--for", "1m", "--speed", "600", "--non-interactive", "--ledger", place)
    assert told.code == Exit.OK, told.err
    assert not (desk / "state").exists()
    assert sorted(path.name for path in place.parent.iterdir() if path.is_dir()) == ["mine.state"]
    assert cli("ledger", "verify", "-C", desk, "--ledger", place).code == Exit.OK
    assert cli("halt", "now", "-C", desk, "--ledger", place, "--by", "Ada", "--reason", "drill").code == Exit.OK
    assert "HALTED" in cli("status", "-C", desk, "--ledger", place).out


@pytest.mark.parametrize("flags", [(), ("--non-interactive",), ("--paper",)])
def test_a_ledger_of_another_mode_is_never_opened(cli: Cli, desk: Path, flags: tuple[str, ...]) -> None:
    assert cli("run", desk, "--mode", "observe", "--for", "1m", "--speed", "600", "--non-interactive").code == Exit.OK
    observed = load(desk, overrides={"desk.mode": "observe"}).ledger_path
    before = observed.read_bytes()
    refused = cli("run", desk, "--ledger", observed, "--for", "1m", *flags)
    assert refused.code == Exit.USAGE
    assert "mode" in refused.err
    assert "observe" in refused.err
    assert observed.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_stays_as_it_is(cli: Cli, desk: Path, tmp_path: Path) -> None:
    legacy = tmp_path / "kalshi.sqlite"
    connection = sqlite3.connect(legacy)
    connection.execute("CREATE TABLE trades (id INTEGER)")
    connection.commit()
    connection.close()
    before = legacy.read_bytes()
    refused = cli("run", desk, "--ledger", legacy, "--for", "1m", "--non-interactive")
    assert refused.code in (Exit.USAGE, Exit.FOUND)
    assert "Traceback" not in refused.err
    assert legacy.read_bytes() == before
