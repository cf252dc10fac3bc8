"""A desk that runs in a process of its own, in real time, and asks a person before anything is opened.

The exchange is the one in the process; the strategy wants to buy one contract at each quote, so that there is always
something to answer.
"""

import getpass
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.support import Cli
from tests.exchange.beginnings import begin

from assent.cli.exits import Exit
from assent.cli.main import main
from assent.runtime import control

WAIT_S = 60
# Its seconds in one of ours. There is something to answer so much sooner; the time to answer is as much longer.
SPEED = 4
ME = f"os:{getpass.getuser()}"
PROGRAM = """
import sys
from assent.app import wiring
from assent.cli.main import main
from assent.model.intents import Proposal

class Eager:
    name = "eager"
    def on_quote(self, view, quote):
        if quote.ask is None or not 100_000 < quote.ask < 800_000:
            return None
        return [Proposal(
            quote.instrument, price=quote.ask, fair=quote.ask + 150_000, qty_max=1_000_000, reason="it is cheap",
        )]

wiring.build_strategies = lambda _settings: [Eager()]
sys.exit(main(sys.argv[1:]))
"""
# What a test asks of the policy, beside that every opening order needs one person, and that it is us.
ASKING = {
    "approvals": '["open needs 1"]',
    "approvers": f'["ada={ME}", "ben=token:ben-phone"]',
    "approval_life": f'"{60 * SPEED}s"',
    "entry_gap_min": '"off"',
    "entries_per_hour_max": '"off"',
    "denied_pause_min": '"0s"',
    "open_positions_max": "50",
    # The market lives on in real time: what a last look may refuse has tests where time stands still.
    "drift_max": '"1.00"',
    "slippage_max": '"off"',
    "spread_max": '"off"',
    "ev_min": '"off"',
    "favourite_edge_min": '"off"',
    "price_min": '"off"',
    "price_max": '"off"',
    "cycle": '"1s"',
}


def make_desk(folder: Path, **changes: str) -> Path:
    """A desk from the template, with these lines of its file changed, in a world where it is morning, at whatever hour
    the test is run."""
    assert main(["init", str(folder)]) == Exit.OK
    path = folder / "assent.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, value in {**ASKING, **changes}.items():
        (place,) = [number for number, text in enumerate(lines) if text.startswith(f"{key} = ")]
        lines[place] = f"{key} = {value}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    begin(folder)
    return folder


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The desk at work, until the block ends; it must have ended cleanly then."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", str(folder), "--speed", str(SPEED), "--non-interactive", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    try:
        yield process
    finally:
        until(lambda: process.poll() is not None or answers(folder))  # before that a signal only ends the process
        if process.poll() is None:
            process.terminate()
        _, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, err) == (0, "")


def answers(folder: Path) -> bool:
    """Whether a desk of this folder runs and hears."""
    return any(control.ask(place / "control.sock", {"cmd": "status"}) for place in folder.glob("state/*/"))


def until(ask: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
    """Ask again and again until there is something."""
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def waiting(cli: Cli, folder: Path, least: int = 1) -> list[dict[str, Any]]:
    """The questions that are open, once there are so many."""

    def look() -> list[dict[str, Any]] | None:
        told = cli("intents", "-C", folder, "--json")
        if told.code != Exit.OK:
            return None
        rows = told.json["intents"]
        return rows if len(rows) >= least else None

    found: list[dict[str, Any]] = until(look)
    return found


def status_of(cli: Cli, folder: Path, code: str) -> str:
    """The public status of one intent."""
    rows = cli("intents", "--all", "--limit", "1000", "-C", folder, "--json").json["intents"]
    return next(str(row["status"]) for row in rows if row["code"] == code)
