"""What the watchdog wrote down when it ended a desk, read back at the next start.

It exists against the crash loop: a strategy that hangs on one input would hang on it again after every
restart. It promises to name the strategy and the input that the last deaths have in common, and how many
they are; a clean run wipes the slate. It must never refuse to read: a torn or foreign line is skipped.
"""

import os
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from assent.runtime.watcher import append

FILE_NAME: Final = "last-words.jsonl"
_READ_MAX: Final = 1 << 18  # a line is some 300 bytes; what came before the last thousand deaths is history


class Repeated(NamedTuple):
    """The strategy and the input that the most recent deaths name, `times` in a row; 0 when there are none."""

    strategy: str
    input: str
    times: int


class LastWords(msgspec.Struct, frozen=True):
    """One death: who was at work, on what, and what was measured against which limit."""

    strategy: str
    input: str
    cause: Literal["hang", "memory"]
    ts: int
    measured: str = ""
    limit: str = ""

    @staticmethod
    def read(path: Path) -> "list[LastWords]":
        """The deaths since the last clean run, oldest first."""
        deaths: list[LastWords] = []
        for line in _lines(path):
            try:
                said = msgspec.json.decode(line)
                if isinstance(said, dict) and said.get("cleared") is True:
                    deaths.clear()
                else:
                    deaths.append(msgspec.convert(said, LastWords))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # torn by a crash, or not ours
        return deaths

    @staticmethod
    def repeated(path: Path) -> Repeated:
        """How many of the most recent deaths in a row name one strategy and one input."""
        deaths = LastWords.read(path)
        if not deaths:
            return Repeated("", "", 0)
        last, times = deaths[-1], 0
        for death in reversed(deaths):
            if (death.strategy, death.input) != (last.strategy, last.input):
                break
            times += 1
        return Repeated(last.strategy, last.input, times)

    @staticmethod
    def clear(path: Path, *, ts: int) -> None:
        """A run ended cleanly, or a person has looked: earlier deaths count no more. They stay in the file."""
        if LastWords.read(path):
            append(path, {"cleared": True, "ts": ts})


def _lines(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _READ_MAX))
            return [line for line in file.read().split(b"\n") if line]
    except FileNotFoundError:
        return []
