"""`assent scope`: one list of the file changed, and what is in force left alone."""

from pathlib import Path

import pytest
from tests.cli.support import Cli, Lived, lived_desk

from assent.cli.exits import Exit
from assent.config import load

FILE = """[desk]
name = "d"  # mine
[scope]
series = ["A", "B"]  # two
[[strategy]]
name = "v"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "assent.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def text_of(desk: Path) -> str:
    return (desk / "assent.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("word", "kind"),
    [("set-market-ids", "markets"), ("set-event-tickers", "events"), ("set-series-tickers", "series")],
)
def test_one_list_is_changed_and_the_rest_of_the_file_stays(cli: Cli, desk: Path, word: str, kind: str) -> None:
    told = cli("scope", word, "X-1,X-2", "-C", desk)
    assert told.code == Exit.OK, told.err
    assert f'scope.{kind} is ["X-1", "X-2"] now' in told.out
    assert getattr(load(desk).constitution, kind) == ("X-1", "X-2")
    assert "# mine" in text_of(desk)
    assert ("# two" in text_of(desk)) is True
    others = {"markets", "events", "series"} - {kind}
    assert all(getattr(load(desk).constitution, other) == (("A", "B") if other == "series" else ()) for other in others)


def test_a_scope_that_is_still_empty_can_be_filled(cli: Cli, desk: Path) -> None:
    (desk / "assent.toml").write_text(FILE.replace('["A", "B"]', "[]"), encoding="utf-8")
    assert cli("status", "-C", desk).code == Exit.USAGE
    told = cli("scope", "set-series-tickers", "A", "-C", desk, "--json")
    assert (told.json["before"], told.json["after"]) == ("[]", '["A"]')
    assert cli("status", "-C", desk).code == Exit.NOT_RUNNING


def test_a_list_is_emptied_only_when_that_is_meant(cli: Cli, desk: Path) -> None:
    before = text_of(desk)
    assert "No names were given" in cli("scope", "set-market-ids", "-C", desk).err
    assert "Both names and --none" in cli("scope", "set-market-ids", "A", "--none", "-C", desk).err
    refused = cli("scope", "set-series-tickers", "--none", "-C", desk)
    assert refused.code == Exit.USAGE
    assert "an empty scope allows nothing" in refused.err
    assert text_of(desk) == before
    assert cli("scope", "set-market-ids", "M", "-C", desk).code == Exit.OK
    assert cli("scope", "set-series-tickers", "--none", "-C", desk).code == Exit.OK
    assert load(desk).constitution.series == ()


@pytest.mark.parametrize("names", ["A,A b", "x" * 130])
def test_what_is_no_name_is_refused_and_nothing_is_written(cli: Cli, desk: Path, names: str) -> None:
    before = text_of(desk)
    refused = cli("scope", "set-market-ids", names, "-C", desk)
    assert refused.code == Exit.USAGE
    assert "scope.markets" in refused.err
    assert text_of(desk) == before


def test_the_scope_in_force_is_the_ledger_s_and_the_file_s_stands_beside_it(cli: Cli, tmp_path: Path) -> None:
    own: Lived = lived_desk(tmp_path / "own")
    cli("scope", "set-series-tickers", "OTHER", "-C", own.folder)
    told = cli("scope", "show", own.folder)
    assert told.out.splitlines()[-2:] == ["series   SIM", "         the file says OTHER"]
    assert cli("scope", "show", own.folder, "--json").json["in_force"]["series"] == ["SIM"]
    refused = cli("run", own.folder, "--for", "1m", "--non-interactive")
    assert refused.code == Exit.USAGE
    assert "assent constitution amend" in refused.err
