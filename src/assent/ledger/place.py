"""Where a ledger may lie. Refuses, before anything is opened, the places that have destroyed files.

A symbolic or hard link gives one file two names, hence two locks; a network file system breaks both locks and
fsync; a process whose standard streams are closed lets the next stray print land in the file that took their
number. Reads names and mounts only, never the file.
"""

import os
import stat
from pathlib import Path
from typing import Final

from assent.ledger.errors import LedgerMismatch, LedgerMissing, LedgerUnwritable

MOUNTS: Final = Path("/proc/self/mountinfo")  # Linux; elsewhere the kind of file system stays unknown
REMOTE: Final = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph-fuse", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs",
})  # fmt: skip
KINDS: Final = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)


def writable_place(path: Path) -> Path:
    """The one true name of a ledger that may be written here; whether it exists yet is not asked."""
    require_standard_streams()
    place = true_name(path)
    require_regular_file(place)
    require_rights(place)
    kind = file_system_of(place.parent, mounts())
    if kind in REMOTE:
        raise LedgerUnwritable(
            f"{place} lies on a network file system ({kind})",
            why="Its locks and its fsync cannot be trusted, so two writers or a lost record would go unseen",
            todo="Put the ledger on a local disk; share copies, never the file",
        )
    return place


def true_name(path: Path) -> Path:
    """Absolute, with the links of its directories followed, but not one in the last place."""
    parent = path.absolute().parent
    if not parent.is_dir():
        raise LedgerMissing(str(path))
    return parent.resolve() / path.name


def require_regular_file(place: Path) -> None:
    try:
        found = place.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerUnwritable(f"{place} cannot be looked at: {error.strerror}") from error
    for is_kind, name in KINDS:
        if is_kind(found.st_mode):
            raise LedgerMismatch("file type", "a regular file", name)
    if found.st_nlink > 1:
        raise LedgerMismatch("file type", "a file with one name", f"a file with {found.st_nlink} hard links")


def require_rights(place: Path) -> None:
    """Asked first: SQLite would open a read-only file all the same, and leave a log that nobody can write."""
    for target in (place.parent, place):
        if target.exists() and not os.access(target, os.W_OK):
            raise LedgerUnwritable(f"{target} may not be written by this user")


def require_standard_streams() -> None:
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise LedgerUnwritable(
                f"Standard stream {descriptor} is closed",
                why="The next file to be opened would take its number, and a stray print would land in that file",
                todo="Start with all three streams open; /dev/null will do",
            ) from error


def mounts() -> str:
    return MOUNTS.read_text(errors="surrogateescape") if MOUNTS.exists() else ""


def file_system_of(directory: Path, table: str) -> str:
    """The kind of the file system that holds `directory`, by the longest mount point; empty when unknown."""
    best, kind = -1, ""
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = Path(fields[4].replace("\\040", " "))
        if (directory == point or point in directory.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split()[0]
    return kind
