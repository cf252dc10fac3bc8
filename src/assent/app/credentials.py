"""The one API key that a mode may have, read once, checked, and turned into a signer that does not give it back.

Which key that is, the settings say: paper and observe get the one that can only read, dry-run and live the one that
may trade, and on the exchange inside this process nobody gets any. The other is never opened. What is read from a
variable is taken out of the environment at once, so that no process that we start inherits it. Nothing here quotes a
key, and a file that others may read is refused.
"""

import os
import resource
import stat
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from assent.config import KeySettings, Settings
from assent.model.errors import AssentError
from assent.venue.kalshi.signing import PEM_BYTES_MAX, KeyRefused, Signer, load_signer

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyMissing(AssentError):
    """There is no usable key where the settings say; `code` is stable, and nothing of a key is in the words."""

    code = "key_missing"

    def __init__(self, what: str, *, why: str, todo: str) -> None:
        self.what = what
        self.why = why
        self.todo = todo
        super().__init__(f"{what}. {why}. {todo}.")


def load_key(settings: Settings, environment: MutableMapping[str, str]) -> Signer:
    """The signer of this mode's key. Afterwards no variable that may hold a key is left in `environment`."""
    try:
        wanted = settings.key
        if wanted is None:
            raise KeyMissing(
                f"mode {settings.mode} in environment {settings.environment} has no key",
                why="It needs none, and what is not needed is not loaded",
                todo="Choose another mode, or the environment of the venue",
            )
        pem = _pem(settings, wanted, environment)
        signer = load_signer(wanted.id, pem)
    finally:
        forget(settings, environment)
    # A process that holds a key leaves no image of its memory behind.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    return signer


def key_fault(settings: Settings, environment: MutableMapping[str, str]) -> AssentError | None:
    """What keeps this mode's key from being used; nothing is kept or taken out of the environment."""
    try:
        load_key(settings, dict(environment))
    except (KeyMissing, KeyRefused) as fault:
        return fault
    return None


def forget(settings: Settings, environment: MutableMapping[str, str]) -> None:
    """Take both keys' variables out: neither we nor anything that we start needs them from here on."""
    for key in (settings.kalshi.trading, settings.kalshi.reading):
        if key.variable:
            environment.pop(key.variable, None)


def _pem(settings: Settings, wanted: KeySettings, environment: MutableMapping[str, str]) -> bytes:
    prefix = "read_key" if settings.mode in ("paper", "observe") else "key"
    if not wanted.id:
        raise KeyMissing(
            f"[kalshi] {prefix}_id is not said",
            why=f"Mode {settings.mode} signs its requests with the key of that id, and loads no other",
            todo=f"{_whence(settings)}, and say {prefix}_id and {prefix}_file",
        )
    if bool(wanted.file) == bool(wanted.variable):
        both = "are both said" if wanted.file else "are both not said"
        raise KeyMissing(
            f"[kalshi] {prefix}_file and {prefix}_variable {both}",
            why="The private half of the key stands in one place, or in none",
            todo="Say one of the two",
        )
    if wanted.variable:
        text = environment.get(wanted.variable, "")
        if text.strip():
            return text.encode()
        raise KeyMissing(
            f"the variable {wanted.variable} is not set",
            why=f"[kalshi] {prefix}_variable says that it holds the key",
            todo="Set it for this process alone, or name a file instead",
        )
    return _read(settings.root / wanted.file, prefix)


def _whence(settings: Settings) -> str:
    """Where a key comes from: a box makes one when it is started and prints its id."""
    if settings.environment == "box":
        return "Take the one that `assent exchange kalshi` prints"
    return "Create a key in the account's settings"


def _read(path: Path, prefix: str) -> bytes:
    """The file's content, from one opening: what was checked is what is read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise KeyMissing(
            f"the key file {path} cannot be opened: {error.strerror}",
            why=f"[kalshi] {prefix}_file names it",
            todo="Correct the path, or put the file there, readable by the desk's user alone",
        ) from None
    with os.fdopen(handle, "rb") as file:
        known = os.fstat(file.fileno())
        fault = _file_fault(known)
        if fault:
            raise KeyMissing(
                f"the key file {path} {fault}",
                why="Whoever can read it can trade with the account",
                todo=f"Make it a plain file of the desk's user: chmod 600 {path}",
            )
        return file.read(PEM_BYTES_MAX + 1)


def _file_fault(known: os.stat_result) -> str | None:
    if not stat.S_ISREG(known.st_mode):
        return "is no plain file"
    if known.st_uid not in (0, os.getuid()):
        return "belongs to somebody else"
    if known.st_mode & _OTHERS:
        return f"may be read or changed by others (mode {stat.S_IMODE(known.st_mode):o})"
    return None
