"""Places that have destroyed files are refused before anything is opened."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assent.ledger import place
from assent.ledger.errors import LedgerMismatch, LedgerMissing, LedgerUnwritable
from assent.ledger.place import file_system_of, true_name, writable_place

MOUNTS = r"""
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 21 0:40 / /mnt/share rw - nfs4 host:/export rw,vers=4.2
31 30 0:41 / /mnt/share/local rw - xfs /dev/sdb rw
32 21 0:42 / /mnt/with\040space rw - cifs //host/share rw
a line that is no mount
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/home/me", "ext4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/desk", "nfs4"),
        ("/mnt/share/local/desk", "xfs"),
        ("/mnt/shared", "ext4"),
        ("/mnt/with space/desk", "cifs"),
    ],
)
def test_the_longest_mount_point_decides(directory: str, kind: str) -> None:
    assert file_system_of(Path(directory), MOUNTS) == kind
    assert file_system_of(Path(directory), "") == ""


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"1 1 0:1 / {tmp_path} rw - nfs4 host:/export rw\n")
    monkeypatch.setattr(place, "MOUNTS", table)
    with pytest.raises(LedgerUnwritable, match="network file system \\(nfs4\\)"):
        writable_place(tmp_path / "ledger.sqlite")
    monkeypatch.setattr(place, "MOUNTS", tmp_path / "no-such-table")
    assert writable_place(tmp_path / "ledger.sqlite").name == "ledger.sqlite"


def test_a_file_with_two_names_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target.sqlite"
    target.write_bytes(b"")
    (tmp_path / "soft.sqlite").symlink_to(target)
    with pytest.raises(LedgerMismatch, match="a symbolic link"):
        writable_place(tmp_path / "soft.sqlite")
    os.link(target, tmp_path / "hard.sqlite")
    with pytest.raises(LedgerMismatch, match="2 hard links"):
        writable_place(target)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LedgerMismatch, match="a pipe"):
        writable_place(tmp_path / "pipe")
    with pytest.raises(LedgerMismatch, match="a directory"):
        writable_place(tmp_path)
    with pytest.raises(LedgerMismatch, match="a character device"):
        writable_place(Path("/dev/null"))


def test_a_place_has_one_true_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    assert true_name(tmp_path / "alias" / "x") == true_name(tmp_path / "real" / "x")
    with pytest.raises(LedgerMissing):
        true_name(tmp_path / "none" / "x")


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_closed_standard_stream_is_refused(descriptor: int, tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from assent.ledger.errors import LedgerUnwritable\n"
        "from assent.ledger.place import writable_place\n"
        "os.close(int(sys.argv[1]))\n"
        "try:\n    writable_place(Path(sys.argv[2]))\n"
        "except LedgerUnwritable as error:\n    os._exit(7 if f'Standard stream {sys.argv[1]}' in str(error) else 8)\n"
        "os._exit(9)\n"
    )
    command = [sys.executable, "-c", program, str(descriptor), str(tmp_path / "ledger.sqlite")]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, timeout=30, check=False).returncode == 7
