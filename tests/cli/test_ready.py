"""`assent ready`: each line of the checklist, and one exit code for the whole."""

from pathlib import Path

from tests.app.test_ready import hours, lived, written
from tests.cli.support import Cli

from assent.app.ready import DRY_RUN_LENGTH, PAPER_DAYS
from assent.cli.exits import Exit
from assent.model.units import HOUR


def test_the_command_tells_each_line_and_exits_by_the_whole(cli: Cli, tmp_path: Path) -> None:
    settings = written(tmp_path, notional="20.00")
    told = cli("ready", tmp_path)
    assert told.code == Exit.FOUND
    assert told.out.splitlines()[-1] == "2 of 6 are not met."
    lived(settings, "paper", hours(until=PAPER_DAYS * 24))
    lived(settings, "dry-run", hours(until=DRY_RUN_LENGTH // HOUR))
    told = cli("ready", tmp_path)
    assert told.code == Exit.OK, told.out
    assert told.out.splitlines()[-1] == "Everything on the list is met. It promises no profit."
    assert cli("ready", tmp_path, "--json").json["ready"] is True
