"""The desk's side of the watchdog: shared cells that say what is being done, and the process that watches them.

It promises that a strategy which hangs or eats the memory ends with the whole process, its name and its
input on disk, even inside C code that never gives the interpreter's lock back. A halt would not do: who
hangs, halts nothing. It must never cost the desk more than a few stores into memory for each input.

"""

import ctypes
import json
import mmap
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assent.model.errors import AssentError
from assent.runtime import watcher
from assent.runtime.lastwords import FILE_NAME

HANG_SECONDS: Final = 10.0
MEMORY_LIMIT_MIB: Final = 1024
_START_SECONDS: Final = 20.0
_END_SECONDS: Final = 5.0


class Watchdog:
    """`start` it before the first input, `enter` each input, `leave` before waiting, `close` it at the end."""

    def __init__(self, cells: mmap.mmap, child: subprocess.Popen[bytes]) -> None:
        self.cell = ctypes.c_int64.from_buffer(cells, watcher.STRATEGY)
        self._cells = cells
        self._beat = ctypes.c_int64.from_buffer(cells, watcher.BEAT)
        self._busy = ctypes.c_int64.from_buffer(cells, watcher.BUSY)
        self._ts = ctypes.c_int64.from_buffer(cells, watcher.TS)
        self._length = ctypes.c_int64.from_buffer(cells, watcher.LENGTH)
        self._child = child
        self.cell.value = watcher.NOBODY

    @classmethod
    def start(
        cls,
        state_dir: Path,
        strategies: Sequence[str],
        *,
        hang_seconds: float = HANG_SECONDS,
        memory_limit_mib: int = MEMORY_LIMIT_MIB,
    ) -> "Watchdog":
        """Returns when the watcher watches. `cell.value` is an index into `strategies`."""
        if hang_seconds <= 0 or memory_limit_mib <= 0:
            raise AssentError(
                f"the watchdog was given hang_seconds={hang_seconds} and memory_limit_mib={memory_limit_mib}; a"
                f" limit of nothing ends every run at once; give both above 0, such as {HANG_SECONDS} and"
                f" {MEMORY_LIMIT_MIB}"
            )
        fd = _shared_file()
        try:
            os.write(fd, bytes(watcher.SIZE))  # written, not only sized: a hole could lack its disk block later
            cells = mmap.mmap(fd, watcher.SIZE)
            config = {
                "parent": os.getpid(),
                "cells": fd,
                "strategies": list(strategies),
                "hang_seconds": hang_seconds,
                "memory_limit_mib": memory_limit_mib,
                "last_words": os.fspath(state_dir / FILE_NAME),
            }
            watchdog = cls(cells, _spawn(config, fd))
        finally:
            os.close(fd)
        watchdog._await_watching()
        return watchdog

    def enter(self, label: str, *, ts: int = 0) -> None:
        """The desk takes up an input at `ts`. The label must be the same when the same input comes again."""
        name = label.encode("utf-8", "replace")[: watcher.LABEL_MAX]
        self._cells[watcher.LABEL : watcher.LABEL + len(name)] = name
        self._length.value = len(name)
        self._ts.value = ts
        self.cell.value = watcher.NOBODY
        self._beat.value += 1
        self._busy.value = 1

    def leave(self) -> None:
        """The desk waits for the next input; that may take as long as it likes."""
        self._busy.value = 0
        self.cell.value = watcher.NOBODY

    def alive(self) -> bool:
        """Whether somebody still watches; if not, the run is to be ended."""
        return self._child.poll() is None

    def close(self) -> None:
        """End the watcher. May be called twice."""
        self.leave()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _await_watching(self) -> None:
        told = self._child.stdout
        if told is not None:
            ready, _, _ = select.select([told], [], [], _START_SECONDS)
            if ready and told.readline() == b"watching\n":
                told.close()
                return
        self.close()
        raise AssentError(
            f"the watchdog's process ended with {self._child.returncode} before it watched; without it a strategy"
            f" that hangs would hold the desk for ever, so the run is refused; try {sys.executable} -I -S"
            f" {watcher.__file__} by hand to see why"
        )


def _shared_file() -> int:
    """A nameless file that both sides map. In memory where the system can: a full disk must not reach it."""
    if sys.platform == "linux":
        return os.memfd_create("assent-watchdog")
    else:  # noqa: RET505 - both branches are needed to check the types of either system
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())


def _spawn(config: dict[str, object], fd: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter on our own file
        [sys.executable, "-I", "-S", watcher.__file__, json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(fd,),
        start_new_session=True,  # Ctrl-C is for the desk
    )
