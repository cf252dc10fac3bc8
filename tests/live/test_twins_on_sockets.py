"""The same desk started twice, and two desks on one account: real commands, real processes, real sockets."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live.box import ACCOUNT, Box, assent, served
from tests.live.test_the_box import SECRET, bodies, exported, make_desk

SPEED = 20
WAIT_S = 60
LOCKED = 5


def sends(folder: Path, box: Box, *, idle: bool = False) -> Path:
    """A desk that sends; `idle`: one for which no idea is good enough."""
    desk = make_desk(folder, box)
    assert assent("config", "set", "desk.dry_run=false", desk).returncode == 0
    if idle:
        config = desk / "assent.toml"
        text, count = re.subn(r'^edge_min = "[^"]*"', 'edge_min = "0.99"', config.read_text(), flags=re.MULTILINE)
        assert count
        config.write_text(text)
    return desk


def command(desk: Path) -> list[str]:
    return [sys.executable, "-m", "assent", "run", str(desk), "--non-interactive", "--confirm-live", ACCOUNT]


@contextmanager
def running(desk: Path, box: Box) -> Iterator[subprocess.Popen[str]]:
    """`assent run` until the block ends."""
    env = {**os.environ, SECRET: box.key_file.read_text(encoding="ascii")}
    process = subprocess.Popen(command(desk), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait(lambda: status(desk)["running"], process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, said


def wait(true: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    over = time.monotonic() + WAIT_S
    while not true():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < over, "it never came"
        time.sleep(0.2)


def status(desk: Path) -> dict[str, Any]:
    told = assent("status", "-C", desk, "--json")
    return json.loads(told.stdout) if told.returncode == 0 else {"running": False, "halts": []}


def causes(desk: Path) -> set[str]:
    return {halt["cause"] for halt in status(desk)["halts"]}


def test_a_second_start_is_locked_out_and_a_second_desk_stops_the_first_and_then_itself(tmp_path: Path) -> None:
    with served(tmp_path / "box", speed=SPEED) as box:
        first = sends(tmp_path / "first", box, idle=True)
        second, third = sends(tmp_path / "second", box), sends(tmp_path / "third", box)
        with running(first, box) as one:
            env = {**os.environ, SECRET: box.key_file.read_text(encoding="ascii")}
            again = subprocess.run(command(first), env=env, capture_output=True, text=True, timeout=WAIT_S, check=False)
            assert again.returncode == LOCKED, again.stderr
            assert f"pid {one.pid}" in again.stderr
            assert "A ledger has one writer" in again.stderr
            assert "then start again" in again.stderr
            with running(second, box) as two:
                wait(lambda: causes(first) & {"foreign_fill", "discrepancy"}, two)
                with running(third, box) as three:
                    wait(lambda: "discrepancy" in causes(third), three)
            shown = assent("halt", "status", "-C", first).stdout
        theirs = box.record()
    done = [line["ts"] for line in theirs if line["kind"] in ("asked_order", "fill")]
    raised = next(line["ts"] for line in exported(first) if line["kind"] == "HaltRaised")
    print(json.dumps({"first_halted_after_s": round((raised - min(done)) / 1e9, 3)}))  # noqa: T201 - the result
    assert "assent reconcile show" in " ".join(shown.split()), shown
    assert not bodies(exported(first), "OrderReleased")
    assert not bodies(exported(third), "OrderReleased")
    ours = {body["order"]["order_id"] for body in bodies(exported(second), "OrderReleased")}
    assert {line["client_order_id"] for line in theirs if line["kind"] == "asked_order"} <= ours
