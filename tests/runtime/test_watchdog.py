"""The watchdog against real processes: who hangs or eats the memory ends, and is named; who only waits lives."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.errors import AssentError
from assent.runtime import watcher
from assent.runtime.lastwords import FILE_NAME, LastWords, Repeated
from assent.runtime.watchdog import Watchdog

# A desk of two strategies that takes up one input with the second of them; %s is what happens then.
DESK = """
import os, sys, time
from pathlib import Path
from assent.runtime.watchdog import Watchdog

dog = Watchdog.start(Path(sys.argv[1]), ["quiet", "loud"], hang_seconds=float(sys.argv[2]), memory_limit_mib=200)
dog.enter("quote KXA-1 #7", ts=1_234)
dog.cell.value = 1
print(dog._child.pid, flush=True)
%s
dog.close()
print("closed", flush=True)
"""


@contextmanager
def desk(state_dir: Path, body: str, *, hang_seconds: float = 1) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process of a desk, and the id of its watcher; neither is left behind."""
    command = [sys.executable, "-c", DESK % body, str(state_dir), str(hang_seconds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def gone_within(pid: int, seconds: float) -> bool:
    """Whether the process has ended; one that nobody has buried yet counts."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if told.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    "hang",
    ["while True: pass", "sum(range(10**14))"],
    ids=["in Python", "in C with the lock held"],
)
def test_a_strategy_that_hangs_ends_the_process_and_is_named(tmp_path, hang):
    with desk(tmp_path, hang) as (process, watching):
        begun = time.monotonic()
        assert process.wait(10) == -signal.SIGKILL
        assert 0.8 < time.monotonic() - begun < 3
        assert gone_within(watching, 3)
        assert '"strategy": "loud"' in process.stderr.read()
    (words,) = LastWords.read(tmp_path / FILE_NAME)
    assert (words.strategy, words.input, words.cause, words.ts) == ("loud", "quote KXA-1 #7", "hang", 1_234)
    assert words.limit == "1.0 s"


def test_a_strategy_that_eats_the_memory_ends_the_process_and_is_named(tmp_path):
    hoard = "hoard = []\nwhile len(hoard) < 100: hoard.append(b'x' * (8 << 20)); time.sleep(0.01)"
    with desk(tmp_path, hoard, hang_seconds=20) as (process, watching):
        assert process.wait(10) == -signal.SIGKILL
        assert gone_within(watching, 3)
    (words,) = LastWords.read(tmp_path / FILE_NAME)
    assert (words.strategy, words.input, words.cause) == ("loud", "quote KXA-1 #7", "memory")
    assert words.limit == "200 MiB"
    assert int(words.measured.split()[0]) > 200


def test_a_desk_that_was_stopped_has_not_hung(tmp_path):
    with desk(tmp_path, "sys.stdin.readline()") as (process, watching):
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(process.pid, signal.SIGCONT)
        told, _ = process.communicate("\n", timeout=5)
        assert (process.returncode, told) == (0, "closed\n")
        assert gone_within(watching, 3)
    assert LastWords.read(tmp_path / FILE_NAME) == []


def test_neither_a_long_row_of_inputs_nor_a_long_wait_is_a_hang(tmp_path):
    row = "for _ in range(4): dog.enter('next'); time.sleep(0.3)\ndog.leave(); time.sleep(1.1)"
    with desk(tmp_path, row, hang_seconds=0.8) as (process, _):
        assert process.wait(10) == 0


@pytest.mark.parametrize("before", ["", "if os.fork() == 0: time.sleep(2); os._exit(0)"], ids=["alone", "forked"])
def test_the_watcher_ends_with_a_desk_that_was_killed(tmp_path, before):
    with desk(tmp_path, f"{before}\nsys.stdin.readline()", hang_seconds=20) as (process, watching):
        os.kill(watching, signal.SIGINT)
        os.kill(watching, signal.SIGTERM)
        assert not gone_within(watching, 0.2), "signals are for the desk"
        process.kill()
        assert gone_within(watching, 1)
    assert LastWords.read(tmp_path / FILE_NAME) == []


def test_the_desk_can_see_that_nobody_watches_any_more(tmp_path):
    dog = Watchdog.start(tmp_path, [])
    assert dog.alive()
    os.kill(dog._child.pid, signal.SIGKILL)
    assert gone_within(dog._child.pid, 3)
    assert not dog.alive()
    dog.close()
    dog.close()


@pytest.mark.parametrize("limits", [{"hang_seconds": 0}, {"memory_limit_mib": 0}])
def test_a_limit_of_nothing_is_refused(tmp_path, limits):
    with pytest.raises(AssentError, match="above 0"):
        Watchdog.start(tmp_path, [], **limits)


def test_a_watcher_that_cannot_start_refuses_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(AssentError, match="before it watched"):
        Watchdog.start(tmp_path, [])


@pytest.mark.parametrize("label", ["", "a" * 500, "Ω" * 100, "\ud800", 'quote "x"\n'])
def test_any_label_reaches_the_watcher_cut_to_its_length(tmp_path, label):
    dog = Watchdog.start(tmp_path, ["only"])
    try:
        dog.enter("a longer label that must not shine through")
        dog.enter(label, ts=5)
        dog.cell.value = 0
        seen = watcher.read_cells(dog._cells)
        told = label.encode("utf-8", "replace")[: watcher.LABEL_MAX].decode("utf-8", "replace")
        assert seen == watcher.Cells(beat=2, busy=True, strategy=0, ts=5, label=told)
        dog.leave()
        assert not watcher.read_cells(dog._cells).busy
    finally:
        dog.close()


# ---------------------------------------------------------------------------------------------- last words


def death(strategy: str = "loud", about: str = "quote #7", cause: str = "hang") -> dict[str, object]:
    return {"strategy": strategy, "input": about, "cause": cause, "ts": 1}


def test_deaths_in_a_row_on_one_input_are_counted(tmp_path):
    path = tmp_path / FILE_NAME
    assert LastWords.repeated(path) == Repeated("", "", 0)
    for said in (death(about="quote #6"), death(), death("quiet"), death(), death(cause="memory"), death()):
        watcher.append(path, said)
    assert LastWords.repeated(path) == Repeated("loud", "quote #7", 3)


def test_a_clean_run_wipes_the_slate_and_keeps_the_history(tmp_path):
    path = tmp_path / FILE_NAME
    LastWords.clear(path, ts=1)
    assert not path.exists(), "nothing to clear, nothing written"
    watcher.append(path, death())
    LastWords.clear(path, ts=2)
    LastWords.clear(path, ts=3)
    assert LastWords.repeated(path) == Repeated("", "", 0)
    assert len(path.read_bytes().splitlines()) == 2
    watcher.append(path, death())
    assert LastWords.repeated(path).times == 1


@given(st.binary(max_size=80))
def test_a_torn_or_foreign_line_is_skipped_and_spoils_no_other(junk):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        watcher.append(path, death())
        with path.open("ab") as file:
            file.write(junk)
        watcher.append(path, death())
        assert LastWords.repeated(path) == Repeated("loud", "quote #7", 2)


def test_only_the_end_of_an_endless_file_is_read(tmp_path):
    path = tmp_path / FILE_NAME
    path.write_bytes(b"x" * 1_000_000 + b"\n")
    watcher.append(path, death())
    assert LastWords.repeated(path).times == 1
