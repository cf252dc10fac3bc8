"""The real program in its own process: it runs, answers over its socket, takes acts, and ends cleanly on a signal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assent.cli.exits import Exit

PROGRAM = (sys.executable, "-m", "assent")
WAIT_S = 60


def assent(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=WAIT_S, check=False)


def answer(*arguments: object) -> Any:
    return json.loads(assent(*arguments, "--json").stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("process") / "desk"
    assert assent("init", place).returncode == Exit.OK
    return place


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """One desk for the whole module, started like a service: no terminal, plain lines."""
    process = subprocess.Popen(
        [*PROGRAM, "run", str(folder), "--speed", "600", "--non-interactive"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "  STATUS  " in line:
            break
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()


def test_status_is_that_of_the_running_process(running: subprocess.Popen[str], folder: Path) -> None:
    done = assent("status", "-C", folder)
    assert done.returncode == Exit.OK
    assert f"running, pid {running.pid}" in done.stdout
    assert answer("status", "-C", folder)["pid"] == running.pid


def test_reading_does_not_disturb(running: subprocess.Popen[str], folder: Path) -> None:
    for command in ("orders", "positions", "intents"):
        assert assent(command, "-C", folder).returncode == Exit.OK
    assert answer("orders", "-C", folder)["running"] is True
    assert assent("ledger", "verify", "-C", folder).returncode == Exit.OK
    assert assent("doctor", "-C", folder).returncode == Exit.OK
    assert running.poll() is None


def test_a_second_run_of_the_same_desk_is_refused(running: subprocess.Popen[str], folder: Path) -> None:
    second = assent("run", folder, "--for", "1s", "--json")
    assert second.returncode in (Exit.HALTED, Exit.USAGE)
    assert "another process" in json.loads(second.stderr)["error"]["message"].lower()
    assert running.poll() is None


def test_a_halt_and_its_end_go_through_the_running_desk(running: subprocess.Popen[str], folder: Path) -> None:
    halted = assent("halt", "now", "-C", folder, "--reason", "a test", "--by", "Ada")
    assert (halted.returncode, halted.stdout) == (Exit.OK, "HALTED (by Ada, via the running desk)\n")
    assert answer("status", "-C", folder)["level"] == "HALTED"
    (halt,) = [one for one in answer("halt", "status", "-C", folder)["halts"] if one["cause"] == "operator"]
    assert (halt["by"], halt["detail"]) == ("Ada", "a test")
    resumed = assent("halt", "resume", "-C", folder, "--cause", "operator", "--by", "Ada", "--reason", "done")
    assert resumed.returncode == Exit.OK, resumed.stderr
    assert "operator" not in [one["cause"] for one in answer("halt", "status", "-C", folder)["halts"]]


def test_a_signal_ends_it_cleanly_with_a_summary_and_exit_0(running: subprocess.Popen[str], folder: Path) -> None:
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=WAIT_S)
    assert (running.returncode, err) == (0, "")
    assert "Stopped: SIGTERM. Level" in out
    assert assent("status", "-C", folder).returncode == Exit.NOT_RUNNING
    assert assent("ledger", "verify", "-C", folder).returncode == Exit.OK


def test_ctrl_c_on_a_terminal_leaves_the_picture_and_a_summary(tmp_path: Path) -> None:
    place = tmp_path / "desk"
    assent("init", place)
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen(
        [*PROGRAM, "run", str(place), "--speed", "60"], stdin=slave, stdout=slave, stderr=slave, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = read_until(master, "Ctrl-C stops cleanly")
    process.send_signal(signal.SIGINT)
    shown += read_until(master, None)
    os.close(master)
    assert process.wait(WAIT_S) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert "PAPER  desk  kalshi sim  account paper" in text
    assert "Stopped: SIGINT. Level TRADING" in text
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is given back"


def read_until(descriptor: int, wanted: str | None) -> str:
    """What a terminal shows until a word, or until its program has gone."""
    shown = b""
    while wanted is None or wanted.encode() not in shown:
        ready, _, _ = select.select([descriptor], [], [], WAIT_S)
        assert ready, f"{wanted!r} never came; shown was {shown[-500:]!r}"
        try:
            data = os.read(descriptor, 65_536)
        except OSError:  # Linux says so when the other side has closed
            break
        if not data:
            break
        shown += data
    return shown.decode(errors="replace")
