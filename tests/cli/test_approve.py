"""`assent approve` on a terminal of its own: cards as they come, one key each, whatever becomes of the desk."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.asking import make_desk, running, status_of, until, waiting
from tests.cli.support import Cli

from assent.cli.exits import Exit

WAIT_S = 60
KEYS = "[a]pprove  [r]eject  [s]kip  [q]uit"


class Terminal:
    """A real terminal with the program in it: what it shows, and what is typed."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.process = process
        self.shown = ""

    def read_until(self, wanted: str) -> str:
        """What was shown since the last time, up to these words; what came behind them is for the next time."""
        while wanted not in self.shown:
            ready, _, _ = select.select([self.master], [], [], WAIT_S)
            assert ready, f"{wanted!r} never came; shown was {self.shown[-2000:]!r}"
            try:
                data = os.read(self.master, 65_536)
            except OSError:  # Linux says so when the other side has closed
                data = b""
            assert data, f"it ended before {wanted!r}; shown was {self.shown[-2000:]!r}"
            self.shown += data.decode(errors="replace")
        found, _, self.shown = self.shown.partition(wanted)
        return found + wanted

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())


@contextmanager
def sitting(*arguments: object) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "assent", *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"}, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_S)
        os.close(master)


def code_of(card: str) -> str:
    """The code on the card: the first word below its first line."""
    lines = [line for line in card.splitlines() if line.strip()]
    (place,) = [number for number, line in enumerate(lines) if line.startswith("PAPER  kalshi sim")]
    return lines[place + 1].split()[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = make_desk(tmp_path_factory.mktemp("approve") / "desk")
    with running(place):
        yield place


def test_one_key_says_yes_another_no_a_third_leaves_the_card_and_a_fourth_ends(cli: Cli, folder: Path) -> None:
    waiting(cli, folder, least=3)
    with sitting("approve", "-C", folder) as terminal:
        first = code_of(card := terminal.read_until(KEYS))
        assert "worst loss" in card
        assert " s left" in card
        assert "\x1b" not in card, "no colours, no cursor"
        terminal.type("x")  # no key of ours
        terminal.type("a")
        assert f"approved: {first} is released as order" in terminal.read_until("assent why")
        second = code_of(terminal.read_until(KEYS))
        terminal.type("r")
        terminal.read_until("Why not")
        terminal.type("\n")  # thought better of it
        terminal.read_until(KEYS)
        terminal.type("r")
        terminal.read_until("Why not")
        terminal.type("older than the price\n")
        terminal.read_until(f"rejected: {second} is over")
        third = code_of(terminal.read_until(KEYS))
        terminal.type("s")
        terminal.read_until(f"{third} is left to others")
        terminal.type("q")
        assert terminal.process.wait(WAIT_S) == Exit.OK
    until(lambda: status_of(cli, folder, first) == "EXECUTED")
    assert status_of(cli, folder, second) == "REJECTED"
    assert status_of(cli, folder, third) == "PENDING"
    assert "older than the price" in cli("why", second, "-C", folder).out


def test_keys_that_were_typed_before_a_card_was_shown_do_not_answer_it(cli: Cli, folder: Path) -> None:
    waiting(cli, folder, least=2)
    with sitting("approve", "-C", folder) as terminal:
        terminal.type("aaaa")
        code = code_of(terminal.read_until(KEYS))
        assert status_of(cli, folder, code) == "PENDING"
        terminal.type("q")
        assert terminal.process.wait(WAIT_S) == Exit.OK
    assert status_of(cli, folder, code) == "PENDING"


def test_ctrl_c_and_a_terminal_that_goes_away_end_it_without_an_answer(cli: Cli, folder: Path) -> None:
    before = {row["code"] for row in waiting(cli, folder)}
    with sitting("approve", "-C", folder) as terminal:
        terminal.read_until(KEYS)
        terminal.process.send_signal(signal.SIGINT)
        assert "Interrupted" in terminal.read_until("Interrupted.")
        assert terminal.process.wait(WAIT_S) == Exit.INTERRUPTED
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "assent", "approve", "-C", str(folder)], stdin=slave, stdout=slave,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(slave)
    terminal = Terminal(master, process)  # type: ignore[arg-type]
    terminal.read_until(KEYS)
    os.close(master)
    _, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, err) == (Exit.OK, "")
    assert before & {row["code"] for row in waiting(cli, folder)}


def test_a_person_at_a_terminal_is_shown_the_card_and_asked(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[-1]
    with sitting("intents", "approve", row["code"], "-C", folder) as terminal:
        assert row["terms"][:16] in terminal.read_until("Say yes to exactly this?")
        terminal.type("\n")
        terminal.read_until(f"not answered: {row['code']} still waits")
        assert terminal.process.wait(WAIT_S) == Exit.OK
    assert status_of(cli, folder, row["code"]) == "PENDING"
    with sitting("intents", "approve", row["code"], "-C", folder) as terminal:
        terminal.read_until("Say yes to exactly this?")
        terminal.type("y\n")
        terminal.read_until(f"approved: {row['code']}")
        assert terminal.process.wait(WAIT_S) == Exit.OK


def test_it_outlives_the_desk_and_goes_on_when_that_is_started_again(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk")
    with sitting("approve", "-C", place) as terminal:
        terminal.read_until("the desk does not run; waiting for it")
        with running(place):
            first = code_of(terminal.read_until(KEYS))
        terminal.read_until("the desk does not run")
        with running(place):
            terminal.read_until(KEYS)
            terminal.type("a")
            terminal.read_until("approved: ")
        terminal.type("q")
        assert terminal.process.wait(WAIT_S) == Exit.OK
    assert status_of(cli, place, first) in ("EXECUTED", "PENDING", "EXPIRED")


def test_without_a_terminal_it_says_what_programs_use(cli: Cli, folder: Path) -> None:
    for more in ((), ("--json",)):
        refused = cli("approve", "-C", folder, *more)
        assert refused.code == Exit.USAGE
        assert "assent intents approve --terms" in refused.err
