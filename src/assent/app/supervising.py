"""The console's process, kept alive beside the desk's: started, started again when it dies, ended with the desk.

All of it happens in a thread of its own, and everything in it is bounded: how often the console is started again, how
much of what it says is kept, how fast that is read. Whatever becomes of the console, the desk does not wait for it.
"""

import os
import select
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from assent.runtime.clock import stopwatch

# How long until it is started again, each time twice as long; it begins anew once it has lived for a while.
BACK_OFF_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
LIVED_S: Final = 60.0
# What the console says is read so much at a time, and no oftener.
CHUNK: Final = 65_536
PAUSE_S: Final = 0.1
# One file of this size and the one before it.
LOG_MAX: Final = 1_048_576
# How long it may take to end before it is ended.
LAST_WORDS_S: Final = 3.0
LINE_MAX: Final = 300


class Supervisor:
    """Keeps one command running until it is told to stop."""

    def __init__(
        self, command: Sequence[str], log: Path, *, back_off_s: Sequence[float] = BACK_OFF_S,
        while_it_runs: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._command = tuple(command)
        self._log = BoundedLog(log)
        self._back_off_s = back_off_s
        self._while_it_runs = while_it_runs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="console supervisor", daemon=True)
        self.starts = 0
        self.state = "not started"
        # The last line that it said in its latest life: mostly why it ended.
        self.said = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it, by force if it must be; returns within a few seconds."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2 * LAST_WORDS_S)

    def _keep(self) -> None:
        deaths = 0
        while not self._stopping.is_set():
            lived_s = stopwatch()
            self.state = self._once()
            deaths = 1 if lived_s() >= LIVED_S else deaths + 1
            wait_s = self._back_off_s[min(deaths, len(self._back_off_s)) - 1]
            if not self._stopping.is_set():
                self.state = f"{self.state}; started again in {wait_s:.0f} s"
                self._log.say(f"supervisor: {self.state}\n".encode())
            self._stopping.wait(wait_s)
        self.state = "stopped"

    def _once(self) -> str:
        """One life of it, from start to end; how it ended."""
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
        self.starts += 1
        self.said = ""
        self.state = "running"
        with process:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            self._listen(process, process.stdout)
            _end(process)
        return f"it ended with {process.returncode}"

    def _listen(self, process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
        """Keep what it says until it ends, or is to end. What it says faster than this waits in the pipe."""
        while not self._stopping.is_set():
            ready, _, _ = select.select([said], [], [], PAUSE_S)
            data = os.read(said.fileno(), CHUNK) if ready else b""
            self._log.say(data)
            self.said = _last_line(data) or self.said
            if (ready and not data) or (not data and process.poll() is not None):
                return
            self._while_it_runs()
            self._stopping.wait(PAUSE_S)


def _last_line(data: bytes) -> str:
    lines = data.decode(errors="replace").split("\n")
    return next((line.strip()[:LINE_MAX] for line in reversed(lines) if line.strip()), "")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, by closing its input and by a signal, and then no longer ask."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(LAST_WORDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class BoundedLog:
    """A file that only its owner may read, and that never grows beyond its bound: then it begins anew, and the one
    before it is kept."""

    def __init__(self, path: Path, most: int = LOG_MAX) -> None:
        self._path = path
        self._most = most

    def say(self, data: bytes) -> None:
        """Add to it. A full disk or a lost folder silences it, and nothing else."""
        if not data:
            return
        with suppress(OSError):
            with suppress(FileNotFoundError):
                if self._path.stat().st_size + len(data) > self._most:
                    self._path.replace(self._path.with_name(self._path.name + ".1"))
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
