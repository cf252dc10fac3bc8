"""A person's own acts where the constitution asks people: leaving a position waits, ending a halt takes a factor."""

import base64
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cli.asking import make_desk, running, status_of, until
from tests.cli.support import Cli

from assent.approval import totp
from assent.cli.exits import Exit
from assent.config import load
from assent.ledger.sqlite import open_reader
from assent.runtime.clock import WallClock

WHO = ("--by", "Ada", "--reason", "a test")


def test_leaving_a_position_by_hand_says_that_it_waits_and_what_to_type(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk", approvals='["close needs 1"]')
    with running(place):
        (held, *_) = until(lambda: cli("status", "-C", place, "--json").json["positions"])

        def closed() -> Any:
            """A bid may be gone for a moment; then the refusal says so."""
            done = cli("positions", "close", held["instrument"], *WHO, "-C", place)
            assert done.code in (Exit.OK, Exit.REFUSED)
            return done.out if done.code == Exit.OK else None

        told = until(closed)
        words, _, code = told.strip().rpartition(" ")
        assert words.endswith("WAITS FOR ASSENT: assent intents approve")
        assert status_of(cli, place, code) == "PENDING"
        done = cli("intents", "approve", code, "--yes", "-C", place)
        assert done.code in (Exit.OK, Exit.REFUSED), done.err  # the market may have moved meanwhile
        if done.code == Exit.OK:
            until(lambda: status_of(cli, place, code) in ("EXECUTED", "EXPIRED"))


def test_ending_a_halt_takes_the_second_factor_that_the_constitution_asks_for(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk", second_factor_to_resume="true")
    with running(place):
        until(lambda: cli("status", "-C", place, "--json").json["running"])
        seed = cli("web", "factor", "enrol", "ada", "-C", place, "--json").json["secret"]
        assert cli("halt", "now", "-C", place, *WHO).code == Exit.OK
        without = cli("halt", "resume", "-C", place, *WHO)
        assert without.code == Exit.REFUSED
        assert "second factor" in without.err
        wrong = cli("halt", "resume", "--factor", "000000", "-C", place, *WHO, "--json")
        assert wrong.code == Exit.REFUSED
        assert '"code": "second_factor_wrong"' in wrong.err
        digits = totp.code_at(base64.b32decode(seed), totp.step_of(WallClock().now()))
        done = cli("halt", "resume", "--factor", digits, "-C", place, "--by", "Ben", "--reason", "a test")
        assert (done.code, done.err) == (Exit.OK, "")
        with closing(open_reader(load(place).ledger_path)) as ledger:
            cleared = [json.loads(row.body) for row in ledger.records(1) if row.kind == "HaltCleared"]
        assert [one["by"] for one in cleared] == ["ada"], "who proved it, not whoever was named"
        assert cli("status", "-C", place, "--json").json["level"] == "TRADING"
