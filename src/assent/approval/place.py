"""Where the file of credentials may lie, and who may touch it. Asked before it is opened, and again at each use.

Whoever can write in the folder can put a file of their own in its place and be anybody; whoever can read the file has
the seeds of the second factors. So neither is tolerated, and nothing is silently mended: the owner should know.
"""

import os
import stat
from pathlib import Path
from typing import Final

from assent.approval.errors import AccessPlaceRefused, AccessReplaced, AccessUnwritable

FILE_MODE: Final = 0o600
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_ROOT: Final = 0

Known = tuple[int, int]


def place_of(path: Path) -> Path:
    """The true name of the file, in a folder that nobody else may write in."""
    folder = path.absolute().parent
    try:
        folder = folder.resolve(strict=True)
        found = folder.stat()
    except (OSError, RuntimeError) as error:
        raise AccessPlaceRefused(
            f"The folder {folder} cannot be used: {_words(error)}",
            why="The file of credentials lies in it",
            todo="Correct the path, or make the folder: mkdir -m 700",
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise AccessPlaceRefused(
            f"{folder} is no folder", why="The file of credentials lies in it", todo="Correct the path"
        )
    if found.st_uid not in (_ROOT, os.getuid()):
        raise _somebody_elses(folder)
    if found.st_mode & _OTHERS_WRITE:
        raise AccessPlaceRefused(
            f"Others may write in the folder {folder} (mode {stat.S_IMODE(found.st_mode):o})",
            why="Whoever can write there can put a file of credentials of their own in the place of this one",
            todo=f"Take that right away: chmod go-w {folder}",
        )
    return folder / path.name


def looked_at(place: Path) -> Known | None:
    """Which file lies there, if it is one that only we may read and write; None where there is none."""
    try:
        found = place.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccessUnwritable(f"{place} cannot be looked at: {_words(error)}") from error
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise AccessPlaceRefused(
            f"{place} is no plain file with one name",
            why="A link gives a file a second name, where others may reach it and where its locks do not hold",
            todo="Put a plain file there, or move away what lies there",
        )
    if found.st_uid not in (os.geteuid(), _ROOT) and os.geteuid() != _ROOT:
        raise _somebody_elses(place)
    if found.st_mode & _OTHERS:
        raise AccessPlaceRefused(
            f"Others may read or change {place} (mode {stat.S_IMODE(found.st_mode):o})",
            why="Whoever can read it has the seeds of the second factors, and whoever can change it can be anybody",
            todo=f"Take these rights away: chmod 600 {place}; if anybody may have looked, rotate the tokens and enrol "
            "the second factors anew",
        )
    return found.st_dev, found.st_ino


def require_same(place: Path, known: Known) -> None:
    """The file that was opened still lies under its name, and still for us alone."""
    found = looked_at(place)
    if found != known:
        raise AccessReplaced(str(place), "it was taken away" if found is None else "another lies in its place")


def _somebody_elses(path: Path) -> AccessPlaceRefused:
    return AccessPlaceRefused(
        f"{path} belongs to another user",
        why="Its owner decides who may read and change it",
        todo="Run as that user, or keep the desk in a folder of your own",
    )


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
