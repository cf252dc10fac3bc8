"""One writer: for as long as it lives, and not a moment longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assent.ledger.errors import LedgerBusy, LedgerMismatch, LedgerMissing, LedgerUnwritable
from assent.ledger.lease import Lease, lock_of

HOLDER = """
import sys, time
from assent.ledger.lease import Lease
lease = Lease.take(sys.argv[1], started_ts=1_763_640_000_000_000_000)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_refused_until_the_first_gives_back(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    first = Lease.take(ledger)
    with pytest.raises(LedgerBusy, match=f"pid {os.getpid()}"):
        Lease.take(ledger)
    first.release()
    first.release()
    assert not first.held
    second = Lease.take(ledger)
    assert second.held
    second.release()


def test_the_refusal_names_the_other_process_and_its_start(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, ledger], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LedgerBusy, match=rf"pid {holder.pid}, since 2025-11-20 12:00:00Z"):
            Lease.take(ledger)
        holder.kill()
        holder.wait()
    Lease.take(ledger).release()  # the kernel gave it back, whatever is written in the file


def test_a_child_process_does_not_inherit_the_lease(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    lease = Lease.take(ledger)
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()  # only now has it certainly closed what it may not inherit
        lease.release()
        Lease.take(ledger).release()
        child.communicate(b"\n")


def test_two_names_of_a_directory_are_one_lease(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    lease = Lease.take(tmp_path / "real" / "ledger.sqlite")
    with pytest.raises(LedgerBusy):
        Lease.take(tmp_path / "alias" / "ledger.sqlite")
    lease.release()


def test_a_note_that_cannot_be_read_changes_only_the_message(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    lease = Lease.take(ledger)
    for note in (b"", b"\xff\xfe", b"[]", b'{"pid":"x","started_ts":null}', b'{"pid":1,"started_ts":1e300}'):
        lock_of(ledger).write_bytes(note)
        with pytest.raises(LedgerBusy, match=r"^Another process holds"):
            Lease.take(ledger)
    lease.release()


def test_the_lock_is_private_stays_and_is_never_a_link(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    Lease.take(ledger).release()
    assert lock_of(ledger).stat().st_mode & 0o777 == 0o600
    lock_of(ledger).unlink()
    lock_of(ledger).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerUnwritable):
        Lease.take(ledger)
    assert not (tmp_path / "elsewhere").exists()


def test_the_place_is_looked_at_before_the_lease_is_taken(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        Lease.take(tmp_path / "nowhere" / "ledger.sqlite")
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(LedgerMismatch):
        Lease.take(tmp_path / "ledger.sqlite")
    assert not lock_of(tmp_path / "ledger.sqlite").exists()
