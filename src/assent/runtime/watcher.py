"""The process beside the desk: it ends a desk that hangs or eats the memory, and writes down its last words.

A program of its own, started by `watchdog.py` with `python -I -S`, standard library only: what shares a
process with a strategy shares its fate, as C code may keep the interpreter's lock for ever. It promises to
kill no desk that merely stands still (stopped, suspended, idle between inputs), and to end with the desk.
It must never import from the package, or outlive its parent.

It measures by counting its own polls, not by a clock: while the machine or this process stands still,
nobody can say that the desk hung. The time in the last words is the desk's own, of the input that it had
taken up.
"""

import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

# The shared cells: five integers in the machine's own order, then the label of the input in UTF-8.
BEAT, BUSY, STRATEGY, TS, LENGTH = 0, 8, 16, 24, 32
LABEL: Final = 40
LABEL_MAX: Final = 120
SIZE: Final = 4096
NOBODY: Final = -1  # no strategy is being called

_MIB: Final = 1 << 20
_PROC: Final = Path("/proc/self/stat").exists()
_POLL_SECONDS: Final = 0.1 if _PROC else 0.5  # without /proc each look costs a process


class Cells(NamedTuple):
    """What the desk says of itself."""

    beat: int
    busy: bool
    strategy: int
    ts: int
    label: str


class Body(NamedTuple):
    """What the system says of the desk."""

    stopped: bool
    resident_mib: int


def main() -> None:
    config = json.loads(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the desk, which must be watched while it shuts down
    with mmap.mmap(config["cells"], SIZE, access=mmap.ACCESS_READ) as cells:
        os.close(config["cells"])
        os.write(1, b"watching\n")
        watch(cells, config)


def watch(cells: mmap.mmap, config: dict[str, Any]) -> None:
    """Until the desk ends, or has to."""
    still, beat = 0, -1
    while not _alone(config["parent"], _POLL_SECONDS):
        seen, body = read_cells(cells), _body(config["parent"])
        if body is None:
            return None
        still = still + 1 if seen.busy and seen.beat == beat and not body.stopped else 0
        beat = seen.beat
        if still * _POLL_SECONDS >= config["hang_seconds"]:
            return end(config, seen, "hang", f"{still * _POLL_SECONDS:.1f} s", f"{config['hang_seconds']} s")
        if body.resident_mib > config["memory_limit_mib"]:
            limit = f"{config['memory_limit_mib']} MiB"
            return end(config, seen, "memory", f"{body.resident_mib} MiB", limit)
    return None


def end(config: dict[str, Any], seen: Cells, cause: str, measured: str, limit: str) -> None:
    """Write the last words, then kill: a desk that cannot be recorded is killed all the same."""
    strategies = config["strategies"]
    words = {
        "strategy": strategies[seen.strategy] if 0 <= seen.strategy < len(strategies) else "",
        "input": seen.label if seen.busy else "",
        "cause": cause,
        "measured": measured,
        "limit": limit,
        "ts": seen.ts,
    }
    try:
        append(Path(config["last_words"]), words)
    finally:
        if os.getppid() == config["parent"]:  # else the number may by now be another's
            os.kill(config["parent"], signal.SIGKILL)
    sys.stderr.write(f"assent: the watchdog ended the process: {json.dumps(words)}\n")


def append(path: Path, record: dict[str, Any]) -> None:
    """One line of JSON, on disk before this returns; a torn line before it stays a line of its own."""
    with path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        else:
            torn = False
        file.write(b"\n" * torn + json.dumps(record).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_cells(cells: mmap.mmap) -> Cells:
    """The desk may be writing: read until two looks agree, or take the last."""
    seen = b""
    for _ in range(10):
        looked, seen = seen, cells[: LABEL + LABEL_MAX]
        if looked == seen:
            break
    beat, busy, strategy, ts, length = struct.unpack_from("=5q", seen)
    label = seen[LABEL : LABEL + min(max(length, 0), LABEL_MAX)]
    return Cells(beat, bool(busy), strategy, ts, label.decode("utf-8", "replace"))


def _alone(parent: int, seconds: float) -> bool:
    """Whether the desk has gone: its end of the pipe closes with it, unless a child of its own holds it open."""
    gone, _, _ = select.select([0], [], [], seconds)
    return bool(gone) or os.getppid() != parent


def _body(pid: int) -> Body | None:
    return _body_from_proc(pid) if _PROC else _body_from_ps(pid)


def _body_from_proc(pid: int) -> Body | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    state = stat[stat.rindex(b")") + 2 :][:1]  # behind the name, which may hold anything
    return Body(state in (b"T", b"t"), pages * mmap.PAGESIZE // _MIB)


def _body_from_ps(pid: int) -> Body | None:
    command = ["/bin/ps", "-o", "state=,rss=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603 - fixed
    return Body(told[0].startswith("T"), int(told[1]) // 1024) if len(told) == 2 else None


if __name__ == "__main__":
    main()
