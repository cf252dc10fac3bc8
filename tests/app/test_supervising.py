"""The console's process beside the desk's: started again when it dies, ended with the desk, bounded in what it says."""

import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assent.app import supervising
from assent.app.supervising import BoundedLog, Supervisor

WAIT_S = 20.0
SOON = (0.02, 0.05)


def until(ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not ask():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_dies_is_started_again_and_what_it_said_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    kept = Supervisor(python("print('here I am'); raise SystemExit(7)"), log, back_off_s=SOON)
    kept.start()
    until(lambda: kept.starts >= 3)
    kept.stop()
    said = log.read_text(encoding="utf-8")
    assert said.count("here I am") >= 2
    assert "supervisor: it ended with 7; started again in 0 s" in said
    assert kept.state == "stopped"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_what_cannot_be_started_is_tried_again_later_and_stops_nobody(tmp_path: Path) -> None:
    kept = Supervisor([str(tmp_path / "nothing here")], tmp_path / "log", back_off_s=(60.0,))
    kept.start()
    until(lambda: "cannot be started" in kept.state)
    assert kept.state == "it cannot be started: No such file or directory; started again in 60 s"
    begun = time.monotonic()
    kept.stop()
    assert time.monotonic() - begun < 2, "it does not wait for the next start"


def test_one_that_heeds_nothing_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "LAST_WORDS_S", 0.3)
    place = tmp_path / "pid"
    code = (
        "import os, signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f" pathlib.Path({str(place)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    kept = Supervisor(python(code), tmp_path / "log", back_off_s=SOON)
    kept.start()
    until(lambda: place.exists() and place.read_text())
    pid = int(place.read_text())
    kept.stop()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("it still ran")


def test_one_that_ends_with_its_input_is_not_waited_for(tmp_path: Path) -> None:
    kept = Supervisor(python("import sys; sys.stdin.read()"), tmp_path / "log", back_off_s=SOON)
    kept.start()
    until(lambda: kept.state == "running")
    begun = time.monotonic()
    kept.stop()
    assert time.monotonic() - begun < 2
    assert kept.starts == 1


def test_one_that_talks_without_end_fills_no_disk_and_is_read_in_measure(tmp_path: Path) -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 100_000)"
    kept = Supervisor(python(code), tmp_path / "log", back_off_s=SOON)
    kept.start()
    until((tmp_path / "log").exists)
    used = time.process_time()
    time.sleep(1.0)
    used = time.process_time() - used
    kept.stop()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2_000_000
    assert used < 0.5, "most of the time nobody listens"


def test_the_log_begins_anew_at_its_bound_and_keeps_the_one_before(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", most=100)
    for number in range(30):
        log.say(f"line {number:02}\n".encode())
    assert (tmp_path / "log").read_bytes().endswith(b"line 29\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())


def test_a_log_is_never_written_through_a_link_and_a_lost_folder_is_no_matter(tmp_path: Path) -> None:
    target = tmp_path / "important"
    target.write_text("as it was", encoding="utf-8")
    (tmp_path / "log").symlink_to(target)
    BoundedLog(tmp_path / "log").say(b"more")
    BoundedLog(tmp_path / "no folder" / "log").say(b"more")
    assert target.read_text(encoding="utf-8") == "as it was"
