"""What it takes to let orders out: the file, the command and a person; and all that is missing, told at once."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.app.keys import secret_of, write_key
from tests.cli.support import Answer, Cli, Script
from tests.cli.test_run import FakeRun

from assent import app
from assent.cli.exits import Exit
from assent.cli.starting import WHAT_IT_TRADES
from assent.config import Settings, capability
from assent.model.constitution import Narrowing

DESK = """
[desk]
name = "tester"
account = "main-1234"
environment = "box"
mode = "observe"
dry_run = {dry_run}
[scope]
series = [{series}]
[kalshi]
key_id = "trade-1"
key_file = "trade.pem"
read_key_id = "read-1"
read_key_file = "read.pem"
[[strategy]]
name = "value"
"""
Start = Callable[..., Answer]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    stands_in = FakeRun(Script())
    monkeypatch.setattr(app, "run", stands_in)
    return stands_in


def write(folder: Path, *, dry_run: str = "true", series: str = '"S"', text: str = DESK) -> Path:
    (folder / "assent.toml").write_text(text.format(dry_run=dry_run, series=series), encoding="utf-8")
    for name in ("trade.pem", "read.pem"):
        write_key(folder / name)
    return folder


@pytest.fixture
def sends(tmp_path: Path) -> Path:
    """A desk whose file lets orders out."""
    return write(tmp_path, dry_run="false")


@pytest.fixture
def tries(tmp_path: Path) -> Path:
    """One whose file does not."""
    return write(tmp_path)


def started(fake: FakeRun) -> Settings:
    settings: Settings = fake.given["settings"]
    return settings


def terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Somebody sits there."""

    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Keyboard(typed))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)


# --------------------------------------------------------------------------------------------- dry-run or live


@pytest.mark.parametrize("asked", [("--live",), ("--mode", "live"), ("--mode", "dry-run")])
def test_live_is_a_dry_run_unless_the_file_says_otherwise(
    cli: Cli, fake: FakeRun, tries: Path, asked: tuple[str, ...]
) -> None:
    told = cli("run", tries, *asked, "--non-interactive")
    assert told.code == Exit.OK, told.err
    assert (started(fake).mode, started(fake).sends) == ("dry-run", False)
    assert told.out.splitlines()[0].startswith("DRY-RUN desk=tester venue=kalshi environment=box account=main-1234")
    assert "DRY-RUN: every order is built, checked and signed, and none is sent" in told.out


def test_a_dry_run_can_be_asked_for_by_name_also_where_orders_may_be_sent(cli: Cli, fake: FakeRun, sends: Path) -> None:
    assert cli("run", sends, "--mode", "dry-run").code == Exit.OK
    assert started(fake).mode == "dry-run"


def test_orders_go_out_when_the_file_the_command_and_a_person_say_so(cli: Cli, fake: FakeRun, sends: Path) -> None:
    told = cli("run", sends, "--live", "--non-interactive", "--confirm-live", "main-1234")
    assert told.code == Exit.OK, told.err
    assert (started(fake).mode, started(fake).sends) == ("live", True)
    assert "cannot go live" not in told.out


@pytest.mark.parametrize("variable", ["ASSENT_SET_DESK_DRY_RUN", "ASSENT_SET_DESK_ENVIRONMENT"])
def test_no_variable_lets_orders_out_or_moves_them(
    cli: Cli, fake: FakeRun, tries: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "false")
    refused = cli("run", tries, "--live", "--non-interactive", "--confirm-live", "main-1234")
    assert refused.code == Exit.USAGE
    assert "never taken from the environment" in refused.err
    assert fake.given == {}


# --------------------------------------------------------------------------------------------- without a terminal


@pytest.mark.parametrize("how", [("--non-interactive",), (), ("--json",)])
def test_where_nobody_can_be_asked_the_account_is_confirmed_by_name(
    cli: Cli, fake: FakeRun, sends: Path, how: tuple[str, ...]
) -> None:
    refused = cli("run", sends, "--live", *how)
    assert refused.code == Exit.USAGE
    assert "confirm: nobody confirmed that orders may be sent" in refused.err
    assert "--confirm-live main-1234" in refused.err
    assert fake.given == {}


def test_another_account_is_not_confirmed(cli: Cli, fake: FakeRun, sends: Path) -> None:
    refused = cli("run", sends, "--live", "--confirm-live", "main-1235")
    assert refused.code == Exit.USAGE
    assert "names the account 'main-1235', and this desk trades 'main-1234'" in refused.err
    assert fake.given == {}


def test_a_live_start_that_was_confirmed_and_would_be_a_dry_run_is_refused(
    cli: Cli, fake: FakeRun, tries: Path
) -> None:
    refused = cli("run", tries, "--live", "--confirm-live", "main-1234")
    assert refused.code == Exit.USAGE
    assert "dry_run: a live start was confirmed, and [desk] dry_run is true" in refused.err
    paper = cli("run", tries, "--confirm-live", "main-1234")
    assert "mode: a live start was confirmed, and the mode is observe" in paper.err
    assert fake.given == {}


def test_everything_that_is_missing_is_told_at_once_and_nothing_is_written(
    cli: Cli, fake: FakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, series="", dry_run="false")
    (tmp_path / "trade.pem").unlink()
    monkeypatch.setitem(capability.ABLE, "kalshi", frozenset(capability.NEEDED) - {"evidence"})  # type: ignore[arg-type]
    before = sorted(tmp_path.iterdir())
    refused = cli("run", tmp_path, "--live", "--non-interactive")
    assert refused.code == Exit.USAGE
    for part in (
        "an empty scope allows nothing", "Besides, for mode live: 3 things are missing",
        "capability: kalshi cannot go live: it lacks evidence", "key: the key file", "confirm: nobody confirmed",
        "Nothing was started",
    ):  # fmt: skip
        assert part in refused.err, part
    assert sorted(tmp_path.iterdir()) == before
    assert fake.given == {}


def test_what_is_missing_can_be_read_by_a_program(cli: Cli, fake: FakeRun, sends: Path) -> None:
    refused = cli("run", sends, "--live", "--json")
    assert json.loads(refused.err)["error"]["code"] == "start_refused"


def test_a_venue_that_lacks_something_cannot_go_live_and_can_be_observed(
    cli: Cli, fake: FakeRun, sends: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(capability.ABLE, "kalshi", frozenset())  # type: ignore[arg-type]
    refused = cli("run", sends, "--live", "--confirm-live", "main-1234")
    assert refused.code == Exit.USAGE
    assert "it lacks signed_requests (requests that prove whose they are); submission" in refused.err
    assert fake.given == {}
    told = cli("run", sends)
    assert told.code == Exit.OK
    assert "kalshi cannot go live: it lacks signed_requests" in told.out.splitlines()[1]


def test_an_account_too_short_to_be_confirmed_by_is_refused(cli: Cli, fake: FakeRun, sends: Path) -> None:
    text = (sends / "assent.toml").read_text(encoding="utf-8").replace("main-1234", "abc")
    (sends / "assent.toml").write_text(text, encoding="utf-8")
    refused = cli("run", sends, "--live", "--confirm-live", "abc")
    assert "fewer than 4 characters to confirm a start by" in refused.err
    assert fake.given == {}


def test_no_refusal_ever_shows_a_key(cli: Cli, fake: FakeRun, sends: Path) -> None:
    pem = write_key(sends / "trade.pem", mode=0o644)
    (sends / "assent.toml").write_text(
        (sends / "assent.toml").read_text(encoding="utf-8") + f'[runtime]\ncycle = """{pem.decode()}"""\n',
        encoding="utf-8",
    )
    told = [
        cli("run", sends, "--live", "--non-interactive"), cli("doctor", "-C", sends), cli("ready", sends),
        cli("config", "show", sends), cli("status", "-C", sends),
    ]  # fmt: skip
    assert not [answer for answer in told if secret_of(pem)[:20] in answer.out + answer.err]


# --------------------------------------------------------------------------------------------- on a terminal


def test_on_a_terminal_the_banner_is_shown_and_the_last_characters_are_asked_for(
    cli: Cli, fake: FakeRun, sends: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch, "1234\n")
    told = cli("run", sends, "--live")
    assert told.code == Exit.OK, told.err
    assert "LIVE: orders will be sent to kalshi box: an exchange in the box on this machine: no money" in told.out
    assert "scope    series S" in told.out
    assert "The last 4 characters of the account, to go on" in told.out
    assert started(fake).sends


@pytest.mark.parametrize("typed", ["4321\n", "\n", "main-1234\n", "yes\n"])
def test_who_does_not_know_the_account_starts_nothing(
    cli: Cli, fake: FakeRun, sends: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    terminal(monkeypatch, typed)
    refused = cli("run", sends, "--live")
    assert refused.code == Exit.USAGE
    assert "are not the last 4 characters of the account" in refused.err
    assert fake.given == {}


def test_whoever_leaves_instead_of_answering_starts_nothing(
    cli: Cli, fake: FakeRun, sends: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch, "")
    assert cli("run", sends, "--live").code == Exit.INTERRUPTED
    assert fake.given == {}


def test_production_says_that_it_is_money() -> None:
    assert WHAT_IT_TRADES["production"] == "REAL MONEY"


# --------------------------------------------------------------------------------------------- scope and ledger


@pytest.mark.parametrize(
    ("option", "kind"),
    [
        ("--market-ids", "markets"), ("--set-allowed-market-ids", "markets"),
        ("--event-tickers", "events"), ("--set-allowed-event-tickers", "events"),
        ("--series-tickers", "series"), ("--set-allowed-series-tickers", "series"),
    ],
)  # fmt: skip
def test_a_start_may_keep_to_less(cli: Cli, fake: FakeRun, tmp_path: Path, option: str, kind: str) -> None:
    write(tmp_path, series='"S", "T"')
    assert cli("run", tmp_path, option, "S, T" if kind == "series" else "S-1,S-2").code == Exit.OK
    names = ("S", "T") if kind == "series" else ("S-1", "S-2")
    assert started(fake).narrowed == Narrowing(**{kind: names})
    assert started(fake).constitution.series == ("S", "T")


def test_a_start_may_not_keep_to_more(cli: Cli, fake: FakeRun, tries: Path) -> None:
    refused = cli("run", tries, "--series-tickers", "S,U")
    assert refused.code == Exit.REFUSED
    assert '"U" is not among the series of the scope (S)' in refused.err
    assert "assent constitution amend" in refused.err
    assert cli("run", tries, "--series-tickers", "S,").code == Exit.USAGE
    assert fake.given == {}


def test_a_ledger_may_lie_elsewhere_and_takes_its_folder_with_it(cli: Cli, fake: FakeRun, tries: Path) -> None:
    place = tries / "elsewhere" / "mine.sqlite"
    assert cli("run", tries, "--ledger", place).code == Exit.OK
    assert (started(fake).ledger_path, started(fake).state_dir) == (place, tries / "elsewhere" / "mine.state")
    assert str(place) in cli("status", "-C", tries, "--ledger", place, "--json").out


@pytest.mark.parametrize(("option", "value"), [("--speed", "60"), ("--seed", "4")])
def test_an_exchange_outside_has_its_own_time_and_world(
    cli: Cli, fake: FakeRun, tries: Path, option: str, value: str
) -> None:
    refused = cli("run", tries, option, value)
    assert refused.code == Exit.USAGE
    assert f"{option} cannot be given in environment box" in refused.err
    assert fake.given == {}
