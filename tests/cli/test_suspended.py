"""A desk whose machine slept, or whose process was stopped: it notices, lets nothing go that grew old meanwhile, and a
person's yes to what was asked before comes too late. The real program, stopped by a signal."""

import os
import signal
import time
from pathlib import Path

from tests.cli.asking import make_desk, running, until, waiting
from tests.cli.support import Cli

from assent.cli.exits import Exit

SLEPT_S = 5.0


def test_what_was_asked_before_a_sleep_is_over_after_it_and_the_sleep_is_a_halt(cli: Cli, tmp_path: Path) -> None:
    folder = make_desk(tmp_path / "desk", approval_life='"4s"')
    with running(folder) as process:
        row = waiting(cli, folder)[0]
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(SLEPT_S)
        os.kill(process.pid, signal.SIGCONT)
        late = cli("intents", "approve", row["code"], "--terms", row["terms"][:8], "-C", folder)
        assert (late.code, "[assent_late]" in late.err) == (Exit.REFUSED, True), late.err
        until(lambda: "clock_jump" in causes(cli, folder))
        orders = cli("orders", "list", "--all", "-C", folder, "--json").json["orders"]
        assert orders == []


def causes(cli: Cli, folder: Path) -> list[str]:
    return [halt["cause"] for halt in cli("status", "-C", folder, "--json").json["halts"]]
