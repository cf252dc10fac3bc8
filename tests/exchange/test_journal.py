"""What was answered is never forgotten; what was torn was never answered; what is damaged is named."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from assent.exchange.journal import (
    FORMAT,
    CancelEntry,
    DayEntry,
    Header,
    Journal,
    JournalError,
    OrderEntry,
    TransferEntry,
)
from assent.exchange.types import MICRO, NewOrder

HEADER = Header(format=FORMAT, world=1, seed=7, start_ts=1_000, account="desk", cash=100 * MICRO)
ENTRIES = (
    OrderEntry(1_001, NewOrder("c1", "KXTEST", "buy", 500_000, MICRO, expires_ts=2_000)),
    CancelEntry(1_002, "O1"),
    OrderEntry(1_003, NewOrder("c2", "KXTEST", "sell", 510_000, MICRO, "ioc")),
    TransferEntry(1_004, -MICRO, "rent"),
    DayEntry(0, 99 * MICRO, 0, ("c1", "c2"), (), (), ()),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "exchange.journal"
    journal = Journal.open(path, HEADER)
    for entry in ENTRIES:
        journal.append(entry)
    journal.close()
    return path


def entries_of(path: Path) -> list[object]:
    journal = Journal.open(path, HEADER)
    journal.close()
    return list(journal.entries)


def test_what_was_appended_is_read_back(path: Path) -> None:
    assert entries_of(path) == list(ENTRIES)


def test_a_tail_torn_at_any_byte_is_dropped_and_writing_goes_on(path: Path) -> None:
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        whole = max(0, data[:length].count(b"\n") - 1)
        journal = Journal.open(path, HEADER)
        assert journal.entries == list(ENTRIES[:whole])
        journal.append(ENTRIES[1])
        journal.close()
        assert entries_of(path) == [*ENTRIES[:whole], ENTRIES[1]]


def test_a_flipped_byte_in_any_answered_line_is_refused_with_its_line(path: Path) -> None:
    data = path.read_bytes()
    for place, byte in enumerate(data):
        # A newline that is gone at the very end looks like a torn tail, and is one.
        if place == len(data) - 1:
            continue
        path.write_bytes(data[:place] + bytes([byte ^ 1]) + data[place + 1 :])
        line = data[:place].count(b"\n") + 1
        with pytest.raises(JournalError, match=f"line {line} is damaged"):
            Journal.open(path, HEADER)


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_line_that_was_taken_out_is_noticed(path: Path, gone: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(JournalError, match=f"line {gone + 1} is damaged"):
        Journal.open(path, HEADER)


def test_swapped_lines_are_noticed(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    with pytest.raises(JournalError, match="line 2 is damaged"):
        Journal.open(path, HEADER)


@pytest.mark.parametrize(
    ("name", "value"), [("seed", 8), ("account", "other"), ("cash", MICRO), ("world", 2), ("format", 99)]
)
def test_the_journal_of_another_world_is_refused(path: Path, name: str, value: object) -> None:
    before = path.read_bytes()
    says = "lived through in version 1 of the simulated world" if name == "world" else f"belongs to a world with {name}"
    with pytest.raises(JournalError, match=says):
        Journal.open(path, msgspec.structs.replace(HEADER, **{name: value}))
    assert path.read_bytes() == before


def test_an_existing_journal_keeps_its_own_start(path: Path) -> None:
    journal = Journal.open(path, msgspec.structs.replace(HEADER, start_ts=5_000))
    journal.close()
    assert journal.header == HEADER


def test_a_second_opener_is_refused_while_the_first_lives(path: Path) -> None:
    journal = Journal.open(path, HEADER)
    with pytest.raises(JournalError, match="another process has this exchange open"):
        Journal.open(path, HEADER)
    journal.close()
    assert entries_of(path) == list(ENTRIES)


def test_a_write_that_does_not_reach_the_disk_ends_the_journal(path: Path) -> None:
    journal = Journal.open(path, HEADER)
    os.close(journal._descriptor)
    with pytest.raises(JournalError, match="Nothing was answered"):
        journal.append(ENTRIES[0])
    with pytest.raises(JournalError, match="an earlier write did not reach the disk"):
        journal.append(ENTRIES[0])
    assert entries_of(path) == list(ENTRIES)


def test_a_full_disk_leaves_what_was_answered(tmp_path: Path) -> None:
    """In a process of its own, whose files may not grow beyond a limit."""
    path = tmp_path / "exchange.journal"
    program = f"""
import resource, signal
from pathlib import Path
from assent.exchange.journal import Journal, JournalError
from tests.exchange.test_journal import ENTRIES, HEADER
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.open(Path({str(path)!r}), HEADER)
journal.append(ENTRIES[0])
resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 20, resource.RLIM_INFINITY))
try:
    journal.append(ENTRIES[1])
except JournalError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert "only 20 of" in run.stdout
    assert entries_of(path) == [ENTRIES[0]]


def test_a_path_that_cannot_be_opened_is_an_ordinary_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Journal.open(tmp_path / "missing" / "exchange.journal", HEADER)
